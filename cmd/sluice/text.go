package main

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"example.com/sluice/internal/contents"
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
	if head := shorten(data, dataShown); contents.IsText(head) {
		return quote(data, dataShown)
	}
	n := min(len(data), dataShown)
	return "0x" + hex.EncodeToString(data[:n]) + ellipsis(n < len(data))
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

// bare shows bytes in a column of their own, which needs no quotes: text as it is where it is printable and has no spaces at its ends,
// and else as preview does.
func bare(b []byte) string {
	head := shorten(b, keyShown)
	cut := len(head) < len(b)
	if s := string(head); s != "" && printable(s) == s && s[0] != ' ' && (cut || s[len(s)-1] != ' ') {
		return s + ellipsis(cut)
	}
	return preview(b)
}

// bareData is bare for a record's data. What looks like JSON stands in one line, whatever its lines and indents were.
func bareData(data []byte) string {
	head := bytes.TrimLeft(shorten(data, keyShown), spaces)
	if len(head) == 0 || head[0] != '{' && head[0] != '[' || !contents.IsText(head) {
		return bare(data)
	}
	cut := len(head) < len(bytes.Trim(data, spaces))
	var b strings.Builder
	for head = bytes.TrimRight(head, spaces); len(head) > 0; {
		if n := len(head) - len(bytes.TrimLeft(head, spaces)); n > 0 {
			if bytes.ContainsAny(head[:n], "\r\n\t") {
				b.WriteByte(' ')
			} else {
				b.Write(head[:n])
			}
			head = head[n:]
			continue
		}
		r, size := utf8.DecodeRune(head)
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
		head = head[size:]
	}
	return b.String() + ellipsis(cut)
}

// clip cuts printable text to so many columns of a terminal.
func clip(s string, columns int) string {
	if uniseg.StringWidth(s) <= columns {
		return s
	}
	head, _ := fit(s, columns-len("..."))
	return head + "..."
}

// clipMiddle is clip for names, which may differ at their ends alone.
func clipMiddle(s string, columns int) string {
	if uniseg.StringWidth(s) <= columns {
		return s
	}
	room := max(0, columns-len("..."))
	head, used := fit(s, (room+1)/2)
	tail := s[len(head):]
	for uniseg.StringWidth(tail) > room-used {
		_, tail, _, _ = uniseg.FirstGraphemeClusterInString(tail, -1)
	}
	return head + "..." + tail
}

// fit returns as much of the beginning of s as goes into so many columns, and how many it takes.
func fit(s string, columns int) (head string, used int) {
	state := -1
	for rest := s; rest != ""; {
		var width int
		var behind string
		_, behind, width, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if used+width > columns {
			return s[:len(s)-len(rest)], used
		}
		used, rest = used+width, behind
	}
	return s, used
}

// wrap breaks text at spaces into lines of so many columns, but not before a "%". A word that is longer has a line of its own.
func wrap(s string, columns int) []string {
	const glue = "\x00%"
	var lines []string
	for word := range strings.FieldsSeq(strings.ReplaceAll(s, " %", glue)) {
		word = strings.ReplaceAll(word, glue, " %")
		if n := len(lines); n > 0 && uniseg.StringWidth(lines[n-1])+1+uniseg.StringWidth(word) <= columns {
			lines[n-1] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
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
