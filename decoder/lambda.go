package decoder

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"example.com/sluice/internal/jsonscan"
)

// lambdaLayout is the text of a template in the Lambda layout: the slots stand
// in the order key, sequence number, data, arrival time, event id, the text
// between them is that of the constants here, and a sequence number has 56
// digits. It is as much of the text as is not always the same.
//
// Reading it does what template.match does for any template, with most of the
// offsets known to the compiler, and reads the beginning of the next record
// with the end of this one.
type lambdaLayout struct {
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

// lambdaDigits is how many digits Kinesis gives a sequence number.
const lambdaDigits = 56

// Where things stand behind a key: the sequence number, the text behind it,
// data.
const (
	sequenceAt  = len(toSequence)
	sequenceEnd = sequenceAt + lambdaDigits
	dataAt      = sequenceEnd + len(toData)
)

// And behind data: the arrival time.
const (
	timeAt  = len(toTime)
	tailLen = timeAt + lambdaTimeLen
)

// lambdaLayoutOf returns the text of a template if it is in the Lambda layout,
// else nil. The number of digits is not the template's.
func lambdaLayoutOf(segments []segment) *lambdaLayout {
	order := [...]slot{slotKey, slotSequence, slotData, slotTime, slotEventID, slotEnd}
	if len(segments) != len(order) {
		return nil
	}
	for i, s := range order {
		if segments[i].slot != s {
			return nil
		}
	}
	if segments[1].text != toSequence || segments[2].text != toData || segments[3].text != toTime {
		return nil
	}
	return &lambdaLayout{
		toKey: segments[0].text, toEventID: segments[4].text, toEnd: segments[5].text,
		toNextKey: segments[5].text + "," + segments[0].text,
	}
}

// lambdaReader reads records in the Lambda layout.
//
// Where primed is set, the comma in front of the next record and its text up to
// the key were compared, with the template that was read by last. dataLen and
// second are guesses.
type lambdaReader struct {
	primed  bool
	dataLen int    // length of the last data's base64
	second  second // that of the last arrival time
}

// begin prepares for a new event.
func (l *lambdaReader) begin() {
	l.primed = false //mutant:primed-stays-from-event-to-event
}

// read reads the record at i if it matches, and returns where it ends: after
// the comma behind it if primed is set. If the record does not match, out may
// be set in part; every other way to read it sets all of that too.
func (l *lambdaReader) read(t *template, b []byte, i, index int, out *output) (end int, ok bool) {
	u := t.lambda
	b = b[:len(b):len(b)]                    // so that what is below its length is known to be below its capacity
	if !l.primed && !stands(b, i, u.toKey) { //mutant:text-before-the-key-is-not-compared
		return 0, false
	}
	l.primed = false //mutant:primed-stays-from-record-to-record
	i += len(u.toKey)
	end = keyEnd(b, i)
	if len(b)-end < dataAt {
		return 0, false
	}
	head := (*[dataAt]byte)(b[end:])
	if string(head[:len(toSequence1)]) != toSequence1 || //mutant:text-behind-the-key-is-not-compared
		string(head[len(toSequence1):sequenceAt]) != toSequence2 || //mutant:text-before-the-number-is-not-compared
		string(head[sequenceEnd:]) != toData { //mutant:text-before-data-is-not-compared
		return 0, false
	}
	key := b[i:end:end]
	// That the sequence number holds digits alone is checked below, together
	// with its copy in the event id.
	sequence := (*[lambdaDigits]byte)(head[sequenceAt:sequenceEnd])

	i = end + dataAt
	end = i + l.dataLen
	tail, ok := behindData(b, end)
	if !ok {
		n := bytes.IndexByte(b[i:], '"')
		if end = i + n; n < 0 {
			return 0, false
		}
		if tail, ok = behindData(b, end); !ok {
			return 0, false
		}
		l.dataLen = n
	}
	// If the guess at the data's end was wrong and it has a quote in it, the
	// data does not decode.
	data := b[i:end]
	if !l.second.read((*[lambdaTimeLen]byte)(tail[timeAt:]), &out.rec.ApproximateArrivalTimestamp) {
		return 0, false
	}
	i = end + tailLen               // where the number ends, since the text behind it does not go on with it
	if !stands(b, i, u.toEventID) { //mutant:text-behind-the-time-is-not-compared
		return 0, false
	}
	i += len(u.toEventID)
	end = i + lambdaDigits
	if end >= len(b) || !sameDigits(sequence, (*[lambdaDigits]byte)(b[i:])) { //mutant:the-event-id-s-number-is-another
		return 0, false
	}
	eventID := b[i-len(t.prefix) : end : end]
	primed := stands(b, end, u.toNextKey)
	if !primed && !stands(b, end, u.toEnd) || !out.decode(data) { //mutant:text-at-the-record-s-end-is-not-compared
		return 0, false
	}
	end += len(u.toEnd)
	if primed {
		end++
	}
	l.primed = primed
	//mutant:the-source-of-another-template
	//mutant:an-index-stays-from-record-to-record
	out.fill(index, t.source, key, sequence[:], eventID)
	if out.detach { //mutant:detached-records-in-lambda-s-form-are-views
		out.detachViews()
	}
	return end, true
}

// keyEnd returns the offset of what ends the string whose inside begins at i,
// or the event's length: jsonscan.Special, for strings that mostly have fewer
// than 16 bytes.
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

// behindData returns what stands at i if it is the text between data and
// arrival time, with room for that time.
func behindData(b []byte, i int) (*[tailLen]byte, bool) {
	if len(b)-i < tailLen {
		return nil, false
	}
	p := (*[tailLen]byte)(b[i:])
	//mutant:text-behind-data-is-not-compared
	//mutant:text-before-the-time-is-not-compared
	return p, string(p[:len(toTime1)]) == toTime1 && string(p[len(toTime1):timeAt]) == toTime2
}

// sameDigits is whether a and b are the same decimal digits. Other text, which
// may be legal, it refuses.
func sameDigits(a, b *[lambdaDigits]byte) bool {
	var differ, high uint64
	for i := 0; i < lambdaDigits; i += 8 { //mutant:the-last-digits-are-not-compared
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
