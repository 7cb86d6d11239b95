//go:build !race && !poison

package decoder_test

import (
	"bytes"
	"runtime/debug"
	"strings"
	"testing"

	"example.com/sluice/decoder"
	"example.com/sluice/router/routertest"
)

// Reading an event allocates nothing once the decoder has learned its template,
// whatever the number and the size of its records.

// steady are events that a process that has read them before reads without
// allocating.
var steady = map[string][]byte{
	"one record":          []byte(event(plain(1))),
	"a hundred records":   many(100, 200),
	"ten thousand":        many(10_000, 20),
	"records of 100 kB":   many(20, 100_000),
	"a record of 4 MB":    many(1, 4<<20),
	"no data":             []byte(event(withData(1, ""), withData(2, ""))),
	"members and no more": []byte(event(brief, with(brief, `"1"`, `"2"`))),
	"encryption type": []byte(strings.ReplaceAll(string(many(50, 200)), `"kinesisSchemaVersion"`,
		`"encryptionType":"KMS","kinesisSchemaVersion"`)),
	"two templates in turn": []byte(event(plain(1), brief, plain(2), with(brief, `"1"`, `"2"`), plain(3))),
	"another order":         []byte(strings.ReplaceAll(event(plain(1), plain(2)), `"kinesisSchemaVersion":"1.0",`, ``)),
	"spaces":                []byte(strings.ReplaceAll(event(plain(1), plain(2)), `,"`, `, "`)),
	"a Pipes array": []byte(`[{"partitionKey":"k","sequenceNumber":"1","data":"aGVsbG8="},` +
		`{"partitionKey":"l","sequenceNumber":"2","data":""}]`),
	"window members": []byte(with(event(plain(1)), "]}", `],"shardId":"s","isFinalInvokeForWindow":false}`)),
}

// many is an event of n records with size bytes of data each.
func many(n, size int) []byte { return routertest.Event{Records: n, Size: size}.Bytes() }

// The ways to read are functions of their own: the compiler does not put
// Records into a function literal that it has copied itself.

func loopOver(d decoder.Decoder, ev []byte) (records int) {
	for rec, err := range d.Records(ev) {
		if err == nil && rec.Source != nil {
			records++
		}
	}
	return records
}

func loopOverPackage(_ decoder.Decoder, ev []byte) (records int) {
	for rec, err := range decoder.Records(ev) {
		if err == nil && rec.Source != nil {
			records++
		}
	}
	return records
}

func walk(d decoder.Decoder, ev []byte) (records int) {
	_, _ = d.Walk(ev, func(rec *decoder.Record, err error) bool {
		if err == nil && rec.Source != nil {
			records++
		}
		return true
	})
	return records
}

func readBatch(d decoder.Decoder, ev []byte) (records int) {
	_ = d.Batch(ev, func(b *decoder.Batch) error {
		records = len(b.Records())
		return nil
	})
	return records
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties pools
	ways := map[string]func(decoder.Decoder, []byte) int{
		"a loop": loopOver, "the package's loop": loopOverPackage, "a walk": walk, "a batch": readBatch,
	}
	for name, ev := range steady {
		if testing.Short() && len(ev) > megabyte {
			continue
		}
		want := bytes.Count(ev, []byte(`"data"`))
		for way, read := range ways {
			for _, d := range []decoder.Decoder{{}, {Detach: true}} {
				if got := read(d, ev); got != want {
					t.Errorf("%s: %s reads %d records, want %d", name, way, got, want)
				}
				allocs := testing.AllocsPerRun(10, func() { read(d, ev) })
				windowed := strings.Contains(string(ev), "isFinalInvokeForWindow") &&
					(way == "a batch" || way == "a walk")
				if allocs != 0 && !windowed {
					t.Errorf("%s: %s with %+v allocates %v times", name, way, d, allocs)
				}
				if windowed && (allocs == 0 || allocs > 3) {
					t.Errorf("%s: %s allocates %v times, want no more than the window and its strings", name,
						way, allocs)
				}
			}
		}
	}
}

// TestStrictReaderAllocatesByTheRecord bounds what records cost that match no
// template.
func TestStrictReaderAllocatesByTheRecord(t *testing.T) {
	const n = 1000
	records := make([]string, n)
	for i := range records {
		records[i] = withKey(i, `k\u0065y`)
	}
	ev := []byte(event(records...))
	read := func() {
		for range decoder.Records(ev) {
		}
	}
	read()
	perRecord := testing.AllocsPerRun(10, read) / n
	t.Logf("%.2f allocations a record", perRecord)
	if perRecord > 2 {
		t.Errorf("%.2f allocations a record", perRecord)
	}
}
