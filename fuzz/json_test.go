package fuzz

import (
	"bytes"
	"encoding/json"
)

// This file finds its way through JSON for the oracle. What is JSON is for
// encoding/json to say: where a value ends is only guessed here, which is right
// for what encoding/json then finds valid.

func space(b []byte, i int) int {
	for i < len(b) && bytes.IndexByte([]byte(" \t\r\n"), b[i]) >= 0 {
		i++
	}
	return i
}

// at is the byte at i, and 0 behind the end.
func at(b []byte, i int) byte {
	if i < len(b) {
		return b[i]
	}
	return 0
}

// extent is where the value at i ends if it is one.
func extent(b []byte, i int) int {
	switch at(b, i) {
	case '"':
		return stringEnd(b, i)
	case '{', '[':
		open := 0
		for i < len(b) {
			switch b[i] {
			case '"':
				i = stringEnd(b, i)
				continue
			case '{', '[':
				open++
			case '}', ']':
				if open--; open == 0 {
					return i + 1
				}
			}
			i++
		}
		return i
	}
	for _, literal := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(b[i:], []byte(literal)) {
			return i + len(literal)
		}
	}
	if end := numberEnd(b, i); end > i {
		return end
	}
	for i < len(b) && bytes.IndexByte([]byte(" \t\r\n,:]}[{\""), b[i]) < 0 {
		i++
	}
	return i
}

// numberEnd is where the number at i ends, or what was to be one. It ends
// within 01, but behind 1. and 1e+, which lack something.
func numberEnd(b []byte, i int) int {
	digits := func() {
		for '0' <= at(b, i) && at(b, i) <= '9' {
			i++
		}
	}
	if at(b, i) == '-' {
		i++
	}
	if at(b, i) == '0' {
		i++
	} else {
		start := i
		if digits(); i == start {
			return i
		}
	}
	if at(b, i) == '.' {
		start := i + 1
		i++
		if digits(); i == start {
			return i
		}
	}
	if at(b, i)|0x20 == 'e' {
		i++
		if at(b, i) == '+' || at(b, i) == '-' {
			i++
		}
		digits()
	}
	return i
}

func stringEnd(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return len(b)
}

// nesting is how deep a value is nested: 0 for a scalar.
func nesting(value []byte) int {
	open, most := 0, 0
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '"':
			i = stringEnd(value, i) - 1
		case '{', '[':
			open++
			most = max(most, open)
		case '}', ']':
			open--
		}
	}
	return most
}

// each calls f for the members of a valid object that begins at i.
func each(b []byte, i int, f func(name []byte, escaped bool, value span)) {
	i = space(b, i+1)
	for b[i] != '}' {
		end := extent(b, i)
		raw := b[i:end]
		i = space(b, space(b, end)+1)
		end = extent(b, i)
		f(unquoted(raw), bytes.IndexByte(raw, '\\') >= 0, span{i, end})
		if i = space(b, end); b[i] == ',' {
			i = space(b, i+1)
		}
	}
}

// unquoted is the text of a valid string, never nil. Its escapes are read by
// encoding/json, which would spoil what is not UTF-8 if it were given the
// whole.
func unquoted(quoted []byte) []byte {
	raw := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw
	}
	text := []byte{}
	for len(raw) > 0 {
		n := 0
		for n < len(raw) && raw[n] == '\\' {
			if n += 2; raw[n-1] == 'u' {
				n += 4
			}
		}
		if n == 0 {
			text, raw = append(text, raw[0]), raw[1:]
			continue
		}
		var s string
		if err := json.Unmarshal([]byte(`"`+string(raw[:n])+`"`), &s); err != nil {
			panic(err)
		}
		text, raw = append(text, s...), raw[n:]
	}
	return text
}
