package main

import (
	"bytes"
	"encoding/json"
)

// This file tells what a record's data is.

// kind is what data is, as far as it shows.
type kind uint8

const (
	kindEmpty  kind = iota
	kindJSON        // an object or an array, or several in lines of their own
	kindText        // UTF-8 without control characters
	kindBinary      // anything else
	kinds
)

// kindNames are their names in a log.
var kindNames = [kinds]string{"empty", "json", "text", "binary"}

func kindOf(data []byte) kind {
	switch {
	case len(data) == 0:
		return kindEmpty
	case isJSON(data):
		return kindJSON
	case isText(data):
		return kindText
	}
	return kindBinary
}

// isJSON is whether data is an object or an array, or a line of text for each of several. A lone number or word is text.
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
