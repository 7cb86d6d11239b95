package routertest

import (
	"hash/fnv"
	"time"

	"example.com/sluice/decoder"
)

// How batches form, and what becomes of them after their invocations.

// shardLane is the records of a shard that are delivered one batch at a time:
// all of them, or with a parallelization factor those of some keys.
type shardLane struct {
	shardID string
	number  int
	source  *decoder.Source
	queue   []*record // in no batch yet
	batches []*batch  // not done; the next to deliver is last
	busy    bool      // an invocation with the next batch is under way
	window  *window   // the open one; may be nil
}

// batch is records that are delivered together.
type batch struct {
	recs        []*record
	retries     int // used up so far
	failures    int // in a row, for the time to wait
	invocations int
	notBefore   time.Time
	window      *decoder.Window
	last        *Invocation
}

func shardLaneOf(key []byte, lanes int) int {
	if lanes == 1 {
		return 0
	}
	h := fnv.New32a()
	_, _ = h.Write(key)
	return int(h.Sum32() % uint32(lanes)) //mutant:keys-in-any-lane
}

// next returns the batch to deliver now, nil if there is none.
func (s *simulation) next(l *shardLane, now time.Time) *batch {
	for !l.busy {
		if len(l.batches) == 0 {
			b := s.form(l, now)
			if b == nil {
				return nil
			}
			l.batches = append(l.batches, b)
		}
		b := l.batches[len(l.batches)-1]
		if b.notBefore.After(now) {
			return nil
		}
		s.expire(l, b, now)
		if len(b.recs) > 0 || b.isFinal() && now.Sub(b.window.End) <= s.Retention {
			return b
		}
		l.batches = l.batches[:len(l.batches)-1]
		if b.isFinal() {
			l.window = nil // it could not be closed within the retention
			s.note(l, nil, "final expired")
		}
	}
	return nil
}

// wake returns when there is something to do again, if next finds nothing now.
// It is zero if only the end of an invocation can change that.
func (s *simulation) wake(l *shardLane) time.Time {
	switch {
	case l.busy:
		return time.Time{}
	case len(l.batches) > 0:
		return l.batches[len(l.batches)-1].notBefore
	}
	return s.formable(l)
}

// expire removes the batch's records that are too old, which are its first
// ones.
func (s *simulation) expire(l *shardLane, b *batch, now time.Time) {
	age := func(rec *record) time.Duration { return now.Sub(rec.ApproximateArrivalTimestamp) }
	n := 0
	for n < len(b.recs) && age(b.recs[n]) > s.Retention { //mutant:records-expire-too-late
		b.recs[n].fate = Expired
		n++
	}
	if n > 0 {
		s.note(l, b.recs[:n], "expired")
	}
	b.recs = b.recs[n:]
	//mutant:age-does-not-count
	for n = 0; n < len(b.recs) && s.MaximumRecordAge > 0 && age(b.recs[n]) > s.MaximumRecordAge; {
		n++
	}
	if n > 0 {
		s.discard(l, b, b.recs[:n], RecordAgeExceeded)
		b.recs = b.recs[n:]
	}
}

// fill returns how many records at the head of the queue fit into one event,
// and whether it has room for no more.
func (s *simulation) fill(l *shardLane) (n int, full bool) {
	room := maxEvent - eventOverhead
	if l.window != nil {
		room -= len(l.window.state)
	}
	for n < len(l.queue) && n < s.BatchSize {
		rec := l.queue[n]
		if room -= rec.size; room < 0 || s.startsWindow(l, rec, l.queue[0]) { //mutant:events-of-any-size
			return n, true
		}
		n++
	}
	return n, n == s.BatchSize
}

// form makes a batch of the records that have come in, if they are enough.
func (s *simulation) form(l *shardLane, now time.Time) *batch {
	if s.TumblingWindow > 0 {
		if final := s.closeWindow(l, now); final != nil {
			return final
		}
	}
	at := s.fillable(l)
	if at.IsZero() || at.After(now) {
		return nil
	}
	n, _ := s.fill(l)
	seen := 0
	for seen < n && !l.queue[seen].visible.After(now) {
		seen++
	}
	b := &batch{recs: l.queue[:seen:seen]}
	l.queue = l.queue[seen:]
	if s.TumblingWindow > 0 {
		s.enterWindow(l, b, now)
	}
	return b
}

// formable returns when form will find something.
func (s *simulation) formable(l *shardLane) time.Time {
	at := s.fillable(l)
	if l.window != nil {
		if closing := s.closing(l.window); at.IsZero() || closing.Before(at) {
			at = closing
		}
	}
	return at
}

// fillable returns when the queue's first records become a batch: once they are
// as many as an event takes, or the first has waited for MaximumBatchingWindow,
// or its tumbling window is over.
func (s *simulation) fillable(l *shardLane) time.Time {
	if len(l.queue) == 0 {
		return time.Time{}
	}
	at := l.queue[0].visible
	if s.MaximumBatchingWindow == 0 {
		return at
	}
	at = at.Add(s.MaximumBatchingWindow)
	if s.TumblingWindow > 0 { // no record waits beyond the end of its window
		if end := s.visible(s.startOf(l.queue[0]).Add(s.TumblingWindow - 1)); end.Before(at) {
			at = end
		}
	}
	if n, full := s.fill(l); full && n > 0 { //mutant:a-full-batch-waits
		last := l.queue[n-1].visible
		if n < s.BatchSize {
			last = l.queue[n].visible // only the next one shows that there is no room
		}
		if last.Before(at) {
			at = last
		}
	}
	return at
}

// settle decides what becomes of a batch after its invocation.
func (s *simulation) settle(l *shardLane, b *batch, inv *Invocation, a answer) {
	l.batches = l.batches[:len(l.batches)-1]
	if b.window != nil && (inv.Outcome == Succeeded || inv.Outcome == Partial) { //mutant:failure-leaves-its-state
		s.leaveWindow(l, b, a.state, inv.Outcome == Succeeded)
	}
	switch inv.Outcome {
	case Succeeded:
		done(b.recs)
		return
	case Partial:
		done(b.recs[:a.from])
		b.recs = b.recs[a.from:]
		b.failures = 0
	}
	if len(b.recs) > 0 {
		inv.Checkpoint = &b.recs[0].Record
	}
	switch {
	case s.BisectBatchOnFunctionError && inv.Outcome == Partial: //mutant:no-split-at-the-checkpoint
		l.batches = append(l.batches, b)
	case s.BisectBatchOnFunctionError && len(b.recs) > 1:
		s.bisect(l, b)
	default:
		s.retry(l, b, inv, a)
	}
}

func done(recs []*record) {
	for _, rec := range recs {
		rec.fate = Done
	}
}

// bisect splits a batch in two.
func (s *simulation) bisect(l *shardLane, b *batch) {
	half := len(b.recs) / 2 //mutant:a-split-uses-up-a-retry
	second := *b
	second.recs = b.recs[half:]
	b.recs = b.recs[:half:half]
	if w := b.window; w != nil {
		first := *w
		first.IsFinalInvokeForWindow, first.IsWindowTerminatedEarly = false, false
		b.window = &first // the second half has the window's last records
	}
	l.batches = append(l.batches, &second, b) //mutant:the-second-half-comes-first
}

// retry has the batch delivered again, or gives it up.
func (s *simulation) retry(l *shardLane, b *batch, inv *Invocation, a answer) {
	counts := true
	if a.named && inv.Outcome == Partial || inv.Outcome == Failed && a.named {
		switch s.RetryCounting {
		case ResetOnProgress: //mutant:progress-uses-up-no-retry
			if inv.Outcome == Partial {
				b.retries, counts = 0, false
			}
		case CountErrorsOnly:
			counts = false
		}
	}
	//mutant:a-retry-too-many
	if limit := *s.MaximumRetryAttempts; counts && limit >= 0 && b.retries >= limit && len(b.recs) > 0 {
		s.discard(l, b, b.recs, RetryAttemptsExhausted)
		if b.isFinal() { // the window still has to be closed
			l.batches = append(l.batches, &batch{window: b.window})
		}
		return
	}
	if counts {
		b.retries++
	}
	wait := maxBackoff
	if b.failures < 6 {
		wait = firstBackoff << b.failures
	}
	b.failures++
	b.notBefore = s.now().Add(wait) //mutant:half-of-the-wait-between-retries
	l.batches = append(l.batches, b)
}
