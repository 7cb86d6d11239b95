package decoder

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/klauspost/compress/zstd"
)

// This file knows of the frames of zstd, RFC 8878, what the library does not say of them.

// maxWindow is the largest window that a frame may ask for. The format's largest is 3.75 TiB, and costs no memory here, since data is
// decompressed as a whole; but the library counts with ints.
const maxWindow = min(1<<41+7<<38, math.MaxInt)

// errWindow is for a frame with a larger one.
var errWindow = fmt.Errorf("a window of more than %d bytes", maxWindow)

// skippableMark stands behind a byte from 50 to 5f.
const skippableMark = "\x2a\x4d\x18"

// skippable returns the length of the skippable frame that data begins with; 0 where there is none that is whole.
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

// behindSkippable returns what stands behind the skippable frames that data begins with.
func behindSkippable(data []byte) []byte {
	for n := skippable(data); n > 0; n = skippable(data) {
		data = data[n:]
	}
	return data
}

// zstdFlaw is what is wrong with data which the library refuses with err: more than it says, where that is less than the truth.
func zstdFlaw(data []byte, err error) error {
	if err != zstd.ErrWindowSizeExceeded && err != zstd.ErrMagicMismatch && err != io.ErrUnexpectedEOF {
		return err
	}
	for first := true; ; first = false {
		data = behindSkippable(data)
		n := min(len(data), len(zstdMark))
		if string(data[:n]) != zstdMark[:n] {
			if cut := data[0]&0xf0 == 0x50 && bytes.HasPrefix([]byte(skippableMark), data[1:min(len(data), 4)]); first || cut {
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
			return errWindow
		}
		if data = behindBlocks(rest, h.HasCheckSum); data == nil {
			return err
		}
	}
}

// behindBlocks returns what stands behind the blocks, and the checksum, of the frame whose header stands before b; nil where they are not whole.
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
