package fuzz

import (
	"path/filepath"
	"testing"

	"example.com/sluice/internal/overlay"
)

// TestMarks is TestMutants without the running: each change finds its place.
func TestMarks(t *testing.T) {
	for _, m := range mutants {
		overlay.Write(t, filepath.Join("..", "decoder"), m.name, m.old, m.new)
	}
}
