package jsonscan

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// These functions take text that the scanner has accepted.

// Unescaped returns the text of a string that is given without its quotes. It
// allocates only if there are escapes.
func Unescaped(raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw
	}
	return AppendUnescaped(make([]byte, 0, len(raw)), raw)
}

// AppendUnescaped appends the text of a string that is given without its
// quotes. The text is never longer than that. A surrogate without its partner
// becomes U+FFFD.
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
		return utf8.RuneError // unreachable: the scanner accepted it
	}
	return rune(v)
}

// EscapedOffset returns where in raw, the escaped text of a string, the byte at
// offset n of the unescaped text is. Everything before it must be ASCII, so
// that each escape stands for one byte.
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
