package decoder

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Codec says how data is compressed. Codecs are comparable; they are those of this package.
//
// Every codec reads data to its last byte, and every codec but [Identity] passes empty data as it is. Data of several gzip members,
// zstd frames or framed snappy streams is their contents one behind the other. Whatever else follows the compressed data makes the
// record bad, zeros and line breaks included, and so does a stream that is cut off or fails its checksum: its error is ErrCompressed, and Data
// is what was to be decompressed. What decompresses to more than [Decoder.MaxData] stops there, with ErrTooLarge.
type Codec struct {
	kind  codecKind
	dicts *zstdDicts
}

// zstdDicts are dictionaries: those with an identity, and one that is plain content.
type zstdDicts struct {
	known [][]byte
	raw   []byte
}

type codecKind uint8

const (
	kindIdentity codecKind = iota
	kindAuto
	kindGzip
	kindZlib
	kindZstd
	kindSnappy
	kindZlibMaybe // what Auto makes of data that begins like zlib
)

var (
	// Identity leaves data as it is.
	Identity = Codec{}

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
	Auto = Codec{kind: kindAuto}

	// Gzip is RFC 1952: one member or several, with names, comments and extra fields of any length.
	Gzip = Codec{kind: kindGzip}

	// Zlib is RFC 1950: one stream, without a preset dictionary.
	Zlib = Codec{kind: kindZlib}

	// Zstd is RFC 8878: frames, skippable ones among them, with any window, which takes no memory here: data is decompressed as a
	// whole. Where an int has 32 bits a window of 2 GiB or more is ErrTooLarge. See [ZstdDict] for frames that need a dictionary.
	Zstd = Codec{kind: kindZstd}

	// Snappy is the frame format, or xerial's (snappy-java, Kafka), where data begins with the mark of one; Hadoop's framing where it
	// begins with a zero, as a frame below 16 MiB does; else one block. A stream of frames that is cut off between two of them cannot
	// be told from a whole one. A frame holds 64 KiB at most, as that format has it.
	Snappy = Codec{kind: kindSnappy}
)

// ZstdDict is [Zstd] for frames that need a dictionary: a formatted one, as zstd --train writes it, which a frame names by its
// identity, or any other content, which serves the frames that name none; of that kind the last one counts. Frames without a
// dictionary are read as well. Each call returns another codec, which holds copies; to make one at the program's start is enough.
// It panics if a formatted dictionary is broken.
func ZstdDict(dicts ...[]byte) Codec {
	d := new(zstdDicts)
	for i, b := range dicts {
		b = bytes.Clone(b)
		if !bytes.HasPrefix(b, []byte("\x37\xa4\x30\xec")) {
			d.raw = b
			continue
		}
		if _, err := zstd.InspectDictionary(b); err != nil {
			panic(fmt.Sprintf("decoder: zstd dictionary %d is broken: %v", i, err))
		}
		d.known = append(d.known, b)
	}
	return Codec{kindZstd, d}
}

// String names the codec: "gzip".
func (c Codec) String() string {
	if c.dicts != nil {
		return "zstd with a dictionary"
	}
	return c.kind.String()
}

func (k codecKind) String() string {
	return [...]string{"identity", "auto", "gzip", "zlib", "zstd", "snappy", "zlib"}[k]
}

// Marks of formats.
const (
	gzipMark   = "\x1f\x8b\x08"
	zstdMark   = "\x28\xb5\x2f\xfd"
	snappyMark = "\xff\x06\x00\x00sNaPpY"
)

// Detect returns what [Auto] takes data for by how it begins: Gzip, Zstd or Snappy, and Identity for what it passes on. Zlib means that
// data may be that; Auto then looks whether it is.
func Detect(data []byte) Codec {
	kind := detect(data)
	if kind == kindZlibMaybe {
		kind = kindZlib
	}
	return Codec{kind: kind}
}

// detect says what Auto does with data.
func detect(data []byte) codecKind {
	switch {
	case hasPrefix(data, gzipMark):
		return kindGzip
	case hasPrefix(data, zstdMark), skippable(data) > 0 && hasPrefix(behindSkippable(data), zstdMark):
		return kindZstd
	case hasPrefix(data, snappyMark), hasPrefix(data, xerialMark):
		return kindSnappy
	case zlibLike(data):
		return kindZlibMaybe
	}
	return kindIdentity
}

// zlibLike is whether data begins like zlib: deflate, a window of 32 KiB at most, a multiple of 31, no preset dictionary. The shortest
// stream has eight bytes.
func zlibLike(data []byte) bool {
	return len(data) >= 8 && data[0]&0x0f == 8 && data[0]>>4 <= 7 && (uint(data[0])<<8|uint(data[1]))%31 == 0 && data[1]&0x20 == 0
}

func hasPrefix(data []byte, mark string) bool {
	return len(data) >= len(mark) && string(data[:len(mark)]) == mark
}

// AppendDecompressed appends to dst what data decompresses to, at most limit bytes, and returns the longer slice; with an error it returns
// dst. It is for compressed data elsewhere than in records: the Decoder does the same by its option Codec. Errors are ErrCompressed
// and ErrTooLarge.
func (c Codec) AppendDecompressed(dst, data []byte, limit int) ([]byte, error) {
	kind := c.kind
	if kind == kindAuto {
		kind = detect(data)
	}
	if kind == kindIdentity || len(data) == 0 {
		if len(data) > limit {
			return dst, because(ErrTooLarge, "more than %d bytes of data", limit)
		}
		return append(dst, data...), nil
	}
	z := decompressors.Get().(*decompressor)
	defer z.release()
	out, err := z.decompress(dst[len(dst):], data, kind, c.dicts, limit)
	switch {
	case err != nil && kind == kindZlibMaybe && err != errTooLong:
		return Identity.AppendDecompressed(dst, data, limit)
	case err == errTooLong:
		return dst, because(ErrTooLarge, "%s of more than %d bytes of data", kind, limit)
	case err != nil:
		return dst, kind.flaw(err, limit)
	}
	return append(dst, out...), nil // where it went to the free room of dst, it stands there already
}

// flaw is the error that a record gets for one of decompressing; limit is its MaxData.
func (k codecKind) flaw(err error, limit int) error {
	if err == errTooLong {
		return because(ErrTooLarge, "%s of more than %d bytes of data; MaxData sets this limit", k, limit)
	}
	if err == errWindow {
		return because(ErrTooLarge, "%s: %s", k, err)
	}
	// Some libraries name themselves.
	text := strings.TrimPrefix(strings.TrimPrefix(err.Error(), k.String()+": "), "s2: ")
	return because(ErrCompressed, "%s: %s", k, text)
}
