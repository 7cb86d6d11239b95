package decoder

import "example.com/sluice/decoder/internal/memory"

// Batch holds all records of one event. It and everything it returns are valid
// until the function that received it returns.
type Batch struct {
	records []Record
	bad     []Record
	failed  []*Error
	window  *Window
	unread  *Error
}

// Records returns the good records, in the event's order. The slice may be
// reordered.
func (b *Batch) Records() []Record { return b.records }

// Failed returns what is wrong with the bad records, in the event's order. The
// errors may be kept.
func (b *Batch) Failed() []*Error { return b.failed }

// Bad returns the bad records, with whatever could be read of them. Failed()[i]
// is the error of Bad()[i].
func (b *Batch) Bad() []Record { return b.bad }

// Window returns the same as [Decoder.Window], or nil if Unread is not nil. It
// may be kept.
func (b *Batch) Window() *Window { return b.window }

// Unread says where [Decoder.BatchUntil] ended early, or is nil if it read the
// whole event. Its Index and SequenceNumber are those of the first record that
// is missing from the batch. It wraps ErrStopped, or ErrTooLarge if the whole
// event passed a limit. It may be kept.
func (b *Batch) Unread() *Error { return b.unread }

// Batch reads the whole event, calls f with its records, and returns what f
// returns. If the event is broken it returns an [*Error] and does not call f.
func (d Decoder) Batch(event []byte, f func(*Batch) error) error {
	r := d.open(event, true)
	defer r.releaseBatch()
	r.readBatch(nil)
	if r.walker.broken != nil {
		return r.walker.broken
	}
	return f(&r.batch)
}

// BatchUntil is [Decoder.Batch] with a limit on time: when stop returns true,
// reading ends before the next record, and f gets the records before that one;
// see [Batch.Unread]. The same happens, instead of an error, if the event
// passes MaxRecords, MaxBatch, or the limit on data that is decompressed only
// to be refused. At least one record, or one user record of an aggregate, is
// always read, so that a caller that comes back for the rest makes progress.
//
// stop is called after each mebibyte that was read or decompressed, or more
// often; a nil stop never stops. A record is always read as a whole; MaxData
// bounds how long that takes.
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

// Work is counted in bytes read or decompressed, plus some for each record.
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
		if bad := r.out.bad; bad == nil {
			b.records = append(b.records, *rec)
		} else {
			b.bad, b.failed = append(b.bad, *rec), append(b.failed, bad)
		}
		// As they stand, records take so little that not each is worth a look.
		if stop == nil || !r.contents.wanted && len(b.records)&255 != 0 {
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
			b.unread = &Error{
				Index: rec.Index, SequenceNumber: string(rec.SequenceNumber), Offset: int64(w.start), Err: ErrStopped,
			}
			return
		}
		break
	}
	b.window = w.window()
}

// peek finds out which record comes next without decoding its data, which may
// be slow. It reports false at the end of the event.
func (r *reader) peek() bool {
	if r.contents.open() {
		return true // another user record of the same aggregate
	}
	r.out.leaveData()
	return r.nextElement()
}

func (b *Batch) size() int { return len(b.records) + len(b.bad) }

func (r *reader) releaseBatch() {
	r.batch.reset()
	r.release()
}

// reset ends the lifetime of the batch's records. It clears them, so that
// nothing keeps the event alive.
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
