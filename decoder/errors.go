package decoder

import (
	"errors"
	"fmt"
	"strconv"

	"example.com/sluice/internal/jsonscan"
)

// What can be wrong with an event or a record. The errors of this package are
// of type [*Error] and wrap one of these; test for them with errors.Is.
var (
	// ErrSyntax: the event is not JSON. It ends the sequence.
	ErrSyntax = jsonscan.ErrSyntax
	// ErrNotKinesis: the event is JSON, but not a Kinesis event. The message
	// says what it looks like.
	ErrNotKinesis = errors.New("not a Kinesis event")
	// ErrTooLarge: a limit was passed: the depth of nesting, the size of a
	// record's data, the number of records, the size of a batch's decompressed
	// data, or what may be decompressed only to be refused.
	ErrTooLarge = jsonscan.ErrTooLarge
	// ErrStopped: reading ended at this record on request; see
	// [Decoder.BatchUntil].
	ErrStopped = errors.New("reading was stopped")
	// ErrDuplicate: a member that may occur once occurs twice, and it is not
	// clear which is meant.
	ErrDuplicate = errors.New("duplicate member")
	// ErrMissing: a record lacks its data, its sequence number or its partition
	// key.
	ErrMissing = errors.New("missing member")
	// ErrType: a member has the wrong JSON type, or a value of the wrong form.
	ErrType = errors.New("member of the wrong type")
	// ErrBase64: a record's data is not standard base64 with padding.
	ErrBase64 = errors.New("invalid base64")
	// ErrAggregate: a user record of a KPL aggregate has an index outside its
	// table. The message gives its subsequence number and the index; the offset
	// is that of the data that holds the aggregate.
	ErrAggregate = errors.New("invalid KPL aggregate")
	// ErrCompressed: a record's data is not what Codec says: it has another
	// format, is damaged or cut off, or more data follows it. The offset is
	// that of the data in the event.
	ErrCompressed = errors.New("invalid compressed data")
	// ErrDecode: a payload does not decode into its type. This package never
	// reports it; package router does, for its typed handlers.
	ErrDecode = errors.New("payload does not decode")
)

// Error says what is wrong, and where.
type Error struct {
	_ struct{} // it may grow: no unkeyed literals

	Index          int    // position in the event's Records; -1 where the fault is not in a record
	SequenceNumber string // of the record, as far as known
	Field          string // the member at fault, by its name in the event; "" where it is not one member
	Offset         int64  // into the event, in bytes; -1 where the fault has no place in it
	Err            error  // wraps one of this package's errors
}

// Error returns the place and the cause on one line. It quotes at most 64 bytes
// of the input.
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

// indexError is what is wrong with an index into a table of an aggregate. An
// event can contain one for every eight bytes, so the text is made on demand.
type indexError struct {
	of    string
	index uint64
	size  int
}

func (e *indexError) Error() string {
	return fmt.Sprintf("%s: %s %d of a table of %d", ErrAggregate, e.of, e.index, e.size)
}
func (e *indexError) Unwrap() error { return ErrAggregate }

// because adds the cause to one of the package's errors.
func because(sentinel error, format string, args ...any) error {
	return fmt.Errorf("%w: %s", sentinel, fmt.Sprintf(format, args...))
}

// clip cuts a quotation of the input to 64 bytes, and escapes what is not plain
// ASCII.
func clip[T string | []byte](s T) string {
	const most = 61
	cut := ""
	if len(s) > most {
		s, cut = s[:most], "..."
	}
	plain := true
	for i := range len(s) {
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
