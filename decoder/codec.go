package decoder

import (
	"strings"

	"example.com/sluice/decoder/internal/compression"
)

// Codec says how data is compressed. Its values are the constants below and
// what [ZstdDict] returns; they can be compared. With any other Codec, data is
// bad, with ErrCompressed.
//
// Every codec reads data to its last byte, and all except [Identity] pass empty
// data unchanged. Several gzip members, zstd frames or framed snappy streams in
// a row decompress to their concatenated contents. A record is bad if anything
// else follows the compressed data, zeros and line breaks included, if a stream
// is cut off, or if a checksum does not match: its error is ErrCompressed, and
// Data holds the compressed data. Decompression stops at [Decoder.MaxData],
// with ErrTooLarge.
type Codec string

const (
	// Identity leaves data as it is.
	Identity Codec = ""

	// Auto looks at the data to see whether it is compressed. Data that begins
	// with the mark of a format is decompressed, and bad if that fails; other
	// data passes unchanged.
	//
	//	gzip                   1f 8b 08: read, with everything that RFC 1952
	//	                       allows in a header, and several members in a row.
	//	                       Methods other than 08, which gzip does not have,
	//	                       pass
	//	zstd                   28 b5 2f fd: read, also after skippable frames
	//	                       (5x 2a 4d 18), and several frames in a row.
	//	                       Skippable frames alone pass, since lz4 has the
	//	                       same. A frame that names a dictionary is bad
	//	snappy's frame format  ff 06 00 00 "sNaPpY": read
	//	xerial's snappy        82 "SNAPPY" 00: read
	//	Hadoop's snappy        passes: it has neither a mark nor a checksum
	//	a block of snappy      passes, for the same reason
	//	zlib                   read if it is one whole stream with the right
	//	                       checksum. It has no mark (the text "x^2" begins
	//	                       like it), so anything else passes. A stream that
	//	                       goes on beyond MaxData without a fault is too large
	//	deflate without a      passes
	//	wrapper, zlib with a
	//	preset dictionary
	Auto Codec = "auto"

	// Gzip is RFC 1952: one or more members, with names, comments and extra
	// fields of any length.
	Gzip Codec = "gzip"

	// Zlib is RFC 1950: one stream, without a preset dictionary.
	Zlib Codec = "zlib"

	// Zstd is RFC 8878: frames, among them skippable ones, with windows of any
	// size, which take no memory since data is decompressed as a whole. If an
	// int has 32 bits, a window of 2 GiB or more is ErrTooLarge. See [ZstdDict]
	// for frames that need a dictionary.
	Zstd Codec = "zstd"

	// Snappy is the frame format or that of xerial (snappy-java, Kafka) if data
	// begins with the mark of one, Hadoop's framing if it begins with a zero,
	// as a frame below 16 MiB does, and otherwise one block. A stream of frames
	// that is cut off between two of them cannot be told from a whole one. A
	// frame of the frame format holds at most 64 KiB.
	Snappy Codec = "snappy"
)

// ZstdDict returns [Zstd] for frames that need a dictionary. A formatted
// dictionary, as zstd --train writes it, serves the frames that name its id;
// any other content serves the frames that name none, and of several such the
// last counts. Frames without a dictionary are read as well. The codec holds
// copies of the dictionaries, and equal dictionaries give equal codecs; make it
// once, at the program's start. ZstdDict panics if a formatted dictionary is
// broken.
func ZstdDict(dicts ...[]byte) Codec {
	packed, err := compression.Dictionaries(dicts...)
	if err != nil {
		panic("decoder: " + err.Error())
	}
	return zstdDict + Codec(packed)
}

// zstdDict begins the codecs of ZstdDict; behind it stand the dictionaries.
const zstdDict = "zstd with a dictionary"

// String names the codec: "gzip".
func (c Codec) String() string {
	switch {
	case c == Identity:
		return "identity"
	case strings.HasPrefix(string(c), zstdDict):
		return zstdDict
	}
	return string(c)
}

// format returns what the codec means to package compression, with the
// dictionaries of ZstdDict.
func (c Codec) format() (f compression.Format, dicts string) {
	switch c {
	case Identity:
		return compression.Identity, ""
	case Auto:
		return compression.Auto, ""
	case Gzip:
		return compression.Gzip, ""
	case Zlib:
		return compression.Zlib, ""
	case Zstd:
		return compression.Zstd, ""
	case Snappy:
		return compression.Snappy, ""
	}
	if dicts, known := strings.CutPrefix(string(c), zstdDict); known {
		return compression.Zstd, dicts
	}
	return compression.Unknown, ""
}

// Detect returns the codec that [Auto] chooses for data by how it begins: Gzip,
// Zstd or Snappy, or Identity for what passes unchanged. Zlib means that data
// may be zlib; Auto then checks whether it is.
func Detect(data []byte) Codec {
	switch compression.Detect(data) {
	case compression.Gzip:
		return Gzip
	case compression.Zstd:
		return Zstd
	case compression.Snappy:
		return Snappy
	case compression.MaybeZlib:
		return Zlib
	}
	return Identity
}

// AppendDecompressed appends to dst what data decompresses to, at most limit
// bytes, and returns the extended slice; with an error it returns dst. It is
// for compressed data outside of records, whose data Decoder decompresses.
// Errors wrap ErrCompressed or ErrTooLarge.
func (c Codec) AppendDecompressed(dst, data []byte, limit int) ([]byte, error) {
	format, dicts := c.format()
	if format == compression.Auto {
		format = compression.Detect(data)
	}
	if format == compression.Identity || len(data) == 0 {
		if len(data) > limit {
			return dst, because(ErrTooLarge, "more than %d bytes of data", limit)
		}
		return append(dst, data...), nil
	}
	z := compression.Decompressors.Get().(*compression.Decompressor)
	defer func() {
		z.Shed()
		compression.Decompressors.Put(z)
	}()
	out, err := z.Decompress(dst[len(dst):], data, format, dicts, limit)
	switch {
	case err != nil && format == compression.MaybeZlib && err != compression.ErrTooLong:
		return Identity.AppendDecompressed(dst, data, limit)
	case err == compression.ErrTooLong:
		return dst, because(ErrTooLarge, "%s of more than %d bytes of data", format, limit)
	case err != nil:
		return dst, flawOf(format, err, limit)
	}
	return append(dst, out...), nil // if it was written to dst's free room, it is in place already
}

// flawOf turns an error of decompressing into one for the record; limit is its
// MaxData.
func flawOf(f compression.Format, err error, limit int) error {
	switch err {
	case compression.ErrTooLong:
		return because(ErrTooLarge, "%s of more than %d bytes of data; MaxData sets this limit", f, limit)
	case compression.ErrWindow:
		return because(ErrTooLarge, "%s: %s", f, err)
	}
	return because(ErrCompressed, "%s: %s", f, f.Reason(err))
}
