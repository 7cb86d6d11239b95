//go:build race || poison

package decoder_test

// scribbled is whether released memory is overwritten, which costs allocations
// and time.
const scribbled = true
