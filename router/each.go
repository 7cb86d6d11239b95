package router

import (
	"context"

	"example.com/sluice/decoder"
)

// Each gets one record at a time, in order, while the event is still being
// read. The record is valid until Each returns; [decoder.Record.Clone] keeps
// it.
type Each func(ctx context.Context, rec *decoder.Record) error

func (h Each) mustBeWrappedInEachBatchOrPartition() bool { return h == nil }

func (h Each) run(inv *invocation) error {
	return inv.each(inv.hooked(h))
}

// each reads the event record by record and stops at the first that does not
// get done.
func (inv *invocation) each(h Each) error {
	w := inv.newWorker(nil)
	defer w.buffer.release()
	var handled map[string]bool // keys of which a record was handled, where others may be recognised
	if inv.memory != nil && !inv.memory.empty() {
		handled = make(map[string]bool)
	}
	last, stopped := nowhere, false
	window, err := inv.decoder.Walk(inv.event, func(rec *decoder.Record, flaw error) bool {
		last = positionOf(rec)
		inv.progress.read(rec, flaw)
		if handled == nil || !rec.Aggregated || handled[string(rec.PartitionKey)] || !w.recognised(rec) {
			if handled != nil {
				handled[string(rec.PartitionKey)] = true
			}
			if stopped = !w.one(h, rec, flaw); stopped {
				return false
			}
			w.forgive(rec)
		}
		if inv.memory != nil && rec.Aggregated {
			inv.progress.doneInside(rec)
		}
		return true
	})
	if e, ok := atLimitBehind(err); ok {
		inv.readInPart(e, last)
		return nil
	}
	if err == nil && !stopped {
		inv.progress.readAll(window)
	}
	return err
}

// one hands a record to h, or a bad one to WithOnBad, and reports whether the
// record is done with.
func (w *worker) one(h Each, rec *decoder.Record, flaw error) bool {
	if flaw != nil {
		return w.bad(rec, nil, flaw)
	}
	given := w.buffer.give(rec)
	if !w.progress.startOne(positionOf(rec), w.ctx.Err() != nil) {
		return false
	}
	err := w.callUserCode(rec, 1, nil, func() error { return h(w.ctx, given) })
	return w.settle(rec, nil, nil, err)
}
