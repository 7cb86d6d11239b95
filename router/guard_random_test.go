package router_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
)

// scenario is an event and what a handler does with each of its records, drawn
// from a seed.
type scenario struct {
	letters string
	plans   []plan
	opts    []router.Option
	timeout time.Duration

	mu   sync.Mutex
	done []bool
	over bool // Invoke has returned
}

// plan is what happens to one record.
type plan struct {
	sleep  time.Duration
	heeds  bool  // whether it stops sleeping when it is cancelled
	err    error // nil, errBoom or skip
	panics bool
}

func draw(random *rand.Rand) *scenario {
	n := 1 + random.IntN(25)
	s := &scenario{
		plans: make([]plan, n), done: make([]bool, n),
		timeout: time.Duration(random.IntN(40)) * time.Second / 10,
	}
	for i := range s.plans {
		s.letters += string(rune('a' + random.IntN(5)))
		p := &s.plans[i]
		if random.IntN(3) == 0 {
			p.sleep = time.Duration(random.IntN(1000)) * time.Millisecond
		}
		if random.IntN(40) == 0 {
			p.sleep = time.Minute
		}
		p.heeds = random.IntN(2) == 0
		switch random.IntN(20) {
		case 0:
			p.err = errBoom
		case 1:
			p.err = skip
		case 2:
			p.panics = true
		}
	}
	s.opts = []router.Option{
		quiet(), router.WithMargin(time.Duration(random.IntN(800)) * time.Millisecond),
		router.WithBatchSize(1 + random.IntN(4)), router.WithWorkers(1 + random.IntN(6)),
	}
	return s
}

// handle works through the records of a call.
func (s *scenario) handle(ctx context.Context, recs []*decoder.Record) error {
	for _, rec := range recs {
		p := s.plans[rec.Index]
		if p.heeds {
			select {
			case <-ctx.Done():
				return router.At(rec, ctx.Err())
			case <-time.After(p.sleep):
			}
		} else {
			time.Sleep(p.sleep)
		}
		if p.panics {
			panic("at the disco")
		}
		s.mu.Lock()
		if p.err != errBoom && !s.over {
			s.done[rec.Index] = true
		}
		s.mu.Unlock()
		if p.err != nil {
			return router.At(rec, p.err)
		}
	}
	return nil
}

func (s *scenario) handlers() []router.Handler {
	items := func(items []router.Item[int]) []*decoder.Record { return beside(items) }
	return []router.Handler{
		router.Each(func(ctx context.Context, rec *decoder.Record) error {
			return s.handle(ctx, []*decoder.Record{rec})
		}),
		router.Batch(func(ctx context.Context, recs []decoder.Record) error { return s.handle(ctx, pointers(recs)) }),
		router.Partition(func(ctx context.Context, _ []byte, recs []decoder.Record) error {
			return s.handle(ctx, pointers(recs))
		}),
		router.ByTime{Size: 3 * time.Millisecond, Handle: func(ctx context.Context, _ time.Time,
			recs []decoder.Record,
		) error {
			return s.handle(ctx, pointers(recs))
		}},
		router.TypedPartition(json.Unmarshal, func(ctx context.Context, _ []byte, i []router.Item[int]) error {
			return s.handle(ctx, items(i))
		}),
	}
}

// TestGuardLosesNothing: whatever handlers do with their time, the answer comes
// before the deadline, and names no record behind one that is not done.
func TestGuardLosesNothing(t *testing.T) {
	seeds := uint64(400)
	if testing.Short() {
		seeds = 60
	}
	for seed := range seeds {
		for shape := range draw(rand.New(rand.NewPCG(seed, 2))).handlers() {
			synctest.Test(t, func(t *testing.T) {
				s := draw(rand.New(rand.NewPCG(seed, 2)))
				ctx, cancel := context.WithTimeout(t.Context(), s.timeout)
				defer cancel()
				began := time.Now()
				answer, err := router.New(s.handlers()[shape], s.opts...).Invoke(ctx, event(s.letters))
				s.mu.Lock()
				s.over = true
				done := s.done
				s.mu.Unlock()
				if took := time.Since(began); took > s.timeout {
					t.Errorf("seed %d, shape %d: answered after %v of %v", seed, shape, took, s.timeout)
				}
				if err != nil {
					t.Fatalf("seed %d, shape %d: %v", seed, shape, err)
				}
				for i := range done {
					if string(answer) == answerFrom(i) {
						break
					}
					if !done[i] {
						t.Errorf("seed %d, shape %d: answered %s, but record %d is not done", seed, shape, answer, i)
						break
					}
				}
				time.Sleep(time.Hour) // stragglers end
			})
		}
	}
}
