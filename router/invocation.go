package router

import (
	"context"
	"runtime/debug"
	"sync"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/internal/cause"
)

// invocation is one event on its way through one route. Its lock, mu, is taken and given up as guard.go says.
type invocation struct {
	*route
	ctx     context.Context // the handlers'
	event   []byte
	decoder decoder.Decoder
	tally   tally

	mu        sync.Mutex
	shared    bool // whether the lock is in use
	calling   int  // how many goroutines are in user code
	abandoned bool // whether the invocation was taken from them

	limit   position     // the lowest that is known not to get done: nothing at it or behind it is started any more
	failed  *RecordError // why the record at limit does not
	fatal   error        // why the whole invocation fails
	started bool         // whether any user code was called
	tripped bool         // whether something was not started for want of time

	work    *grouping // what there is to do, in the shapes that read the event as a whole
	notDone position  // the first record that is not done; beyond where all are
	rest    position  // the first record that was not read; beyond where all were

	readUntil time.Time // when to stop reading, in the shapes that read the event as a whole; zero where nothing presses

	returned bool            // whether the handler's run has come to its end
	err      error           // what it returned: why the whole invocation fails
	window   *decoder.Window // of the event, where it was read to its end
	state    []byte          // what Tumbling answers instead of the state that came in
	changed  bool            // whether it does

	checkpoint string // what the answer names: a sequence number, or for EventBridge Pipes an event id

	askedLogger, enabled [2]bool // whether the logger was asked if it wants warnings and errors, and what it said
	logged               *logged // nil where nothing was to be logged

	suspects    bool         // whether failures of records are remembered
	remembering bool         // whether what is done behind the checkpoint is to be noted
	behind      []doneRecord // what is done and comes again
	identity    []byte       // room for one
}

// invoke handles one event. An event from another service is not counted if it is going to somebody else.
func (rt *route) invoke(ctx context.Context, event []byte, foreignElsewhere bool) ([]byte, error) {
	i := &invocation{route: rt, ctx: ctx, event: event, decoder: rt.decoder, limit: beyond, notDone: beyond, rest: beyond}
	i.tally.start(rt.counted())
	i.suspects = rt.poison != nil && !rt.poison.counts.empty()
	if deadline, ok := ctx.Deadline(); ok && rt.margin >= 0 {
		i.guarded(ctx, deadline)
	} else {
		i.run()
	}
	i.shared = false // stragglers do not look at it
	answer, err := i.answer()
	i.logMore()
	i.reportGuard()
	if rt.counted() && !(foreignElsewhere && isForeign(err)) {
		rt.report(ctx, i.tally.result(i.checkpoint, err), i.tally.aged())
	}
	return answer, err
}

// run works on the event, until all is done or it must stop. A panic in here is not one of a handler.
func (i *invocation) run() {
	defer func() {
		if p := recover(); p != nil {
			i.returned, i.err = true, &PanicError{Value: p, Stack: debug.Stack()}
		}
	}()
	i.err = i.handler.run(i)
	i.returned = true
}

// mayStart is whether work at a position may still begin.
func (i *invocation) mayStart(at position) bool {
	if at >= i.limit { //mutant:a-failure-stops-the-keys-before-it
		return false
	}
	if i.ctx.Err() != nil { //mutant:the-guard-lets-calls-begin
		i.tripped = true
		return false
	}
	return true
}

// startable returns how many of the first entries may still be started.
func (i *invocation) startable(entries []entry) int {
	if !i.mayStart(i.work.position(entries[0])) {
		return 0
	}
	n := len(entries)
	for n > 0 && i.work.position(entries[n-1]) >= i.limit {
		n--
	}
	return n
}

// one takes the answer of a handler, or of WithOnBad, for the one record that it is about, and reports whether the
// record is done. flaw is why that is a bad one.
func (i *invocation) one(hands *hands, rec *decoder.Record, flaw, err error) bool {
	if err == nil {
		i.tally.Processed++
		return true
	}
	v := judgeOne(err)
	switch v {
	case skip:
		i.skipped(rec, flaw, err)
		return true
	case retry:
		var done bool
		if done, err = i.poisoned(hands, rec, flaw, err); done {
			return true
		}
	}
	i.fail(rec, v, flaw, err)
	return false
}

// bad gives a bad record to WithOnBad and reports whether it is done with.
func (i *invocation) bad(hands *hands, rec *decoder.Record, flaw error) bool {
	i.tally.Bad++
	given := hands.give(rec)
	return i.one(hands, rec, flaw, i.outside(rec, func() error { return i.onBad(i.ctx, given, flaw) }))
}

// fail notes that a record does not get done, and why. Without a record it is the whole invocation that fails.
func (i *invocation) fail(rec *decoder.Record, v verdict, flaw, err error) {
	if rec == nil {
		i.fatal = err
		return
	}
	i.tally.Failed++
	if at := positionOf(rec); at < i.limit {
		i.failed = newRecordError(rec, err)
		i.limit = at //mutant:records-behind-a-failure-are-started
	}
	if v == fail && i.fatal == nil { //mutant:fail-is-a-retry
		i.fatal = newRecordError(rec, err)
	}
	if v == fail || i.wholeBatch {
		i.limit = nowhere // all of it comes again: start nothing more
	}
	if _, panicked := unmarked(err).(*PanicError); !panicked {
		i.logRecord(recordFailed, rec, flaw, err, 0)
	}
}

func (i *invocation) skipped(rec *decoder.Record, flaw, err error) {
	i.tally.Skipped++
	cause.Skipped(i.ctx, unmarked(err))
	i.logRecord(recordSkipped, rec, flaw, err, 0)
}
