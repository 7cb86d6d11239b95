package decoder

import (
	"sync"

	"example.com/sluice/decoder/internal/memory"
)

// reader is all that reading one event takes. Readers are pooled; what is in one
// stays private to it. The fields are owners: no other file writes what is in
// them.
type reader struct {
	walker    walker
	templates templateReader
	strict    strictReader
	contents  contents
	out       output
	batch     Batch
	lab       *laboratory // where tests have it from; else nil
}

var readers = sync.Pool{New: func() any { return newReader(&learned, false) }}

// learned are the templates that all Decoders of the process share.
var learned templateCache

func newReader(cache *templateCache, strictOnly bool) *reader {
	return &reader{templates: templateReader{cache: cache, off: strictOnly, lambda: lambdaReader{second: noSecond}}}
}

const (
	defaultMaxData    = 10 << 20
	defaultMaxRecords = 1 << 18
	defaultMaxBatch   = 256 << 20
)

// open returns a reader of the event, for a loop or for a batch.
func (d *Decoder) open(event []byte, batch bool) *reader {
	var r *reader
	if d.lab != nil {
		r = d.lab.get()
	} else {
		r = readers.Get().(*reader)
	}
	if memory.Scribble {
		event = append([]byte(nil), event...)
	}
	maxRecords := orDefault(d.MaxRecords, defaultMaxRecords)
	r.walker.begin(event, maxRecords)
	r.templates.begin()
	r.contents.begin(d, maxRecords)
	limit := r.contents.maxData
	if r.contents.wanted {
		limit = max(limit, defaultMaxData) // data may be larger as it arrives than what becomes of it
	}
	r.out.begin(event, batch, d.Detach, limit)
	return r
}

func orDefault(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}

// next reads the next record into out. It reports false at the end, with
// walker.broken set where the event is broken.
func (r *reader) next() bool {
	if r.contents.wanted {
		return r.nextContent()
	}
	return r.nextElement()
}

// nextElement reads the next element of the array of records, as it stands.
func (r *reader) nextElement() bool {
	w, t, out := &r.walker, &r.templates, &r.out
	out.clear()
	start, primed := w.pos, t.lambda.primed
	if !primed {
		var more bool
		if start, more = w.next(); !more {
			return false
		}
	}
	if !w.found(start) {
		return false
	}
	end, ok := 0, false
	if primed {
		if end, ok = t.lambda.read(t.last, w.event, start, w.index, out); ok {
			t.hit()
		}
	}
	if !ok && !t.off {
		end, ok = t.read(w.event, start, w.depth, w.index, primed, out)
	}
	if !ok {
		return r.readStrictly()
	}
	w.passed(end)
	out.handOut()
	return true
}

// readStrictly reads the element that was found last, and learns from it. It
// reports false where the event is broken.
func (r *reader) readStrictly() bool {
	w, out := &r.walker, &r.out
	el, sound := w.scanElement(w.start)
	if !sound {
		return false
	}
	if err := r.strict.readRecord(w.event, el, w.index, out); err != nil {
		return w.fail(el.Start, err)
	}
	if out.bad == nil && !r.templates.off { //mutant:a-bad-record-teaches
		r.templates.learn(w.event, el.span, out.rec.Source, w.depth)
	}
	w.passed(el.End)
	out.handOut()
	return true
}

// each yields the records of the event. It reports false where yield does, and
// true at the end, be it that the event is broken.
func (r *reader) each(yield func(*Record, error) bool) bool {
	for r.next() {
		var err error
		if r.out.bad != nil {
			err = r.out.bad
		}
		if !yield(&r.out.rec, err) {
			return false
		}
		r.expire()
	}
	return true
}

// window returns the event's window members, once its end has come.
func (r *reader) window() (*Window, error) {
	w := r.walker.window()
	if r.walker.broken != nil {
		return nil, r.walker.broken
	}
	return w, nil
}

// expire ends the lifetime of the record that the loop has just seen.
func (r *reader) expire() {
	if memory.Scribble {
		r.scribble()
	}
	if r.contents.open() {
		r.contents.rewind(&r.out)
		return
	}
	r.out.arena.Reset()
}

// scribble overwrites the record that was handed out, and gives up the memory
// whose contents it has changed.
func (r *reader) scribble() {
	r.out.scribble()
	r.strict.forget()
	if !r.out.batch {
		r.contents.decompressor.Forget()
	}
}

// release gives the reader back. What it has handed out is no longer valid.
func (r *reader) release() {
	event := r.walker.event
	if memory.Scribble {
		r.scribble()
		memory.Overwrite(event)
	}
	r.contents.reset()
	r.out.reset()
	r.strict.reset(len(event))
	r.walker.reset()
	if r.out.batch {
		r.batch.reset()
	}
	if r.lab != nil {
		r.lab.put(r)
		return
	}
	readers.Put(r)
}
