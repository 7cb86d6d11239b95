//go:build race || poison

package router_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

// This file is about views that are kept too long. Where released memory is
// overwritten, as under the race detector and with the tag poison, a handler
// that does so is caught: what it has kept reads as '#', or its record as an
// empty one.

// TestKeptViewsAreCaught: in every shape, what a handler has kept is gone after
// the invocation.
func TestKeptViewsAreCaught(t *testing.T) {
	for _, deadline := range []bool{false, true} {
		for _, s := range shapes(single, sliced) {
			t.Run(s.name, func(t *testing.T) {
				var mu sync.Mutex
				var views [][]byte
				var kept []*decoder.Record
				h := s.handler(func(recs []*decoder.Record) error {
					mu.Lock()
					defer mu.Unlock()
					for _, rec := range recs {
						views = append(views, rec.PartitionKey, rec.SequenceNumber, rec.Data, rec.EventID)
						kept = append(kept, rec)
					}
					return nil
				})
				ctx := t.Context()
				if deadline {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, time.Hour)
					defer cancel()
				}
				e := routertest.Event{Records: 5, Keys: 2, Start: time.Unix(1600000000, 0), Data: func(int) []byte {
					return []byte("123456")
				}}
				answer, err := router.New(h, quiet()).Invoke(ctx, e.Bytes())
				answers(t, answer, err, allDone)
				for _, v := range views {
					if strings.Trim(string(v), "#") != "" {
						t.Errorf("a kept view reads %q", v)
					}
				}
				for _, rec := range kept {
					if rec.Source != nil {
						t.Errorf("a kept record reads %v", *rec)
					}
				}
			})
		}
	}
}

// TestViewsAreNoCopies: what TestCopiesMayBeKept finds kept is gone without
// WithCopies, all of it.
func TestViewsAreNoCopies(t *testing.T) {
	keepers(t, func(t *testing.T, k *keeper, kept int) {
		if same := k.same(); same != 0 {
			t.Errorf("%d of %d things that were kept read as they did", same, kept)
		}
	})
}

// TestKeptViewsOfTheLastRecord: in a loop over records, a view is gone as soon
// as the next record is there.
func TestKeptViewsOfTheLastRecord(t *testing.T) {
	var last []byte
	var was string
	h := router.Each(func(_ context.Context, rec *decoder.Record) error {
		if was != "" && string(last) == was {
			t.Errorf("the view of the record before still reads %q", last)
		}
		last, was = rec.Data, string(rec.Data)
		return nil
	})
	answer, err := router.New(h, quiet()).Invoke(t.Context(), routertest.Event{Records: 5, Size: 40}.Bytes())
	answers(t, answer, err, allDone)
}

// TestOwnCodeKeepsNothing: what the router itself keeps of a record, for
// errors, counters, logs and its memories, is its own.
func TestOwnCodeKeepsNothing(t *testing.T) {
	for _, s := range shapes(single, sliced) {
		t.Run(s.name, func(t *testing.T) {
			var stats router.Stats
			var log lockedBuffer
			opts := []router.Option{
				log.logger(), router.WithStats(func(_ context.Context, s router.Stats) { stats = s }),
				router.WithPoison(2, func(_ context.Context, rec *decoder.Record, err error) error {
					log.Write([]byte(rec.SequenceNumber))
					return nil
				}), router.WithRedeliveryMemory(10),
			}
			r := router.New(s.handler(at(1, errBoom)), opts...)
			answer, err := r.Invoke(t.Context(), event("abba"))
			answers(t, answer, err, answerFrom(1))
			_, failed := router.New(s.handler(at(1, fail)), quiet()).Invoke(t.Context(), event("abba"))
			_, _ = r.Invoke(t.Context(), event("abba"))
			for what, text := range map[string]string{
				"answer": string(answer), "error": failed.Error(),
				"log": log.String(), "checkpoint": stats.Checkpoint, "source": stats.Source.EventSourceARN,
			} {
				if strings.Contains(text, "##") {
					t.Errorf("%s: %s", what, text)
				}
			}
		})
	}
}

// TestValuesMayBeKept: what is decoded from a payload, and a window's state,
// are the handler's own.
func TestValuesMayBeKept(t *testing.T) {
	type text struct{ Text string }
	e := routertest.Event{Records: 3, Keys: 1, Data: func(int) []byte { return []byte(`{"Text":"hello"}`) }}
	var kept []*text
	var values []router.Item[text]
	for _, h := range []router.Handler{
		router.JSON(func(_ context.Context, _ *decoder.Record, v *text) error { kept = append(kept, v); return nil }),
		router.TypedBatch(json.Unmarshal, func(_ context.Context, items []router.Item[text]) error {
			values = append(values, items...)
			return nil
		}),
		router.TypedPartition(json.Unmarshal, func(_ context.Context, _ []byte, items []router.Item[text]) error {
			values = append(values, items...)
			return nil
		}),
	} {
		answer, err := router.New(h, quiet()).Invoke(t.Context(), e.Bytes())
		answers(t, answer, err, allDone)
	}
	for _, item := range values {
		kept = append(kept, &item.Value)
	}
	for _, v := range kept {
		if v.Text != "hello" {
			t.Errorf("a kept value reads %q", v.Text)
		}
	}
	if len(kept) != 9 {
		t.Errorf("%d values, want 9", len(kept))
	}
}
