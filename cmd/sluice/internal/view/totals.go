package view

import (
	"cmp"
	"maps"
	"math/bits"
	"slices"

	"example.com/sluice/decoder"
	"example.com/sluice/internal/contents"
)

// This file sums up all files: how large the records are, and how many each
// partition key has.

const (
	maxKeys   = 1 << 16 // partition keys that are told apart
	keysShown = 10      // those with the most records
)

// totals is ready as its zero value.
type totals struct {
	files, records, bad int
	bytes               int64
	sizes               [65]int // records by the length of their size in bits
	keys                map[string]int
	otherKeys           int // records of keys that came when maxKeys were there

	compressed, aggregates int // records that look like it
}

func (t *totals) record(rec *decoder.Record, inside *payload, bad bool) {
	t.records++
	if bad {
		t.bad++
	} else {
		t.bytes += int64(len(rec.Data))
		t.sizes[bits.Len(uint(len(rec.Data)))]++
		if inside == nil {
			t.look(rec)
		}
	}
	if t.keys == nil {
		t.keys = map[string]int{}
	}
	if n, known := t.keys[string(rec.PartitionKey)]; known || len(t.keys) < maxKeys {
		t.keys[string(rec.PartitionKey)] = n + 1
	} else {
		t.otherKeys++
	}
}

// look counts records that seem to hold more than shows.
func (t *totals) look(rec *decoder.Record) {
	switch decoder.Detect(rec.Data) {
	case decoder.Gzip, decoder.Zstd, decoder.Snappy:
		t.compressed++
	}
	if contents.IsAggregate(rec.Data) {
		t.aggregates++
	}
}

// sizeCount is how many records have From to To bytes, both included.
type sizeCount struct {
	From    uint64 `json:"from"`
	To      uint64 `json:"to"`
	Records int    `json:"records"`
}

// bySize returns a histogram by powers of two, from the smallest size to the
// largest.
func (t *totals) bySize() []sizeCount {
	var h []sizeCount
	for i, n := range t.sizes {
		if n == 0 && len(h) == 0 {
			continue
		}
		h = append(h, sizeCount{uint64(1) << i >> 1, uint64(1)<<i - 1, n})
	}
	for len(h) > 0 && h[len(h)-1].Records == 0 {
		h = h[:len(h)-1]
	}
	return h
}

// keyCount is how many records have a partition key.
type keyCount struct {
	Key     string `json:"partitionKey"`
	Records int    `json:"records"`
}

// byKey returns the keys with the most records, and how many other keys and
// records there are.
func (t *totals) byKey() (most []keyCount, otherKeys, otherRecords int) {
	for _, key := range slices.Sorted(maps.Keys(t.keys)) {
		most = append(most, keyCount{key, t.keys[key]})
	}
	slices.SortStableFunc(most, func(a, b keyCount) int { return cmp.Compare(b.Records, a.Records) })
	otherRecords = t.otherKeys
	if len(most) > keysShown {
		for _, k := range most[keysShown:] {
			otherRecords += k.Records
		}
		otherKeys = len(most) - keysShown
		most = most[:keysShown]
	}
	return most, otherKeys, otherRecords
}
