package compression

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"
)

// gzipReader reads gzip, RFC 1952: a header, deflated data and a trailer, and
// as many such members as there are. compress/gzip and its like refuse a name
// or a comment above 511 bytes, where the format sets no limit, and take
// whatever stands behind a member for another header.
type gzipReader struct {
	in    *bytes.Reader // of data, as far as it is not read
	data  []byte
	flate io.ReadCloser

	within bool   // a member, behind its header
	crc    uint32 // of what the member has held so far
	size   uint32 // of that, modulo 2^32 as the format has it
}

// Where things stand in a header, and the flags in its fourth byte, but for the
// one that says that the data may be text.
const (
	gzipFlags     = 3
	gzipFixed     = 10 // bytes that every header has
	gzipTrailer   = 8
	gzipHeaderCRC = 1 << 1
	gzipExtra     = 1 << 2
	gzipName      = 1 << 3
	gzipComment   = 1 << 4
	gzipReserved  = 7 << 5
)

var (
	errGzipHeader   = errors.New("invalid header")
	errGzipChecksum = errors.New("invalid checksum")
)

func (r *gzipReader) reset(in *bytes.Reader, data []byte) {
	in.Reset(data)
	r.in, r.data, r.within = in, data, false
}

// Read implements io.Reader. It may return neither bytes nor an error at the
// end of a member.
func (r *gzipReader) Read(p []byte) (int, error) {
	if !r.within {
		if err := r.open(); err != nil {
			return 0, err
		}
	}
	n, err := r.flate.Read(p)
	r.crc = crc32.Update(r.crc, crc32.IEEETable, p[:n])
	r.size += uint32(n)
	if err == io.EOF {
		err = r.close()
	}
	return n, err
}

// rest is what is not read yet.
func (r *gzipReader) rest() []byte { return r.data[len(r.data)-r.in.Len():] }

// open reads the header of the next member, io.EOF where none follows another.
func (r *gzipReader) open() error {
	rest := r.rest()
	if first := len(rest) == len(r.data); !first {
		if len(rest) == 0 {
			return io.EOF
		}
		if n := min(len(rest), 2); string(rest[:n]) != gzipMark[:n] {
			return errTrailing
		}
	}
	n, err := gzipHeader(rest)
	if err != nil {
		return err
	}
	r.in.Reset(rest[n:])
	if r.flate == nil {
		r.flate = flate.NewReader(r.in)
	} else if err := r.flate.(flate.Resetter).Reset(r.in, nil); err != nil {
		return err
	}
	r.within, r.crc, r.size = true, 0, 0
	return nil
}

// close checks the member's trailer.
func (r *gzipReader) close() error {
	rest := r.rest()
	if len(rest) < gzipTrailer {
		return io.ErrUnexpectedEOF
	}
	if binary.LittleEndian.Uint32(rest) != r.crc || binary.LittleEndian.Uint32(rest[4:]) != r.size {
		return errGzipChecksum
	}
	r.in.Reset(rest[gzipTrailer:])
	r.within = false
	return nil
}

// gzipHeader returns the length of the header that b begins with.
func gzipHeader(b []byte) (int, error) {
	if n := min(len(b), len(gzipMark)); string(b[:n]) != gzipMark[:n] {
		return 0, errGzipHeader
	}
	if len(b) < gzipFixed {
		return 0, io.ErrUnexpectedEOF
	}
	flags, n := b[gzipFlags], gzipFixed
	if flags&gzipReserved != 0 {
		// What they will mean may change how the rest is read, so the format
		// calls for an error.
		return 0, errGzipHeader
	}
	if flags&gzipExtra != 0 {
		if len(b) < n+2 {
			return 0, io.ErrUnexpectedEOF
		}
		n += 2 + int(binary.LittleEndian.Uint16(b[n:]))
	}
	for _, text := range [...]byte{gzipName, gzipComment} {
		if flags&text == 0 {
			continue
		}
		end := bytes.IndexByte(b[min(n, len(b)):], 0)
		if end < 0 {
			return 0, io.ErrUnexpectedEOF
		}
		n += end + 1
	}
	if flags&gzipHeaderCRC != 0 {
		if len(b) < n+2 {
			return 0, io.ErrUnexpectedEOF
		}
		if binary.LittleEndian.Uint16(b[n:]) != uint16(crc32.ChecksumIEEE(b[:n])) {
			return 0, errGzipHeader
		}
		n += 2
	}
	if n > len(b) {
		return 0, io.ErrUnexpectedEOF
	}
	return n, nil
}
