//go:build !amd64 || purego

package decoder

const hasBlocks = false

func decodeBlocks(dst, src *byte, n int) bool { panic("not reached") }
