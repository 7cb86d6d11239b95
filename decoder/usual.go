package decoder

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"example.com/sluice/internal/jsonscan"
)

// This file is the shape lane for records in Lambda's own form, to the letter where that may be: the values that change stand in the
// order key, sequence number, data, arrival time, event id, the text between them is that of the constants here, and a sequence number
// has 56 digits. It does what state.match does for any form, with most of the offsets known to the compiler, and reads the
// beginning of the next record with the end of this one.

// usual is the text of a shape of that form, as far as it is not always the same.
type usual struct {
	toKey     string // from the record's beginning
	toEventID string // from the arrival time
	toEnd     string // from the event id
	toNextKey string // toEnd, a comma and toKey
}

// The text that is always the same, in pieces that are compared without a call.
const (
	toSequence1, toSequence2 = `","sequenceNumbe`, `r":"`
	toSequence               = toSequence1 + toSequence2
	toData                   = `","data":"`
	toTime1, toTime2         = `","approximateAr`, `rivalTimestamp":`
	toTime                   = toTime1 + toTime2
)

// usualOf returns the text of a shape if it is of the usual form, else nil. The number of digits is not the shape's.
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
	if parts[1].text != toSequence || parts[2].text != toData || parts[3].text != toTime {
		return nil
	}
	return &usual{
		toKey: parts[0].text, toEventID: parts[4].text, toEnd: parts[5].text,
		toNextKey: parts[5].text + "," + parts[0].text,
	}
}

// Where things stand behind a key: the sequence number, the text behind it, data.
const (
	sequenceAt  = len(toSequence)
	sequenceEnd = sequenceAt + usualDigits
	dataAt      = sequenceEnd + len(toData)
)

// And behind data: the arrival time.
const (
	timeAt  = len(toTime)
	tailLen = timeAt + usualLen
)

// matchUsual reads the record at i into s.rec if it has the shape, and reports whether it does. Where s.ready is set, the
// text up to the record's key has been compared already. The record's end is then at s.i; with s.ready set again, that is where the
// next record begins, behind the comma.
//
// What it has set in s.rec of a record that does not match, the other ways to read it will set again.
func (s *state) matchUsual(sh *shape, i int) bool {
	u, b, rec := sh.usual, s.event, &s.rec
	b = b[:len(b):len(b)]                   // so that what is below its length is known to be below its capacity
	if !s.ready && !stands(b, i, u.toKey) { //mutant:text-before-the-key-is-not-compared
		return false
	}
	s.ready = false //mutant:ready-stays-from-record-to-record
	i += len(u.toKey)
	end := keyEnd(b, i)
	if len(b)-end < dataAt {
		return false
	}
	head := (*[dataAt]byte)(b[end:])
	if string(head[:len(toSequence1)]) != toSequence1 || string(head[len(toSequence1):sequenceAt]) != toSequence2 || //mutant:text-behind-the-key-is-not-compared //mutant:text-before-the-number-is-not-compared
		string(head[sequenceEnd:]) != toData { //mutant:text-before-data-is-not-compared
		return false
	}
	rec.PartitionKey = b[i:end:end]
	// That the sequence number holds digits alone is checked below, together with its copy in the event id.
	sequence := (*[usualDigits]byte)(head[sequenceAt:sequenceEnd])
	rec.SequenceNumber = sequence[:]

	i = end + dataAt
	end = i + s.dataLen
	tail, ok := behindData(b, end)
	if !ok {
		n := bytes.IndexByte(b[i:], '"')
		if end = i + n; n < 0 {
			return false
		}
		if tail, ok = behindData(b, end); !ok {
			return false
		}
		s.dataLen = n
	}
	// If the guess at the data's end was wrong and it has a quote in it, the data does not decode.
	data := b[i:end]
	if !s.second.read((*[usualLen]byte)(tail[timeAt:]), &rec.ApproximateArrivalTimestamp) {
		return false
	}
	i = end + tailLen               // where the number ends, since the text behind it does not go on with it
	if !stands(b, i, u.toEventID) { //mutant:text-behind-the-time-is-not-compared
		return false
	}
	i += len(u.toEventID)
	end = i + usualDigits
	if end >= len(b) || !sameDigits(sequence, (*[usualDigits]byte)(b[i:])) { //mutant:the-event-id-s-number-is-another
		return false
	}
	rec.EventID = b[i-len(sh.prefix) : end : end]
	ready := stands(b, end, u.toNextKey)
	if !ready && !stands(b, end, u.toEnd) || !s.matchData(data) { //mutant:text-at-the-record-s-end-is-not-compared
		return false
	}
	end += len(u.toEnd)
	if ready {
		end++
	}
	s.i, s.ready = end, ready
	rec.Source, rec.Index = sh.source, s.index //mutant:the-source-of-another-shape //mutant:an-index-stays-from-record-to-record
	if s.Detach {                              //mutant:detached-records-in-lambda-s-form-are-views
		s.detach()
	}
	return true
}

// keyEnd returns the offset of what ends the string whose inside begins at i, or the event's length: special, for strings that mostly have
// fewer than 16 bytes.
func keyEnd(b []byte, i int) int {
	if i+16 <= len(b) {
		p := (*[16]byte)(b[i : i+16]) //mutant:the-key-ends-at-a-quote-alone
		if m := jsonscan.Specials(binary.LittleEndian.Uint64(p[:])); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
		if m := jsonscan.Specials(binary.LittleEndian.Uint64(p[8:])); m != 0 {
			return i + 8 + bits.TrailingZeros64(m)/8
		}
	}
	return jsonscan.Special(b, i)
}

// behindData returns what stands at i if it is the text between data and arrival time, with room for that time.
func behindData(b []byte, i int) (*[tailLen]byte, bool) {
	if len(b)-i < tailLen {
		return nil, false
	}
	p := (*[tailLen]byte)(b[i:])
	return p, string(p[:len(toTime1)]) == toTime1 && string(p[len(toTime1):timeAt]) == toTime2 //mutant:text-behind-data-is-not-compared //mutant:text-before-the-time-is-not-compared
}

// usualDigits is how many digits Kinesis gives a sequence number.
const usualDigits = 56

// sameDigits is whether a and b are the same decimal digits. Other text, which may be legal, it does not take.
func sameDigits(a, b *[usualDigits]byte) bool {
	var differ, high uint64
	for i := 0; i < usualDigits; i += 8 { //mutant:the-last-digits-are-not-compared
		v, w := binary.LittleEndian.Uint64(a[i:]), binary.LittleEndian.Uint64(b[i:])
		differ |= v ^ w
		high |= aboveNine(v ^ zeros) //mutant:the-sequence-number-may-be-no-number
	}
	return differ|high&highs == 0
}

// stands is whether text stands in b at i.
func stands(b []byte, i int, text string) bool {
	end := i + len(text)
	return end <= len(b) && string(b[i:end]) == text
}

// detach makes the record hold no views of the event.
func (s *state) detach() {
	rec := &s.rec
	rec.PartitionKey = s.keep(rec.PartitionKey)
	rec.SequenceNumber = s.keep(rec.SequenceNumber)
	rec.EventID = s.keep(rec.EventID)
}
