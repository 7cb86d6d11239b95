package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"

	"example.com/sluice/decoder"
	"example.com/sluice/router/routertest"
)

// The events to read.

// shape is an event of a certain form.
type shape struct {
	name    string
	records []decoder.Record // that reading the event must yield
	event   []byte
	plain   []byte // the event as Lambda would write it
}

// shapeOf returns a shape that is built on first use, because large ones take
// time.
func shapeOf(name string, e routertest.Event, change func([]byte, int) []byte) func() *shape {
	return sync.OnceValue(func() *shape {
		s := &shape{name: name, records: e.All(), plain: e.Bytes()}
		if change == nil {
			s.event = s.plain
			return s
		}
		s.event = append(s.event, `{"Records":[`...)
		for i, rec := range s.records {
			if i > 0 {
				s.event = append(s.event, ',')
			}
			s.event = append(s.event, change(textOf(&rec), i)...)
		}
		s.event = append(s.event, "]}"...)
		return s
	})
}

type namedShape struct {
	name string
	make func() *shape
}

func plain(name string, records, size int) namedShape {
	return namedShape{name, shapeOf(name, routertest.Event{Records: records, Size: size}, nil)}
}

// shapes are the events of BenchmarkDecode.
var shapes = []namedShape{
	plain("1x256B", 1, 256),
	plain("100x60B", 100, 60),
	plain("100x256B", 100, 256),
	plain("1000x1KiB", 1000, 1<<10),
	plain("7500x200B", 7500, 200),
	plain("10000x60B", 10000, 60),
	plain("40x100KiB", 40, 100<<10),
	plain("1x1MiB", 1, 1<<20),
	plain("1x4MiB", 1, 4<<20),
	{"1000x256B-odd", shapeOf("1000x256B-odd", routertest.Event{Records: 1000, Size: 256}, odd)},
}

// unlike are the events of BenchmarkUnlike, in which each record has a template
// of its own.
var unlike = []namedShape{
	{"1000x256B-order", shapeOf("1000x256B-order", routertest.Event{Records: 1000, Size: 256}, shuffled)},
	{"1000x256B-member", shapeOf("1000x256B-member", routertest.Event{Records: 1000, Size: 256}, tagged)},
}

// shapeNamed returns one of shapes.
func shapeNamed(name string) *shape {
	for _, s := range shapes {
		if s.name == name {
			return s.make()
		}
	}
	panic("no shape " + name)
}

// textOf returns the record as an element of Records.
func textOf(rec *decoder.Record) []byte {
	event := routertest.EventOf(*rec)
	return event[len(`{"Records":[`) : len(event)-len("]}")]
}

// odd makes every twentieth record one that Lambda would not write: with its
// members in another order, with spaces, or with escapes.
func odd(text []byte, i int) []byte {
	if i%20 != 7 {
		return text
	}
	switch i / 20 % 3 {
	case 0:
		return shuffled(text, i)
	case 1:
		var b bytes.Buffer
		must(json.Indent(&b, text, "", "  "))
		return b.Bytes()
	}
	text = bytes.ReplaceAll(text, []byte("/"), []byte(`\/`))
	return bytes.Replace(text, []byte(`"user-`), []byte(`"\u0075ser-`), 1)
}

// shuffled puts the members in another order.
func shuffled(text []byte, i int) []byte {
	random := rand.New(rand.NewPCG(uint64(i), 1))
	var shuffle func(text []byte) []byte
	shuffle = func(text []byte) []byte {
		var members map[string]json.RawMessage
		must(json.Unmarshal(text, &members))
		names := namesOf(text)
		out := []byte("{")
		for n, at := range random.Perm(len(names)) {
			value := members[names[at]]
			if value[0] == '{' {
				value = shuffle(value)
			}
			if n > 0 {
				out = append(out, ',')
			}
			out = fmt.Appendf(out, "%q:%s", names[at], value)
		}
		return append(out, '}')
	}
	return shuffle(text)
}

// namesOf returns the names of an object's members in their order.
func namesOf(object []byte) []string {
	var names []string
	d := json.NewDecoder(bytes.NewReader(object))
	_, err := d.Token()
	must(err)
	for d.More() {
		name, err := d.Token()
		must(err)
		names = append(names, name.(string))
		var value json.RawMessage
		must(d.Decode(&value))
	}
	return names
}

// tagged gives each record an unknown member of its own.
func tagged(text []byte, i int) []byte {
	return fmt.Appendf(nil, `{"tag":"%d",%s`, i, text[1:])
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
