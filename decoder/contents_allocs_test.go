//go:build !race && !poison

package decoder_test

import (
	"strings"
	"testing"

	"github.com/klauspost/compress/snappy"

	"example.com/sluice/decoder"
)

// Splitting aggregates allocates nothing, however many user records they have.
func TestAggregatesAllocateNothing(t *testing.T) {
	var records []string
	for n, c := range fixtures[packed](t, "aggregates.json") {
		records = append(records, holding(n, c.Data))
	}
	ev := []byte(event(records...))
	got := 0
	if allocs := testing.AllocsPerRun(20, func() {
		for _, err := range deaggregate.Records(ev) {
			if err != nil {
				t.Fatal(err)
			}
			got++
		}
	}); allocs != 0 || got < 300 {
		t.Errorf("%v allocations an event, %d records", allocs, got)
	}
}

// Nor does decompressing, once there is memory for what comes out.
func TestCodecsAllocateNothing(t *testing.T) {
	var texts [][]byte
	for _, n := range []int{1, 10, 100, 1000} {
		texts = append(texts, []byte(strings.Repeat(poem, n)))
	}
	for name, compress := range map[string]func([]byte) []byte{
		"gzip": gzipped, "zlib": zlibbed, "zstd": zstdded, "snappy": func(b []byte) []byte {
			return snappy.Encode(nil, b)
		}, "framed": framed,
	} {
		codec, known := codecs[name]
		if !known {
			codec = decoder.Snappy
		}
		var records []string
		for n, text := range texts {
			data := compress(text)
			records = append(records, holding(n, data), holding(n,
				seal(append(msg("1:k"), userRecords(data, data)...))))
		}
		ev := []byte(event(records...))
		for _, codec := range []decoder.Codec{codec, decoder.Auto} {
			got := 0
			if allocs := testing.AllocsPerRun(20, func() {
				got = 0
				for rec, err := range (decoder.Decoder{Codec: codec, Deaggregate: true}).Records(ev) {
					if err != nil {
						t.Fatal(err)
					}
					got += len(rec.Data)
				}
			}); allocs != 0 || codec != decoder.Auto && got != 3*1111*len(poem) {
				t.Errorf("%s by %s: %v allocations an event, %d bytes", name, codec, allocs, got)
			}
		}
	}
}
