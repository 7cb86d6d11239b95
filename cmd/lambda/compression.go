package main

import (
	"errors"

	"example.com/sluice/decoder"
)

// This file looks into compressed data.

// compression is how data is compressed, as far as it shows: what decoder.Auto
// knows.
type compression uint8

const (
	uncompressed compression = iota
	compressedGzip
	compressedZlib
	compressedZstd
	compressedSnappy
	compressions
)

// formats are the codecs that tell themselves.
var formats = [compressions]struct {
	name  string
	codec decoder.Codec
}{
	compressedGzip:   {"gzip", decoder.Gzip},
	compressedZlib:   {"zlib", decoder.Zlib},
	compressedZstd:   {"zstd", decoder.Zstd},
	compressedSnappy: {"snappy", decoder.Snappy},
}

// mayBe is what data begins like.
func mayBe(data []byte) compression {
	codec := decoder.Detect(data)
	for c := uncompressed + 1; c < compressions; c++ {
		if formats[c].codec == codec {
			return c
		}
	}
	return uncompressed
}

// How much is decompressed to see what is in it: of one record, and of all of
// an invocation.
const (
	opened    = 1 << 20
	openedAll = 64 << 20
)

// open decompresses data to buf, within limit bytes. What is not compressed it
// returns as it is; not ok is what it cannot open.
func open(buf, data []byte, limit int) (inside []byte, c compression, ok bool) {
	c = mayBe(data)
	if c == uncompressed {
		return data, c, true
	}
	inside, err := formats[c].codec.AppendDecompressed(buf[:0], data, min(limit, opened))
	if c == compressedZlib && err != nil && !errors.Is(err, decoder.ErrTooLarge) {
		return data, uncompressed, true // a text may begin like that
	}
	return inside, c, err == nil
}
