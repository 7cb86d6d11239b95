package decoder

// overwrite fills b with '#': what a view of released memory reads as where poison is on.
func overwrite(b []byte) {
	for i := range b {
		b[i] = '#'
	}
}
