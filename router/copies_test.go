package router_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fastjson"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
)

// This file is about WithCopies: what handlers have kept is as it was, whatever
// comes after. lifetime_test.go says what becomes of it without.

// keeper keeps what it is given, and notes how it reads at once.
type keeper struct {
	mu    sync.Mutex
	texts []func() string
	were  []string
}

func (k *keeper) keep(text func() string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.texts, k.were = append(k.texts, text), append(k.were, text())
}

func (k *keeper) record(rec *decoder.Record) {
	k.keep(func() string { return textOf(rec) })
	value := *rec
	k.keep(func() string { return textOf(&value) })
}

func (k *keeper) bytes(b []byte) { k.keep(func() string { return string(b) }) }

// same is how much of what was kept still reads as it did.
func (k *keeper) same() int {
	n := 0
	for i, text := range k.texts {
		if text() == k.were[i] {
			n++
		}
	}
	return n
}

func textOf(rec *decoder.Record) string {
	arn := ""
	if rec.Source != nil {
		arn = rec.EventSourceARN
	}
	return fmt.Sprintf("%q %q %q %q %q %v %d %d %s", rec.PartitionKey, rec.SequenceNumber, rec.Data, rec.EventID,
		rec.ExplicitHashKey,
		rec.ApproximateArrivalTimestamp, rec.Index, rec.SubSequenceNumber, arn)
}

// keeping is a handler that keeps what it gets, and events that it gets it
// from: the second is there to overwrite.
type keeping struct {
	name          string
	handler       func(k *keeper) router.Handler
	event, second []byte
	opts          func(k *keeper) []router.Option
}

func everyKeeper() []keeping {
	none := func(*keeper) []router.Option { return nil }
	var list []keeping
	for _, s := range shapes(single, sliced, []shape{tumbling}) {
		h := func(k *keeper) router.Handler {
			return s.handler(func(recs []*decoder.Record) error {
				for _, rec := range recs {
					k.record(rec)
				}
				return nil
			})
		}
		e, second := event("abcba"), event("wxyzxyzw")
		if s.name == "Tumbling" {
			e, second = windowEvent("abcba", "{}"), windowEvent("wxyzxyzw", "{}")
		}
		list = append(list, keeping{s.name, h, e, second, none})
	}
	fails := func(*keeper) router.Handler {
		return router.Each(func(context.Context, *decoder.Record) error { return errBoom })
	}
	keep := func(k *keeper) func(context.Context, *decoder.Record, error) error {
		return func(_ context.Context, rec *decoder.Record, _ error) error { k.record(rec); return nil }
	}
	return append(list,
		keeping{"key", func(k *keeper) router.Handler {
			return router.Partition(func(_ context.Context, key []byte, recs []decoder.Record) error {
				k.bytes(key)
				return nil
			})
		}, event("abcba"), event("wxyzxyzw"), none},
		keeping{"aggregates", func(k *keeper) router.Handler {
			return router.Batch(func(_ context.Context, recs []decoder.Record) error {
				k.record(&recs[len(recs)-1])
				return nil
			})
		}, aggregates("abc", "d"), aggregates("wxy", "z"), func(*keeper) []router.Option {
			return []router.Option{router.WithDecoder(decoder.Decoder{Deaggregate: true})}
		}},
		keeping{"JSONValue", func(k *keeper) router.Handler {
			return router.JSONValue(func(_ context.Context, rec *decoder.Record, _ *fastjson.Value) error {
				k.record(rec)
				return nil
			})
		}, event("abcba"), event("wxyzxyzw"), none},
		keeping{"WithOnBad", fails, event("a!b!c!"), event("w!x!y!z!"), func(k *keeper) []router.Option {
			return []router.Option{router.WithOnBad(keep(k))}
		}},
		keeping{"WithPoison", fails, event("abcba"), event("wxyzxyzw"), func(k *keeper) []router.Option {
			return []router.Option{router.WithPoison(1, keep(k))}
		}},
		keeping{"WithCallHook", func(*keeper) router.Handler {
			return router.Batch(func(context.Context, []decoder.Record) error { return nil })
		}, event("abcba"), event("wxyzxyzw"), func(k *keeper) []router.Option {
			return []router.Option{router.WithCallHook(func(ctx context.Context, c router.CallInfo) (context.Context,
				func(error),
			) {
				k.record(c.First)
				k.record(c.Last)
				return ctx, nil
			})}
		}},
	)
}

// keepers calls f with a keeper that has kept what it was given, in every
// shape, and how many things it was.
func keepers(t *testing.T, f func(t *testing.T, k *keeper, kept int), opts ...router.Option) {
	for _, c := range everyKeeper() {
		for _, deadline := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/deadline=%t", c.name, deadline), func(t *testing.T) {
				ctx := t.Context()
				if deadline {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, time.Hour)
					defer cancel()
				}
				k := new(keeper)
				r := router.New(c.handler(k), append(append(c.opts(k), quiet()), opts...)...)
				e := bytes.Clone(c.event)
				if _, err := r.Invoke(ctx, e); err != nil {
					t.Fatal(err)
				}
				kept := len(k.texts)
				if kept == 0 {
					t.Fatal("nothing was kept")
				}
				clear(e) // as aws-lambda-go's buffer is when the next event comes
				for range 3 {
					if _, err := r.Invoke(ctx, c.second); err != nil {
						t.Fatal(err)
					}
				}
				k.texts, k.were = k.texts[:kept], k.were[:kept]
				f(t, k, kept)
			})
		}
	}
}

// TestCopiesMayBeKept: with WithCopies, in every shape, all that handlers and
// hooks get of records.
func TestCopiesMayBeKept(t *testing.T) {
	keepers(t, func(t *testing.T, k *keeper, kept int) {
		if same := k.same(); same != kept {
			t.Errorf("%d of %d things that were kept read otherwise", kept-same, kept)
		}
	}, router.WithCopies())
}

// TestCopiesAreApart: what a handler writes to its copies, or appends to one of
// their slices, reaches no other.
func TestCopiesAreApart(t *testing.T) {
	var recs []*decoder.Record
	h := router.Batch(func(_ context.Context, all []decoder.Record) error {
		recs = append(recs, pointers(all)...)
		return nil
	})
	answer, err := router.New(h, router.WithCopies(), router.WithBatchSize(2)).Invoke(t.Context(), event("abcd"))
	answers(t, answer, err, allDone)
	for n, rec := range recs {
		if want := fmt.Sprintf("%q %q %q", string(rune('a'+n)), numberOf(n),
			fmt.Sprint(n)); fmt.Sprintf("%q %q %q", rec.PartitionKey, rec.SequenceNumber, rec.Data) != want {
			t.Errorf("record %d is %v, want %s", n, rec, want)
		}
		for _, b := range [][]byte{rec.PartitionKey, rec.SequenceNumber, rec.Data, rec.EventID} {
			if cap(b) != len(b) {
				t.Errorf("record %d: an append writes to what is behind %q", n, b)
			}
			clear(b)
		}
		if rec.ExplicitHashKey != nil {
			t.Errorf("record %d: a hash key that it has not", n)
		}
	}
}

// TestCopiesOfFailures: the answer, the error and the retry of a slice are of
// the event, whatever a handler has done to its copies.
func TestCopiesOfFailures(t *testing.T) {
	for _, s := range shapes(single, sliced) {
		r := router.New(s.handler(func(recs []*decoder.Record) error {
			for _, rec := range recs {
				if rec.Index == 1 {
					err := router.At(rec, errBoom)
					clear(rec.SequenceNumber)
					rec.Index = 0
					return err
				}
			}
			return nil
		}), quiet(), router.WithCopies())
		answer, err := r.Invoke(t.Context(), event("aaa"))
		answers(t, answer, err, answerFrom(1))
	}
}
