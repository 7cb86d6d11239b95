package routertest

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"strconv"
)

// Kind says what the data of an [Event]'s records is.
type Kind uint8

const (
	// JSON data is an object {"id":"100000","item":"…"} of exactly Size bytes.
	// The id counts up from the event's first record, and the item consists of
	// pseudo-random words, which compress about as well as real text. A Size
	// below 25 has no room for that and gives a number of Size digits.
	JSON Kind = iota

	// Random data is Size pseudo-random bytes, which do not compress.
	Random

	// Compressed data is JSON data of Size bytes in gzip. Its bytes depend on
	// the release of Go; what they decompress to does not.
	Compressed
)

// String returns the name of the constant.
func (k Kind) String() string { return nameOf(k, "Kind", "JSON", "Random", "Compressed") }

func nameOf[T ~uint8](v T, kind string, names ...string) string {
	if int(v) < len(names) {
		return names[v]
	}
	return fmt.Sprintf("%s(%d)", kind, uint8(v))
}

// filler makes the data of records.
type filler struct {
	random rand.PCG
	text   []byte       // before compression
	zip    *gzip.Writer // writes to out; nil until it is needed
	out    bytes.Buffer
}

// fill appends the data of record i, which depends on Seed, i, Size and Kind
// alone.
func (f *filler) fill(dst []byte, e *Event, i int) []byte {
	f.random.Seed(e.Seed, 1+uint64(i))
	switch e.Kind {
	case Random:
		return f.noise(dst, e.Size)
	case Compressed:
		f.text = f.json(f.text[:0], e.Size, i)
		return f.compress(dst, f.text)
	}
	return f.json(dst, e.Size, i)
}

func (f *filler) noise(dst []byte, size int) []byte {
	for ; size >= 8; size -= 8 {
		dst = binary.LittleEndian.AppendUint64(dst, f.random.Uint64())
	}
	for ; size > 0; size-- {
		dst = append(dst, byte(f.random.Uint64()))
	}
	return dst
}

func (f *filler) json(dst []byte, size, i int) []byte {
	const (
		begin = `{"id":"`
		text  = `","item":"`
		end   = `"}`
		least = len(begin) + 6 + len(text) + len(end)
	)
	if size < least {
		for ; size > 0; size-- {
			dst = append(dst, '1'+byte(below(&f.random, 9))) // 1 to 9: JSON forbids a leading zero
		}
		return dst
	}
	dst = append(dst, begin...)
	dst = strconv.AppendInt(dst, 100_000+int64(i%900_000), 10)
	dst = append(dst, text...)
	dst = f.words(dst, size-least)
	return append(dst, end...)
}

// words appends size bytes of text and cuts off the last word.
func (f *filler) words(dst []byte, size int) []byte {
	end := len(dst) + size
	for len(dst) < end {
		dst = append(dst, lexicon[below(&f.random, uint64(len(lexicon)))]...)
	}
	return dst[:end]
}

// lexicon holds the words of the text, each with a space after it.
var lexicon = [...]string{
	"account ", "amount ", "and ", "basket ", "cancelled ", "card ", "carrier ", "change ", "code ",
	"confirmed ", "country ", "customer ", "delivered ", "discount ", "email ", "express ", "failed ",
	"for ", "from ", "gift ", "invoice ", "item ", "late ", "line ", "loyalty ", "method ", "name ", "new ",
	"not ", "number ", "of ", "offer ", "on ", "order ", "packed ", "paid ", "partial ", "payment ",
	"pending ", "pickup ", "placed ", "points ", "price ", "quantity ", "received ", "refund ", "region ",
	"return ", "shipped ", "size ", "status ", "stock ", "store ", "street ", "tax ", "the ", "to ",
	"total ", "tracking ", "unit ", "updated ", "voucher ", "warehouse ", "with ",
}

func (f *filler) compress(dst, text []byte) []byte {
	f.out = *bytes.NewBuffer(dst)
	if f.zip == nil {
		f.zip = gzip.NewWriter(&f.out)
	} else {
		f.zip.Reset(&f.out)
	}
	// A bytes.Buffer has no errors.
	_, _ = f.zip.Write(text)
	_ = f.zip.Close()
	return f.out.Bytes()
}

// below returns a pseudo-random number from 0 to n-1. It uses the generator
// directly, because its numbers are specified; what rand.Rand derives from them
// may change with the release of Go.
func below(random *rand.PCG, n uint64) uint64 {
	high, _ := bits.Mul64(random.Uint64(), n)
	return high
}
