package main

import (
	"encoding/hex"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
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

// bare shows data in a column of its own, which needs no quotes: text as it is where it is printable, and else as preview does.
func bare(data []byte) string {
	head := shorten(data, keyShown)
	if s := string(head); s != "" && printable(s) == s && strings.TrimSpace(s) == s {
		return s + ellipsis(len(head) < len(data))
	}
	return preview(data)
}

// clip cuts printable text to so many columns of a terminal.
func clip(s string, columns int) string {
	if uniseg.StringWidth(s) <= columns {
		return s
	}
	var b strings.Builder
	used, state := 0, -1
	for rest := s; rest != ""; {
		var cluster string
		var width int
		cluster, rest, width, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if used += width; used > columns-len("...") {
			break
		}
		b.WriteString(cluster)
	}
	return b.String() + "..."
}

// count is a number of things: "1 record", "2,000 records".
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return group(n) + " " + thing + "s"
}

// group writes a number with a comma between thousands.
func group(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func ellipsis(cut bool) string {
	if cut {
		return "..."
	}
	return ""
}
