package router

import (
	"bytes"
	"container/heap"
	"hash/maphash"
	"sync"

	"example.com/sluice/decoder"
)

// This file is what the shapes that read the whole event know of its records: in which order they stand, which belong together, and
// which are done. Handlers get copies, so that nothing they do to their slices changes it.

// entry is a record of the event: an index into the good ones, or the complement of one into the bad ones.
type entry int32

func (e entry) bad() bool { return e < 0 }

// group is records that belong together, in their order.
type group struct {
	key    []byte  // the partition key they share, where that is what they have in common
	window window  // their window, where it is that
	left   []entry // those that are not done
}

// grouping is a batch's records, sorted into groups without an allocation for each of them. The order within a group is that of the
// event, the order of groups that of their first records.
type grouping struct {
	good, bad []decoder.Record // the decoder's
	flaws     []*decoder.Error // of bad

	order   []entry // all that there is to do, in the event's order
	known   []entry // what is known to be done
	groups  []group
	grouped bool       // whether they are complete
	ready   byPosition // the groups that wait for a worker

	sorted      []entry // what the groups' slices are parts of
	table       []int32 // a hash table of indices into groups plus 1; 0 is free
	ids, counts []int32
}

var (
	groupings = sync.Pool{New: func() any { return new(grouping) }}
	hashSeed  = maphash.MakeSeed()
)

// read puts the batch's records in order.
func (g *grouping) read(b *decoder.Batch) {
	g.good, g.bad, g.flaws = b.Records(), b.Bad(), b.Failed()
	good, bad := 0, 0
	for good < len(g.good) || bad < len(g.bad) {
		if bad == len(g.bad) || good < len(g.good) && positionOf(&g.good[good]) < positionOf(&g.bad[bad]) {
			g.order = append(g.order, entry(good))
			good++
			continue
		}
		g.order = append(g.order, ^entry(bad))
		bad++
	}
}

func (g *grouping) record(e entry) *decoder.Record {
	if e.bad() {
		return &g.bad[^e]
	}
	return &g.good[e]
}

func (g *grouping) position(e entry) position { return positionOf(g.record(e)) }

// first returns the first record that is not done, nil where all are.
func (g *grouping) first() *decoder.Record {
	var first *decoder.Record
	if !g.grouped && len(g.order) > 0 {
		return g.record(g.order[0])
	}
	for n := range g.groups {
		if left := g.groups[n].left; len(left) > 0 {
			if rec := g.record(left[0]); first == nil || positionOf(rec) < positionOf(first) { //mutant:the-highest-record-that-is-not-done-is-named
				first = rec
			}
		}
	}
	return first
}

// whole makes one group of all records.
func (g *grouping) whole() *group {
	g.groups, g.grouped = append(g.groups, group{left: g.order}), true
	return &g.groups[0]
}

// byKey groups the records by their partition key.
func (g *grouping) byKey() {
	size := 8
	for size < 2*len(g.order) {
		size *= 2
	}
	if cap(g.table) < size {
		g.table = make([]int32, size)
	}
	g.table = g.table[:size]
	clear(g.table)
	g.sort(g.idOfKey)
	for n := range g.groups {
		g.ready = append(g.ready, &g.groups[n])
	}
}

// idOfKey returns the group of a record's key, which it makes if it is new.
func (g *grouping) idOfKey(e entry) int32 {
	rec := g.record(e)
	mask := uint64(len(g.table) - 1) //mutant:a-bad-record-does-not-stand-in-its-key-s-order
	for slot := maphash.Bytes(hashSeed, rec.PartitionKey) & mask; ; slot = (slot + 1) & mask {
		id := g.table[slot] - 1
		if id < 0 {
			id = g.add(group{key: rec.PartitionKey})
			g.table[slot] = id + 1
			return id
		}
		if bytes.Equal(g.groups[id].key, rec.PartitionKey) { //mutant:keys-are-told-apart-by-their-hash-alone
			return id
		}
	}
}

// add makes a group.
func (g *grouping) add(new group) int32 {
	g.groups = append(g.groups, new)
	return int32(len(g.groups) - 1)
}

// sort gives the records to the groups that idOf says, keeping their order.
func (g *grouping) sort(idOf func(entry) int32) {
	for _, e := range g.order {
		g.ids = append(g.ids, idOf(e))
	}
	g.counts = append(g.counts, make([]int32, len(g.groups))...)
	for _, id := range g.ids {
		g.counts[id]++
	}
	g.sorted = append(g.sorted, g.order...)
	end := int32(0)
	for id, n := range g.counts {
		g.groups[id].left = g.sorted[end : end : end+n]
		end += n
	}
	for n, id := range g.ids {
		g.groups[id].left = append(g.groups[id].left, g.order[n])
	}
	g.grouped = true
}

// release gives the grouping back, without what it held.
func (g *grouping) release() {
	clear(g.ready[:min(cap(g.ready), len(g.groups))])
	clear(g.groups)
	g.good, g.bad, g.flaws, g.grouped = nil, nil, nil, false
	g.order, g.known, g.groups, g.ready, g.sorted = g.order[:0], g.known[:0], g.groups[:0], g.ready[:0], g.sorted[:0]
	g.ids, g.counts = g.ids[:0], g.counts[:0]
	if cap(g.order) > maxPooled {
		return
	}
	groupings.Put(g)
}

// maxPooled is for how many records memory is kept from one event to the next.
const maxPooled = 1 << 16

// next takes the group whose next record is the lowest from those that are ready, nil where none is.
func (g *grouping) next() *group {
	if len(g.ready) == 0 {
		return nil
	}
	h := readyHeap{g}
	return heap.Pop(h).(*group)
}

// again makes a group ready that next has taken.
func (g *grouping) again(one *group) { heap.Push(readyHeap{g}, one) }

// byPosition is groups as a heap, the one with the lowest next record on top. Those of byKey are in this order from the start.
type byPosition []*group

type readyHeap struct{ *grouping }

func (h readyHeap) Len() int      { return len(h.ready) }
func (h readyHeap) Swap(a, b int) { h.ready[a], h.ready[b] = h.ready[b], h.ready[a] }
func (h readyHeap) Push(g any)    { h.ready = append(h.ready, g.(*group)) }
func (h readyHeap) Less(a, b int) bool {
	return h.position(h.ready[a].left[0]) < h.position(h.ready[b].left[0])
}
func (h readyHeap) Pop() any {
	last := len(h.ready) - 1
	g := h.ready[last]
	h.ready = h.ready[:last]
	return g
}
