package bench

import (
	"fmt"
	"strings"
	"testing"

	"example.com/sluice/decoder"
)

// BenchmarkHostile measures events that are made to be slow to read, at the
// size that Lambda allows and at a quarter of it: the time for each byte must
// not grow with the size.
func BenchmarkHostile(b *testing.B) {
	for _, h := range []struct{ name, before, repeated string }{
		{"arrays", `{"Records":[`, `[`},
		{"pairs", `{"Records":[`, `[[]],`},
		{"objects", `{"Records":[`, `{},`},
		{"nested", `{"Records":[`, `{"a":`},
		{"escapes", `{"Records":[{"a":"`, `\"`},
		{"unknown", `{"Records":[],"a":[`, `[[]],`},
		{"members", `{"Records":[{"kinesis":{`, `"a":0,`},
		{"records", `{"Records":[`, `{"kinesis":{}},`},
		{"data", `{"Records":[{"kinesis":{"data":"`, `\u0041`},
	} {
		for _, size := range []int{6 << 18, 6 << 20} {
			event := []byte(h.before + strings.Repeat(h.repeated, size/len(h.repeated)))
			b.Run(fmt.Sprintf("%s/%dKiB", h.name, size>>10), func(b *testing.B) {
				b.SetBytes(int64(len(event)))
				b.ReportAllocs()
				for b.Loop() {
					if err := lastError(event); err == nil {
						b.Fatal("a broken event is read without an error")
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(event)), "ns/byte")
			})
		}
	}
}

// lastError reads the event as far as possible and returns the error that ends
// it.
func lastError(event []byte) (broken error) {
	for rec, err := range decoder.Records(event) {
		if rec == nil {
			broken = err
		}
	}
	return broken
}
