package router

import (
	"context"
	"math"
	"time"

	"example.com/sluice/decoder"
)

// ByTime gets the event's records in windows of their arrival time, one window
// at a time, the earliest first. It knows nothing of other events: a window
// that two events fall into is handled in each. For windows across events see
// [Tumbling].
//
// Within a window the order is that of the event. A bad record keeps its place
// in its window's order, and ends the slice before it. Records without an
// arrival time are in a window of their own, which starts at the zero time. The
// records are valid until the function that gets them returns.
type ByTime struct {
	_ struct{} // more may come

	// Size is the width of a window; windows are aligned to the epoch. With 0
	// or less there is one window, which starts with the earliest of its
	// records.
	Size time.Duration

	// After returns the watermark: what arrived at or before it is late. If it
	// is nil nothing is late.
	After func(ctx context.Context, src *decoder.Source) time.Time

	// Handle gets a window's records, all in one slice.
	Handle func(ctx context.Context, start time.Time, recs []decoder.Record) error

	// Late gets the late records before any window is handled, in slices of at
	// most [WithBatchSize] records. With nil they go to Handle like the others.
	Late Batch
}

func (h ByTime) mustBeWrappedInEachBatchOrPartition() bool { return h.Handle == nil }

func (h ByTime) run(inv *invocation) error {
	return inv.batch(func(g *grouping) error {
		if !h.group(inv, g) {
			return nil
		}
		g.sortByWindow()
		w := inv.newWorker(&g.records)
		defer w.buffer.release()
		for n := range g.groups {
			h.handle(&w, &g.groups[n])
		}
		return nil
	})
}

// group sorts the records into windows. It returns false if it could not get
// the watermark; then no record is handled.
func (h ByTime) group(inv *invocation, g *grouping) bool {
	var source *decoder.Source // whose watermark is known
	var watermark time.Time
	ids := make(map[window]int32)
	failed := false
	g.sort(func(e entry) int32 {
		rec := g.record(e)
		if h.After != nil && h.Late != nil && rec.Source != source && !failed {
			source = rec.Source
			watermark, failed = h.after(inv, g, source)
		}
		w := h.window(rec.ApproximateArrivalTimestamp, watermark)
		id, ok := ids[w]
		if !ok {
			id = g.add(group{window: w})
			ids[w] = id
		}
		return id
	})
	return !failed
}

// after asks for the watermark.
func (h ByTime) after(inv *invocation, g *grouping, source *decoder.Source) (watermark time.Time, failed bool) {
	first := g.record(g.todo[0])
	if !inv.progress.startOne(positionOf(first), inv.ctx.Err() != nil) {
		return watermark, true
	}
	err := inv.callUserCode(first, 0, nil, func() error { watermark = h.After(inv.ctx, source); return nil })
	if err != nil && err != errNotCalled {
		inv.fail(first, retry, nil, err)
	}
	return watermark, err != nil
}

// window returns the window that a record of this arrival time belongs to. If
// all records are in one window, its start is not known yet.
func (h ByTime) window(at, watermark time.Time) window {
	switch {
	case at.IsZero():
		return window{kind: unknown}
	case !watermark.IsZero() && !at.After(watermark):
		return window{kind: late}
	case h.Size <= 0:
		return window{kind: timed}
	}
	return window{timed, alignedStart(at, h.Size)}
}

// alignedStart returns the last multiple of size, counted from the epoch, that
// is not after at. A time may be further from the epoch than an int64 of
// nanoseconds reaches, which is some 292 years; package time counts from year
// 1, without that bound.
func alignedStart(at time.Time, size time.Duration) time.Time {
	epoch := time.Unix(0, 0).UTC()
	shift := epoch.Sub(epoch.Truncate(size))
	return at.UTC().Add(-shift).Truncate(size).Add(shift)
}

// handle works on one window.
func (h ByTime) handle(w *worker, g *group) {
	if g.window.kind == late {
		w.inOrder(g, w.batchSize, w.toBatch(h.Late))
		return
	}
	start := g.window.start
	if g.window.kind == timed && h.Size <= 0 {
		start = earliest(w.records, g.left)
	}
	w.inOrder(g, math.MaxInt, func(recs []decoder.Record) error {
		return w.call(w.ctx, recs, func(ctx context.Context) error { return h.Handle(ctx, start, recs) })
	})
}

// earliest returns the first arrival time of records that have one.
func earliest(r *records, entries []entry) time.Time {
	at := r.record(entries[0]).ApproximateArrivalTimestamp
	for _, e := range entries {
		if t := r.record(e).ApproximateArrivalTimestamp; t.Before(at) {
			at = t
		}
	}
	return at
}
