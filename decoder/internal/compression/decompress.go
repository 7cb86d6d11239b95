package compression

import (
	"bytes"
	"errors"
	"io"
	"math"
	"sync"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"example.com/sluice/decoder/internal/memory"
)

// Decompressor holds the readers of all formats. They are made when they are
// first needed, and between calls they hold nothing of the data. Output goes to
// the room that the caller gives, and from there to memory that is reused; it
// grows with what there is of it, never with what a header promises beyond the
// limit.
type Decompressor struct {
	in     bytes.Reader
	gzip   gzipReader
	zlib   io.ReadCloser
	snappy *snappy.Reader

	zstd      *zstd.Decoder
	zstdDicts string // what zstd was made with

	room []byte // for output that the caller's room is too small for, be it kept or refused
}

// Decompressors lends Decompressors for single calls.
var Decompressors = sync.Pool{New: func() any { return new(Decompressor) }}

// ErrTooLong is what decompressing ends with behind the limit.
var ErrTooLong = errors.New("more than the limit")

// errTrailing is for what follows the end of a stream.
var errTrailing = errors.New("bytes behind the end")

// zlibProof is how many bytes behind the limit are read of what may be zlib
// before it is taken for that.
const zlibProof = 1 << 20

// Decompress writes what data decompresses to into dst, which is empty, or into
// memory of its own where that is too small; there it is valid until the next
// call. With an error it returns what was decompressed in vain. The format is
// neither Identity nor Auto; dicts are those of Zstd, from Dictionaries.
func (z *Decompressor) Decompress(dst, data []byte, f Format, dicts string, limit int) ([]byte, error) {
	limit = max(0, min(limit, math.MaxInt-1)) // room for one byte more is needed at times
	z.in.Reset(data)
	defer z.in.Reset(nil)
	switch f {
	case Gzip:
		z.gzip.reset(&z.in, data)
		defer z.gzip.reset(&z.in, nil)
		return z.readAll(dst, &z.gzip, limit)
	case Zlib, MaybeZlib:
		return z.unzlib(dst, f == MaybeZlib, limit)
	case Zstd:
		return z.unzstd(dst, data, dicts, limit)
	case Snappy:
		return z.unsnappy(dst, data, limit)
	}
	return dst, errors.New("it cannot be read")
}

// Shed gives up memory that is too large to be kept for the next event.
func (z *Decompressor) Shed() {
	if cap(z.room) > memory.MaxPooled {
		z.room = nil
	}
}

// Forget gives up the memory that the last output may stand in.
func (z *Decompressor) Forget() { z.room = nil }

// unzlib reads one stream of zlib. With prove, what is too long is read on,
// until it is certain enough that it is one.
func (z *Decompressor) unzlib(dst []byte, prove bool, limit int) ([]byte, error) {
	var err error
	if z.zlib == nil {
		z.zlib, err = zlib.NewReader(&z.in)
	} else {
		err = z.zlib.(zlib.Resetter).Reset(&z.in, nil)
	}
	if err != nil {
		return dst, err
	}
	dst, err = z.readAll(dst, z.zlib, limit)
	if err == ErrTooLong && prove {
		room := dst[:cap(dst)]
		for n := 0; n < zlibProof; {
			more, err := z.zlib.Read(room)
			if err == io.EOF && z.in.Len() > 0 {
				err = errTrailing
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				return dst, err
			}
			n += more
		}
	}
	if err == nil && z.in.Len() > 0 {
		err = errTrailing
	}
	return dst, err
}

// grow returns dst in z.room, with room for n bytes; that is more than dst has.
func (z *Decompressor) grow(dst []byte, n int) []byte {
	if cap(z.room) < n {
		z.room = make([]byte, 0, n)
	}
	return append(z.room[:0], dst...)
}

// readAll appends what r gives to dst, up to limit bytes.
func (z *Decompressor) readAll(dst []byte, r io.Reader, limit int) ([]byte, error) {
	for {
		if len(dst) == cap(dst) {
			// One byte more than allowed, to see whether there are more.
			dst = z.grow(dst, min(max(2*cap(dst), 512), limit+1))
		}
		n, err := r.Read(dst[len(dst):min(cap(dst), limit+1)])
		dst = dst[:len(dst)+n]
		if len(dst) > limit {
			return dst, ErrTooLong
		}
		if err == io.EOF {
			return dst, nil
		}
		if err != nil {
			return dst, err
		}
	}
}
