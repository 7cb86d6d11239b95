package decoder

import "example.com/sluice/decoder/internal/memory"

// reader is everything needed to read one event. Readers are pooled, and share
// nothing. Each field owns its own state: no other file writes to it.
type reader struct {
	walker    walker
	templates templateReader
	strict    strictReader
	contents  contents
	out       output
	batch     Batch
	lab       *laboratory // the laboratory of a test that it belongs to; otherwise nil
}

const (
	defaultMaxData    = 10 << 20
	defaultMaxRecords = 1 << 18
	defaultMaxBatch   = 256 << 20
)

// open returns a reader of the event, for a loop or for a batch.
func (d Decoder) open(event []byte, batch bool) *reader {
	d.MaxData = orDefault(d.MaxData, defaultMaxData)
	d.MaxRecords = orDefault(d.MaxRecords, defaultMaxRecords)
	d.MaxBatch = orDefault(d.MaxBatch, defaultMaxBatch)
	if memory.Scribble {
		event = append([]byte(nil), event...)
	}
	r := d.lab.get()
	r.walker.begin(event, d.MaxRecords)
	r.templates.begin()
	r.contents.begin(&d)
	limit := d.MaxData
	if r.contents.wanted {
		limit = max(limit, defaultMaxData) // data may arrive larger than it ends up
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

// each yields the records of the event. It returns false if yield does, and
// true at the end, even if the event turns out to be broken.
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

// window returns the event's window members, once the end is reached.
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
	r.out.expire()
}

// scribble overwrites the record that was handed out, and drops the memory that
// it has overwritten.
func (r *reader) scribble() {
	r.out.scribble()
	r.strict.forget()
	if !r.out.batch {
		r.contents.forget()
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
	r.lab.put(r)
}
