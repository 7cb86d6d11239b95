package main

import (
	"context"
	"io"
	"log/slog"
	"testing"

	"example.com/sluice/router/routertest"
)

// BenchmarkMonitor is what the function costs an invocation: reading the event,
// looking at the records, writing the lines.
func BenchmarkMonitor(b *testing.B) {
	for name, e := range map[string]routertest.Event{
		"1000x1KiB":      {Records: 1000, Size: 1024},
		"1000x1KiB-gzip": {Records: 1000, Size: 1024, Kind: routertest.Compressed},
		"7000x200B":      {Records: 7000, Size: 200, Keys: 700},
	} {
		b.Run(name, func(b *testing.B) {
			event := e.Bytes()
			s, err := readSettings(nil)
			if err != nil {
				b.Fatal(err)
			}
			m := newFunction(s, slog.New(slog.NewJSONHandler(io.Discard, nil)), io.Discard)
			b.SetBytes(int64(len(event)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Invoke(context.Background(), event); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*e.Records), "ns/record")
		})
	}
}
