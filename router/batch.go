package router

import (
	"context"

	"example.com/sluice/decoder"
)

// Batch gets the event's records in order, in slices of at most [WithBatchSize]
// records. A bad record ends the slice before it. The records are valid until
// Batch returns; [decoder.Record.Clone] keeps one.
type Batch func(ctx context.Context, recs []decoder.Record) error

func (h Batch) mustBeWrappedInEachBatchOrPartition() bool { return h == nil }

func (h Batch) run(inv *invocation) error {
	return inv.batch(func(g *grouping) error {
		inv.recognise(g)
		w := inv.newWorker(&g.records)
		defer w.buffer.release()
		w.inOrder(g.whole(), inv.batchSize, inv.toBatch(h))
		return nil
	})
}

func (inv *invocation) toBatch(h Batch) func([]decoder.Record) error {
	return func(recs []decoder.Record) error {
		return inv.call(inv.ctx, recs, func(ctx context.Context) error { return h(ctx, recs) })
	}
}
