package router

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"example.com/sluice/decoder"
)

// ByTime gets the event's records by windows of their arrival time, one window at a time, the earliest first. It knows
// nothing of other events: a window that two events fall into is handled in each. For windows across events see [Tumbling].
//
// Within a window the order is that of the event. A bad record stands in its window's order like the others, and ends the
// slice before it. Records without an arrival time are in a window of their own, which starts at the zero time. The records
// are valid until the function that gets them returns.
type ByTime struct {
	// Size is the width of a window; windows are aligned to the epoch. With 0 or less there is one window, which starts
	// with the earliest of its records.
	Size time.Duration

	// After gives the watermark: what arrived at or before it is late. With nil nothing is.
	After func(ctx context.Context, src *decoder.Source) time.Time

	// Handle gets a window's records, all in one slice.
	Handle func(ctx context.Context, start time.Time, recs []decoder.Record) error

	// Late gets the late records before any window is handled, in slices of at most [WithBatchSize] records. With nil they go to
	// Handle like the others.
	Late Batch
}

func (h ByTime) isNil() bool { return h.Handle == nil }

func (h ByTime) run(ctx context.Context, i *invocation) error {
	return i.batch(func(b *decoder.Batch) error {
		all := itemsOf(b)
		if all.empty() {
			return nil
		}
		g := groupings.Get().(*grouping)
		defer g.release()
		var windows []window
		if err := i.protect(all.first(), func() error { windows = h.group(ctx, g, b); return nil }); err != nil {
			i.fail(all.first(), retry, err)
			i.stop(all.first())
			return nil
		}
		slices.SortFunc(windows, func(a, b window) int { return cmp.Compare(a.start, b.start) })
		for _, w := range windows {
			h.handle(ctx, i, w, g.groups[w.group].items)
		}
		return nil
	})
}

// window is a group of records by its start, in nanoseconds since the epoch.
type window struct {
	start int64
	group int32
}

// Starts that are no times: that of the late records, and of those without an arrival time.
const (
	late    = math.MinInt64
	unknown = math.MinInt64 + 1
)

// group sorts the batch into g by windows.
func (h ByTime) group(ctx context.Context, g *grouping, b *decoder.Batch) []window {
	var windows []window
	var source *decoder.Source // whose watermark is known
	var watermark time.Time
	ids := make(map[int64]int32)
	g.sort(b, func(rec *decoder.Record) int32 {
		if h.After != nil && h.Late != nil && rec.Source != source {
			source, watermark = rec.Source, h.After(ctx, rec.Source)
		}
		start := h.start(rec.ApproximateArrivalTimestamp, watermark)
		id, ok := ids[start]
		if !ok {
			id = g.add(nil)
			ids[start] = id
			windows = append(windows, window{start, id})
		}
		return id
	})
	return windows
}

// start returns the start of the window that a record of this arrival time belongs to.
func (h ByTime) start(at, watermark time.Time) int64 {
	switch {
	case at.IsZero():
		return unknown
	case !watermark.IsZero() && !at.After(watermark):
		return late
	case h.Size <= 0:
		return 0
	}
	ns, size := at.UnixNano(), int64(h.Size)
	start := ns - ns%size
	if start > ns {
		start -= size // before the epoch
	}
	return start
}

func (h ByTime) handle(ctx context.Context, i *invocation, w window, t items) {
	if w.start == late {
		i.inOrder(ctx, t, i.batchSize, func(recs []decoder.Record) int { return i.handOver(ctx, recs, h.Late) })
		return
	}
	start := time.Unix(0, w.start).UTC()
	switch {
	case w.start == unknown:
		start = time.Time{}
	case h.Size <= 0:
		start = earliest(t)
	}
	i.inOrder(ctx, t, math.MaxInt, func(recs []decoder.Record) int {
		return i.handOver(ctx, recs, func(ctx context.Context, recs []decoder.Record) error { return h.Handle(ctx, start, recs) })
	})
}

// earliest returns the first arrival time of items that have one.
func earliest(t items) time.Time {
	at := t.first().ApproximateArrivalTimestamp
	for _, recs := range [][]decoder.Record{t.good, t.bad} {
		for n := range recs {
			if recs[n].ApproximateArrivalTimestamp.Before(at) {
				at = recs[n].ApproximateArrivalTimestamp
			}
		}
	}
	return at
}
