package router

import (
	"sync"
	"time"

	"example.com/sluice/decoder"
)

// Stats counts one invocation.
type Stats struct {
	_ struct{} // more counters may come

	// Source is that of the first record, nil if no record was read.
	Source *decoder.Source

	Records     int   // records that were read; those after a failure may not have been
	Processed   int   // records whose handler returned nil
	Skipped     int   // records that a handler, or WithOnBad, skipped
	Failed      int   // records that a handler, or WithOnBad, failed
	Bad         int   // records that went to WithOnBad; each is processed, skipped or failed as well
	Redelivered int   // records that were known to be done, and not handled again; see WithRedeliveryMemory
	Abandoned   int   // calls that had not returned when the deadline was near; see WithMargin
	Bytes       int64 // of the data of the records that were read and are not bad

	// NewestAge and OldestAge are the ages, when the invocation began, of the
	// records that arrived last and first. They are never negative: a record
	// that is ahead of this machine's clock has the age 0. Aged is whether any
	// record has an arrival time; if none has, both are 0.
	NewestAge, OldestAge time.Duration
	Aged                 bool

	// Decode is the time spent reading the event, Handle the time spent in
	// handlers. If handlers run side by side, Handle is the time until the last
	// has returned.
	Decode, Handle time.Duration

	// Checkpoint is the sequence number that the answer names, or for
	// EventBridge Pipes the event id; "" if it names none.
	Checkpoint string
	Err        error // what Invoke returned
}

// tally counts the Stats of an invocation. It is nil if nobody wants them, and
// then counts nothing.
type tally struct {
	Stats
	began          time.Time
	mark           time.Time
	newest, oldest time.Time
}

var tallies = sync.Pool{New: func() any { return new(tally) }}

func newTally() *tally {
	t := tallies.Get().(*tally)
	t.began = time.Now()
	t.mark = t.began
	return t
}

func (t *tally) processed(n int) {
	if t != nil {
		t.Processed += n
	}
}

func (t *tally) skipped() {
	if t != nil {
		t.Skipped++
	}
}

func (t *tally) failed() {
	if t != nil {
		t.Failed++
	}
}

func (t *tally) bad() {
	if t != nil {
		t.Bad++
	}
}

func (t *tally) redelivered() {
	if t != nil {
		t.Redelivered++
	}
}

func (t *tally) abandoned(calls int) {
	if t != nil {
		t.Abandoned = calls
	}
}

// read counts a record that the decoder has yielded, with its error.
func (t *tally) read(rec *decoder.Record, flaw error) {
	if t.Records == 0 {
		t.Source = rec.Source
	}
	t.Records++
	if flaw == nil {
		t.Bytes += int64(len(rec.Data))
	}
	at := rec.ApproximateArrivalTimestamp
	if at.IsZero() {
		return
	}
	if t.newest.IsZero() || at.After(t.newest) {
		t.newest = at
	}
	if t.oldest.IsZero() || at.Before(t.oldest) {
		t.oldest = at
	}
}

func (t *tally) readBatch(b *decoder.Batch) {
	if t == nil {
		return
	}
	for n := range b.Records() {
		t.read(&b.Records()[n], nil)
	}
	for n, flaw := range b.Failed() {
		t.read(&b.Bad()[n], flaw)
	}
}

// decoded accounts for the time since the last call of it or of handled.
func (t *tally) decoded() {
	if t != nil {
		t.Decode += t.lap()
	}
}

func (t *tally) handled() {
	if t != nil {
		t.Handle += t.lap()
	}
}

func (t *tally) lap() time.Duration {
	d := time.Since(t.mark)
	t.mark = t.mark.Add(d)
	return d
}

// result returns the Stats, and gives the tally back. The progress is sealed by
// then, so that no straggler counts any more.
func (t *tally) result(checkpoint string, err error) Stats {
	if t.Aged = !t.newest.IsZero(); t.Aged {
		t.NewestAge, t.OldestAge = max(0, t.began.Sub(t.newest)), max(0, t.began.Sub(t.oldest))
	}
	t.Checkpoint, t.Err = checkpoint, err
	s := t.Stats
	*t = tally{}
	tallies.Put(t)
	return s
}
