package router

import (
	"context"
	"sync"

	"example.com/sluice/decoder"
)

// Partition gets the records of one partition key in order, in slices of at most [WithBatchSize] records; a key's next
// slice only once the one before it is done. Keys are worked on side by side, by as many goroutines as [WithWorkers]
// says, those with the lowest positions first. A bad record stands in its key's order like the others. Key and records are
// valid until Partition returns.
//
// User records of KPL aggregates are grouped by their own key, not by that of the aggregate.
type Partition func(ctx context.Context, key []byte, recs []decoder.Record) error

func (h Partition) mustBeWrappedInEachBatchOrPartition() bool { return h == nil }

func (h Partition) run(i *invocation) error {
	return i.partition(func(key []byte, recs []decoder.Record) error {
		return i.call(i.ctx, recs, func(ctx context.Context) error { return h(ctx, key, recs) })
	})
}

// partition groups the event's records by their key and works on the groups side by side.
func (i *invocation) partition(call func(key []byte, recs []decoder.Record) error) error {
	return i.batch(func(g *grouping) error {
		i.recognise(g)
		g.byKey()
		workers := min(i.workers, len(g.groups)) //mutant:more-workers-than-there-may-be
		if workers < 2 {
			i.workOn(g, call)
			return nil
		}
		i.share()
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				i.lock()
				defer i.unlock()
				if len(g.ready) > 0 {
					growStack(0)
					i.workOn(g, call)
				}
			})
		}
		i.unlock()
		wg.Wait()
		i.lock()
		return nil
	})
}

// workOn takes the group with the lowest next record, does one step of it, and puts it back, until none is left. In between the group
// is its own. What a group still holds at the end is not done.
func (i *invocation) workOn(work *grouping, call func(key []byte, recs []decoder.Record) error) {
	hands := i.hands()
	for g := work.next(); g != nil; g = work.next() {
		keyed := func(recs []decoder.Record) error { return call(i.keyOf(g, recs), recs) }
		if i.step(hands, g, i.batchSize, keyed) && len(g.left) > 0 {
			work.again(g)
		}
	}
	hands.release()
}

// keyOf is the key of a group to hand over with records of it.
func (i *invocation) keyOf(g *group, recs []decoder.Record) []byte {
	if i.copies {
		return recs[0].PartitionKey
	}
	return g.key
}
