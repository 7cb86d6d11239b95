package decoder

import (
	"encoding/base64"
	"encoding/binary"

	simd "github.com/segmentio/asm/base64"
)

// This file decodes base64: the seam to SIMD. It accepts what encoding/base64.StdEncoding accepts, ignored '\r' and '\n' included. With
// AVX2 the blocks are decoded in base64_amd64.s, elsewhere by segmentio/asm, which has NEON and falls back to the standard library.

// decodedLen is the room that decoding n characters takes.
func decodedLen(n int) int { return n / 4 * 3 }

// decodeBase64 decodes src into dst, which has room for decodedLen(len(src)) bytes. It returns the number of
// bytes written and, where src is not base64, the offset of the fault in it, else -1.
func decodeBase64(dst, src []byte) (n, fault int) {
	n = decodeFast(dst, src)
	if n >= 0 {
		return n, -1
	}
	return decodeSlow(dst, src)
}

// decodeSlow decodes what decodeFast has refused: line breaks are allowed, and a fault has its place.
func decodeSlow(dst, src []byte) (n, fault int) {
	n, err := base64.StdEncoding.Decode(dst, src)
	if corrupt, bad := err.(base64.CorruptInputError); bad { // it returns no other
		return n, int(corrupt)
	}
	return n, -1
}

// decodeFast decodes src into dst, which has room for decodedLen(len(src)) bytes, and returns the number of bytes
// written, or -1 where src is anything but whole quads of the alphabet with padding at the end. It may write to all of
// that room.
func decodeFast(dst, src []byte) int {
	last := len(src) - 4 // where the quad begins that may be padded
	if last < 0 || last%4 != 0 {
		return -1
	}
	n := last / 4 * 3
	dst = dst[:n+3]
	if hasBlocks && last >= block {
		if !decodeBlocks(&dst[0], &src[0], last) { //mutant:blocks-are-not-verified
			return -1
		}
	} else if !decodeUnpadded(dst, src[:last]) {
		return -1
	}
	q, size := *(*[4]byte)(src[last:]), 3
	if q[3] == '=' {
		q[3], size = 'A', 2
		if q[2] == '=' {
			q[2], size = 'A', 1
		}
	}
	v := decodeQuad(&q)
	if v&notBase64 != 0 { //mutant:the-last-quad-is-not-verified
		return -1
	}
	d := (*[3]byte)(dst[n:])
	d[0], d[1], d[2] = byte(v), byte(v>>8), byte(v>>16)
	return n + size
}

// block is how many characters SIMD takes at a time.
const block = 32

// decodeUnpadded decodes whole quads without padding into dst, which has room for three more bytes.
//
// The SIMD decoder leaves as many as 44 characters at the end, and at least 13, to the standard library, which takes longer for them than
// for some blocks. So it is handed no more than makes it do its last block; what is behind, and what is short, is decoded here.
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

// decodeQuad returns the three bytes, the first lowest, that four characters stand for; notBase64 is set where one is not in the alphabet.
func decodeQuad(q *[4]byte) uint32 {
	t := quads
	return t[0][q[0]] | t[1][q[1]] | t[2][q[2]] | t[3][q[3]]
}

// quads are the values of a character at each place of a quad: the bits of the three bytes, the first lowest, that it stands for.
// For what is not in the alphabet notBase64 is set.
var quads = new([4][256]uint32)

const notBase64 = 1 << 31

func init() {
	for c := range 256 {
		for place := range quads {
			quads[place][c] = notBase64
		}
	}
	for v, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		for place := range quads {
			bits := uint32(v) << (18 - 6*place)
			quads[place][c] = bits>>16 | bits&0xff00 | bits&0xff<<16
		}
	}
}
