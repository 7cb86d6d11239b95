package router

import (
	"context"

	"example.com/sluice/decoder"
)

// Batch gets the event's records in order, in slices of at most [WithBatchSize] records. A bad record ends the slice
// before it. The records are valid until Batch returns; [decoder.Record.Clone] keeps one.
type Batch func(ctx context.Context, recs []decoder.Record) error

func (h Batch) mustBeWrappedInEachBatchOrPartition() bool { return h == nil }

func (h Batch) run(i *invocation) error {
	return i.batch(func(g *grouping) error {
		i.recognise(g)
		w := i.newWorker(&g.records)
		defer w.buffer.release()
		w.inOrder(g.whole(), i.batchSize, i.toBatch(h))
		return nil
	})
}

func (i *invocation) toBatch(h Batch) func([]decoder.Record) error {
	return func(recs []decoder.Record) error {
		return i.call(i.ctx, recs, func(ctx context.Context) error { return h(ctx, recs) })
	}
}
