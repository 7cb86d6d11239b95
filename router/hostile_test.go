package router_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

// This file is about handlers that do what they may not have been expected to
// do: with their records, and with their errors. None of it may lose a record,
// take Invoke down, or show in another record.

// rearranged is a handler that changes the order of the slice that it was
// given, or overwrites parts of it, and then returns an error for the record
// that was at 1.
type rearranged struct {
	change string
	err    func(second *decoder.Record) error
}

// rearrange is what sorting, filtering in place and compacting do to a slice.
func rearrange[T any](change string, s []T) {
	switch change {
	case "reverse":
		slices.Reverse(s)
	case "filter":
		copy(s, s[len(s)/2:])
	case "clear":
		clear(s)
	}
}

// handlers are h in the shapes that get slices.
func (h rearranged) handlers(j *journal) map[string]router.Handler {
	onRecords := func(recs []decoder.Record) error {
		j.note("", pointers(recs)...)
		if len(recs) < 4 {
			return nil
		}
		second := recs[1].Clone()
		rearrange(h.change, recs)
		return h.err(&second)
	}
	onItems := func(items []router.Item[int]) error {
		j.note("", beside(items)...)
		if len(items) < 4 {
			return nil
		}
		second := items[1].Clone()
		rearrange(h.change, items)
		return h.err(&second)
	}
	return map[string]router.Handler{
		"Batch": router.Batch(func(_ context.Context, recs []decoder.Record) error { return onRecords(recs) }),
		"Partition": router.Partition(func(_ context.Context, _ []byte, recs []decoder.Record) error {
			return onRecords(recs)
		}),
		"ByTime": router.ByTime{Handle: func(_ context.Context, _ time.Time, recs []decoder.Record) error {
			return onRecords(recs)
		}},
		"Tumbling": router.Tumbling(func(_ context.Context, _ *decoder.Window, _ *int, recs []decoder.Record) error {
			return onRecords(recs)
		}),
		"TypedBatch": router.TypedBatch(json.Unmarshal, func(_ context.Context, items []router.Item[int]) error {
			return onItems(items)
		}),
		"TypedPartition": router.TypedPartition(json.Unmarshal,
			func(_ context.Context, _ []byte, items []router.Item[int]) error {
				return onItems(items)
			}),
	}
}

// TestHandlerRearrangesItsSlice: a handler that sorts its records, or filters
// them in place, and then fails, must not move the checkpoint to a record
// behind others that are not done.
func TestHandlerRearrangesItsSlice(t *testing.T) {
	for _, change := range []string{"reverse", "filter", "clear"} {
		for _, c := range []struct {
			name  string
			err   func(second *decoder.Record) error
			first int
			calls string
		}{
			{"plain", func(*decoder.Record) error { return errBoom }, 0, "[0 1 2 3]"},
			{"At", func(second *decoder.Record) error { return router.At(second, errBoom) }, 1, "[0 1 2 3]"},
			{"Skip", func(second *decoder.Record) error { return router.At(second, skip) }, none, "[0 1 2 3] [2 3]"},
			{"panic", func(*decoder.Record) error { panic("at the disco") }, 0, "[0 1 2 3]"},
		} {
			var j journal
			for shape, h := range (rearranged{change, c.err}).handlers(&j) {
				t.Run(change+"/"+c.name+"/"+shape, func(t *testing.T) {
					defer reportPanic(t)
					j.calls = nil
					r := router.New(h, quiet())
					if shape == "Tumbling" {
						answer, err := r.Invoke(t.Context(), windowEvent("aaaa", "7"))
						if c.first == none {
							answers(t, answer, err, `{"state":7,"batchItemFailures":[]}`)
						} else {
							fails(t, answer, err, "sequence number "+numberOf(c.first))
						}
					} else {
						answer, err := r.Invoke(t.Context(), event("aaaa"))
						if c.first == none {
							answers(t, answer, err, allDone)
						} else {
							answers(t, answer, err, answerFrom(c.first))
						}
					}
					j.got(t, c.calls)
				})
			}
		}
	}
}

// reportPanic makes a panic of Invoke a failure of its test alone.
func reportPanic(t *testing.T) {
	if p := recover(); p != nil {
		t.Errorf("Invoke panicked: %v", p)
	}
}

// TestHandlerAppendsToViews: append(rec.PartitionKey, rec.SequenceNumber...) is
// how a composite key is made. It must not write over what stands behind the
// view in the event: the record's own number, the records to come, the caller's
// memory.
func TestHandlerAppendsToViews(t *testing.T) {
	e := routertest.Event{Records: 4, Size: 40, Keys: 1, Start: time.Unix(1600000000, 0)}
	want := e.All()
	suffix := bytes.Repeat([]byte("0"), 150)
	look := func(t *testing.T, rec *decoder.Record) error {
		for _, view := range [][]byte{rec.PartitionKey, rec.SequenceNumber, rec.Data, rec.EventID} {
			_ = append(view, suffix...)
		}
		w := &want[rec.Index]
		if !bytes.Equal(rec.PartitionKey, w.PartitionKey) || !bytes.Equal(rec.SequenceNumber, w.SequenceNumber) ||
			!bytes.Equal(rec.Data, w.Data) || !bytes.Equal(rec.EventID, w.EventID) {
			t.Errorf("record %d reads %s %s %s %s", rec.Index, rec.PartitionKey, rec.SequenceNumber, rec.Data,
				rec.EventID)
		}
		if rec.Index == 2 {
			return router.At(rec, errBoom)
		}
		return nil
	}
	for _, s := range shapes(single, sliced) {
		t.Run(s.name, func(t *testing.T) {
			handler := s.handler(func(recs []*decoder.Record) error {
				for _, rec := range recs {
					if err := look(t, rec); err != nil {
						return err
					}
				}
				return nil
			})
			if s.name == "Typed" || s.name == "JSON" || s.name == "TypedBatch" || s.name == "TypedPartition" {
				e.Data = func(int) []byte { return []byte("1234") }
			} else {
				e.Data = nil
			}
			want = e.All()
			event := e.Bytes()
			answer, err := router.New(handler, quiet()).Invoke(t.Context(), event)
			answers(t, answer, err, `{"batchItemFailures":[{"itemIdentifier":"`+string(want[2].SequenceNumber)+`"}]}`)
			if !bytes.Equal(event, e.Bytes()) {
				t.Error("the event was written to")
			}
		})
	}
}

// TestFallbackIsForForeignEventsAlone: an error of a handler, or what WithOnBad
// returns, may be a *decoder.Error that says that something is not from
// Kinesis. The event is, and its handlers have been called: it must not go to
// the fallback.
func TestFallbackIsForForeignEventsAlone(t *testing.T) {
	nested := func([]*decoder.Record) error {
		for _, err := range decoder.Records([]byte(`{"Records":[{"eventSource":"aws:sqs"}]}`)) {
			return err
		}
		return nil
	}
	foreign := fallback(func([]byte) ([]byte, error) {
		t.Error("a Kinesis event went to the fallback")
		return []byte("{}"), nil
	})
	for _, s := range single {
		answer, err := router.New(s.handler(nested), quiet(), router.WithWholeBatch(),
			router.WithFallback(foreign)).Invoke(t.Context(), event("a"))
		fails(t, answer, err, "not a Kinesis event")
	}
	mixed := []byte(`{"Records":[` + record(0, "a", ' ') + `,{"eventSource":"aws:sqs"}]}`)
	asItIs := router.WithOnBad(func(_ context.Context, _ *decoder.Record, err error) error { return err })
	for _, s := range shapes(single, sliced) {
		answer, err := router.New(s.handler(always(nil)), quiet(), asItIs, router.WithWholeBatch(),
			router.WithFallback(foreign)).Invoke(t.Context(), mixed)
		fails(t, answer, err, "not a Kinesis event")
	}
}

// brittle is a state whose methods panic.
type brittle struct{}

func (b *brittle) UnmarshalJSON(text []byte) error {
	if string(text) == `"in"` {
		panic("at the disco")
	}
	return nil
}

func (b brittle) MarshalJSON() ([]byte, error) { panic("at the disco") }

// TestStateThatPanics: the methods of a state are user code. Where one Lambda
// process serves several invocations, a panic that leaves Invoke ends them all.
func TestStateThatPanics(t *testing.T) {
	for _, state := range []string{`"in"`, `"out"`} {
		t.Run(state, func(t *testing.T) {
			defer reportPanic(t)
			h := router.Tumbling(func(context.Context, *decoder.Window, *brittle, []decoder.Record) error {
				return nil
			})
			answer, err := router.New(h, quiet()).Invoke(t.Context(), windowEvent("a", state))
			fails(t, answer, err, "panic")
		})
	}
}

// TestAtRecordOfAnotherEvent: a record that only has the index of one in the
// slice is not in it. Handlers that make records out of records (Index is 0
// then), or keep one from an earlier invocation, must not skip or pass over
// records of this one.
func TestAtRecordOfAnotherEvent(t *testing.T) {
	derived := &decoder.Record{Data: []byte("made by the handler")}
	earlier := &decoder.Record{Index: 1, SequenceNumber: []byte("7")}
	for _, c := range []clause{
		{name: "derived, Skip", react: always(router.At(derived, skip)), first: 0, calls: "[0 1 2]"},
		{name: "earlier", react: always(router.At(earlier, errBoom)), first: 0, calls: "[0 1 2]"},
		{name: "earlier, Skip", react: always(router.At(earlier, skip)), first: 0, calls: "[0 1 2]"},
	} {
		c.letters = "aaa"
		for _, s := range sliced {
			c.check(t, s)
		}
	}
}

// TestPanicWithAPlace: a panic is no return, so At in its value does not say
// that the records before it are done.
func TestPanicWithAPlace(t *testing.T) {
	react := on(2, func(rec *decoder.Record) error { panic(router.At(rec, errBoom)) })
	for _, s := range sliced {
		clause{name: "At", letters: "aaa", react: react, first: 0, calls: "[0 1 2]"}.check(t, s)
	}
}

// TestErrorsThatPanic: an error's own methods are user code too. A nil pointer
// in an error, which a handler that declares "var err *MyError" returns where
// it means none, has methods that panic.
func TestErrorsThatPanic(t *testing.T) {
	var null *decoder.Error
	for _, s := range single {
		clause{name: "nil pointer", letters: "aaa", react: on(1, func(*decoder.Record) error {
			return null
		}), first: 1, calls: "[0] [1]"}.checkNoPanic(t, s)
	}
	for _, s := range sliced {
		clause{name: "nil pointer", letters: "aaa", react: always(null), first: 0, calls: "[0 1 2]"}.checkNoPanic(t, s)
	}
	for _, s := range single {
		clause{name: "panic with one", letters: "aaa", react: on(1, func(*decoder.Record) error {
			panic(null)
		}), first: 1, calls: "[0] [1]"}.checkNoPanic(t, s)
	}
}

// endless is an error that wraps itself.
type endless struct{}

func (endless) Error() string { return "endless" }
func (endless) Unwrap() error { return endless{} }

// TestErrorsWithoutEnd: an error that wraps itself, or so many others that
// looking at all of them would take for ever, is a plain one.
func TestErrorsWithoutEnd(t *testing.T) {
	doubled := skip
	for range 40 {
		doubled = errors.Join(doubled, doubled)
	}
	deep := skip
	for range 2000 {
		deep = fmt.Errorf("%w", deep)
	}
	for name, err := range map[string]error{"endless": router.Skip(endless{}), "doubled": doubled, "deep": deep} {
		for _, s := range single {
			clause{name: name, letters: "aaa", react: on(1, func(*decoder.Record) error {
				return errorOf(err)
			}), first: 1, calls: "[0] [1]"}.checkNoPanic(t, s)
		}
		for _, s := range sliced {
			clause{
				name: name, letters: "aaa", react: at(1, errorOf(err)), first: 0,
				calls: "[0 1 2]",
			}.checkNoPanic(t, s)
		}
	}
	// Many skipped records of one slice are no such thing.
	n := 5000
	all := router.Batch(func(_ context.Context, recs []decoder.Record) error {
		var errs []error
		for i := range recs {
			errs = append(errs, router.At(&recs[i], skip))
		}
		return errors.Join(errs...)
	})
	answer, err := router.New(all, quiet(), router.WithBatchSize(n)).Invoke(t.Context(),
		routertest.Event{Records: n}.Bytes())
	answers(t, answer, err, allDone)
}

// errorOf hides the text of an error, which may be as long as the error has
// parts.
func errorOf(err error) error { return hidden{err} }

type hidden struct{ err error }

func (hidden) Error() string   { return "hidden" }
func (h hidden) Unwrap() error { return h.err }

// checkNoPanic is check for what may panic: that of one clause must not hide
// the others.
func (c clause) checkNoPanic(t *testing.T, s shape) {
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("%s: Invoke panicked: %v", s.name, p)
		}
	}()
	var j journal
	opts := append([]router.Option{quiet()}, c.opts...)
	answer, err := router.New(s.handler(j.noting(c.react)), opts...).Invoke(t.Context(), event(c.letters))
	answers(t, answer, err, answerFrom(c.first))
	j.got(t, c.calls)
}

// TestWhole names the record whose error it gives, also where one before it was
// not started.
func TestWholeBatchNamesTheRecordOfItsError(t *testing.T) {
	// The key a has records 0 and 2 in one call, which fails at 2 before b's
	// record 1 is started.
	handler := router.Partition(func(_ context.Context, key []byte, recs []decoder.Record) error {
		return at(2, errBoom)(pointers(recs))
	})
	answer, err := router.New(handler, quiet(), router.WithWholeBatch(), router.WithWorkers(1)).Invoke(t.Context(),
		event("aba"))
	fails(t, answer, err, "record 2 (sequence number "+numberOf(2)+"): boom")
}

// TestHandlerOverwritesItsRecord: what is said of a record, and what the next
// one is, does not depend on what a handler makes of its copy.
func TestHandlerOverwritesItsRecord(t *testing.T) {
	for _, s := range single {
		for _, c := range []struct {
			err   error
			first int
			fails string
			logs  string
		}{
			{errBoom, 1, "", `"sequenceNumber":"101"`},
			{skip, none, "", `"sequenceNumber":"101"`},
			{fail, none, "record 1 (sequence number 101): boom", `"sequenceNumber":"101"`},
		} {
			var log lockedBuffer
			h := s.handler(func(recs []*decoder.Record) error {
				rec := recs[0]
				if rec.Aggregated || rec.SubSequenceNumber != 0 || rec.Source == nil {
					t.Errorf("%s: got %v", s.name, *rec)
				}
				index := rec.Index
				*rec = decoder.Record{Index: 2, SubSequenceNumber: 7, Aggregated: true, SequenceNumber: []byte("1")}
				if index == 1 {
					return c.err
				}
				return nil
			})
			answer, err := router.New(h, log.logger()).Invoke(t.Context(), event("aaa"))
			switch {
			case c.fails != "":
				fails(t, answer, err, c.fails)
			case c.first == none:
				answers(t, answer, err, allDone)
			default:
				answers(t, answer, err, answerFrom(c.first))
			}
			if !strings.Contains(log.String(), c.logs) {
				t.Errorf("%s: logged %s", s.name, &log)
			}
		}
	}
}
