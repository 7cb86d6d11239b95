package decoder

import (
	"bytes"
	"errors"
	"io"
	"math"
	"sync"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// This file decompresses data. Output goes to the room that it is given, and from there to memory that is reused from
// record to record; it grows with what there is of it, never with what a header promises beyond the limit.

// decompressor holds the readers of one state. They are made when they are first needed, and between records they hold nothing of
// an event.
type decompressor struct {
	in     bytes.Reader
	gzip   gzipReader
	zlib   io.ReadCloser
	snappy *snappy.Reader

	zstd      *zstd.Decoder
	zstdDicts *zstdDicts // what zstd was made with

	room []byte // for output that the caller's room is too small for, be it kept or refused
}

// decompressors are for who has no state.
var decompressors = sync.Pool{New: func() any { return new(decompressor) }}

// errTooLong is what decompressing ends with behind the limit.
var errTooLong = errors.New("more than the limit")

// errTrailing is for what follows the end of a stream.
var errTrailing = errors.New("bytes behind the end")

// zlibProof is how many bytes behind the limit Auto reads of what may be zlib before it takes it for that.
const zlibProof = 1 << 20

// decompress writes what data decompresses to into dst, which is empty, or into z.room where that is too small; there it is valid until
// the next call. With an error it returns what was decompressed in vain.
func (z *decompressor) decompress(dst, data []byte, kind codecKind, dicts *zstdDicts, limit int) ([]byte, error) {
	limit = max(0, min(limit, math.MaxInt-1)) // room for one byte more is needed at times
	z.in.Reset(data)
	defer z.in.Reset(nil)
	switch kind {
	case kindGzip:
		z.gzip.reset(&z.in, data)
		defer z.gzip.reset(&z.in, nil)
		return z.readAll(dst, &z.gzip, limit)
	case kindZlib, kindZlibMaybe:
		return z.unzlib(dst, kind == kindZlibMaybe, limit)
	case kindZstd:
		return z.unzstd(dst, data, dicts, limit)
	default:
		return z.unsnappy(dst, data, limit)
	}
}

// unzlib reads one stream of zlib. With prove, what is too long is read on, until it is certain enough that it is one.
func (z *decompressor) unzlib(dst []byte, prove bool, limit int) ([]byte, error) {
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
	if err == errTooLong && prove {
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

// unzstd reads frames into memory of a size that is set before: the library's own limit on output is one on windows too, and a frame may have
// a large window whatever it holds. Where the memory is too small it is tried again with more.
func (z *decompressor) unzstd(dst, data []byte, dicts *zstdDicts, limit int) ([]byte, error) {
	if err := z.openZstd(dicts); err != nil {
		return dst, err
	}
	const block = 128<<10 + 64 // room for what one block can give
	full := limit + min(block, math.MaxInt-limit)
	size := 4 * len(data)
	var h zstd.Header
	if h.Decode(behindSkippable(data)) == nil && h.HasFCS {
		if h.FrameContentSize > uint64(limit) {
			return dst, errTooLong
		}
		size = int(min(h.FrameContentSize, uint64(len(data))*(block/4))) // no block is shorter than four bytes
	}
	for size += 64; ; size = 4*min(cap(dst), math.MaxInt/8) + block {
		if cap(dst) < min(size, full) {
			dst = z.grow(dst[:0], min(size, full))
		}
		out, err := z.zstd.DecodeAll(data, dst[:0:min(cap(dst), full)])
		if len(out) > limit {
			return out, errTooLong
		}
		if err == nil {
			return out, nil
		}
		tooLong := errors.Is(err, zstd.ErrDecoderSizeExceeded)
		if cap(dst) >= full && tooLong {
			return out, errTooLong
		}
		// With less room left than a block takes, any error may be for want of it.
		if cap(dst) >= full || !tooLong && len(out)+block <= cap(dst) {
			return out, zstdFlaw(data, err)
		}
	}
}

// openZstd makes the reader of zstd. One that decodes whole data only, for one caller at a time, has no goroutines and need not be closed.
func (z *decompressor) openZstd(dicts *zstdDicts) error {
	if z.zstd != nil && z.zstdDicts == dicts {
		return nil
	}
	options := []zstd.DOption{zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true),
		// The memory is limited by its capacity; a limit below the window would be one on that.
		zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(maxWindow)}
	if dicts != nil {
		options = append(options, zstd.WithDecoderDicts(dicts.known...))
		if dicts.raw != nil {
			options = append(options, zstd.WithDecoderDictRaw(0, dicts.raw))
		}
	}
	r, err := zstd.NewReader(nil, options...)
	z.zstd, z.zstdDicts = r, dicts
	return err
}

func (z *decompressor) unsnappy(dst, data []byte, limit int) ([]byte, error) {
	if hasPrefix(data, snappyMark) {
		if z.snappy == nil {
			z.snappy = snappy.NewReader(&z.in)
		}
		z.snappy.Reset(&z.in)
		defer z.snappy.Reset(nil)
		return z.readAll(dst, z.snappy, limit)
	}
	switch {
	case hasPrefix(data, xerialMark):
		return z.unxerial(dst, data, limit)
	case hadoopLike(data):
		return z.unhadoop(dst, data, limit)
	}
	return z.appendBlock(dst, data, limit)
}

// grow returns dst in z.room, with room for n bytes; that is more than dst has.
func (z *decompressor) grow(dst []byte, n int) []byte {
	if cap(z.room) < n {
		z.room = make([]byte, 0, n)
	}
	return append(z.room[:0], dst...)
}

// shed gives up room that is too large to be kept for the next event.
func (z *decompressor) shed() {
	if cap(z.room) > maxPooled {
		z.room = nil
	}
}

// release gives back what decompressors has lent.
func (z *decompressor) release() {
	z.shed()
	decompressors.Put(z)
}

// readAll appends what r gives to dst, up to limit bytes.
func (z *decompressor) readAll(dst []byte, r io.Reader, limit int) ([]byte, error) {
	for {
		if len(dst) == cap(dst) {
			// One byte more than allowed, to see whether there are more.
			dst = z.grow(dst, min(max(2*cap(dst), 512), limit+1))
		}
		n, err := r.Read(dst[len(dst):min(cap(dst), limit+1)])
		dst = dst[:len(dst)+n]
		if len(dst) > limit {
			return dst, errTooLong
		}
		if err == io.EOF {
			return dst, nil
		}
		if err != nil {
			return dst, err
		}
	}
}
