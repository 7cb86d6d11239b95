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
	"example.com/sluice/internal/jsonscan"
	"example.com/sluice/internal/jsonview"
)

// Attributes are not read by aws-lambda-go's own decoding, because that panics
// on binary sets that hold anything but strings, and does not say which
// attribute is wrong.

// Attributes decodes Keys, NewImage or OldImage into copies, in aws-lambda-go's
// types for DynamoDB's own streams. Nil and null give nil. Anything else that
// is not an object of attributes is a decoder.ErrDecode that says where.
//
// # Binary
//
// Values of types B and BS are base64, which is decoded once. According to a
// public report of 2022 (awslabs/amazon-kinesis-client#959), a value of 4 bytes
// arrived as base64 of base64, with a SizeBytes that counts 4 bytes. AWS
// documents neither form, and it could not be verified here. Look at a record
// of your own table: if B still contains base64 after decoding, use
// [AttributesTwice].
func Attributes(image []byte) (map[string]events.DynamoDBAttributeValue, error) {
	return attributes(image, false)
}

// AttributesTwice is [Attributes] for a table whose binary values are base64 of
// base64. It decodes B and BS twice, and a value that is not base64 twice over
// is decoder.ErrDecode. Nothing is guessed, since binary data may happen to
// look like base64.
func AttributesTwice(image []byte) (map[string]events.DynamoDBAttributeValue, error) {
	return attributes(image, true)
}

func attributes(image []byte, twice bool) (map[string]events.DynamoDBAttributeValue, error) {
	if image == nil {
		return nil, nil
	}
	end, err := jsonscan.Scan(image)
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

// attributeReader reads attributes and keeps the first error. Its recursion is
// bounded by the nesting that jsonscan.Scan allows.
type attributeReader struct {
	twice  bool
	path   []byte // of the current value, such as "tags.L[2].S"
	memory []byte
	err    error
}

// maxPath is how many bytes of a path an error quotes.
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

// in calls f with step added to the path.
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

// elements calls f for each element of an array, with its index added to the
// path.
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

// attribute reads one value: an object with a single member, named after the
// type.
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

// unescape returns a copy of the text between the quotes.
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
