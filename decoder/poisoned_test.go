//go:build race || poison

package decoder_test

// poisoned is whether released memory is overwritten, which costs allocations
// and time.
const poisoned = true
