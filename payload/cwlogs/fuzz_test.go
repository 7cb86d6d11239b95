package cwlogs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"example.com/sluice/decoder"
	"example.com/sluice/payload/cwlogs"
)

// node is a JSON value with its members in order, read from encoding/json's
// tokens.
type node struct {
	token  json.Token // a scalar, or the delimiter that opens
	names  []string
	values []node
}

func readNode(d *json.Decoder) (n node, err error) {
	if n.token, err = d.Token(); err != nil {
		return n, err
	}
	open, _ := n.token.(json.Delim)
	for open != 0 && d.More() {
		if open == '{' {
			name, err := d.Token()
			if err != nil {
				return n, err
			}
			n.names = append(n.names, name.(string))
		}
		v, err := readNode(d)
		if err != nil {
			return n, err
		}
		n.values = append(n.values, v)
	}
	if open != 0 {
		_, err = d.Token()
	}
	return n, err
}

// get returns the last member of this name that is not null.
func (n node) get(name string) (v node) {
	for i, other := range n.names {
		if other == name && n.values[i].token != nil {
			v = n.values[i]
		}
	}
	return v
}

func (n node) is(delim json.Delim) bool { return n.token == delim }

// timeOf returns what math/big makes of a timestamp.
func timeOf(number json.Number) (time.Time, bool) {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(string(number)), "e")
	if exp, err := strconv.Atoi(exponent); exponent != "" && (err != nil || exp < -9999 || exp > 9999) {
		// No digits that fit into a test can make up for such an exponent, and
		// math/big would expand it.
		if strings.Trim(mantissa, "-0.") == "" {
			return time.UnixMilli(0).UTC(), true
		}
		return time.Time{}, false
	}
	ms, ok := new(big.Rat).SetString(string(number))
	if !ok || !ms.IsInt() || !ms.Num().IsInt64() || ms.Num().CmpAbs(big.NewInt(253402300800_000)) >= 0 {
		return time.Time{}, false
	}
	return time.UnixMilli(ms.Num().Int64()).UTC(), true
}

// oracle returns, as text, what the messages in text hold and where they break
// off.
func oracle(text []byte) string {
	var b strings.Builder
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	for {
		// Read a whole value first: tokens alone would allow more than JSON
		// does.
		var raw json.RawMessage
		if err := d.Decode(&raw); err == io.EOF {
			return b.String()
		} else if err != nil {
			return b.String() + "broken"
		}
		inner := json.NewDecoder(bytes.NewReader(raw))
		inner.UseNumber()
		n, err := readNode(inner)
		kind, _ := n.get("messageType").token.(string)
		sound := err == nil && n.is('{') && kind != "" && (kind == "CONTROL_MESSAGE" || n.get("logEvents").is('['))
		for _, name := range []string{"messageType", "owner", "logGroup", "logStream", "policyLevel"} {
			v := n.get(name).token
			_, text := v.(string)
			sound = sound && (v == nil || text)
		}
		if !sound {
			return b.String() + "broken"
		}
		if kind == "CONTROL_MESSAGE" {
			continue
		}
		for _, e := range n.get("logEvents").values {
			id, ok1 := e.get("id").token.(string)
			message, ok2 := e.get("message").token.(string)
			number, _ := e.get("timestamp").token.(json.Number)
			at, ok3 := timeOf(number)
			fmt.Fprintf(&b, "%q %s %q %t\n", id, at, message, ok1 && ok2 && ok3)
		}
	}
}

// FuzzEvents compares Events with encoding/json.
func FuzzEvents(f *testing.F) {
	for _, text := range []string{
		message(first, second), control, message(first) + "\n" + control + message(second),
		message(`{"id":"a","timestamp":1732638456000.0,"message":""}`,
			`{"id":"a","timestamp":1.732638456E12,"message":""}`, `{"id":"a","timestamp":253402300800e3,"message":""}`,
			`{"id":"a","timestamp":0e99999,"message":""}`, `{"id":"a","timestamp":-1e99999,"message":""}`),
		message(`{"id":"\ud800","timestamp":1e3,"message":"\\\""}`, `7`, `[]`, `{"id":1}`, `{}`,
			`{"id":"a","id":null}`),
		`{"messageType":"X","logEvents":[{"message":"a","timestamp":01}]}`, `{"messageType":"X"}[]`,
		`{"messageType":"X","owner":[]}`,
	} {
		f.Add([]byte(text), false)
		f.Add(gzipped(text), false)
		f.Add([]byte(text), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, compress bool) {
		text := data
		if compress {
			data = gzipped(string(text))
		}
		before := bytes.Clone(data)
		var b strings.Builder
		deep := false
		for e, err := range cwlogs.Events(data) {
			if e == nil {
				b.WriteString("broken")
				deep = errors.Is(err, decoder.ErrTooLarge)
				if !deep && !errors.Is(err, decoder.ErrSyntax) && !errors.Is(err, decoder.ErrType) &&
					!errors.Is(err, decoder.ErrMissing) && !errors.Is(err, decoder.ErrCompressed) {
					t.Fatalf("an error of no kind: %v", err)
				}
				continue
			}
			fmt.Fprintf(&b, "%q %s %q %t\n", e.ID, e.Timestamp, e.Message, err == nil)
			for name, value := range e.ExtractedFields() {
				_, _ = name, value
			}
		}
		if !bytes.Equal(data, before) {
			t.Fatal("the data has changed")
		}
		if compress || len(text) < 2 || text[0] != 0x1f || text[1] != 0x8b {
			// encoding/json replaces invalid UTF-8, and allows deeper nesting.
			if got, want := b.String(), oracle(text); got != want && utf8.Valid(text) && !deep {
				t.Errorf("%q gives\n%s\nwant\n%s", text, got, want)
			}
		}
	})
}
