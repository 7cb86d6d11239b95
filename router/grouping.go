package router

import (
	"bytes"
	"hash/maphash"
	"sync"

	"example.com/sluice/decoder"
)

// group is records that belong together, in their order.
type group struct {
	items
	key []byte // the partition key they share, where that is what they have in common
}

// grouping is a batch's records sorted into groups, without an allocation for each of them. The order within a group is
// that of the event; the groups are ordered by their first good record, then those of bad records alone.
type grouping struct {
	groups []group
	order  []*group // the same, to be reordered

	table       []int32 // a hash table of indices into groups plus 1; 0 is free
	ids, counts []int32
	good, bad   []decoder.Record
	flaws       []*decoder.Error
}

var (
	groupings = sync.Pool{New: func() any { return new(grouping) }}
	hashSeed  = maphash.MakeSeed()
)

// byKey groups the batch's records by their partition key.
func (g *grouping) byKey(b *decoder.Batch) {
	size := 8
	for size < 2*(len(b.Records())+len(b.Bad())) {
		size *= 2
	}
	if cap(g.table) < size {
		g.table = make([]int32, size)
	}
	g.table = g.table[:size]
	clear(g.table)
	g.sort(b, g.idOfKey)
}

// idOfKey returns the group of a record's key, which it makes if it is new.
func (g *grouping) idOfKey(rec *decoder.Record) int32 {
	mask := uint64(len(g.table) - 1)
	for slot := maphash.Bytes(hashSeed, rec.PartitionKey) & mask; ; slot = (slot + 1) & mask {
		id := g.table[slot] - 1
		if id < 0 {
			id = g.add(rec.PartitionKey)
			g.table[slot] = id + 1
			return id
		}
		if bytes.Equal(g.groups[id].key, rec.PartitionKey) {
			return id
		}
	}
}

// add makes a group.
func (g *grouping) add(key []byte) int32 {
	g.groups = append(g.groups, group{key: key})
	return int32(len(g.groups) - 1)
}

// sort moves the batch's records to the groups that idOf says, keeping their order.
func (g *grouping) sort(b *decoder.Batch, idOf func(*decoder.Record) int32) {
	g.good = g.scatter(g.good[:0], b.Records(), idOf)
	end := 0
	for id := range g.groups {
		start := end
		end += int(g.counts[id])
		g.groups[id].good = g.good[start:end:end]
	}
	if len(b.Bad()) > 0 {
		g.bad = g.scatter(g.bad[:0], b.Bad(), idOf)
		g.sortFlaws(b)
	}
	for id := range g.groups {
		g.order = append(g.order, &g.groups[id])
	}
}

// scatter appends recs to dst ordered by group, and leaves the group of each in ids and the size of each group in counts.
func (g *grouping) scatter(dst, recs []decoder.Record, idOf func(*decoder.Record) int32) []decoder.Record {
	g.ids = g.ids[:0]
	for i := range recs {
		g.ids = append(g.ids, idOf(&recs[i]))
	}
	g.counts = append(g.counts[:0], make([]int32, len(g.groups))...)
	for _, id := range g.ids {
		g.counts[id]++
	}
	if cap(dst) < len(recs) {
		dst = make([]decoder.Record, len(recs))
	}
	dst = dst[:len(recs)]
	// Where each group's next record goes: first its start, at the end the start of the group behind it.
	next := int32(0)
	for id, n := range g.counts {
		g.counts[id] = next
		next += n
	}
	for i, id := range g.ids {
		dst[g.counts[id]] = recs[i]
		g.counts[id]++
	}
	for id := len(g.counts) - 1; id > 0; id-- {
		g.counts[id] -= g.counts[id-1]
	}
	return dst
}

// sortFlaws gives the groups their bad records, which scatter has just sorted, with their flaws.
func (g *grouping) sortFlaws(b *decoder.Batch) {
	byIndex := make(map[position]*decoder.Error, len(b.Failed()))
	for i, flaw := range b.Failed() {
		byIndex[positionOf(&b.Bad()[i])] = flaw
	}
	g.flaws = g.flaws[:0]
	for i := range g.bad {
		g.flaws = append(g.flaws, byIndex[positionOf(&g.bad[i])])
	}
	end := 0
	for id := range g.groups {
		start := end
		end += int(g.counts[id])
		g.groups[id].bad, g.groups[id].flaws = g.bad[start:end:end], g.flaws[start:end:end]
	}
}

// release gives the grouping back, without what it held.
func (g *grouping) release() {
	clear(g.groups)
	clear(g.order)
	clear(g.good)
	clear(g.bad)
	clear(g.flaws)
	g.groups, g.order = g.groups[:0], g.order[:0]
	groupings.Put(g)
}
