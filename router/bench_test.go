package router_test

import (
	"context"
	"testing"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

// nothing are handlers that do nothing, so that what remains is the router's
// own work.
var nothing = []struct {
	name    string
	handler router.Handler
}{
	{"Each", router.Each(func(context.Context, *decoder.Record) error { return nil })},
	{"Batch", router.Batch(func(context.Context, []decoder.Record) error { return nil })},
	{"Partition", router.Partition(func(context.Context, []byte, []decoder.Record) error { return nil })},
}

// BenchmarkInvoke measures whole invocations, without and with a deadline;
// "decoder" is a loop over the event's records without a router.
func BenchmarkInvoke(b *testing.B) {
	for _, e := range []struct {
		name string
		routertest.Event
	}{
		{"1x256", routertest.Event{Records: 1, Size: 256}},
		{"100x256", routertest.Event{Records: 100, Size: 256, Keys: 10}},
		{"7500x200", routertest.Event{Records: 7500, Size: 200, Keys: 100}},
	} {
		event := e.Bytes()
		run := func(name string, invoke func()) {
			b.Run(e.name+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					invoke()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(e.Records), "ns/record")
			})
		}
		run("decoder", func() {
			for _, err := range decoder.Records(event) {
				if err != nil {
					b.Fatal(err)
				}
			}
		})
		for _, n := range nothing {
			r := router.New(n.handler)
			run(n.name, func() { mustInvoke(b, b.Context(), r, event) })
			ctx, cancel := context.WithDeadline(b.Context(), time.Now().Add(time.Hour))
			run(n.name+"-deadline", func() { mustInvoke(b, ctx, r, event) })
			cancel()
		}
	}
}

func mustInvoke(tb testing.TB, ctx context.Context, r *router.Router, event []byte) {
	answer, err := r.Invoke(ctx, event)
	if err != nil || string(answer) != allDone {
		tb.Fatalf("answered %s, %v", answer, err)
	}
}

// BenchmarkCopies is what WithCopies costs: the same invocation with views and
// with copies.
func BenchmarkCopies(b *testing.B) {
	for _, e := range []struct {
		name string
		routertest.Event
	}{
		{"100x256", routertest.Event{Records: 100, Size: 256, Keys: 10}},
		{"7500x200", routertest.Event{Records: 7500, Size: 200, Keys: 100}},
		{"1000x4096", routertest.Event{Records: 1000, Size: 4096, Keys: 100}},
	} {
		event := e.Bytes()
		for _, n := range nothing {
			for _, c := range []struct {
				name string
				opts []router.Option
			}{{"views", nil}, {"copies", []router.Option{router.WithCopies()}}} {
				b.Run(e.name+"/shape="+n.name+"/records="+c.name, func(b *testing.B) {
					r := router.New(n.handler, c.opts...)
					b.ReportAllocs()
					for b.Loop() {
						mustInvoke(b, b.Context(), r, event)
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(e.Records), "ns/record")
				})
			}
		}
	}
}
