package routertest

import "example.com/sluice/decoder"

// Events of a simulation as Lambda delivers them.

// eventOverhead is the room that an event leaves for everything but its records
// and its window's state.
const eventOverhead = 1024

// event returns the event that delivers the batch.
func (s *simulation) event(b *batch) []byte {
	size := eventOverhead
	for _, rec := range b.recs {
		size += rec.size
	}
	w := newEventWriter(make([]byte, 0, size), s.Pipe)
	for _, rec := range b.recs {
		w.record(s.template(rec.Source), &rec.Record)
	}
	return w.end(b.window)
}

// template returns how records of this source are written.
func (s *simulation) template(src *decoder.Source) *template {
	t := s.templates[src]
	if t == nil {
		t = new(templateOf(src, s.Pipe))
		s.templates[src] = t
	}
	return t
}
