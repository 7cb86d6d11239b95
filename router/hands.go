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
}

var handsPool = sync.Pool{New: func() any { return new(hands) }}

// give returns a copy of a record to hand over.
func (h *hands) give(rec *decoder.Record) *decoder.Record {
	h.one = *rec
	return &h.one
}

// giveAll returns copies of records to hand over.
func (h *hands) giveAll(g *grouping, entries []entry) []decoder.Record {
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
