package screen

import (
	"bytes"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"example.com/sluice/internal/contents"
)

// No control byte gets out of this file, nothing that reorders text or is not
// UTF-8, and no value takes more than its share of the screen.

// How many bytes of a value are shown.
const (
	DataShown = 64  // of a record's data
	KeyShown  = 256 // of a partition key
	textShown = 128 // of a name or a number
)

// Spaces are what may stand around a JSON value.
const Spaces = " \t\r\n"

// Preview shows the beginning of data: text in quotes, anything else in
// hexadecimal.
func Preview(data []byte) string {
	if head := shorten(data, DataShown); contents.IsText(head) {
		return Quote(data, DataShown)
	}
	n := min(len(data), DataShown)
	return "0x" + hex.EncodeToString(data[:n]) + ellipsis(n < len(data))
}

// Quote shows at most size bytes of b, in quotes and with escapes.
func Quote(b []byte, size int) string {
	head := shorten(b, size)
	return strconv.Quote(string(head)) + ellipsis(len(head) < len(b))
}

// Word shows a short value as it is if it is one printable word, else in
// quotes.
func Word(s string) string {
	if s != "" && len(s) <= textShown && Printable(s) == s && !strings.ContainsAny(s, ` "`) {
		return s
	}
	return Quote([]byte(s), textShown)
}

// shorten cuts b to size bytes, or a few less so as not to cut a character.
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

// Printable returns s as it is if all of it is printable, else in quotes and
// with escapes.
func Printable(s string) string {
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

// Cell shows bytes in a column of their own, which needs no quotes as long as
// the text is printable and has no spaces at its ends.
func Cell(b []byte) string {
	head := shorten(b, KeyShown)
	cut := len(head) < len(b)
	if s := string(head); s != "" && Printable(s) == s && s[0] != ' ' && (cut || s[len(s)-1] != ' ') {
		return s + ellipsis(cut)
	}
	return Preview(b)
}

// DataCell is Cell for a record's data. What looks like JSON stands in one
// line, without the line breaks and indents that it came with.
func DataCell(data []byte) string {
	head := bytes.TrimLeft(shorten(data, KeyShown), Spaces)
	if len(head) == 0 || head[0] != '{' && head[0] != '[' || !contents.IsText(head) {
		return Cell(data)
	}
	cut := len(head) < len(bytes.Trim(data, Spaces))
	var b strings.Builder
	for head = bytes.TrimRight(head, Spaces); len(head) > 0; {
		if n := len(head) - len(bytes.TrimLeft(head, Spaces)); n > 0 {
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

// Clip cuts printable text to a number of columns.
func Clip(s string, columns int) string {
	if uniseg.StringWidth(s) <= columns {
		return s
	}
	head, _ := fit(s, columns-len("..."))
	return head + "..."
}

// ClipMiddle is Clip for names, which may differ only at their ends.
func ClipMiddle(s string, columns int) string {
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

// fit returns as much of the beginning of s as fits the columns, and how many
// of them it takes.
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

// Wrap breaks text at spaces into lines of a number of columns, but never
// before a "%". A longer word has a line of its own.
func Wrap(s string, columns int) []string {
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

// Count is a number of things: "1 record", "2,000 records".
func Count(n int, thing string) string { return Plural(Group(n), thing) }

// Plural is Count for a number that is written already.
func Plural(number, thing string) string {
	if number == "1" {
		return "1 " + thing
	}
	return number + " " + thing + "s"
}

// Figure writes a number of at least 0 with so many digits, and all of those
// before the point.
func Figure(x float64, digits int) string {
	decimals := digits - 1
	if x > 0 {
		decimals -= int(math.Floor(math.Log10(x)))
	}
	s := strconv.FormatFloat(x, 'f', max(0, decimals), 64)
	whole, fraction, _ := strings.Cut(s, ".")
	return strings.TrimRight(group(whole)+"."+strings.TrimRight(fraction, "0"), ".")
}

// Duration writes a time without the zeros at its end: 12h, not 12h0m0s.
func Duration(d time.Duration) string {
	s := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(s, zero) {
			s = s[:len(s)-len("0s")]
		}
	}
	return s
}

// Group writes a number with a comma between thousands.
func Group(n int) string { return group(strconv.Itoa(n)) }

func group(s string) string {
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

// Pad fills s with spaces to a width; right puts it at the right end.
func Pad(s string, width int, right bool) string {
	space := strings.Repeat(" ", max(0, width-uniseg.StringWidth(s)))
	if right {
		return space + s
	}
	return s + space
}
