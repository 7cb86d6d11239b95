// Package compression decompresses what others have written: it reads data to
// its last byte, never takes more memory than what there is of it calls for,
// and stops at a limit.
//
// format.go tells formats apart, decompress.go has the reader of them all;
// gzip.go, zstd.go and snappy.go know what the libraries do not.
package compression

import "strings"

// Format is how data is compressed, or how that is to be found out.
type Format uint8

const (
	Identity Format = iota
	Auto
	Gzip
	Zlib
	Zstd
	Snappy
	MaybeZlib // what Detect takes data for that begins like zlib
	Unknown
)

// String names the format: "gzip".
func (f Format) String() string {
	return [...]string{"identity", "auto", "gzip", "zlib", "zstd", "snappy", "zlib", "unknown codec"}[f]
}

// Reason is what an error of Decompress says; some libraries name themselves.
func (f Format) Reason(err error) string {
	return strings.TrimPrefix(strings.TrimPrefix(err.Error(), f.String()+": "), "s2: ")
}

// Marks of formats.
const (
	gzipMark   = "\x1f\x8b\x08"
	zstdMark   = "\x28\xb5\x2f\xfd"
	snappyMark = "\xff\x06\x00\x00sNaPpY"
)

// Detect tells the format by how data begins: Gzip, Zstd, Snappy, MaybeZlib, or
// Identity.
func Detect(data []byte) Format {
	switch {
	case hasPrefix(data, gzipMark):
		return Gzip
	case hasPrefix(data, zstdMark), skippable(data) > 0 && hasPrefix(behindSkippable(data), zstdMark):
		return Zstd
	case hasPrefix(data, snappyMark), hasPrefix(data, xerialMark):
		return Snappy
	case zlibLike(data):
		return MaybeZlib
	}
	return Identity
}

// zlibLike is whether data begins like zlib: deflate, a window of 32 KiB at
// most, a multiple of 31, no preset dictionary. The shortest stream has eight
// bytes.
func zlibLike(data []byte) bool {
	return len(data) >= 8 && data[0]&0x0f == 8 && data[0]>>4 <= 7 &&
		(uint(data[0])<<8|uint(data[1]))%31 == 0 && data[1]&0x20 == 0
}

func hasPrefix(data []byte, mark string) bool {
	return len(data) >= len(mark) && string(data[:len(mark)]) == mark
}
