// Package glue removes the header of AWS Glue Schema Registry from a record's
// data.
//
// The registry's serializers write the byte 3 (the header's version), a byte
// that names the compression, the 16 bytes of the schema version's id, and the
// payload. Decoding the payload, which is Avro, JSON or Protobuf, is left to a
// library of your choice, with the schema that the id names. (Format:
// awslabs/aws-glue-schema-registry, AWSSchemaRegistryConstants.)
//
// [Unmarshal] adapts such a library to the typed handlers of package router.
package glue

import (
	"encoding/hex"
	"errors"
	"fmt"

	"example.com/sluice/decoder"
)

// Errors of this package wrap one of these, or the decoder's ErrCompressed or
// ErrTooLarge.
var (
	// ErrNotFramed means that the data has no header of the registry.
	ErrNotFramed = errors.New("no header of Glue Schema Registry")
	// ErrCompression means that the header names an unknown compression.
	ErrCompression = errors.New("unknown compression of Glue Schema Registry")
)

// Parts of the header.
const (
	version    = 3
	plain      = 0
	zlib       = 5
	headerSize = 1 + 1 + len(SchemaVersionID{})
)

// SchemaVersionID is the id of a schema version, a UUID.
type SchemaVersionID [16]byte

// String returns the id as the registry's API takes it:
// "b7b4a7f0-9c96-4e4a-a687-fb5de9ef0c63".
func (id SchemaVersionID) String() string {
	var b [36]byte
	at := 0
	for i, n := range [...]int{4, 2, 2, 2, 6} {
		if i > 0 {
			b[at] = '-'
			at++
		}
		start := (at - i) / 2
		at += hex.Encode(b[at:], id[start:start+n])
	}
	return string(b[:])
}

// DefaultMaxPayload is the limit in bytes for a payload, after decompression,
// where none is given: 10 MiB.
const DefaultMaxPayload = 10 << 20

// IsFramed reports whether data begins with a header: the version, a known
// compression, and room for an id. Other data may begin that way by chance.
func IsFramed(data []byte) bool {
	return len(data) >= headerSize && data[0] == version && (data[1] == plain || data[1] == zlib)
}

// Append appends the payload of data to dst, decompressed, and returns the
// extended slice and the schema version's id. A payload of more than limit
// bytes is decoder.ErrTooLarge; a limit of 0 means [DefaultMaxPayload]. With an
// error, the slice is dst. An empty payload is legal.
func Append(dst, data []byte, limit int) (payload []byte, id SchemaVersionID, err error) {
	if limit <= 0 {
		limit = DefaultMaxPayload
	}
	id, body, err := split(data)
	switch {
	case err != nil:
		return dst, id, err
	case data[1] == zlib && len(body) == 0:
		return dst, id, fmt.Errorf("%w: zlib: no data", decoder.ErrCompressed)
	case data[1] == zlib:
		dst, err = decoder.Zlib.AppendDecompressed(dst, body, limit)
	default:
		dst, err = decoder.Identity.AppendDecompressed(dst, body, limit)
	}
	return dst, id, err
}

// Payload is [Append] without a copy: it returns a view of data, or new memory
// if there is something to decompress.
func Payload(data []byte, limit int) (payload []byte, id SchemaVersionID, err error) {
	id, body, err := split(data)
	if err != nil || data[1] == zlib {
		return Append(nil, data, limit)
	}
	if limit <= 0 {
		limit = DefaultMaxPayload
	}
	if len(body) > limit {
		return nil, id, fmt.Errorf("%w: payload of more than %d bytes", decoder.ErrTooLarge, limit)
	}
	return body, id, nil
}

// split separates the header from the body.
func split(data []byte) (id SchemaVersionID, body []byte, err error) {
	if len(data) < headerSize || data[0] != version {
		return id, nil, ErrNotFramed
	}
	copy(id[:], data[2:])
	if data[1] != plain && data[1] != zlib {
		return id, nil, fmt.Errorf("%w: byte %d", ErrCompression, data[1])
	}
	return id, data[headerSize:len(data):len(data)], nil
}

// Unmarshal turns a function that decodes a payload by the id of its schema
// version into one that a typed handler of package router takes. A payload of
// more than [DefaultMaxPayload] bytes is an error; see [UnmarshalLimit].
func Unmarshal(unmarshal func(id SchemaVersionID, payload []byte, v any) error) func(data []byte, v any) error {
	return UnmarshalLimit(0, unmarshal)
}

// UnmarshalLimit is [Unmarshal] for payloads of at most limit bytes after
// decompression; 0 means [DefaultMaxPayload].
func UnmarshalLimit(
	limit int, unmarshal func(id SchemaVersionID, payload []byte, v any) error,
) func(data []byte, v any) error {
	return func(data []byte, v any) error {
		payload, id, err := Payload(data, limit)
		if errors.Is(err, decoder.ErrTooLarge) {
			err = fmt.Errorf("%w; UnmarshalLimit sets this limit", err)
		}
		if err != nil {
			return err
		}
		return unmarshal(id, payload, v)
	}
}
