// Package jsonview reads JSON in place: members of objects, elements of arrays,
// the text of strings. Its input must have passed jsonscan.Scan, the strict
// scanner; for any other text it panics or returns nonsense.
package jsonview

import (
	"bytes"
	"math"

	"example.com/sluice/internal/jsonscan"
)

// Members calls f for each member of an object, with the name as it stands
// between the quotes and the value as it stands, until f returns false.
func Members(object []byte, f func(name, value []byte) bool) {
	i := jsonscan.SkipSpace(object, 0) + 1
	if i = jsonscan.SkipSpace(object, i); object[i] == '}' {
		return
	}
	for {
		i = jsonscan.SkipSpace(object, i)
		end := i + 1 + quote(object[i+1:])
		name := object[i+1 : end]
		i = jsonscan.SkipSpace(object, end+1) + 1 // behind the colon
		value, next := first(object, i)
		if !f(name, value) || object[next] == '}' {
			return
		}
		i = next + 1
	}
}

// Elements calls f for each element of an array until f returns false.
func Elements(array []byte, f func(value []byte) bool) {
	i := jsonscan.SkipSpace(array, 0) + 1
	if i = jsonscan.SkipSpace(array, i); array[i] == ']' {
		return
	}
	for {
		value, next := first(array, i)
		if !f(value) || array[next] == ']' {
			return
		}
		i = next + 1
	}
}

// first returns the value at i, and the offset of what follows it and any
// spaces.
func first(b []byte, i int) (value []byte, next int) {
	i = jsonscan.SkipSpace(b, i)
	var end int
	if b[i] == '"' {
		end = i + 1 + quote(b[i+1:]) + 1
	} else {
		n, _ := jsonscan.Scan(b[i:])
		end = i + n
	}
	return b[i:end:end], jsonscan.SkipSpace(b, end)
}

// quote returns the offset of the quote that ends a string.
func quote(b []byte) int {
	i := 0
	for {
		i += bytes.IndexByte(b[i:], '"')
		slashes := 0
		for slashes < i && b[i-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return i
		}
		i++
	}
}

// Text returns the text of a string, which is given with its quotes, and false
// for any other value. Text without escapes is a view of the string. Text with
// escapes is appended to *memory, whose earlier contents never move.
func Text(value []byte, memory *[]byte) ([]byte, bool) {
	if value[0] != '"' {
		return nil, false
	}
	return Unescape(value[1:len(value)-1], memory), true
}

// Unescape is Text for what stands between the quotes.
func Unescape(raw []byte, memory *[]byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[:len(raw):len(raw)]
	}
	start := len(*memory)
	if cap(*memory)-start < len(raw) {
		// Begin a new block, so that what was handed out does not move. Text is
		// never longer than its escaped form.
		*memory, start = make([]byte, 0, max(2*cap(*memory), len(raw), 512)), 0
	}
	*memory = jsonscan.AppendUnescaped(*memory, raw)
	return (*memory)[start:len(*memory):len(*memory)]
}

// Is reports whether a member's name, unescaped, is want.
func Is(name []byte, want string) bool {
	if string(name) == want {
		return true
	}
	if bytes.IndexByte(name, '\\') < 0 {
		return false
	}
	var memory []byte
	return string(Unescape(name, &memory)) == want
}

// Int64 returns the value of a number, however it is written: 1000, 1000.0 and
// 1e3 are the same. It is exact, since no float64 is involved. It reports false
// for values that are not numbers, are not whole, or do not fit.
func Int64(value []byte) (n int64, ok bool) {
	negative := value[0] == '-'
	if negative {
		value = value[1:]
	} else if value[0] < '0' || value[0] > '9' {
		return 0, false
	}
	// The digits so far are m × 10^(zeros-decimals), and m does not end in a
	// zero. So a point may be followed by any number of zeros.
	var m uint64
	var zeros, decimals, exponent int64
	fraction := false
	for i, c := range value {
		switch {
		case c == '.':
			fraction = true
			continue
		case c|0x20 == 'e':
			exponent = exponentOf(value[i+1:])
		case c == '0':
			zeros++
		default:
			if m, ok = scale(m, zeros+1); !ok || m > math.MaxUint64-9 {
				return 0, false
			}
			m, zeros = m+uint64(c-'0'), 0
		}
		if c|0x20 == 'e' {
			break
		}
		if fraction {
			decimals++
		}
	}
	if m == 0 {
		return 0, true
	}
	if exponent += zeros - decimals; exponent < 0 {
		return 0, false
	}
	m, ok = scale(m, exponent)
	switch {
	case !ok:
		return 0, false
	case negative && m <= 1<<63:
		return int64(-m), true
	case !negative && m < 1<<63:
		return int64(m), true
	}
	return 0, false
}

// scale returns m × 10^exponent, and false if that does not fit.
func scale(m uint64, exponent int64) (uint64, bool) {
	for ; m > 0 && exponent > 0; exponent-- {
		if m > math.MaxUint64/10 {
			return 0, false
		}
		m *= 10
	}
	return m, true
}

// exponentOf reads an exponent. It stops growing at a size that the digits of
// no text in memory could make up for.
func exponentOf(text []byte) (n int64) {
	negative := text[0] == '-'
	for _, c := range text {
		if c >= '0' && n < 1e15 {
			n = n*10 + int64(c-'0')
		}
	}
	if negative {
		return -n
	}
	return n
}
