package decoder

import (
	"example.com/sluice/decoder/internal/compression"
	"example.com/sluice/decoder/internal/memory"
)

// contents looks into the data of records if the Decoder asks for it: it splits
// aggregates into user records and decompresses data. If wanted is not set,
// nothing else in it is used.
//
// The aggregate is open while it has user records left. outer is then the
// record that it came in, and the memory that it needs lies before mark.
type contents struct {
	wanted      bool
	deaggregate bool
	format      compression.Format
	dicts       string

	maxData, maxBatch, maxRecords int

	aggregate aggregate
	outer     Record
	mark      memory.Mark
	yielded   int    // records handed out so far
	unpacked  int    // bytes that the data of a batch has been decompressed to
	wasted    int64  // bytes that were decompressed in vain
	data      int    // offset of the element's data in the event; 0 until an error needs it
	number    string // the element's sequence number, once data is set

	decompressor compression.Decompressor
}

// maxWasted is how many bytes of an event may be decompressed only to be
// rejected. A small event could otherwise demand terabytes.
const maxWasted = 4 << 30

// begin notes what a Decoder, with its defaults filled in, asks for.
func (c *contents) begin(d *Decoder) {
	if c.wanted = d.Deaggregate || d.Codec != Identity; !c.wanted {
		return
	}
	c.maxData, c.maxBatch, c.maxRecords = d.MaxData, d.MaxBatch, d.MaxRecords
	c.deaggregate = d.Deaggregate
	c.format, c.dicts = d.Codec.format()
}

// reset forgets the event.
func (c *contents) reset() {
	if !c.wanted {
		return
	}
	c.aggregate.reset()
	c.decompressor.Shed()
	*c = contents{aggregate: c.aggregate, decompressor: c.decompressor}
}

// forget drops memory that was scribbled on.
func (c *contents) forget() { c.decompressor.Forget() }

// work returns how many bytes were decompressed.
func (c *contents) work() int64 { return int64(c.unpacked) + c.wasted }

// open reports whether user records are left.
func (c *contents) open() bool { return c.aggregate.left > 0 }

// rewind takes back what was handed out since the aggregate was opened.
func (c *contents) rewind(out *output) { c.mark = out.rewind(c.mark) }

// nextContent is next for a Decoder that looks into data.
func (r *reader) nextContent() bool {
	c, out := &r.contents, &r.out
	for !c.open() {
		if !r.nextElement() {
			return false
		}
		c.data = 0
		if out.bad != nil {
			return r.count()
		}
		if c.deaggregate && c.aggregate.open(out.rec.Data) {
			c.outer, c.mark = out.rec, out.mark()
			continue
		}
		if !r.unpack() {
			return false
		}
		if out.bad == nil && len(out.rec.Data) > c.maxData && !r.readAgain() {
			return false
		}
		return r.count()
	}
	r.nextUserRecord()
	if out.bad == nil && !r.unpack() {
		return false
	}
	if out.bad == nil && len(out.rec.Data) > c.maxData {
		r.flawInside(because(ErrTooLarge, "data of more than %d bytes; MaxData sets this limit", c.maxData))
	}
	return r.count()
}

// unpack decompresses the record's data. It returns false if the event has used
// up the memory or work that it may.
func (r *reader) unpack() bool {
	c, out := &r.contents, &r.out
	format := c.format
	if format == compression.Auto {
		format = compression.Detect(out.rec.Data)
	}
	if format == compression.Identity || len(out.rec.Data) == 0 {
		return true
	}
	room := out.room()
	data, err := c.decompressor.Decompress(room, out.rec.Data, format, c.dicts, c.maxData)
	if err != nil {
		if format != compression.MaybeZlib || err == compression.ErrTooLong {
			r.flawInside(flawOf(format, err, c.maxData))
		}
		if c.wasted += int64(len(data)); c.wasted > maxWasted {
			err = because(ErrTooLarge, "more than %d bytes were decompressed in vain", int64(maxWasted))
			return r.walker.exceed(&out.rec, err)
		}
		return true
	}
	if out.batch {
		if len(data) > c.maxBatch-c.unpacked {
			return r.walker.exceed(&out.rec, because(ErrTooLarge,
				"the records' data decompresses to more than %d bytes; MaxBatch sets this limit", c.maxBatch))
		}
		c.unpacked += len(data)
	}
	out.replaceData(data, room)
	return true
}

// count counts a record before it is handed out. It reports false if there are
// too many.
func (r *reader) count() bool {
	c := &r.contents
	if c.yielded >= c.maxRecords {
		return r.walker.exceed(&r.out.rec, tooMany(c.maxRecords))
	}
	c.yielded++
	r.out.handOut()
	return true
}

// nextUserRecord reads the next user record of the open aggregate.
func (r *reader) nextUserRecord() {
	c := &r.contents
	a := &c.aggregate
	sub := a.sub
	u := a.next()
	key, known := a.entry(a.partitionKeys, u.partitionKey)
	var flaw error
	if !known {
		flaw = &indexError{"partition key", u.partitionKey, len(a.partitionKeys)}
	}
	var hashKey []byte
	if u.hasHashKey && len(a.hashKeys) > 0 { // without a table the index means nothing
		if hashKey, known = a.entry(a.hashKeys, u.hashKey); !known && flaw == nil {
			flaw = &indexError{"explicit hash key", u.hashKey, len(a.hashKeys)}
		}
	}
	r.out.fillUser(&c.outer, sub, key, hashKey, a.view(u.data))
	if flaw != nil {
		r.flawInside(flaw)
	}
}

// flawInside notes a flaw inside the record's data, at the offset of the data.
func (r *reader) flawInside(err error) {
	c, out := &r.contents, &r.out
	if c.data == 0 {
		// This reads the whole element, so it is done once for all flaws in it.
		c.data = placeOf(r.walker.event, span{Start: r.walker.start}, fieldData).Start
		c.number = string(out.rec.SequenceNumber)
	}
	if out.rec.Aggregated {
		err = &userRecordError{out.rec.SubSequenceNumber, err}
	}
	out.fail(&Error{
		Index: out.rec.Index, SequenceNumber: c.number, Field: fieldData.String(), Offset: int64(c.data), Err: err,
	})
}

// readAgain reads the element once more with the strict reader, which reports
// that its data is larger than MaxData.
func (r *reader) readAgain() bool {
	w, out := &r.walker, &r.out
	limit := out.setLimit(r.contents.maxData)
	defer out.setLimit(limit)
	el, _ := w.scanElement(w.start)
	if err := r.strict.readRecord(w.event, el, out.rec.Index, out); err != nil {
		return w.fail(el.Start, err)
	}
	return true
}
