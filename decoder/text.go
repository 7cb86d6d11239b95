package decoder

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/valyala/fastjson"
)

// unescaped returns the text of a string as it stands between its quotes, in new memory where it holds escapes.
// It is for the few strings that no record holds, such as members' names; the general lane's go through its parser.
func unescaped(raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw
	}
	quoted := make([]byte, 0, len(raw)+2)
	quoted = append(quoted, '"')
	quoted = append(quoted, raw...)
	quoted = append(quoted, '"')
	mendSurrogates(quoted)
	v, err := fastjson.ParseBytes(quoted)
	if err != nil {
		return raw // not reached: the scanner has passed it
	}
	return v.GetStringBytes()
}

// mendSurrogates rewrites the escapes of surrogates that have no partner to \ufffd, in place: the parser would leave
// them as they are, or take a neighbour with them. text is sound JSON.
func mendSurrogates(text []byte) {
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

// escapedOffset returns the offset in raw, the text of a string with its escapes, of what is at offset n of
// its unescaped text. What stands before that is base64, so that each escape is one byte.
func escapedOffset(raw []byte, n int) int {
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
