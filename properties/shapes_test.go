package properties

import (
	"context"
	"encoding/json"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
)

// This file makes the world's handler one of each shape.

var shapes = []string{
	"Each", "JSON", "Batch", "TypedBatch", "Partition", "TypedPartition", "ByTime", "ByTime with Late", "Tumbling",
}

func (w *world) handler() router.Handler {
	switch w.shape {
	case "Each":
		return router.Each(func(ctx context.Context, rec *decoder.Record) error {
			return w.handle(ctx, []*decoder.Record{rec})
		})
	case "JSON":
		return router.JSON(func(ctx context.Context, rec *decoder.Record, v *int) error {
			w.wantValue(rec, *v)
			return w.handle(ctx, []*decoder.Record{rec})
		})
	case "Batch":
		return w.batch()
	case "TypedBatch":
		return router.TypedBatch(json.Unmarshal, func(ctx context.Context, items []router.Item[int]) error {
			return w.handle(ctx, w.beside(items))
		})
	case "Partition":
		return router.Partition(func(ctx context.Context, key []byte, recs []decoder.Record) error {
			w.wantKey(key, pointers(recs))
			return w.handle(ctx, pointers(recs))
		})
	case "TypedPartition":
		return router.TypedPartition(json.Unmarshal, func(ctx context.Context, key []byte,
			items []router.Item[int],
		) error {
			recs := w.beside(items)
			w.wantKey(key, recs)
			return w.handle(ctx, recs)
		})
	case "ByTime", "ByTime with Late":
		return w.byTime()
	}
	return w.tumbling()
}

func (w *world) batch() router.Batch {
	return func(ctx context.Context, recs []decoder.Record) error { return w.handle(ctx, pointers(recs)) }
}

func (w *world) byTime() router.Handler {
	const size = 2 * time.Second
	h := router.ByTime{Size: size, Handle: func(ctx context.Context, start time.Time, recs []decoder.Record) error {
		for i := range recs {
			if at := recs[i].ApproximateArrivalTimestamp.Sub(start); at < 0 || at >= size {
				w.complain("a record %v behind its window's start", at)
			}
		}
		return w.handle(ctx, pointers(recs))
	}}
	if w.shape == "ByTime with Late" {
		h.Late = w.batch()
		h.After = func(context.Context, *decoder.Source) time.Time {
			return w.input[len(w.input)/2].ApproximateArrivalTimestamp
		}
	}
	return h
}

// tumbling keeps in the state which records were done.
func (w *world) tumbling() router.Handler {
	return router.Tumbling(func(ctx context.Context, _ *decoder.Window, state *[]int, recs []decoder.Record) error {
		v := ctx.Value(visitKey{}).(*visit)
		v.mu.Lock()
		before := len(v.order)
		v.mu.Unlock()
		err := w.handle(ctx, pointers(recs))
		v.mu.Lock()
		*state = append(*state, v.order[before:]...)
		v.mu.Unlock()
		return err
	})
}

func pointers(recs []decoder.Record) []*decoder.Record {
	p := make([]*decoder.Record, len(recs))
	for i := range recs {
		p[i] = &recs[i]
	}
	return p
}

// beside returns the items' records, and complains of wrong values.
func (w *world) beside(items []router.Item[int]) []*decoder.Record {
	p := make([]*decoder.Record, len(items))
	for i := range items {
		p[i] = items[i].Record
		w.wantValue(p[i], items[i].Value)
	}
	return p
}

func (w *world) wantValue(rec *decoder.Record, v int) {
	if i := w.unit(rec); v != i {
		w.complain("record %d with the value %d", i, v)
	}
}

func (w *world) wantKey(key []byte, recs []*decoder.Record) {
	for _, rec := range recs {
		if string(rec.PartitionKey) != string(key) {
			w.complain("a record of key %s for key %s", rec.PartitionKey, key)
		}
	}
}

func (w *world) complain(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.breaks("what is handed over", format, args...)
}
