// Package cwlogs reads the log events that CloudWatch Logs sends to a Kinesis
// stream.
//
// A subscription filter writes records whose data is gzip of a JSON object: an
// envelope that says which log group and stream it is from, and many log
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
// router.LogEvents makes a handler of a function for one log event.
package cwlogs

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/internal/jsonview"
)

// Event is a log event. Its byte slices are views, valid until the next
// iteration; [Event.Clone] keeps it.
type Event struct {
	// Envelope is what the log events of one message share. It is never nil in
	// what is yielded, and it may be kept.
	*Envelope

	ID        []byte    // unique within the log group's subscription
	Timestamp time.Time // when the event happened, as its source says: UTC, to the millisecond, before the year 10,000
	Message   []byte    // UTF-8; most writers end it without a line break

	fields []byte  // the object extractedFields, nil where there is none
	memory *[]byte // for text that is escaped in it
}

// Envelope is what a message says beside its log events. Its strings are copies
// and may be kept.
type Envelope struct {
	MessageType         string // "DATA_MESSAGE"; a "CONTROL_MESSAGE", which checks the subscription, yields no events
	Owner               string // the AWS account of the log data
	LogGroup, LogStream string
	SubscriptionFilters []string // names of the filters that matched
	PolicyLevel         string   // "ACCOUNT_LEVEL_POLICY" or "LOG_GROUP_LEVEL_POLICY"; "" where absent
}

// Reader is how a record's data is read. The zero value is ready.
type Reader struct {
	// MaxData is the most bytes that gzip may decompress to, all messages of a
	// record together; 0 means 10 MiB. More of them are decoder.ErrTooLarge.
	// CloudWatch Logs sets no such limit: 39 KB of repetitive log events may
	// hold 12 MB. router.LogEvents takes its decoder's MaxData.
	MaxData int
}

const defaultMaxData = 10 << 20

// Events reads data with the zero [Reader]. See [Reader.Events].
func Events(data []byte) iter.Seq2[*Event, error] { return Reader{}.Events(data) }

// Events returns the log events in a record's data, which may hold several
// messages, one behind the other, as gzip or as JSON that a decoder.Codec has
// decompressed. Each turn of the loop gives one of
//
//	e, nil    a log event, valid until the next iteration
//	e, err    this log event lacks its id, time or message, or they are of a wrong type: the rest is set; the loop may go on
//	nil, err  the data is broken from here; the sequence ends
//
// Errors are the decoder's: ErrCompressed, ErrTooLarge (gzip of more than
// MaxData; nesting), ErrSyntax, ErrType for JSON that is no such message,
// ErrMissing. Control messages, and data without a byte, have no log events.
// Member names are case-sensitive, null counts as absent, the last of
// duplicates wins. Timestamps count by their value, however they are written:
// 1000, 1000.0 and 1e3 are one.
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
	for at := skipSpace(text, 0); at < len(text); at = skipSpace(text, at) {
		n, err := decoder.ScanJSON(text[at:])
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

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// located says which message of the data an error is about, by its offset.
func located(at int, err error) error {
	return fmt.Errorf("CloudWatch Logs message at byte %d: %w", at, err)
}

// message yields the log events of one message, and reports whether to go on
// behind it.
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

// read reads a log event into s.event, and returns the first flaw.
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

// latest is the first millisecond that a timestamp may not have: the year
// 10,000, which neither RFC 3339 nor time.Time's JSON form can write. As far
// before the epoch is too early.
const latest = 253402300800_000

// missingOr is the error for a value that is absent or not what it should be.
func missingOr(value []byte, want string) error {
	if value == nil {
		return decoder.ErrMissing
	}
	return fmt.Errorf("%w: not %s", decoder.ErrType, want)
}

// ExtractedFields returns the names and values that the log group's filter
// pattern has taken from the message, which are valid as long as the event.
// Values that are no strings are given as their JSON text, null is left out.
func (e *Event) ExtractedFields() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		if e.fields == nil {
			return
		}
		memory := e.memory
		if memory == nil {
			memory = new([]byte) // of a clone
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

// Clone returns a copy of e that shares no memory with the iterator, except for
// Envelope, which may be kept.
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

// envelope returns an Envelope with these values: the last one where they are
// the same.
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
