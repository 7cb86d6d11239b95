package decoder

import (
	"strings"

	"example.com/sluice/decoder/internal/compression"
)

// Codec says how data is compressed. Codecs are comparable; they are those of this package.
//
// Every codec reads data to its last byte, and every codec but [Identity] passes empty data as it is. Data of several gzip members,
// zstd frames or framed snappy streams is their contents one behind the other. Whatever else follows the compressed data makes the
// record bad, zeros and line breaks included, and so does a stream that is cut off or fails its checksum: its error is ErrCompressed, and Data
// is what was to be decompressed. What decompresses to more than [Decoder.MaxData] stops there, with ErrTooLarge.
type Codec string

const (
	// Identity leaves data as it is.
	Identity Codec = ""

	// Auto tells by the data whether it is compressed. What begins with the mark of a format is read, and bad where it does not
	// decompress; what has none passes on unchanged.
	//
	//	gzip                    1f 8b 08: read, with all that RFC 1952 allows in a header, and members in a row. Other methods than
	//	                        08, which no gzip has, pass on
	//	zstd                    28 b5 2f fd: read, also behind skippable frames (5x 2a 4d 18), and frames in a row. Skippable frames
	//	                        alone pass on: lz4 has the same. A frame that names a dictionary is bad: Auto has none
	//	snappy's frame format   ff 06 00 00 "sNaPpY": read
	//	xerial's snappy         82 "SNAPPY" 00: read
	//	Hadoop's snappy         passes on: it has neither a mark nor a checksum
	//	a block of snappy       passes on likewise
	//	zlib                    read if it is one whole stream with the right checksum, else passed on, since it has no mark: the text
	//	                        "x^2" begins like it. One that goes on beyond MaxData without a fault is too large
	//	deflate without a       passes on
	//	wrapper, zlib with a
	//	preset dictionary
	Auto Codec = "auto"

	// Gzip is RFC 1952: one member or several, with names, comments and extra fields of any length.
	Gzip Codec = "gzip"

	// Zlib is RFC 1950: one stream, without a preset dictionary.
	Zlib Codec = "zlib"

	// Zstd is RFC 8878: frames, skippable ones among them, with any window, which takes no memory here: data is decompressed as a
	// whole. Where an int has 32 bits a window of 2 GiB or more is ErrTooLarge. See [ZstdDict] for frames that need a dictionary.
	Zstd Codec = "zstd"

	// Snappy is the frame format, or xerial's (snappy-java, Kafka), where data begins with the mark of one; Hadoop's framing where it
	// begins with a zero, as a frame below 16 MiB does; else one block. A stream of frames that is cut off between two of them cannot
	// be told from a whole one. A frame holds 64 KiB at most, as that format has it.
	Snappy Codec = "snappy"
)

// ZstdDict is [Zstd] for frames that need a dictionary: a formatted one, as zstd --train writes it, which a frame names by its
// identity, or any other content, which serves the frames that name none; of that kind the last one counts. Frames without a
// dictionary are read as well. Each call returns another codec, which holds copies; to make one at the program's start is enough.
// It panics if a formatted dictionary is broken.
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

// Detect returns what [Auto] takes data for by how it begins: Gzip, Zstd or Snappy, and Identity for what it passes on. Zlib means that
// data may be that; Auto then looks whether it is.
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

// AppendDecompressed appends to dst what data decompresses to, at most limit bytes, and returns the longer slice; with an error it returns
// dst. It is for compressed data elsewhere than in records: the Decoder does the same by its option Codec. Errors are ErrCompressed
// and ErrTooLarge.
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
	return append(dst, out...), nil // where it went to the free room of dst, it stands there already
}

// flawOf is the error that a record gets for one of decompressing; limit is its
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
