package router

import (
	"context"
	"sync"

	"example.com/sluice/decoder"
)

// Partition gets the records of one partition key in order, in slices of at
// most [WithBatchSize] records; a key's next slice only once the one before it
// is done. Keys are worked on side by side, by as many goroutines as
// [WithWorkers] says, those with the lowest positions first. A bad record keeps
// its place in its key's order. Key and records are valid until Partition
// returns.
//
// User records of KPL aggregates are grouped by their own key, not by that of
// the aggregate.
type Partition func(ctx context.Context, key []byte, recs []decoder.Record) error

func (h Partition) mustBeWrappedInEachBatchOrPartition() bool { return h == nil }

func (h Partition) run(inv *invocation) error {
	return inv.partition(func(key []byte, recs []decoder.Record) error {
		return inv.call(inv.ctx, recs, func(ctx context.Context) error { return h(ctx, key, recs) })
	})
}

// partition groups the event's records by their key and works on the groups
// side by side.
func (inv *invocation) partition(call func(key []byte, recs []decoder.Record) error) error {
	return inv.batch(func(g *grouping) error {
		inv.recognise(g)
		g.byKey()
		workers := min(inv.workers, len(g.groups)) //mutant:more-workers-than-there-may-be
		if workers < 2 {
			inv.workOn(g, g.queue.next(nil), call)
			return nil
		}
		inv.progress.share()
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				if first := g.queue.next(nil); first != nil {
					growStack(0)
					inv.workOn(g, first, call)
				}
			})
		}
		wg.Wait()
		return nil
	})
}

// workOn does one step of a group, puts it back, and takes the group with the
// lowest next record, until none is left. A group that cannot go on is not put
// back.
func (inv *invocation) workOn(work *grouping, g *group, call func(key []byte, recs []decoder.Record) error) {
	w := inv.newWorker(&work.records)
	defer w.buffer.release()
	for g != nil {
		keyed := func(recs []decoder.Record) error { return call(inv.keyOf(g, recs), recs) }
		back := g
		if !w.step(g, inv.batchSize, keyed) || len(g.left) == 0 {
			back = nil
		}
		g = work.queue.next(back)
	}
}

// keyOf returns the key to hand over with records of a group.
func (inv *invocation) keyOf(g *group, recs []decoder.Record) []byte {
	if inv.copies {
		return recs[0].PartitionKey
	}
	return g.key
}
