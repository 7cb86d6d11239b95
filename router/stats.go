package router

import (
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

// tally counts the Stats of an invocation. It does nothing if nobody wants
// them.
type tally struct {
	Stats
	wanted         bool
	began          time.Time
	mark           time.Time
	newest, oldest time.Time
}

func (t *tally) start(wanted bool) {
	t.wanted = wanted
	if wanted {
		t.began = time.Now()
		t.mark = t.began
	}
}

// read counts a record that the decoder has yielded, with its error.
func (t *tally) read(rec *decoder.Record, flaw error) {
	if !t.wanted {
		return
	}
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
	if !t.wanted {
		return
	}
	for n := range b.Records() {
		t.read(&b.Records()[n], nil)
	}
	for n, flaw := range b.Failed() {
		t.read(&b.Bad()[n], flaw)
	}
}

// decoded and handled account for the time since the last call of either.
func (t *tally) decoded() { t.lap(&t.Decode) }
func (t *tally) handled() { t.lap(&t.Handle) }

func (t *tally) lap(to *time.Duration) {
	if t.wanted {
		t.lapWanted(to)
	}
}

func (t *tally) lapWanted(to *time.Duration) {
	d := time.Since(t.mark)
	*to += d
	t.mark = t.mark.Add(d)
}

func (t *tally) result(checkpoint string, err error) Stats {
	if t.Aged = !t.newest.IsZero(); t.Aged {
		t.NewestAge, t.OldestAge = max(0, t.began.Sub(t.newest)), max(0, t.began.Sub(t.oldest))
	}
	t.Checkpoint, t.Err = checkpoint, err
	return t.Stats
}
