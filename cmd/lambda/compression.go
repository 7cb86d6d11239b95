package main

import (
	"errors"

	"example.com/sluice/decoder"
)

// This file looks into compressed data.

// compression is how data is compressed, among what decoder.Auto recognises.
type compression uint8

const (
	uncompressed compression = iota
	compressedGzip
	compressedZlib
	compressedZstd
	compressedSnappy
	compressions
)

// formats are the codecs whose data says what it is.
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

// How much is decompressed to look inside: of one record, and of an invocation.
const (
	opened    = 1 << 20
	openedAll = 64 << 20
)

// open decompresses data into buf, within limit bytes. Data that is not
// compressed comes back as it is; not ok means that it cannot be opened.
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
