package routertest

import (
	"time"

	"example.com/sluice/decoder"
)

// A tumbling window opens with the first record that arrived in it. An
// invocation of its own closes it once all its records are done, or earlier if
// its state exceeds 1 MB.

// window is a shard's open window.
type window struct {
	start, end time.Time
	state      []byte // from the last answer
	early      bool   // its state is too large: close it
}

// startOf returns the start of the window in which a record arrived. Windows
// are aligned to the Unix epoch, but Truncate counts from the year 1.
func (s *simulation) startOf(rec *record) time.Time {
	epoch := time.Unix(0, 0).UTC()
	shift := epoch.Sub(epoch.Truncate(s.TumblingWindow))
	return rec.ApproximateArrivalTimestamp.UTC().Add(-shift).Truncate(s.TumblingWindow).Add(shift)
}

// startsWindow reports whether rec belongs to another window than first.
func (s *simulation) startsWindow(l *shardLane, rec, first *record) bool {
	return s.TumblingWindow > 0 && !s.startOf(rec).Equal(s.startOf(first))
}

// closing returns when the last records that may belong to the window have been
// read.
func (s *simulation) closing(w *window) time.Time { return s.visible(w.end.Add(-1)) }

// isOver reports whether no more records of the open window can come: its end
// has passed, or a record of a later window has been read.
func (s *simulation) isOver(l *shardLane, now time.Time) bool {
	if !now.Before(s.closing(l.window)) {
		return true
	}
	for _, rec := range l.queue {
		if rec.visible.After(now) {
			return false
		}
		if !s.startOf(rec).Equal(l.window.start) {
			return true
		}
	}
	return false
}

// closeWindow returns the final invocation's batch once the open window can be
// closed, nil until then.
func (s *simulation) closeWindow(l *shardLane, now time.Time) *batch {
	w := l.window
	if w == nil {
		return nil
	}
	inside := len(l.queue) > 0 && !l.queue[0].visible.After(now) && s.startOf(l.queue[0]).Equal(w.start)
	if !w.early && (inside || !s.isOver(l, now)) {
		return nil
	}
	return &batch{window: w.describe(l, true)} //mutant:a-window-that-is-over-stays-open
}

func (w *window) describe(l *shardLane, final bool) *decoder.Window {
	return &decoder.Window{
		Start: w.start, End: w.end, State: w.state, ShardID: l.shardID, EventSourceARN: l.source.EventSourceARN,
		IsFinalInvokeForWindow: final, IsWindowTerminatedEarly: final && w.early,
	}
}

// enterWindow adds the batch to the window that its records arrived in.
func (s *simulation) enterWindow(l *shardLane, b *batch, now time.Time) {
	start := s.startOf(b.recs[0])
	if l.window == nil {
		l.window = &window{start: start, end: start.Add(s.TumblingWindow), state: []byte("{}")}
	}
	last := len(l.queue) == 0 || l.queue[0].visible.After(now) || !s.startOf(l.queue[0]).Equal(start)
	b.window = l.window.describe(l, s.FinalInvokeWithRecords && last && s.isOver(l, now))
}

// leaveWindow takes over the state of an answer, and closes the window after
// its final invocation.
func (s *simulation) leaveWindow(l *shardLane, b *batch, state []byte, done bool) {
	if b.isFinal() && done {
		l.window = nil
		return
	}
	l.window.state = append([]byte(nil), state...)
	l.window.early = len(state) > maxState //mutant:windows-do-not-end-early
	// Batches that wait to be redelivered come with the new state.
	b.window = l.window.describe(l, b.isFinal())
	for _, other := range l.batches {
		other.window = l.window.describe(l, other.isFinal())
	}
}

func (b *batch) isFinal() bool { return b.window != nil && b.window.IsFinalInvokeForWindow }
