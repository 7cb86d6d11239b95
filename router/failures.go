package router

import (
	"fmt"

	"example.com/sluice/decoder"
	"example.com/sluice/internal/cause"
)

// This file decides what becomes of a record for which there is an error.

// settle acts on what a handler, or WithOnBad, has returned for one record, and
// reports whether the record is done with. If err is nil, it already is.
// entries holds the record's entry if it has one; flaw is why the record is
// bad.
func (w *worker) settle(rec *decoder.Record, entries []entry, flaw, err error) bool {
	if err == nil || err == errNotCalled {
		return err == nil
	}
	v := judgeOne(err)
	if v == bad && flaw != nil { //mutant:bad-is-a-retry
		v = retry // WithOnBad has had its say
	}
	switch v {
	case skip:
		w.skip(rec, entries, flaw, err)
		return true
	case bad:
		return w.bad(rec, entries, undecodable(rec, err))
	case retry:
		var done bool
		if done, err = w.giveUp(rec, entries, flaw, err); done {
			return true
		}
	}
	w.fail(rec, v, flaw, err)
	return false
}

// bad gives a bad record to WithOnBad and reports whether it is done with.
func (w *worker) bad(rec *decoder.Record, entries []entry, flaw error) bool {
	given := w.buffer.give(rec)
	if !w.progress.startOne(positionOf(rec), w.ctx.Err() != nil) {
		return false
	}
	w.progress.bad()
	err := w.callUserCode(rec, 1, entries, func() error { return w.onBad(w.ctx, given, flaw) })
	return w.settle(rec, entries, flaw, err)
}

// skip notes and logs that a record is skipped.
func (w *worker) skip(rec *decoder.Record, entries []entry, flaw, err error) {
	w.progress.skip(entries)
	cause.Skipped(w.ctx, unmarked(err))
	w.logRecord(recordSkipped, rec, flaw, err, 0)
}

// giveUp counts a failure that is the record's own, and gives the record to
// WithPoison once it has failed often enough. It reports whether the record is
// done with, and returns the error to fail it with if not.
func (w *worker) giveUp(rec *decoder.Record, entries []entry, flaw, err error) (bool, error) {
	if w.poison == nil || w.ctx.Err() != nil {
		return false, err
	}
	key := appendIdentity(nil, rec)
	if len(key) == 0 {
		return false, err
	}
	counts := w.poison.counts
	n, _ := counts.get(key)
	counts.put(key, n+1)
	if n+1 < w.poison.failures { //mutant:poison-is-given-up-too-early
		return false, err
	}
	given := w.buffer.give(rec)
	e := w.enterUserCode(rec, func() error { return w.poison.giveUp(w.ctx, given, err) })
	if e != nil { //mutant:what-could-not-be-given-up-counts-as-given-up
		return false, fmt.Errorf("%w (failed %d times, and was not given up: %w)", err, n+1, e)
	}
	counts.forget(key)
	w.progress.skip(entries)
	cause.Skipped(w.ctx, unmarked(err))
	w.logRecord(recordGivenUp, rec, flaw, err, n+1)
	return true, nil
}

// forgive forgets the failures of a record that is done.
func (w *worker) forgive(rec *decoder.Record) {
	if w.suspects {
		w.poison.counts.forget(w.buffer.identify(rec))
	}
}

// fail notes and logs why a record will not be done. Without a record, the
// whole invocation fails.
func (inv *invocation) fail(rec *decoder.Record, v verdict, flaw, err error) {
	if rec == nil {
		inv.progress.failWhole(err)
		return
	}
	inv.progress.fail(positionOf(rec), newRecordError(rec, err), v == fail, v == fail || inv.wholeBatch)
	if _, panicked := unmarked(err).(*PanicError); !panicked {
		inv.logRecord(recordFailed, rec, flaw, err, 0)
	}
}

// undecodable is the flaw of a record whose payload a handler has refused.
func undecodable(rec *decoder.Record, err error) *decoder.Error {
	if e, ok := bare(err).(*decoder.Error); ok && e != nil && e.Err != nil {
		err = e.Err // the record is named already
	}
	return &decoder.Error{
		Index: rec.Index, SequenceNumber: string(rec.SequenceNumber), Field: "data", Offset: -1,
		Err: fmt.Errorf("%w: %w", decoder.ErrDecode, err),
	}
}

func newRecordError(rec *decoder.Record, err error) *RecordError {
	return &RecordError{rec.Index, string(rec.SequenceNumber), rec.SubSequenceNumber, err}
}
