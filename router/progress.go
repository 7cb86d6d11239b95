package router

import (
	"sync"

	"example.com/sluice/decoder"
)

// progress is what an invocation knows of its records: which are done, what
// keeps the others from it, and the counters. Handlers run on several
// goroutines, and the deadline guard may end the invocation at any time. So
// each method takes the lock itself, calls no user code, and does nothing once
// the progress is sealed: a call that returns after that changes nothing.
//
//   - sealed is never reset. Once it is set the fields are only read, without
//     the lock, by the goroutine that called Invoke.
//   - records is set from readBatch until they are settled. Their owner settles
//     before it releases them, and the guard settles only while a call is
//     running, for which the owner waits.
//   - running is 0 while a goroutine reads the event or the records' owner
//     releases them, so the guard never seals then.
//   - pending is the first pending record. It is beyond if all are done, in
//     Each while no record is being handled, and until the records are settled.
type progress struct {
	mu      optionalMutex
	sealed  bool
	running int // calls of user code that have not returned

	limit     position     // of the lowest record that will not be done: nothing at or after it is started
	failed    *RecordError // why that record will not
	fatal     error        // why the whole invocation fails
	started   bool         // whether a handler was called
	outOfTime bool         // whether something was not started, or not read, because time ran out
	abandoned bool         // whether calls were running when it was sealed
	finished  bool         // whether the handler's run has come to its end
	err       error        // what it returned

	pending  position
	settled  bool
	unread   position     // the first record that was not read; beyond where all were
	limited  *RecordError // the limit of the decoder at which reading has ended
	records  *records     // in the shapes that read the event as a whole
	done     *doneList    // of records
	window   *decoder.Window
	state    []byte // what Tumbling answers instead of the state that came in
	newState bool   // whether it does

	remember  bool         // whether what is done behind the first pending record is to be noted
	behind    []doneRecord // that
	aggregate int          // the Index of the records in behind, in Each

	tally *tally // nil if nobody wants the Stats
}

// optionalMutex does nothing until it is shared, which must happen before a
// second goroutine starts. An invocation with one goroutine need not pay for a
// lock.
type optionalMutex struct {
	mu     sync.Mutex
	shared bool
}

func (m *optionalMutex) Lock() {
	if m.shared {
		m.mu.Lock()
	}
}

func (m *optionalMutex) Unlock() {
	if m.shared {
		m.mu.Unlock()
	}
}

// begin prepares the progress of an invocation.
func (p *progress) begin(counted bool) {
	p.limit, p.pending, p.unread = beyond, beyond, beyond
	if counted {
		p.tally = newTally()
	}
}

// share turns the lock on. If there is a guard, it has done so before a
// Partition asks, which then only reads the flag.
func (p *progress) share() {
	if !p.mu.shared {
		p.mu.shared = true
	}
}

// read counts a record of Each.
func (p *progress) read(rec *decoder.Record, flaw error) {
	if p.tally != nil {
		p.count(rec, flaw)
	}
}

func (p *progress) count(rec *decoder.Record, flaw error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.sealed {
		p.tally.read(rec, flaw)
		p.tally.decoded()
	}
}

// rememberDone has settle note what is done behind the first pending record.
func (p *progress) rememberDone() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remember = true
}

// readBatch takes the records of an event that was read as a whole.
func (p *progress) readBatch(b *decoder.Batch, r *records) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sealed {
		return
	}
	p.window = b.Window()
	p.tally.readBatch(b)
	p.tally.decoded()
	p.records, p.done = r, newDoneList(r)
}

// readAll notes that Each has read the event to its end.
func (p *progress) readAll(w *decoder.Window) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.sealed {
		p.window = w
		p.tally.decoded()
	}
}

// readUpTo notes that the records from unread on were not read. limited is the
// limit of the decoder that was reached, nil if the time was up. nothing says
// that the whole event will be delivered again, so that there is no point in
// starting.
func (p *progress) readUpTo(unread position, limited *RecordError, nothing bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sealed {
		return
	}
	p.unread, p.limit, p.limited = unread, unread, limited
	if nothing {
		p.limit = nowhere
	}
	p.pending = unread // settle has the last word, where there are records
	p.failed = limited
	p.outOfTime = p.outOfTime || limited == nil
}

// startOne reports whether a call for one record may begin, and counts it as
// running. late is whether the time is up.
func (p *progress) startOne(at position, late bool) bool {
	p.mu.Lock()
	if p.records == nil && !p.sealed {
		p.pending = at
	}
	may := p.mayStartLocked(at, late)
	p.mu.Unlock()
	return may
}

// startSlice is startOne for a slice: it returns for how many of the first
// entries the call may begin.
func (p *progress) startSlice(entries []entry, late bool) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.records == nil || !p.mayStartLocked(p.records.position(entries[0]), late) {
		return 0
	}
	n := len(entries)
	for p.records.position(entries[n-1]) >= p.limit {
		n--
	}
	return n
}

func (p *progress) mayStartLocked(at position, late bool) bool {
	if p.sealed {
		return false
	}
	if at >= p.limit { //mutant:a-failure-stops-the-keys-before-it
		return false
	}
	if late { //mutant:the-guard-lets-calls-begin
		p.outOfTime = true
		return false
	}
	p.started = true
	p.running++
	return true
}

// enter is startOne for a call that does not complete any record. handler says
// that the call is the handler's, not the logger's.
func (p *progress) enter(handler bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sealed {
		return false
	}
	p.started = p.started || handler
	p.running++
	return true
}

// leave notes that a call has returned, and how many records it has processed:
// the entries or, in Each, the record that was started. It reports whether the
// call returned in time.
func (p *progress) leave(processed int, entries []entry) bool {
	p.mu.Lock()
	p.running--
	inTime := !p.sealed
	if inTime && processed > 0 {
		p.tally.processed(processed)
		p.advanceLocked(entries)
	}
	p.mu.Unlock()
	return inTime
}

// advance notes that entries are done, in Each the record that was started, and
// how many of them a handler has processed.
func (p *progress) advance(processed int, entries []entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.sealed {
		p.tally.processed(processed)
		p.advanceLocked(entries)
	}
}

func (p *progress) advanceLocked(entries []entry) {
	if p.records == nil {
		p.pending = beyond
		p.tally.handled()
		return
	}
	p.done.add(entries)
}

// skip notes that a record was skipped or given up: that of the entry, or in
// Each the one that was started.
func (p *progress) skip(entries []entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.sealed {
		p.tally.skipped()
		p.advanceLocked(entries)
	}
}

// bad counts a record that goes to WithOnBad.
func (p *progress) bad() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.sealed {
		p.tally.bad()
	}
}

// redelivered counts a record that was known to be done.
func (p *progress) redelivered() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.sealed {
		p.tally.redelivered()
	}
}

// fail notes why a record will not be done; the lowest such record is the
// limit. fatal says that the invocation fails with it, all that the whole event
// will be delivered again, so that nothing more is to be started.
func (p *progress) fail(at position, err *RecordError, fatal, all bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sealed {
		return
	}
	p.tally.failed()
	if at < p.limit {
		p.failed = err
		p.limit = at //mutant:records-behind-a-failure-are-started
	}
	if fatal && p.fatal == nil { //mutant:fail-is-a-retry
		p.fatal = err
	}
	if all {
		p.limit = nowhere
	}
}

// failWhole notes why the whole invocation fails.
func (p *progress) failWhole(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.sealed {
		p.fatal = err
	}
}

// late notes that something was not started because time ran out.
func (p *progress) late() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.sealed {
		p.outOfTime = true
	}
}

// answerState sets the state that a window is answered with.
func (p *progress) answerState(state []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.sealed {
		p.state, p.newState = state, true
	}
}

// doneInside notes that a user record of an aggregate is done, in Each.
func (p *progress) doneInside(rec *decoder.Record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sealed {
		return
	}
	if rec.Index != p.aggregate {
		p.behind, p.aggregate = p.behind[:0], rec.Index
	}
	p.behind = appendDone(p.behind, rec)
}

// finish notes what the handler's run returned.
func (p *progress) finish(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.sealed {
		p.finished, p.err = true, err
	}
}

// settle finds the first pending record. After that the records may be
// released.
func (p *progress) settle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.sealed {
		p.settleLocked()
	}
}

func (p *progress) settleLocked() {
	if p.settled {
		return
	}
	p.settled = true
	if p.records == nil {
		if p.pending != beyond {
			p.tally.handled()
		}
		if p.aggregate != p.pending.index() {
			p.behind = nil
		}
		return
	}
	p.tally.handled()
	p.pending = p.done.firstPending(p.records, p.unread)
	if p.remember && p.pending != beyond {
		p.behind = doneBehind(p.records, p.done, p.pending)
	}
	p.done.release()
	p.records, p.done = nil, nil
}

// seal ends the invocation for stragglers.
func (p *progress) seal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.sealed {
		p.settleLocked()
		p.sealed = true
	}
}

// abandon seals the progress if calls are running, and reports whether it did.
// If none is, the work is about to end by itself.
func (p *progress) abandon() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running == 0 {
		return false
	}
	p.abandoned = true
	p.tally.abandoned(p.running)
	p.settleLocked()
	p.sealed = true //mutant:the-call-that-the-guard-gives-up-counts-as-done
	return true
}
