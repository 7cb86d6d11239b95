package router

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"example.com/sluice/decoder"
)

// invocation is one event on its way through one route.
type invocation struct {
	*route
	ctx   context.Context // of Invoke, for logging
	event []byte
	tally tally

	// limit is the lowest position that is known not to get done: nothing at it or behind it is started any more.
	limit atomic.Int64

	mu     sync.Mutex // guards what follows while calls run side by side
	fatal  error      // why the whole invocation fails
	failed error      // why the record at limit does

	// What the handler's run has found when it returns.
	notDone *checkpoint     // the first record that is not done
	window  *decoder.Window // of the event, where it was read to its end
	state   []byte          // what Tumbling answers instead of the state that came in
	changed bool            // whether it does
}

// invoke handles one event. An event from another service is not counted if it is going to somebody else.
func (rt *route) invoke(ctx context.Context, event []byte, foreignElsewhere bool) ([]byte, error) {
	i := &invocation{route: rt, ctx: ctx, event: event}
	i.limit.Store(int64(beyond))
	i.tally.start(rt.counted())
	err := rt.handler.run(ctx, i)
	answer, err := i.answer(err)
	if rt.counted() && !(foreignElsewhere && isForeign(err)) {
		rt.report(ctx, i.tally.result(i.notDone, err))
	}
	return answer, err
}

// answer decides what Lambda is told; see the failure rules in the package documentation.
func (i *invocation) answer(err error) ([]byte, error) {
	if err == nil {
		err = i.fatal
	}
	if err != nil {
		return nil, err
	}
	if i.notDone != nil {
		return i.answerFailure()
	}
	switch {
	case i.changed:
		return answerState(i.state), nil
	case i.window != nil:
		return answerState(i.window.State), nil
	}
	return answerDone(), nil
}

// answerFailure names the first record that is not done, where that is an answer that Lambda takes.
func (i *invocation) answerFailure() ([]byte, error) {
	reason := i.failed
	if reason == nil {
		reason = fmt.Errorf("not started")
	}
	reason = located(i.notDone.at, i.notDone.sequenceNumber, reason)
	if i.wholeBatch {
		return nil, reason
	}
	if i.window == nil {
		// The work may have stopped before the event's end. What is there decides too: a broken event is never
		// answered as a success, and a window's answer must not hold failures.
		w, err := i.decoder.Window(i.event)
		if err != nil {
			return nil, err
		}
		i.window = w
	}
	if i.window != nil {
		return nil, reason
	}
	if err := i.notDone.valid(); err != nil {
		return nil, fmt.Errorf("%w: %w", err, reason)
	}
	return answerFrom(i.notDone.sequenceNumber), nil
}

// stop notes that rec is the first of its kind that does not get done.
func (i *invocation) stop(rec *decoder.Record) {
	if i.notDone == nil || positionOf(rec) < i.notDone.at {
		c := checkpointOf(rec)
		i.notDone = &c
	}
}

// batch reads the whole event and calls f with it. The time until then is decoding, the rest is handling.
func (i *invocation) batch(f func(b *decoder.Batch) error) error {
	return i.decoder.Batch(i.event, func(b *decoder.Batch) error {
		i.window = b.Window()
		i.tally.readBatch(b)
		i.tally.decoded()
		defer i.tally.handled()
		return f(b)
	})
}

// slice hands records over, and again what is behind a skipped one. It returns how many of the first records are done.
// call gets the bounds of the part that it is to hand over.
func (i *invocation) slice(recs []decoder.Record, call func(from, to int) error) (done int) {
	for done < len(recs) {
		to := i.startable(recs)
		if done >= to {
			break
		}
		err := i.protect(&recs[done], func() error { return call(done, to) })
		if err == nil {
			i.count(&i.tally.Processed, to-done)
			done = to
			continue
		}
		out := judge(recs[done:to], err)
		i.count(&i.tally.Processed, out.done-len(out.skipped))
		for _, p := range out.skipped {
			i.logSkip(&recs[find(recs, p)], err)
		}
		done += out.done
		if out.verdict != skip {
			i.fail(&recs[done], out.verdict, err)
			break
		}
	}
	return done
}

// mayStart is whether work on the record may still begin.
func (i *invocation) mayStart(rec *decoder.Record) bool {
	return positionOf(rec) < position(i.limit.Load())
}

// startable returns how many of the first records may still be started.
func (i *invocation) startable(recs []decoder.Record) int {
	limit := position(i.limit.Load())
	n := len(recs)
	if n == 0 || positionOf(&recs[n-1]) < limit {
		return n
	}
	for n > 0 && positionOf(&recs[n-1]) >= limit {
		n--
	}
	return n
}

// one takes the answer of a handler, or of WithOnBad, for the one record that it is about, and reports whether the
// record is done.
func (i *invocation) one(rec *decoder.Record, err error) bool {
	if err == nil {
		i.count(&i.tally.Processed, 1)
		return true
	}
	switch v := judgeOne(err); v {
	case skip:
		i.logSkip(rec, err)
		return true
	default:
		i.fail(rec, v, err)
		return false
	}
}

// bad hands a bad record to WithOnBad and reports whether it is done with.
func (i *invocation) bad(ctx context.Context, rec *decoder.Record, flaw error) bool {
	return i.one(rec, i.protect(rec, func() error { return i.askBad(ctx, rec, flaw) }))
}

func (i *invocation) askBad(ctx context.Context, rec *decoder.Record, flaw error) error {
	i.count(&i.tally.Bad, 1)
	return i.onBad(ctx, rec, flaw)
}

// fail notes that a record does not get done, and why.
func (i *invocation) fail(rec *decoder.Record, v verdict, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.tally.Failed++
	at := positionOf(rec)
	if at < position(i.limit.Load()) {
		i.failed = err
		i.limit.Store(int64(at))
	}
	if v == fail && i.fatal == nil {
		i.fatal = located(at, string(rec.SequenceNumber), err)
	}
	if v == fail || i.wholeBatch {
		i.limit.Store(int64(nowhere)) // all of it comes again: start nothing more
	}
	if _, panicked := asPanic(err); !panicked {
		i.log().LogAttrs(i.ctx, slog.LevelError, "record failed", slog.Any("record", *rec), slog.Any("error", err))
	}
}

func (i *invocation) logSkip(rec *decoder.Record, err error) {
	i.count(&i.tally.Skipped, 1)
	i.log().LogAttrs(i.ctx, slog.LevelWarn, "record skipped", slog.Any("record", *rec), slog.Any("error", err))
}

// count adds to one of the tally's numbers.
func (i *invocation) count(to *int, n int) {
	if !i.tally.wanted {
		return
	}
	i.mu.Lock()
	*to += n
	i.mu.Unlock()
}

// protect calls f and makes of its panic an error that is a Retry. Where f ends its goroutine, there is nobody left to return
// to: then rec, the first that f was about, is noted as failed.
func (i *invocation) protect(rec *decoder.Record, f func() error) (err error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		p := &PanicError{Value: recover(), Stack: debug.Stack()}
		i.log().LogAttrs(i.ctx, slog.LevelError, "handler panicked",
			slog.Any("record", *rec), slog.Any("error", p), slog.String("stack", string(p.Stack)))
		err = Retry(p)
		if p.Value == nil {
			i.fail(rec, retry, err)
		}
	}()
	err = f()
	returned = true
	return err
}

// located says which record an error is about, if the error does not say so itself.
func located(at position, sequenceNumber string, err error) error {
	var e *decoder.Error
	if errors.As(err, &e) && position(e.Index) == at {
		return err
	}
	if !isDecimal(sequenceNumber) {
		sequenceNumber = fmt.Sprintf("%.32q", sequenceNumber)
	}
	return fmt.Errorf("record %d (sequence number %.64s): %w", at, sequenceNumber, err)
}

// asPanic returns the panic that an error is about.
func asPanic(err error) (*PanicError, bool) {
	if m, ok := err.(*marked); ok {
		err = m.err
	}
	p, ok := err.(*PanicError)
	return p, ok
}
