// Package cwlogs reads the log events that CloudWatch Logs sends to a Kinesis
// stream.
//
// A subscription filter writes records whose data is a JSON object in gzip: an
// envelope, which says what log group and stream it is from, and many log
// events. (Format: CloudWatch Logs user guide, "Real-time processing of log
// data with subscriptions".)
//
//	for rec, err := range decoder.Records(event) {
//		…
//		for e, err := range cwlogs.Events(rec.Data) {
//			if err != nil {
//				return err
//			}
//			use(e.LogGroup, e.Timestamp, e.Message)
//		}
//	}
//
// In a router, [LogEvents] turns a function for one log event into a handler.
package cwlogs

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/internal/jsonscan"
	"example.com/sluice/internal/jsonview"
)

// Event is a log event. Its byte slices are views that are valid until the next
// iteration; [Event.Clone] copies them.
type Event struct {
	// Envelope is shared by the log events of a message. It is never nil in
	// what an iteration yields, and it may be kept.
	*Envelope

	ID        []byte    // unique within the subscription
	Timestamp time.Time // when it happened according to its source: in UTC, to the millisecond
	Message   []byte    // UTF-8, mostly without a line break at the end

	fields []byte  // the object extractedFields, nil if there is none
	memory *[]byte // for unescaped text; nil in a clone
}

// Envelope is what a message says about all of its log events. Its strings are
// copies and may be kept.
type Envelope struct {
	_ struct{} // more fields may come

	MessageType         string // "DATA_MESSAGE"; a "CONTROL_MESSAGE", which checks the subscription, yields no events
	Owner               string // the AWS account that the log data is from
	LogGroup, LogStream string
	SubscriptionFilters []string // the filters that matched
	PolicyLevel         string   // "ACCOUNT_LEVEL_POLICY", "LOG_GROUP_LEVEL_POLICY" or ""
}

// Reader reads the data of records. The zero value is ready, and concurrent use
// is safe.
type Reader struct {
	_ struct{} // more options may come

	// MaxData is the maximum number of bytes that the gzip of a record may
	// decompress to, for all of its messages together; 0 means 10 MiB.
	// Exceeding it is decoder.ErrTooLarge. CloudWatch Logs itself has no such
	// limit, and 39 KB of repetitive log events may well hold 12 MB.
	MaxData int
}

const defaultMaxData = 10 << 20

// Events returns the log events in data as the zero [Reader] does; see
// [Reader.Events].
func Events(data []byte) iter.Seq2[*Event, error] { return Reader{}.Events(data) }

// Events returns the log events in a record's data. The data holds one or more
// messages, one after the other, either as gzip or as JSON that a decoder.Codec
// has decompressed. Each iteration yields one of
//
//	e, nil    a log event, valid until the next iteration
//	e, err    a log event with a flaw: its id, time or message is missing or of
//	          the wrong type, everything else is set; the loop may go on
//	nil, err  the data is broken from here on; the sequence ends
//
// The errors are the decoder's: ErrCompressed, ErrTooLarge (gzip of more than
// MaxData, or JSON that is nested more than 300 deep), ErrSyntax, ErrType for
// JSON that is no such message or a time from the year 10,000 on, and
// ErrMissing. Those about JSON say at which byte their message begins. Control
// messages and empty data yield nothing.
//
// Member names are case-sensitive, null counts as absent, and the last of
// duplicates wins. Timestamps count by their value: 1000, 1000.0 and 1e3 are
// the same.
func (r Reader) Events(data []byte) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) { r.read(data, yield) }
}

func (r Reader) read(data []byte, yield func(*Event, error) bool) {
	s := states.Get().(*state)
	defer s.release()
	text := data
	if len(data) > 1 && data[0] == 0x1f && data[1] == 0x8b {
		limit := r.MaxData
		if limit <= 0 {
			limit = defaultMaxData
		}
		var err error
		if s.plain, err = decoder.Gzip.AppendDecompressed(s.plain[:0], data, limit); err != nil {
			if errors.Is(err, decoder.ErrTooLarge) {
				err = fmt.Errorf("%w; MaxData sets this limit", err)
			}
			yield(nil, err)
			return
		}
		text = s.plain
	}
	for at := jsonscan.SkipSpace(text, 0); at < len(text); at = jsonscan.SkipSpace(text, at) {
		n, err := jsonscan.Scan(text[at:])
		if err != nil {
			yield(nil, located(at, err))
			return
		}
		if text[at] != '{' {
			yield(nil, located(at, fmt.Errorf("%w: not an object", decoder.ErrType)))
			return
		}
		if !s.message(text[at:at+n], at, yield) {
			return
		}
		at += n
	}
}

// located adds the offset of the message that the error is about.
func located(at int, err error) error {
	return fmt.Errorf("CloudWatch Logs message at byte %d: %w", at, err)
}

// message yields the log events of one message and reports whether to go on.
func (s *state) message(object []byte, at int, yield func(*Event, error) bool) bool {
	var values envelopeValues
	var events []byte
	jsonview.Members(object, func(name, value []byte) bool {
		if value[0] == 'n' {
			return true
		}
		if jsonview.Is(name, "logEvents") {
			events = value
			return true
		}
		for i := range values {
			if jsonview.Is(name, envelopeMembers[i]) {
				values[i] = value
				break
			}
		}
		return true
	})
	s.memory = s.memory[:0]
	env, err := s.envelope(&values)
	if err == nil && env.MessageType != "CONTROL_MESSAGE" && (events == nil || events[0] != '[') {
		err = fmt.Errorf("logEvents: %w", missingOr(events, "an array"))
	}
	if err != nil {
		yield(nil, located(at, err))
		return false
	}
	if env.MessageType == "CONTROL_MESSAGE" {
		return true
	}
	index, more := 0, true
	jsonview.Elements(events, func(value []byte) bool {
		s.event = Event{Envelope: env, memory: &s.memory}
		flaw := s.read(value)
		if flaw != nil {
			flaw = located(at, fmt.Errorf("log event %d: %w", index, flaw))
		}
		more = yield(&s.event, flaw)
		index++
		s.expire()
		return more
	})
	return more
}

// read reads a log event into s.event and returns its first flaw.
func (s *state) read(value []byte) (flaw error) {
	if value[0] != '{' {
		return fmt.Errorf("%w: not an object", decoder.ErrType)
	}
	var id, timestamp, message []byte
	e := &s.event
	jsonview.Members(value, func(name, value []byte) bool {
		switch {
		case value[0] == 'n':
		case jsonview.Is(name, "id"):
			id = value
		case jsonview.Is(name, "timestamp"):
			timestamp = value
		case jsonview.Is(name, "message"):
			message = value
		case jsonview.Is(name, "extractedFields") && value[0] == '{':
			e.fields = value
		}
		return true
	})
	text := func(member string, value []byte) (b []byte) {
		ok := false
		if value != nil {
			b, ok = jsonview.Text(value, &s.memory)
		}
		if !ok && flaw == nil {
			flaw = fmt.Errorf("%s: %w", member, missingOr(value, "a string"))
		}
		return b
	}
	e.ID = text("id", id)
	e.Message = text("message", message)
	ms, ok := int64(0), false
	if timestamp != nil {
		ms, ok = jsonview.Int64(timestamp)
	}
	if ok && ms > -latest && ms < latest {
		e.Timestamp = time.UnixMilli(ms).UTC()
	} else if flaw == nil {
		want := "a whole number of milliseconds"
		if ok {
			want = "a time before the year 10000"
		}
		flaw = fmt.Errorf("timestamp: %w", missingOr(timestamp, want))
	}
	return flaw
}

// latest is the year 10,000 in milliseconds, which neither RFC 3339 nor the
// JSON form of time.Time can write. Timestamps must be below it, and above the
// same distance before the epoch.
const latest = 253402300800_000

// missingOr returns the error for a value that is absent or, if not, of the
// wrong type.
func missingOr(value []byte, want string) error {
	if value == nil {
		return decoder.ErrMissing
	}
	return fmt.Errorf("%w: not %s", decoder.ErrType, want)
}

// ExtractedFields returns the names and values that the filter pattern of the
// log group extracted from the message. They are valid as long as the event. A
// value that is not a string is given as its JSON text, and null is left out.
func (e *Event) ExtractedFields() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		if e.fields == nil {
			return
		}
		memory := e.memory
		if memory == nil {
			memory = new([]byte)
		}
		jsonview.Members(e.fields, func(name, value []byte) bool {
			if value[0] == 'n' {
				return true
			}
			text, ok := jsonview.Text(value, memory)
			if !ok {
				text = value
			}
			return yield(jsonview.Unescape(name, memory), text)
		})
	}
}

// Clone returns a copy of e that shares no memory with the iteration, apart
// from the Envelope, which may be kept.
func (e *Event) Clone() Event {
	c := *e
	c.ID, c.Message, c.fields = bytes.Clone(e.ID), bytes.Clone(e.Message), bytes.Clone(e.fields)
	c.memory = nil
	return c
}

// envelopeMembers are the members of the envelope, in the order of
// envelopeValues.
var envelopeMembers = [...]string{"messageType", "owner", "logGroup", "logStream", "subscriptionFilters", "policyLevel"}

type envelopeValues [len(envelopeMembers)][]byte

// envelope returns an Envelope with these values, the previous one if they have
// not changed.
func (s *state) envelope(values *envelopeValues) (*Envelope, error) {
	same := s.last != nil
	for i, v := range values {
		same = same && s.lastValues[i] == string(v)
	}
	if same {
		return s.last, nil
	}
	env := new(Envelope)
	for i, to := range []*string{&env.MessageType, &env.Owner, &env.LogGroup, &env.LogStream, nil, &env.PolicyLevel} {
		if values[i] == nil || to == nil {
			continue
		}
		text, ok := jsonview.Text(values[i], &s.memory)
		if !ok {
			return nil, fmt.Errorf("%s: %w: not a string", envelopeMembers[i], decoder.ErrType)
		}
		*to = string(text)
	}
	if env.MessageType == "" {
		return nil, fmt.Errorf("messageType: %w: it is no message of CloudWatch Logs", decoder.ErrMissing)
	}
	if filters := values[4]; filters != nil && filters[0] == '[' {
		jsonview.Elements(filters, func(value []byte) bool {
			if text, ok := jsonview.Text(value, &s.memory); ok {
				env.SubscriptionFilters = append(env.SubscriptionFilters, string(text))
			}
			return true
		})
	}
	env.SubscriptionFilters = slices.Clip(env.SubscriptionFilters)
	s.last = env
	for i, v := range values {
		s.lastValues[i] = string(v)
	}
	return env, nil
}
