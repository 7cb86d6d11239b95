package decoder

import (
	"encoding/binary"
	"time"

	"example.com/sluice/internal/jsonscan"
)

// latest is the first second that is too late for an arrival time: the year
// 10,000, which neither RFC 3339 nor the JSON form of time.Time can express.
const latest = 253402300800

// parseSeconds reads a JSON number as seconds since the epoch, exactly: through
// integers, never through a float64. It truncates to nanoseconds. It returns
// false for anything else, and for times in or after the year 10,000 or equally
// far before the epoch.
func parseSeconds(text []byte) (time.Time, bool) {
	if at, ok := lambdaSeconds(text); ok {
		return at, true
	}
	if end, f := jsonscan.Number(text, 0); f != jsonscan.Sound || end != len(text) {
		return time.Time{}, false
	}
	negative := text[0] == '-'
	if negative {
		text = text[1:]
	}
	// The value is 0.d₁d₂d₃… × 10^point, where d₁ is the first digit other than
	// 0.
	mantissa, exponent := splitExponent(text)
	point := exponent
	for _, c := range mantissa {
		if c == '.' {
			break
		}
		point++
	}
	i := 0
	for i < len(mantissa) && (mantissa[i] == '0' || mantissa[i] == '.') {
		if mantissa[i] == '0' {
			point--
		}
		i++
	}
	if i == len(mantissa) {
		return time.Unix(0, 0).UTC(), true
	}
	if point > 12 {
		return time.Time{}, false
	}
	if point < -9 {
		return time.Unix(0, 0).UTC(), true
	}
	// Zeros if the point comes before the digits, then the digits, then zeros.
	var sec, nsec int64
	for n := min(point, 0); n < point+9; n++ {
		var d int64
		if n >= 0 {
			if i < len(mantissa) && mantissa[i] == '.' {
				i++
			}
			if i < len(mantissa) {
				d = int64(mantissa[i] - '0')
				i++
			}
		}
		if n < point {
			sec = sec*10 + d
		} else {
			nsec = nsec*10 + d
		}
	}
	if sec >= latest {
		return time.Time{}, false
	}
	if negative {
		sec, nsec = -sec, -nsec
	}
	return time.Unix(sec, nsec).UTC(), true
}

// splitExponent splits a number at its exponent. It clamps the exponent to
// ±1e9, far beyond what matters.
func splitExponent(text []byte) (mantissa []byte, exponent int) {
	for i, c := range text {
		if c|0x20 != 'e' {
			continue
		}
		mantissa, text = text[:i], text[i+1:]
		sign := 1
		if text[0] == '+' || text[0] == '-' {
			if text[0] == '-' {
				sign = -1
			}
			text = text[1:]
		}
		for _, d := range text {
			if exponent < 1e8 {
				exponent = exponent*10 + int(d-'0')
			}
		}
		return mantissa, sign * exponent
	}
	return text, 0
}

// lambdaTimeLen is the length of a time as Lambda writes it: seconds with ten
// digits, a point, milliseconds.
const lambdaTimeLen = 14

// lambdaSeconds reads a time of that form and rejects any other.
func lambdaSeconds(t []byte) (time.Time, bool) {
	if len(t) != lambdaTimeLen || t[0] == '0' || t[10] != '.' { //mutant:the-time-begins-with-0
		return time.Time{}, false
	}
	high, ok := eightDigits(binary.LittleEndian.Uint64(t))
	s8, s9, f0, f1, f2 := t[8]-'0', t[9]-'0', t[11]-'0', t[12]-'0', t[13]-'0'
	if !ok || s8 > 9 || s9 > 9 || f0 > 9 || f1 > 9 || f2 > 9 { //mutant:the-time-s-digits-are-not-looked-at
		return time.Time{}, false
	}
	sec := high*100 + int64(s8)*10 + int64(s9)
	ms := int64(f0)*100 + int64(f1)*10 + int64(f2)
	return time.Unix(sec, ms*1e6).UTC(), true
}

// second remembers the text of a second, in the form that lambdaSeconds reads,
// and its value: the arrival times of neighbouring records differ only in the
// milliseconds.
type second struct {
	first, last uint64 // the first eight bytes; the last four digits and the point
	unix        int64
}

// noSecond matches no text.
var noSecond = second{last: ^uint64(0)}

// read reads a time of that form and rejects any other.
func (s *second) read(t *[lambdaTimeLen]byte, at *time.Time) bool {
	first, last := binary.LittleEndian.Uint64(t[:]), binary.LittleEndian.Uint64(t[6:])
	const point = 5 * 8 // bit offset in last of the digits after the point
	d := last>>point ^ zeros>>point
	//mutant:the-second-s-first-digits-are-not-compared
	//mutant:the-second-s-last-digits-are-not-compared
	//mutant:milliseconds-are-not-looked-at
	if first != s.first || last&(1<<point-1) != s.last || aboveNine(d)&(highs>>point) != 0 {
		var ok bool
		if *at, ok = lambdaSeconds(t[:]); ok {
			*s = second{first, last & (1<<point - 1), at.Unix()}
		}
		return ok
	}
	ms := int64(d&0xf*100 + d>>8&0xf*10 + d>>16)
	*at = time.Unix(s.unix, ms*1e6).UTC()
	return true
}

// aboveNine sets the high bit of each byte of d that is above 9: in the sum or,
// if the byte has it already, in the byte itself. The sum may carry into the
// next byte and set its high bit as well, but only out of a byte that is above
// 9.
func aboveNine(d uint64) uint64 { return d | (d + ones*0x76) }

// zeros is eight times the digit 0; ones and highs have the lowest and the
// highest bit of each byte set.
const (
	zeros = ones * '0'
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// eightDigits reads eight decimal digits at once; the first is in the lowest
// byte.
func eightDigits(w uint64) (int64, bool) {
	d := w ^ zeros
	if aboveNine(d)&highs != 0 { //mutant:the-time-s-first-digits-are-not-looked-at
		return 0, false
	}
	// Combine digits to pairs, pairs to fours, and those to eight.
	d = d*10 + d>>8
	d = ((d&0x000000ff000000ff)*(100+1000000<<32) + (d>>16&0x000000ff000000ff)*(1+10000<<32)) >> 32
	return int64(d), true
}
