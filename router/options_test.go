package router_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
)

// This file is about options that are given more than once: hooks that watch
// add up, of all others the last counts.

// twice is what an option does to an invocation when it is given as first and
// then as second.
type twice struct {
	first, second router.Option
	saw           func() string // what has come of it
	want          string
	alone         string // with second in the list of a stream, and first in that of New, where that differs
	others        []router.Option
}

// optionsTwice are all options, each given twice in a way that shows which of
// the two counts.
func optionsTwice() map[string]func() (router.Handler, twice) {
	var said []string
	say := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	saw := func() string { return strings.Join(said, " ") }
	each := router.Each(func(context.Context, *decoder.Record) error { return nil })
	batch := router.Batch(func(_ context.Context, recs []decoder.Record) error { say("%d", len(recs)); return nil })
	logger := func(name string) router.Option {
		return router.WithLogger(slog.New(slog.NewTextHandler(writer(func() { say("%s", name) }), nil)))
	}
	return map[string]func() (router.Handler, twice){
		"WithStats": func() (router.Handler, twice) {
			stats := func(name string) router.Option {
				return router.WithStats(func(context.Context, router.Stats) { say("%s", name) })
			}
			return each, twice{stats("a"), stats("b"), saw, "a b", "b", nil}
		},
		"WithCallHook": func() (router.Handler, twice) {
			hook := func(name string) router.Option {
				return router.WithCallHook(func(ctx context.Context, _ router.CallInfo) (context.Context, func(error)) {
					say("%s(", name)
					return ctx, func(error) { say(")%s", name) }
				})
			}
			return batch, twice{hook("a"), hook("b"), saw, "a( b( 3 )b )a", "b( 3 )b", nil}
		},
		"WithDecoder": func() (router.Handler, twice) {
			return batch, twice{
				router.WithDecoder(decoder.Decoder{MaxRecords: 1}),
				router.WithDecoder(decoder.Decoder{}), saw, "3", "", nil,
			}
		},
		"WithBatchSize": func() (router.Handler, twice) {
			return batch, twice{router.WithBatchSize(1), router.WithBatchSize(2), saw, "2 1", "", nil}
		},
		"WithWorkers": func() (router.Handler, twice) {
			running, most := 0, 0
			h := router.Partition(func(context.Context, []byte, []decoder.Record) error {
				running++
				most = max(most, running)
				time.Sleep(time.Second)
				running--
				return nil
			})
			return h, twice{router.WithWorkers(3), router.WithWorkers(1), func() string {
				return fmt.Sprint(most)
			}, "1", "", nil}
		},
		"WithOnBad": func() (router.Handler, twice) {
			onBad := func(name string) router.Option {
				return router.WithOnBad(func(context.Context, *decoder.Record, error) error {
					say("%s", name)
					return nil
				})
			}
			refuse := func([]byte, any) error { return errBoom }
			h := router.Typed(refuse, func(context.Context, *decoder.Record, *int) error { return nil })
			return h, twice{onBad("a"), onBad("b"), saw, "b b b", "", nil}
		},
		"WithMargin": func() (router.Handler, twice) {
			h := router.Each(func(context.Context, *decoder.Record) error { say("called"); return nil })
			return h, twice{
				router.WithMargin(2 * time.Hour), router.WithMargin(time.Minute), saw,
				"called called called", "", nil,
			}
		},
		"WithWholeBatch": func() (router.Handler, twice) { // there is but one of it
			h := router.Each(func(context.Context, *decoder.Record) error { say("called"); return fail })
			return h, twice{router.WithWholeBatch(), router.WithWholeBatch(), saw, "called", "", nil}
		},
		"WithCopies": func() (router.Handler, twice) { // nor of this
			var kept []*decoder.Record
			h := router.Each(func(_ context.Context, rec *decoder.Record) error {
				kept = append(kept, rec)
				return nil
			})
			saw := func() string { return fmt.Sprint(kept[0] != kept[1]) }
			return h, twice{router.WithCopies(), router.WithCopies(), saw, "true", "", nil}
		},
		"WithLogger": func() (router.Handler, twice) {
			h := router.Batch(func(_ context.Context, recs []decoder.Record) error { return router.At(&recs[2], skip) })
			return h, twice{logger("a"), logger("b"), saw, "b", "", nil}
		},
		"WithLogLimit": func() (router.Handler, twice) {
			h := router.Each(func(context.Context, *decoder.Record) error { return skip })
			o := twice{router.WithLogLimit(0), router.WithLogLimit(3), saw, "line line line", "", nil}
			o.others = []router.Option{logger("line")}
			return h, o
		},
		"WithLogKeys": func() (router.Handler, twice) {
			h := router.Batch(func(_ context.Context, recs []decoder.Record) error { return router.At(&recs[2], skip) })
			show := func(name string) router.Option {
				return router.WithLogKeys(func([]byte) string { say("%s", name); return name })
			}
			o := twice{show("a"), show("b"), saw, "b line", "", nil}
			o.others = []router.Option{logger("line")}
			return h, o
		},
		"WithPoison": func() (router.Handler, twice) {
			poison := func(name string) router.Option {
				return router.WithPoison(1, func(context.Context, *decoder.Record, error) error {
					say("%s", name)
					return nil
				})
			}
			h := router.Each(func(context.Context, *decoder.Record) error { return errBoom })
			return h, twice{poison("a"), poison("b"), saw, "b b b", "", nil}
		},
	}
}

// writer calls itself for each Write.
type writer func()

func (w writer) Write(p []byte) (int, error) { w(); return len(p), nil }

// TestOptionsTwice holds each option to what the documentation of Option says
// of one that is given twice.
func TestOptionsTwice(t *testing.T) {
	for name := range optionsTwice() {
		test := func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			h, o := optionsTwice()[name]()
			_, _ = router.New(h, append([]router.Option{quiet(), o.first, o.second}, o.others...)...).Invoke(ctx,
				event("abc"))
			if got := o.saw(); got != o.want {
				t.Errorf("%s twice: %q, want %q", name, got, o.want)
			}
			want := o.want
			if o.alone != "" {
				want = o.alone
			}
			h, o = optionsTwice()[name]()
			opts := append([]router.Option{quiet(), o.first, router.WithStream("orders", h, o.second)}, o.others...)
			_, _ = router.New(nil, opts...).Invoke(ctx, event("abc"))
			if got := o.saw(); got != want {
				t.Errorf("%s in WithStream beside New: %q, want %q", name, got, want)
			}
		}
		t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
	}
}

// TestOptionsTwiceIsComplete: an option that is new is in the table too.
func TestOptionsTwiceIsComplete(t *testing.T) {
	// TestRedeliveryMemoryTwice, TestStream, TestNoHandler
	elsewhere := []string{"WithRedeliveryMemory", "WithStream", "WithFallback"}
	known := optionsTwice()
	for _, name := range optionNames(t) {
		if known[name] == nil && !slices.Contains(elsewhere, name) {
			t.Errorf("nothing is said of %s twice", name)
		}
	}
}

// optionNames are the package's functions that return an Option.
func optionNames(t *testing.T) []string {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || !fn.Name.IsExported() || fn.Type.Results == nil {
				continue
			}
			if result, ok := fn.Type.Results.List[0].Type.(*ast.Ident); ok && result.Name == "Option" {
				names = append(names, fn.Name.Name)
			}
		}
	}
	if len(names) < 12 {
		t.Fatalf("found only %q", names)
	}
	return names
}

// TestRedeliveryMemoryTwice: the last one counts, whether it remembers or not.
func TestRedeliveryMemoryTwice(t *testing.T) {
	for _, c := range []struct {
		first, second int
		want          int // records that are passed over
	}{{10, 0, 0}, {0, 10, 1}} {
		var redelivered int
		h := router.Each(func(_ context.Context, rec *decoder.Record) error {
			if rec.Aggregated && rec.SubSequenceNumber == 1 {
				return errBoom
			}
			return nil
		})
		r := router.New(h, quiet(), router.WithDecoder(decoder.Decoder{Deaggregate: true}),
			router.WithRedeliveryMemory(c.first), router.WithRedeliveryMemory(c.second),
			router.WithStats(func(_ context.Context, s router.Stats) { redelivered += s.Redelivered }))
		for range 2 {
			_, _ = r.Invoke(t.Context(), aggregates("aaa"))
		}
		if redelivered != c.want {
			t.Errorf("%d, then %d: %d were passed over, want %d", c.first, c.second, redelivered, c.want)
		}
	}
}

// TestHooksNone: nil takes hooks away that stand before it, in the list of New
// and in that of a stream.
func TestHooksNone(t *testing.T) {
	count := 0
	stats := router.WithStats(func(context.Context, router.Stats) { count++ })
	hook := router.WithCallHook(func(ctx context.Context, _ router.CallInfo) (context.Context, func(error)) {
		count++
		return ctx, nil
	})
	none := []router.Option{router.WithStats(nil), router.WithCallHook(nil)}
	for _, c := range []struct {
		name string
		r    *router.Router
		want int
	}{
		{"in New", router.New(single[0].handler(always(nil)), append([]router.Option{stats, hook}, none...)...), 0},
		{"in WithStream", router.New(nil, stats, hook,
			router.WithStream("orders", single[0].handler(always(nil)), none...)), 0},
		{"before others", router.New(single[0].handler(always(nil)), append(none, stats, hook)...), 2},
		{"inherited", router.New(nil, stats, hook, router.WithStream("orders", single[0].handler(always(nil)))), 2},
	} {
		count = 0
		answer, err := c.r.Invoke(t.Context(), event("a"))
		answers(t, answer, err, allDone)
		if count != c.want {
			t.Errorf("%s: %d calls, want %d", c.name, count, c.want)
		}
	}
}

// TestCallHooksInTurn: contexts go inwards, errors outwards, and a panic passes
// all hooks, its stack with it.
func TestCallHooksInTurn(t *testing.T) {
	for name, react := range map[string]func() error{
		"boom":        func() error { return errBoom },
		"panic: boom": func() error { panic("boom") },
	} {
		a, b := new(calls), new(calls)
		var inner []string
		outer := func(ctx context.Context, c router.CallInfo) (context.Context, func(error)) {
			return context.WithValue(ctx, callKey{}, "outer"), func(err error) {
				a.seen = append(a.seen, fmt.Sprint(err))
			}
		}
		second := func(ctx context.Context, c router.CallInfo) (context.Context, func(error)) {
			inner = append(inner, fmt.Sprint(ctx.Value(callKey{})))
			return ctx, func(err error) { b.seen = append(b.seen, fmt.Sprint(err)) }
		}
		none := func(ctx context.Context, c router.CallInfo) (context.Context, func(error)) { return ctx, nil }
		h := router.Each(func(context.Context, *decoder.Record) error { return react() })
		answer, err := router.New(h, quiet(), router.WithCallHook(outer), router.WithCallHook(none),
			router.WithCallHook(second)).Invoke(t.Context(), event("a"))
		answers(t, answer, err, answerFrom(0))
		if a.String() != name || b.String() != name || !slices.Equal(inner, []string{"outer"}) {
			t.Errorf("saw %s and %s, the inner one's context was of %q", a, b, inner)
		}
	}
	var p *router.PanicError
	hook := func(ctx context.Context, _ router.CallInfo) (context.Context, func(error)) {
		return ctx, func(err error) { errors.As(err, &p) }
	}
	h := router.Each(func(context.Context, *decoder.Record) error { panic("boom") })
	_, _ = router.New(h, quiet(), router.WithCallHook(hook), router.WithCallHook(hook)).Invoke(t.Context(), event("a"))
	if p == nil || !strings.Contains(string(p.Stack), "TestCallHooksInTurn") {
		t.Errorf("the outer hook got %v, without the handler's stack", p)
	}
}
