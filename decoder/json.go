package decoder

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"example.com/sluice/decoder/internal/memory"
	"example.com/sluice/internal/jsonscan"
)

// This file reads data that is JSON or text, for users who do not want to
// define a type for it.

// ErrUTF8 is wrapped by what [Record.Text] returns if the data is not text.
var ErrUTF8 = errors.New("invalid UTF-8")

// Text returns the record's data as a string, which may be kept. For data that
// is not UTF-8 it returns an [*Error] that wraps ErrUTF8.
func (r *Record) Text() (string, error) {
	if at := badUTF8(r.Data); at >= 0 {
		return "", r.fault(fmt.Errorf("%w at byte %d", ErrUTF8, at))
	}
	return string(r.Data), nil
}

// JSON calls f with the record's data as a tree of JSON values, and returns
// what f returns. The tree comes from a pool: it and everything in it are valid
// until f returns. If the data is not exactly one JSON value, by the rules that
// hold for events, JSON returns an [*Error] and does not call f.
//
// A value takes about a hundred bytes in the tree, so data with more than a
// million values and names is ErrTooLarge. So is a value nested in 300 arrays
// and objects, although an event may have one.
func (r *Record) JSON(f func(v *fastjson.Value) error) error {
	p := parsers.Get().(*parser)
	defer p.release()
	v, err := p.parse(r.Data)
	if err != nil {
		return r.fault(err)
	}
	return f(v)
}

// fault returns an error of this record about its data.
func (r *Record) fault(err error) *Error {
	return &Error{Index: r.Index, SequenceNumber: string(r.SequenceNumber), Field: "data", Offset: -1, Err: err}
}

// maxPayloadTree is the largest tree that data may have, in values and names.
const maxPayloadTree = 1 << 20

// parser is a parser with the memory that its trees need.
type parser struct {
	parser fastjson.Parser
	text   []byte // text that is rewritten for the parser
	size   int    // of the tree, in values and names
	bytes  int    // length of the text that was parsed
}

var parsers = sync.Pool{New: func() any { return new(parser) }}

// parse returns the tree of data, which must be one JSON value. The parser is
// lax and recursive, so it only gets what the scanner has passed.
func (p *parser) parse(data []byte) (*fastjson.Value, error) {
	s := jsonscan.Scanner{B: data}
	end, f := s.Value(0, 0)
	if f == jsonscan.Sound {
		if end = jsonscan.SkipSpace(data, end); end != len(data) {
			f = jsonscan.Unsound
		}
	}
	if f != jsonscan.Sound {
		return nil, f.At(end)
	}
	if p.size = s.Values; p.size > maxPayloadTree {
		return nil, because(ErrTooLarge, "JSON of more than %d values and names", maxPayloadTree)
	}
	if s.Surrogates {
		p.text = append(p.text[:0], data...)
		jsonscan.MendSurrogates(p.text)
		data = p.text
	}
	p.bytes = len(data)
	v, err := p.parser.ParseBytes(data)
	if err != nil {
		// This is the only thing that the parser rejects and the scanner
		// accepts: the parser counts a value as one level deeper than what
		// contains it.
		return nil, because(ErrTooLarge, "a value within %d arrays and objects", jsonscan.MaxDepth)
	}
	return v, nil
}

func (p *parser) release() {
	if memory.Scribble {
		_, _ = p.parser.ParseBytes(append(append([]byte{'"'}, bytes.Repeat([]byte{'#'}, p.bytes)...), '"'))
	}
	if p.size > memory.MaxPooled/128 {
		p.parser = fastjson.Parser{}
	}
	if cap(p.text) > memory.MaxPooled {
		p.text = nil
	}
	parsers.Put(p)
}

// badUTF8 returns the offset of the first byte that is not UTF-8, or -1.
func badUTF8(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	for i := 0; ; {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size <= 1 {
			return i
		}
		i += size
	}
}
