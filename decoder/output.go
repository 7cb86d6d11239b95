package decoder

import (
	"bytes"
	"time"

	"example.com/sluice/decoder/internal/base64"
	"example.com/sluice/decoder/internal/memory"
)

// output is what is handed out: the record that was read last, what is wrong
// with it, and the memory for its bytes.
//
// The caller may change rec while it holds it. So clear resets what no reader
// overwrites, and scribbling uses issued.
type output struct {
	rec    Record
	bad    *Error // the first thing that is wrong with rec
	issued Record // rec as it was handed out, kept for scribbling

	arena memory.Arena
	hint  int // how large the arena's next block should be

	detach   bool // no views of the event
	batch    bool // records outlive each other
	limit    int  // bytes that data may have as base64 decodes it
	skipData bool // leave Data empty where that costs nothing
}

// begin prepares for the records of a new event. For a batch, the arena's first
// block has room for everything that the event can yield, which is less than
// the event's length.
func (o *output) begin(event []byte, batch, detach bool, limit int) {
	o.batch, o.detach, o.limit = batch, detach, limit
	o.hint = 4 << 10
	if batch {
		o.hint = len(event)
	}
}

// leaveData says that the data of the next records is not needed.
func (o *output) leaveData() { o.skipData = true }

// setLimit sets the limit of data, and returns the one before.
func (o *output) setLimit(n int) int {
	n, o.limit = o.limit, n
	return n
}

// reset ends the lifetime of what was handed out.
func (o *output) reset() {
	o.arena.Reset()
	o.rec, o.bad, o.skipData = Record{}, nil, false
	if memory.Scribble {
		o.issued = Record{}
	}
}

// clear makes room for the next record.
func (o *output) clear() {
	o.bad = nil
	o.rec.SubSequenceNumber, o.rec.ExplicitHashKey, o.rec.Aggregated = 0, nil, false
}

// expire takes back the memory of all that was handed out, rewind only that of
// what was handed out since a mark.
func (o *output) expire()                          { o.arena.Reset() }
func (o *output) mark() memory.Mark                { return o.arena.Mark() }
func (o *output) rewind(m memory.Mark) memory.Mark { return o.arena.Rewind(m) }

// start clears all of the record but its index.
func (o *output) start(index int) { o.rec = Record{Index: index} }

// handOut notes what is handed out.
func (o *output) handOut() {
	if memory.Scribble {
		// In a loop, what user records share must outlive each of them, so each
		// gets copies of its own to scribble on.
		if o.rec.Aggregated && !o.batch {
			o.rec = o.rec.Clone()
		}
		o.issued = o.rec
	}
}

// scribble overwrites what the slices of the record that was handed out point
// to: the private copy of the event, the arena, the parser's memory.
func (o *output) scribble() {
	memory.Overwrite(o.issued.PartitionKey)
	memory.Overwrite(o.issued.SequenceNumber)
	memory.Overwrite(o.issued.Data)
	memory.Overwrite(o.issued.EventID)
	memory.Overwrite(o.issued.ExplicitHashKey)
}

// fill sets what identifies the record. decode sets its data, and whoever reads
// the arrival time sets that.
func (o *output) fill(index int, source *Source, key, sequence, eventID []byte) {
	o.rec.Index, o.rec.Source = index, source
	o.rec.PartitionKey, o.rec.SequenceNumber, o.rec.EventID = key, sequence, eventID
}

// identify sets the sequence number before the record is filled, so that its
// flaws name it.
func (o *output) identify(number []byte) {
	o.rec.SequenceNumber = number
	if o.bad != nil {
		o.bad.SequenceNumber = string(number)
	}
}

// fillUser fills the record as a user record of the aggregate in outer.
func (o *output) fillUser(outer *Record, sub int, key, hashKey, data []byte) {
	o.rec, o.bad = *outer, nil
	o.rec.Aggregated, o.rec.SubSequenceNumber = true, sub
	o.rec.PartitionKey, o.rec.ExplicitHashKey, o.rec.Data = key, hashKey, data
}

func (o *output) arrivedAt(t time.Time) { o.rec.ApproximateArrivalTimestamp = t }

// detachViews replaces the views that fill was given with copies.
func (o *output) detachViews() {
	rec := &o.rec
	rec.PartitionKey = o.copy(rec.PartitionKey)
	rec.SequenceNumber = o.copy(rec.SequenceNumber)
	rec.EventID = o.copy(rec.EventID)
}

func (o *output) copy(b []byte) []byte {
	if b == nil {
		return nil
	}
	return o.arena.Copy(b, o.hint)
}

// keep makes a view of the parser's memory last as long as the record must.
func (o *output) keep(b []byte) []byte {
	if !o.batch && !o.detach {
		return b
	}
	return o.copy(b)
}

// decode decodes base64 without line breaks. It returns false for anything else
// and for data that is too large; decodeAny then says what is wrong.
//
// The template reader relies on this to know that data is the inside of a valid
// string: apart from line breaks, base64 has no byte that JSON forbids there.
func (o *output) decode(text []byte) bool {
	if len(text) == 0 { //mutant:source-trusts-data-that-nobody-has-read
		o.rec.Data = text[:0:0]
		return true
	}
	room := o.arena.Reserve(base64.DecodedLen(len(text)), o.hint)
	n := base64.DecodeQuads(room, text) //mutant:line-breaks-in-data
	if n < 0 || n > o.limit {           //mutant:maxdata-is-not-looked-at
		return false
	}
	o.rec.Data = o.arena.Take(n)
	return true
}

// decodeAny decodes any base64. If it fails, Data is the text, err is ErrBase64
// or ErrTooLarge, and fault is the offset in the text.
func (o *output) decodeAny(text []byte) (fault int, err error) {
	if len(text) == 0 {
		o.rec.Data = text
		return 0, nil
	}
	if !o.tooLarge(text) {
		n, fault := base64.Decode(o.arena.Reserve(base64.DecodedLen(len(text)), o.hint), text)
		switch {
		case fault >= 0:
			o.rec.Data = o.keep(text)
			return fault, ErrBase64
		case n == 0:
			// There was nothing but line breaks. The arena may have no memory
			// yet, and data that is present is never nil.
			o.rec.Data = []byte{}
			return 0, nil
		case n <= o.limit:
			o.rec.Data = o.arena.Take(n)
			return 0, nil
		}
	}
	o.rec.Data = o.keep(text)
	return 0, ErrTooLarge
}

// tooLarge reports whether the base64 is so long that its data must be above
// the limit, without decoding it.
func (o *output) tooLarge(text []byte) bool {
	quads := len(text) / 4
	if quads <= o.limit/3+1 {
		return false
	}
	breaks := bytes.Count(text, []byte{'\n'}) + bytes.Count(text, []byte{'\r'}) // they carry no data
	return (len(text)-breaks)/4 > o.limit/3+1
}

// room returns empty memory for the decompressed data of a batch. In a loop it
// returns nil, since there such data stays in the decompressor's memory.
func (o *output) room() []byte {
	if !o.batch {
		return nil
	}
	return o.arena.Reserve(1, o.hint)[:0]
}

// replaceData replaces the data with what it was decompressed to, in room or
// elsewhere.
func (o *output) replaceData(data, room []byte) {
	switch {
	case len(data) == 0:
		o.rec.Data = o.rec.Data[:0:0] // there may be no other memory, and present data is never nil
	case !o.batch:
		o.rec.Data = data[:len(data):len(data)]
	case cap(room) > 0 && &data[0] == &room[:1][0]:
		o.rec.Data = o.arena.Take(len(data))
	default:
		o.rec.Data = o.arena.Place(data, max(o.hint, 16*memory.OwnBlock))
	}
}

// fail notes what is wrong with the record, unless something else was noted
// before.
func (o *output) fail(e *Error) {
	if o.bad == nil {
		o.bad = e
	}
}

// flaw is fail for an error that is yet to be made.
func (o *output) flaw(offset int, name string, err error) {
	if o.bad == nil {
		o.bad = &Error{
			Index: o.rec.Index, SequenceNumber: string(o.rec.SequenceNumber),
			Field: name, Offset: int64(offset), Err: err,
		}
	}
}
