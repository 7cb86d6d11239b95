package decoder

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.com/sluice/decoder/internal/base64"
	"example.com/sluice/internal/jsonscan"
	"example.com/sluice/internal/lane"
)

// This file is the shape lane: the general lane's shortcut for records that look like one before. Lambda writes all records of a
// batch from one template, in which five values change. A shape is the text between those values; a record that has this
// very text is read in place. What does not match is no error: the general lane reads it, and a shape may be learned from it.
//
// Why this gives what the general lane would: a shape comes from a record that the strict scanner and the general lane have passed,
// and its text holds the whole of the record but for the insides of strings and one number. An inside without quote, backslash and
// control byte is the inside of a string, and stands for itself; a number is held to JSON's grammar. So the record is sound JSON with the same members
// in the same places, and only these values differ. Data that does not decode, or passes a limit, goes to the general lane,
// which alone reports errors.

// hole is a value that changes from record to record.
type hole uint8

const (
	holeKey hole = iota
	holeSequence
	holeData
	holeTime
	holeEventID // its sequence number: the shard id and the colon belong to the text
	holeEnd     // there is none: the record ends
)

// part is literal text, and what stands behind it.
type part struct {
	text string
	hole hole
}

// shape is what records of one template have in common.
type shape struct {
	parts  []part
	source *Source
	prefix string // of event ids: the shard id and a colon; "" where there is no event id
	usual  *usual // the same text, where the holes are in Lambda's order
	depth  int    // containers around the record: a record that is nested just deep enough for one is too deep for two
}

// maxShapeText is how much literal text a shape may hold.
const maxShapeText = 4 << 10

// match reads the record at i into s.rec if it has the shape, and reports whether it does. The record's end is then at s.i.
func (s *state) match(sh *shape, i int) bool {
	b := s.event
	var key, sequence, data, eventID span
	timed := false
	for p := range sh.parts {
		part := &sh.parts[p]
		end := i + len(part.text)
		if end >= len(b) || string(b[i:end]) != part.text { //mutant:text-is-not-compared
			return false
		}
		i = end
		switch part.hole {
		case holeKey:
			if end = stringEnd(b, i); end < 0 {
				return false
			}
			key = between(i, end)
		case holeSequence:
			if end = stringEnd(b, i); end < 0 {
				return false
			}
			sequence = between(i, end)
		case holeData:
			n := bytes.IndexByte(b[i:], '"')
			if n < 0 {
				return false
			}
			end = i + n
			data = between(i, end)
		case holeTime:
			timed = true
			if end = s.timeEnd(i); end < 0 {
				return false
			}
		case holeEventID:
			// It is the sequence number again, which mostly stands before it.
			end = i + sequence.End - sequence.Start
			if end == i || end > len(b) || string(b[i:end]) != string(sequence.Of(b)) {
				if end = stringEnd(b, i); end < 0 {
					return false
				}
			}
			eventID = between(i-len(sh.prefix), end)
		}
		i = end
	}
	if sh.prefix != "" && string(b[eventID.Start+len(sh.prefix):eventID.End]) != string(sequence.Of(b)) {
		return false
	}
	if !s.matchData(data.Of(b)) {
		return false
	}
	rec := &s.rec
	rec.Source, rec.Index = sh.source, s.index
	rec.PartitionKey, rec.SequenceNumber, rec.EventID = key.Of(b), sequence.Of(b), nil //mutant:an-event-id-stays-from-record-to-record
	if sh.prefix != "" {
		rec.EventID = eventID.Of(b)
	}
	if !timed { //mutant:a-time-stays-from-record-to-record
		rec.ApproximateArrivalTimestamp = time.Time{}
	}
	if s.Detach { //mutant:detached-records-are-views
		s.detach()
	}
	s.i = i
	return true
}

// matchData decodes data into s.rec. It reports false where the text is not what base64 in a sound string can be: the lane relies
// on it, even where nobody wants the data, since base64 has no byte that JSON forbids.
func (s *state) matchData(text []byte) bool {
	if len(text) == 0 { //mutant:source-trusts-data-that-nobody-has-read
		s.rec.Data = text[:0:0]
		return true
	}
	room := s.arena.Reserve(base64.DecodedLen(len(text)), s.arenaHint())
	n := base64.DecodeQuads(room, text) // which takes no line breaks: base64 allows them, but a JSON string does not //mutant:line-breaks-in-data
	if n < 0 || n > s.dataLimit {       //mutant:maxdata-is-not-looked-at
		return false
	}
	s.rec.Data = s.arena.Take(n)
	return true
}

// stringEnd returns the offset of the quote that ends the string whose inside begins at i, and -1 where a backslash or
// a control byte, or the event's end, comes first.
func stringEnd(b []byte, i int) int {
	if i = jsonscan.Special(b, i); i == len(b) || b[i] != '"' { //mutant:a-backslash-in-the-key //mutant:a-control-byte-in-the-key
		return -1
	}
	return i
}

// timeEnd reads the arrival time at i into s.rec. It returns the offset behind it, -1 where there is none that can be read.
func (s *state) timeEnd(i int) int {
	b, at := s.event, &s.rec.ApproximateArrivalTimestamp
	end, f := jsonscan.Number(b, i)
	if f != jsonscan.Sound {
		return -1
	}
	var ok bool
	if *at, ok = parseSeconds(b[i:end]); !ok {
		return -1
	}
	return end
}

// shapes are what has been learned, newest first. The list is never changed, but replaced.
var (
	shapes     atomic.Pointer[[]*shape]
	shapesLock sync.Mutex
)

// maxShapes is how many shapes are kept.
const maxShapes = 8

func init() {
	lane.Forget = func() {
		shapesLock.Lock()
		defer shapesLock.Unlock()
		shapes.Store(nil)
		states = sync.Pool{New: states.New}
	}
}

// shaped reads the record at i by a shape, the last one first; tried is whether it has turned out not to be of the usual form of that
// one. Where shapes have been of little use of late they are tried for one record in eight, so that records which are all of different
// shapes cost hardly more than without this lane.
func (s *state) shaped(i int, tried bool) bool {
	if s.cold > warm {
		if s.tries++; s.tries%8 != 0 {
			return false
		}
	}
	if sh := s.shape; sh != nil && sh.depth == s.depth { //mutant:a-shape-of-another-depth-the-last-one
		// In the form of that shape a value may be longer or shorter than usual.
		if !tried && sh.usual != nil && s.matchUsual(sh, i) || s.match(sh, i) {
			s.hit()
			return true
		}
	}
	return s.otherShape(i)
}

// hit counts a record that had a known shape.
func (s *state) hit() {
	s.hits++
	if s.cold > 0 {
		s.cold = max(0, s.cold-16)
	}
}

// cold counts records without a known shape, and is lowered by those that have one.
const (
	warm    = 4   // up to this all is tried
	coldest = 128 // it goes no higher
)

// otherShape tries the shapes that are known beside the last one.
func (s *state) otherShape(i int) bool {
	list := shapes.Load()
	if list == nil {
		return false
	}
	for _, sh := range *list {
		if sh == s.shape || sh.depth != s.depth { //mutant:a-shape-of-another-depth-from-the-list
			continue
		}
		if s.match(sh, i) {
			s.shape = sh
			s.hit()
			return true
		}
	}
	return false
}

// learn takes the shape of the record at el, which the general lane has read and found good. While nothing that it learns is of use
// it does so more and more seldom.
func (s *state) learn(el span) {
	if s.cold < coldest {
		s.cold++
	}
	if s.cold&(s.cold-1) != 0 || s.cold == coldest && s.tries%128 != 0 {
		return
	}
	sh := s.newShape(el)
	if sh == nil {
		return
	}
	shapesLock.Lock()
	defer shapesLock.Unlock()
	var known []*shape
	if p := shapes.Load(); p != nil {
		known = *p
	}
	for _, other := range known {
		if other.depth == sh.depth && slices.Equal(other.parts, sh.parts) {
			s.shape = other
			return
		}
	}
	// The one that was of use last keeps its place before the others.
	list := append(make([]*shape, 0, maxShapes+2), sh)
	if slices.Contains(known, s.shape) {
		list = append(list, s.shape)
	}
	for _, other := range known {
		if other != s.shape {
			list = append(list, other)
		}
	}
	list = list[:min(len(list), maxShapes)]
	shapes.Store(&list)
	s.shape = sh
}

// met holds what the texts of the last records that taught nothing hash to. Where as many shapes are known as are kept, only a text
// that comes again is worth one of them: otherwise a few odd records among the usual ones would push these out.
type met struct {
	hashes [8]uint64
	next   int
}

var metSeed = maphash.MakeSeed()

// again reports whether the text was met lately, and remembers it.
func (m *met) again(hash uint64) bool {
	if slices.Contains(m.hashes[:], hash) {
		return true
	}
	m.hashes[m.next%len(m.hashes)] = hash
	m.next++
	return false
}

// newShape returns the shape of the record at el, nil where it has none or is not worth one.
func (s *state) newShape(el span) *shape {
	var l layout
	l.read(&s.scan, el.Start)
	if l.odd { //mutant:twins-and-escaped-names-teach
		return nil
	}
	b := s.event
	type found struct {
		span
		hole hole
	}
	room := [holeEnd + 1]found{}
	holes := room[:0]
	inside := func(f field, h hole) bool {
		p := l.span(f)
		if b[p.Start] != '"' || bytes.IndexByte(p.Of(b), '\\') >= 0 {
			return false // the next one that looks like it has a backslash there too, and would not match
		}
		holes = append(holes, found{between(p.Start+1, p.End-1), h}) //mutant:a-value-is-searched-for-not-taken-from-the-scan
		return true
	}
	if !inside(fieldPartitionKey, holeKey) || !inside(fieldSequenceNumber, holeSequence) || !inside(fieldData, holeData) {
		return nil
	}
	if p := l.span(fieldArrival); !p.Absent() {
		if b[p.Start] == '"' {
			return nil
		}
		holes = append(holes, found{p, holeTime})
	}
	var prefix []byte
	if p := l.span(fieldEventID); !p.Absent() {
		sequence := holes[1].Of(b)
		id := b[p.Start+1 : p.End-1]
		shard, rest, colon := bytes.Cut(id, []byte{':'})
		if !colon || !bytes.Equal(rest, sequence) || bytes.IndexByte(id, '\\') >= 0 { //mutant:a-shard-with-an-escape-teaches
			return nil
		}
		prefix = id[:len(shard)+1]
		holes = append(holes, found{between(p.Start+1+len(prefix), p.End-1), holeEventID})
	}
	slices.SortFunc(holes, func(a, b found) int { return cmp.Compare(a.Start, b.Start) })
	holes = append(holes, found{between(el.End, el.End), holeEnd})
	if known := shapes.Load(); known != nil && len(*known) == maxShapes {
		var h maphash.Hash
		h.SetSeed(metSeed)
		at := el.Start
		for _, hole := range holes {
			h.Write(b[at:hole.Start])
			at = hole.End
		}
		if !s.met.again(h.Sum64()) {
			return nil
		}
	}
	sh := &shape{source: s.rec.Source, prefix: string(prefix), depth: s.depth, parts: make([]part, 0, len(holes))}
	size, at := 0, el.Start
	for _, h := range holes {
		sh.parts = append(sh.parts, part{string(b[at:h.Start]), h.hole})
		size += h.Start - at
		at = h.End
	}
	if size > maxShapeText {
		return nil
	}
	sh.usual = usualOf(sh.parts)
	return sh
}
