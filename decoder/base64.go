package decoder

import (
	"encoding/base64"
	"errors"

	simd "github.com/segmentio/asm/base64"
)

// This file is the seam to the SIMD decoder. It accepts what encoding/base64.StdEncoding accepts, ignored
// '\r' and '\n' included.

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
	if err == nil {
		return n, -1
	}
	var corrupt base64.CorruptInputError
	if errors.As(err, &corrupt) {
		return n, int(corrupt)
	}
	return n, len(src)
}

// decodeFast decodes src into dst, which has room for decodedLen(len(src)) bytes, and returns the number of bytes
// written, or -1 where src is anything but whole quads of the alphabet with padding at the end.
//
// The standard library, which the SIMD decoder leaves the last characters to, takes as long for a padded quad as for
// a whole block of others; so that one is decoded here.
func decodeFast(dst, src []byte) int {
	last := len(src) - 4
	if last < 0 || len(src)%4 != 0 {
		return -1
	}
	whole := len(src)
	if src[whole-1] == '=' {
		whole = last
	}
	n, err := simd.StdEncoding.Decode(dst, src[:whole])
	if err != nil || n != whole/4*3 {
		return -1 // less where there are line breaks
	}
	if whole == last {
		return decodePadded(dst, n, src[last:])
	}
	return n
}

// decodePadded decodes the last quad, whose last character is '=', to dst[n:].
func decodePadded(dst []byte, n int, q []byte) int {
	v0, v1, v2 := sextets[q[0]], sextets[q[1]], sextets[q[2]]
	dst[n] = v0<<2 | v1>>4
	n++
	if q[2] == '=' {
		v2 = 0
	} else {
		dst[n] = v1<<4 | v2>>2
		n++
	}
	if (v0|v1|v2)&notBase64 != 0 {
		return -1
	}
	return n
}

// sextets are the values of the alphabet's characters; notBase64 is set for all others.
var sextets [256]byte

const notBase64 = 1 << 7

func init() {
	for c := range sextets {
		sextets[c] = notBase64
	}
	for v, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		sextets[c] = byte(v)
	}
}
