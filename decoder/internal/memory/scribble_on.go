//go:build race || poison

package memory

// Scribble is whether released memory is overwritten, and the event copied so
// that its views can be as well.
const Scribble = true
