// Package base64 decodes standard base64 with padding: it accepts what
// encoding/base64.StdEncoding accepts, ignored '\r' and '\n' included, and
// refuses at the same offset.
//
// base64.go splits text into its unpadded quads and the last one. On amd64 with
// AVX2 blocks_amd64.s decodes the quads, elsewhere the SIMD decoder that
// unpadded.go calls; quads.go decodes four characters at a time.
package base64

import "encoding/base64"

// DecodedLen is the room that decoding n characters takes.
func DecodedLen(n int) int { return n / 4 * 3 }

// Decode decodes src into dst, which has room for DecodedLen(len(src)) bytes.
// It returns the number of bytes written and, where src is not base64, the
// offset of the fault in it, else -1.
func Decode(dst, src []byte) (n, fault int) {
	if n = DecodeQuads(dst, src); n >= 0 {
		return n, -1
	}
	// There are line breaks in it, or a fault whose place is wanted.
	n, err := base64.StdEncoding.Decode(dst, src)
	if corrupt, bad := err.(base64.CorruptInputError); bad { // it returns no other
		return n, int(corrupt)
	}
	return n, -1
}

// DecodeQuads decodes src into dst, which has room for DecodedLen(len(src))
// bytes. It returns the number of bytes, or -1 where src is anything but whole
// quads of the alphabet with padding at the end. It may write to all
// of that room, and to nothing else: decoding all quads but the last may write
// three bytes too many, which are the last one's.
func DecodeQuads(dst, src []byte) int {
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
