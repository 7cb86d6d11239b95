package decoder_test

import (
	"bytes"
	"encoding/base64"
	"testing"

	simd "github.com/segmentio/asm/base64"

	"example.com/sluice/decoder"
	"example.com/sluice/router/routertest"
)

// These are the decoder's benchmarks of itself: the template reader beside the
// strict reader, and beside the floor, which is one copy of the event and the
// decoding of its data, at places that are known. Other decoders are measured
// in a module of their own.

// benchmarkEvents are events of all sizes, data of one length and of many.
var benchmarkEvents = []struct {
	name  string
	event func() []byte
}{
	{"1x256B", built(routertest.Event{Records: 1, Size: 256})},
	{"100x60B", built(routertest.Event{Records: 100, Size: 60})},
	{"10000x60B", built(routertest.Event{Records: 10000, Size: 60})},
	{"100x256B", built(routertest.Event{Records: 100, Size: 256})},
	{"7500x200B", built(routertest.Event{Records: 7500, Size: 200})},
	{"1000x1KiB", built(routertest.Event{Records: 1000, Size: 1 << 10})},
	{"40x100KiB", built(routertest.Event{Records: 40, Size: 100 << 10})},
	{"1x1MiB", built(routertest.Event{Records: 1, Size: 1 << 20})},
	{"1x4MiB", built(routertest.Event{Records: 1, Size: 4 << 20})},
	{"1000x20-380B", built(routertest.Event{Records: 1000, Data: varied(20, 380)})},
	{"40x20-180KiB", built(routertest.Event{Records: 40, Data: varied(20<<10, 180<<10)})},
	{"1000x256B-5%-odd", func() []byte {
		return rewritten(routertest.Event{Records: 1000, Size: 256}, func(i int, rec []byte) []byte {
			if i%20 != 19 {
				return rec
			}
			return bytes.Replace(rec, []byte(`","sequenceNumber"`), []byte(`", "sequenceNumber"`), 1)
		})
	}},
	{"1000x256B-all-odd", func() []byte {
		return rewritten(routertest.Event{Records: 1000, Size: 256}, func(i int, rec []byte) []byte {
			// An unknown member, somewhere else and with another value each
			// time.
			odd := []byte(`,"extra-` + string(rune('a'+i%23)) + `":` + sequence(i) + `,"`)
			commas := bytes.Count(rec, []byte(`,"`))
			at := 0
			for range 1 + i%(commas-1) {
				at += 2 + bytes.Index(rec[at:], []byte(`,"`))
			}
			return append(append(append([]byte{}, rec[:at-2]...), odd...), rec[at:]...)
		})
	}},
}

func built(e routertest.Event) func() []byte { return e.Bytes }

// varied gives data of lengths that are all over that range.
func varied(from, to int) func(i int) []byte {
	return func(i int) []byte {
		d := make([]byte, from+int(uint32(i)*2654435761>>4)%(to-from))
		for n := range d {
			d[n] = byte(n * (i + 3) >> 2)
		}
		return d
	}
}

// rewritten is the event with each record as f makes it.
func rewritten(e routertest.Event, f func(i int, rec []byte) []byte) []byte {
	const from, between, to = `{"Records":[`, `"},{"kinesis":`, `]}`
	text := e.Bytes()
	recs := bytes.Split(text[len(from):len(text)-len(to)], []byte(between))
	var b bytes.Buffer
	b.WriteString(from)
	for i, rec := range recs {
		if i > 0 {
			b.WriteString(`,`)
			rec = append([]byte(`{"kinesis":`), rec...)
		}
		if i < len(recs)-1 {
			rec = append(rec, `"}`...)
		}
		b.Write(f(i, rec))
	}
	b.WriteString(to)
	return b.Bytes()
}

// dataOf is where the base64 of the event's records stands.
func dataOf(event []byte) (spans [][2]int) {
	const name = `"data":"`
	for i := 0; ; {
		n := bytes.Index(event[i:], []byte(name))
		if n < 0 {
			return spans
		}
		i += n + len(name)
		n = bytes.IndexByte(event[i:], '"')
		spans = append(spans, [2]int{i, i + n})
		i += n
	}
}

var benchmarkSink int

func BenchmarkRecords(b *testing.B) {
	for _, e := range benchmarkEvents {
		b.Run(e.name, func(b *testing.B) {
			event := e.event()
			spans := dataOf(event)
			run := func(name string, f func() int) {
				b.Run(name, func(b *testing.B) {
					want := 0
					for _, p := range spans {
						want += base64.StdEncoding.DecodedLen(p[1]-p[0]) - bytes.Count(event[p[1]-2:p[1]], []byte("="))
					}
					for range 3 {
						if got := f(); got != want {
							b.Fatalf("%d bytes of data, want %d", got, want)
						}
					}
					b.ReportAllocs()
					b.SetBytes(int64(len(event)))
					for b.Loop() {
						benchmarkSink += f()
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(spans)), "ns/record")
				})
			}
			d := decoder.Decoder{}
			loop := func() int {
				n := 0
				for rec, err := range d.Records(event) {
					if err != nil {
						b.Fatal(err)
					}
					n += len(rec.Data)
				}
				return n
			}
			run("template-reader", loop)
			run("floor", floor(event, spans))
			d = strictly(d)
			run("strict-reader", loop)
		})
	}
}

// floor copies the event and decodes its data.
func floor(event []byte, spans [][2]int) func() int {
	room, data := make([]byte, len(event)), make([]byte, len(event))
	return func() int {
		copy(room, event)
		n := 0
		for _, p := range spans {
			m, err := simd.StdEncoding.Decode(data, room[p[0]:p[1]])
			if err != nil {
				return -1
			}
			n += m
		}
		return n
	}
}

// BenchmarkRecordsParallel reads as many events at once as there are CPUs.
func BenchmarkRecordsParallel(b *testing.B) {
	event := routertest.Event{Records: 100, Size: 256}.Bytes()
	b.SetBytes(int64(len(event)))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			for range decoder.Records(event) {
			}
		}
	})
}
