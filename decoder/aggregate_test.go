package decoder_test

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"example.com/sluice/decoder"
)

var deaggregate = decoder.Decoder{Deaggregate: true}

// packed is one case of testdata/formats/aggregates.json.
type packed struct {
	Name        string
	Data        []byte
	UserRecords []struct {
		PartitionKey    string
		ExplicitHashKey *string
		Data            []byte
	}
}

func fixtures[T any](t testing.TB, name string) (cases []T) {
	t.Helper()
	text, err := os.ReadFile("../testdata/formats/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &cases); err != nil || len(cases) == 0 {
		t.Fatalf("%s: %d cases, %v", name, len(cases), err)
	}
	return cases
}

// holding is record n with that data.
func holding(n int, data []byte) string { return withData(n, base64.StdEncoding.EncodeToString(data)) }

// An aggregate that another library made comes apart into what went in,
// wherever it stands in an event.
func TestAggregates(t *testing.T) {
	for _, c := range fixtures[packed](t, "aggregates.json") {
		t.Run(c.Name, func(t *testing.T) {
			recs := read(t, deaggregate, event(plain(1), holding(2, c.Data), plain(3), holding(4, c.Data),
				plain(5))).good(t)
			n := len(c.UserRecords)
			if len(recs) != 2*n+3 {
				t.Fatalf("%d records, want %d", len(recs), 2*n+3)
			}
			for _, i := range []int{0, n + 1, 2*n + 2} {
				if r := recs[i]; r.Aggregated || string(r.Data) != "hello" {
					t.Errorf("record %d is no plain record: %+v", i, r)
				}
			}
			for i, u := range c.UserRecords {
				for _, r := range []decoder.Record{recs[1+i], recs[n+2+i]} {
					if !r.Aggregated || r.SubSequenceNumber != i || string(r.PartitionKey) != u.PartitionKey ||
						!bytes.Equal(r.Data, u.Data) {
						t.Errorf("user record %d: %t %d %q %q, want %+v", i, r.Aggregated, r.SubSequenceNumber,
							r.PartitionKey, r.Data, u)
					}
					if (r.ExplicitHashKey == nil) != (u.ExplicitHashKey == nil) ||
						u.ExplicitHashKey != nil && string(r.ExplicitHashKey) != *u.ExplicitHashKey {
						t.Errorf("user record %d: hash key %q, want %v", i, r.ExplicitHashKey, u.ExplicitHashKey)
					}
				}
				if r := recs[1+i]; r.Index != 1 || string(r.SequenceNumber) != sequence(2) ||
					string(r.EventID) != shard+":"+sequence(2) ||
					r.ApproximateArrivalTimestamp != recs[0].ApproximateArrivalTimestamp.Add(1e6) ||
					r.Source != recs[0].Source {
					t.Errorf("user record %d has not what its aggregate has: %+v", i, r)
				}
			}
		})
	}
}

// Without being asked for, an aggregate stays what it is.
func TestAggregatesLeftAlone(t *testing.T) {
	for _, c := range fixtures[packed](t, "aggregates.json") {
		if r := read(t, decoder.Decoder{}, event(holding(1, c.Data))).one(t); r.Aggregated ||
			!bytes.Equal(r.Data, c.Data) {
			t.Errorf("%s: aggregated %t, %d bytes, want %d", c.Name, r.Aggregated, len(r.Data), len(c.Data))
		}
	}
}

// seal makes an aggregate of a message.
func seal(message []byte) []byte {
	sum := md5.Sum(message)
	return append(append([]byte("\xf3\x89\x9a\xc2"), message...), sum[:]...)
}

// msg writes a message in words: fields joined by spaces, each a number, a sign
// and a value. The signs are the wire types:
//
//	1=7     a varint
//	1:text  bytes
//	1{…}    a message, in braces
//	1<      the beginning of a group, 1> its end
//	1/      32 bits, 1// 64
func msg(words string) []byte {
	var stack [][]byte
	var numbers []protowire.Number
	b := []byte{}
	for _, w := range strings.Fields(words) {
		if w == "}" {
			last := len(stack) - 1
			b = protowire.AppendBytes(protowire.AppendTag(stack[last], numbers[last], protowire.BytesType), b)
			stack, numbers = stack[:last], numbers[:last]
			continue
		}
		var n, v int
		at := strings.IndexAny(w, "=:{<>/")
		fmt.Sscan(w[:at], &n)
		number := protowire.Number(n)
		switch w[at] {
		case '=':
			fmt.Sscan(w[at+1:], &v)
			b = protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), uint64(v))
		case ':':
			b = protowire.AppendString(protowire.AppendTag(b, number, protowire.BytesType), w[at+1:])
		case '{':
			stack, numbers, b = append(stack, b), append(numbers, number), []byte{}
		case '<':
			b = protowire.AppendTag(b, number, protowire.StartGroupType)
		case '>':
			b = protowire.AppendTag(b, number, protowire.EndGroupType)
		case '/':
			if b = protowire.AppendTag(b, number, protowire.Fixed32Type); w[at:] == "/" {
				b = protowire.AppendFixed32(b, 7)
			} else {
				b[len(b)-1] -= byte(protowire.Fixed32Type - protowire.Fixed64Type)
				b = protowire.AppendFixed64(b, 7)
			}
		}
	}
	return b
}

const sound = "1:k 1:l 2:h 3{ 1=0 2=0 3:a } 3{ 1=1 3:b }"

// What CONTRACT calls no aggregate passes as it is, whatever else is right
// about it.
func TestNoAggregates(t *testing.T) {
	aggregate := seal(msg(sound))
	changed := func(at int, to byte) []byte {
		b := bytes.Clone(aggregate)
		if at < 0 {
			at += len(b)
		}
		b[at] ^= to
		return b
	}
	sealed := func(words string, more ...byte) []byte { return seal(append(msg(words), more...)) }
	deep := strings.Repeat("9< ", 20000) + strings.Repeat("9> ", 20000)
	for name, data := range map[string][]byte{
		"no data":                        {},
		"the magic alone":                aggregate[:4],
		"half of the magic":              aggregate[:2],
		"sixteen bytes behind the magic": seal(nil),
		"another magic":                  changed(0, 1),
		"another magic at its end":       changed(3, 1),
		"another message":                changed(5, 1),
		"another MD5":                    changed(-1, 0x80),
		"a byte behind":                  append(bytes.Clone(aggregate), 0),
		"cut off":                        aggregate[:len(aggregate)-1],
		"a tag that is cut off":          sealed(sound, 0x80),
		"a tag of eleven bytes":          sealed(sound, bytes.Repeat([]byte{0x80}, 11)...),
		"a length behind the end":        sealed(sound, 0x1a, 9),
		"a length of 64 bits": sealed(sound, 0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			0xff, 0x01),
		"a length of 63 bits":           sealed(sound, 0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
		"a table that is cut off":       sealed("3{ 1=0 3:a }", 0x0a, 2, 'k'),
		"data that is a number":         sealed("1:k 3{ 1=0 3=7 }"),
		"a group of data":               sealed("1:k 3{ 1=0 3< 3> }"),
		"an index that is text":         sealed("1:k 3{ 1:0 3:a }"),
		"a user record that is cut off": sealed("1:k", 0x1a, 3, 0x08, 0x00, 0x1a),
		"data behind its user record":   sealed("1:k", 0x1a, 4, 0x08, 0x00, 0x1a, 1, 'a'),
		"an index that is cut off":      sealed("1:k", 0x1a, 4, 0x1a, 0, 0x08, 0x80),
		"an index of more than 64 bits": sealed("1:k", 0x1a, 13, 0x1a, 0, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			0xff, 0xff, 0xff, 0x02),
		"field number 0":                     sealed(sound, 0x02, 0),
		"a field number above the limit":     sealed(sound, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0),
		"a field number above 2^29-1":        sealed(sound, 0x80, 0x80, 0x80, 0x80, 0x10, 0),
		"wire type 6":                        sealed(sound, 0x0e),
		"wire type 7":                        sealed(sound, 0x0f),
		"a group that does not end":          sealed(sound + " 9< 1=1"),
		"a group that ends with another":     sealed(sound + " 9< 8>"),
		"a group that does not begin":        sealed(sound + " 9>"),
		"groups 20,000 deep":                 sealed(sound + " " + deep),
		"32 bits that are cut off":           sealed(sound, 0x4d, 0, 0, 0),
		"64 bits that are cut off":           sealed(sound, 0x49, 0, 0, 0),
		"a tag that is cut off in its field": sealed("1:k", 0x1a, 8, 0x08, 0x00, 0x1a, 0, 0x22, 2, 0x0a, 5),
	} {
		t.Run(name, func(t *testing.T) {
			text := event(plain(1), holding(2, data), plain(3))
			got, want := read(t, deaggregate, text), read(t, decoder.Decoder{}, text)
			if got.String() != want.String() || len(got.good(t)) != 3 {
				t.Errorf("it gives\n%s, want\n%s", got, want)
			}
		})
	}
}

// in puts what aggregates give in words: key, hash key and data of each user
// record.
func (o *outcome) in() string {
	var words []string
	for i, r := range o.records {
		w := fmt.Sprintf("%s/%s/%s", r.PartitionKey, r.ExplicitHashKey, r.Data)
		if !r.Aggregated {
			w = "plain"
		}
		if o.errs[i] != nil {
			w += "!"
		}
		words = append(words, w)
	}
	return strings.Join(words, " ")
}

// Whatever the protobuf encoding allows is read as its rules say.
func TestAggregateMessages(t *testing.T) {
	for _, c := range []struct{ name, message, want string }{
		{"as libraries write it", sound, "k/h/a l//b"},
		{"tables behind the records", "3{ 1=0 2=0 3:a } 3{ 1=1 3:b } 2:h 1:k 1:l", "k/h/a l//b"},
		{"tables in parts", "1:k 3{ 1=0 3:a } 1:l 3{ 1=1 3:b } 1:m 3{ 1=2 3:c }", "k//a l//b m//c"},
		{"fields in another order", "1:k 2:h 3{ 3:a 2=0 1=0 }", "k/h/a"},
		{"the last of repeated fields", "1:k 1:l 2:h 2:i 3{ 1=0 1=1 2=0 2=1 3:a 3:b }", "l/i/b"},
		{"a repeated field that was wrong before", "1:k 3{ 1=9 1=0 3:a }", "k//a"},
		{"unknown fields", "9=1 1:k 9:x 9/ 9// 3{ 9=1 1=0 9:x 3:a 9/ 9// } 9{ 1=1 }", "k//a"},
		{"groups", "9< 1=1 8< 1:x 8> 9> 1:k 3{ 9< 3:x 9> 1=0 3:a }", "k//a"},
		{"known numbers of other wire types", "1=5 2/ 3=5 1:k 3{ 1:x 2:x 3=5 4=5 1=0 3:a }", "k//a"},
		{"tags", "1:k 3{ 1=0 3:a 4{ 1:x } 4{ 2:y 1:x 3:z } }", "k//a"},
		{"tags without a key, or with another type of key", "1:k 3{ 1=0 3:a 4{ } 4{ 2:v } 4{ 1=7 } }", "k//a"},
		{"index 0 left out", "1:k 1:l 3{ 3:a } 3{ 1=1 3:b } 3{ 4{ 1:x } 3:c }", "k//a l//b k//c"},
		{"data without a byte left out", "1:k 1:l 3{ 1=1 } 3{ 1=0 3:a }", "l// k//a"},
		{"all left out", "1:k 3{ } 3{ 9=1 }", "k// k//"},
		{"index 0 of a hash key left out", "1:k 2:h 3{ 3:a } 3{ 2=0 3:b }", "k//a k/h/b"},
		{"an index without a table of hash keys", "1:k 3{ 1=0 2=0 3:a } 3{ 2=7 3:b }", "k//a k//b"},
		{"no user records", "1:k 2:h", ""},
		{"unknown fields alone", "9=1", ""},
		{"an empty key and empty data", "1: 3{ 1=0 3: }", "//"},
		{"an empty hash key", "1:k 2: 3{ 1=0 2=0 3:a }", "k//a"},
		{"an aggregate in an aggregate", "1:k 3{ 1=0 3:a }", "k//a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := read(t, deaggregate, event(plain(1), holding(2, seal(msg(c.message))), plain(3)))
			o.good(t)
			if got, want := o.in(), strings.Join(strings.Fields("plain "+c.want+" plain"), " "); got != want {
				t.Errorf("it gives %s, want %s", got, want)
			}
		})
	}
	t.Run("numbers longer than they need be", func(t *testing.T) {
		// Tag, length and index each take two bytes or more.
		m := append(msg("1:k"), 0x9a, 0x00, 0x89, 0x80, 0x00, 0x88, 0x00, 0x80, 0x80, 0x00, 0x9a, 0x00, 0x81, 0x00, 'a')
		m[len(msg("1:k"))+2] = byte(len(m)-len(msg("1:k"))-5) | 0x80
		if got := read(t, deaggregate, event(holding(1, seal(m)))).in(); got != "k//a" {
			t.Errorf("it gives %s", got)
		}
	})
	t.Run("an aggregate is split once", func(t *testing.T) {
		inner := seal(msg(sound))
		m := append(msg("1:k"), protowire.AppendBytes([]byte{0x1a},
			append([]byte{0x08, 0, 0x1a, byte(len(inner))}, inner...))...)
		if r := read(t, deaggregate, event(holding(1, seal(m)))).one(t); !bytes.Equal(r.Data, inner) {
			t.Errorf("it gives %q", r.Data)
		}
	})
	t.Run("absent and empty", func(t *testing.T) {
		recs := read(t, deaggregate, event(holding(1, seal(msg("1: 2: 3{ 1=0 2=0 3: } 3{ 1=0 3: }"))))).good(t)
		if recs[0].ExplicitHashKey == nil || recs[1].ExplicitHashKey != nil || recs[0].Data == nil ||
			recs[0].PartitionKey == nil {
			t.Errorf("%+v", recs)
		}
	})
}

// An index outside of its table fails its user record and no other.
func TestAggregateIndex(t *testing.T) {
	if o := read(t, deaggregate, event(holding(1, seal(msg("3{ 3:a } 3{ 2=0 3: }"))))); o.in() != "//a! //!" ||
		!errors.Is(o.errs[0], decoder.ErrAggregate) {
		t.Errorf("without a table of keys: %s", o)
	}
	data := seal(msg("1:k 2:h 3{ 1=0 3:a } 3{ 1=1 2=0 3:b } 3{ 1=0 2=1 3:c } 3{ 1=7 2=7 3:d } 3{ 1=0 2=0 3:e }"))
	text := event(plain(1), holding(2, data), plain(3))
	o := read(t, deaggregate, text)
	if got := o.in(); got != "plain k//a /h/b! k//c! //d! k/h/e plain" {
		t.Fatalf("it gives %s", got)
	}
	offset := int64(strings.Index(text, base64.StdEncoding.EncodeToString(data)) - 1)
	for i, want := range map[int]string{
		2: "user record 1: invalid KPL aggregate: partition key 1 of a table of 1",
		3: "user record 2: invalid KPL aggregate: explicit hash key 1 of a table of 1",
		4: "user record 3: invalid KPL aggregate: partition key 7 of a table of 1",
	} {
		e := o.errs[i]
		if !errors.Is(e, decoder.ErrAggregate) || e.Index != 1 || e.SequenceNumber != sequence(2) ||
			e.Field != "data" || e.Offset != offset || e.Err.Error() != want {
			t.Errorf("record %d: %s, want index 1, field data, offset %d: %s", i, describeError(e), offset, want)
		}
	}
	huge := append(msg("1:k"), 0x1a, 13, 0x1a, 0, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)
	o = read(t, deaggregate, event(holding(1, seal(huge))))
	if len(o.errs) != 1 || !errors.Is(o.errs[0], decoder.ErrAggregate) ||
		!strings.Contains(o.errs[0].Error(), "18446744073709551615") {
		t.Errorf("the largest index: %s", o)
	}
}

// The limits are on what is yielded.
func TestAggregateLimits(t *testing.T) {
	text := event(plain(1), holding(2, seal(msg("1:k 3{ 1=0 3:abc } 3{ 1=0 3:a } 3{ 1=0 3:abcd }"))), plain(3))
	limited := deaggregate
	limited.MaxRecords = 5
	read(t, limited, text).good(t)
	for n, want := range []string{
		1: "plain", 2: "plain k//abc", 3: "plain k//abc k//a",
		4: "plain k//abc k//a k//abcd",
	} {
		if n == 0 {
			continue
		}
		limited.MaxRecords = n
		o := read(t, limited, text)
		if !errors.Is(o.broken, decoder.ErrTooLarge) || o.in() != want {
			t.Errorf("of %d records: %s, %v, want %s", n, o.in(), o.broken, want)
		} else if at := min(n, 2)/2 + n/4; o.broken.Index != max(at, 1) {
			t.Errorf("of %d records: broken at record %d", n, o.broken.Index)
		}
	}
	limited = deaggregate
	limited.MaxData = 4
	if o := read(t, limited, text); o.in() != "plain! k//abc k//a k//abcd plain!" {
		t.Errorf("of 4 bytes: %s", o.in())
	} else if direct := read(t, decoder.Decoder{MaxData: 4},
		event(plain(1))); describeError(direct.errs[0]) != describeError(o.errs[0]) ||
		!bytes.Equal(direct.records[0].Data, o.records[0].Data) {
		t.Errorf("a plain record is bad in two ways: %s, %s", direct, o)
	}
	limited.MaxData = 3
	if o := read(t, limited, text); o.in() != "plain! k//abc k//a k//abcd! plain!" ||
		!errors.Is(o.errs[3], decoder.ErrTooLarge) {
		t.Errorf("of 3 bytes: %s", o.in())
	}
}

// A bad aggregate must not cost the reading of the whole event for each of its
// user records.
func TestAggregateOfBadRecords(t *testing.T) {
	const n = 50000
	data := seal(bytes.Repeat(msg("3{ 1=0 3:a }"), n))
	got := 0
	for rec, err := range deaggregate.Records([]byte(event(holding(1, data)))) {
		if !errors.Is(err, decoder.ErrAggregate) || rec.SubSequenceNumber != got {
			t.Fatalf("record %d: %v", got, err)
		}
		got++
	}
	if got != n {
		t.Errorf("%d user records, want %d", got, n)
	}
}

// Beyond the user records that are kept, and the tables between them, all goes
// on as before.
func TestAggregateOfMany(t *testing.T) {
	const n = 3000
	var m []byte
	for i := range n {
		if i%7 == 0 {
			m = append(m, msg(fmt.Sprintf("1:key-%d 9=1", i/7))...)
		}
		m = append(m, msg(fmt.Sprintf("3{ 1=%d 3:data-%d }", i/7, i))...)
	}
	recs := read(t, deaggregate, event(holding(1, seal(m)), plain(2))).good(t)
	if len(recs) != n+1 {
		t.Fatalf("%d records", len(recs))
	}
	for i, r := range recs[:n] {
		if string(r.Data) != fmt.Sprintf("data-%d", i) || string(r.PartitionKey) != fmt.Sprintf("key-%d", i/7) ||
			r.SubSequenceNumber != i {
			t.Fatalf("user record %d: %q %q", i, r.PartitionKey, r.Data)
		}
	}
}

// The loop may end anywhere, and what the caller does to a record does not
// reach the next one.
func TestAggregateLoop(t *testing.T) {
	ev := []byte(event(holding(1, seal(msg(sound))), plain(2)))
	for stop := range 4 {
		n := 0
		for rec, err := range deaggregate.Records(ev) {
			if err != nil {
				t.Fatal(err)
			}
			if rec.Aggregated {
				rec.PartitionKey = append(rec.PartitionKey, "appended to"...)
				rec.Data = append(rec.Data, "appended to"...)
			}
			rec.SequenceNumber, rec.Index, rec.Aggregated = nil, 99, false
			if n++; n > stop {
				break
			}
		}
		if got := loop(t, deaggregate, ev).in(); got != "k/h/a l//b plain" {
			t.Errorf("after a loop of %d: %s", stop, got)
		}
	}
	src, err := deaggregate.Source(ev)
	if err != nil || src.StreamName != "orders" {
		t.Errorf("Source gives %+v, %v", src, err)
	}
}
