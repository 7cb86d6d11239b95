package decoder

import (
	"bytes"
	"time"

	"example.com/sluice/internal/jsonscan"
)

// Window is what Lambda says about a tumbling window, beside the records of the
// invocation. It holds no views and may be kept.
type Window struct {
	_ struct{} // it may grow: no unkeyed literals

	// Start and End bound the window; End is excluded.
	Start, End time.Time
	// State is what the function last returned for this window and shard: any
	// JSON, as it is in the event. It is nil if absent or null. That is allowed
	// on a window's first invocation, though Lambda itself writes {} there.
	State []byte
	// ShardID and EventSourceARN identify the shard. They are the only clue if
	// the final invocation has no records.
	ShardID, EventSourceARN string
	// IsFinalInvokeForWindow is set on the window's last invocation;
	// IsWindowTerminatedEarly is set if the state has exceeded 1 MB, so that
	// the window ends early.
	IsFinalInvokeForWindow, IsWindowTerminatedEarly bool
}

// outerMembers is where the values of the event's members are, apart from
// Records. Null counts as absent.
type outerMembers struct {
	window, state, shardID, eventSourceARN, isFinal, isTerminated span
}

// note adds a member. The last of duplicates wins.
func (m *outerMembers) note(name []byte, value span) {
	switch string(name) {
	case "window":
		m.window = value
	case "state":
		m.state = value
	case "shardId":
		m.shardID = value
	case "eventSourceARN":
		m.eventSourceARN = value
	case "isFinalInvokeForWindow":
		m.isFinal = value
	case "isWindowTerminatedEarly":
		m.isTerminated = value
	}
}

// windowed reports whether the members are those of a tumbling window.
func (m *outerMembers) windowed() bool {
	return !m.window.Absent() || !m.isFinal.Absent() || !m.isTerminated.Absent()
}

// read makes a Window of the members. The error is the first flaw.
func (m *outerMembers) read(event []byte) (*Window, *Error) {
	r := windowReader{event: event}
	w := &Window{
		ShardID:                 r.text(m.shardID, "shardId"),
		EventSourceARN:          r.text(m.eventSourceARN, "eventSourceARN"),
		IsFinalInvokeForWindow:  r.bool(m.isFinal, "isFinalInvokeForWindow"),
		IsWindowTerminatedEarly: r.bool(m.isTerminated, "isWindowTerminatedEarly"),
	}
	if !m.state.Absent() {
		w.State = bytes.Clone(m.state.Of(event))
	}
	if !m.window.Absent() {
		r.bounds(m.window, w)
	}
	return w, r.err
}

// windowReader reads the values of a window and keeps the first error.
type windowReader struct {
	event []byte
	err   *Error
}

func (r *windowReader) flaw(at span, name string, err error) {
	if r.err == nil {
		r.err = &Error{Index: -1, Field: name, Offset: int64(at.Start), Err: err}
	}
}

func (r *windowReader) bounds(window span, w *Window) {
	if r.event[window.Start] != '{' {
		r.flaw(window, "window", because(ErrType, "not an object"))
		return
	}
	var start, end span
	scan := jsonscan.Scanner{B: r.event}
	scan.EachMember(window.Start, func(name []byte, _ bool, value span) {
		if r.event[value.Start] == 'n' {
			return
		}
		switch string(name) {
		case "start":
			start = value
		case "end":
			end = value
		}
	})
	w.Start, w.End = r.time(start, "window.start"), r.time(end, "window.end")
}

func (r *windowReader) text(at span, name string) string {
	if at.Absent() {
		return ""
	}
	text := at.Of(r.event)
	if text[0] != '"' {
		r.flaw(at, name, because(ErrType, "not a string"))
		return ""
	}
	return string(jsonscan.Unescaped(text[1 : len(text)-1]))
}

func (r *windowReader) bool(at span, name string) bool {
	if at.Absent() {
		return false
	}
	text := at.Of(r.event)
	if text[0] != 't' && text[0] != 'f' {
		r.flaw(at, name, because(ErrType, "neither true nor false"))
	}
	return text[0] == 't'
}

func (r *windowReader) time(at span, name string) time.Time {
	text := r.text(at, name)
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		r.flaw(at, name, because(ErrType, `"%s" is no RFC 3339 time`, clip(text)))
	}
	return t.UTC()
}
