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

// This file is about what is broken: records that do not decode, records that
// cannot be named, and events that are broken off.

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

// TestBadRecords: a bad record ends the slice before it, and what WithOnBad
// answers for it counts like what a handler does.
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
		{"wrapped", "aa!a", func(err error) error {
			return fmt.Errorf("more: %w", router.Skip(err))
		}, none, "", "[0] [bad 1] [2]", ""},
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

// TestBadPayloads: a payload that does not decode makes its record a bad one,
// in the same way.
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
			clause{name: c.name, letters: c.letters, first: c.first, calls: calls}.checkWith(t, s,
				func(j *journal) (reaction, router.Option) {
					return j.noting(always(nil)), j.onBad(onBad)
				})
		}
	}
}

// TestBadPayloadAndFailure: what a handler says of the records before a bad
// payload comes first.
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
			clause{name: c.name, letters: "aaa?a", first: c.first, fails: c.fails, calls: c.calls}.checkWith(t, s,
				func(j *journal) (reaction, router.Option) {
					return j.noting(c.react), j.onBad(router.Skip)
				})
		}
	}
}

// TestUnmarshalPanics: the panic of an unmarshal is a failure of its record,
// not of those before it.
func TestUnmarshalPanics(t *testing.T) {
	unmarshal := func(text []byte, v any) error {
		if string(text) == "2" {
			panic("at the disco")
		}
		return json.Unmarshal(text, v)
	}
	for name, h := range map[string]router.Handler{
		"Typed":      router.Typed(unmarshal, func(context.Context, *decoder.Record, *int) error { return nil }),
		"TypedBatch": router.TypedBatch(unmarshal, func(context.Context, []router.Item[int]) error { return nil }),
		"TypedPartition": router.TypedPartition(unmarshal, func(context.Context, []byte, []router.Item[int]) error {
			return nil
		}),
	} {
		t.Run(name, func(t *testing.T) {
			answer, err := router.New(h, quiet(), router.WithOnBad(router.SkipBad)).Invoke(t.Context(), event("aaaa"))
			answers(t, answer, err, answerFrom(2))
		})
	}
}

// TestUnnamable: a record that cannot be named fails the invocation; one behind
// the checkpoint, or one that is done with, does not matter.
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
				answer, err := router.New(s.handler(c.react), quiet(), j.onBad(c.onBad)).Invoke(t.Context(),
					event(c.letters))
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

// TestBrokenEvents: an event that is broken anywhere is never answered,
// whatever has been done, and whatever has failed before.
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

// TestForeignEvents: events of other services go to WithFallback, as they came;
// without it they are errors.
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
	answer, err := router.New(single[0].handler(always(nil)), quiet(),
		router.WithFallback(fallback(func([]byte) ([]byte, error) {
			t.Error("a broken event went to the fallback")
			return nil, nil
		}))).Invoke(t.Context(), []byte(broken))
	fails(t, answer, err, "invalid JSON")
}

// TestRuleOfBad: what a handler calls bad goes to WithOnBad, whose answer
// counts for that record; in slices those before it are done, and those behind
// it are handed over again.
func TestRuleOfBad(t *testing.T) {
	const all = "[0 1 2 3]"
	same := func(err error) error { return err }
	refuse := router.Bad(errBoom)
	mark := func(m func(error) error, r reaction) reaction {
		return func(recs []*decoder.Record) error { return m(r(recs)) }
	}
	for _, c := range []struct {
		name  string
		react reaction
		onBad func(error) error
		first int
		fails string
		calls string
	}{
		{"Skip", at(1, refuse), router.Skip, none, "", all + " [bad 1] [2 3]"},
		{"nil", at(1, refuse), func(error) error { return nil }, none, "", all + " [bad 1] [2 3]"},
		{"Retry", at(1, refuse), router.Retry, 1, "", all + " [bad 1]"},
		{"Fail", at(1, refuse), router.Fail, none, "boom", all + " [bad 1]"},
		{"as it is", at(1, refuse), same, 1, "", all + " [bad 1]"},
		{"Bad again", at(1, refuse), router.Bad, 1, "", all + " [bad 1]"},
		{"a panic", at(1, refuse), func(error) error { panic("at the disco") }, 1, "", all + " [bad 1]"},
		{"the first", at(0, refuse), router.Skip, none, "", all + " [bad 0] [1 2 3]"},
		{"the last", at(3, refuse), router.Skip, none, "", all + " [bad 3]"},
		{"without At", always(refuse), router.Skip, 0, "", all},
		{"another record", always(router.At(&decoder.Record{Index: 7}, refuse)), router.Skip, 0, "", all},
		{"around At", mark(router.Bad, at(1, errBoom)), router.Skip, none, "", all + " [bad 1] [2 3]"},
		{"around Skip", at(1, router.Bad(skip)), router.Skip, none, "", all + " [bad 1] [2 3]"},
		{"around Fail", at(1, router.Bad(fail)), same, 1, "", all + " [bad 1]"},
		{"inside of Skip", at(1, router.Skip(refuse)), router.Retry, none, "", all + " [2 3]"},
		{"inside of Retry", at(1, router.Retry(refuse)), router.Skip, 1, "", all},
		{"inside of Fail", at(1, router.Fail(refuse)), router.Skip, none, "boom", all},
		{"further in", at(1, fmt.Errorf("more: %w", refuse)), router.Skip, none, "", all + " [bad 1] [2 3]"},
		{"two", both(at(1, refuse), at(2, refuse)), router.Skip, none, "", all + " [bad 1] [bad 2] [3]"},
		{"two, not in order", both(at(3, refuse), at(1, refuse)), router.Skip, none, "", all + " [bad 1] [bad 3]"},
		{"two, of which the first fails", both(at(1, refuse), at(3, refuse)), router.Retry, 1, "", all + " [bad 1]"},
		{"before Skip", both(at(0, refuse), at(2, skip)), router.Skip, none, "", all + " [bad 0] [3]"},
		{"behind Skip", both(at(0, skip), at(2, refuse)), router.Skip, none, "", all + " [bad 2] [3]"},
		{"beside Skip", both(at(1, skip), at(1, refuse)), router.Skip, none, "", all + " [bad 1] [2 3]"},
		{"before Retry", both(at(1, refuse), at(3, errBoom)), router.Skip, 3, "", all + " [bad 1]"},
		{"behind Retry", both(at(1, errBoom), at(3, refuse)), router.Skip, 1, "", all},
		{"beside Retry", both(at(1, errBoom), at(1, refuse)), router.Skip, 1, "", all},
		{"before one without At", both(at(1, refuse), always(errBoom)), router.Skip, 0, "", all},
		{"of nil", at(1, router.Bad(nil)), router.Retry, none, "", all},
	} {
		for _, s := range shapes(sliced, []shape{tumbling}) {
			clause{name: c.name, letters: "aaaa", first: c.first, fails: c.fails, calls: c.calls}.checkBad(t, s,
				c.react, c.onBad)
		}
	}
	for _, c := range []struct {
		name  string
		err   error
		onBad func(error) error
		first int
		fails string
		calls string
	}{
		{"Skip", refuse, router.Skip, none, "", "[0] [1] [bad 1] [2]"},
		{"nil", refuse, func(error) error { return nil }, none, "", "[0] [1] [bad 1] [2]"},
		{"Retry", refuse, router.Retry, 1, "", "[0] [1] [bad 1]"},
		{"Fail", refuse, router.Fail, none, "boom", "[0] [1] [bad 1]"},
		{"as it is", refuse, same, 1, "", "[0] [1] [bad 1]"},
		{"Bad again", refuse, router.Bad, 1, "", "[0] [1] [bad 1]"},
		{"with Skip", errors.Join(skip, refuse), router.Skip, none, "", "[0] [1] [bad 1] [2]"},
		{"with Retry", errors.Join(refuse, errBoom), router.Skip, 1, "", "[0] [1]"},
		{"inside of Skip", router.Skip(refuse), router.Retry, none, "", "[0] [1] [2]"},
		{"around Fail", router.Bad(fail), same, 1, "", "[0] [1] [bad 1]"},
	} {
		for _, s := range single {
			clause{name: c.name, letters: "aaa", first: c.first, fails: c.fails, calls: c.calls}.
				checkBad(t, s, on(1, func(*decoder.Record) error { return c.err }), c.onBad)
		}
	}
}

// checkBad is check with what WithOnBad answers, which must get an error that
// says what the handler said.
func (c clause) checkBad(t *testing.T, s shape, react reaction, onBad func(error) error) {
	says := func(err error) error {
		var e *decoder.Error
		if !errors.As(err, &e) || !errors.Is(err, decoder.ErrDecode) || !errors.Is(err, errBoom) || e.Field != "data" {
			t.Errorf("WithOnBad got %v", err)
		}
		return onBad(err)
	}
	c.checkSlicedWith(t, s, func(j *journal) (reaction, router.Option) { return j.noting(react), j.onBad(says) })
}

// TestBadCounts: it counts like a bad record, and a *decoder.Error about the
// record does not name it twice.
func TestBadCounts(t *testing.T) {
	for _, s := range shapes(single, sliced) {
		var stats router.Stats
		var says error
		react := on(1, func(rec *decoder.Record) error {
			return router.At(rec, router.Bad(&decoder.Error{
				Index: rec.Index, SequenceNumber: numberOf(1),
				Field: "data", Offset: -1, Err: errBoom,
			}))
		})
		r := router.New(s.handler(react), quiet(),
			router.WithStats(func(_ context.Context, s router.Stats) { stats = s }),
			router.WithOnBad(func(_ context.Context, _ *decoder.Record, err error) error {
				says = err
				return router.Skip(err)
			}))
		answer, err := r.Invoke(t.Context(), event("aaa"))
		answers(t, answer, err, allDone)
		if stats.Bad != 1 || stats.Skipped != 1 || stats.Processed != 2 || stats.Failed != 0 {
			t.Errorf("%s: counted %+v", s.name, stats)
		}
		if got := fmt.Sprint(says); strings.Count(got, "sequence number") != 1 || !strings.HasSuffix(got, "boom") {
			t.Errorf("%s: WithOnBad got %q", s.name, got)
		}
	}
}

// TestIsSkip: it is for an error that gives the record up and says nothing
// else.
func TestIsSkip(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{errBoom, false},
		{retry, false},
		{fail, false},
		{router.Bad(errBoom), false},
		{skip, true},
		{fmt.Errorf("more: %w", skip), true},
		{router.Skip(fail), true},
		{errors.Join(skip, skip), true},
		{errors.Join(skip, errBoom), false},
		{router.Retry(skip), false},
		{router.At(nil, skip), true},
	} {
		if got := router.IsSkip(c.err); got != c.want {
			t.Errorf("IsSkip(%v) is %t", c.err, got)
		}
	}
}
