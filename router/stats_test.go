package router_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/emf"
	"example.com/sluice/router/routertest"
)

// This file is about what is counted and what is logged.

// TestStats: the counters of an invocation, in every shape.
func TestStats(t *testing.T) {
	for _, c := range []struct {
		name, letters string
		react         reaction
		onBad         func(error) error
		want          string // records, processed, skipped, failed, bad, checkpoint
		each          string // in single shapes, where it differs: they read no further than the failure
	}{
		{"all done", "aaaa", always(nil), router.Skip, "4 4 0 0 0 ", ""},
		{"no records", "", always(nil), router.Skip, "0 0 0 0 0 ", ""},
		{"failure", "aaaa", at(2, errBoom), router.Skip, "4 2 0 1 0 102", "3 2 0 1 0 102"},
		{"Skip", "aaaa", at(2, skip), router.Skip, "4 3 1 0 0 ", ""},
		{"Skip and failure", "aaaa", both(at(1, skip), at(3, errBoom)), router.Skip, "4 2 1 1 0 103", ""},
		{"bad and skipped", "aa!aa", always(nil), router.Skip, "4 3 1 0 1 ", ""},
		{"bad and done", "aa!aa", always(nil), func(error) error { return nil }, "4 4 0 0 1 ", ""},
		{"bad and retried", "aa!aa", always(nil), router.Retry, "4 1 0 1 1 101", "2 1 0 1 1 101"},
		{"Fail", "aaaa", at(2, fail), router.Skip, "4 2 0 1 0 ", "3 2 0 1 0 "},
	} {
		for _, s := range shapes(single, sliced) {
			t.Run(c.name+"/"+s.name, func(t *testing.T) {
				e := event(c.letters)
				if c.letters == "" {
					e = windowEvent("", "1") // an event without records is none, but in a window
				}
				var stats []router.Stats
				r := router.New(s.handler(c.react), quiet(), router.WithStats(func(_ context.Context, s router.Stats) {
					stats = append(stats, s)
				}),
					router.WithOnBad(func(_ context.Context, _ *decoder.Record, err error) error {
						return c.onBad(err)
					}))
				_, err := r.Invoke(t.Context(), e)
				if len(stats) != 1 {
					t.Fatalf("the hook was called %d times", len(stats))
				}
				got := stats[0]
				want := c.want
				if isSingle(s) && c.each != "" {
					want = c.each
				}
				if text := fmt.Sprintf("%d %d %d %d %d %s", got.Records, got.Processed, got.Skipped, got.Failed,
					got.Bad, got.Checkpoint); text != want {
					t.Errorf("counted %s, want %s", text, want)
				}
				if !errors.Is(got.Err, err) || (got.Err == nil) != (err == nil) {
					t.Errorf("error %v, want that of Invoke: %v", got.Err, err)
				}
				if (got.Source == nil) != (got.Records == 0) || got.Source != nil && got.Source.StreamName != "orders" {
					t.Errorf("source %+v", got.Source)
				}
			})
		}
	}
}

// TestStatsOfTime: the ages of the records when the invocation began, and where
// its time went.
func TestStatsOfTime(t *testing.T) {
	for _, deadline := range []bool{false, true} {
		for _, s := range oneByOne() {
			synctest.Test(t, func(t *testing.T) {
				now := time.Now()
				var got router.Stats
				r := router.New(s.handler(func([]*decoder.Record) error { time.Sleep(time.Second); return nil }),
					append(oneByOneOptions(), router.WithStats(func(_ context.Context, s router.Stats) { got = s }))...)
				at := func(age time.Duration) decoder.Record {
					return decoder.Record{
						PartitionKey: []byte("a"), Data: []byte("1234"),
						ApproximateArrivalTimestamp: now.Add(-age),
					}
				}
				ctx := t.Context()
				if deadline {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, time.Hour)
					defer cancel()
				}
				if s.name == "ByTime's Late" {
					return // its records must be older than they are here
				}
				answer, err := r.Invoke(ctx, routertest.EventOf(at(3*time.Second), at(5*time.Second),
					at(2*time.Second)))
				answers(t, answer, err, allDone)
				if got.OldestAge != 5*time.Second || got.NewestAge != 2*time.Second || got.Bytes != 12 ||
					got.Handle != 3*time.Second || got.Decode != 0 {
					t.Errorf("%s: oldest %v, newest %v, %d bytes, handled in %v, decoded in %v", s.name, got.OldestAge,
						got.NewestAge, got.Bytes, got.Handle, got.Decode)
				}
			})
		}
	}
}

// TestStatsAges: a record that is ahead of this machine's clock has the age
// zero, in Stats and in the metrics, whose averages it would pull down
// otherwise; and zero is an age, not the lack of one.
func TestStatsAges(t *testing.T) {
	for _, tt := range []struct {
		name           string
		ages           []time.Duration
		newest, oldest time.Duration
	}{
		{"ahead", []time.Duration{-90 * time.Second}, 0, 0},
		{"the newest ahead", []time.Duration{time.Minute, -90 * time.Second}, 0, time.Minute},
		{"now", []time.Duration{0}, 0, 0},
		{"far ahead", []time.Duration{-200 * 365 * 24 * time.Hour}, 0, 0},
		{"behind", []time.Duration{2 * time.Second, time.Second}, time.Second, 2 * time.Second},
	} {
		for _, s := range shapes(single, sliced) {
			if s.name == "ByTime's Late" {
				continue // its records must be older than they are here
			}
			synctest.Test(t, func(t *testing.T) {
				now := time.Now()
				var recs []decoder.Record
				for _, age := range tt.ages {
					recs = append(recs, decoder.Record{Data: []byte("1"), ApproximateArrivalTimestamp: now.Add(-age)})
				}
				var got router.Stats
				w := new(writes)
				r := router.New(s.handler(func([]*decoder.Record) error {
					return nil
				}), router.WithStats(emf.New(w, emf.Options{})),
					router.WithStats(func(_ context.Context, s router.Stats) { got = s }))
				answer, err := r.Invoke(t.Context(), routertest.EventOf(recs...))
				answers(t, answer, err, allDone)
				if got.NewestAge != tt.newest || got.OldestAge != tt.oldest {
					t.Errorf("%s, %s: newest %v, oldest %v; want %v, %v", tt.name, s.name, got.NewestAge, got.OldestAge,
						tt.newest, tt.oldest)
				}
				want := fmt.Sprint(float64(tt.newest.Milliseconds()), float64(tt.oldest.Milliseconds()))
				members := membersOf(t, (*w)[0])
				if age := fmt.Sprint(members["IteratorAge"], members["OldestRecordAge"]); age != want {
					t.Errorf("%s, %s: the metrics are %s, want %s", tt.name, s.name, age, want)
				}
			})
		}
	}
}

// membersOf reads a line of metrics, whatever the time in it.
func membersOf(t *testing.T, line string) (members map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(line), &members); err != nil {
		t.Fatal(err)
	}
	return members
}

// TestLogs: what is logged of each record that is not simply done, and never
// its data.
func TestLogs(t *testing.T) {
	secret := []byte("2111111111") // an int everywhere
	hidden := func(text string) bool {
		return !strings.Contains(text, string(secret)) &&
			!strings.Contains(text, base64.StdEncoding.EncodeToString(secret)[:16])
	}
	// The last record is cut off, so that it is a bad one with something in it.
	e := routertest.Event{Records: 4, Keys: 1, Data: func(int) []byte {
		return secret
	}, Start: time.Unix(1600000000, 0)}
	bad := strings.Replace(string(e.Bytes()), base64.StdEncoding.EncodeToString(secret)+
		`","approximateArrivalTimestamp":1600000000.000`,
		base64.StdEncoding.EncodeToString(secret)+`*","approximateArrivalTimestamp":1600000000.000`, 1)
	if bad == string(e.Bytes()) {
		t.Fatal("the event was not changed")
	}
	recs := e.All()
	for _, c := range []struct {
		name  string
		event []byte
		react reaction
		says  []string
	}{
		{"failure", e.Bytes(), at(1, errBoom), []string{
			`"record failed"`, `"ERROR"`, `"error":"boom"`,
			string(recs[1].SequenceNumber), `"index":1`, `"shardId":"shardId-000000000000"`,
		}},
		{"Skip", e.Bytes(), at(1, skip), []string{
			`"record skipped"`, `"WARN"`, `"error":"boom"`,
			string(recs[1].SequenceNumber),
		}},
		{"panic", e.Bytes(), at(0, nil), nil},
		{"bad record", []byte(bad), always(nil), []string{
			`"record failed"`, "invalid base64",
			string(recs[0].SequenceNumber),
		}},
	} {
		for _, s := range shapes(single, sliced, []shape{tumbling}) {
			t.Run(c.name+"/"+s.name, func(t *testing.T) {
				var log lockedBuffer
				react := c.react
				if c.name == "panic" {
					react = func([]*decoder.Record) error { panic("at the disco") }
					c.says = []string{
						`"handler panicked"`, `"stack"`, "at the disco", "stats_test.go",
						string(recs[0].SequenceNumber),
					}
				}
				event := c.event
				if s.name == "Tumbling" {
					event = append(event[:len(event)-1:len(event)-1], `,"window":{},"state":1}`...)
				}
				_, _ = router.New(s.handler(react), log.logger()).Invoke(t.Context(), event)
				text := log.String()
				for _, want := range c.says {
					if !strings.Contains(text, want) {
						t.Errorf("%q is not in the log:\n%s", want, text)
					}
				}
				if n := strings.Count(text, "\n"); n != 1 {
					t.Errorf("%d lines:\n%s", n, text)
				}
				if !hidden(text) || strings.Contains(text, string(recs[0].PartitionKey)) {
					t.Errorf("the log has the record's data, or its key:\n%s", text)
				}
			})
		}
	}
	var log lockedBuffer
	answer, err := router.New(single[0].handler(always(nil)), log.logger()).Invoke(t.Context(), e.Bytes())
	answers(t, answer, err, allDone)
	if log.String() != "" {
		t.Errorf("logged of what is done:\n%s", &log)
	}
}

// TestLoggerPanics: a logger is code like a handler, and may not take Invoke
// down, nor what it is doing.
func TestLoggerPanics(t *testing.T) {
	for _, s := range shapes(single, sliced) {
		for _, err := range []error{errBoom, skip} {
			r := router.New(s.handler(at(1, err)), router.WithLogger(slog.New(panicking{})))
			answer, e := r.Invoke(t.Context(), event("aaa"))
			if err == skip {
				answers(t, answer, e, allDone)
			} else {
				answers(t, answer, e, answerFrom(1))
			}
		}
	}
}

type panicking struct{}

func (panicking) Enabled(context.Context, slog.Level) bool  { return true }
func (panicking) Handle(context.Context, slog.Record) error { panic("at the disco") }
func (p panicking) WithAttrs([]slog.Attr) slog.Handler      { return p }
func (p panicking) WithGroup(string) slog.Handler           { return p }

// TestDefaultLogger: without WithLogger, slog's default is looked up when
// something is logged.
func TestDefaultLogger(t *testing.T) {
	r := router.New(single[0].handler(at(0, skip)))
	var log lockedBuffer
	before := slog.Default()
	defer slog.SetDefault(before)
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	_, _ = r.Invoke(t.Context(), event("a"))
	if !strings.Contains(log.String(), "record skipped") {
		t.Errorf("logged %q", &log)
	}
}

// TestAnswersAreNew: aws-lambda-go posts an answer after Invoke has returned,
// so no later invocation may write to it.
func TestAnswersAreNew(t *testing.T) {
	for _, e := range [][]byte{event("a"), windowEvent("a", `{"n":1}`)} {
		for _, react := range []reaction{always(nil), at(0, errBoom)} {
			r := router.New(single[0].handler(react), quiet())
			first, _ := r.Invoke(t.Context(), e)
			before := string(first)
			for range 10 {
				again, _ := r.Invoke(t.Context(), e)
				for i := range again {
					again[i] = 'x'
				}
			}
			if string(first) != before {
				t.Errorf("an answer became %s, it was %s", first, before)
			}
			clear(e[:0])
		}
	}
}

// TestEventIsLeftAlone: the event is the caller's.
func TestEventIsLeftAlone(t *testing.T) {
	for _, s := range shapes(single, sliced) {
		e := event("aa!aa")
		before := string(e)
		_, _ = router.New(s.handler(at(3, errBoom)), quiet(), router.WithOnBad(router.SkipBad)).Invoke(t.Context(), e)
		if string(e) != before {
			t.Errorf("%s: the event was written to", s.name)
		}
	}
}
