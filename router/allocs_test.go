//go:build !race && !poison

package router_test

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

// TestAllocations: an invocation allocates a small number of times, and not
// more often for more records. With the guard these are the invocation, a
// context with its timer, channel and the like, a goroutine's closure, and the
// answer.
func TestAllocations(t *testing.T) {
	for _, n := range nothing {
		for _, c := range []struct {
			name     string
			deadline bool
			most     float64
		}{{"", false, 4}, {"/deadline", true, 12}} {
			t.Run(n.name+c.name, func(t *testing.T) {
				ctx := t.Context()
				if c.deadline {
					var cancel context.CancelFunc
					ctx, cancel = context.WithDeadline(ctx, time.Now().Add(time.Hour))
					defer cancel()
				}
				r := router.New(n.handler)
				few := routertest.Event{Records: 10, Size: 200, Keys: 1}.Bytes()
				many := routertest.Event{Records: 3000, Size: 200, Keys: 1}.Bytes()
				count := func(event []byte) float64 {
					mustInvoke(t, ctx, r, event)
					return testing.AllocsPerRun(50, func() { mustInvoke(t, ctx, r, event) })
				}
				a, b := count(few), count(many)
				if a > c.most || b > a+1 { // a collection may empty a pool in between
					t.Errorf("%v allocations for 10 records, %v for 3000, want at most %v", a, b, c.most)
				}
			})
		}
	}
}

// TestAllocationsOfKeys: nor does the number of keys matter, but for the
// goroutines that work on them: some two allocations each.
func TestAllocationsOfKeys(t *testing.T) {
	const workers = 4
	r := router.New(nothing[2].handler, router.WithWorkers(workers))
	for _, keys := range []int{10, 1000} {
		event := routertest.Event{Records: 2000, Size: 100, Keys: keys}.Bytes()
		mustInvoke(t, t.Context(), r, event)
		if got, most := testing.AllocsPerRun(50, func() {
			mustInvoke(t, t.Context(), r, event)
		}), float64(6+3*workers); got > most {
			t.Errorf("%v allocations for %d keys, want at most %v", got, keys, most)
		}
	}
}

// TestAllocationsOfFailures: a failure costs what it takes to answer it,
// whatever comes before.
func TestAllocationsOfFailures(t *testing.T) {
	for _, records := range []int{10, 3000} {
		event := routertest.Event{Records: records, Size: 200}.Bytes()
		r := router.New(router.Each(func(_ context.Context, rec *decoder.Record) error {
			if rec.Index == records-1 {
				return errBoom
			}
			return nil
		}), quiet())
		if got := testing.AllocsPerRun(20, func() { _, _ = r.Invoke(t.Context(), event) }); got > 30 {
			t.Errorf("%v allocations for %d records", got, records)
		}
	}
}

// TestAllocationsOfLog: what is summed up in the log takes no memory, whether
// the logger wants it or not.
func TestAllocationsOfLog(t *testing.T) {
	const records = 3000
	event := event(strings.Repeat("a", records))
	count := func(opts ...router.Option) float64 {
		r := router.New(router.Each(func(context.Context, *decoder.Record) error { return skip }), opts...)
		return testing.AllocsPerRun(20, func() { mustInvoke(t, t.Context(), r, event) })
	}
	summed := count(router.WithLogger(slog.New(slog.NewJSONHandler(io.Discard, nil))), router.WithLogLimit(0))
	if unwanted := count(quiet()); summed > unwanted+40 {
		t.Errorf("%v allocations where %d records are summed up, %v where nothing is logged", summed, records, unwanted)
	}
}
