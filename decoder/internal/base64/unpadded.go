package base64

import (
	"encoding/binary"

	simd "github.com/segmentio/asm/base64"
)

// decodeUnpadded decodes whole quads without padding into dst, which has room
// for three more bytes.
//
// The SIMD decoder leaves as many as 44 characters at the end, and at least 13,
// to the standard library, which takes longer for them than for some blocks. So
// it is handed no more than makes it do its last block; what is behind that,
// and what is short, is decoded here.
func decodeUnpadded(dst, src []byte) bool {
	const leftOver = 16 // whole quads
	if len(src) >= 3*block {
		n := (len(src)-leftOver)&^(block-1) + leftOver
		if m, err := simd.StdEncoding.Decode(dst, src[:n]); err != nil || m != n/4*3 {
			return false // less where there are line breaks
		}
		dst, src = dst[n/4*3:], src[n:]
	}
	var bad uint32
	for len(src) >= 4 && len(dst) >= 4 {
		v := decodeQuad((*[4]byte)(src))
		bad |= v
		binary.LittleEndian.PutUint32(dst, v) // one byte too many, which what follows overwrites
		dst, src = dst[3:], src[4:]
	}
	return bad&notBase64 == 0 //mutant:short-data-is-not-verified
}
