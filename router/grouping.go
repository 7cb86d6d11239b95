package router

import (
	"bytes"
	"cmp"
	"container/heap"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"example.com/sluice/decoder"
)

// This file groups records that belong together. A group belongs to its worker:
// nobody else looks at what is left in it.

// window is a window of arrival time. Windows are compared by == too: start is
// UTC, without a monotonic clock.
type window struct {
	kind  windowKind
	start time.Time
}

// windowKind says which windows come first.
type windowKind uint8

const (
	late    windowKind = iota // of the late records
	unknown                   // of those without an arrival time
	timed
)

func (w window) compare(v window) int {
	return cmp.Or(cmp.Compare(w.kind, v.kind), w.start.Compare(v.start))
}

// group is records that belong together, in order.
type group struct {
	key    []byte  // their partition key, if they are grouped by key
	window window  // their window, if they are grouped by time
	left   []entry // those that are not done yet
}

// grouping is an event's records, sorted into groups without an allocation for
// each of them. The order within a group is that of the event, the order of
// groups that of their first records.
type grouping struct {
	records
	window *decoder.Window // of the event
	inPart bool            // whether the event was not read to its end

	todo   []entry // the records to be handled, in the event's order: all but those known to be done
	groups []group

	sorted      []entry // the memory of the groups' slices
	table       []int32 // a hash table of indices into groups plus 1; 0 is free
	ids, counts []int32
	queue       queue
}

var (
	groupings = sync.Pool{New: func() any { return new(grouping) }}
	hashSeed  = maphash.MakeSeed()
)

// newGrouping takes a batch's records, all of them to be handled.
func newGrouping(b *decoder.Batch) *grouping {
	g := groupings.Get().(*grouping)
	g.read(b)
	g.window, g.inPart = b.Window(), b.Unread() != nil
	g.todo = g.order
	return g
}

// whole makes one group of all records.
func (g *grouping) whole() *group {
	g.groups = append(g.groups, group{left: g.todo})
	return &g.groups[0]
}

// keep leaves only these entries to do.
func (g *grouping) keep(todo []entry) { g.todo = todo }

// begin adds n groups without records.
func (g *grouping) begin(n int) { g.groups = append(g.groups, make([]group, n)...) }

// sortByWindow puts the groups in the order of their windows.
func (g *grouping) sortByWindow() {
	slices.SortFunc(g.groups, func(a, b group) int { return a.window.compare(b.window) })
}

// byKey groups the records by their partition key.
func (g *grouping) byKey() {
	size := 8
	for size < 2*len(g.todo) {
		size *= 2
	}
	if cap(g.table) < size {
		g.table = make([]int32, size)
	}
	g.table = g.table[:size]
	clear(g.table)
	g.sort(g.idOfKey)
	g.queue.fill(g)
}

// idOfKey returns the group of a record's key, a new one if the key is new.
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
func (g *grouping) add(one group) int32 {
	g.groups = append(g.groups, one)
	return int32(len(g.groups) - 1)
}

// sort puts each record into the group that idOf returns for it, and keeps
// their order.
func (g *grouping) sort(idOf func(entry) int32) {
	for _, e := range g.todo {
		g.ids = append(g.ids, idOf(e))
	}
	g.counts = append(g.counts, make([]int32, len(g.groups))...)
	for _, id := range g.ids {
		g.counts[id]++
	}
	g.sorted = append(g.sorted, g.todo...)
	end := int32(0)
	for id, n := range g.counts {
		g.groups[id].left = g.sorted[end : end : end+n]
		end += n
	}
	for n, id := range g.ids {
		g.groups[id].left = append(g.groups[id].left, g.todo[n])
	}
}

// release returns the grouping to its pool.
func (g *grouping) release() {
	clear(g.groups)
	g.queue.reset(len(g.groups))
	g.records.reset()
	g.window, g.todo = nil, nil
	g.groups, g.sorted = g.groups[:0], g.sorted[:0]
	g.ids, g.counts = g.ids[:0], g.counts[:0]
	if cap(g.order) <= maxPooled {
		groupings.Put(g)
	}
}

// maxPooled is the number of records above which memory is not kept for the
// next event.
const maxPooled = 1 << 16

// queue holds the groups that wait for a worker, as a heap with the lowest next
// record on top. It locks for itself; what it hands out belongs to the worker.
type queue struct {
	mu      sync.Mutex
	records *records
	waiting []*group
}

// fill puts all groups into the queue. They are a valid heap from the start.
func (q *queue) fill(g *grouping) {
	q.records = &g.records
	for n := range g.groups {
		q.waiting = append(q.waiting, &g.groups[n])
	}
}

// next puts a group back, unless it is nil, and takes the one with the lowest
// next record, nil if none waits.
func (q *queue) next(back *group) *group {
	q.mu.Lock()
	defer q.mu.Unlock()
	if back != nil {
		heap.Push(queueHeap{q}, back)
	}
	if len(q.waiting) == 0 {
		return nil
	}
	return heap.Pop(queueHeap{q}).(*group)
}

// reset empties the queue. groups is the most that it has held.
func (q *queue) reset(groups int) {
	clear(q.waiting[:min(cap(q.waiting), groups)])
	q.records, q.waiting = nil, q.waiting[:0]
}

// queueHeap is a queue, locked, for package heap.
type queueHeap struct{ *queue }

func (h queueHeap) Len() int      { return len(h.waiting) }
func (h queueHeap) Swap(a, b int) { h.waiting[a], h.waiting[b] = h.waiting[b], h.waiting[a] }
func (h queueHeap) Push(g any)    { h.waiting = append(h.waiting, g.(*group)) }
func (h queueHeap) Less(a, b int) bool {
	return h.records.position(h.waiting[a].left[0]) < h.records.position(h.waiting[b].left[0])
}

func (h queueHeap) Pop() any {
	last := len(h.waiting) - 1
	g := h.waiting[last]
	h.waiting = h.waiting[:last]
	return g
}
