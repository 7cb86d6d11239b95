package decoder

import (
	"encoding/binary"
	"math/bits"
)

// This file is the strict scanner: the one place that decides what is JSON. It accepts exactly what
// encoding/json.Valid accepts, down to maxDepth levels, in one pass without recursion. It knows nothing of
// Kinesis.

// maxDepth is how deep an event may be nested; its outermost object or array is level 1.
const maxDepth = 300

// fault is why a scan stopped.
type fault uint8

const (
	sound    fault = iota
	unsound        // not JSON
	tooDeep        // nested deeper than maxDepth
	maxFault = tooDeep
)

func (f fault) err() error {
	if f == tooDeep {
		return because(ErrTooLarge, "nested more than %d deep", maxDepth)
	}
	return ErrSyntax
}

// scanner scans one document. Its methods take the offset to start at and return the offset behind what they
// scanned or, with a fault, the offset of the fault: len(b) where the document ends too early.
type scanner struct {
	b []byte

	// What scanning has passed since these were last reset. They tell the general lane how much a tree of the
	// values would take, and whether it must look for lone surrogates.
	values     int
	surrogates bool

	text []byte // of the last name with escapes

	objects [(maxDepth + 63) / 64]uint64 // which of the open containers are objects, by depth
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// value scans the value at i, spaces before it included; depth is the number of containers open around it.
func (s *scanner) value(i, depth int) (int, fault) {
	b, outer := s.b, depth
	var f fault
	for {
		// A value begins here.
		i = skipSpace(b, i)
		if i >= len(b) {
			return i, unsound
		}
		s.values++
		switch c := b[i]; c {
		case '"':
			i, f = s.str(i)
		case '{', '[':
			if depth++; depth > maxDepth {
				return i, tooDeep
			}
			i = s.open(i, depth)
			if c == '[' && (i >= len(b) || b[i] != ']') {
				continue
			}
			if c == '{' && (i >= len(b) || b[i] != '}') {
				if i, f = s.name(i); f != sound {
					return i, f
				}
				continue
			}
			i++ // empty
			depth--
		default:
			i, f = scalar(b, i)
		}
		if f != sound {
			return i, f
		}
		// A value ended here: close what ends with it.
		for {
			if depth == outer {
				return i, sound
			}
			if i = skipSpace(b, i); i >= len(b) {
				return i, unsound
			}
			object := s.isObject(depth)
			if b[i] == ',' {
				i++
				if object {
					if i, f = s.name(i); f != sound {
						return i, f
					}
				}
				break
			}
			if b[i] != ']' && b[i] != '}' || (b[i] == '}') != object {
				return i, unsound
			}
			i++
			depth--
		}
	}
}

// open notes the container that opens at i as level depth, and returns the offset of what is first in it.
func (s *scanner) open(i, depth int) int {
	word, bit := (depth-1)/64, uint64(1)<<((depth-1)%64)
	if s.b[i] == '{' {
		s.objects[word] |= bit
	} else {
		s.objects[word] &^= bit
	}
	return skipSpace(s.b, i+1)
}

func (s *scanner) isObject(depth int) bool {
	return s.objects[(depth-1)/64]>>((depth-1)%64)&1 != 0
}

// name scans a member's name and the colon behind it.
func (s *scanner) name(i int) (int, fault) {
	i = skipSpace(s.b, i)
	if i >= len(s.b) || s.b[i] != '"' {
		return i, unsound
	}
	i, f := s.str(i)
	if f != sound {
		return i, f
	}
	i = skipSpace(s.b, i)
	if i >= len(s.b) || s.b[i] != ':' {
		return i, unsound
	}
	s.values++ // a name takes room in the tree as well
	return i + 1, sound
}

// str scans the string whose opening quote is at i.
func (s *scanner) str(i int) (int, fault) {
	b := s.b
	i++
	for {
		if i = special(b, i); i >= len(b) {
			return i, unsound
		}
		if b[i] == '"' {
			return i + 1, sound
		}
		if b[i] != '\\' {
			return i, unsound // a control byte
		}
		i++
		if i >= len(b) {
			return i, unsound
		}
		switch b[i] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			i++
		case 'u':
			for n := 1; n <= 4; n++ {
				if i+n >= len(b) || !isHex(b[i+n]) {
					return i + n, unsound
				}
			}
			if b[i+1]|0x20 == 'd' && b[i+2] >= '8' {
				s.surrogates = true
			}
			i += 5
		default:
			return i, unsound
		}
	}
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

// special returns the offset of the first quote, backslash or control byte of b from i on, and len(b) where there is none. It looks
// at eight bytes at a time.
func special(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		if m := specials(binary.LittleEndian.Uint64(b[i:])); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c < 0x20 || c == '"' || c == '\\' {
			return i
		}
	}
	return i
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// specials sets the high bit of each byte of w that is a quote, a backslash or a control byte. Bits above the lowest that is
// set may be wrong, because of its borrow; none is missing.
func specials(w uint64) uint64 {
	quote, escape := w^ones*'"', w^ones*'\\'
	return ((w-ones*0x20)&^w | (quote-ones)&^quote | (escape-ones)&^escape) & highs
}

// scalar scans a number, true, false or null at i.
func scalar(b []byte, i int) (int, fault) {
	switch b[i] {
	case 't':
		return literal(b, i, "true")
	case 'f':
		return literal(b, i, "false")
	case 'n':
		return literal(b, i, "null")
	}
	return number(b, i)
}

func literal(b []byte, i int, want string) (int, fault) {
	for n := range len(want) {
		if i+n >= len(b) || b[i+n] != want[n] {
			return i + n, unsound
		}
	}
	return i + len(want), sound
}

// number scans a number of JSON's grammar: an optional minus, digits without a leading zero, a fraction, an exponent.
func number(b []byte, i int) (int, fault) {
	if i < len(b) && b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else {
		var f fault
		if i, f = digits(b, i); f != sound {
			return i, f
		}
	}
	if i < len(b) && b[i] == '.' {
		var f fault
		if i, f = digits(b, i+1); f != sound {
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
	return i, sound
}

// digits scans one digit or more.
func digits(b []byte, i int) (int, fault) {
	start := i
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	if i == start {
		return i, unsound
	}
	return i, sound
}
