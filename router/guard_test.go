package router_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

// This file is about the deadline guard, in virtual time: with a margin of 1 s,
// a deadline at 5.2 s, and calls that take 1 s each, contexts are cancelled at
// 4.2 s in the middle of the fifth call, and what has not returned at 4.7 s is
// abandoned.

const (
	guardDeadline = 5200 * time.Millisecond
	guardMargin   = time.Second
	guardTrip     = guardDeadline - guardMargin
	guardEnd      = guardTrip + guardMargin/2
)

// oneByOne are shapes and options with which each record has a call of its own,
// in order.
func oneByOne() []shape {
	return shapes(single, chunked, []shape{{"ByTime", func(r reaction) router.Handler {
		return router.ByTime{Size: time.Millisecond, Handle: func(ctx context.Context, _ time.Time,
			recs []decoder.Record,
		) error {
			return r(pointers(recs))
		}}
	}}})
}

func oneByOneOptions(more ...router.Option) []router.Option {
	return append([]router.Option{quiet(), router.WithBatchSize(1), router.WithMargin(guardMargin)}, more...)
}

// TestGuard: what is done when the time is up stays done, nothing more is
// started, and the first record that is not done is named.
func TestGuard(t *testing.T) {
	asleep := func(d time.Duration) reaction {
		return func([]*decoder.Record) error { time.Sleep(d); return nil }
	}
	for _, c := range []struct {
		name     string
		letters  string
		react    reaction
		deadline time.Duration // 0: none
		opts     []router.Option
		first    int
		took     time.Duration
		calls    int
	}{
		{"all done before", "aaa", asleep(time.Second), guardDeadline, nil, none, 3 * time.Second, 3},
		{
			"stops at the margin", "aaaaaaaa", asleep(2150 * time.Millisecond), guardDeadline, nil, 2,
			4300 * time.Millisecond, 2,
		},
		{
			"returns within the grace", "aaaaaaaa", asleep(1100 * time.Millisecond), guardDeadline, nil, 4,
			4400 * time.Millisecond, 4,
		},
		{
			"returns within the grace, at the end", "aaaa", asleep(1100 * time.Millisecond), guardDeadline, nil, none,
			4400 * time.Millisecond, 4,
		},
		{"is abandoned", "aaaaaaaa", asleep(time.Second), guardDeadline, nil, 4, guardEnd, 5},
		{"is abandoned at once", "aaaaaaaa", asleep(time.Hour), guardDeadline, nil, 0, guardEnd, 1},
		{"deadline past", "aaa", asleep(time.Second), -time.Second, nil, 0, 0, 0},
		{"deadline now", "aaa", asleep(time.Second), time.Nanosecond, nil, 0, 0, 0},
		{"within the margin from the start", "aaa", asleep(time.Second), guardMargin, nil, 0, 0, 0},
		{"no deadline", "aaaaaaaa", asleep(time.Second), 0, nil, none, 8 * time.Second, 8},
		{
			"no guard", "aaaaaaaa", asleep(time.Second), guardDeadline,
			[]router.Option{router.WithMargin(-1)},
			6,
			6 * time.Second, 6,
		},
		{
			"no guard, one long call", "aaaaaaaa", asleep(time.Hour), guardDeadline,
			[]router.Option{router.WithMargin(-1)},
			1, time.Hour, 1,
		},
		{
			"default margin", "aaaaaaaa", asleep(time.Second), guardDeadline,
			[]router.Option{router.WithMargin(0)},
			4,
			4950 * time.Millisecond, 5,
		},
		{
			"default margin, little time", "aaaa", asleep(20 * time.Millisecond), 40 * time.Millisecond,
			[]router.Option{router.WithMargin(0)},
			1, 35 * time.Millisecond, 2,
		},
	} {
		for _, s := range oneByOne() {
			t.Run(c.name+"/"+s.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var j journal
					r := router.New(s.handler(j.noting(c.react)), oneByOneOptions(c.opts...)...)
					ctx := t.Context()
					if c.deadline != 0 {
						var cancel context.CancelFunc
						ctx, cancel = context.WithTimeout(ctx, c.deadline)
						defer cancel()
					}
					began := time.Now()
					answer, err := r.Invoke(ctx, event(c.letters))
					took := time.Since(began)
					if c.first == none {
						answers(t, answer, err, allDone)
					} else {
						answers(t, answer, err, answerFrom(c.first))
					}
					if took != c.took {
						t.Errorf("answered after %v, want %v", took, c.took)
					}
					time.Sleep(2 * time.Hour) // stragglers end
					if n := strings.Count(j.String(), "["); n != c.calls {
						t.Errorf("calls %v, want %d", &j, c.calls)
					}
				})
			})
		}
	}
}

// TestGuardCancels: handlers learn of it, and one that gives up then, with
// whatever error, has not got its record done.
func TestGuardCancels(t *testing.T) {
	for _, s := range contextShapes {
		t.Run(s.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				began := time.Now()
				h := s.handler(func(ctx context.Context, _ int) error {
					calls++
					select {
					case <-ctx.Done():
						if d, ok := ctx.Deadline(); !ok || !d.Equal(began.Add(guardTrip)) {
							t.Errorf("deadline %v, want %v after the beginning", d, guardTrip)
						}
						return ctx.Err()
					case <-time.After(time.Second):
						return nil
					}
				})
				ctx, cancel := context.WithTimeout(t.Context(), guardDeadline)
				defer cancel()
				answer, err := router.New(h, oneByOneOptions()...).Invoke(ctx, event("aaaaaaaa"))
				answers(t, answer, err, answerFrom(4))
				if took := time.Since(began); took != guardTrip || calls != 5 {
					t.Errorf("%d calls, %v; want 5, %v", calls, took, guardTrip)
				}
			})
		})
	}
}

// contextShapes make handlers that get the context and the index of the first
// record.
var contextShapes = []struct {
	name    string
	handler func(func(ctx context.Context, first int) error) router.Handler
}{
	{"Each", func(f func(context.Context, int) error) router.Handler {
		return router.Each(func(ctx context.Context, rec *decoder.Record) error { return f(ctx, rec.Index) })
	}},
	{"JSON", func(f func(context.Context, int) error) router.Handler {
		return router.JSON(func(ctx context.Context, rec *decoder.Record, _ *int) error { return f(ctx, rec.Index) })
	}},
	{"Batch", func(f func(context.Context, int) error) router.Handler {
		return router.Batch(func(ctx context.Context, recs []decoder.Record) error { return f(ctx, recs[0].Index) })
	}},
	{"Partition", func(f func(context.Context, int) error) router.Handler {
		return router.Partition(func(ctx context.Context, _ []byte, recs []decoder.Record) error {
			return f(ctx, recs[0].Index)
		})
	}},
	{"ByTime", func(f func(context.Context, int) error) router.Handler {
		return router.ByTime{Size: time.Millisecond, Handle: func(ctx context.Context, _ time.Time,
			recs []decoder.Record,
		) error {
			return f(ctx, recs[0].Index)
		}}
	}},
}

// TestGuardFailsWhole: where an answer cannot name a record, the guard fails
// the invocation, so that all comes again.
func TestGuardFailsWhole(t *testing.T) {
	for _, late := range []struct {
		name  string
		sleep time.Duration
		says  string
	}{
		{"not started", 2150 * time.Millisecond, "not started"},
		{"abandoned", time.Hour, "did not return"},
	} {
		for _, mapping := range []string{"whole", "window"} {
			for _, s := range shapes(oneByOne(), []shape{tumbling}) {
				if s.name == "Tumbling" && (mapping == "whole" || late.name == "not started") {
					continue // one call gets all
				}
				t.Run(late.name+"/"+mapping+"/"+s.name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						e, opts := event("aaaa"), oneByOneOptions()
						if mapping == "whole" {
							opts = append(opts, router.WithWholeBatch())
						} else {
							e = windowEvent("aaaa", "1")
						}
						ctx, cancel := context.WithTimeout(t.Context(), guardDeadline)
						defer cancel()
						r := router.New(s.handler(func([]*decoder.Record) error {
							time.Sleep(late.sleep)
							return nil
						}), opts...)
						answer, err := r.Invoke(ctx, e)
						fails(t, answer, err, late.says)
						time.Sleep(2 * time.Hour)
					})
				})
			}
		}
	}
}

// TestGuardOfTumbling: the final call of a window, which may have no records,
// is not started in vain and not taken for done.
func TestGuardOfTumbling(t *testing.T) {
	for _, letters := range []string{"", "aa"} {
		for _, c := range []struct {
			name     string
			deadline time.Duration
			says     string
		}{
			{"not started", -time.Second, "not started"},
			{"abandoned", guardDeadline, "did not return"},
		} {
			t.Run(c.name+"/"+letters, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(t.Context(), c.deadline)
					defer cancel()
					h := tumbling.handler(func([]*decoder.Record) error { time.Sleep(time.Hour); return nil })
					answer, err := router.New(h, quiet()).Invoke(ctx, windowEvent(letters, "1"))
					fails(t, answer, err, c.says)
					time.Sleep(2 * time.Hour)
				})
			})
		}
	}
}

// TestGuardOfPartition: of calls side by side, those that have returned are
// done, and the lowest record that is not is named.
func TestGuardOfPartition(t *testing.T) {
	for _, c := range []struct {
		name    string
		letters string
		slow    string // keys whose calls do not return in time
		first   int
	}{
		{"one of three", "abcabc", "b", 1},
		{"two of three", "abcabc", "cb", 1},
		{"the last", "abcabc", "c", 2},
		{"all", "abcabc", "abc", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), guardDeadline)
				defer cancel()
				stats := make(chan router.Stats, 1)
				r := router.New(router.Partition(func(ctx context.Context, key []byte, recs []decoder.Record) error {
					if strings.Contains(c.slow, string(key)) {
						time.Sleep(time.Hour)
					}
					return nil
				}), quiet(), router.WithMargin(guardMargin), router.WithStats(func(_ context.Context, s router.Stats) {
					stats <- s
				}))
				answer, err := r.Invoke(ctx, event(c.letters))
				answers(t, answer, err, answerFrom(c.first))
				if s, want := <-stats, 2*(3-len(c.slow)); s.Processed != want || s.Records != 6 ||
					s.Abandoned != len(c.slow) || s.Checkpoint != numberOf(c.first) {
					t.Errorf("counted %+v, want %d processed", s, want)
				}
				time.Sleep(2 * time.Hour)
			})
		})
	}
}

// TestGuardOfUserCode: it is not only handlers that may take too long.
func TestGuardOfUserCode(t *testing.T) {
	slow := func() { time.Sleep(time.Hour) }
	for _, c := range []struct {
		name  string
		event []byte
		h     router.Handler
		first int
		fails string
	}{
		{"WithOnBad", event("aa!a"), router.Each(func(context.Context, *decoder.Record) error { return nil }), 1, ""},
		{"WithOnBad of Partition", event("aa!a"), router.Partition(func(context.Context, []byte,
			[]decoder.Record,
		) error {
			return nil
		}), 1, ""},
		{"unmarshal", event("aaa"), router.Typed(func([]byte, any) error {
			slow()
			return nil
		}, func(context.Context, *decoder.Record, *int) error { return nil }), 0, ""},
		{"After", event("aaa"), router.ByTime{
			After:  func(context.Context, *decoder.Source) time.Time { slow(); return time.Time{} },
			Handle: func(context.Context, time.Time, []decoder.Record) error { return nil },
			Late:   func(context.Context, []decoder.Record) error { return nil },
		}, 0, ""},
		{"state", windowEvent("a", `"slow"`), router.Tumbling(func(context.Context, *decoder.Window, *sleepy,
			[]decoder.Record,
		) error {
			return nil
		}), 0, "did not return"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), guardDeadline)
				defer cancel()
				r := router.New(c.h, quiet(), router.WithMargin(guardMargin),
					router.WithOnBad(func(context.Context, *decoder.Record, error) error {
						slow()
						return nil
					}))
				answer, err := r.Invoke(ctx, c.event)
				if c.fails != "" {
					fails(t, answer, err, c.fails)
				} else {
					answers(t, answer, err, answerFrom(c.first))
				}
				time.Sleep(2 * time.Hour)
			})
		})
	}
}

// sleepy is a state that takes long to decode.
type sleepy struct{}

func (*sleepy) UnmarshalJSON([]byte) error { time.Sleep(time.Hour); return nil }

// TestStraggler: whatever an abandoned call does later changes neither the
// answer nor the counters nor another invocation, and what it has in its hands
// stays as it was, though the event is used again.
func TestStraggler(t *testing.T) {
	for _, late := range []struct {
		name string
		end  func(rec *decoder.Record) error
	}{
		{"nil", func(*decoder.Record) error { return nil }},
		{"error", func(rec *decoder.Record) error { return router.At(rec, errBoom) }},
		{"Skip", func(rec *decoder.Record) error { return router.At(rec, skip) }},
		{"Fail", func(*decoder.Record) error { return fail }},
		{"panic", func(*decoder.Record) error { panic("at the disco") }},
		{"Goexit", func(*decoder.Record) error { runtime.Goexit(); return nil }},
	} {
		for _, s := range shapes(single, sliced) {
			t.Run(late.name+"/"+s.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { testStraggler(t, s, late.end) })
			})
		}
	}
}

func testStraggler(t *testing.T, s shape, end func(*decoder.Record) error) {
	input := routertest.Event{Records: 40, Keys: 1, Data: func(i int) []byte {
		return fmt.Appendf(nil, "%d", i+1000000)
	}, Start: time.Unix(1600000000, 0)}
	want := input.All()
	var calls, ended atomic.Int64
	var hooks []router.Stats
	r := router.New(s.handler(func(recs []*decoder.Record) error {
		if calls.Add(1) > 1 {
			return nil
		}
		defer ended.Add(1)
		time.Sleep(time.Hour)
		for _, rec := range recs {
			w := &want[rec.Index]
			if !bytes.Equal(rec.PartitionKey, w.PartitionKey) || !bytes.Equal(rec.SequenceNumber, w.SequenceNumber) ||
				!bytes.Equal(rec.Data, w.Data) || !bytes.Equal(rec.EventID, w.EventID) {
				t.Errorf("record %d reads %s %s %s %s", rec.Index, rec.PartitionKey, rec.SequenceNumber, rec.Data,
					rec.EventID)
			}
		}
		return end(recs[0])
	}), quiet(), router.WithMargin(guardMargin), router.WithStats(func(_ context.Context, s router.Stats) {
		hooks = append(hooks, s)
	}))
	ctx, cancel := context.WithTimeout(t.Context(), guardDeadline)
	defer cancel()
	e := input.Bytes()
	answer, err := r.Invoke(ctx, e)
	named := `{"batchItemFailures":[{"itemIdentifier":"` + string(want[0].SequenceNumber) + `"}]}`
	answers(t, answer, err, named)
	for i := range e {
		e[i] = 'x'
	}
	// The same again, while the straggler is asleep: it gets other memory.
	for range 3 {
		again, err := r.Invoke(t.Context(), routertest.Event{Records: 40, Keys: 1, Data: func(i int) []byte {
			return []byte("7")
		}, Start: time.Unix(1600000000, 0)}.Bytes())
		answers(t, again, err, allDone)
	}
	before := fmt.Sprint(hooks)
	callsBefore := calls.Load()
	time.Sleep(2 * time.Hour)
	if ended.Load() != 1 || calls.Load() != callsBefore || fmt.Sprint(hooks) != before || len(hooks) != 4 {
		t.Errorf("ended %d, calls %d after %d, stats %v after %v", ended.Load(), calls.Load(), callsBefore,
			hooks, before)
	}
	answers(t, answer, err, named)
}

// TestGuardLogs: an abandoned call is not passed over in silence.
func TestGuardLogs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lockedBuffer
		ctx, cancel := context.WithTimeout(t.Context(), guardDeadline)
		defer cancel()
		r := router.New(router.Each(func(_ context.Context, rec *decoder.Record) error {
			if rec.Index == 1 {
				time.Sleep(time.Hour)
			}
			return nil
		}), log.logger())
		answer, err := r.Invoke(ctx, event("aaa"))
		answers(t, answer, err, answerFrom(1))
		if text := log.String(); !strings.Contains(text, "abandoned") || !strings.Contains(text, "record 1") {
			t.Errorf("logged %s", text)
		}
		time.Sleep(2 * time.Hour)
	})
}

// TestGuardLogsPanics: nor is the panic of an abandoned call.
func TestGuardLogsPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lockedBuffer
		ctx, cancel := context.WithTimeout(t.Context(), guardDeadline)
		defer cancel()
		r := router.New(router.Each(func(context.Context, *decoder.Record) error {
			time.Sleep(time.Hour)
			panic("at the disco")
		}), log.logger())
		answer, err := r.Invoke(ctx, event("aaa"))
		answers(t, answer, err, answerFrom(0))
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if text := log.String(); !strings.Contains(text, "at the disco") || strings.Count(text, "\n") != 2 {
			t.Errorf("logged %s", text)
		}
	})
}

// TestMarginTooLarge: a margin that leaves no time at all would never make
// progress, so it is logged.
func TestMarginTooLarge(t *testing.T) {
	for _, s := range shapes(single, sliced) {
		var log lockedBuffer
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		answer, err := router.New(s.handler(always(nil)), log.logger(), router.WithMargin(time.Hour)).Invoke(ctx,
			event("aaa"))
		answers(t, answer, err, answerFrom(0))
		if text := log.String(); !strings.Contains(text, "leaves no time") || strings.Count(text, "\n") != 1 {
			t.Errorf("logged %s", text)
		}
	}
}

// TestGuardAndMemory: what was done beside an abandoned call is remembered;
// what that call does later is not.
func TestGuardAndMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &keyed{}
		first := true
		r := router.New(router.Partition(func(_ context.Context, key []byte, recs []decoder.Record) error {
			if first && string(key) == "b" {
				time.Sleep(time.Hour)
				return nil
			}
			return k.handle(pointers(recs))
		}), quiet(), router.WithRedeliveryMemory(100))
		ctx, cancel := context.WithTimeout(t.Context(), guardDeadline)
		defer cancel()
		answer, err := r.Invoke(ctx, event("abcbac"))
		answers(t, answer, err, answerFrom(1))
		if got := k.took(); got != "0 2 4 5" {
			t.Errorf("handled %s", got)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		first = false
		answer, err = r.Invoke(t.Context(), redelivered(event("abcbac"), 1))
		answers(t, answer, err, allDone)
		if got := k.took(); got != "1 3" {
			t.Errorf("handled %s", got)
		}
	})
}

// TestGoexit: a handler that ends its goroutine has not got its record done.
// Where Invoke has a goroutine of its own for it, that is a failure like
// others.
func TestGoexit(t *testing.T) {
	react := on(1, func(*decoder.Record) error { runtime.Goexit(); return nil })
	for _, s := range shapes(single, sliced) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		first := 0
		for _, o := range single {
			if o.name == s.name {
				first = 1
			}
		}
		answer, err := router.New(s.handler(react), quiet()).Invoke(ctx, event("aaa"))
		answers(t, answer, err, answerFrom(first))
		answer, err = router.New(s.handler(react), quiet(), router.WithWholeBatch()).Invoke(ctx, event("aaa"))
		fails(t, answer, err, "ended its goroutine")
	}
	// Without a deadline handlers run on the goroutine that calls Invoke, or
	// beside it.
	var wg sync.WaitGroup
	wg.Go(func() {
		_, _ = router.New(single[0].handler(react), quiet()).Invoke(t.Context(), event("aaa"))
		t.Error("Invoke has returned")
	})
	wg.Wait()
	answer, err := router.New(router.Partition(func(_ context.Context, key []byte, _ []decoder.Record) error {
		if string(key) == "b" {
			runtime.Goexit()
		}
		return nil
	}), quiet()).Invoke(t.Context(), event("aba"))
	answers(t, answer, err, answerFrom(1))

	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	answer, err = router.New(tumbling.handler(func([]*decoder.Record) error {
		runtime.Goexit()
		return nil
	}), quiet()).Invoke(ctx, windowEvent("", "1"))
	fails(t, answer, err, "ended its goroutine")
}

// TestCancelled: a context that is cancelled for other reasons stops the work
// too, but nothing is abandoned before the deadline.
func TestCancelled(t *testing.T) {
	for _, s := range contextShapes {
		ctx, cancel := context.WithCancel(t.Context())
		answer, err := router.New(s.handler(func(_ context.Context, first int) error {
			if first == 2 {
				cancel()
			}
			return nil
		}), oneByOneOptions()...).Invoke(ctx, event("aaaaa"))
		answers(t, answer, err, answerFrom(3))
	}
}

// TestGuardKeepsErrors: errors of handlers that have returned in time are those
// of the answer.
func TestGuardKeepsErrors(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	for _, s := range shapes(single, sliced) {
		answer, err := router.New(s.handler(at(0, fail)), quiet()).Invoke(ctx, event("aa"))
		fails(t, answer, err, "boom")
		if !errors.Is(err, errBoom) {
			t.Errorf("%v does not wrap the handler's error", err)
		}
	}
}

// TestStragglerOfAggregates: nor do user records, and compressed data, hold
// anything of the event.
func TestStragglerOfAggregates(t *testing.T) {
	for _, s := range shapes(single, sliced) {
		t.Run(s.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := aggregates("a", "aaaa", "a")
				var want []decoder.Record
				read := decoder.Decoder{Deaggregate: true, Codec: decoder.Auto}
				for rec, err := range read.Records(e) {
					if err != nil {
						t.Fatal(err)
					}
					want = append(want, rec.Clone())
				}
				first := atomic.Bool{}
				r := router.New(s.handler(func(recs []*decoder.Record) error {
					rec := recs[0]
					if isSingle(s) && rec.SubSequenceNumber != 2 || first.Swap(true) {
						return nil
					}
					time.Sleep(time.Hour)
					for _, rec := range recs {
						w := &want[rec.Index]
						if rec.Index > 0 {
							w = &want[rec.Index+rec.SubSequenceNumber]
						}
						if rec.Index == 2 {
							w = &want[5]
						}
						if !bytes.Equal(rec.PartitionKey, w.PartitionKey) ||
							!bytes.Equal(rec.SequenceNumber, w.SequenceNumber) ||
							!bytes.Equal(rec.Data, w.Data) || !bytes.Equal(rec.EventID, w.EventID) {
							t.Errorf("record %s reads %s %s %s %s", placeOf(rec), rec.PartitionKey, rec.SequenceNumber,
								rec.Data, rec.EventID)
						}
					}
					return nil
				}), quiet(), router.WithDecoder(read), router.WithMargin(guardMargin))
				ctx, cancel := context.WithTimeout(t.Context(), guardDeadline)
				defer cancel()
				answer, err := r.Invoke(ctx, e)
				if isSingle(s) {
					answers(t, answer, err, answerFrom(1))
				} else {
					answers(t, answer, err, answerFrom(0))
				}
				clear(e)
				for range 3 {
					again, err := r.Invoke(t.Context(), aggregates("b", "bbbb", "b"))
					answers(t, again, err, allDone)
				}
				time.Sleep(2 * time.Hour)
			})
		})
	}
}
