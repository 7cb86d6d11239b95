package main

import (
	"encoding/hex"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// This file makes what comes from an event fit for a terminal: no control bytes get out, nor what reorders text or is no
// UTF-8, and no value takes more than its share.

const (
	dataShown = 64  // bytes of a record's data
	keyShown  = 256 // bytes of a partition key
	textShown = 128 // bytes of a name or a number
)

// preview shows the beginning of data: quoted where it is text, else in hexadecimal.
func preview(data []byte) string {
	if head := shorten(data, dataShown); isText(head) {
		return quote(data, dataShown)
	}
	n := min(len(data), dataShown)
	return "0x" + hex.EncodeToString(data[:n]) + ellipsis(n < len(data))
}

// isText is whether b is UTF-8 without control characters, but for those that lines are made of.
func isText(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	for _, r := range string(b) {
		if unicode.IsControl(r) && !strings.ContainsRune("\t\n\r", r) {
			return false
		}
	}
	return true
}

// quote shows the first bytes of b, size of them at most, in quotes and with escapes.
func quote(b []byte, size int) string {
	head := shorten(b, size)
	return strconv.Quote(string(head)) + ellipsis(len(head) < len(b))
}

// text shows a short value as it is where that is one printable word, else as quote does.
func text(s string) string {
	if s != "" && len(s) <= textShown && printable(s) == s && !strings.ContainsAny(s, ` "`) {
		return s
	}
	return quote([]byte(s), textShown)
}

// shorten cuts b to size bytes, or to a few less where that would cut a character.
func shorten(b []byte, size int) []byte {
	if len(b) <= size {
		return b
	}
	for n := size; n > size-utf8.UTFMax; n-- {
		if utf8.RuneStart(b[n]) {
			return b[:n]
		}
	}
	return b[:size]
}

// printable returns s as it is where all of it is printable, else with escapes and in quotes.
func printable(s string) string {
	if !utf8.ValidString(s) {
		return strconv.Quote(s)
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return strconv.Quote(s)
		}
	}
	return s
}

func ellipsis(cut bool) string {
	if cut {
		return "..."
	}
	return ""
}
