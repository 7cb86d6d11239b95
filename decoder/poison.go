package decoder

// overwrite fills b with '#': what a view of released memory reads as where poison is on.
func overwrite(b []byte) {
	// Doubling what is written is quick under the race detector too, which looks at each single write.
	for n := copy(b, "#"); n < len(b); n *= 2 {
		copy(b[n:], b[:n])
	}
}
