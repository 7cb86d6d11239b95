package router_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

// This file is about Partition: order within a key, keys side by side, and what
// becomes of the others when one fails.

// byKey is a Partition that notes its calls as "a: 0 2" and reacts.
func (j *journal) byKey(react reaction) router.Handler {
	return router.Partition(func(_ context.Context, key []byte, recs []decoder.Record) error {
		for i := range recs {
			if string(recs[i].PartitionKey) != string(key) {
				panic(fmt.Sprintf("key %s has record %v", key, recs[i]))
			}
		}
		j.note(string(key)+":", pointers(recs)...)
		return react(pointers(recs))
	})
}

// TestPartitionOrder: with one worker, steps are taken in the order of their
// first records, a key's chunks one behind the other.
func TestPartitionOrder(t *testing.T) {
	for _, c := range []struct {
		name, letters string
		size          int
		react         reaction
		first         int
		calls         string
	}{
		{"keys", "abcab", 100, always(nil), none, "[a: 0 3] [b: 1 4] [c: 2]"},
		{"chunks", "aabaab", 2, always(nil), none, "[a: 0 1] [b: 2 5] [a: 3 4]"},
		{"chunks of one", "abba", 1, always(nil), none, "[a: 0] [b: 1] [b: 2] [a: 3]"},
		{"failure holds back its key", "aabb", 1, at(0, errBoom), 0, "[a: 0]"},
		{"others get what is before it", "abba", 100, at(3, errBoom), 3, "[a: 0 3] [b: 1 2]"},
		{"and not what is behind it", "abbab", 100, at(3, errBoom), 3, "[a: 0 3] [b: 1 2]"},
		{"not even a part of it", "abcabc", 100, at(0, errBoom), 0, "[a: 0 3]"},
		{"of two failures the lower is named", "abab", 100, both(at(2, errBoom), at(1, errBoom)), 1, "[a: 0 2] [b: 1]"},
		{"Skip goes on", "abab", 100, at(0, skip), none, "[a: 0 2] [a: 2] [b: 1 3]"},
		{"Fail starts nothing more", "abab", 100, at(2, fail), none, "[a: 0 2]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var j journal
			answer, err := router.New(j.byKey(c.react), quiet(), router.WithWorkers(1),
				router.WithBatchSize(c.size)).Invoke(t.Context(), event(c.letters))
			switch {
			case strings.HasPrefix(c.name, "Fail"):
				fails(t, answer, err, "boom")
			case c.first == none:
				answers(t, answer, err, allDone)
			default:
				answers(t, answer, err, answerFrom(c.first))
			}
			j.got(t, c.calls)
		})
	}
}

// TestPartitionBadRecords: a bad record stands in its key's order, and holds
// back its own key alone.
func TestPartitionBadRecords(t *testing.T) {
	for _, c := range []struct {
		name, letters string
		onBad         func(error) error
		first         int
		calls         string
	}{
		{"Skip", "aba!ba", router.Skip, none, "[a: 0] [b: 1 3] [bad 2] [a: 4]"},
		{"Retry", "aba!ba", router.Retry, 2, "[a: 0] [b: 1 3] [bad 2]"},
		{"Retry of the first", "a!bab", router.Retry, 0, "[bad 0]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var j journal
			answer, err := router.New(j.byKey(always(nil)), quiet(), router.WithWorkers(1),
				j.onBad(c.onBad)).Invoke(t.Context(), event(c.letters))
			if c.first == none {
				answers(t, answer, err, allDone)
			} else {
				answers(t, answer, err, answerFrom(c.first))
			}
			j.got(t, c.calls)
		})
	}
}

// TestPartitionWorkers: as many keys are worked on at once as the option says,
// and never two calls of one key.
func TestPartitionWorkers(t *testing.T) {
	for _, c := range []struct{ workers, keys, most int }{
		{0, 40, 16}, {1, 40, 1}, {3, 40, 3}, {100, 40, 40}, {0, 4, 4}, {16, 1, 1},
	} {
		t.Run(fmt.Sprintf("%d workers, %d keys", c.workers, c.keys), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				running := map[string]bool{}
				most := 0
				h := router.Partition(func(_ context.Context, key []byte, recs []decoder.Record) error {
					mu.Lock()
					if running[string(key)] {
						t.Errorf("two calls of %s at once", key)
					}
					running[string(key)] = true
					most = max(most, len(running))
					mu.Unlock()
					time.Sleep(time.Second)
					mu.Lock()
					delete(running, string(key))
					mu.Unlock()
					return nil
				})
				e := routertest.Event{Records: 200, Keys: c.keys}.Bytes()
				answer, err := router.New(h, quiet(), router.WithWorkers(c.workers),
					router.WithBatchSize(3)).Invoke(t.Context(), e)
				answers(t, answer, err, allDone)
				if most != c.most {
					t.Errorf("%d calls at once, want %d", most, c.most)
				}
			})
		})
	}
}

// TestPartitionLosesNothing: whatever fails, panics and skips side by side,
// what is before the answer's record is done, each key's records in order.
func TestPartitionLosesNothing(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		n := 1 + random.IntN(60)
		letters := make([]byte, n)
		for i := range letters {
			letters[i] = 'a' + byte(random.IntN(6))
		}
		plans := make([]int, n)
		for i := range plans {
			plans[i] = random.IntN(25)
		}
		var mu sync.Mutex
		done := make([]bool, n)
		order := map[string][]int{}
		h := router.Partition(func(_ context.Context, key []byte, recs []decoder.Record) error {
			for i := range recs {
				index := recs[i].Index
				switch plans[index] {
				case 0:
					return router.At(&recs[i], errBoom)
				case 1:
					if i == 0 {
						panic("at the disco")
					}
				case 2:
					mu.Lock()
					done[index] = true
					order[string(key)] = append(order[string(key)], index)
					mu.Unlock()
					return router.At(&recs[i], skip)
				case 3:
					runtime.Gosched()
				}
				mu.Lock()
				done[index] = true
				order[string(key)] = append(order[string(key)], index)
				mu.Unlock()
			}
			return nil
		})
		answer, err := router.New(h, quiet(), router.WithBatchSize(1+random.IntN(5)),
			router.WithWorkers(1+random.IntN(8))).Invoke(t.Context(), event(string(letters)))
		if err != nil {
			t.Fatal(err)
		}
		first := slices.Index(done, false)
		want := allDone
		if first >= 0 {
			want = answerFrom(first)
		}
		if string(answer) != want {
			t.Errorf("seed %d: answered %s, want %s", seed, answer, want)
		}
		for key, indices := range order {
			if !slices.IsSorted(indices) {
				t.Errorf("seed %d: key %s in the order %v", seed, key, indices)
			}
		}
	}
}

// TestConcurrentInvocations: one router serves many invocations at once, each
// with its own answer.
func TestConcurrentInvocations(t *testing.T) {
	for _, s := range shapes(single, sliced) {
		t.Run(s.name, func(t *testing.T) {
			r := router.New(s.handler(func(recs []*decoder.Record) error {
				for _, rec := range recs {
					if strings.HasPrefix(string(rec.Data), "9") {
						return router.At(rec, errBoom)
					}
				}
				return nil
			}), quiet(), router.WithBatchSize(3), router.WithRedeliveryMemory(50), router.WithPoison(1000,
				func(context.Context, *decoder.Record, error) error {
					return nil
				}))
			var wg sync.WaitGroup
			for g := range 16 {
				wg.Go(func() {
					for n := range 25 {
						failing := (g + n) % 7
						e := routertest.Event{
							Records: 6, Keys: 3, Seed: uint64(g), Start: time.Unix(1600000000, 0),
							Data: func(i int) []byte {
								if i == failing {
									return []byte("9")
								}
								return []byte("1")
							},
						}
						want := allDone
						if failing < 6 {
							want = `{"batchItemFailures":[{"itemIdentifier":"` +
								string(e.All()[failing].SequenceNumber) + `"}]}`
						}
						ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
						answer, err := r.Invoke(ctx, e.Bytes())
						cancel()
						if err != nil || string(answer) != want {
							t.Errorf("answered %s, %v; want %s", answer, err, want)
						}
					}
				})
			}
			wg.Wait()
		})
	}
}

// TestNothingIsLeftBehind: after many invocations there are as many goroutines
// as before, and no more memory.
func TestNothingIsLeftBehind(t *testing.T) {
	n := 10000
	if testing.Short() {
		n = 1000
	}
	var handled atomic.Int64
	r := router.New(router.Partition(func(_ context.Context, _ []byte, recs []decoder.Record) error {
		if handled.Add(int64(len(recs)))%7 == 0 {
			return errBoom
		}
		return nil
	}), quiet(), router.WithRedeliveryMemory(100), router.WithPoison(3,
		func(context.Context, *decoder.Record, error) error {
			return nil
		}))
	var events [20][]byte
	for seed := range events {
		events[seed] = routertest.Event{Records: 10, Keys: 5, Size: 100, Seed: uint64(seed)}.Bytes()
	}
	// All have the same parent, which would keep a context that is not
	// released.
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	invoke := func(n int) {
		if _, err := r.Invoke(ctx, events[n%len(events)]); err != nil {
			t.Fatal(err)
		}
	}
	memory := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for seed := range 100 {
		invoke(seed)
	}
	goroutines, before := runtime.NumGoroutine(), memory()
	for seed := range n {
		invoke(seed)
	}
	after := memory()
	for i := 0; runtime.NumGoroutine() > goroutines && i < 1000; i++ {
		runtime.Gosched() // the last ones may be about to end
	}
	if got := runtime.NumGoroutine(); got > goroutines {
		t.Errorf("%d goroutines, %d before", got, goroutines)
	}
	if after > before+1<<20 {
		t.Errorf("%d bytes, %d before", after, before)
	}
}
