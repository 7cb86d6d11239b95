// Package contents tells JSON, text and bytes apart, for whoever shows or
// counts what is in records.
package contents

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is what data looks like.
type Kind uint8

// The kinds.
const (
	Empty   Kind = iota
	JSON         // an object or an array, or several, each on its own line
	Text         // UTF-8 without control characters
	Binary       // anything else
	Unknown      // compressed, and not decompressed: broken, or over a limit
	Kinds        // how many there are
)

func (k Kind) String() string {
	return [Kinds]string{"empty", "json", "text", "binary", "unknown"}[k]
}

// KindOf looks at data that is not compressed.
func KindOf(data []byte) Kind {
	switch {
	case len(data) == 0:
		return Empty
	case isJSON(data):
		return JSON
	case IsText(data):
		return Text
	}
	return Binary
}

// isJSON reports whether data is an object or an array, or lines of them. A
// lone number or word is text.
func isJSON(data []byte) bool {
	data = bytes.TrimSpace(data)
	if len(data) == 0 || data[0] != '{' && data[0] != '[' {
		return false
	}
	if json.Valid(data) {
		return true
	}
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		line = bytes.TrimSpace(line)
		if len(line) > 0 && (line[0] != '{' && line[0] != '[' || !json.Valid(line)) {
			return false
		}
	}
	return true
}

// IsAggregate reports whether data begins like an aggregate of the Kinesis
// Producer Library.
func IsAggregate(data []byte) bool {
	return bytes.HasPrefix(data, []byte("\xf3\x89\x9a\xc2"))
}

// IsText reports whether data is UTF-8 without control characters, other than
// tabs and line breaks.
func IsText(data []byte) bool {
	if !utf8.Valid(data) {
		return false
	}
	for _, r := range string(data) {
		if unicode.IsControl(r) && !strings.ContainsRune("\t\n\r", r) {
			return false
		}
	}
	return true
}
