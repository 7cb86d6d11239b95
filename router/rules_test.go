package router_test

import (
	"errors"
	"fmt"
	"testing"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
)

// This file holds the router to the failure rules of its documentation, clause
// by clause: what an error of a handler means. The other clauses are in
// bad_test.go (bad records, broken events), tumbling_test.go, partition_test.go
// and router_test.go.

// clause is what a handler does with an event and what must come of it.
type clause struct {
	name    string
	letters string // the event
	react   reaction
	first   int    // the record that the answer names, or none
	fails   string // what the error of the invocation says, where it has one whatever happens
	calls   string // what the handler got
	opts    []router.Option
}

// check runs the clause on a shape, on the three kinds of mapping: with
// ReportBatchItemFailures, without it (WithWholeBatch), and with a tumbling
// window. On the latter two every failure is one of the invocation.
func (c clause) check(t *testing.T, s shape) {
	c.checkWith(t, s, func(j *journal) (reaction, router.Option) { return j.noting(c.react), quiet() })
}

// checkWith is check with a reaction and an option that note calls in the
// journal.
func (c clause) checkWith(t *testing.T, s shape, with func(*journal) (reaction, router.Option)) {
	const state = `{"n": [1, 2]}`
	for _, mapping := range []struct {
		name  string
		event []byte
		done  string
		opts  []router.Option
	}{
		{"partial", event(c.letters), allDone, nil},
		{"whole", event(c.letters), allDone, []router.Option{router.WithWholeBatch()}},
		{"window", windowEvent(c.letters, state), `{"state":` + state + `,"batchItemFailures":[]}`, nil},
	} {
		t.Run(c.name+"/"+s.name+"/"+mapping.name, func(t *testing.T) {
			var j journal
			react, opt := with(&j)
			opts := append([]router.Option{quiet(), opt}, c.opts...)
			answer, err := router.New(s.handler(react), append(opts, mapping.opts...)...).Invoke(t.Context(),
				mapping.event)
			switch {
			case c.fails != "":
				fails(t, answer, err, c.fails)
			case c.first == none:
				answers(t, answer, err, mapping.done)
			case mapping.name == "partial":
				answers(t, answer, err, answerFrom(c.first))
			default:
				fails(t, answer, err, "sequence number "+numberOf(c.first))
			}
			j.got(t, c.calls)
		})
	}
}

// always reacts to every call with err.
func always(err error) reaction { return func([]*decoder.Record) error { return err } }

// on reacts to calls that hold the record with that index.
func on(index int, f func(rec *decoder.Record) error) reaction {
	return func(recs []*decoder.Record) error {
		for _, rec := range recs {
			if rec.Index == index {
				return f(rec)
			}
		}
		return nil
	}
}

// at is the error of the record with that index.
func at(index int, err error) reaction {
	return on(index, func(rec *decoder.Record) error { return router.At(rec, err) })
}

// both joins the errors of two reactions.
func both(a, b reaction) reaction {
	return func(recs []*decoder.Record) error { return errors.Join(a(recs), b(recs)) }
}

// then reacts to the first call with the first, to all others with the second.
func then(first, others reaction) reaction {
	calls := 0
	return func(recs []*decoder.Record) error {
		if calls++; calls == 1 {
			return first(recs)
		}
		return others(recs)
	}
}

// fresh makes a reaction anew for each invocation of a clause, for those that
// remember something.
func fresh(recall func() reaction) reaction {
	var r reaction
	return func(recs []*decoder.Record) error {
		if recs[0].Index == 0 {
			r = recall()
		}
		return r(recs)
	}
}

var (
	skip  = router.Skip(errBoom)
	retry = router.Retry(errBoom)
	fail  = router.Fail(errBoom)
)

// TestRuleOfOneRecord: what an error means in the shapes that get one record a
// call. The event is "aaa", its record 1 is the one with the error.
func TestRuleOfOneRecord(t *testing.T) {
	const all, two = "[0] [1] [2]", "[0] [1]"
	for _, c := range []struct {
		name  string
		err   error
		first int
		fails string
		calls string
	}{
		{"nil is done", nil, none, "", all},
		{"a plain error is Retry", errBoom, 1, "", two},
		{"a wrapped one too", fmt.Errorf("more: %w", errBoom), 1, "", two},
		{"Retry", retry, 1, "", two},
		{"Skip", skip, none, "", all},
		{"Fail", fail, none, "boom", two},
		{"Skip of nil is nil", router.Skip(nil), none, "", all},
		{"Retry of nil is nil", router.Retry(nil), none, "", all},
		{"Fail of nil is nil", router.Fail(nil), none, "", all},
		{"At of nil is nil", router.At(nil, nil), none, "", all},
		{"Skip further in", fmt.Errorf("more: %w", fmt.Errorf("and more: %w", skip)), none, "", all},
		{"Fail further in", fmt.Errorf("more: %w", fail), none, "boom", two},
		{"of Skip and Retry the outer: Retry", router.Retry(skip), 1, "", two},
		{"of Skip and Retry the outer: Skip", router.Skip(retry), none, "", all},
		{"of Fail and Skip the outer: Skip", router.Skip(fmt.Errorf("more: %w", fail)), none, "", all},
		{"of Fail and Skip the outer: Fail", router.Fail(skip), none, "boom", two},
		{"both of two %w: Skip and Skip", fmt.Errorf("%w, %w", skip, router.Skip(errors.New("more"))), none, "", all},
		{"both of two %w: Skip and Retry", fmt.Errorf("%w, %w", skip, retry), 1, "", two},
		{"both of two %w: plain and Skip", fmt.Errorf("%w, %w", errBoom, skip), 1, "", two},
		{"both of two %w: Skip and Fail", fmt.Errorf("%w, %w", skip, fail), none, "boom", two},
		{"joined: Skip and Skip", errors.Join(skip, skip), none, "", all},
		{"joined: Skip and plain", errors.Join(skip, errBoom), 1, "", two},
		{"joined: plain and Fail", errors.Join(errBoom, fail), none, "boom", two},
		{"joined: Skip around plain ones", router.Skip(errors.Join(errBoom, errBoom)), none, "", all},
		{"joined: Skip around Fail", router.Skip(errors.Join(errBoom, fail)), none, "", all},
		{"joined: with nil", errors.Join(nil, skip, nil), none, "", all},
		{"At says nothing new", router.At(nil, errBoom), 1, "", two},
		{"At another record", router.At(&decoder.Record{Index: 7}, errBoom), 1, "", two},
	} {
		for _, s := range single {
			clause{name: c.name, letters: "aaa", react: on(1, func(*decoder.Record) error {
				return c.err
			}), first: c.first, fails: c.fails, calls: c.calls}.check(t, s)
		}
	}
}

// TestRuleOfSlices: what an error means in the shapes that get slices. Where At
// is missing it is about the first record, and nothing is skipped; behind a
// Skip the rest is handed over again.
func TestRuleOfSlices(t *testing.T) {
	const all = "[0 1 2]"
	for _, c := range []clause{
		{name: "nil is done", react: always(nil), first: none, calls: all},
		{name: "without At it is the first", react: always(errBoom), first: 0, calls: all},
		{name: "without At, wrapped", react: always(fmt.Errorf("more: %w", errBoom)), first: 0, calls: all},
		{name: "Retry without At", react: always(retry), first: 0, calls: all},
		{name: "Skip without At is Retry", react: always(skip), first: 0, calls: all},
		{
			name: "Skip without At is Retry, for one record too", letters: "a", react: always(skip), first: 0,
			calls: "[0]",
		},
		{name: "Fail without At", react: always(fail), fails: "boom", calls: all},
		{name: "At the first", react: at(0, errBoom), first: 0, calls: all},
		{name: "At one in the middle", react: at(1, errBoom), first: 1, calls: all},
		{name: "At the last", react: at(2, errBoom), first: 2, calls: all},
		{name: "Retry at one", react: at(1, retry), first: 1, calls: all},
		{name: "Fail at one", react: at(1, fail), fails: "boom", calls: all},
		{name: "Skip at the first", react: at(0, skip), first: none, calls: "[0 1 2] [1 2]"},
		{name: "Skip at one in the middle", react: at(1, skip), first: none, calls: "[0 1 2] [2]"},
		{name: "Skip at the last", react: at(2, skip), first: none, calls: all},
		{name: "Skip at each", react: func(recs []*decoder.Record) error {
			return router.At(recs[0], skip)
		}, first: none, calls: "[0 1 2] [1 2] [2]"},
		{name: "Skip, then Retry", react: both(at(0, skip), at(2, errBoom)), first: 2, calls: all},
		{name: "Skip, then Retry in the rest", react: fresh(func() reaction {
			return then(at(0, skip), at(2, errBoom))
		}), first: 2, calls: "[0 1 2] [1 2]"},
		{name: "Skip, then an error without At in the rest", react: fresh(func() reaction {
			return then(at(0, skip), always(errBoom))
		}), first: 1, calls: "[0 1 2] [1 2]"},
		{name: "Skip, then Fail in the rest", react: fresh(func() reaction {
			return then(at(1, skip), always(fail))
		}), fails: "boom", calls: "[0 1 2] [2]"},
		{name: "At of nil is nil", react: at(1, nil), first: none, calls: all},
		{name: "At of Skip of nil is nil", react: at(1, router.Skip(nil)), first: none, calls: all},
	} {
		if c.letters == "" {
			c.letters = "aaa"
		}
		for _, s := range shapes(sliced, []shape{tumbling}) {
			c.checkSliced(t, s)
		}
	}
}

// checkSliced is check, but for Tumbling on the window event alone: others are
// errors there.
func (c clause) checkSliced(t *testing.T, s shape) {
	c.checkSlicedWith(t, s, func(j *journal) (reaction, router.Option) { return j.noting(c.react), quiet() })
}

// checkSlicedWith is checkSliced with a reaction and an option of one's own.
func (c clause) checkSlicedWith(t *testing.T, s shape, with func(*journal) (reaction, router.Option)) {
	if s.name != tumbling.name {
		c.checkWith(t, s, with)
		return
	}
	t.Run(c.name+"/"+s.name, func(t *testing.T) {
		var j journal
		react, opt := with(&j)
		opts := append([]router.Option{quiet(), opt}, c.opts...)
		answer, err := router.New(s.handler(react), opts...).Invoke(t.Context(), windowEvent(c.letters, `[1]`))
		switch {
		case c.fails != "":
			fails(t, answer, err, c.fails)
		case c.first == none:
			answers(t, answer, err, `{"state":[1],"batchItemFailures":[]}`)
		default:
			fails(t, answer, err, "sequence number "+numberOf(c.first))
		}
		j.got(t, c.calls)
	})
}

// TestRuleOfErrorTrees: marks and places are found wherever they are in an
// error; of each the outermost counts, and of joined errors each by itself, the
// lowest Retry above all.
func TestRuleOfErrorTrees(t *testing.T) {
	const all = "[0 1 2]"
	wrap := func(r reaction) reaction {
		return func(recs []*decoder.Record) error {
			if err := r(recs); err != nil {
				return fmt.Errorf("more: %w", err)
			}
			return nil
		}
	}
	mark := func(m func(error) error, r reaction) reaction {
		return func(recs []*decoder.Record) error { return m(r(recs)) }
	}
	twice := func(a, b reaction) reaction {
		return func(recs []*decoder.Record) error {
			x, y := a(recs), b(recs)
			if x == nil || y == nil {
				return nil
			}
			return fmt.Errorf("%w and %w", x, y)
		}
	}
	for _, c := range []clause{
		{name: "wrapped At", react: wrap(at(1, errBoom)), first: 1, calls: all},
		{name: "wrapped At and Skip", react: wrap(wrap(at(1, skip))), first: none, calls: "[0 1 2] [2]"},
		{name: "Skip around At", react: mark(router.Skip, at(1, errBoom)), first: none, calls: "[0 1 2] [2]"},
		{
			name: "Skip around a wrapped At", react: mark(router.Skip, wrap(at(1, errBoom))), first: none,
			calls: "[0 1 2] [2]",
		},
		{name: "Retry around Skip at", react: mark(router.Retry, at(1, skip)), first: 1, calls: all},
		{name: "Skip around Retry at", react: mark(router.Skip, at(1, retry)), first: none, calls: "[0 1 2] [2]"},
		{name: "Fail around Skip at", react: mark(router.Fail, at(1, skip)), fails: "boom", calls: all},
		{name: "Skip around Fail at", react: mark(router.Skip, at(1, fail)), first: none, calls: "[0 1 2] [2]"},
		{name: "the outer At counts", react: on(0, func(rec *decoder.Record) error {
			second := *rec
			second.Index, second.SequenceNumber = 1, []byte(numberOf(1))
			return router.At(rec, router.At(&second, errBoom))
		}), first: 0, calls: all},
		{name: "two %w: both are skipped", react: twice(at(0, skip), at(1, skip)), first: none, calls: "[0 1 2] [2]"},
		{name: "two %w: lowest Retry", react: twice(at(2, errBoom), at(1, errBoom)), first: 1, calls: all},
		{name: "joined: both are skipped", react: both(at(2, skip), at(0, skip)), first: none, calls: all},
		{name: "joined: the same twice", react: both(at(1, skip), at(1, skip)), first: none, calls: "[0 1 2] [2]"},
		{name: "joined: lowest Retry", react: both(at(2, errBoom), at(1, errBoom)), first: 1, calls: all},
		{name: "joined: lowest Retry, named first", react: both(at(1, errBoom), at(2, errBoom)), first: 1, calls: all},
		{name: "joined: Skip behind the Retry", react: both(at(1, errBoom), at(2, skip)), first: 1, calls: all},
		{name: "joined: Skip before the Retry", react: both(at(1, skip), at(2, errBoom)), first: 2, calls: all},
		{name: "joined: Skip and Retry of one record", react: both(at(1, skip), at(1, errBoom)), first: 1, calls: all},
		{name: "joined: Skip and one without At", react: both(at(1, skip), always(errBoom)), first: 0, calls: all},
		{name: "joined: Skip and Skip without At", react: both(at(1, skip), always(skip)), first: 0, calls: all},
		{name: "joined: Fail behind the Retry", react: both(at(0, errBoom), at(2, fail)), fails: "boom", calls: all},
		{name: "joined: Fail before the Skip", react: both(at(0, fail), at(2, skip)), fails: "boom", calls: all},
		{
			name: "joined under one Skip", react: mark(router.Skip, both(at(0, errBoom), at(1, errBoom))), first: none,
			calls: "[0 1 2] [2]",
		},
		{name: "joined under one At", react: on(1, func(rec *decoder.Record) error {
			return router.At(rec, errors.Join(skip, errBoom))
		}), first: 1, calls: all},
		{name: "joined twice over", react: both(both(at(1, skip), at(2, skip)),
			wrap(both(at(1, skip), at(2, errBoom)))), first: 2, calls: all},
		{name: "an error that unwraps to nothing", react: always(hollow{}), first: 0, calls: all},
		{name: "an error that unwraps to no errors", react: always(hollowMany{}), first: 0, calls: all},
		{name: "an error that unwraps to nils", react: always(hollowMany{nil, nil}), first: 0, calls: all},
	} {
		c.letters = "aaa"
		for _, s := range shapes(sliced, []shape{tumbling}) {
			c.checkSliced(t, s)
		}
	}
}

type hollow struct{}

func (hollow) Error() string { return "hollow" }
func (hollow) Unwrap() error { return nil }

type hollowMany []error

func (hollowMany) Error() string     { return "hollow" }
func (h hollowMany) Unwrap() []error { return h }

// TestRuleOfPlaces: At takes a copy of the record; and a record that is not in
// the slice stands for the slice's first, which is not skipped for it.
func TestRuleOfPlaces(t *testing.T) {
	copied := func(err error) reaction {
		return on(1, func(rec *decoder.Record) error { c := *rec; return router.At(&c, err) })
	}
	cloned := func(err error) reaction {
		return on(1, func(rec *decoder.Record) error { c := rec.Clone(); return router.At(&c, err) })
	}
	foreign := func(rec *decoder.Record, err error) reaction { return always(router.At(rec, err)) }
	// gone gives the first record of the invocation again when it is done
	// already.
	gone := func(err error) reaction {
		return fresh(func() reaction {
			var first decoder.Record
			return then(func(recs []*decoder.Record) error {
				first = recs[0].Clone()
				return router.At(recs[1], skip)
			}, func([]*decoder.Record) error { return router.At(&first, err) })
		})
	}
	elsewhere := &decoder.Record{Index: 12, SequenceNumber: []byte("112")}
	for _, c := range []clause{
		{name: "a copy", react: copied(errBoom), first: 1, calls: "[0 1 2]"},
		{name: "a copy, Skip", react: copied(skip), first: none, calls: "[0 1 2] [2]"},
		{name: "a clone", react: cloned(errBoom), first: 1, calls: "[0 1 2]"},
		{name: "a clone, Skip", react: cloned(skip), first: none, calls: "[0 1 2] [2]"},
		{name: "nil", react: foreign(nil, errBoom), first: 0, calls: "[0 1 2]"},
		{name: "nil, Skip", react: foreign(nil, skip), first: 0, calls: "[0 1 2]"},
		{name: "nil, Fail", react: foreign(nil, fail), fails: "boom", calls: "[0 1 2]"},
		{name: "behind the slice", react: foreign(elsewhere, errBoom), first: 0, calls: "[0 1 2]"},
		{name: "behind the slice, Skip", react: foreign(elsewhere, skip), first: 0, calls: "[0 1 2]"},
		{name: "before the slice", react: gone(errBoom), first: 2, calls: "[0 1 2] [2]"},
		{name: "before the slice, Skip", react: gone(skip), first: 2, calls: "[0 1 2] [2]"},
	} {
		c.letters = "aaa"
		for _, s := range shapes(sliced, []shape{tumbling}) {
			c.checkSliced(t, s)
		}
	}
}

// TestRuleOfChunks: behind a failure no other chunk is started, and what is
// behind a skipped record stays in its chunk.
func TestRuleOfChunks(t *testing.T) {
	two := []router.Option{router.WithBatchSize(2)}
	for _, c := range []clause{
		{name: "all", react: always(nil), first: none, calls: "[0 1] [2 3] [4]", opts: two},
		{name: "failure in the first", react: at(1, errBoom), first: 1, calls: "[0 1]", opts: two},
		{name: "failure in the second", react: at(2, errBoom), first: 2, calls: "[0 1] [2 3]", opts: two},
		{name: "failure of the second", react: on(2, func(*decoder.Record) error {
			return errBoom
		}), first: 2, calls: "[0 1] [2 3]", opts: two},
		{name: "failure in the last", react: at(4, errBoom), first: 4, calls: "[0 1] [2 3] [4]", opts: two},
		{name: "Skip in the first", react: at(0, skip), first: none, calls: "[0 1] [1] [2 3] [4]", opts: two},
		{name: "Skip at the end of the first", react: at(1, skip), first: none, calls: "[0 1] [2 3] [4]", opts: two},
		{name: "Fail in the second", react: at(3, fail), fails: "boom", calls: "[0 1] [2 3]", opts: two},
		{
			name: "of one", react: at(3, skip), first: none, calls: "[0] [1] [2] [3] [4]",
			opts: []router.Option{router.WithBatchSize(1)},
		},
		{
			name: "of more than there are", react: at(3, skip), first: none, calls: "[0 1 2 3 4] [4]",
			opts: []router.Option{router.WithBatchSize(1000)},
		},
		{
			name: "of the default size", react: at(3, skip), first: none, calls: "[0 1 2 3 4] [4]",
			opts: []router.Option{router.WithBatchSize(0)},
		},
	} {
		c.letters = "aaaaa"
		for _, s := range chunked {
			c.check(t, s)
		}
	}
}

// TestRuleOfPanics: a panic is a Retry, of the record or of the slice's first,
// whatever its value is.
func TestRuleOfPanics(t *testing.T) {
	var null *decoder.Record
	for _, c := range []struct {
		name  string
		panic func()
	}{
		{"text", func() { panic("at the disco") }},
		{"error", func() { panic(errBoom) }},
		{"nil", func() { panic(nil) }},
		{"Skip", func() { panic(skip) }},
		{"Fail", func() { panic(fail) }},
		{"of the runtime", func() { _ = null.Index }},
	} {
		react := on(1, func(*decoder.Record) error { c.panic(); return nil })
		for _, s := range single {
			clause{name: c.name, letters: "aaa", react: react, first: 1, calls: "[0] [1]"}.check(t, s)
		}
		for _, s := range shapes(sliced, []shape{tumbling}) {
			clause{name: c.name, letters: "aaa", react: react, first: 0, calls: "[0 1 2]"}.checkSliced(t, s)
		}
		behind := fresh(func() reaction {
			return then(at(1, skip), func([]*decoder.Record) error { c.panic(); return nil })
		})
		for _, s := range shapes(sliced, []shape{tumbling}) {
			clause{
				name: c.name + " behind a Skip", letters: "aaaa", react: behind, first: 2,
				calls: "[0 1 2 3] [2 3]",
			}.checkSliced(t, s)
		}
	}
}

// TestFailureIsNotHidden: the error of an invocation wraps what the handler
// returned, so that callers and Lambda's log can tell.
func TestFailureIsNotHidden(t *testing.T) {
	for _, s := range shapes(single, sliced) {
		for name, err := range map[string]error{"Fail": fail, "whole batch": errBoom} {
			_, got := router.New(s.handler(always(err)), quiet(), router.WithWholeBatch()).Invoke(t.Context(),
				event("aa"))
			if !errors.Is(got, errBoom) {
				t.Errorf("%s, %s: %v does not wrap the handler's error", s.name, name, got)
			}
		}
		var p *router.PanicError
		_, got := router.New(s.handler(func([]*decoder.Record) error {
			panic(errBoom)
		}), quiet(), router.WithWholeBatch()).Invoke(t.Context(), event("aa"))
		if !errors.As(got, &p) || !errors.Is(got, errBoom) || len(p.Stack) == 0 {
			t.Errorf("%s: %v does not wrap the panic", s.name, got)
		}
	}
}
