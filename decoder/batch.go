package decoder

// Batch is all records of one event at once. It and all that it gives are valid until the function that it was handed to
// returns.
type Batch struct {
	records []Record
	bad     []Record
	failed  []*Error
	window  *Window
}

// Records returns the records that are not bad, in the event's order. The slice may be reordered.
func (b *Batch) Records() []Record { return b.records }

// Failed returns what is wrong with the records that are bad, in the event's order. The errors may be kept.
func (b *Batch) Failed() []*Error { return b.failed }

// Bad returns the bad records, set as far as known; Bad()[i] is what Failed()[i] is about.
func (b *Batch) Bad() []Record { return b.bad }

// Window returns what [Decoder.Window] does for the event. It may be kept.
func (b *Batch) Window() *Window { return b.window }

// Batch reads the whole event and calls f with its records. It returns what f does, or an [*Error], with f not called,
// where the event is broken.
func (d Decoder) Batch(event []byte, f func(*Batch) error) error {
	s := newState(&d, event)
	defer s.release()
	s.batching = true
	b := &s.batch
	for s.next() {
		if s.bad != nil {
			b.bad = append(b.bad, s.rec)
			b.failed = append(b.failed, s.bad)
		} else {
			b.records = append(b.records, s.rec)
		}
	}
	b.window = s.readWindow()
	if s.broken != nil {
		return s.broken
	}
	return f(b)
}

// reset ends the lifetime of the batch's records. What is left of them is cleared, so that nothing keeps the event alive.
func (b *Batch) reset() {
	clear(b.records)
	clear(b.bad)
	clear(b.failed)
	b.records, b.bad, b.failed = b.records[:0], b.bad[:0], b.failed[:0]
	if cap(b.records) > maxPooled/256 {
		b.records = nil
	}
	if cap(b.bad) > maxPooled/256 {
		b.bad, b.failed = nil, nil
	}
	b.window = nil
}
