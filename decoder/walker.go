package decoder

import (
	"bytes"

	"example.com/sluice/decoder/internal/memory"
	"example.com/sluice/internal/jsonscan"
)

// stage is how far the walk has come.
type stage uint8

const (
	before stage = iota // outside of the array of records
	within              // in the array of records
	behind              // the event is read to its end, or is broken
)

// span is a part of the event, by offsets. The zero span is an absent one.
type span = jsonscan.Span

// element is an element of Records that the scanner has passed.
type element struct {
	span
	values     int  // how many values and names are in it
	surrogates bool // whether surrogates may be among its escapes
}

// walker walks the outermost members of the event and finds the elements of
// Records. It alone decides whether the event is broken.
//
//	0 <= pos <= len(event)
//	start <= pos, once an element was found
//	index elements were read; each ends at or before pos
//	broken != nil implies stage == behind
type walker struct {
	event []byte
	scan  jsonscan.Scanner // of event

	stage   stage
	pos     int  // offset of what comes next
	depth   int  // containers open around an element
	index   int  // of the next element
	start   int  // of the element that was found last
	seen    bool // whether the member Records was passed
	members outerMembers

	maxRecords int
	broken     *Error // what is wrong with the event, from here on
	atLimit    bool   // whether broken is a limit on the whole event, so that the records before it still count
}

// begin takes a new event.
func (w *walker) begin(event []byte, maxRecords int) {
	w.event, w.scan.B, w.maxRecords = event, event, maxRecords
}

// reset forgets the event.
func (w *walker) reset() {
	w.scan.Shed(memory.MaxPooled)
	w.scan.B, w.event = nil, nil
	w.stage, w.pos, w.depth, w.index, w.start, w.seen = before, 0, 0, 0, 0, false
	w.members = outerMembers{}
	w.broken, w.atLimit = nil, false
}

// next returns where the next element of Records begins, and false if there is
// none.
func (w *walker) next() (start int, more bool) {
	if w.stage == before {
		w.enter()
	}
	if w.stage != within {
		return 0, false
	}
	b := w.event
	i := jsonscan.SkipSpace(b, w.pos)
	if i < len(b) && b[i] == ']' {
		// This is the common case.
		if w.index > 0 && w.depth == 2 && string(b[i:]) == "]}" { //mutant:what-ends-the-event-is-not-looked-at
			w.stage = behind
			return 0, false
		}
		w.leave(i + 1)
		return 0, false
	}
	if w.index > 0 {
		if i >= len(b) || b[i] != ',' {
			return 0, w.fail(i, ErrSyntax)
		}
		i = jsonscan.SkipSpace(b, i+1)
	}
	return i, true
}

// found notes where the next element begins. It reports false if that is one
// too many.
func (w *walker) found(start int) bool {
	w.start = start
	return w.index < w.maxRecords
}

func tooMany(limit int) error {
	return because(ErrTooLarge, "more than %d records; MaxRecords sets this limit", limit)
}

// passed notes that the element that was found last has been read. The element
// ends at pos, or just before a comma that ends at pos.
func (w *walker) passed(pos int) {
	w.pos = pos
	w.index++
}

// scanElement scans the element at start. It reports false if that is not valid
// JSON.
func (w *walker) scanElement(start int) (element, bool) {
	w.scan.Values, w.scan.Surrogates = 0, false
	end, f := w.scan.Value(start, w.depth)
	if f != jsonscan.Sound {
		return element{}, w.fail(end, f.Err())
	}
	return element{jsonscan.Between(start, end), w.scan.Values, w.scan.Surrogates}, true
}

// fail ends the walk with an error. It returns false, for its callers to
// return.
func (w *walker) fail(offset int, err error) bool {
	e := &Error{Index: -1, Offset: int64(offset), Err: err}
	if w.stage == within {
		e.Index = w.index
	}
	w.stage, w.broken = behind, e
	return false
}

// exceed ends the walk at a record of the element that was found last, because
// the event passes a limit.
func (w *walker) exceed(rec *Record, err error) bool {
	w.atLimit = true
	w.fail(w.start, err)
	w.broken.Index, w.broken.SequenceNumber = rec.Index, string(rec.SequenceNumber)
	return false
}

// enter reads up to the first element of the array of records.
func (w *walker) enter() {
	const lambda = `{"Records":[`
	b := w.event
	if len(b) > len(lambda) && string(b[:len(lambda)]) == lambda {
		w.stage, w.pos, w.depth, w.seen = within, len(lambda), 2, true
		return
	}
	i := jsonscan.SkipSpace(b, 0)
	switch {
	case i < len(b) && b[i] == '[':
		w.stage, w.pos, w.depth = within, i+1, 1
	case i < len(b) && b[i] == '{':
		if i = jsonscan.SkipSpace(b, i+1); i < len(b) && b[i] == '}' {
			w.finish(i + 1)
			return
		}
		w.outer(i)
	default:
		// It is some other JSON value, or not JSON at all.
		end, f := w.scan.Value(0, 0)
		if f == jsonscan.Sound {
			end = jsonscan.SkipSpace(b, end)
		}
		if f != jsonscan.Sound || end != len(b) {
			w.fail(end, f.Err())
			return
		}
		w.fail(i, because(ErrNotKinesis, "a JSON value that is no object"))
	}
}

// outer reads members of the event from i on, where a name should begin, until
// it enters Records or comes to the end.
func (w *walker) outer(i int) {
	b := w.event
	for {
		name, value, f := w.scan.Member(i)
		if f != jsonscan.Sound {
			w.fail(value, f.Err())
			return
		}
		records := string(w.scan.Unescape(name)) == "Records"
		if records {
			if w.seen {
				w.fail(name.Start, because(ErrDuplicate, "Records"))
				return
			}
			w.seen = true
			if value < len(b) && b[value] == '[' {
				w.stage, w.pos, w.depth = within, value+1, 2
				return
			}
		}
		end, f := w.scan.Value(value, 1)
		if f != jsonscan.Sound {
			w.fail(end, f.Err())
			return
		}
		if b[value] != 'n' { // not null
			if records {
				w.fail(value, because(ErrNotKinesis, "Records is no array"))
				return
			}
			w.members.note(w.scan.Unescape(name), jsonscan.Between(value, end))
		}
		if i = jsonscan.SkipSpace(b, end); i >= len(b) || b[i] != ',' {
			w.closeOuter(i)
			return
		}
		i++
	}
}

// closeOuter reads the end of the event's object, which should be at i.
func (w *walker) closeOuter(i int) {
	if i >= len(w.event) || w.event[i] != '}' {
		w.fail(i, ErrSyntax)
		return
	}
	w.finish(i + 1)
}

// leave reads what follows the array of records.
func (w *walker) leave(i int) {
	w.stage = before // faults from here on are outside of any record
	if w.depth == 1 {
		w.finish(i)
		return
	}
	if i = jsonscan.SkipSpace(w.event, i); i < len(w.event) && w.event[i] == ',' {
		w.outer(i + 1)
		return
	}
	w.closeOuter(i)
}

// finish reads the end of the event, after its last bracket, and decides
// whether it was an event at all.
func (w *walker) finish(i int) {
	if i = jsonscan.SkipSpace(w.event, i); i != len(w.event) {
		w.fail(i, ErrSyntax)
		return
	}
	w.stage = behind
	if w.index > 0 {
		return
	}
	// The last invocation of a window has no Records; every other event must
	// have them.
	if w.depth == 0 && !w.members.windowed() {
		w.fail(0, because(ErrNotKinesis, "%s", describe(w.event)))
		return
	}
	if arn := w.members.eventSourceARN; !arn.Absent() && !bytes.Contains(arn.Of(w.event), []byte(":kinesis:")) {
		w.fail(arn.Start, because(ErrNotKinesis, "a window of %s", clip(arn.Of(w.event))))
	}
}

// window reads the members of a tumbling window at the end of the walk. A flaw
// in them breaks the event.
func (w *walker) window() *Window {
	m := &w.members
	if w.broken != nil || !m.windowed() && m.state.Absent() {
		return nil
	}
	var window *Window
	window, w.broken = m.read(w.event)
	return window
}
