package routertest

import (
	"time"

	"example.com/sluice/decoder"
)

// This file is the tumbling windows of a Mapping. A window opens with the first
// record that arrived in it, and is closed by an invocation of its own once all
// its records are done, or early if its state passes 1 MB.

// window is an open window of a shard.
type window struct {
	start, end time.Time
	state      []byte // what the last answer left
	early      bool   // the state is too large: the window is to end
}

// startOf is the start of the window in which a record has arrived. Windows are
// aligned to the epoch; Truncate counts from year 1.
func (s *simulation) startOf(rec *record) time.Time {
	epoch := time.Unix(0, 0).UTC()
	shift := epoch.Sub(epoch.Truncate(s.TumblingWindow))
	return rec.ApproximateArrivalTimestamp.UTC().Add(-shift).Truncate(s.TumblingWindow).Add(shift)
}

// startsWindow is whether a record is of another window than the first one.
func (s *simulation) startsWindow(l *lane, rec, first *record) bool {
	return s.TumblingWindow > 0 && !s.startOf(rec).Equal(s.startOf(first))
}

// closing is when the last records that may be of the window have been read.
func (s *simulation) closing(w *window) time.Time { return s.visible(w.end.Add(-1)) }

// isOver is whether no record of the open window will come any more: it is past
// its end, or a later one has been read.
func (s *simulation) isOver(l *lane, now time.Time) bool {
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

// closeWindow returns the final invocation of the open window if it is time for
// it.
func (s *simulation) closeWindow(l *lane, now time.Time) *batch {
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

func (w *window) describe(l *lane, final bool) *decoder.Window {
	return &decoder.Window{
		Start: w.start, End: w.end, State: w.state, ShardID: l.shardID, EventSourceARN: l.source.EventSourceARN,
		IsFinalInvokeForWindow: final, IsWindowTerminatedEarly: final && w.early,
	}
}

// enterWindow makes the batch one of the window that its records are in.
func (s *simulation) enterWindow(l *lane, b *batch, now time.Time) {
	start := s.startOf(b.recs[0])
	if l.window == nil {
		l.window = &window{start: start, end: start.Add(s.TumblingWindow), state: []byte("{}")}
	}
	last := len(l.queue) == 0 || l.queue[0].visible.After(now) || !s.startOf(l.queue[0]).Equal(start)
	b.window = l.window.describe(l, s.FinalInvokeWithRecords && last && s.isOver(l, now))
}

// leaveWindow takes the state of an answer over, and closes the window after
// its final invocation.
func (s *simulation) leaveWindow(l *lane, b *batch, state []byte, done bool) {
	if b.isFinal() && done {
		l.window = nil
		return
	}
	l.window.state = append([]byte(nil), state...)
	l.window.early = len(state) > maxState //mutant:windows-do-not-end-early
	// What waits to be delivered again comes with the new state.
	b.window = l.window.describe(l, b.isFinal())
	for _, other := range l.batches {
		other.window = l.window.describe(l, other.isFinal())
	}
}
