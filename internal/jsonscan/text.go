package jsonscan

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// The functions of this file take text that the scanner has passed.

// Unescaped returns the text of a string as it stands between its quotes, in
// new memory where it holds escapes.
func Unescaped(raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw
	}
	return AppendUnescaped(make([]byte, 0, len(raw)), raw)
}

// AppendUnescaped appends the text of a string as it stands between its quotes,
// and is never longer than that. A surrogate without its partner becomes
// U+FFFD.
func AppendUnescaped(dst, raw []byte) []byte {
	for {
		n := bytes.IndexByte(raw, '\\')
		if n < 0 {
			return append(dst, raw...)
		}
		dst = append(dst, raw[:n]...)
		c := raw[n+1]
		raw = raw[n+2:]
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r := hex4(raw)
			raw = raw[4:]
			if r >= 0xd800 && r < 0xdc00 && len(raw) >= 6 && raw[0] == '\\' && raw[1] == 'u' {
				if pair := utf16.DecodeRune(r, hex4(raw[2:])); pair != utf8.RuneError {
					r, raw = pair, raw[6:]
				}
			}
			dst = utf8.AppendRune(dst, r)
			continue
		}
		dst = append(dst, c)
	}
}

// MendSurrogates rewrites the escapes of surrogates without a partner to
// \ufffd, in place, for parsers that would leave them as they are or take a
// neighbour with them. text is a whole document.
func MendSurrogates(text []byte) {
	for i := 0; ; {
		n := bytes.IndexByte(text[i:], '\\')
		if n < 0 {
			return
		}
		i += n
		if text[i+1] != 'u' {
			i += 2
			continue
		}
		first := hex4(text[i+2:])
		if first < 0xd800 || first > 0xdfff {
			i += 6
			continue
		}
		if first < 0xdc00 && i+12 <= len(text) && text[i+6] == '\\' && text[i+7] == 'u' {
			if second := hex4(text[i+8:]); second >= 0xdc00 && second <= 0xdfff {
				i += 12
				continue
			}
		}
		copy(text[i:], `\ufffd`)
		i += 6
	}
}

func hex4(b []byte) rune {
	v, err := strconv.ParseUint(string(b[:4]), 16, 16)
	if err != nil {
		return utf8.RuneError // not reached: the scanner has passed it
	}
	return rune(v)
}

// EscapedOffset returns the offset in raw, the text of a string with its
// escapes, of what is at offset n of its unescaped text. What stands before
// that must be ASCII, so that each escape is one byte.
func EscapedOffset(raw []byte, n int) int {
	i := 0
	for ; n > 0 && i < len(raw); n-- {
		switch {
		case raw[i] != '\\':
			i++
		case raw[i+1] == 'u':
			i += 6
		default:
			i += 2
		}
	}
	return i
}
