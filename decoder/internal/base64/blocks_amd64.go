//go:build !purego

package base64

import (
	"github.com/segmentio/asm/cpu"
	"github.com/segmentio/asm/cpu/x86"
)

// decodeBlocks decodes n characters at src, at least 32 and a multiple of four,
// to n/4*3 bytes at dst, and reports whether they are all of the alphabet. It
// reads those n characters and nothing beside them, and may write one byte
// more.
//
// Unlike the SIMD decoder of other platforms it leaves nothing to the standard
// library: its last block of 32 ends where the text ends, wherever the block
// before has ended.
//
//go:noescape
func decodeBlocks(dst, src *byte, n int) bool

var hasBlocks = cpu.X86.Has(x86.AVX2)
