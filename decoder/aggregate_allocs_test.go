//go:build !race && !poison

package decoder_test

import "testing"

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
