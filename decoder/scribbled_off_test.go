//go:build !race && !poison

package decoder_test

const scribbled = false
