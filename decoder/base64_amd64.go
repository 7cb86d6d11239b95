//go:build !purego

package decoder

import (
	"github.com/segmentio/asm/cpu"
	"github.com/segmentio/asm/cpu/x86"
)

// decodeBlocks decodes n characters at src, at least 32 and a multiple of four, to n/4*3 bytes at dst, and reports whether they are all of
// the alphabet. It may write one byte more. Unlike the SIMD decoder that the other platforms have it leaves nothing to the standard library, since
// it does the last block of 32 at the end of the text, wherever the one before has ended.
//
//go:noescape
func decodeBlocks(dst, src *byte, n int) bool

var hasBlocks = cpu.X86.Has(x86.AVX2)
