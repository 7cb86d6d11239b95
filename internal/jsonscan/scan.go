// Package jsonscan decides what is JSON and what its strings mean, for the
// whole library. It knows nothing about Kinesis. It is not one of decoder's
// internal packages because the payload packages read JSON with it too.
//
// scan.go is the strict scanner, object.go walks what it accepted, text.go
// reads escapes, bytes.go searches eight bytes at a time.
package jsonscan

import (
	"errors"
	"fmt"
)

// MaxDepth is how deeply a document may be nested; its outermost object or
// array is level 1.
const MaxDepth = 300

// These are decoder.ErrSyntax and decoder.ErrTooLarge.
var (
	ErrSyntax   = errors.New("invalid JSON")
	ErrTooLarge = errors.New("too large")
)

// Scan returns the offset after the first JSON value in data, which spaces may
// precede. It accepts what encoding/json accepts, except that nesting is
// limited to MaxDepth and that anything may follow the value. The error,
// ErrSyntax or ErrTooLarge, says at which byte of data it is.
func Scan(data []byte) (end int, err error) {
	s := Scanner{B: data}
	end, f := s.Value(0, 0)
	if f != Sound {
		return end, f.At(end)
	}
	return end, nil
}

// Fault is why a scan stopped.
type Fault uint8

const (
	Sound   Fault = iota
	Unsound       // not JSON
	TooDeep       // nested deeper than MaxDepth
)

// Err returns the error for the fault.
func (f Fault) Err() error {
	if f == TooDeep {
		return fmt.Errorf("%w: nested more than %d deep", ErrTooLarge, MaxDepth)
	}
	return ErrSyntax
}

// At is Err with the offset of the fault.
func (f Fault) At(offset int) error { return fmt.Errorf("%w at byte %d", f.Err(), offset) }

// Scanner scans a document in one pass, without recursion. It accepts exactly
// what encoding/json.Valid accepts, down to MaxDepth levels. Its methods take
// the offset to start at and return the offset after what they scanned or, with
// a fault, the offset of the fault, which is len(B) if the document ends too
// early.
type Scanner struct {
	B []byte

	// Counted since the caller last reset them. A caller that builds a tree
	// learns from them how large it will be, and whether escapes may include
	// lone surrogates.
	Values     int
	Surrogates bool

	text []byte // of the last name with escapes

	objects [(MaxDepth + 63) / 64]uint64 // which of the open containers are objects, by depth
}

// SkipSpace returns the offset of the first byte from i on that is not a space.
func SkipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// Value scans the value at i, which spaces may precede. depth is the number of
// containers open around it.
func (s *Scanner) Value(i, depth int) (int, Fault) {
	b, outer := s.B, depth
	var f Fault
	for {
		// A value begins here.
		i = SkipSpace(b, i)
		if i >= len(b) {
			return i, Unsound
		}
		s.Values++
		switch c := b[i]; c {
		case '"':
			i, f = s.str(i)
		case '{', '[':
			if depth++; depth > MaxDepth {
				return i, TooDeep
			}
			i = s.open(i, depth)
			if c == '[' && (i >= len(b) || b[i] != ']') {
				continue
			}
			if c == '{' && (i >= len(b) || b[i] != '}') {
				if i, f = s.name(i); f != Sound {
					return i, f
				}
				continue
			}
			i++ // empty
			depth--
		default:
			i, f = scalar(b, i)
		}
		if f != Sound {
			return i, f
		}
		// A value ended here. Close the containers that end with it.
		for {
			if depth == outer {
				return i, Sound
			}
			if i = SkipSpace(b, i); i >= len(b) {
				return i, Unsound
			}
			object := s.isObject(depth)
			if b[i] == ',' {
				i++
				if object {
					if i, f = s.name(i); f != Sound {
						return i, f
					}
				}
				break
			}
			if b[i] != ']' && b[i] != '}' || (b[i] == '}') != object {
				return i, Unsound
			}
			i++
			depth--
		}
	}
}

// open notes that the container at i opens as level depth, and returns the
// offset of the first thing in it.
func (s *Scanner) open(i, depth int) int {
	word, bit := (depth-1)/64, uint64(1)<<((depth-1)%64)
	if s.B[i] == '{' {
		s.objects[word] |= bit
	} else {
		s.objects[word] &^= bit
	}
	return SkipSpace(s.B, i+1)
}

func (s *Scanner) isObject(depth int) bool {
	return s.objects[(depth-1)/64]>>((depth-1)%64)&1 != 0
}

// name scans a member's name and the colon after it.
func (s *Scanner) name(i int) (int, Fault) {
	i = SkipSpace(s.B, i)
	if i >= len(s.B) || s.B[i] != '"' {
		return i, Unsound
	}
	i, f := s.str(i)
	if f != Sound {
		return i, f
	}
	i = SkipSpace(s.B, i)
	if i >= len(s.B) || s.B[i] != ':' {
		return i, Unsound
	}
	s.Values++ // a name takes room in a tree as well
	return i + 1, Sound
}

// str scans the string whose opening quote is at i.
func (s *Scanner) str(i int) (int, Fault) {
	b := s.B
	i++
	for {
		if i = Special(b, i); i >= len(b) {
			return i, Unsound
		}
		if b[i] == '"' {
			return i + 1, Sound
		}
		if b[i] != '\\' {
			return i, Unsound // a control byte
		}
		i++
		if i >= len(b) {
			return i, Unsound
		}
		switch b[i] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			i++
		case 'u':
			for n := 1; n <= 4; n++ {
				if i+n >= len(b) || !isHex(b[i+n]) {
					return i + n, Unsound
				}
			}
			if b[i+1]|0x20 == 'd' && b[i+2] >= '8' {
				s.Surrogates = true
			}
			i += 5
		default:
			return i, Unsound
		}
	}
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

// scalar scans a number, true, false or null at i.
func scalar(b []byte, i int) (int, Fault) {
	switch b[i] {
	case 't':
		return literal(b, i, "true")
	case 'f':
		return literal(b, i, "false")
	case 'n':
		return literal(b, i, "null")
	}
	return Number(b, i)
}

func literal(b []byte, i int, want string) (int, Fault) {
	for n := range len(want) {
		if i+n >= len(b) || b[i+n] != want[n] {
			return i + n, Unsound
		}
	}
	return i + len(want), Sound
}

// Number scans a number at i: an optional minus, digits without a leading zero,
// a fraction, an exponent.
func Number(b []byte, i int) (int, Fault) {
	if i < len(b) && b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else {
		var f Fault
		if i, f = digits(b, i); f != Sound {
			return i, f
		}
	}
	if i < len(b) && b[i] == '.' {
		var f Fault
		if i, f = digits(b, i+1); f != Sound {
			return i, f
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		return digits(b, i)
	}
	return i, Sound
}

// digits scans one digit or more.
func digits(b []byte, i int) (int, Fault) {
	start := i
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	if i == start {
		return i, Unsound
	}
	return i, Sound
}
