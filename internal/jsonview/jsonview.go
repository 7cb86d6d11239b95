// Package jsonview reads JSON in place: the members of objects, the elements of
// arrays, the text of strings. What it is given must have passed
// jsonscan.Scan, the strict scanner; it panics or gives nonsense for other
// text.
package jsonview

import (
	"bytes"
	"math"

	"example.com/sluice/internal/jsonscan"
)

// Members calls f for each member of an object, with its name as it stands
// between the quotes and its value as it stands. It stops where f returns
// false.
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

// Elements calls f for each element of an array, until f returns false.
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

// first returns the value at i and the offset of what follows it, spaces
// skipped.
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

// Text returns the text of a string, given with its quotes, and false for
// another value. Without escapes it is a view of the string, else it is
// appended to *memory, whose earlier contents stay where they are.
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
		// A new block, so that what was handed out does not move; text is never
		// longer than what it is escaped to.
		*memory, start = make([]byte, 0, max(2*cap(*memory), len(raw), 512)), 0
	}
	*memory = jsonscan.AppendUnescaped(*memory, raw)
	return (*memory)[start:len(*memory):len(*memory)]
}

// Is reports whether a member's name means want.
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

// Int64 returns the value of a number, by what it is and not by how it is
// written: 1000, 1000.0 and 1e3 are one. It is exact: no float64 is involved.
// It reports false for what is no number, is not whole, or does not fit.
func Int64(value []byte) (n int64, ok bool) {
	negative := value[0] == '-'
	if negative {
		value = value[1:]
	} else if value[0] < '0' || value[0] > '9' {
		return 0, false
	}
	// What was read is m × 10^(zeros-decimals), where m ends in no zero. So a
	// point may have as many zeros behind it as it likes.
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

// scale returns m × 10^exponent, and false where that does not fit.
func scale(m uint64, exponent int64) (uint64, bool) {
	for ; m > 0 && exponent > 0; exponent-- {
		if m > math.MaxUint64/10 {
			return 0, false
		}
		m *= 10
	}
	return m, true
}

// exponentOf reads an exponent. It is held within what no number of digits in
// memory makes up for.
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
