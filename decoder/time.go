package decoder

import "time"

// latest is the first second that an arrival time may not have: the year 10,000, which neither RFC 3339 nor
// time.Time's JSON form can write.
const latest = 253402300800

// parseSeconds reads a number of JSON's grammar as seconds since the epoch, exactly: through integers, never
// through a float64. What is finer than a nanosecond is cut off. It reports false for what is no number and
// for times from the year 10,000 on, or as far before the epoch.
func parseSeconds(text []byte) (time.Time, bool) {
	if end, f := number(text, 0); f != sound || end != len(text) {
		return time.Time{}, false
	}
	negative := text[0] == '-'
	if negative {
		text = text[1:]
	}
	// The value is 0.d₁d₂d₃… × 10^point, where d are the digits from the first that is not 0.
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
	// Leading zeros for what the point stands before, then digits as long as there are, then zeros.
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

// splitExponent cuts a number at its exponent. An exponent is held within ±1e9, far outside of what matters.
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
