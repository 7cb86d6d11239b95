package compression

import (
	"encoding/binary"
	"io"

	"github.com/klauspost/compress/snappy"
)

// This file reads blocks of snappy, and the two framings of blocks that are in
// use beside the frame format. Neither has checksums.
//
//	xerial (snappy-java, Kafka)   the mark, two versions of four bytes;
//	                              then each block behind its length
//	Hadoop (SnappyCodec)          frames: the length of what the frame
//	                              decompresses to; then each block behind its length
//
// Lengths are four bytes, the highest first.

// xerialMark begins a stream of xerial's. A stream behind another begins with
// it as well.
const xerialMark = "\x82SNAPPY\x00"

const xerialHeader = len(xerialMark) + 4 + 4

// hadoopLike is whether data can be Hadoop's frames. A length below 16 MiB
// begins with a zero, and a block that does so, which is one of no bytes, ends
// there.
func hadoopLike(data []byte) bool { return len(data) >= 4 && data[0] == 0 }

func (z *Decompressor) unsnappy(dst, data []byte, limit int) ([]byte, error) {
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

func (z *Decompressor) unxerial(dst, data []byte, limit int) (_ []byte, err error) {
	for len(data) > 0 {
		if hasPrefix(data, xerialMark) {
			if len(data) < xerialHeader {
				return dst, io.ErrUnexpectedEOF
			}
			data = data[xerialHeader:]
			continue
		}
		if dst, data, err = z.nextBlock(dst, data, limit); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

func (z *Decompressor) unhadoop(dst, data []byte, limit int) (_ []byte, err error) {
	for len(data) > 0 {
		if len(data) < 4 {
			return dst, io.ErrUnexpectedEOF
		}
		n := uint64(binary.BigEndian.Uint32(data))
		data = data[4:]
		if n == 0 && len(dst)+len(data) > 0 || n/maxSnappyRatio > uint64(len(data)) {
			return dst, snappy.ErrCorrupt // a frame of nothing stands alone
		}
		if n > uint64(limit-len(dst)) {
			return dst, ErrTooLong
		}
		end := len(dst) + int(n)
		for len(dst) < end {
			if dst, data, err = z.nextBlock(dst, data, end); err == ErrTooLong {
				err = snappy.ErrCorrupt // it is more than its frame says
			}
			if err != nil {
				return dst, err
			}
		}
	}
	return dst, nil
}

// nextBlock appends to dst what the block gives whose length data begins with,
// and returns the data behind it.
func (z *Decompressor) nextBlock(dst, data []byte, limit int) (_, rest []byte, err error) {
	if len(data) < 4 {
		return dst, nil, io.ErrUnexpectedEOF
	}
	n := binary.BigEndian.Uint32(data)
	data = data[4:]
	if uint64(n) > uint64(len(data)) {
		return dst, nil, io.ErrUnexpectedEOF
	}
	dst, err = z.appendBlock(dst, data[:n], limit)
	return dst, data[n:], err
}

// maxSnappyRatio is what snappy cannot reach: three bytes of a block stand for
// 64 at most.
const maxSnappyRatio = 22

// appendBlock appends to dst what a block gives, up to limit bytes in all.
func (z *Decompressor) appendBlock(dst, block []byte, limit int) ([]byte, error) {
	n, err := snappy.DecodedLen(block)
	if err != nil {
		return dst, err
	}
	if n/maxSnappyRatio > len(block) {
		return dst, snappy.ErrCorrupt
	}
	if n > limit-len(dst) {
		return dst, ErrTooLong
	}
	if cap(dst)-len(dst) < n {
		dst = z.grow(dst, max(len(dst)+n, min(2*cap(dst), limit)))
	}
	// Blocks have no checksum: what is not snappy should not pass as s2.
	if _, err := snappy.DecodeStrict(dst[len(dst):len(dst)+n], block); err != nil {
		return dst, err
	}
	return dst[:len(dst)+n], nil
}
