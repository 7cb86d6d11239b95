package router

import (
	"errors"
	"time"

	"example.com/sluice/decoder"
)

// This file reads an event as a whole, for the shapes that get slices, and
// deals with one that cannot be read to its end.

// batch reads the whole event and calls f with its records. The time until then
// is decoding, the rest is handling.
func (inv *invocation) batch(f func(g *grouping) error) error {
	return inv.batchUntil(inv.stopReading(), f)
}

// batchUntil is batch with another rule for when to stop reading.
func (inv *invocation) batchUntil(stop func() bool, f func(g *grouping) error) error {
	return inv.decoder.BatchUntil(inv.event, stop, func(b *decoder.Batch) error {
		g := newGrouping(b)
		defer g.release()
		inv.progress.readBatch(b, &g.records)
		defer inv.progress.settle()
		if e := b.Unread(); e != nil {
			if atLimit(e) && e.Index == 0 {
				return e // the answer could only name the first record
			}
			inv.readInPart(e, g.last())
		}
		return f(g)
	})
}

// stopReading returns a function that reports whether to leave the rest of the
// event for another invocation, so that what was read can still be handled. If
// the answer cannot name a record, a part of the event is useless, so reading
// stops only when the time is up.
func (inv *invocation) stopReading() func() bool {
	partial := !inv.wholeBatch && !inv.readUntil.IsZero()
	asked := false // whether the event is one of a window
	return func() bool {
		if partial && !asked && !time.Now().Before(inv.readUntil) {
			asked = true
			w, err := decoder.Decoder{}.Window(inv.event)
			partial = w == nil && err == nil
		}
		return partial && asked || inv.isLate()
	}
}

// isLate reports whether the time is up.
func (inv *invocation) isLate() bool { return inv.ctx.Err() != nil }

// tooLate is isLate for a call that is not started then.
func (inv *invocation) tooLate() bool {
	if inv.isLate() {
		inv.progress.late()
		return true
	}
	return false
}

// halfTime is when half of the time that is left will be over, zero if there is
// no deadline.
func (inv *invocation) halfTime() time.Time {
	end, ok := inv.ctx.Deadline()
	if !ok {
		return time.Time{}
	}
	return end.Add(-time.Until(end) / 2)
}

// readInPart notes that the event was not read to its end, and at which record
// reading has ended; last is the one before.
func (inv *invocation) readInPart(e *decoder.Error, last position) {
	unread := max(position(e.Index)<<subBits, last+1) // that may be inside of an aggregate
	var limited *RecordError
	if atLimit(e) {
		limited = &RecordError{Index: e.Index, SequenceNumber: e.SequenceNumber, Err: e.Err}
	}
	inv.progress.readUpTo(unread, limited, inv.wholeBatch)
}

// atLimit reports whether reading has ended at a limit, and not for want of
// time.
func atLimit(e *decoder.Error) bool { return errors.Is(e, decoder.ErrTooLarge) }

// atLimitBehind reports whether a loop over the event ended at a limit that
// leaves what was read before it done.
func atLimitBehind(err error) (*decoder.Error, bool) {
	e, ok := err.(*decoder.Error)
	return e, ok && atLimit(e) && e.Index > 0
}
