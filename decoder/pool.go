package decoder

import (
	"sync"

	"example.com/sluice/internal/lab"
)

// readers holds the readers of all Decoders except those in a laboratory;
// learned holds the templates that they share.
var (
	readers = sync.Pool{New: func() any { return newReader(&learned, false) }}
	learned templateCache
)

func newReader(cache *templateCache, strictOnly bool) *reader {
	return &reader{templates: templateReader{cache: cache, off: strictOnly, lambda: lambdaReader{second: noSecond}}}
}

// laboratory is a lab.Lab: its Decoders use these readers and templates instead
// of the process's. Users' Decoders have none.
type laboratory struct {
	templates  templateCache
	strictOnly bool

	mu   sync.Mutex
	free []*reader // the one given back last comes last
}

func init() { //nolint:gochecknoinits // package lab is below this one, and cannot ask for it
	lab.New = func(strictOnly bool) lab.Lab { return &laboratory{strictOnly: strictOnly} }
}

// Use implements lab.Lab.
func (l *laboratory) Use(d any) { d.(*Decoder).lab = l }

// Matched implements lab.Lab.
func (l *laboratory) Matched() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.free[len(l.free)-1].templates.matched
}

func (l *laboratory) get() *reader {
	if l == nil {
		return readers.Get().(*reader)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.free) - 1
	if n < 0 {
		r := newReader(&l.templates, l.strictOnly)
		r.lab = l
		return r
	}
	r := l.free[n]
	l.free = l.free[:n]
	return r
}

func (l *laboratory) put(r *reader) {
	if l == nil {
		readers.Put(r)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free = append(l.free, r)
}
