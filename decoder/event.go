package decoder

import (
	"bytes"

	"example.com/sluice/decoder/internal/memory"
	"example.com/sluice/internal/jsonscan"
)

// This file walks the event's outermost members and finds the elements of Records.

// stage is how far the walk has come.
type stage uint8

const (
	before stage = iota // nothing is read
	within              // in the array of records
	behind              // the event is read to its end, or is broken
)

// span is a part of the event, by offsets. The zero span is an absent one.
type span = jsonscan.Span

func between(start, end int) span { return span{Start: start, End: end} }

// outerMembers is where the values of the event's members stand, Records aside; null counts as absent.
type outerMembers struct {
	window, state, shardID, eventSourceARN, isFinal, isTerminated span
}

// note takes a member in; the last of duplicates wins.
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

// windowed is whether the members are those of a tumbling window.
func (m *outerMembers) windowed() bool {
	return !m.window.Absent() || !m.isFinal.Absent() || !m.isTerminated.Absent()
}

// next reads the next record into s.rec, and into s.bad what is wrong with it. It reports false at the end, with
// s.broken set where the event is broken.
func (s *state) next() bool {
	if s.contents.wanted {
		return s.nextContent()
	}
	return s.nextElement()
}

// nextElement is next for the next element of the array of records, as it stands.
func (s *state) nextElement() bool {
	s.bad = nil
	start, tried := s.i, s.ready
	if !tried {
		var more bool
		if start, more = s.element(); !more {
			return false
		}
	}
	if s.index >= s.MaxRecords {
		s.atLimit = true
		return s.fail(start, because(ErrTooLarge, "more than %d records; MaxRecords sets this limit", s.MaxRecords))
	}
	s.start = start
	if tried && s.matchUsual(s.shape, start) {
		s.hit()
	} else if s.generalOnly || !s.shaped(start, tried) {
		if !s.unshaped(start) {
			return false
		}
	}
	s.index++
	if memory.Scribble {
		s.issued = s.rec
	}
	return true
}

// unshaped reads the record at start through the general lane, and learns from it. It reports false where the event is broken.
func (s *state) unshaped(start int) bool {
	s.scan.Values, s.scan.Surrogates = 0, false
	end, f := s.scan.Value(start, s.depth)
	if f != jsonscan.Sound {
		return s.fail(end, f.Err())
	}
	s.i = end
	if !s.general(between(start, end)) {
		return false
	}
	if s.bad == nil && !s.generalOnly { //mutant:a-bad-record-teaches
		s.learn(between(start, end))
	}
	return true
}

// fail breaks the event off. It returns false, for next to do so as well.
func (s *state) fail(offset int, err error) bool {
	e := &Error{Index: -1, Offset: int64(offset), Err: err}
	if s.at == within {
		e.Index = s.index
	}
	s.at, s.broken = behind, e
	return false
}

// enter reads up to the first element of the array of records.
func (s *state) enter() {
	const usual = `{"Records":[`
	b := s.event
	if len(b) > len(usual) && string(b[:len(usual)]) == usual {
		s.at, s.i, s.depth, s.seen = within, len(usual), 2, true
		return
	}
	i := jsonscan.SkipSpace(b, 0)
	switch {
	case i < len(b) && b[i] == '[':
		s.at, s.i, s.depth = within, i+1, 1
	case i < len(b) && b[i] == '{':
		if i = jsonscan.SkipSpace(b, i+1); i < len(b) && b[i] == '}' {
			s.finish(i + 1)
			return
		}
		s.outer(i)
	default:
		// Some other value, or none.
		end, f := s.scan.Value(0, 0)
		if f == jsonscan.Sound {
			end = jsonscan.SkipSpace(b, end)
		}
		if f != jsonscan.Sound || end != len(b) {
			s.fail(end, f.Err())
			return
		}
		s.fail(i, because(ErrNotKinesis, "a JSON value that is no object"))
	}
}

// outer reads members of the event from i on, which is where a name should begin, until it enters the array of
// records or finds the event's end.
func (s *state) outer(i int) {
	b := s.event
	for {
		name, value, f := s.scan.Member(i)
		if f != jsonscan.Sound {
			s.fail(value, f.Err())
			return
		}
		records := string(s.scan.Unescape(name)) == "Records"
		if records {
			if s.seen {
				s.fail(name.Start, because(ErrDuplicate, "Records"))
				return
			}
			s.seen = true
			if value < len(b) && b[value] == '[' {
				s.at, s.i, s.depth = within, value+1, 2
				return
			}
		}
		end, f := s.scan.Value(value, 1)
		if f != jsonscan.Sound {
			s.fail(end, f.Err())
			return
		}
		if b[value] != 'n' { // not null
			if records {
				s.fail(value, because(ErrNotKinesis, "Records is no array"))
				return
			}
			s.members.note(s.scan.Unescape(name), between(value, end))
		}
		if i = jsonscan.SkipSpace(b, end); i >= len(b) || b[i] != ',' {
			s.closeOuter(i)
			return
		}
		i++
	}
}

// closeOuter reads the end of the event's object, which should be at i.
func (s *state) closeOuter(i int) {
	if i >= len(s.event) || s.event[i] != '}' {
		s.fail(i, ErrSyntax)
		return
	}
	s.finish(i + 1)
}

// element finds where the next element of the array of records begins. It reports false where there is none.
func (s *state) element() (start int, more bool) {
	if s.at == before {
		s.enter()
	}
	if s.at != within {
		return 0, false
	}
	b := s.event
	i := jsonscan.SkipSpace(b, s.i)
	if i < len(b) && b[i] == ']' {
		if s.index > 0 && s.depth == 2 && string(b[i:]) == "]}" { // as it mostly is //mutant:what-ends-the-event-is-not-looked-at
			s.at = behind
			return 0, false
		}
		s.leave(i + 1)
		return 0, false
	}
	if s.index > 0 {
		if i >= len(b) || b[i] != ',' {
			return 0, s.fail(i, ErrSyntax)
		}
		i = jsonscan.SkipSpace(b, i+1)
	}
	return i, true
}

// leave reads what stands behind the array of records.
func (s *state) leave(i int) {
	s.at = before // faults from here on are in no record
	if s.depth == 1 {
		s.finish(i)
		return
	}
	if i = jsonscan.SkipSpace(s.event, i); i < len(s.event) && s.event[i] == ',' {
		s.outer(i + 1)
		return
	}
	s.closeOuter(i)
}

// finish reads the end of the event, behind its last bracket, and decides whether what was read is an event at all.
func (s *state) finish(i int) {
	if i = jsonscan.SkipSpace(s.event, i); i != len(s.event) {
		s.fail(i, ErrSyntax)
		return
	}
	s.at = behind
	if s.index > 0 {
		return
	}
	// There were no records. That the array of them is absent is right for the last call of a window, and only there.
	if s.depth == 0 && !s.members.windowed() {
		s.fail(0, because(ErrNotKinesis, "%s", describe(s.event)))
		return
	}
	if arn := s.members.eventSourceARN; !arn.Absent() && !bytes.Contains(arn.Of(s.event), []byte(":kinesis:")) {
		s.fail(arn.Start, because(ErrNotKinesis, "a window of %s", clip(arn.Of(s.event))))
	}
}
