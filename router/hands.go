package router

import (
	"sync"

	"example.com/sluice/decoder"
)

// hands is the memory of the copies that one goroutine hands to handlers, one call after the other.
type hands struct {
	one  decoder.Record
	recs []decoder.Record
	used int // so many of recs may hold something

	copies bool // whether what is handed over may be kept: nothing of it is this memory then
}

var handsPool = sync.Pool{New: func() any { return new(hands) }}

// hands returns some for one goroutine of the invocation.
func (i *invocation) hands() *hands {
	h := handsPool.Get().(*hands)
	h.copies = i.copies
	return h
}

// give returns a copy of a record to hand over.
func (h *hands) give(rec *decoder.Record) *decoder.Record {
	if h.copies {
		kept := copyOf(rec)
		return &kept
	}
	h.one = *rec
	return &h.one
}

// giveAll returns copies of records to hand over.
func (h *hands) giveAll(g *grouping, entries []entry) []decoder.Record {
	if h.copies {
		recs := make([]decoder.Record, len(entries))
		for n, e := range entries {
			recs[n] = copyOf(&g.good[e])
		}
		return recs
	}
	if len(h.recs) < len(entries) {
		h.recs = make([]decoder.Record, len(entries))
	}
	recs := h.recs[:len(entries):len(entries)]
	h.used = max(h.used, len(entries))
	for n, e := range entries {
		recs[n] = g.good[e]
	}
	return recs
}

// release gives the memory back. It must not be called while a handler may still use it.
func (h *hands) release() {
	h.one = decoder.Record{}
	clear(h.recs[:h.used])
	h.used = 0
	if len(h.recs) > maxPooled {
		h.recs = nil
	}
	handsPool.Put(h)
}

// copyOf is a copy of a record that may be kept, its bytes in one piece.
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
