//go:build !race && !poison

package cwlogs_test

import (
	"testing"

	"example.com/sluice/payload/cwlogs"
)

// Reading log events does not allocate once there is memory for decompressed
// data and unescaped text.
func TestEventsAllocateNothing(t *testing.T) {
	data := gzipped(message(first, second, first) + message(second))
	n := 0
	if allocs := testing.AllocsPerRun(100, func() {
		for e, err := range cwlogs.Events(data) {
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range e.ExtractedFields() {
				n += len(name) + len(value)
			}
			n += len(e.Message)
		}
	}); allocs > 0 {
		t.Errorf("%v allocations", allocs)
	}
	if n == 0 {
		t.Error("nothing was read")
	}
}
