package jsonscan

import "bytes"

// Span is a part of a document, by offsets. The zero Span is absent: no value
// of a member ends at offset 0.
type Span struct{ Start, End int }

// Of returns that part of b. Appending to it does not overwrite what follows.
func (p Span) Of(b []byte) []byte { return b[p.Start:p.End:p.End] }

// Between is the part from start to end.
func Between(start, end int) Span { return Span{start, end} }

// Absent reports whether p is the zero Span.
func (p Span) Absent() bool { return p.End == 0 }

// Member scans a member's name and colon at i. It returns the name without its
// quotes and the offset of the value, or of the fault.
func (s *Scanner) Member(i int) (name Span, value int, f Fault) {
	i = SkipSpace(s.B, i)
	end, f := s.name(i)
	if f != Sound {
		return Span{}, end, f
	}
	quote := bytes.LastIndexByte(s.B[i:end], '"')
	return Between(i+1, i+quote), SkipSpace(s.B, end), Sound
}

// Unescape returns the text of a name. It is valid until the next call, since a
// document can have a name for every five of its bytes.
func (s *Scanner) Unescape(name Span) []byte {
	raw := name.Of(s.B)
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw
	}
	s.text = AppendUnescaped(s.text[:0], raw)
	return s.text
}

// Shed drops memory of more than most bytes.
func (s *Scanner) Shed(most int) {
	if cap(s.text) > most {
		s.text = nil
	}
}

// EachMember calls f for each member of the object at i, which the scanner has
// already accepted. The name is valid until f returns or unescapes another.
func (s *Scanner) EachMember(i int, f func(name []byte, escaped bool, value Span)) {
	if i = SkipSpace(s.B, i+1); s.B[i] == '}' {
		return
	}
	for {
		name, value, _ := s.Member(i)
		end, _ := s.Value(value, 0)
		raw := name.Of(s.B)
		f(s.Unescape(name), bytes.IndexByte(raw, '\\') >= 0, Span{value, end})
		if i = SkipSpace(s.B, end); s.B[i] == '}' {
			return
		}
		i++
	}
}
