package decoder

import (
	"time"

	"github.com/valyala/fastjson"

	"example.com/sluice/decoder/internal/memory"
	"example.com/sluice/internal/jsonscan"
)

// maxTree is how many values and names a record may have for the parser to get
// it unchanged. Records have about thirty. A tree takes some 100 bytes a value,
// so without a limit an event of 6 MB could take 600 MB.
const maxTree = 512

// strictReader reads any record that is valid JSON, from the parser's tree of
// that record. It is the only reader that says what is wrong with a record.
//
// tree and text belong to the record that was read last and are valid until the
// next one or reset. source is replaced, never changed.
type strictReader struct {
	parser fastjson.Parser
	tree   members[*fastjson.Value]
	read   bool   // whether tree holds anything
	text   []byte // text that is rewritten for the parser

	source *Source // that of the last record, kept from event to event
}

// reset forgets the event. The parser's memory may have grown with it.
func (s *strictReader) reset(eventLen int) {
	if cap(s.text) > memory.MaxPooled {
		s.text = nil
	}
	if eventLen > memory.MaxPooled {
		s.parser = fastjson.Parser{}
	}
	if s.read {
		s.tree, s.read = members[*fastjson.Value]{}, false
	}
}

// forget drops the parser's memory, which was scribbled on.
func (s *strictReader) forget() { s.parser = fastjson.Parser{} }

// record is the record that is being read, and where it goes.
type record struct {
	*output
	event []byte
	at    span
	tree  *members[*fastjson.Value]
}

// readRecord reads the element into out as the record with that index. It
// returns an error if the event is broken there, because its first record shows
// that it comes from another service.
func (s *strictReader) readRecord(event []byte, el element, index int, out *output) error {
	out.start(index)
	v, err := s.parser.ParseBytes(s.parserText(event, el))
	if err != nil {
		return because(ErrSyntax, "%s", clip(err.Error())) // not reached: the scanner has passed it
	}
	object := v.GetObject()
	if object == nil {
		if index == 0 {
			return because(ErrNotKinesis, "Records holds no objects")
		}
		out.fill(index, s.intern(&sourceValues{}), nil, nil, nil)
		out.flaw(el.Start, "", because(ErrType, "a record is an object"))
		return nil
	}
	s.plant(object)
	r := record{out, event, el.span, &s.tree}
	foreign := !r.fromKinesis()
	if foreign && index == 0 {
		return because(ErrNotKinesis, "%s", describeRecord(event, el.Start))
	}
	s.fill(&r, foreign)
	return nil
}

// parserText returns the text for the parser: that of the element, or a
// rewritten one if the element would make too large a tree or may have
// surrogates that the parser would get wrong.
func (s *strictReader) parserText(event []byte, el element) []byte {
	switch {
	case el.values <= maxTree && !el.surrogates:
		return el.Of(event)
	case el.values <= maxTree:
		s.text = append(s.text[:0], el.Of(event)...)
	case event[el.Start] == '{':
		var p places
		p.find(event, el.Start)
		s.text = p.appendReduced(s.text[:0], event)
	default:
		s.text = append(s.text[:0], "[]"...)
	}
	jsonscan.MendSurrogates(s.text)
	return s.text
}

// plant builds the tree of a record.
func (s *strictReader) plant(object *fastjson.Object) {
	s.tree, s.read = members[*fastjson.Value]{}, true
	object.Visit(func(name []byte, v *fastjson.Value) {
		s.tree.note(fieldOf(name), v, v.Type() == fastjson.TypeNull)
	})
	if s.tree.kinesis == nil || s.tree.kinesis.Type() != fastjson.TypeObject {
		return
	}
	s.tree.kinesis.GetObject().Visit(func(name []byte, v *fastjson.Value) {
		s.tree.noteInner(fieldOf(name), v, v.Type() == fastjson.TypeNull)
	})
}

// fill fills the record as far as its members allow, and notes the first flaw.
func (s *strictReader) fill(r *record, foreign bool) {
	if foreign {
		r.flawAt(fieldEventSource, because(ErrNotKinesis, "a record of another service"))
	}
	kinesis := r.tree.kinesis
	switch {
	case r.tree.twice:
		r.flawKinesis(ErrDuplicate)
	case kinesis != nil && kinesis.Type() != fastjson.TypeObject:
		r.flawKinesis(because(ErrType, "%s, not an object", kinesis.Type()))
	}
	number := r.keep(r.text(fieldSequenceNumber))
	r.identify(number)
	key := r.keep(r.text(fieldPartitionKey))
	eventID := r.keep(r.text(fieldEventID))
	r.arrivedAt(s.arrival(r))
	r.output.fill(r.rec.Index, s.sourceOf(r, eventID), key, number, eventID)
	r.require(fieldSequenceNumber)
	r.require(fieldPartitionKey)
	r.require(fieldData)
	if !r.skipData {
		r.data()
	}
}

// arrival reads the arrival time.
func (s *strictReader) arrival(r *record) time.Time {
	v := r.tree.get(fieldArrival)
	if v == nil {
		return time.Time{}
	}
	var number []byte
	switch v.Type() {
	case fastjson.TypeNumber:
		s.text = v.MarshalTo(s.text[:0])
		number = s.text
	case fastjson.TypeString:
		number = v.GetStringBytes()
	default:
		r.flawAt(fieldArrival, because(ErrType, "%s, not a number of seconds", v.Type()))
		return time.Time{}
	}
	at, ok := parseSeconds(number)
	if !ok {
		r.flawAt(fieldArrival, because(ErrType, `"%s" is no time in seconds`, clip(number)))
	}
	return at
}

// sourceFields are the members that make up a Source; the derived shard id
// comes after them.
var sourceFields = [...]field{
	fieldSchemaVersion, fieldEncryptionType, fieldEventSource, fieldEventVersion,
	fieldEventName, fieldEventSourceARN, fieldInvokeIdentityARN, fieldAWSRegion,
}

type sourceValues [len(sourceFields) + 1][]byte

// sourceOf returns the record's Source.
func (s *strictReader) sourceOf(r *record, eventID []byte) *Source {
	values := &sourceValues{}
	for i, f := range sourceFields {
		values[i] = r.text(f)
	}
	values[len(sourceFields)] = shardID(eventID)
	return s.intern(values)
}

// intern returns a Source with these values. If the last Source has the same
// values, it returns that one, so that consecutive records share it.
func (s *strictReader) intern(v *sourceValues) *Source {
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

// fromKinesis reports whether the record's event source is Kinesis or, if it
// names none, whether it has any member that a Kinesis record has.
func (r *record) fromKinesis() bool {
	t := r.tree
	if source := t.outer[fieldEventSource]; source != nil && source.Type() == fastjson.TypeString {
		return string(source.GetStringBytes()) == "aws:kinesis"
	}
	return t.nested || t.outer[fieldSequenceNumber] != nil || t.outer[fieldPartitionKey] != nil ||
		t.outer[fieldData] != nil
}

// text returns a member that is a string. For any other value it notes a flaw
// and returns nil.
func (r *record) text(f field) []byte {
	v := r.tree.get(f)
	if v == nil {
		return nil
	}
	if t := v.Type(); t != fastjson.TypeString {
		r.flawAt(f, because(ErrType, "%s, not a string", t))
		return nil
	}
	if b := v.GetStringBytes(); b != nil {
		return b
	}
	return []byte{}
}

func (r *record) require(f field) {
	if r.tree.get(f) == nil {
		r.flawAt(f, ErrMissing)
	}
}

// data decodes the data.
func (r *record) data() {
	switch fault, err := r.decodeAny(r.text(fieldData)); err {
	case ErrTooLarge:
		r.flawAt(fieldData, because(ErrTooLarge, "data of more than %d bytes; MaxData sets this limit", r.limit))
	case ErrBase64:
		if r.bad == nil {
			value := placeOf(r.event, r.at, fieldData)
			raw := r.event[value.Start+1 : value.End-1]
			r.flaw(value.Start+1+jsonscan.EscapedOffset(raw, fault), fieldData.String(), err)
		}
	}
}

// flawKinesis notes a flaw of the member "kinesis" itself.
func (r *record) flawKinesis(err error) {
	if r.bad == nil {
		var p places
		p.find(r.event, r.at.Start)
		if p.kinesis.Absent() {
			p.kinesis = r.at
		}
		r.flaw(p.kinesis.Start, "kinesis", err)
	}
}

// flawAt notes a flaw of a member, at its value or, if it has none, at the
// record.
func (r *record) flawAt(f field, err error) {
	if r.bad == nil {
		r.flaw(placeOf(r.event, r.at, f).Start, f.String(), err)
	}
}

// placeOf returns where a member's value is, or the record if it has none.
func placeOf(event []byte, record span, f field) span {
	var p places
	p.find(event, record.Start)
	if at := p.get(f); !at.Absent() {
		return at
	}
	return record
}
