package glue_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"example.com/sluice/decoder"
	"example.com/sluice/payload/glue"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

const schema = "b7b4a7f0-9c96-4e4a-a687-fb5de9ef0c63"

// frame returns data with a header.
func frame(compression byte, payload []byte) []byte {
	return append([]byte{
		3, compression, 0xb7, 0xb4, 0xa7, 0xf0, 0x9c, 0x96, 0x4e, 0x4a, 0xa6, 0x87, 0xfb, 0x5d, 0xe9,
		0xef, 0x0c, 0x63,
	}, payload...)
}

func zlibbed(plain string) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write([]byte(plain))
	w.Close()
	return b.Bytes()
}

func TestPayload(t *testing.T) {
	long := strings.Repeat("so much depends upon ", 100)
	for _, c := range []struct {
		name string
		data []byte
		want string
		err  error
	}{
		{"plain", frame(0, []byte("hello")), "hello", nil},
		{"zlib", frame(5, zlibbed(long)), long, nil},
		{"an empty payload", frame(0, nil), "", nil},
		{"an empty payload, compressed", frame(5, zlibbed("")), "", nil},
		{"no data", nil, "", glue.ErrNotFramed},
		{"a byte too short", frame(0, nil)[:17], "", glue.ErrNotFramed},
		{"another version", append([]byte{4}, frame(0, []byte("hello"))[1:]...), "", glue.ErrNotFramed},
		{"JSON", []byte(`{"order": 1, "customer": "x"}`), "", glue.ErrNotFramed},
		{"another compression", frame(1, []byte("hello")), "", glue.ErrCompression},
		{"no zlib", frame(5, []byte("hello")), "", decoder.ErrCompressed},
		{"nothing where zlib should be", frame(5, nil), "", decoder.ErrCompressed},
		{"zlib that is cut off", frame(5, zlibbed(long)[:20]), "", decoder.ErrCompressed},
		{"a byte behind zlib", frame(5, append(zlibbed(long), 0)), "", decoder.ErrCompressed},
		{"zlib of too much", frame(5, zlibbed(strings.Repeat(long, 2))), "", decoder.ErrTooLarge},
		{"too much", frame(0, []byte(strings.Repeat(long, 2))), "", decoder.ErrTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			framed := c.err != glue.ErrNotFramed && c.err != glue.ErrCompression
			if glue.IsFramed(c.data) != framed {
				t.Errorf("IsFramed is %t", !framed)
			}
			payload, id, err := glue.Payload(c.data, len(long))
			if !errors.Is(err, c.err) || string(payload) != c.want {
				t.Errorf("%q, %v; want %q, %v", payload, err, c.want, c.err)
			}
			if framed && id.String() != schema {
				t.Errorf("id %s", id)
			}
			appended, again, err := glue.Append([]byte("before "), c.data, len(long))
			if !errors.Is(err, c.err) || string(appended) != "before "+c.want || again != id {
				t.Errorf("appended %q, %v", appended, err)
			}
		})
	}
}

func FuzzPayload(f *testing.F) {
	f.Add(frame(0, []byte("hello")), 10)
	f.Add(frame(5, zlibbed("hello")), 5)
	f.Fuzz(func(t *testing.T, data []byte, limit int) {
		limit %= 1 << 16
		before := bytes.Clone(data)
		payload, id, err := glue.Payload(data, limit)
		appended, again, errAgain := glue.Append(nil, data, limit)
		if !bytes.Equal(payload, appended) || id != again || (err == nil) != (errAgain == nil) ||
			!bytes.Equal(data, before) {
			t.Fatalf("%q %v, %q %v", payload, err, appended, errAgain)
		}
		if limit > 0 && len(payload) > limit {
			t.Errorf("%d bytes, limit %d", len(payload), limit)
		}
		if err == nil && !glue.IsFramed(data) {
			t.Error("it is not framed")
		}
		if err != nil && !errors.Is(err, glue.ErrNotFramed) && !errors.Is(err, glue.ErrCompression) &&
			!errors.Is(err, decoder.ErrCompressed) && !errors.Is(err, decoder.ErrTooLarge) {
			t.Errorf("an error of no kind: %v", err)
		}
	})
}

// TestUnmarshalLimit: the limit can be raised, and its error says how.
func TestUnmarshalLimit(t *testing.T) {
	large := strings.Repeat("x", glue.DefaultMaxPayload+1)
	for _, data := range [][]byte{frame(0, []byte(large)), frame(5, zlibbed(large))} {
		n := 0
		use := func(_ glue.SchemaVersionID, payload []byte, _ any) error { n = len(payload); return nil }
		if err := glue.Unmarshal(use)(data, nil); !errors.Is(err, decoder.ErrTooLarge) ||
			!strings.Contains(err.Error(), "UnmarshalLimit") || n != 0 {
			t.Errorf("%d bytes, %v", n, err)
		}
		if err := glue.UnmarshalLimit(len(large), use)(data, nil); err != nil || n != len(large) {
			t.Errorf("%d bytes, %v", n, err)
		}
	}
}

// Payloads that may exceed 10 MiB, or that must not exceed a megabyte, need a
// limit of their own.
func ExampleUnmarshalLimit() {
	unmarshal := glue.UnmarshalLimit(5,
		func(_ glue.SchemaVersionID, payload []byte, v any) error { return json.Unmarshal(payload, v) })
	var v any
	fmt.Println(unmarshal(frame(5, zlibbed(`12345`)), &v), v)
	fmt.Println(unmarshal(frame(5, zlibbed(`123456`)), &v))
	// Output:
	// <nil> 12345
	// too large: zlib of more than 5 bytes of data; UnmarshalLimit sets this limit
}

// The id of the schema says how to decode the payload, here for a format whose
// schemas are known in advance.
func ExampleUnmarshal() {
	type order struct{ ID int }
	id := glue.SchemaVersionID{0xb7, 0xb4, 0xa7, 0xf0, 15: 0x63}
	schemas := make(map[glue.SchemaVersionID]func([]byte, any) error)
	schemas[id] = json.Unmarshal
	unmarshal := glue.Unmarshal(func(id glue.SchemaVersionID, payload []byte, v any) error {
		known := schemas[id]
		if known == nil {
			return fmt.Errorf("schema %s is not known", id)
		}
		return known(payload, v)
	})
	r := router.New(router.Typed(unmarshal, func(_ context.Context, _ *decoder.Record, o *order) error {
		fmt.Println("order", o.ID)
		return nil
	}))
	event := routertest.EventOf(decoder.Record{
		PartitionKey: []byte("k"), SequenceNumber: []byte("101"),
		Data: routertest.GlueZlib(id, []byte(`{"id":7}`)),
	})
	answer, err := r.Invoke(context.Background(), event)
	fmt.Println(string(answer), err)
	// Output:
	// order 7
	// {"batchItemFailures":[]} <nil>
}
