package jsonscan

import (
	"encoding/binary"
	"math/bits"
)

// Special returns the offset of the first quote, backslash or control byte in b
// from i on, or len(b) if there is none. It looks at eight bytes at a time.
func Special(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		if m := Specials(binary.LittleEndian.Uint64(b[i:])); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c < 0x20 || c == '"' || c == '\\' {
			return i
		}
	}
	return i
}

// The lowest, and the highest, bit of each byte.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// Specials sets the high bit of each byte of w that is a quote, a backslash or
// a control byte. Because of borrows, bits above the lowest one that is set may
// be wrong, but none is missing.
func Specials(w uint64) uint64 {
	quote, escape := w^ones*'"', w^ones*'\\'
	return ((w-ones*0x20)&^w | (quote-ones)&^quote | (escape-ones)&^escape) & highs
}
