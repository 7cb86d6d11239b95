package router

import (
	"errors"
	"log/slog"
	"time"

	"example.com/sluice/decoder"
)

// This file is what the shapes have in common that get slices: they read the event as a whole, and work through groups of its records.

// batch reads the whole event and calls f with its records. The time until then is decoding, the rest is handling.
func (i *invocation) batch(f func(g *grouping) error) error {
	return i.decoder.BatchUntil(i.event, i.stopReading, func(b *decoder.Batch) error {
		i.window = b.Window()
		i.tally.readBatch(b)
		i.tally.decoded()
		if e := b.Unread(); e != nil {
			if atLimit(e) && e.Index == 0 {
				return e // the answer could only name the first record
			}
			i.unread(e, lastOf(b))
		}
		g := groupings.Get().(*grouping)
		g.read(b)
		i.work = g
		defer i.finishBatch()
		return f(g)
	})
}

// finishBatch notes which records are not done, also where a handler has ended the goroutine. If the invocation has been given up,
// that has been noted, and by somebody else.
func (i *invocation) finishBatch() {
	if i.abandoned {
		return
	}
	i.tally.handled()
	i.noteNotDone()
	g := i.work
	i.work = nil
	g.release()
}

// noteNotDone finds the first record that is not done.
func (i *invocation) noteNotDone() {
	if i.work == nil {
		return
	}
	i.notDone = i.rest
	if rec := i.work.first(); rec != nil {
		i.notDone = positionOf(rec)
	}
	i.doneBehind(i.work)
}

// stopReading is whether to leave the rest of the event for another invocation, so that what was read can still be handled.
func (i *invocation) stopReading() bool {
	return i.ctx.Err() != nil || !i.readUntil.IsZero() && !time.Now().Before(i.readUntil)
}

// unread notes that the event was not read to its end, and at which record reading has ended; last is the one before.
func (i *invocation) unread(e *decoder.Error, last position) {
	i.rest = max(position(e.Index)<<subBits, last+1) // that may be inside of an aggregate
	i.limit = i.rest
	if i.wholeBatch {
		i.limit = nowhere // all of it comes again
	}
	if !atLimit(e) {
		i.tripped = true
		return
	}
	i.failed = &RecordError{Index: e.Index, SequenceNumber: e.SequenceNumber, Err: e.Err}
	i.report(slog.LevelWarn, "event read in part", slog.Any("error", i.failed))
}

// lastOf is the position of the last record that was read.
func lastOf(b *decoder.Batch) position {
	last := nowhere
	for _, recs := range [][]decoder.Record{b.Records(), b.Bad()} {
		if len(recs) > 0 {
			last = max(last, positionOf(&recs[len(recs)-1]))
		}
	}
	return last
}

// atLimit is whether reading has ended at a limit, and not for want of time.
func atLimit(e *decoder.Error) bool { return errors.Is(e, decoder.ErrTooLarge) }

// readInPart takes what ended a loop over the event. A limit of the whole event leaves what was read before it done.
func (i *invocation) readInPart(err error, last position) bool {
	e, ok := err.(*decoder.Error)
	if !ok || !atLimit(e) || e.Index <= 0 {
		return false
	}
	i.unread(e, last)
	i.notDone = i.rest
	return true
}

// doneNext takes the next n records of a group, which are done, from it.
func (i *invocation) doneNext(g *group, n int) {
	if i.suspects {
		for _, e := range g.left[:n] {
			i.cleared(i.work.record(e))
		}
	}
	g.left = g.left[n:]
}

// inOrder works on one group, one call at a time, and stops at the first record that does not get done. It reports whether all are.
func (i *invocation) inOrder(g *group, size int, call func([]decoder.Record) error) bool {
	hands := i.hands()
	goOn := true
	for goOn && len(g.left) > 0 {
		goOn = i.step(hands, g, size, call)
	}
	hands.release()
	return goOn
}

// step works on the next bad record of a group, or on its next good ones, size of them at most. It takes from the group what is
// done, and reports whether the group may go on.
func (i *invocation) step(hands *hands, g *group, size int, call func([]decoder.Record) error) bool {
	if g.left[0].bad() {
		return i.nextBad(hands, g, i.work.flaws[^g.left[0]])
	}
	n := 1
	for n < min(size, len(g.left)) && !g.left[n].bad() { //mutant:slices-of-any-size
		n++
	}
	// What is behind a skipped record is handed over again, but not together with what is behind the slice.
	for behind := len(g.left) - n; len(g.left) > behind; {
		to := i.startable(g.left[:len(g.left)-behind])
		if to == 0 || !i.slice(hands, g, to, call) {
			return false
		}
	}
	return true
}

// nextBad gives the group's next record to WithOnBad, and reports whether it is done with.
func (i *invocation) nextBad(hands *hands, g *group, flaw error) bool {
	rec := i.work.record(g.left[0])
	if !i.mayStart(positionOf(rec)) || !i.bad(hands, rec, flaw) { //mutant:a-bad-record-that-fails-counts-as-done
		return false
	}
	i.doneNext(g, 1)
	return true
}

// slice hands over the first n records of a group, once. It reports whether those behind what is done may be handed over.
func (i *invocation) slice(hands *hands, g *group, n int, call func([]decoder.Record) error) bool {
	entries := g.left[:n]
	recs := hands.giveAll(i.work, entries)
	err := i.outside(i.work.record(entries[0]), func() error { return call(recs) })
	r, refused := err.(*refusal)
	if refused {
		entries, err = entries[:r.before], r.handled
	}
	if err != nil {
		return i.sliceFailed(hands, g, entries, err)
	}
	i.tally.Processed += len(entries)
	i.doneNext(g, len(entries))
	return !refused || i.refused(hands, g, r.err)
}

// sliceFailed takes the error of a handler for the records that it was given, which are the group's next. It reports whether those
// behind what is done may be handed over.
func (i *invocation) sliceFailed(hands *hands, g *group, entries []entry, err error) bool {
	out := judge(i.work, entries, err)
	i.tally.Processed += out.done - len(out.skipped)
	for _, n := range out.skipped {
		i.skipped(i.work.record(entries[n.entry]), nil, n.err)
	}
	i.doneNext(g, out.done)
	if out.verdict == skip {
		return true
	}
	rec := i.work.record(g.left[0])
	if out.named && out.verdict == retry { //mutant:poison-counts-failures-that-are-not-the-record-s
		var done bool
		if done, err = i.poisoned(hands, rec, nil, err); done {
			i.doneNext(g, 1)
			return true
		}
	}
	i.fail(rec, out.verdict, nil, err)
	return false
}
