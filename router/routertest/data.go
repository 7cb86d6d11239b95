package routertest

import (
	"compress/gzip"
	"encoding/binary"
	"math/rand/v2"
	"strconv"
)

// Kind is what the data of built records is.
type Kind uint8

const (
	// JSON data is an object {"id":"100000","item":"…"} of exactly Size bytes,
	// whose members are strings. The id counts up from the event's first record
	// on, and the item is pseudo-random words, which compress about as real
	// text does. Below 25 bytes there is no room for that, and it is a number
	// instead.
	JSON Kind = iota

	// Random data is Size pseudo-random bytes, which no compression makes
	// smaller.
	Random

	// Compressed data is the gzip form of JSON data of Size bytes. Its bytes
	// depend on the compress/gzip of the Go release, what they decompress to
	// does not.
	Compressed
)

// String returns the constant's name.
func (k Kind) String() string {
	switch k {
	case JSON:
		return "JSON"
	case Random:
		return "Random"
	case Compressed:
		return "Compressed"
	}
	return "Kind(" + strconv.Itoa(int(k)) + ")"
}

// filler makes the data of records.
type filler struct {
	random rand.PCG
	text   []byte       // what is to be compressed
	zip    *gzip.Writer // nil until it is needed
	out    appender
}

// fill appends the data of record i to dst. It depends on Seed, i, Size and
// Kind alone.
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
			dst = append(dst, '1'+byte(below(&f.random, 9))) // no zero, which may not lead
		}
		return dst
	}
	dst = append(dst, begin...)
	dst = strconv.AppendInt(dst, 100_000+int64(i%900_000), 10)
	dst = append(dst, text...)
	dst = f.words(dst, size-least)
	return append(dst, end...)
}

// words appends so many bytes of text, and cuts the last word off where it
// must.
func (f *filler) words(dst []byte, size int) []byte {
	end := len(dst) + size
	for len(dst) < end {
		dst = append(dst, lexicon[below(&f.random, uint64(len(lexicon)))]...)
	}
	return dst[:end]
}

// lexicon is the words of the text, each with its space.
var lexicon = [...]string{
	"account ", "amount ", "and ", "basket ", "cancelled ", "card ", "carrier ", "change ", "code ", "confirmed ", "country ",
	"customer ", "delivered ", "discount ", "email ", "express ", "failed ", "for ", "from ", "gift ", "invoice ", "item ",
	"late ", "line ", "loyalty ", "method ", "name ", "new ", "not ", "number ", "of ", "offer ", "on ", "order ", "packed ",
	"paid ", "partial ", "payment ", "pending ", "pickup ", "placed ", "points ", "price ", "quantity ", "received ", "refund ",
	"region ", "return ", "shipped ", "size ", "status ", "stock ", "store ", "street ", "tax ", "the ", "to ", "total ",
	"tracking ", "unit ", "updated ", "voucher ", "warehouse ", "with ",
}

func (f *filler) compress(dst, text []byte) []byte {
	f.out = dst
	if f.zip == nil {
		f.zip = gzip.NewWriter(&f.out)
	} else {
		f.zip.Reset(&f.out)
	}
	// An appender has no errors.
	_, _ = f.zip.Write(text)
	_ = f.zip.Close()
	return f.out
}

// appender is an io.Writer to its own end.
type appender []byte

func (a *appender) Write(p []byte) (int, error) {
	*a = append(*a, p...)
	return len(p), nil
}
