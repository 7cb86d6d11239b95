package router_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

// This file is about Lambda's tumbling windows: state that comes in, is
// changed, and goes back, and never beside a failure.

// windowOf is a window event as windowEvent makes it, with other members in
// place of state: text is what stands behind Records.
func windowOf(letters, members string) []byte {
	return []byte(`{"Records":[` + records(letters) +
		`],"window":{"start":"2024-11-18T10:08:00Z","end":"2024-11-18T10:10:00Z"}` + members + `}`)
}

// sums adds the records' payloads up per partition key.
func sums(_ context.Context, _ *decoder.Window, state *map[string]int, recs []decoder.Record) error {
	if *state == nil {
		*state = map[string]int{}
	}
	for i := range recs {
		var n int
		if err := json.Unmarshal(recs[i].Data, &n); err != nil {
			return router.At(&recs[i], err)
		}
		(*state)[string(recs[i].PartitionKey)] += n
	}
	return nil
}

// TestTumblingState: an absent state, null and {} are the zero value; what f
// leaves goes back, byte for byte.
func TestTumblingState(t *testing.T) {
	for _, c := range []struct{ name, members, want string }{
		{"first invocation", `,"state":{}`, `{"a":2,"b":1}`},
		{"absent", ``, `{"a":2,"b":1}`},
		{"null", `,"state":null`, `{"a":2,"b":1}`},
		{"spaces", `,"state": { } `, `{"a":2,"b":1}`},
		{"goes on", `,"state":{"a":10,"c":5}`, `{"a":12,"b":1,"c":5}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer, err := router.New(router.Tumbling(sums), quiet()).Invoke(t.Context(), windowOf("aba", c.members))
			answers(t, answer, err, `{"state":`+c.want+`,"batchItemFailures":[]}`)
		})
	}
}

// TestTumblingStates: states of other kinds.
func TestTumblingStates(t *testing.T) {
	for name, c := range map[string]struct {
		h        router.Handler
		in, want string
	}{
		"number": {router.Tumbling(func(_ context.Context, _ *decoder.Window, n *int, recs []decoder.Record) error {
			*n += len(recs)
			return nil
		}), `5`, `8`},
		"number from {}": {router.Tumbling(func(_ context.Context, _ *decoder.Window, n *int,
			recs []decoder.Record,
		) error {
			*n += len(recs)
			return nil
		}), `{}`, `3`},
		"nil map": {router.Tumbling(func(_ context.Context, _ *decoder.Window, m *map[string]int,
			_ []decoder.Record,
		) error {
			*m = nil
			return nil
		}), `{"a":1}`, `{}`},
		"nil slice": {router.Tumbling(func(_ context.Context, _ *decoder.Window, s *[]int, _ []decoder.Record) error {
			*s = nil
			return nil
		}), `[1]`, `{}`},
		"nil pointer": {router.Tumbling(func(_ context.Context, _ *decoder.Window, p **int, _ []decoder.Record) error {
			*p = nil
			return nil
		}), `1`, `{}`},
		"struct": {router.Tumbling(func(_ context.Context, w *decoder.Window, s *struct {
			N    int    `json:"n"`
			Text string `json:"text,omitempty"`
		}, _ []decoder.Record,
		) error {
			s.N, s.Text = s.N+1, "<&>"
			return nil
		}), `{"n":41,"more":1}`, `{"n":42,"text":"\u003c\u0026\u003e"}`},
	} {
		t.Run(name, func(t *testing.T) {
			answer, err := router.New(c.h, quiet()).Invoke(t.Context(), windowEvent("aba", c.in))
			answers(t, answer, err, `{"state":`+c.want+`,"batchItemFailures":[]}`)
		})
	}
}

// TestTumblingWindow: f gets what the event says of the window.
func TestTumblingWindow(t *testing.T) {
	for _, final := range []string{"true", "false"} {
		var got decoder.Window
		h := router.Tumbling(func(_ context.Context, w *decoder.Window, _ *json.RawMessage, _ []decoder.Record) error {
			got = *w
			return nil
		})
		e := windowOf("a", `,"state":{},"shardId":"shardId-000000000006","eventSourceARN":"`+ordersARN+
			`","isFinalInvokeForWindow":`+final+`,"isWindowTerminatedEarly":`+final)
		if _, err := router.New(h, quiet()).Invoke(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		is := final == "true"
		if got.IsFinalInvokeForWindow != is || got.IsWindowTerminatedEarly != is ||
			got.ShardID != "shardId-000000000006" || got.EventSourceARN != ordersARN ||
			!got.Start.Equal(time.Date(2024, 11, 18, 10, 8, 0, 0, time.UTC)) ||
			!got.End.Equal(got.Start.Add(2*time.Minute)) {
			t.Errorf("window %+v", got)
		}
	}
}

// TestTumblingFinal: the last invocation of a window may have no records, and f
// is called all the same; where it fails, so does the invocation, since the
// state would be lost.
func TestTumblingFinal(t *testing.T) {
	for _, records := range []string{`"Records":[],`, `"Records":null,`, ``} {
		e := []byte(`{` + records +
			`"window":{"start":"2024-11-18T10:08:00Z","end":"2024-11-18T10:10:00Z"},"state":{"a":3},` +
			`"shardId":"shardId-000000000006","eventSourceARN":"` + ordersARN +
			`","isFinalInvokeForWindow":true,"isWindowTerminatedEarly":false}`)
		calls := 0
		h := func(err error) router.Handler {
			return router.Tumbling(func(_ context.Context, _ *decoder.Window, m *map[string]int,
				recs []decoder.Record,
			) error {
				if calls++; len(recs) != 0 || (*m)["a"] != 3 {
					t.Errorf("got %d records, state %v", len(recs), *m)
				}
				return err
			})
		}
		answer, err := router.New(h(nil), quiet()).Invoke(t.Context(), e)
		answers(t, answer, err, `{"state":{"a":3},"batchItemFailures":[]}`)
		for _, verdict := range []error{
			errBoom, skip, retry, fail, router.At(nil, skip),
			router.At(&decoder.Record{}, skip),
		} {
			answer, err = router.New(h(verdict), quiet()).Invoke(t.Context(), e)
			fails(t, answer, err, "boom")
			if !errors.Is(err, errBoom) {
				t.Errorf("%v does not wrap the handler's error", err)
			}
		}
		if calls != 7 {
			t.Errorf("%d calls, want 7", calls)
		}
		panics := router.Tumbling(func(context.Context, *decoder.Window, *int, []decoder.Record) error {
			panic("at the disco")
		})
		answer, err = router.New(panics, quiet()).Invoke(t.Context(), e)
		fails(t, answer, err, "") // the state is no number
		answer, err = router.New(panics, quiet()).Invoke(t.Context(),
			[]byte(strings.Replace(string(e), `{"a":3}`, `3`, 1)))
		fails(t, answer, err, "at the disco")
		// It is routed by the event's own ARN, since there is no record.
		answer, err = router.New(nil, quiet(), router.WithStream("orders", h(nil))).Invoke(t.Context(), e)
		answers(t, answer, err, `{"state":{"a":3},"batchItemFailures":[]}`)
		// The other shapes have nothing to do.
		for _, s := range shapes(single, sliced) {
			never := s.handler(func([]*decoder.Record) error { t.Error("called without records"); return nil })
			answer, err = router.New(never, quiet()).Invoke(t.Context(), e)
			answers(t, answer, err, `{"state":{"a":3},"batchItemFailures":[]}`)
		}
	}
}

// TestTumblingFailures: whatever fails, state and records come again together.
func TestTumblingFailures(t *testing.T) {
	nothing := always(nil)
	for _, c := range []struct {
		name  string
		event []byte
		h     router.Handler
		says  string
	}{
		{"not a window", event("aaa"), tumbling.handler(nothing), "not a tumbling-window event"},
		{"bad record", windowEvent("aa!a", "1"), tumbling.handler(nothing), "base64"},
		{
			"state of another type", windowEvent("a", `"text"`),
			router.Tumbling(func(context.Context, *decoder.Window, *int, []decoder.Record) error {
				t.Error("called with a state that does not decode")
				return nil
			}), "state does not decode",
		},
		{
			"state that cannot be encoded", windowEvent("a", `{}`),
			router.Tumbling(func(_ context.Context, _ *decoder.Window, s *any, _ []decoder.Record) error {
				*s = make(chan int)
				return nil
			}), "state does not encode",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer, err := router.New(c.h, quiet()).Invoke(t.Context(), c.event)
			fails(t, answer, err, c.says)
		})
	}
}

// TestTumblingSkips: what is skipped is no failure, bad records included; f
// gets the others in one call.
func TestTumblingSkips(t *testing.T) {
	var j journal
	r := router.New(tumbling.handler(j.noting(at(2, skip))), quiet(), j.onBad(router.Skip), router.WithBatchSize(1))
	answer, err := r.Invoke(t.Context(), windowEvent("aa!aaa!a", `{"n":1}`))
	answers(t, answer, err, `{"state":{"n":1},"batchItemFailures":[]}`)
	j.got(t, "[bad 1] [bad 4] [0 2 3 5] [3 5]")
	// If nothing but bad records is there, f is called for the window.
	j.calls = nil
	answer, err = r.Invoke(t.Context(), windowEvent("a!a!", `{"n":1}`))
	answers(t, answer, err, `{"state":{"n":1},"batchItemFailures":[]}`)
	j.got(t, "[bad 0] [bad 1] []")
}

// TestStateOfOtherShapes: every other shape gives the state back as it came, to
// the byte, and {} where there is none.
func TestStateOfOtherShapes(t *testing.T) {
	for _, c := range []struct{ members, want string }{
		{`,"state": {"a" : [1, 2.50, "\u00e4"]}`, `{"a" : [1, 2.50, "\u00e4"]}`},
		{`,"state":null`, `{}`},
		{``, `{}`},
	} {
		for _, s := range shapes(single, sliced) {
			answer, err := router.New(s.handler(always(nil)), quiet()).Invoke(t.Context(), windowOf("aaa", c.members))
			answers(t, answer, err, `{"state":`+c.want+`,"batchItemFailures":[]}`)
		}
	}
}

// answerLimit is the most bytes of an answer that Lambda takes, and stateLimit
// where a window ends early for its state.
const (
	answerLimit = 6<<20 + 100
	stateLimit  = 1 << 20
)

// TestStateSize: a state that Lambda would refuse is an error that says so, in
// every shape; one at the limit still goes out. From 1 MB on there is a
// warning.
func TestStateSize(t *testing.T) {
	around := len(`{"state":,"batchItemFailures":[]}`)
	for _, size := range []int{2, stateLimit - 1, stateLimit, answerLimit - around, answerLimit - around + 1, 7 << 20} {
		state := `"` + strings.Repeat("x", size-2) + `"`
		grows := router.Tumbling(func(_ context.Context, _ *decoder.Window, s *json.RawMessage,
			_ []decoder.Record,
		) error {
			*s = json.RawMessage(state)
			return nil
		})
		try := func(name string, h router.Handler, event []byte) {
			var log lockedBuffer
			answer, err := router.New(h, log.logger()).Invoke(t.Context(), event)
			if size > answerLimit-around {
				fails(t, answer, err, fmt.Sprintf("tumbling-window state of %d bytes: with it the answer has %d, "+
					"and Lambda takes no more than %d", size, size+around, answerLimit))
			} else if err != nil || string(answer) != `{"state":`+state+`,"batchItemFailures":[]}` {
				t.Errorf("%s, state of %d bytes: answered %d bytes, %v", name, size, len(answer), err)
			}
			warned := strings.Count(log.String(), `"level":"WARN"`)
			if (warned == 1) != (err == nil && size >= stateLimit) || warned > 1 || len(log.String()) > 500 {
				t.Errorf("%s, state of %d bytes: logged %.500s", name, size, log.String())
			}
		}
		try("Tumbling, grown", grows, windowEvent("a", "{}"))
		for _, s := range shapes(single, sliced, []shape{tumbling}) {
			try(s.name, s.handler(always(nil)), windowEvent("a", state))
		}
	}
}

// TestStateSizeBehindAMapping: with the error, who runs the function sees why
// the batch comes again; the mapping is given no answer that it would refuse.
func TestStateSizeBehindAMapping(t *testing.T) {
	r := router.New(router.Tumbling(func(_ context.Context, w *decoder.Window, s *string, _ []decoder.Record) error {
		switch {
		case w.IsFinalInvokeForWindow:
			*s = "" // or it would be made again for a day
		case *s == "":
			*s = "x"
		default:
			*s = strings.Repeat("x", 7<<20)
		}
		return nil
	}), quiet())
	m := routertest.Mapping{TumblingWindow: time.Minute, BatchSize: 1, MaximumRetryAttempts: new(1)}
	log := m.Run(r, routertest.Event{Records: 2, Interval: time.Second}.All())
	for n, want := range []string{"", "Lambda takes no more than 6291556", "Lambda takes no more than 6291556"} {
		if err := log.Invocations[n].Err; (err == nil) != (want == "") ||
			err != nil && !strings.HasPrefix(err.Error(), "tumbling-window state of 7340034 bytes") {
			t.Errorf("invocation %d: %v", n, err)
		}
	}
	if log.Fate(0) != routertest.Done || log.Fate(1) != routertest.GivenUp {
		t.Errorf("the records are %v and %v", log.Fate(0), log.Fate(1))
	}
}

// TestTumblingEndsItsWindow: what a handler does at a window's end is not lost
// to a record that it skips before.
func TestTumblingEndsItsWindow(t *testing.T) {
	final := bytes.Replace(windowEvent("aaa", "0"), []byte(`"isFinalInvokeForWindow":false`),
		[]byte(`"isFinalInvokeForWindow":true`), 1)
	for _, c := range []struct {
		event []byte
		skip  int
		calls string
		ended int
	}{
		{final, none, "[0 1 2]", 1},
		{final, 1, "[0 1 2] [2]", 1},
		{final, 2, "[0 1 2] []", 1},
		{windowEvent("aaa", "0"), 2, "[0 1 2]", 0},
	} {
		var j journal
		ended := 0
		h := router.Tumbling(func(_ context.Context, w *decoder.Window, count *int, recs []decoder.Record) error {
			j.note("", pointers(recs)...)
			for n := range recs {
				if recs[n].Index == c.skip {
					return router.At(&recs[n], skip)
				}
				*count++
			}
			if w.IsFinalInvokeForWindow {
				ended++
			}
			return nil
		})
		if _, err := router.New(h, quiet()).Invoke(t.Context(), c.event); err != nil {
			t.Error(err)
		}
		j.got(t, c.calls)
		if ended != c.ended {
			t.Errorf("skipping %d, the window ended %d times", c.skip, ended)
		}
	}
}
