package decoder

import (
	"errors"
	"fmt"
	"strconv"

	"example.com/sluice/internal/jsonscan"
)

// What can be wrong with an event or a record. Errors of this package are of type [*Error] and wrap one of
// these, so that errors.Is tells them apart.
var (
	// ErrSyntax: the event is not JSON. It ends the sequence.
	ErrSyntax = jsonscan.ErrSyntax
	// ErrNotKinesis: the event is JSON, but no Kinesis event; the message says what it looks like.
	ErrNotKinesis = errors.New("not a Kinesis event")
	// ErrTooLarge: a limit was passed: depth of nesting, a record's data, the number of records, a batch's decompressed data, or
	// what may be decompressed in vain.
	ErrTooLarge = jsonscan.ErrTooLarge
	// ErrStopped: reading ended at this record because it was asked to; see [Decoder.BatchUntil].
	ErrStopped = errors.New("reading was stopped")
	// ErrDuplicate: a member that may stand once stands twice, and the two cannot both be meant.
	ErrDuplicate = errors.New("duplicate member")
	// ErrMissing: a record lacks its data, its sequence number or its partition key.
	ErrMissing = errors.New("missing member")
	// ErrType: a member is of another JSON type than it should be, or its value has not the form it should have.
	ErrType = errors.New("member of the wrong type")
	// ErrBase64: a record's data is not standard base64 with padding.
	ErrBase64 = errors.New("invalid base64")
	// ErrAggregate: a user record of a KPL aggregate has an index outside of its table. The message says which user record, by
	// its subsequence number, and which index; the offset is that of the data that the aggregate came in.
	ErrAggregate = errors.New("invalid KPL aggregate")
	// ErrCompressed: a record's data is not what the Codec says: another format, damaged, cut off, or with something behind its end.
	// The offset is that of the data as it stands in the event.
	ErrCompressed = errors.New("invalid compressed data")
	// ErrDecode: a payload does not decode into its type. The decoder itself never reports it: package router
	// does, for its typed handlers.
	ErrDecode = errors.New("payload does not decode")
)

// Error says what is wrong, and where.
type Error struct {
	Index          int    // position in the event's Records; -1 where the fault is not in a record
	SequenceNumber string // of the record, as far as known
	Field          string // the member at fault, by its name in the event; "" where it is not one member
	Offset         int64  // into the event, in bytes; -1 where the fault has no place in it
	Err            error  // wraps one of this package's errors
}

// Error gives the place and the cause on one line, and never more than 64 bytes of the input.
func (e *Error) Error() string {
	b := make([]byte, 0, 160)
	b = append(b, "kinesis event: "...)
	if e.Index >= 0 {
		b = append(b, "record "...)
		b = strconv.AppendInt(b, int64(e.Index), 10)
		if e.SequenceNumber != "" {
			b = append(b, " (sequence number "...)
			b = append(b, clip(e.SequenceNumber)...)
			b = append(b, ')')
		}
		b = append(b, ": "...)
	}
	if e.Field != "" {
		b = append(b, e.Field...)
		b = append(b, ": "...)
	}
	b = append(b, e.Err.Error()...)
	if e.Offset >= 0 {
		b = append(b, " at offset "...)
		b = strconv.AppendInt(b, e.Offset, 10)
	}
	return string(b)
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// userRecordError is what is wrong with a user record of an aggregate.
type userRecordError struct {
	sub int
	err error
}

func (e *userRecordError) Error() string {
	return "user record " + strconv.Itoa(e.sub) + ": " + e.err.Error()
}
func (e *userRecordError) Unwrap() error { return e.err }

// indexError is what is wrong with an index into a table of an aggregate. There may be one for each eight bytes of an event, so
// its text is made when somebody asks.
type indexError struct {
	of    string
	index uint64
	size  int
}

func (e *indexError) Error() string {
	return fmt.Sprintf("%s: %s %d of a table of %d", ErrAggregate, e.of, e.index, e.size)
}
func (e *indexError) Unwrap() error { return ErrAggregate }

// because adds a cause to one of the package's errors.
func because(sentinel error, format string, args ...any) error {
	return fmt.Errorf("%w: %s", sentinel, fmt.Sprintf(format, args...))
}

// clip cuts what is quoted from the input to 64 bytes, with what is not plain ASCII escaped.
func clip[T string | []byte](s T) string {
	const most = 61
	cut := ""
	if len(s) > most {
		s, cut = s[:most], "..."
	}
	plain := true
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] > 0x7e {
			plain = false
			break
		}
	}
	if plain {
		return string(s) + cut
	}
	quoted := strconv.QuoteToASCII(string(s))
	quoted = quoted[1 : len(quoted)-1]
	if len(quoted) > most {
		quoted, cut = quoted[:most], "..."
	}
	return quoted + cut
}
