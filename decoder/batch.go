package decoder

import "example.com/sluice/decoder/internal/memory"

// Batch is all records of one event at once. It and all that it gives are valid until the function that it was handed to
// returns.
type Batch struct {
	records []Record
	bad     []Record
	failed  []*Error
	window  *Window
	unread  *Error
}

// Records returns the records that are not bad, in the event's order. The slice may be reordered.
func (b *Batch) Records() []Record { return b.records }

// Failed returns what is wrong with the records that are bad, in the event's order. The errors may be kept.
func (b *Batch) Failed() []*Error { return b.failed }

// Bad returns the bad records, set as far as known; Bad()[i] is what Failed()[i] is about.
func (b *Batch) Bad() []Record { return b.bad }

// Window returns what [Decoder.Window] does for the event, and nil where Unread names a record. It may be kept.
func (b *Batch) Window() *Window { return b.window }

// Unread says where [Decoder.BatchUntil] ended early: its Index and SequenceNumber are those of the first record that the
// batch lacks. It is ErrStopped, or ErrTooLarge for a limit of the whole event. It is nil where the event was read to its
// end, and may be kept.
func (b *Batch) Unread() *Error { return b.unread }

// Batch reads the whole event and calls f with its records. It returns what f does, or an [*Error], with f not called,
// where the event is broken.
func (d Decoder) Batch(event []byte, f func(*Batch) error) error {
	r := d.open(event, true)
	defer r.releaseBatch()
	r.readBatch(nil)
	if r.walker.broken != nil {
		return r.walker.broken
	}
	return f(&r.batch)
}

// BatchUntil is [Decoder.Batch] for those who have only so much time: reading ends before the next record once stop reports
// true, and f gets the records before that one; [Batch.Unread] tells which it is. The same happens, instead of an error,
// where the event passes MaxRecords, MaxBatch, or what may be decompressed in vain. One record at least is read in any
// case, of an aggregate one of its user records.
//
// stop is asked for each mebibyte that is read or decompressed, or more often; nil never stops. A record is read as a
// whole: MaxData bounds what that takes.
func (d Decoder) BatchUntil(event []byte, stop func() bool, f func(*Batch) error) error {
	r := d.open(event, true)
	defer r.releaseBatch()
	r.readBatch(stop)
	broken := r.walker.broken
	if broken != nil && r.walker.atLimit && r.batch.size() > 0 {
		r.batch.unread, broken = broken, nil
	}
	if broken != nil {
		return broken
	}
	return f(&r.batch)
}

// Work is counted in bytes, of the event or decompressed; a record counts for some by itself.
const (
	workOfRecord = 256
	workUnasked  = 1 << 20 // how much is done without asking whether to stop
)

// readBatch reads records into the batch until the event ends or stop reports
// true.
func (r *reader) readBatch(stop func() bool) {
	b, w := &r.batch, &r.walker
	asked := int64(0)
	for r.next() {
		rec := &r.out.rec
		b.add(rec, r.out.bad)
		if stop == nil {
			continue
		}
		work := int64(w.pos) + r.contents.work() + workOfRecord*int64(b.size())
		if work-asked < workUnasked {
			continue
		}
		if asked = work; !stop() {
			continue
		}
		if r.peek() {
			b.unread = &Error{Index: rec.Index, SequenceNumber: string(rec.SequenceNumber), Offset: int64(w.start), Err: ErrStopped}
			return
		}
		break
	}
	b.window = w.window()
}

func (b *Batch) add(rec *Record, bad *Error) {
	if bad != nil {
		b.bad = append(b.bad, *rec)
		b.failed = append(b.failed, bad)
	} else {
		b.records = append(b.records, *rec)
	}
}

func (b *Batch) size() int { return len(b.records) + len(b.bad) }

func (r *reader) releaseBatch() {
	r.batch.reset()
	r.release()
}

// reset ends the lifetime of the batch's records. What is left of them is cleared,
// so that nothing keeps the event alive.
func (b *Batch) reset() {
	clear(b.records)
	clear(b.bad)
	clear(b.failed)
	b.records, b.bad, b.failed = b.records[:0], b.bad[:0], b.failed[:0]
	if cap(b.records) > memory.MaxPooled/256 {
		b.records = nil
	}
	if cap(b.bad) > memory.MaxPooled/256 {
		b.bad, b.failed = nil, nil
	}
	b.window, b.unread = nil, nil
}
