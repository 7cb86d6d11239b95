package decoder

import (
	"bytes"
	"encoding/binary"
	"time"
)

// This file is the shape lane for the order in which Lambda writes the values that change: key, sequence number, data, arrival
// time, event id. It does what state.match does for any order, without asking at each value which one it is, and reads the
// beginning of the next record with the end of this one.

// usual is the text of a shape of that order.
type usual struct {
	toKey      string // from the record's beginning
	toSequence short
	toData     short
	toTime     string
	toEventID  string
	toEnd      string
	toNextKey  string // toEnd, a comma and toKey
}

// usualOf returns the text of a shape if it is of the usual order, else nil.
func usualOf(parts []part) *usual {
	order := [...]hole{holeKey, holeSequence, holeData, holeTime, holeEventID, holeEnd}
	if len(parts) != len(order) {
		return nil
	}
	for i, h := range order {
		if parts[i].hole != h {
			return nil
		}
	}
	u := &usual{
		toKey: parts[0].text, toTime: parts[3].text, toEventID: parts[4].text, toEnd: parts[5].text,
		toNextKey: parts[5].text + "," + parts[0].text,
	}
	var ok1, ok2 bool
	u.toSequence, ok1 = shortOf(parts[1].text)
	u.toData, ok2 = shortOf(parts[2].text)
	if !ok1 || !ok2 {
		return nil
	}
	return u
}

// short is a text of 8 to 24 bytes, to be compared as three words that may overlap.
type short struct {
	n, middle          int
	first, second, end uint64
}

func shortOf(text string) (short, bool) {
	n := len(text)
	if n < 8 || n > 24 {
		return short{}, false
	}
	middle := min(8, n-8)
	word := func(i int) uint64 { return binary.LittleEndian.Uint64([]byte(text[i:])) }
	return short{n, middle, word(0), word(middle), word(n - 8)}, true
}

// is whether b begins with the text.
func (t *short) is(b []byte) bool {
	return len(b) >= t.n && (binary.LittleEndian.Uint64(b)^t.first)|
		(binary.LittleEndian.Uint64(b[t.middle:])^t.second)|
		(binary.LittleEndian.Uint64(b[t.n-8:])^t.end) == 0
}

// matchUsual reads the record at i into s.rec if it has the shape, and returns its end, else -1. Where s.ready is set, the
// text up to the record's key has been compared already. It sets s.ready for the record behind it, which then begins behind
// the comma.
func (s *state) matchUsual(sh *shape, i int) int {
	u, b := sh.usual, s.event
	if !s.ready && !begins(b[i:], u.toKey) {
		return -1
	}
	s.ready = false
	key := span{start: i + len(u.toKey)}
	key.end = key.start + s.keyLen
	if key.end >= len(b) || b[key.end] != '"' || !isPlain(b[key.start:key.end]) {
		if key.end = stringEnd(b, key.start); key.end < 0 {
			return -1
		}
		s.keyLen = key.end - key.start
	}
	if !u.toSequence.is(b[key.end:]) {
		return -1
	}
	// That the sequence number holds digits alone is checked later, together with its copy in the event id.
	sequence := span{start: key.end + u.toSequence.n}
	sequence.end = sequence.start + s.digits
	if sequence.end >= len(b) || !u.toData.is(b[sequence.end:]) {
		if sequence.end = stringEnd(b, sequence.start); sequence.end < 0 || !u.toData.is(b[sequence.end:]) {
			return -1
		}
		s.digits = sequence.end - sequence.start
	}
	// If the guess at the data's end is wrong and has a quote in it, the data does not decode.
	data := span{start: sequence.end + u.toData.n}
	data.end = data.start + s.dataLen
	if data.end >= len(b) || b[data.end] != '"' || !begins(b[data.end:], u.toTime) {
		n := bytes.IndexByte(b[data.start:], '"')
		if n < 0 || !begins(b[data.start+n:], u.toTime) {
			return -1
		}
		data.end = data.start + n
		s.dataLen = n
	}
	i = data.end + len(u.toTime)
	at, i := timeEnd(b, i)
	if i < 0 || !begins(b[i:], u.toEventID) {
		return -1
	}
	eventID := span{i + len(u.toEventID) - len(sh.prefix), i + len(u.toEventID) + s.digits}
	if len(b) <= eventID.end || !sameDigits(sequence.of(b), b[eventID.end-s.digits:eventID.end]) {
		return -1
	}
	ready := begins(b[eventID.end:], u.toNextKey)
	if !ready && !begins(b[eventID.end:], u.toEnd) || !s.matchData(data.of(b)) {
		return -1
	}
	s.ready = ready
	s.fill(sh, key, sequence, eventID, at)
	return eventID.end + len(u.toEnd)
}

// sameDigits is whether a and b, which are of one length, are the same decimal digits. Other text, which may be legal, it
// does not take.
func sameDigits(a, b []byte) bool {
	if len(a) < 8 || len(a) != len(b) {
		return false
	}
	var bad uint64
	for i := 0; i <= len(a)-8; i += 8 {
		bad |= differentDigits(binary.LittleEndian.Uint64(a[i:]), binary.LittleEndian.Uint64(b[i:]))
	}
	if i := len(a) - 8; i%8 != 0 {
		bad |= differentDigits(binary.LittleEndian.Uint64(a[i:]), binary.LittleEndian.Uint64(b[i:]))
	}
	return bad == 0
}

// differentDigits is 0 where v and w are the same eight digits. Of each byte less '0', the high bit is set in the sum or in
// the byte itself if it is above 9; a carry into the next byte takes one whose own high bit is set.
func differentDigits(v, w uint64) uint64 {
	d := v ^ zeros
	return (d|(d+ones*0x76))&highs | (v ^ w)
}

const zeros = ones * '0'

// begins is whether b begins with text.
func begins(b []byte, text string) bool {
	return len(b) >= len(text) && string(b[:len(text)]) == text
}

// isPlain is whether b holds no quote, backslash and control byte.
func isPlain(b []byte) bool { return special(b, 0) == len(b) }

// fill sets the record but for its data.
func (s *state) fill(sh *shape, key, sequence, eventID span, at time.Time) {
	rec, b := &s.rec, s.event
	rec.Source = sh.source
	rec.PartitionKey = key.of(b)
	rec.SequenceNumber = sequence.of(b)
	rec.EventID = nil
	if sh.prefix != "" {
		rec.EventID = eventID.of(b)
	}
	rec.ApproximateArrivalTimestamp = at
	rec.Index = s.index
	if s.Detach {
		rec.PartitionKey = s.keep(rec.PartitionKey)
		rec.SequenceNumber = s.keep(rec.SequenceNumber)
		rec.EventID = s.keep(rec.EventID)
	}
}
