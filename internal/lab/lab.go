// Package lab lets the decoder's tests look inside: it gives them decoders that
// know nothing of what others have read. Nothing else may use it, and the
// decoder calls nothing of it.
package lab

// Lab is what a process is to other decoders: the memory that they reuse, and
// the templates that they have learned.
type Lab interface {
	// Use makes d, a *decoder.Decoder, one of this lab.
	Use(d any)
	// Matched is how many records of the event that was read last matched a
	// template.
	Matched() int
}

// New returns a lab in which nothing is learned yet or, with strictOnly, ever.
// Package decoder sets it.
var New func(strictOnly bool) Lab
