package decoder

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"example.com/sluice/internal/jsonscan"
)

// lambdaLayout is the text of a template in the Lambda layout. There the slots
// come in the order key, sequence number, data, arrival time, event id; the
// text between the first four is that of the constants here; and a sequence
// number has 56 digits. Only the text that differs between templates is kept.
//
// Reading it does what template.match does for any template, but with most
// offsets known to the compiler, and it compares the beginning of the next
// record together with the end of this one.
type lambdaLayout struct {
	toKey     string // from the record's beginning
	toEventID string // from the arrival time
	toEnd     string // from the event id
	toNextKey string // toEnd, a comma and toKey
}

// The text that never differs, in pieces small enough to be compared without a
// call.
const (
	toSequence1, toSequence2 = `","sequenceNumbe`, `r":"`
	toSequence               = toSequence1 + toSequence2
	toData                   = `","data":"`
	toTime1, toTime2         = `","approximateAr`, `rivalTimestamp":`
	toTime                   = toTime1 + toTime2
)

// lambdaDigits is how many digits Kinesis gives a sequence number.
const lambdaDigits = 56

// Offsets from the end of the key: of the sequence number, of its end, and of
// the data.
const (
	sequenceAt  = len(toSequence)
	sequenceEnd = sequenceAt + lambdaDigits
	dataAt      = sequenceEnd + len(toData)
)

// Offsets from the end of the data: of the arrival time, and of its end.
const (
	timeAt  = len(toTime)
	tailLen = timeAt + lambdaTimeLen
)

// lambdaLayoutOf returns the text of a template if it is in the Lambda layout,
// else nil. It does not check the number of digits, which is up to each record.
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
// If primed is set, the comma before the next record and that record's text up
// to the key were already compared, with the template that was used last.
// dataLen and second are guesses.
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
// be partly set; whatever reads the record instead sets all of it again.
func (l *lambdaReader) read(t *template, b []byte, i, index int, out *output) (end int, ok bool) {
	u := t.lambda
	b = b[:len(b):len(b)]                    // so that the compiler knows that its capacity is its length
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
	// sameDigits checks below that the sequence number is all digits, and the
	// same as in the event id.
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
	// If the guess was wrong and the data contains a quote, it does not decode
	// as base64.
	data := b[i:end]
	if !l.second.read((*[lambdaTimeLen]byte)(tail[timeAt:]), &out.rec.ApproximateArrivalTimestamp) {
		return 0, false
	}
	i = end + tailLen               // the number ends here: the text that follows does not continue it
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

// behindData returns the bytes at i if they begin with the text between data
// and arrival time, and have room for that time.
func behindData(b []byte, i int) (*[tailLen]byte, bool) {
	if len(b)-i < tailLen {
		return nil, false
	}
	p := (*[tailLen]byte)(b[i:])
	//mutant:text-behind-data-is-not-compared
	//mutant:text-before-the-time-is-not-compared
	return p, string(p[:len(toTime1)]) == toTime1 && string(p[len(toTime1):timeAt]) == toTime2
}

// sameDigits reports whether a and b are the same decimal digits. It rejects
// other text, even if it is legal.
func sameDigits(a, b *[lambdaDigits]byte) bool {
	var differ, high uint64
	for i := 0; i < lambdaDigits; i += 8 { //mutant:the-last-digits-are-not-compared
		v, w := binary.LittleEndian.Uint64(a[i:]), binary.LittleEndian.Uint64(b[i:])
		differ |= v ^ w
		high |= aboveNine(v ^ zeros) //mutant:the-sequence-number-may-be-no-number
	}
	return differ|high&highs == 0
}

// stands reports whether b has text at i.
func stands(b []byte, i int, text string) bool {
	end := i + len(text)
	return end <= len(b) && string(b[i:end]) == text
}
