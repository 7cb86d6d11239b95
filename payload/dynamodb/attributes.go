package dynamodb

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"example.com/sluice/decoder"
	"example.com/sluice/internal/jsonview"
)

// This file reads attributes into the types of aws-lambda-go. The decoding of
// that library is not used: it panics on sets of binary values that hold
// anything else than strings, and it does not say which attribute is wrong.

// Attributes decodes Keys, NewImage or OldImage by the types of aws-lambda-go,
// which are those of DynamoDB's own streams. Nil and null give nil. What is no
// such object is decoder.ErrDecode, with the place. The attributes are copies.
//
// # Binary
//
// The values of types B and BS are base64, which is decoded once. A public
// report of 2022 (awslabs/amazon-kinesis-client#959) shows a value of 4 bytes
// that stands in the record as base64 of base64, with a SizeBytes that fits the
// 4 bytes. AWS documents neither, and it could not be checked against AWS here.
// So look at a record of your own table: if what B gives you is base64 once
// more, use [AttributesTwice].
func Attributes(image []byte) (map[string]events.DynamoDBAttributeValue, error) {
	return attributes(image, false)
}

// AttributesTwice is [Attributes] for a table whose binary values are base64 of
// base64: it decodes those of types B and BS twice. One that is not is
// decoder.ErrDecode: nothing is guessed, since four bytes of data may well look
// like base64.
func AttributesTwice(image []byte) (map[string]events.DynamoDBAttributeValue, error) {
	return attributes(image, true)
}

func attributes(image []byte, twice bool) (map[string]events.DynamoDBAttributeValue, error) {
	if image == nil {
		return nil, nil
	}
	end, err := decoder.ScanJSON(image)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", decoder.ErrDecode, err)
	}
	if rest := bytes.TrimLeft(image[end:], " \t\r\n"); len(rest) > 0 {
		return nil, fmt.Errorf("%w: %w at byte %d", decoder.ErrDecode, decoder.ErrSyntax, len(image)-len(rest))
	}
	image = bytes.TrimLeft(image[:end], " \t\r\n")
	if image[0] == 'n' {
		return nil, nil
	}
	r := attributeReader{twice: twice}
	m := r.members(image)
	if r.err != nil {
		return nil, fmt.Errorf("%w: %w", decoder.ErrDecode, r.err)
	}
	return m, nil
}

// attributeReader keeps the first error. It goes as deep as decoder.ScanJSON
// lets arrays and objects be.
type attributeReader struct {
	twice  bool
	path   []byte // of the value that is being read, such as "tags.L[2].S"
	memory []byte
	err    error
}

// maxPath is how much of a path an error quotes.
const maxPath = 64

func (r *attributeReader) fail(format string, args ...any) {
	if r.err != nil {
		return
	}
	path, dots := r.path, ""
	if len(path) > maxPath {
		path, dots = path[:maxPath], "…"
	}
	r.err = fmt.Errorf("attribute %q%s: %w", strings.ToValidUTF8(string(path), ""), dots, fmt.Errorf(format, args...))
}

// in calls f with more of the path.
func (r *attributeReader) in(step string, f func()) {
	n := len(r.path)
	r.path = append(r.path, step...)
	f()
	r.path = r.path[:n]
}

// members reads an object of attributes.
func (r *attributeReader) members(value []byte) map[string]events.DynamoDBAttributeValue {
	if value[0] != '{' {
		r.fail("not an object")
		return nil
	}
	m := make(map[string]events.DynamoDBAttributeValue)
	dot := ""
	if len(r.path) > 0 {
		dot = "."
	}
	jsonview.Members(value, func(name, value []byte) bool {
		key := r.unescape(name)
		r.in(dot+key, func() { m[key] = r.attribute(value) })
		return r.err == nil
	})
	return m
}

// elements calls f for the elements of an array, with the path of each.
func (r *attributeReader) elements(value []byte, f func(value []byte)) {
	if value[0] != '[' {
		r.fail("not an array")
		return
	}
	n := 0
	jsonview.Elements(value, func(value []byte) bool {
		r.in("["+strconv.Itoa(n)+"]", func() { f(value) })
		n++
		return r.err == nil
	})
}

// attribute reads one value, an object whose only member is named for its type.
func (r *attributeReader) attribute(value []byte) (av events.DynamoDBAttributeValue) {
	if value[0] != '{' {
		r.fail("not an object")
		return av
	}
	var kind string
	var inner []byte
	jsonview.Members(value, func(name, value []byte) bool {
		if other := r.unescape(name); inner != nil && other != kind {
			r.fail("more than one type")
		} else {
			kind, inner = other, value
		}
		return r.err == nil
	})
	if inner == nil {
		r.fail("no type")
	}
	if r.err != nil {
		return av
	}
	r.in("."+kind, func() { av = r.value(kind, inner) })
	return av
}

func (r *attributeReader) value(kind string, value []byte) (av events.DynamoDBAttributeValue) {
	switch kind {
	case "S":
		return events.NewStringAttribute(r.text(value))
	case "N":
		return events.NewNumberAttribute(r.text(value))
	case "B":
		return events.NewBinaryAttribute(r.binary(value))
	case "BOOL":
		if value[0] != 't' && value[0] != 'f' {
			r.fail("not a boolean")
		}
		return events.NewBooleanAttribute(value[0] == 't')
	case "NULL":
		return events.NewNullAttribute()
	case "SS":
		return events.NewStringSetAttribute(r.texts(value))
	case "NS":
		return events.NewNumberSetAttribute(r.texts(value))
	case "BS":
		set := [][]byte{}
		r.elements(value, func(value []byte) { set = append(set, r.binary(value)) })
		return events.NewBinarySetAttribute(set)
	case "L":
		list := []events.DynamoDBAttributeValue{}
		r.elements(value, func(value []byte) { list = append(list, r.attribute(value)) })
		return events.NewListAttribute(list)
	case "M":
		return events.NewMapAttribute(r.members(value))
	}
	r.fail("unknown type")
	return av
}

func (r *attributeReader) texts(value []byte) []string {
	set := []string{}
	r.elements(value, func(value []byte) { set = append(set, r.text(value)) })
	return set
}

func (r *attributeReader) text(value []byte) string {
	if value[0] != '"' {
		r.fail("not a string")
		return ""
	}
	return r.unescape(value[1 : len(value)-1])
}

// unescape returns a copy of the text that stands between quotes.
func (r *attributeReader) unescape(raw []byte) string {
	r.memory = r.memory[:0]
	return string(jsonview.Unescape(raw, &r.memory))
}

func (r *attributeReader) binary(value []byte) []byte {
	text := r.text(value)
	for n := 0; ; n++ {
		b, err := base64.StdEncoding.DecodeString(text)
		if at := base64.CorruptInputError(0); errors.As(err, &at) {
			r.fail("%w at byte %d of the text", decoder.ErrBase64, int64(at))
		}
		if n == 1 || !r.twice {
			return b
		}
		text = string(b)
	}
}
