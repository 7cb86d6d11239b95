package decoder

import (
	"example.com/sluice/decoder/internal/compression"
	"example.com/sluice/decoder/internal/memory"
)

// This file looks into the data of records, where the Decoder asks for it: an aggregate becomes its user records, and data is
// decompressed. What is handed out then is not one record for each element of Records, so it stands between the reading of elements
// and the loop.

// contents is what looking into data takes. It is touched only where wanted is set.
type contents struct {
	wanted    bool // whether the Decoder asks for it
	format    compression.Format
	dicts     string
	aggregate aggregate   // the one whose user records come next; where it has some left, it is open
	outer     Record      // the record that it came in
	mark      memory.Mark // of the arena: what the aggregate needs stands before it
	yielded   int         // records handed out so far
	unpacked  int         // bytes that the data of a batch has been decompressed to
	wasted    int64       // bytes that were decompressed in vain
	data      int         // where the data of the element stands in the event; 0 where nobody has asked yet
	number    string      // the element's sequence number, likewise

	decompressor compression.Decompressor
}

// open is whether the aggregate's memory is still needed.
func (c *contents) open() bool { return c.aggregate.left > 0 }

// want notes, for a new event, what the Decoder asks for. Data may be larger as it arrives than what becomes of it.
func (s *state) want() {
	s.contents.wanted = s.Deaggregate || s.Codec != Identity
	s.contents.format, s.contents.dicts = s.Codec.format()
	s.dataLimit = s.MaxData
	if s.contents.wanted {
		s.dataLimit = max(s.MaxData, defaultMaxData)
	}
}

// nextContent is next where data is looked into.
func (s *state) nextContent() bool {
	c := &s.contents
	for !c.open() {
		// What only user records have, no lane sets.
		s.rec.SubSequenceNumber, s.rec.ExplicitHashKey, s.rec.Aggregated = 0, nil, false
		if !s.nextElement() {
			return false
		}
		c.data = 0
		if s.bad != nil {
			return s.count()
		}
		if s.Deaggregate && c.aggregate.open(s.rec.Data) {
			c.outer, c.mark = s.rec, s.arena.Mark()
			continue
		}
		if !s.unpack() {
			return false
		}
		if s.bad == nil && len(s.rec.Data) > s.MaxData && !s.again() {
			return false
		}
		return s.count()
	}
	s.nextUserRecord()
	if s.bad == nil && !s.unpack() {
		return false
	}
	if s.bad == nil && len(s.rec.Data) > s.MaxData {
		s.flawInside(because(ErrTooLarge, "data of more than %d bytes; MaxData sets this limit", s.MaxData))
	}
	return s.count()
}

// maxWasted is how many bytes of an event may be decompressed in vain: a small event can ask for terabytes.
const maxWasted = 4 << 30

// unpack decompresses the record's data. It reports false where the event has taken too much memory or work.
func (s *state) unpack() bool {
	format, rec, c := s.contents.format, &s.rec, &s.contents
	if format == compression.Auto {
		format = compression.Detect(rec.Data)
	}
	if format == compression.Identity || len(rec.Data) == 0 {
		return true
	}
	var room []byte
	if s.batching {
		room = s.arena.Reserve(1, s.arenaHint())[:0]
	}
	out, err := c.decompressor.Decompress(room, rec.Data, format, c.dicts, s.MaxData)
	if err != nil {
		if format != compression.MaybeZlib || err == compression.ErrTooLong {
			s.flawInside(flawOf(format, err, s.MaxData))
		}
		if c.wasted += int64(len(out)); c.wasted > maxWasted {
			return s.limited(because(ErrTooLarge, "more than %d bytes were decompressed in vain", int64(maxWasted)))
		}
		return true
	}
	if len(out) == 0 {
		rec.Data = rec.Data[:0:0] // there may be no other memory, and present data is never nil
		return true
	}
	if !s.batching {
		rec.Data = out[:len(out):len(out)]
		return true
	}
	if len(out) > s.MaxBatch-c.unpacked {
		return s.limited(because(ErrTooLarge, "the records' data decompresses to more than %d bytes; MaxBatch sets this limit", s.MaxBatch))
	}
	c.unpacked += len(out)
	if cap(room) > 0 && &out[0] == &room[:1][0] {
		rec.Data = s.arena.Take(len(out))
	} else {
		rec.Data = s.arena.Place(out, max(s.arenaHint(), 16*memory.OwnBlock))
	}
	return true
}

// limited breaks the event off at the element that was read last, because it passes a limit of the whole event.
func (s *state) limited(err error) bool {
	s.fail(s.start, err)
	s.broken.Index, s.broken.SequenceNumber = s.rec.Index, string(s.rec.SequenceNumber)
	s.atLimit = true
	return false
}

// count counts a record that is about to be handed out. It reports false where there are too many.
func (s *state) count() bool {
	c := &s.contents
	if c.yielded >= s.MaxRecords {
		return s.limited(because(ErrTooLarge, "more than %d records; MaxRecords sets this limit", s.MaxRecords))
	}
	c.yielded++
	if memory.Scribble {
		// In a loop, what user records share must outlive each of them, so each is given views of its own, to be overwritten.
		if s.rec.Aggregated && !s.batching {
			s.rec = s.rec.Clone()
		}
		s.issued = s.rec
	}
	return true
}

// again reads the record once more, through the general lane, which reports that its data is too large.
func (s *state) again() bool {
	limit, index := s.dataLimit, s.index
	s.dataLimit, s.index = s.MaxData, s.rec.Index
	defer func() { s.dataLimit, s.index = limit, index }()
	s.scan.Values, s.scan.Surrogates = 0, false
	end, _ := s.scan.Value(s.start, s.depth)
	return s.general(between(s.start, end))
}

// nextUserRecord reads the next user record of the open aggregate into s.rec.
func (s *state) nextUserRecord() {
	s.bad = nil
	a, rec := &s.contents.aggregate, &s.rec
	*rec = s.contents.outer
	rec.Aggregated = true
	rec.PartitionKey = nil
	rec.SubSequenceNumber = a.sub
	u := a.next()
	rec.Data = a.view(u.data)
	var known bool
	if rec.PartitionKey, known = a.entry(a.partitionKeys, u.partitionKey); !known {
		s.flawInside(&indexError{"partition key", u.partitionKey, len(a.partitionKeys)})
	}
	if u.hasHashKey && len(a.hashKeys) > 0 { // without a table the index is one to nothing: what counts is there
		if rec.ExplicitHashKey, known = a.entry(a.hashKeys, u.hashKey); !known {
			s.flawInside(&indexError{"explicit hash key", u.hashKey, len(a.hashKeys)})
		}
	}
}

// flawInside notes a flaw of what is in the record's data. Its place in the event is that of the data.
func (s *state) flawInside(err error) {
	if s.bad != nil {
		return
	}
	c := &s.contents
	if c.data == 0 {
		// This reads the whole element: once for all that is in it.
		c.data = s.place(span{Start: s.start}, fieldData).Start
		c.number = string(s.rec.SequenceNumber)
	}
	if s.rec.Aggregated {
		err = &userRecordError{s.rec.SubSequenceNumber, err}
	}
	s.bad = &Error{Index: s.rec.Index, SequenceNumber: c.number, Field: fieldData.String(), Offset: int64(c.data), Err: err}
}

// release forgets the event.
func (c *contents) release() {
	if !c.wanted {
		return
	}
	c.aggregate.reset()
	c.decompressor.Shed()
	*c = contents{aggregate: c.aggregate, decompressor: c.decompressor}
}
