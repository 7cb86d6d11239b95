package router

import (
	"sync"

	"example.com/sluice/decoder"
)

// records holds the records of an event that was read as a whole. They are the
// decoder's own: handlers get copies, and nobody writes to them.
type records struct {
	good, bad []decoder.Record
	flaws     []*decoder.Error // of bad
	order     []entry          // all of them, in the event's order
}

// entry is a record of the event: an index into the good ones, or the
// complement of one into the bad ones.
type entry int32

func (e entry) bad() bool { return e < 0 }

// read puts the batch's records in order.
func (r *records) read(b *decoder.Batch) {
	r.good, r.bad, r.flaws = b.Records(), b.Bad(), b.Failed()
	good, bad := 0, 0
	for good < len(r.good) || bad < len(r.bad) {
		if bad == len(r.bad) || good < len(r.good) && positionOf(&r.good[good]) < positionOf(&r.bad[bad]) {
			r.order = append(r.order, entry(good))
			good++
			continue
		}
		r.order = append(r.order, ^entry(bad))
		bad++
	}
}

// reset drops the records, and keeps the memory of their order.
func (r *records) reset() {
	r.good, r.bad, r.flaws, r.order = nil, nil, nil, r.order[:0]
}

func (r *records) record(e entry) *decoder.Record {
	if e.bad() {
		return &r.bad[^e]
	}
	return &r.good[e]
}

func (r *records) position(e entry) position { return positionOf(r.record(e)) }

// last is the position of the last record, nowhere if there is none.
func (r *records) last() position {
	if len(r.order) == 0 {
		return nowhere
	}
	return r.position(r.order[len(r.order)-1])
}

// doneList is which of an event's records are done.
type doneList struct {
	good, bad []bool // by their index
	left      int    // how many are not
	room      []bool
}

var doneLists = sync.Pool{New: func() any { return new(doneList) }}

// newDoneList returns a list in which no record is done.
func newDoneList(r *records) *doneList {
	d := doneLists.Get().(*doneList)
	if cap(d.room) < len(r.order) {
		d.room = make([]bool, len(r.order))
	}
	room := d.room[:len(r.order)]
	clear(room)
	d.good, d.bad, d.left = room[:len(r.good)], room[len(r.good):], len(room)
	return d
}

func (d *doneList) add(entries []entry) {
	d.left -= len(entries)
	for _, e := range entries {
		if e.bad() {
			d.bad[^e] = true
		} else {
			d.good[e] = true
		}
	}
}

func (d *doneList) has(e entry) bool {
	if e.bad() {
		return d.bad[^e]
	}
	return d.good[e]
}

// firstPending is the position of the first record that is not done, or unread
// if all records that were read are done.
func (d *doneList) firstPending(r *records, unread position) position {
	if d.left == 0 {
		return unread
	}
	for _, e := range r.order { //mutant:the-highest-record-that-is-not-done-is-named
		if !d.has(e) {
			return r.position(e)
		}
	}
	return unread
}

// release gives the list back.
func (d *doneList) release() {
	if cap(d.room) <= maxPooled {
		doneLists.Put(d)
	}
}

// doneRecord is a record that is to be remembered.
type doneRecord struct {
	identity string
	digest   uint64
}

func appendDone(list []doneRecord, rec *decoder.Record) []doneRecord {
	if id := appendIdentity(nil, rec); len(id) > 0 {
		list = append(list, doneRecord{string(id), digest(rec)})
	}
	return list
}

// doneBehind returns the records that are done although they come again with
// the first pending one.
func doneBehind(r *records, done *doneList, pending position) []doneRecord {
	occurs := make(map[string]int)
	var id []byte
	for _, e := range r.order {
		id = appendIdentity(id[:0], r.record(e))
		occurs[string(id)]++
	}
	var list []doneRecord
	for _, e := range r.order {
		rec := r.record(e)
		id = appendIdentity(id[:0], rec)
		//mutant:what-is-not-done-is-remembered-as-done
		if done.has(e) && rec.Index >= pending.index() && occurs[string(id)] == 1 {
			list = appendDone(list, rec)
		}
	}
	return list
}

// position orders the records of an event: by their index, and inside an
// aggregate by their subsequence number, which stands in the lower bits.
type position int64

const (
	nowhere position = -1
	beyond  position = 1<<63 - 1 // behind every record

	subBits = 31
)

func positionOf(rec *decoder.Record) position {
	//mutant:the-place-inside-an-aggregate-is-not-looked-at
	return position(rec.Index)<<subBits | position(rec.SubSequenceNumber)
}

// index is the record's index in the event, sub its subsequence number.
func (p position) index() int { return int(p >> subBits) }
func (p position) sub() int   { return int(p & (1<<subBits - 1)) }
