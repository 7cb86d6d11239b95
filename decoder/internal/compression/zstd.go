package compression

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/klauspost/compress/zstd"
)

// maxWindow is the largest window that a frame may ask for. The format's
// largest is 3.75 TiB, and costs no memory here, since data is decompressed as
// a whole; but the library counts with ints.
const maxWindow = min(1<<41+7<<38, math.MaxInt)

// ErrWindow is for a frame with a larger one.
var ErrWindow = fmt.Errorf("a window of more than %d bytes", maxWindow)

// Dictionaries packs dictionaries for Decompress: formatted ones, and others
// that are plain content, of which the last counts. The error is for a
// formatted one that is broken.
func Dictionaries(dicts ...[]byte) (string, error) {
	var packed []byte
	for i, b := range dicts {
		if bytes.HasPrefix(b, []byte(dictMark)) {
			if _, err := zstd.InspectDictionary(b); err != nil {
				return "", fmt.Errorf("zstd dictionary %d is broken: %w", i, err)
			}
		}
		packed = append(binary.AppendUvarint(packed, uint64(len(b))), b...)
	}
	return string(packed), nil
}

const dictMark = "\x37\xa4\x30\xec"

// unpack is the reverse of Dictionaries.
func unpack(dicts string) (formatted [][]byte, content []byte, err error) {
	for packed := []byte(dicts); len(packed) > 0; {
		size, n := binary.Uvarint(packed)
		if n <= 0 || size > uint64(len(packed)-n) {
			return nil, nil, errors.New("the dictionaries are cut off")
		}
		dict := packed[n : n+int(size)]
		packed = packed[n+int(size):]
		if bytes.HasPrefix(dict, []byte(dictMark)) {
			formatted = append(formatted, dict)
		} else {
			content = dict
		}
	}
	return formatted, content, nil
}

// openZstd makes the reader of zstd. One that decodes whole data only, for one
// caller at a time, has no goroutines and need not be closed.
func (z *Decompressor) openZstd(dicts string) error {
	if z.zstd != nil && z.zstdDicts == dicts {
		return nil
	}
	formatted, content, err := unpack(dicts)
	if err != nil {
		return err
	}
	options := []zstd.DOption{
		zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true),
		// The memory is limited by its capacity; a limit below the window would
		// be one on that.
		zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(maxWindow), zstd.WithDecoderDicts(formatted...),
	}
	if content != nil {
		options = append(options, zstd.WithDecoderDictRaw(0, content))
	}
	r, err := zstd.NewReader(nil, options...)
	z.zstd, z.zstdDicts = r, dicts
	return err
}

// unzstd reads frames into memory of a size that is set before: the library's
// own limit on output is one on windows too, and a frame may have a large
// window whatever it holds. Where the memory is too small it is tried again
// with more.
func (z *Decompressor) unzstd(dst, data []byte, dicts string, limit int) ([]byte, error) {
	if err := z.openZstd(dicts); err != nil {
		return dst, err
	}
	const block = 128<<10 + 64 // room for what one block can give
	full := limit + min(block, math.MaxInt-limit)
	size := 4 * len(data)
	var h zstd.Header
	if h.Decode(behindSkippable(data)) == nil && h.HasFCS {
		if h.FrameContentSize > uint64(limit) {
			return dst, ErrTooLong
		}
		size = int(min(h.FrameContentSize, uint64(len(data))*(block/4))) // no block is shorter than four bytes
	}
	for size += 64; ; size = 4*min(cap(dst), math.MaxInt/8) + block {
		if cap(dst) < min(size, full) {
			dst = z.grow(dst[:0], min(size, full))
		}
		out, err := z.zstd.DecodeAll(data, dst[:0:min(cap(dst), full)])
		if len(out) > limit {
			return out, ErrTooLong
		}
		if err == nil {
			return out, nil
		}
		tooLong := errors.Is(err, zstd.ErrDecoderSizeExceeded)
		if cap(dst) >= full && tooLong {
			return out, ErrTooLong
		}
		// With less room left than a block takes, any error may be for want of
		// it.
		if cap(dst) >= full || !tooLong && len(out)+block <= cap(dst) {
			return out, zstdFlaw(data, err)
		}
	}
}

// skippableMark stands behind a byte from 50 to 5f.
const skippableMark = "\x2a\x4d\x18"

// skippable returns the length of the skippable frame that data begins with; 0
// where there is none that is whole.
func skippable(data []byte) int {
	if len(data) < 8 || data[0]&0xf0 != 0x50 || string(data[1:4]) != skippableMark {
		return 0
	}
	n := uint64(binary.LittleEndian.Uint32(data[4:]))
	if n > uint64(len(data)-8) {
		return 0
	}
	return 8 + int(n)
}

// behindSkippable returns what stands behind the skippable frames that data
// begins with.
func behindSkippable(data []byte) []byte {
	for n := skippable(data); n > 0; n = skippable(data) {
		data = data[n:]
	}
	return data
}

// zstdFlaw is what is wrong with data that the library refuses with err. Some
// of its errors do not say which frame they are about, or what it lacks.
func zstdFlaw(data []byte, err error) error {
	if err != zstd.ErrWindowSizeExceeded && err != zstd.ErrMagicMismatch && err != io.ErrUnexpectedEOF {
		return err
	}
	for first := true; ; first = false {
		data = behindSkippable(data)
		n := min(len(data), len(zstdMark))
		if string(data[:n]) != zstdMark[:n] {
			cut := data[0]&0xf0 == 0x50 && bytes.HasPrefix([]byte(skippableMark), data[1:min(len(data), 4)])
			if first || cut {
				return err
			}
			return errTrailing
		}
		var h zstd.Header
		rest, unread := h.DecodeAndStrip(data)
		if unread != nil {
			return err
		}
		if h.WindowSize > maxWindow {
			return ErrWindow
		}
		if data = behindBlocks(rest, h.HasCheckSum); data == nil {
			return err
		}
	}
}

// behindBlocks returns what stands behind the blocks, and the checksum, of the
// frame whose header stands before b; nil where they are not whole.
func behindBlocks(b []byte, checksum bool) []byte {
	for last := false; !last; {
		if len(b) < 3 {
			return nil
		}
		header := int(b[0]) | int(b[1])<<8 | int(b[2])<<16
		n := header >> 3
		if header>>1&3 == 1 {
			n = 1 // a byte that is repeated
		}
		last = header&1 != 0
		if len(b)-3 < n {
			return nil
		}
		b = b[3+n:]
	}
	if checksum {
		if len(b) < 4 {
			return nil
		}
		b = b[4:]
	}
	return b
}
