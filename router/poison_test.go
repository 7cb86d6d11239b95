package router_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
)

// graves notes which records are given up, and what for.
type graves struct {
	mu    sync.Mutex
	notes []string
	err   error // what it answers
}

func (g *graves) dig(_ context.Context, rec *decoder.Record, err error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.notes = append(g.notes, fmt.Sprintf("%s: %v", placeOf(rec), err))
	return g.err
}

func (g *graves) got(t *testing.T, want string) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if got := strings.Join(g.notes, "; "); got != want {
		t.Errorf("given up %q, want %q", got, want)
	}
}

// TestPoison: a record that has failed so often is given up, if its failures
// are its own.
func TestPoison(t *testing.T) {
	boom := func(*decoder.Record) error { return errBoom }
	for _, c := range []struct {
		name    string
		letters string
		react   reaction // for each invocation anew
		each    string   // what is given up in single shapes
		slice   string
	}{
		{"At", "aaa", at(1, errBoom), "1: boom", "1: boom"},
		{"Retry", "aaa", at(1, retry), "1: boom", "1: boom"},
		{"without At", "aaa", on(1, boom), "1: boom", ""},
		{"panic", "aaa", on(1, func(*decoder.Record) error { panic("at the disco") }), "1: panic: at the disco", ""},
		{"Fail", "aaa", at(1, fail), "", ""},
		{"Skip", "aaa", at(1, skip), "", ""},
		{"bad record", "aa!a", always(nil), "1: bad", "1: bad"},
		{"no sequence number", "aa-a", at(1, errBoom), "", ""},
	} {
		for _, s := range shapes(single, sliced) {
			t.Run(c.name+"/"+s.name, func(t *testing.T) {
				var g graves
				r := router.New(s.handler(c.react), quiet(), router.WithPoison(3, g.dig),
					router.WithOnBad(func(context.Context, *decoder.Record, error) error { return errors.New("bad") }))
				want := c.slice
				if isSingle(s) {
					want = c.each
				}
				for n := range 3 {
					answer, err := r.Invoke(t.Context(), event(c.letters))
					if n == 2 && want != "" {
						answers(t, answer, err, allDone)
					} else if string(answer) == allDone && c.name != "Skip" {
						t.Errorf("answered %s on invocation %d", answer, n+1)
					}
					if n < 2 {
						g.got(t, "")
					}
				}
				g.got(t, want)
			})
		}
	}
}

// TestPoisonGoesOn: what is behind a record that is given up is handled in the
// same invocation, and its count begins anew.
func TestPoisonGoesOn(t *testing.T) {
	for _, s := range shapes(single, sliced) {
		var j journal
		var g graves
		r := router.New(s.handler(j.noting(at(1, errBoom))), quiet(), router.WithPoison(1, g.dig))
		answer, err := r.Invoke(t.Context(), event("aaa"))
		answers(t, answer, err, allDone)
		if isSingle(s) {
			j.got(t, "[0] [1] [2]")
		} else {
			j.got(t, "[0 1 2] [2]")
		}
		g.got(t, "1: boom")
	}
}

// TestPoisonNotGivenUp: where the user's function fails, the record is retried.
func TestPoisonNotGivenUp(t *testing.T) {
	for _, s := range shapes(single, sliced) {
		for name, err := range map[string]error{
			"error": errors.New("queue"), "Skip": router.Skip(errors.New("queue")),
			"Fail": router.Fail(errors.New("queue")),
		} {
			t.Run(s.name+"/"+name, func(t *testing.T) {
				g := graves{err: err}
				r := router.New(s.handler(at(1, errBoom)), quiet(), router.WithPoison(2, g.dig))
				for n := range 3 {
					answer, err := r.Invoke(t.Context(), event("aaa"))
					answers(t, answer, err, answerFrom(1))
					g.got(t, strings.TrimPrefix(strings.Repeat("; 1: boom", n), "; "))
				}
				g.mu.Lock()
				g.err = nil
				g.mu.Unlock()
				answer, err := r.Invoke(t.Context(), event("aaa"))
				answers(t, answer, err, allDone)
			})
		}
	}
	r := router.New(single[0].handler(at(1, errBoom)), quiet(),
		router.WithPoison(1, func(context.Context, *decoder.Record, error) error {
			panic("at the disco")
		}))
	answer, err := r.Invoke(t.Context(), event("aaa"))
	answers(t, answer, err, answerFrom(1))
}

// TestPoisonCountsFailuresInARow: a record that succeeds in between begins
// anew, and records are told apart by stream, shard and number.
func TestPoisonCountsFailuresInARow(t *testing.T) {
	for _, s := range shapes(single, sliced) {
		t.Run(s.name, func(t *testing.T) {
			var g graves
			failing := true
			r := router.New(s.handler(func(recs []*decoder.Record) error {
				if !failing {
					return nil
				}
				return at(1, errBoom)(recs)
			}), quiet(), router.WithPoison(2, g.dig))
			invoke := func(e []byte, fail bool) {
				failing = fail
				_, _ = r.Invoke(t.Context(), e)
			}
			e := event("aaa")
			other := []byte(strings.ReplaceAll(string(e), "stream/orders", "stream/others"))
			shard := []byte(strings.ReplaceAll(string(e), "shardId-000000000006", "shardId-000000000007"))
			number := []byte(strings.ReplaceAll(string(e), `"101"`, `"1010"`))
			invoke(e, true)
			invoke(e, false)
			invoke(e, true)
			invoke(other, true)
			invoke(shard, true)
			invoke(number, true)
			g.got(t, "")
			invoke(e, true)
			g.got(t, "1: boom")
		})
	}
}

// TestPoisonIsNotCancellation: what fails once the context is done does not
// count.
func TestPoisonIsNotCancellation(t *testing.T) {
	for _, s := range shapes(single, sliced) {
		var g graves
		var cancel context.CancelFunc
		r := router.New(s.handler(func(recs []*decoder.Record) error {
			cancel()
			return at(0, context.Canceled)(recs)
		}), quiet(), router.WithPoison(1, g.dig))
		var ctx context.Context
		ctx, cancel = context.WithTimeout(t.Context(), time.Hour)
		answer, err := r.Invoke(ctx, event("aaa"))
		answers(t, answer, err, answerFrom(0))
		g.got(t, "")
		cancel()
	}
}

// TestPoisonOfUserRecords: user records of an aggregate are counted each by
// itself.
func TestPoisonOfUserRecords(t *testing.T) {
	var g graves
	n := 0
	r := router.New(router.Each(func(_ context.Context, rec *decoder.Record) error {
		if rec.Aggregated && rec.SubSequenceNumber == 1+n%2 {
			return errBoom
		}
		return nil
	}), quiet(), deaggregate(), router.WithPoison(2, g.dig))
	for ; n < 2; n++ {
		answer, err := r.Invoke(t.Context(), aggregates("a", "aaa", "a"))
		answers(t, answer, err, answerFrom(1))
	}
	g.got(t, "")
	n = 0
	_, _ = r.Invoke(t.Context(), aggregates("a", "aaa", "a"))
	g.got(t, "")
}

// TestPoisonPayloads: a payload that does not decode, or makes its unmarshal
// panic, is its record's failure.
func TestPoisonPayloads(t *testing.T) {
	panics := func(text []byte, v any) error {
		if string(text) == "1" {
			panic("at the disco")
		}
		return json.Unmarshal(text, v)
	}
	for _, h := range []router.Handler{
		router.TypedBatch(panics, func(context.Context, []router.Item[int]) error { return nil }),
		router.TypedPartition(panics, func(context.Context, []byte, []router.Item[int]) error { return nil }),
		router.Typed(panics, func(context.Context, *decoder.Record, *int) error { return nil }),
	} {
		var g graves
		r := router.New(h, quiet(), router.WithPoison(2, g.dig))
		answer, err := r.Invoke(t.Context(), event("aaa"))
		answers(t, answer, err, answerFrom(1))
		answer, err = r.Invoke(t.Context(), event("aaa"))
		answers(t, answer, err, allDone)
		g.got(t, "1: panic: at the disco")
	}
}

// TestPoisonIsCountedAndLogged: as a skipped record, and without its data.
func TestPoisonIsCountedAndLogged(t *testing.T) {
	var g graves
	var log lockedBuffer
	var s router.Stats
	r := router.New(single[0].handler(at(1, errBoom)), log.logger(), router.WithPoison(1, g.dig),
		router.WithStats(func(_ context.Context, got router.Stats) {
			s = got
		}))
	answer, err := r.Invoke(t.Context(), event("aaa"))
	answers(t, answer, err, allDone)
	if s.Skipped != 1 || s.Processed != 2 || s.Failed != 0 {
		t.Errorf("counted %+v", s)
	}
	if text := log.String(); !strings.Contains(text, "poison record given up") ||
		!strings.Contains(text, `"sequenceNumber":"101"`) {
		t.Errorf("logged %s", text)
	}
}
