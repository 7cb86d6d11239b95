package routertest

import (
	"testing"

	"example.com/sluice/internal/overlay"
)

// TestMarks is TestMutants without running them: each mutant finds its place.
func TestMarks(t *testing.T) {
	for _, m := range mutants {
		overlay.Write(t, ".", m.name, m.old, m.new)
	}
}
