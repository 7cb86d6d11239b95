package router_test

import (
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
)

// This file is about what is broken: records that do not decode, records that cannot be named, and events that are broken off.

// onBad is WithOnBad with f, which notes its records as "bad 1".
func (j *journal) onBad(f func(error) error) router.Option {
	return router.WithOnBad(func(_ context.Context, rec *decoder.Record, err error) error {
		j.note("bad", rec)
		return f(err)
	})
}

// isSingle is whether the shape gets one record a call.
func isSingle(s shape) bool {
	return slices.ContainsFunc(single, func(o shape) bool { return o.name == s.name })
}

// TestBadRecords: a bad record ends the slice before it, and what WithOnBad answers for it counts like what a handler does.
func TestBadRecords(t *testing.T) {
	same := func(err error) error { return err }
	for _, c := range []struct {
		name      string
		letters   string
		onBad     func(error) error
		first     int
		fails     string
		calls     string // of slices
		callsEach string // of single records, where they differ
	}{
		{"first, Retry", "a!aa", router.Retry, 0, "", "[bad 0]", ""},
		{"middle, Retry", "aaa!a", router.Retry, 2, "", "[0 1] [bad 2]", "[0] [1] [bad 2]"},
		{"last, Retry", "aaa!", router.Retry, 2, "", "[0 1] [bad 2]", "[0] [1] [bad 2]"},
		{"only, Retry", "a!", router.Retry, 0, "", "[bad 0]", ""},
		{"as it is", "aaa!a", same, 2, "", "[0 1] [bad 2]", "[0] [1] [bad 2]"},
		{"first, Skip", "a!aa", router.Skip, none, "", "[bad 0] [1 2]", "[bad 0] [1] [2]"},
		{"middle, Skip", "aaa!a", router.Skip, none, "", "[0 1] [bad 2] [3]", "[0] [1] [bad 2] [3]"},
		{"last, Skip", "aaa!", router.Skip, none, "", "[0 1] [bad 2]", "[0] [1] [bad 2]"},
		{"only, Skip", "a!", router.Skip, none, "", "[bad 0]", ""},
		{"all, Skip", "a!a!a!", router.Skip, none, "", "[bad 0] [bad 1] [bad 2]", ""},
		{"nil", "aa!a", func(error) error { return nil }, none, "", "[0] [bad 1] [2]", ""},
		{"Fail", "aa!a", router.Fail, none, "base64", "[0] [bad 1]", ""},
		{"wrapped", "aa!a", func(err error) error { return fmt.Errorf("more: %w", router.Skip(err)) }, none, "", "[0] [bad 1] [2]", ""},
		{"panic", "aa!a", func(error) error { panic("at the disco") }, 1, "", "[0] [bad 1]", ""},
		{"second of two", "aa!a!a", func(err error) error {
			if strings.Contains(err.Error(), "record 2") {
				return err
			}
			return router.Skip(err)
		}, 2, "", "[0] [bad 1] [bad 2]", ""},
	} {
		onBad := c.onBad
		for _, s := range shapes(single, sliced) {
			calls := c.calls
			if isSingle(s) && c.callsEach != "" {
				calls = c.callsEach
			}
			c := clause{name: c.name, letters: c.letters, first: c.first, fails: c.fails, calls: calls}
			c.checkWith(t, s, func(j *journal) (reaction, router.Option) {
				return j.noting(always(nil)), j.onBad(onBad)
			})
		}
	}
}

// TestBadPayloads: a payload that does not decode makes its record a bad one, in the same way.
func TestBadPayloads(t *testing.T) {
	for _, c := range []struct {
		name, letters    string
		onBad            func(error) error
		first            int
		calls, callsEach string
	}{
		{"first, Retry", "a?aa", router.Retry, 0, "[bad 0]", ""},
		{"middle, Retry", "aaa?a", router.Retry, 2, "[0 1] [bad 2]", "[0] [1] [bad 2]"},
		{"last, Retry", "aaa?", router.Retry, 2, "[0 1] [bad 2]", "[0] [1] [bad 2]"},
		{"first, Skip", "a?aa", router.Skip, none, "[bad 0] [1 2]", "[bad 0] [1] [2]"},
		{"middle, Skip", "aaa?a", router.Skip, none, "[0 1] [bad 2] [3]", "[0] [1] [bad 2] [3]"},
		{"last, Skip", "aaa?", router.Skip, none, "[0 1] [bad 2]", "[0] [1] [bad 2]"},
		{"all, Skip", "a?a?", router.Skip, none, "[bad 0] [bad 1]", ""},
		{"beside other flaws", "aa!a?a", router.Skip, none, "[0] [bad 1] [bad 2] [3]", ""},
		{"nil", "aa?a", func(error) error { return nil }, none, "[0] [bad 1] [2]", ""},
		{"panic", "aa?a", func(error) error { panic("at the disco") }, 1, "[0] [bad 1]", ""},
	} {
		for _, s := range typedShapes() {
			calls := c.calls
			if isSingle(s) && c.callsEach != "" {
				calls = c.callsEach
			}
			onBad := func(err error) error {
				if !errors.Is(err, decoder.ErrDecode) && !errors.Is(err, decoder.ErrBase64) {
					t.Errorf("WithOnBad got %v", err)
				}
				return c.onBad(err)
			}
			clause{name: c.name, letters: c.letters, first: c.first, calls: calls}.checkWith(t, s, func(j *journal) (reaction, router.Option) {
				return j.noting(always(nil)), j.onBad(onBad)
			})
		}
	}
}

// TestBadPayloadAndFailure: what a handler says of the records before a bad payload comes first.
func TestBadPayloadAndFailure(t *testing.T) {
	for _, c := range []struct {
		name  string
		react reaction
		first int
		fails string
		calls string
	}{
		{"failure before it", at(0, errBoom), 0, "", "[0 1]"},
		{"failure without At", always(errBoom), 0, "", "[0 1]"},
		{"Fail", always(fail), none, "boom", "[0 1]"},
		{"Skip before it", at(0, skip), none, "", "[0 1] [1] [bad 2] [3]"},
		{"Skip just before it", at(1, skip), none, "", "[0 1] [bad 2] [3]"},
		{"At the bad one, which was not handed over", func(recs []*decoder.Record) error {
			if recs[0].Index == 0 {
				return router.At(&decoder.Record{Index: 2, SequenceNumber: []byte(numberOf(2))}, skip)
			}
			return nil
		}, 0, "", "[0 1]"},
	} {
		for _, s := range chunked[2:] {
			if s.name != "TypedBatch" && s.name != "TypedPartition" {
				continue
			}
			clause{name: c.name, letters: "aaa?a", first: c.first, fails: c.fails, calls: c.calls}.checkWith(t, s, func(j *journal) (reaction, router.Option) {
				return j.noting(c.react), j.onBad(router.Skip)
			})
		}
	}
}

// TestUnmarshalPanics: the panic of an unmarshal is a failure of its record, not of those before it.
func TestUnmarshalPanics(t *testing.T) {
	unmarshal := func(text []byte, v any) error {
		if string(text) == "2" {
			panic("at the disco")
		}
		return json.Unmarshal(text, v)
	}
	for name, h := range map[string]router.Handler{
		"Typed":          router.Typed(unmarshal, func(context.Context, *decoder.Record, *int) error { return nil }),
		"TypedBatch":     router.TypedBatch(unmarshal, func(context.Context, []router.Item[int]) error { return nil }),
		"TypedPartition": router.TypedPartition(unmarshal, func(context.Context, []byte, []router.Item[int]) error { return nil }),
	} {
		t.Run(name, func(t *testing.T) {
			answer, err := router.New(h, quiet(), router.WithOnBad(router.SkipBad)).Invoke(t.Context(), event("aaaa"))
			answers(t, answer, err, answerFrom(2))
		})
	}
}

// TestUnnamable: a record that cannot be named fails the invocation; one behind the checkpoint, or one that is done with, does not
// matter.
func TestUnnamable(t *testing.T) {
	for _, c := range []struct {
		name, letters string
		onBad         func(error) error
		react         reaction
		first         int
		fails         string
	}{
		{"no number, Retry", "aa-a", router.Retry, always(nil), none, "no sequence number"},
		{"no number, Skip", "aa-a", router.Skip, always(nil), none, ""},
		{"no number, behind the failure", "aa-a", router.Skip, at(0, errBoom), 0, ""},
		{"not decimal", "aa~a", router.Retry, at(1, errBoom), none, "not decimal"},
		{"not decimal, done", "aa~a", router.Retry, always(nil), none, ""},
		{"not decimal, behind the failure", "aa~a", router.Retry, at(0, errBoom), 0, ""},
		{"not decimal, before the failure", "aa~a", router.Retry, at(2, errBoom), 2, ""},
	} {
		for _, s := range shapes(single, sliced) {
			t.Run(c.name+"/"+s.name, func(t *testing.T) {
				var j journal
				answer, err := router.New(s.handler(c.react), quiet(), j.onBad(c.onBad)).Invoke(t.Context(), event(c.letters))
				switch {
				case c.fails != "":
					fails(t, answer, err, c.fails)
				case c.first == none:
					answers(t, answer, err, allDone)
				default:
					answers(t, answer, err, answerFrom(c.first))
				}
			})
		}
	}
}

// TestBrokenEvents: an event that is broken anywhere is never answered, whatever has been done, and whatever has failed before.
func TestBrokenEvents(t *testing.T) {
	whole := string(event("aaa"))
	window := string(windowEvent("aaa", "{}"))
	for _, c := range []struct{ name, event string }{
		{"empty", ""},
		{"cut off in the first record", whole[:100]},
		{"cut off in the last record", whole[:len(whole)-40]},
		{"cut off behind the records", whole[:len(whole)-2]},
		{"cut off at the end", whole[:len(whole)-1]},
		{"more behind the end", whole + "x"},
		{"Records twice", whole[:len(whole)-1] + `,"Records":[]}`},
		{"window cut off", window[:len(window)-1]},
		{"window of no time", strings.Replace(window, "2024-11-18T10:08:00Z", "yesterday", 1)},
	} {
		for _, s := range shapes(single, sliced, []shape{tumbling}) {
			for name, react := range map[string]reaction{"done": always(nil), "failed": always(errBoom)} {
				t.Run(c.name+"/"+s.name+"/"+name, func(t *testing.T) {
					answer, err := router.New(s.handler(react), quiet()).Invoke(t.Context(), []byte(c.event))
					fails(t, answer, err, "kinesis event: ")
				})
			}
		}
	}
}

// TestForeignEvents: events of other services go to WithFallback, as they came; without it they are errors.
func TestForeignEvents(t *testing.T) {
	for _, text := range []string{
		`{"Records":[{"eventSource":"aws:sqs","body":"hello"}]}`,
		`{"version":"2.0","routeKey":"$default"}`,
		`{}`, `[1]`, `"text"`, `null`,
	} {
		for _, s := range shapes(single, sliced, []shape{tumbling}) {
			t.Run(text+"/"+s.name, func(t *testing.T) {
				h := s.handler(func([]*decoder.Record) error { t.Error("the handler was called"); return nil })
				count := 0
				stats := router.WithStats(func(context.Context, router.Stats) { count++ })
				answer, err := router.New(h, quiet(), stats).Invoke(t.Context(), []byte(text))
				fails(t, answer, err, "kinesis event: ")
				if count != 1 {
					t.Errorf("counted %d times without WithFallback", count)
				}
				got := ""
				r := router.New(h, quiet(), stats, router.WithFallback(fallback(func(event []byte) ([]byte, error) {
					got = string(event)
					return []byte(`"theirs"`), nil
				})))
				for _, deadline := range []bool{false, true} {
					ctx := t.Context()
					if deadline {
						var cancel context.CancelFunc
						ctx, cancel = context.WithTimeout(ctx, time.Hour)
						defer cancel()
					}
					got = ""
					answer, err = r.Invoke(ctx, []byte(text))
					answers(t, answer, err, `"theirs"`)
					if got != text || count != 1 {
						t.Errorf("the fallback got %s, counted %d times", got, count)
					}
				}
			})
		}
	}
	broken := `{"Records":[{"eventSource":"aws:kinesis","kinesis":{`
	answer, err := router.New(single[0].handler(always(nil)), quiet(), router.WithFallback(fallback(func([]byte) ([]byte, error) {
		t.Error("a broken event went to the fallback")
		return nil, nil
	}))).Invoke(t.Context(), []byte(broken))
	fails(t, answer, err, "invalid JSON")
}
