package decoder

import (
	"bytes"
	"time"

	"example.com/sluice/internal/jsonscan"
)

// Window is what Lambda says about a tumbling window, beside the records of the invocation. It holds no views and may be
// kept.
type Window struct {
	// Start and End bound the window, End excluded.
	Start, End time.Time
	// State is what the function answered last for this window and shard: any JSON, as it stands in the event. It is
	// nil where absent or null, as it may be on a window's first invocation; Lambda writes {} there.
	State []byte
	// ShardID and EventSourceARN say which shard of which stream the window is of; they are what there is to go by where
	// the final invocation has no records.
	ShardID, EventSourceARN string
	// IsFinalInvokeForWindow is set on the window's last invocation, IsWindowTerminatedEarly where the state has
	// passed 1 MB and the window ends before its time.
	IsFinalInvokeForWindow, IsWindowTerminatedEarly bool
}

// Window returns the tumbling-window members of the event, and nil where it has none. It reads the whole event, and reports
// what is broken anywhere in it outside of single records; [Decoder.RecordsWindow] and [Batch.Window] come with the reading of
// the records.
func (d Decoder) Window(event []byte) (*Window, error) {
	s := newState(&d, event)
	defer s.release()
	for {
		start, more := s.element()
		if !more {
			break
		}
		end, f := s.scan.Value(start, s.depth)
		if f != jsonscan.Sound {
			s.fail(end, f.Err())
			break
		}
		s.i = end
		s.index++
	}
	w := s.readWindow()
	if s.broken != nil {
		return nil, s.broken
	}
	return w, nil
}

// readWindow reads the members of a tumbling window that the walk has passed. Flaws break the event.
func (s *state) readWindow() *Window {
	m := &s.members
	if s.broken != nil || !m.windowed() && m.state.Absent() {
		return nil
	}
	w := &Window{
		ShardID:                 s.outerText(m.shardID, "shardId"),
		EventSourceARN:          s.outerText(m.eventSourceARN, "eventSourceARN"),
		IsFinalInvokeForWindow:  s.outerBool(m.isFinal, "isFinalInvokeForWindow"),
		IsWindowTerminatedEarly: s.outerBool(m.isTerminated, "isWindowTerminatedEarly"),
	}
	if !m.state.Absent() {
		w.State = bytes.Clone(m.state.Of(s.event))
	}
	if m.window.Absent() {
		return w
	}
	if s.event[m.window.Start] != '{' {
		s.outerFlaw(m.window, "window", because(ErrType, "not an object"))
		return w
	}
	var start, end span
	s.scan.EachMember(m.window.Start, func(name []byte, _ bool, value span) {
		if s.event[value.Start] == 'n' {
			return
		}
		switch string(name) {
		case "start":
			start = value
		case "end":
			end = value
		}
	})
	w.Start, w.End = s.outerTime(start, "window.start"), s.outerTime(end, "window.end")
	return w
}

func (s *state) outerFlaw(at span, name string, err error) {
	if s.broken == nil {
		s.broken = &Error{Index: -1, Field: name, Offset: int64(at.Start), Err: err}
	}
}

func (s *state) outerText(at span, name string) string {
	if at.Absent() {
		return ""
	}
	text := at.Of(s.event)
	if text[0] != '"' {
		s.outerFlaw(at, name, because(ErrType, "not a string"))
		return ""
	}
	return string(jsonscan.Unescaped(text[1 : len(text)-1]))
}

func (s *state) outerBool(at span, name string) bool {
	if at.Absent() {
		return false
	}
	text := at.Of(s.event)
	if text[0] != 't' && text[0] != 'f' {
		s.outerFlaw(at, name, because(ErrType, "neither true nor false"))
	}
	return text[0] == 't'
}

func (s *state) outerTime(at span, name string) time.Time {
	text := s.outerText(at, name)
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		s.outerFlaw(at, name, because(ErrType, `"%s" is no RFC 3339 time`, clip(text)))
	}
	return t.UTC()
}
