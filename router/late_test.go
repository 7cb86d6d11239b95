package router_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/internal/cause"
	"example.com/sluice/router"
)

// This file is about what comes too late, and about what is said of it.

// decodingFor is an unmarshal that takes its time.
func decodingFor(d time.Duration) func([]byte, any) error {
	return func(data []byte, v any) error {
		time.Sleep(d)
		return json.Unmarshal(data, v)
	}
}

// TestDecodingTakesAllTime: a handler is not called once the time is up, not
// even by a call that was abandoned.
func TestDecodingTakesAllTime(t *testing.T) {
	handlers := func(called func()) map[string]router.Handler {
		unmarshal := decodingFor(time.Hour)
		return map[string]router.Handler{
			"Typed": router.Typed(unmarshal, func(context.Context, *decoder.Record, *int) error {
				called()
				return nil
			}),
			"TypedBatch": router.TypedBatch(unmarshal, func(context.Context, []router.Item[int]) error {
				called()
				return nil
			}),
			"TypedPartition": router.TypedPartition(unmarshal, func(context.Context, []byte, []router.Item[int]) error {
				called()
				return nil
			}),
		}
	}
	for name := range handlers(nil) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := handlers(func() { t.Error("the handler was called") })[name]
				ctx, cancel := context.WithTimeout(t.Context(), guardDeadline)
				defer cancel()
				answer, err := router.New(h, oneByOneOptions()...).Invoke(ctx, event("aaa"))
				answers(t, answer, err, answerFrom(0))
				time.Sleep(24 * time.Hour) // the straggler returns
			})
		})
	}
}

// TestDecodingLeavesTime: what a slice has decoded is handled, however many
// there are behind it.
func TestDecodingLeavesTime(t *testing.T) {
	for _, s := range []string{"TypedBatch", "TypedPartition"} {
		synctest.Test(t, func(t *testing.T) {
			var j journal
			note := func(items []router.Item[int]) error {
				j.note("", beside(items)...)
				return nil
			}
			h := router.TypedBatch(decodingFor(time.Second), func(_ context.Context, items []router.Item[int]) error {
				return note(items)
			})
			if s == "TypedPartition" {
				h = router.TypedPartition(decodingFor(time.Second),
					func(_ context.Context, _ []byte, items []router.Item[int]) error {
						return note(items)
					})
			}
			ctx, cancel := context.WithTimeout(t.Context(), guardDeadline)
			defer cancel()
			answer, err := router.New(h, quiet(), router.WithMargin(guardMargin)).Invoke(ctx, event("aaaaaaaa"))
			answers(t, answer, err, answerFrom(4))
			j.got(t, "[0 1 2] [3]")
			time.Sleep(time.Hour)
		})
	}
}

// TestReasonIsThatOfTheNamedRecord: a failure behind the record that an answer
// names is not why it is named.
func TestReasonIsThatOfTheNamedRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := router.Partition(func(_ context.Context, key []byte, _ []decoder.Record) error {
			if string(key) == "a" {
				time.Sleep(time.Hour)
			}
			return errBoom
		})
		var why error
		ctx, cancel := context.WithTimeout(t.Context(), guardDeadline)
		defer cancel()
		ctx = cause.With(ctx, &cause.Sink{
			NotDone: func(err error) { why = err }, Skipped: func(error) {},
			Abandoned: func(<-chan struct{}) {},
		})
		answer, err := router.New(h, oneByOneOptions()...).Invoke(ctx, event("ab"))
		answers(t, answer, err, answerFrom(0))
		if why == nil || errors.Is(why, errBoom) {
			t.Errorf("record 0 is said to be not done for %v", why)
		}
		time.Sleep(2 * time.Hour)
	})
}

// TestAggregateWithoutProgress: an aggregate that takes longer than there is
// time comes again and again, and the log says so.
func TestAggregateWithoutProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lockedBuffer
		h := router.Each(func(context.Context, *decoder.Record) error { time.Sleep(3 * time.Second); return nil })
		ctx, cancel := context.WithTimeout(t.Context(), guardDeadline)
		defer cancel()
		r := router.New(h, deaggregate(), router.WithMargin(guardMargin),
			router.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		answer, err := r.Invoke(ctx, aggregates("aaaa", "a"))
		answers(t, answer, err, answerFrom(0))
		if !strings.Contains(log.String(), "no progress") {
			t.Errorf("the log is %s", &log)
		}
		time.Sleep(time.Hour)
	})
}

// TestHooksThatPanic: a hook that only looks on makes nothing come again.
func TestHooksThatPanic(t *testing.T) {
	for _, s := range shapes(single, sliced) {
		var log lockedBuffer
		said := 0
		r := router.New(s.handler(at(1, router.Skip(errBoom))),
			router.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
			router.WithLogKeys(func([]byte) string { panic("at the disco") }),
			router.WithStats(func(context.Context, router.Stats) { panic("in the hook") }),
			router.WithStats(func(context.Context, router.Stats) { said++ }))
		answer, err := r.Invoke(t.Context(), event("aaa"))
		answers(t, answer, err, allDone)
		if said != 1 || !strings.Contains(log.String(), "in the hook") ||
			!strings.Contains(log.String(), "record skipped") {
			t.Errorf("%s: the log is %s", s.name, &log)
		}
	}
}

// TestPipesTwins: an event id that a later record has too might be taken for
// that one, and the records between for done.
func TestPipesTwins(t *testing.T) {
	twins := bytes.Replace(pipeEvent("aaaa"), []byte(`"`+pipeShard+numberOf(3)+`"`),
		[]byte(`"`+pipeShard+numberOf(1)+`"`), 1)
	for _, s := range shapes(single, sliced) {
		answer, err := router.New(s.handler(at(1, errBoom)), quiet()).Invoke(t.Context(), twins)
		fails(t, answer, err, "record behind it")
		answer, err = router.New(s.handler(at(2, errBoom)), quiet()).Invoke(t.Context(), twins)
		if want := `{"batchItemFailures":[{"itemIdentifier":"` + pipeShard + numberOf(2) + `"}]}`; isSingle(s) ||
			s.name != "Partition" {
			answers(t, answer, err, want)
		}
	}
}

// slowError is an error whose methods take long.
type slowError struct{ unwraps bool }

func (e *slowError) Error() string {
	if !e.unwraps {
		time.Sleep(time.Hour)
	}
	return "slow"
}

func (e *slowError) Unwrap() error {
	if e.unwraps {
		time.Sleep(time.Hour)
	}
	return nil
}

// TestErrorsThatBlock: the methods of an error are user code too, and may not
// hold up the answer.
func TestErrorsThatBlock(t *testing.T) {
	for _, s := range shapes(single, sliced) {
		for name, wrap := range map[string]func(error) error{
			"plain": func(err error) error { return err }, "Bad": router.Bad, "Skip": router.Skip,
		} {
			for _, e := range []*slowError{{true}, {false}} {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(t.Context(), guardDeadline)
					defer cancel()
					began := time.Now()
					r := router.New(s.handler(at(1, wrap(e))), oneByOneOptions()...)
					answer, err := r.Invoke(ctx, event("aaa"))
					if took := time.Since(began); took > guardDeadline {
						t.Errorf("%s, %s: answered after %v: %s, %v", s.name, name, took, answer, err)
					}
					time.Sleep(24 * time.Hour)
				})
			}
		}
	}
}
