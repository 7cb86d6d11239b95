package decoder

import (
	"bytes"
	"time"

	"example.com/sluice/internal/jsonscan"
)

// Lambda writes all records of a batch from one template, in which five values
// change. The template reader is the strict reader's shortcut for records that
// look like one before: the text between the values is compared, and they are
// read in place. A mismatch is not an error: the strict reader reads the
// record, and a template may be learned from it.
//
// Why this gives the same result as the strict reader: a template comes from a
// record that the strict reader accepted, and its text is that whole record
// except for the insides of some strings and one number. Text without a quote,
// backslash or control byte is the inside of a valid string, and needs no
// unescaping; the number is checked against JSON's grammar. So the record is
// valid JSON with the same members in the same places, and only these values
// differ. Data that does not decode, or passes a limit, goes to the strict
// reader, which alone reports errors.

// slot is a value that changes from record to record.
type slot uint8

const (
	slotKey slot = iota
	slotSequence
	slotData
	slotTime
	slotEventID // its sequence number; the shard id and the colon are part of the text
	slotEnd     // no value: the end of the record
)

// segment is literal text, and the slot behind it.
type segment struct {
	text string
	slot slot
}

// template is what records of one form have in common. It never changes.
//
// depth is the number of containers around the record. It counts, because a
// record that just fits the depth limit inside one container is too deep inside
// two.
type template struct {
	segments []segment
	source   *Source
	prefix   string        // of event ids: the shard id and a colon; "" where there is no event id
	lambda   *lambdaLayout // the same text, where the slots are in Lambda's order
	depth    int
}

// templateReader reads records by templates.
//
// last is the template that matched last; it may no longer be in the cache. The
// miss streak goes up by one for each record that matches no template, and down
// by more for each that matches one; it decides how often templates are tried
// and learned.
type templateReader struct {
	cache   *templateCache
	last    *template
	misses  int // the miss streak, 0 to mostMisses
	tries   int // records since the streak was long
	rejects recentRejects
	matched int // records of this event that matched
	off     bool

	lambda lambdaReader
}

const (
	fewMisses  = 4   // up to this, all templates are tried for every record
	mostMisses = 128 // the streak goes no higher
)

// begin prepares for a new event.
func (t *templateReader) begin() {
	t.matched = 0
	t.lambda.begin()
}

// read reads the record at i, and returns where it ends. It returns false if no
// template matches. tried says that the Lambda layout of the last template is
// already known not to match.
//
// Once the miss streak exceeds fewMisses, templates are tried for only one
// record in eight, so that records that all differ cost little more than with
// the strict reader alone.
func (t *templateReader) read(b []byte, i, depth, index int, tried bool, out *output) (end int, ok bool) {
	if t.misses > fewMisses {
		if t.tries++; t.tries%8 != 0 {
			return 0, false
		}
	}
	if last := t.last; last != nil && last.depth == depth { //mutant:a-template-of-another-depth-the-last-one
		if !tried && last.lambda != nil {
			end, ok = t.lambda.read(last, b, i, index, out)
		}
		if !ok {
			// A value may be longer or shorter than Lambda writes it.
			end, ok = last.match(b, i, index, out)
		}
	}
	if !ok {
		end, ok = t.readByOther(b, i, depth, index, out)
	}
	if ok {
		t.hit()
	}
	return end, ok
}

// hit counts a record that matched.
func (t *templateReader) hit() {
	t.matched++
	if t.misses > 0 {
		t.misses = max(0, t.misses-16)
	}
}

// readByOther tries the templates other than the last one.
func (t *templateReader) readByOther(b []byte, i, depth, index int, out *output) (end int, ok bool) {
	for _, other := range t.cache.all() {
		if other == t.last || other.depth != depth { //mutant:a-template-of-another-depth-from-the-cache
			continue
		}
		if end, ok = other.match(b, i, index, out); ok {
			t.last = other
			return end, true
		}
	}
	return 0, false
}

// match reads the record at i if it matches, and returns where it ends.
func (t *template) match(b []byte, i, index int, out *output) (end int, ok bool) {
	var key, sequence, data, eventID span
	var at time.Time //mutant:a-time-stays-from-record-to-record
	for p := range t.segments {
		segment := &t.segments[p]
		end := i + len(segment.text)
		if end >= len(b) || string(b[i:end]) != segment.text { //mutant:text-is-not-compared
			return 0, false
		}
		i = end
		switch segment.slot {
		case slotKey:
			if end = stringEnd(b, i); end < 0 {
				return 0, false
			}
			key = jsonscan.Between(i, end)
		case slotSequence:
			if end = stringEnd(b, i); end < 0 {
				return 0, false
			}
			sequence = jsonscan.Between(i, end)
		case slotData:
			n := bytes.IndexByte(b[i:], '"')
			if n < 0 {
				return 0, false
			}
			end = i + n
			data = jsonscan.Between(i, end)
		case slotTime:
			var f jsonscan.Fault
			if end, f = jsonscan.Number(b, i); f != jsonscan.Sound {
				return 0, false
			}
			if at, ok = parseSeconds(b[i:end]); !ok {
				return 0, false
			}
		case slotEventID:
			// It repeats the sequence number, which usually comes before it.
			end = i + sequence.End - sequence.Start
			if end == i || end > len(b) || string(b[i:end]) != string(sequence.Of(b)) {
				if end = stringEnd(b, i); end < 0 {
					return 0, false
				}
			}
			eventID = jsonscan.Between(i-len(t.prefix), end)
		}
		i = end
	}
	if t.prefix != "" && string(b[eventID.Start+len(t.prefix):eventID.End]) != string(sequence.Of(b)) {
		return 0, false
	}
	if !out.decode(data.Of(b)) {
		return 0, false
	}
	var id []byte //mutant:an-event-id-stays-from-record-to-record
	if t.prefix != "" {
		id = eventID.Of(b)
	}
	out.fill(index, t.source, key.Of(b), sequence.Of(b), id)
	out.arrivedAt(at)
	if out.detach { //mutant:detached-records-are-views
		out.detachViews()
	}
	return i, true
}

// stringEnd returns the offset of the quote that ends the string whose inside
// begins at i, and -1 where a backslash or a control byte, or the event's end,
// comes first.
func stringEnd(b []byte, i int) int {
	//mutant:a-backslash-in-the-key
	//mutant:a-control-byte-in-the-key
	if i = jsonscan.Special(b, i); i == len(b) || b[i] != '"' {
		return -1
	}
	return i
}
