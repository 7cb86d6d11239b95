package memory

// Overwrite fills b with '#', which is what a view of released memory reads as
// where Scribble is set.
func Overwrite(b []byte) {
	// Doubling what is written is quick under the race detector too, which
	// looks at each single write.
	for n := copy(b, "#"); n < len(b); n *= 2 {
		copy(b[n:], b[:n])
	}
}
