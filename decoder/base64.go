package decoder

import (
	"encoding/base64"
	"errors"

	simd "github.com/segmentio/asm/base64"
)

// This file is the seam to the SIMD decoder. It accepts what encoding/base64.StdEncoding accepts, ignored
// '\r' and '\n' included.

// decodedLen is the room that decoding n characters takes.
func decodedLen(n int) int { return simd.StdEncoding.DecodedLen(n) }

// decodeBase64 decodes src into dst, which has room for decodedLen(len(src)) bytes. It returns the number of
// bytes written and, where src is not base64, the offset of the fault in it, else -1.
func decodeBase64(dst, src []byte) (n, fault int) {
	n, err := simd.StdEncoding.Decode(dst, src)
	if err == nil {
		return n, -1
	}
	// The SIMD decoder's offset counts from where its loop stopped. The standard library knows the true one.
	n, err = base64.StdEncoding.Decode(dst, src)
	if err == nil {
		return n, -1
	}
	var corrupt base64.CorruptInputError
	if errors.As(err, &corrupt) {
		return n, int(corrupt)
	}
	return n, len(src)
}
