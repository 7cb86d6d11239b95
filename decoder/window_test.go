package decoder_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"example.com/sluice/decoder"
)

// The members of a tumbling window. Those of the events of testdata are in the
// goldens; read compares the ways to get them.

// windowed is an event with these members behind its records.
func windowed(members string, records ...string) string {
	return strings.TrimSuffix(event(records...), "}") + "," + members + "}"
}

func TestWindowMembers(t *testing.T) {
	start := time.Date(2024, 11, 18, 10, 8, 0, 0, time.UTC)
	for _, c := range []struct {
		members string
		want    decoder.Window
	}{
		{
			`"window":{"start":"2024-11-18T10:08:00Z","end":"2024-11-18T10:10:00Z"},"state":{"n":1},"shardId":"s",` +
				`"eventSourceARN":"arn:aws:kinesis:x",` +
				`"isFinalInvokeForWindow":true,"isWindowTerminatedEarly":false`,
			decoder.Window{
				Start: start, End: start.Add(2 * time.Minute), State: []byte(`{"n":1}`), ShardID: "s",
				EventSourceARN: "arn:aws:kinesis:x", IsFinalInvokeForWindow: true,
			},
		},
		{`"isWindowTerminatedEarly":true`, decoder.Window{IsWindowTerminatedEarly: true}},
		{`"isFinalInvokeForWindow":false`, decoder.Window{}},
		{`"window":{}`, decoder.Window{}},
		{`"window":{"end":null,"start":null}`, decoder.Window{}},
		{`"window":{"start":"2024-11-18T12:08:00+02:00","other":[1]}`, decoder.Window{Start: start}},
		{`"window":{"start":"2024-11-18T10:08:00.25Z"}`, decoder.Window{Start: start.Add(250 * time.Millisecond)}},
		{`"window":{"start":"1999-01-01T00:00:00Z","start":"2024-11-18T10:08:00Z"}`, decoder.Window{Start: start}},
		{`"window":7,"window":{"\u0073tart":"2024-11-18T10:08:00Z"}`, decoder.Window{Start: start}},
		{`"window":{"start":""}`, decoder.Window{}},
		{`"state":"text \" }"`, decoder.Window{State: []byte(`"text \" }"`)}},
		{`"state":7,"state":null`, decoder.Window{State: []byte(`7`)}}, // null counts as absent
		{`"state": [ 1 , {} ] `, decoder.Window{State: []byte(`[ 1 , {} ]`)}},
		{`"st\u0061te":12345678901234567890.10`, decoder.Window{State: []byte(`12345678901234567890.10`)}},
		{
			`"window":{},"shardId":"s\u002F\ud83d\ude00\ud800","eventSourceARN":"arn:aws:kinesis:\/"`,
			decoder.Window{ShardID: "s/😀\ufffd", EventSourceARN: "arn:aws:kinesis:/"},
		},
		{`"window":{},"shardId":null,"isFinalInvokeForWindow":null,"eventSourceARN":null,` +
			`"isWindowTerminatedEarly":null`, decoder.Window{}},
	} {
		before := `{` + c.members + `,` + event(plain(1))[1:]
		for _, text := range []string{windowed(c.members, plain(1), plain(2)), windowed(c.members), before} {
			got := read(t, decoder.Decoder{}, text)
			if got.broken != nil || got.String() != (&outcome{got.records, got.errs, nil, &c.want}).String() {
				t.Errorf("%s gives\n%s", c.members, got)
			}
		}
	}
}

func TestNoWindow(t *testing.T) {
	for _, text := range []string{
		event(), event(plain(1)), windowed(`"shardId":"s","eventSourceARN":"arn:aws:kinesis:x"`, plain(1)),
		windowed(`"State":{}`), `[]`,
		windowed(`"window":null,"state":null,"isFinalInvokeForWindow":null`, plain(1)),
	} {
		if got := read(t, decoder.Decoder{}, text); got.broken != nil || got.window != nil {
			t.Errorf("%s gives\n%s", text, got)
		}
	}
}

// TestWindowWithoutRecords asserts that Records may be absent or null where
// there are members of a window, and only there.
func TestWindowWithoutRecords(t *testing.T) {
	for _, c := range []struct {
		text string
		ok   bool
	}{
		{`{"window":{}}`, true},
		{`{"isFinalInvokeForWindow":true}`, true},
		{`{"isWindowTerminatedEarly":true,"Records":null}`, true},
		{`{"Records":null,"window":{},"eventSourceARN":"arn:aws:kinesis:us-east-2:123456789012:stream/orders"}`, true},
		{
			`{"Records":[],"window":{},"eventSourceARN":"arn:aws:dynamodb:us-east-2:123456789012:table/t/stream/1"}`,
			false,
		},
		{`{"window":{},"eventSourceARN":"arn:aws:dynamodb:us-east-2:123456789012:table/t/stream/1"}`, false},
		{`{"state":{}}`, false},
		{`{"shardId":"s"}`, false},
		{`{"window":null}`, false},
		{`{"Records":null}`, false},
	} {
		got := read(t, decoder.Decoder{}, c.text)
		if (got.broken == nil) != c.ok || !c.ok && !errors.Is(got.broken, decoder.ErrNotKinesis) {
			t.Errorf("%s gives\n%s", c.text, got)
		}
	}
}

func TestBadWindows(t *testing.T) {
	for _, c := range []struct{ members, field, at string }{
		{`"window":7`, "window", `7`},
		{`"window":[]`, "window", `[]`},
		{`"window":"2024"`, "window", `"2024"`},
		{`"window":{"start":7}`, "window.start", `7`},
		{`"window":{"start":"10:08"}`, "window.start", `"10:08"`},
		{`"window":{"start":"2024-11-18T10:08:00Z","end":"2024-11-18"}`, "window.end", `"2024-11-18"`},
		{`"window":{"end":{}}`, "window.end", `{}`},
		{`"window":{},"shardId":9`, "shardId", `9`},
		{`"state":1,"eventSourceARN":["arn:aws:kinesis:x"]`, "eventSourceARN", `["arn`},
		{`"isFinalInvokeForWindow":"true"`, "isFinalInvokeForWindow", `"true"`},
		{`"isWindowTerminatedEarly":0`, "isWindowTerminatedEarly", `0}`},
	} {
		text := windowed(c.members, brief)
		got := read(t, decoder.Decoder{}, text)
		e := got.broken
		if len(got.records) != 1 || e == nil || !errors.Is(e, decoder.ErrType) || e.Field != c.field || e.Index != -1 {
			t.Errorf("%s gives\n%s", c.members, got)
			continue
		}
		if want := strings.LastIndex(text, c.at); e.Offset != int64(want) {
			t.Errorf("%s gives offset %d, want %d", c.members, e.Offset, want)
		}
	}
}

// TestWalkReturnsTheWindowAtTheEnd asserts that a walk that ends early, or
// badly, has no window, and what its error is.
func TestWalkReturnsTheWindowAtTheEnd(t *testing.T) {
	for _, c := range []struct {
		name, text string
		records    int // after which to stop; 0 for never
		window     bool
		err        error
	}{
		{"a window", windowed(`"window":{}`, plain(1)), 0, true, nil},
		{"a window, stopped", windowed(`"window":{}`, plain(1)), 1, false, nil},
		{"a broken event", windowed(`"window":{}`, plain(1)) + "!", 0, false, decoder.ErrSyntax},
		{"a broken event, stopped", windowed(`"window":{}`, plain(1)) + "!", 1, false, nil},
		{"a broken window", windowed(`"window":7`, plain(1)), 0, false, decoder.ErrType},
		{"no window", event(plain(1)), 0, false, nil},
	} {
		n := 0
		w, err := decoder.Decoder{}.Walk([]byte(c.text), func(*decoder.Record, error) bool {
			n++
			return n != c.records
		})
		if n != 1 || (w != nil) != c.window || !errors.Is(err, c.err) {
			t.Errorf("%s gives %d records, %+v, %v", c.name, n, w, err)
		}
	}
}

// TestWindowDoesNotReadRecords asserts that Window reports what is broken in
// the event, but not single records.
func TestWindowDoesNotReadRecords(t *testing.T) {
	w, err := decoder.Decoder{MaxRecords: 1}.Window([]byte(windowed(`"window":{}`, withData(1, "*"), "{}", "7")))
	if err != nil || w == nil {
		t.Errorf("with bad records it gives %v, %v", w, err)
	}
	for _, text := range []string{
		windowed(`"window":{}`, plain(1), "{]"),
		windowed(`"window":{}`, plain(1)+" "+plain(2)), windowed(`"window":{}`, plain(1)) + "}",
	} {
		if w, err := (decoder.Decoder{}).Window([]byte(text)); w != nil || !errors.Is(err, decoder.ErrSyntax) {
			t.Errorf("a broken event gives %v, %v", w, err)
		}
	}
}
