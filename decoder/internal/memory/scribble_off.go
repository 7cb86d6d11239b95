//go:build !race && !poison

package memory

// Scribble is whether released memory is overwritten; see scribble_on.go.
const Scribble = false
