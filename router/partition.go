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

// partition groups the event's records by their key and works on the groups side
// by side.
func (i *invocation) partition(call func(key []byte, recs []decoder.Record) error) error {
	return i.batch(func(g *grouping) error {
		i.recognise(g)
		g.byKey()
		workers := min(i.workers, len(g.groups)) //mutant:more-workers-than-there-may-be
		if workers < 2 {
			i.workOn(g, g.queue.next(nil), call)
			return nil
		}
		i.progress.share()
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				if first := g.queue.next(nil); first != nil {
					growStack(0)
					i.workOn(g, first, call)
				}
			})
		}
		wg.Wait()
		return nil
	})
}

// workOn does one step of a group, puts it back, and takes the group with the
// lowest next record, until none is left. A group that does not get done is not
// put back.
func (i *invocation) workOn(work *grouping, g *group, call func(key []byte, recs []decoder.Record) error) {
	w := i.newWorker(&work.records)
	defer w.buffer.release()
	for g != nil {
		keyed := func(recs []decoder.Record) error { return call(i.keyOf(g, recs), recs) }
		back := g
		if !w.step(g, i.batchSize, keyed) || len(g.left) == 0 {
			back = nil
		}
		g = work.queue.next(back)
	}
}

// keyOf is the key of a group to hand over with records of it.
func (i *invocation) keyOf(g *group, recs []decoder.Record) []byte {
	if i.copies {
		return recs[0].PartitionKey
	}
	return g.key
}
