package router

import (
	"sync"

	"example.com/sluice/decoder"
)

// callBuffer is the memory that one goroutine uses for the copies that it hands
// to handlers, call after call.
type callBuffer struct {
	one  decoder.Record
	recs []decoder.Record
	used int // how many of recs may hold something

	copies   bool   // whether handlers may keep what they get, which then has memory of its own
	identity []byte // room for a record's identity
}

// identify returns the record's identity, which is valid until the next call.
func (b *callBuffer) identify(rec *decoder.Record) []byte {
	b.identity = appendIdentity(b.identity[:0], rec)
	return b.identity
}

var callBuffers = sync.Pool{New: func() any { return new(callBuffer) }}

func (c *config) newCallBuffer() *callBuffer {
	b := callBuffers.Get().(*callBuffer)
	b.copies = c.copies
	return b
}

// give returns a copy of a record to hand over.
func (b *callBuffer) give(rec *decoder.Record) *decoder.Record {
	if b.copies {
		kept := copyOf(rec)
		return &kept
	}
	b.one = *rec
	return &b.one
}

// giveAll returns copies of records to hand over.
func (b *callBuffer) giveAll(r *records, entries []entry) []decoder.Record {
	if b.copies {
		recs := make([]decoder.Record, len(entries))
		for n, e := range entries {
			recs[n] = copyOf(&r.good[e])
		}
		return recs
	}
	if len(b.recs) < len(entries) {
		b.recs = make([]decoder.Record, len(entries))
	}
	recs := b.recs[:len(entries):len(entries)]
	b.used = max(b.used, len(entries))
	for n, e := range entries {
		recs[n] = r.good[e]
	}
	return recs
}

// release returns the memory to its pool. No handler may use it after that.
func (b *callBuffer) release() {
	b.one = decoder.Record{}
	clear(b.recs[:b.used])
	b.used = 0
	if len(b.recs) > maxPooled {
		b.recs = nil
	}
	callBuffers.Put(b)
}

// copyOf returns a copy of a record to keep, with all its bytes in one slice.
func copyOf(rec *decoder.Record) decoder.Record {
	c := *rec
	parts := [...]*[]byte{&c.PartitionKey, &c.SequenceNumber, &c.Data, &c.EventID, &c.ExplicitHashKey}
	size := 0
	for _, p := range parts {
		size += len(*p)
	}
	room := make([]byte, 0, size)
	for _, p := range parts {
		if *p != nil {
			at := len(room)
			room = append(room, *p...)
			*p = room[at:len(room):len(room)]
		}
	}
	return c
}
