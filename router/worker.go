package router

import (
	"fmt"

	"example.com/sluice/decoder"
)

// worker is one goroutine's part in an invocation: it works on one group of
// records at a time, or in Each on one record.
type worker struct {
	*invocation
	records *records // of the event, in the shapes that read it as a whole
	buffer  *callBuffer
}

func (inv *invocation) newWorker(r *records) worker {
	return worker{inv, r, inv.newCallBuffer()}
}

// inOrder works on one group, one call at a time, and stops at the first record
// that is not done. It reports whether all are.
func (w *worker) inOrder(g *group, size int, call func([]decoder.Record) error) bool {
	for len(g.left) > 0 {
		if !w.step(g, size, call) {
			return false
		}
	}
	return true
}

// step works on the next bad record of a group, or on its next good ones, at
// most size of them. It removes what is done from the group, and reports
// whether the group may go on.
func (w *worker) step(g *group, size int, call func([]decoder.Record) error) bool {
	if g.left[0].bad() {
		return w.nextBad(g, w.records.flaws[^g.left[0]])
	}
	n := 1
	for n < min(size, len(g.left)) && !g.left[n].bad() { //mutant:slices-of-any-size
		n++
	}
	// Records after a skipped one are handed over again, but not together with
	// those after the slice.
	for behind := len(g.left) - n; len(g.left) > behind; {
		if !w.slice(g, g.left[:len(g.left)-behind], call) {
			return false
		}
	}
	return true
}

// nextBad gives the group's next record to WithOnBad, and reports whether it is
// done with.
func (w *worker) nextBad(g *group, flaw error) bool {
	if !w.bad(w.records.record(g.left[0]), g.left[:1], flaw) { //mutant:a-bad-record-that-fails-counts-as-done
		return false
	}
	w.take(g, 1)
	return true
}

// take removes the next n records from a group: they are done.
func (w *worker) take(g *group, n int) {
	if w.suspects {
		for _, e := range g.left[:n] {
			w.forgive(w.records.record(e))
		}
	}
	g.left = g.left[n:]
}

// advance notes that the next n records of a group are done, and removes them.
func (w *worker) advance(g *group, n int) {
	w.progress.advance(n, g.left[:n])
	w.take(g, n)
}

// slice calls the handler once, for the next records of a group. It reports
// whether the records after those that are done may be handed over.
func (w *worker) slice(g *group, entries []entry, call func([]decoder.Record) error) bool {
	recs := w.buffer.giveAll(w.records, entries)
	n := w.progress.startSlice(entries, w.ctx.Err() != nil)
	if n == 0 {
		return false
	}
	entries, recs = entries[:n], recs[:n:n]
	err := w.callUserCode(w.records.record(entries[0]), n, entries, func() error { return call(recs) })
	if r, refused := err.(*refusal); refused {
		entries, err = entries[:r.before], r.handled
		if err == nil {
			w.advance(g, len(entries))
			return r.err == nil || w.refused(g, r.err)
		}
	}
	if err != nil {
		return w.sliceFailed(g, entries, err)
	}
	w.take(g, n)
	return true
}

// sliceFailed acts on the error of a handler for the group's next records. It
// reports whether the records after those that are done may be handed over.
func (w *worker) sliceFailed(g *group, entries []entry, err error) bool {
	if err == errNotCalled {
		return false
	}
	out := judge(w.records, entries, err)
	from := 0 // the entry that is the group's next
	for _, a := range out.aside {
		w.advance(g, a.entry-from)
		from = a.entry + 1
		rec := w.records.record(g.left[0])
		if a.verdict == bad { //mutant:bad-is-a-skip
			if !w.nextBad(g, undecodable(rec, a.err)) {
				return false
			}
			continue
		}
		w.skip(rec, g.left[:1], nil, a.err)
		w.take(g, 1)
	}
	w.advance(g, out.done-from)
	if out.verdict == skip {
		return true
	}
	rec := w.records.record(g.left[0])
	if out.named && out.verdict == retry { //mutant:poison-counts-failures-that-are-not-the-record-s
		var done bool
		if done, err = w.giveUp(rec, g.left[:1], nil, err); done {
			w.take(g, 1)
			return true
		}
	}
	if !out.named && judgeOne(err) < retry {
		err = fmt.Errorf("%w (of a slice, Skip and Bad need At to say which record: it is a Retry)", err)
	}
	w.fail(rec, out.verdict, nil, err)
	return false
}

// refused deals with a group's next record, whose payload did not decode: an
// error of unmarshal makes the record bad, a panic fails it. It reports whether
// the record is done with.
func (w *worker) refused(g *group, err error) bool {
	rec := w.records.record(g.left[0])
	p, panicked := err.(*PanicError)
	if !panicked {
		return w.nextBad(g, undecodable(rec, err))
	}
	w.logRecord(recordPanicked, rec, nil, p, 0)
	if !w.settle(rec, g.left[:1], nil, Retry(p)) {
		return false
	}
	w.take(g, 1)
	return true
}

// growStack makes the stack of a new goroutine large enough for the decoder and
// most handlers while there is nothing on it. Growing it step by step later on,
// with more and more on it to move, would take longer than the work on a small
// event.
//
//go:noinline
func growStack(n int) byte {
	var room [8 << 10]byte
	return room[n]
}
