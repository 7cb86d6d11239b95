package router_test

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
)

// calls notes what a call hook sees: "0-2:nil" is a call for the records 0 to 2
// that returned nil.
type calls struct {
	mu   sync.Mutex
	seen []string
}

type callKey struct{}

// around is the hook. It marks the context of the call.
func (c *calls) around(ctx context.Context, call router.CallInfo) (context.Context, func(error)) {
	what := "none"
	if call.Records > 0 {
		what = fmt.Sprintf("%d-%d", call.First.Index, call.Last.Index)
		if n := call.Last.Index - call.First.Index + 1; n != call.Records {
			what += fmt.Sprintf(" are %d", call.Records)
		}
	}
	return context.WithValue(ctx, callKey{}, what), func(err error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		var p *router.PanicError
		if errors.As(err, &p) {
			if !strings.Contains(string(p.Stack), "TestCallHook") {
				what += " without its stack"
			}
			err = fmt.Errorf("panic %v", p.Value)
		}
		c.seen = append(c.seen, fmt.Sprintf("%s:%v", what, err))
	}
}

func (c *calls) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	slices.Sort(c.seen) // keys are handled side by side
	return strings.Join(c.seen, " ")
}

// Every shape's calls go through the hook, and the handler gets the hook's
// context.
func TestCallHook(t *testing.T) {
	for _, s := range shapes(single, sliced, []shape{tumbling}) {
		t.Run(s.name, func(t *testing.T) {
			c := new(calls)
			var j journal
			r := router.New(s.handler(j.noting(func([]*decoder.Record) error {
				return nil
			})), quiet(), router.WithCallHook(c.around))
			e := event("aaa")
			if s.name == "Tumbling" {
				e = windowEvent("aaa", "{}")
			}
			if _, err := r.Invoke(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			want := "0-2:<nil>"
			if slices.ContainsFunc(single, func(o shape) bool { return o.name == s.name }) {
				want = "0-0:<nil> 1-1:<nil> 2-2:<nil>"
			}
			if got := c.String(); got != want {
				t.Errorf("saw %s, want %s", got, want)
			}
		})
	}
}

func TestCallHookContext(t *testing.T) {
	c := new(calls)
	var got []string
	h := router.Each(func(ctx context.Context, _ *decoder.Record) error {
		got = append(got, fmt.Sprint(ctx.Value(callKey{})))
		return nil
	})
	if _, err := router.New(h, router.WithCallHook(c.around)).Invoke(t.Context(), event("ab")); err != nil {
		t.Fatal(err)
	}
	if want := []string{"0-0", "1-1"}; !slices.Equal(got, want) {
		t.Errorf("the handler's contexts were of %q, want %q", got, want)
	}
}

// The hook sees what went wrong, and the answer is as it would be without it.
func TestCallHookFailures(t *testing.T) {
	for _, tt := range []struct {
		name, event, want string
		react             reaction
		answer            string
	}{
		{"error", "ab", "0-0:boom", func([]*decoder.Record) error { return errBoom }, answerFrom(0)},
		{"skip", "ab", "0-0:boom 1-1:boom", func([]*decoder.Record) error { return router.Skip(errBoom) }, allDone},
		{"panic", "ab", "0-0:panic boom", func([]*decoder.Record) error { panic(errBoom) }, answerFrom(0)},
		{"bad record", "a!b", "", func([]*decoder.Record) error { return nil }, answerFrom(0)},
		{"bad payload", "a?b", "", func([]*decoder.Record) error { return nil }, answerFrom(0)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := single[0]
			if tt.name == "bad payload" {
				s = single[1]
			}
			c := new(calls)
			answer, err := router.New(s.handler(tt.react), quiet(), router.WithCallHook(c.around)).Invoke(t.Context(),
				event(tt.event))
			answers(t, answer, err, tt.answer)
			if got := c.String(); got != tt.want {
				t.Errorf("saw %s, want %s", got, tt.want)
			}
		})
	}
}

// A panic of the hook is one of the handler, and the hook may leave out its
// second half.
func TestCallHookItself(t *testing.T) {
	h := router.Each(func(context.Context, *decoder.Record) error { return nil })
	r := router.New(h, quiet(), router.WithCallHook(func(context.Context, router.CallInfo) (context.Context,
		func(error),
	) {
		panic("hook")
	}))
	answer, err := r.Invoke(t.Context(), event("ab"))
	answers(t, answer, err, answerFrom(0))

	r = router.New(h, router.WithCallHook(func(ctx context.Context, _ router.CallInfo) (context.Context, func(error)) {
		return ctx, nil
	}))
	answer, err = r.Invoke(t.Context(), event("ab"))
	answers(t, answer, err, allDone)
}

// A call that is given up at the deadline ends for the hook when it returns,
// after the invocation; its records are as good then as before.
func TestCallHookOfStraggler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan string, 1)
		hook := func(ctx context.Context, call router.CallInfo) (context.Context, func(error)) {
			return ctx, func(err error) { ended <- fmt.Sprintf("%s %v", call.First.SequenceNumber, err) }
		}
		h := router.Each(func(context.Context, *decoder.Record) error { time.Sleep(time.Hour); return nil })
		ctx, cancel := context.WithTimeout(t.Context(), guardDeadline)
		defer cancel()
		e := event("ab")
		answer, err := router.New(h, quiet(), router.WithMargin(guardMargin), router.WithCallHook(hook)).Invoke(ctx, e)
		answers(t, answer, err, answerFrom(0))
		clear(e) // aws-lambda-go reads the next event into it
		select {
		case got := <-ended:
			t.Errorf("ended with %q before the call", got)
		default:
		}
		if got, want := <-ended, numberOf(0)+" <nil>"; got != want {
			t.Errorf("ended with %q, want %q", got, want)
		}
	})
}

// Without the hook a call allocates nothing for it: a hundred calls take what
// one takes.
func TestCallHookUnset(t *testing.T) {
	if poisoned() {
		t.Skip("memory is not used again")
	}
	h := router.Batch(func(context.Context, []decoder.Record) error { return nil })
	e := event(strings.Repeat("a", 100))
	allocations := func(batchSize int) float64 {
		r := router.New(h, router.WithBatchSize(batchSize))
		return testing.AllocsPerRun(100, func() {
			if _, err := r.Invoke(context.Background(), e); err != nil {
				t.Fatal(err)
			}
		})
	}
	if one, hundred := allocations(100), allocations(1); hundred > one+1 {
		t.Errorf("%v allocations for one call, %v for a hundred", one, hundred)
	}
}

// poisoned is whether released memory is overwritten and not used again: under
// the race detector, and with the tag poison.
func poisoned() bool {
	info, _ := debug.ReadBuildInfo()
	return info != nil && (slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) ||
		slices.Contains(info.Settings, debug.BuildSetting{Key: "-tags", Value: "poison"}))
}
