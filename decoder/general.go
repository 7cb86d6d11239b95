package decoder

import (
	"bytes"
	"time"

	"github.com/valyala/fastjson"

	"example.com/sluice/decoder/internal/base64"
	"example.com/sluice/internal/jsonscan"
)

// This file is the general lane: it reads any record of sound JSON, through the parser's tree of that one record.

// maxTree is how many values and names a record may have to be handed to the parser as it is. Records have about
// thirty. A tree takes some 100 bytes a value, so without a limit an event of 6 MB could take 600 MB.
const maxTree = 512

// fields is a record as the parser's tree gives it. Null counts as absent.
type fields struct {
	kinesis      *fastjson.Value
	kinesisTimes int
	outer        [allFields]*fastjson.Value
	inner        [innerFields]*fastjson.Value
}

// get returns the value of a member: of those that stand in "kinesis", from there where there is one.
func (t *fields) get(f field) *fastjson.Value {
	if f < innerFields && t.kinesis != nil {
		return t.inner[f]
	}
	return t.outer[f]
}

// read collects the members that are known; the last of duplicates wins.
func (t *fields) read(record *fastjson.Object) {
	*t = fields{}
	record.Visit(func(name []byte, v *fastjson.Value) {
		if string(name) == "kinesis" {
			t.kinesisTimes++
			if v.Type() != fastjson.TypeNull {
				t.kinesis = v
			}
			return
		}
		if f := fieldOf(name); f != notAField && v.Type() != fastjson.TypeNull {
			t.outer[f] = v
		}
	})
	if t.kinesis == nil || t.kinesis.Type() != fastjson.TypeObject {
		return
	}
	t.kinesis.GetObject().Visit(func(name []byte, v *fastjson.Value) {
		if f := fieldOf(name); f < innerFields && v.Type() != fastjson.TypeNull {
			t.inner[f] = v
		}
	})
}

// general reads the element of Records at el, which the scanner has passed, into s.rec. It reports false where the
// event turns out to be from another service.
func (s *state) general(el span) bool {
	s.rec = Record{Index: s.index}
	v, err := s.parser.ParseBytes(s.parserText(el))
	if err != nil {
		return s.fail(el.Start, because(ErrSyntax, "%s", clip(err.Error()))) // not reached: the scanner has passed it
	}
	object := v.GetObject()
	if object == nil {
		if s.index == 0 {
			return s.fail(el.Start, because(ErrNotKinesis, "Records holds no objects"))
		}
		s.rec.Source = s.intern(nil)
		s.flaw(el.Start, "", because(ErrType, "a record is an object"))
		return true
	}
	t := &s.fields
	t.read(object)
	s.parsed = true
	if !t.kinesisLike() {
		if s.index == 0 {
			return s.fail(el.Start, because(ErrNotKinesis, "%s", describeRecord(&s.scan, el.Start)))
		}
		s.flawAt(el, fieldEventSource, because(ErrNotKinesis, "a record of another service"))
	}
	s.readRecord(el)
	return true
}

// kinesisLike is whether a record comes from Kinesis: its event source says so or, where that is absent, it has
// something of such a record.
func (t *fields) kinesisLike() bool {
	if source := t.outer[fieldEventSource]; source != nil && source.Type() == fastjson.TypeString {
		return string(source.GetStringBytes()) == "aws:kinesis"
	}
	return t.kinesis != nil || t.kinesisTimes > 0 ||
		t.outer[fieldSequenceNumber] != nil || t.outer[fieldPartitionKey] != nil || t.outer[fieldData] != nil
}

// parserText returns what the parser is to read for the element: its text, or a rewritten one where that would take
// too large a tree, or holds surrogates that the parser would get wrong.
func (s *state) parserText(el span) []byte {
	if s.scan.Values <= maxTree && !s.scan.Surrogates {
		return el.Of(s.event)
	}
	if s.scan.Values > maxTree && s.event[el.Start] == '{' {
		var l layout
		l.read(&s.scan, el.Start)
		s.scratch = l.reduced(s.scratch[:0], s.event)
	} else if s.scan.Values > maxTree {
		s.scratch = append(s.scratch[:0], "[]"...)
	} else {
		s.scratch = append(s.scratch[:0], el.Of(s.event)...)
	}
	jsonscan.MendSurrogates(s.scratch)
	return s.scratch
}

// readRecord fills s.rec from the fields, as far as they allow, and notes the first flaw.
func (s *state) readRecord(el span) {
	t, rec := &s.fields, &s.rec
	switch {
	case t.kinesisTimes > 1:
		s.flawKinesis(el, ErrDuplicate)
	case t.kinesis != nil && t.kinesis.Type() != fastjson.TypeObject:
		s.flawKinesis(el, because(ErrType, "%s, not an object", t.kinesis.Type()))
	}
	rec.SequenceNumber = s.keep(s.text(el, fieldSequenceNumber))
	if s.bad != nil {
		s.bad.SequenceNumber = string(rec.SequenceNumber)
	}
	rec.PartitionKey = s.keep(s.text(el, fieldPartitionKey))
	rec.EventID = s.keep(s.text(el, fieldEventID))
	rec.ApproximateArrivalTimestamp = s.arrival(el)
	rec.Source = s.sourceOf(el)
	s.require(el, fieldSequenceNumber)
	s.require(el, fieldPartitionKey)
	s.require(el, fieldData)
	if !s.skipData {
		s.readData(el)
	}
}

// text returns a member that is a string, and nil where it is not.
func (s *state) text(el span, f field) []byte {
	v := s.fields.get(f)
	if v == nil {
		return nil
	}
	if v.Type() != fastjson.TypeString {
		s.flawAt(el, f, because(ErrType, "%s, not a string", v.Type()))
		return nil
	}
	b := v.GetStringBytes()
	if b == nil {
		return []byte{}
	}
	return b
}

func (s *state) require(el span, f field) {
	if s.fields.get(f) == nil {
		s.flawAt(el, f, ErrMissing)
	}
}

// keep makes a view of the parser's memory last as long as the record must.
func (s *state) keep(b []byte) []byte {
	if !s.batching && !s.Detach || b == nil {
		return b
	}
	return s.arena.Copy(b, s.arenaHint())
}

// arenaHint is how large the arena's next block should be. For a batch it is what the whole event can yield, which is less
// than its length, so that one block does.
func (s *state) arenaHint() int {
	if s.batching {
		return len(s.event)
	}
	return 4 << 10
}

func (s *state) arrival(el span) time.Time {
	v := s.fields.get(fieldArrival)
	if v == nil {
		return time.Time{}
	}
	var number []byte
	switch v.Type() {
	case fastjson.TypeNumber:
		s.scratch = v.MarshalTo(s.scratch[:0])
		number = s.scratch
	case fastjson.TypeString:
		number = v.GetStringBytes()
	default:
		s.flawAt(el, fieldArrival, because(ErrType, "%s, not a number of seconds", v.Type()))
		return time.Time{}
	}
	at, ok := parseSeconds(number)
	if !ok {
		s.flawAt(el, fieldArrival, because(ErrType, `"%s" is no time in seconds`, clip(number)))
	}
	return at
}

// sourceOf returns the record's Source.
func (s *state) sourceOf(el span) *Source {
	values := &sourceValues{}
	for i, f := range sourceFields {
		values[i] = s.text(el, f)
	}
	values[len(sourceFields)] = shardID(s.rec.EventID)
	return s.intern(values)
}

// sourceFields are the members that make up a Source; the derived shard id stands behind them.
var sourceFields = [...]field{
	fieldSchemaVersion, fieldEncryptionType, fieldEventSource, fieldEventVersion,
	fieldEventName, fieldEventSourceARN, fieldInvokeIdentityARN, fieldAWSRegion,
}

type sourceValues [len(sourceFields) + 1][]byte

// intern returns a Source with these values: the last one where they are the same, so that records that follow each
// other share it.
func (s *state) intern(v *sourceValues) *Source {
	if v == nil {
		v = &sourceValues{}
	}
	if p := s.source; p != nil &&
		string(v[0]) == p.KinesisSchemaVersion && string(v[1]) == p.EncryptionType &&
		string(v[2]) == p.EventSource && string(v[3]) == p.EventVersion &&
		string(v[4]) == p.EventName && string(v[5]) == p.EventSourceARN &&
		string(v[6]) == p.InvokeIdentityARN && string(v[7]) == p.AWSRegion && string(v[8]) == p.ShardID {
		return p
	}
	p := &Source{
		KinesisSchemaVersion: string(v[0]), EncryptionType: string(v[1]),
		EventSource: string(v[2]), EventVersion: string(v[3]),
		EventName: string(v[4]), EventSourceARN: string(v[5]),
		InvokeIdentityARN: string(v[6]), AWSRegion: string(v[7]), ShardID: string(v[8]),
	}
	p.StreamName = StreamName(p.EventSourceARN)
	s.source = p
	return p
}

// readData decodes the data into the arena.
func (s *state) readData(el span) {
	text := s.text(el, fieldData)
	s.rec.Data = text
	if len(text) == 0 {
		return
	}
	if s.tooLarge(text) {
		s.flawAt(el, fieldData, because(ErrTooLarge, "data of more than %d bytes; MaxData sets this limit", s.dataLimit))
		s.rec.Data = s.keep(text)
		return
	}
	room := s.arena.Reserve(base64.DecodedLen(len(text)), s.arenaHint())
	n, fault := base64.Decode(room, text)
	if fault >= 0 {
		s.flawInString(el, fieldData, fault, ErrBase64)
		s.rec.Data = s.keep(text)
		return
	}
	if n > s.dataLimit {
		s.flawAt(el, fieldData, because(ErrTooLarge, "data of more than %d bytes; MaxData sets this limit", s.dataLimit))
		s.rec.Data = s.keep(text)
		return
	}
	if n == 0 { // line breaks alone
		s.rec.Data = []byte{} // the arena may have no memory yet, and present data is never nil
		return
	}
	s.rec.Data = s.arena.Take(n)
}

// tooLarge is whether base64 is so far above MaxData that it need not be decoded to know.
func (s *state) tooLarge(text []byte) bool {
	quads := len(text) / 4
	if quads <= s.dataLimit/3+1 {
		return false
	}
	breaks := bytes.Count(text, []byte{'\n'}) + bytes.Count(text, []byte{'\r'}) // they carry no data
	return (len(text)-breaks)/4 > s.dataLimit/3+1
}

// flaw notes what is wrong with the record, if it is the first that is.
func (s *state) flaw(offset int, name string, err error) {
	if s.bad == nil {
		s.bad = &Error{Index: s.index, SequenceNumber: string(s.rec.SequenceNumber), Field: name, Offset: int64(offset), Err: err}
	}
}

// flawKinesis notes a flaw of the member "kinesis" itself.
func (s *state) flawKinesis(el span, err error) {
	if s.bad == nil {
		var l layout
		l.read(&s.scan, el.Start)
		if l.kinesis.Absent() {
			l.kinesis = el
		}
		s.flaw(l.kinesis.Start, "kinesis", err)
	}
}

// flawAt notes a flaw of a member; its place is the value's, or the record's where there is no value.
func (s *state) flawAt(el span, f field, err error) {
	if s.bad == nil {
		s.flaw(s.place(el, f).Start, f.String(), err)
	}
}

// flawInString notes a flaw at byte n of the text of a string.
func (s *state) flawInString(el span, f field, n int, err error) {
	if s.bad == nil {
		value := s.place(el, f)
		raw := s.event[value.Start+1 : value.End-1]
		s.flaw(value.Start+1+jsonscan.EscapedOffset(raw, n), f.String(), err)
	}
}

// place finds where a member's value stands, and the record where it has none.
func (s *state) place(el span, f field) span {
	var l layout
	l.read(&s.scan, el.Start)
	if p := l.span(f); !p.Absent() {
		return p
	}
	return el
}
