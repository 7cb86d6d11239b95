package decoder

import (
	"sync"

	"example.com/sluice/internal/lab"
)

func init() { lab.New = newLab }

// laboratory is a lab.Lab: the readers and templates that its Decoders have
// instead of the process's.
type laboratory struct {
	templates  templateCache
	strictOnly bool

	mu   sync.Mutex
	free []*reader // the one that was given back last stands last
}

func newLab(strictOnly bool) lab.Lab { return &laboratory{strictOnly: strictOnly} }

func (l *laboratory) Use(d any) { d.(*Decoder).lab = l }

func (l *laboratory) Matched() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.free[len(l.free)-1].templates.matched
}

func (l *laboratory) get() *reader {
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
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free = append(l.free, r)
}
