package router_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
)

// keyed is a Partition, or a TypedPartition, that notes the records it gets as
// places, and fails where fail says so.
type keyed struct {
	mu   sync.Mutex
	seen []string
	fail func(place string) error
}

func (k *keyed) handle(recs []*decoder.Record) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, rec := range recs {
		k.seen = append(k.seen, sentAs(rec))
		if k.fail != nil {
			if err := k.fail(sentAs(rec)); err != nil {
				return router.At(rec, err)
			}
		}
	}
	return nil
}

// sentAs is a record's place in the event in which it came first.
func sentAs(rec *decoder.Record) string {
	n, _ := strconv.Atoi(string(rec.SequenceNumber))
	place := strconv.Itoa(n - 100)
	if rec.Aggregated {
		place += "." + strconv.Itoa(rec.SubSequenceNumber)
	}
	return place
}

// redelivered is what Lambda delivers again of an event: the record with that
// index, and those behind it.
func redelivered(e []byte, index int) []byte {
	const head, record = `{"Records":[`, `{"kinesis":`
	rest := e[len(head):]
	for range index {
		rest = rest[1+bytes.Index(rest[1:], []byte(record)):]
	}
	return append([]byte(head), rest...)
}

// took returns what was seen, in order, and forgets it.
func (k *keyed) took() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	slices.Sort(k.seen)
	s := strings.Join(k.seen, " ")
	k.seen = nil
	return s
}

func failAt(places ...string) func(string) error {
	return func(place string) error {
		if slices.Contains(places, place) {
			return errBoom
		}
		return nil
	}
}

// keysSideBySide are the shapes in which records behind the checkpoint may be
// done.
var keysSideBySide = []shape{chunked[1], chunked[3]}

// TestRedeliveryMemory: what is done behind the checkpoint is not handled again
// when it comes again, and all else is.
func TestRedeliveryMemory(t *testing.T) {
	for _, s := range keysSideBySide {
		t.Run(s.name, func(t *testing.T) {
			k := &keyed{fail: failAt("3")}
			var stats router.Stats
			r := router.New(s.handler(k.handle), quiet(), router.WithWorkers(1), router.WithRedeliveryMemory(100),
				router.WithStats(func(_ context.Context, s router.Stats) { stats = s }))
			e := event("abcbaca") // a: 0 4 6, b: 1 3, c: 2 5
			step := func(e []byte, fail func(string) error, answer, seen string, known int) {
				t.Helper()
				k.fail = fail
				got, err := r.Invoke(t.Context(), e)
				answers(t, got, err, answer)
				if got := k.took(); got != seen || stats.Redelivered != known {
					t.Errorf("handled %s and knew %d; want %s, %d", got, stats.Redelivered, seen, known)
				}
			}
			// a is worked on first; then b fails at 3, and c gets 2 alone.
			step(e, failAt("3"), answerFrom(3), "0 1 2 3 4 6", 0)
			step(redelivered(e, 3), failAt("3"), answerFrom(3), "3", 2)
			// Known to be done, they lay behind a checkpoint again.
			step(redelivered(e, 3), nil, allDone, "3 5", 2)
			// What has been recognised is forgotten.
			step(redelivered(e, 3), nil, allDone, "3 4 5 6", 0)
		})
	}
}

// TestRedeliveryMemoryKeepsOrder: where a record of a key is handled again, so
// are those behind it, lest an old one be the last. So it is where Lambda has
// not got the answer, and delivers again from before the checkpoint.
func TestRedeliveryMemoryKeepsOrder(t *testing.T) {
	for _, s := range keysSideBySide {
		k := &keyed{fail: failAt("3")}
		r := router.New(s.handler(k.handle), quiet(), router.WithWorkers(1), router.WithRedeliveryMemory(100))
		e := event("abcbaca")
		answer, err := r.Invoke(t.Context(), e)
		answers(t, answer, err, answerFrom(3))
		k.took()
		k.fail = nil
		answer, err = r.Invoke(t.Context(), e)
		answers(t, answer, err, allDone)
		if got := k.took(); got != "0 1 2 3 4 5 6" {
			t.Errorf("%s: handled %s", s.name, got)
		}
	}
}

// TestRedeliveryMemoryWithoutIt: by default nothing is remembered.
func TestRedeliveryMemoryWithoutIt(t *testing.T) {
	for _, opts := range [][]router.Option{nil, {router.WithRedeliveryMemory(0)}} {
		k := &keyed{fail: failAt("1")}
		r := router.New(keysSideBySide[0].handler(k.handle), append(opts, quiet(), router.WithWorkers(1))...)
		for range 2 {
			answer, err := r.Invoke(t.Context(), event("aba"))
			answers(t, answer, err, answerFrom(1))
			if got := k.took(); got != "0 1 2" {
				t.Errorf("handled %s", got)
			}
		}
	}
}

// TestRedeliveryMemoryTellsApart: only what is the same in stream, shard,
// number, key and data is passed over.
func TestRedeliveryMemoryTellsApart(t *testing.T) {
	e := string(event("aba"))
	for _, c := range []struct{ name, old, new, seen string }{
		{"the same", "x", "x", "1"},
		{"stream", "stream/orders", "stream/others", "1 2"},
		{"consumer of the same stream", "stream/orders", "stream/orders/consumer/fast:1700000000", "1"},
		{"shard", "shardId-000000000006", "shardId-000000000007", "1 2"},
		{"number", "102", "103", "1 3"},
		{"data", `"data":"Mg=="`, `"data":"Mw=="`, "1 2"},
		{"key", `"partitionKey":"a"`, `"partitionKey":"c"`, "1 2"},
		{"no number", `"sequenceNumber":"102",`, ``, "1"}, // bad, and so not handled
	} {
		t.Run(c.name, func(t *testing.T) {
			k := &keyed{fail: failAt("1")}
			r := router.New(keysSideBySide[0].handler(k.handle), quiet(), router.WithWorkers(1),
				router.WithRedeliveryMemory(100), router.WithOnBad(router.SkipBad))
			answer, err := r.Invoke(t.Context(), []byte(e))
			answers(t, answer, err, answerFrom(1))
			k.took()
			k.fail = nil
			answer, err = r.Invoke(t.Context(), redelivered([]byte(strings.ReplaceAll(e, c.old, c.new)), 1))
			answers(t, answer, err, allDone)
			if got := k.took(); got != c.seen {
				t.Errorf("handled %s, want %s", got, c.seen)
			}
		})
	}
}

// TestRedeliveryMemoryInDoubt: records that the event holds twice are handled.
func TestRedeliveryMemoryInDoubt(t *testing.T) {
	once := record(0, "a", ' ') + "," + record(1, "b", ' ') + "," + record(2, "a", ' ')
	twice := once + "," + record(2, "a", ' ')
	for _, c := range []struct{ name, first, second, seen string }{
		{"twice, then once", twice, once, "1 2"},
		{"once, then twice", once, twice, "1 2 2"},
		{"twice, then twice", twice, twice, "1 2 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := &keyed{fail: failAt("1")}
			r := router.New(keysSideBySide[0].handler(k.handle), quiet(), router.WithWorkers(1),
				router.WithRedeliveryMemory(100))
			answer, err := r.Invoke(t.Context(), []byte(`{"Records":[`+c.first+`]}`))
			answers(t, answer, err, answerFrom(1))
			k.took()
			k.fail = nil
			answer, err = r.Invoke(t.Context(), redelivered([]byte(`{"Records":[`+c.second+`]}`), 1))
			answers(t, answer, err, allDone)
			if got := k.took(); got != c.seen {
				t.Errorf("handled %s, want %s", got, c.seen)
			}
		})
	}
}

// TestRedeliveryMemoryIsBounded: of a key those are forgotten that come last.
func TestRedeliveryMemoryIsBounded(t *testing.T) {
	k := &keyed{fail: failAt("1")}
	r := router.New(keysSideBySide[0].handler(k.handle), quiet(), router.WithWorkers(1), router.WithRedeliveryMemory(2))
	_, _ = r.Invoke(t.Context(), event("abaaaa"))
	k.took()
	k.fail = nil
	_, _ = r.Invoke(t.Context(), redelivered(event("abaaaa"), 1))
	if got := k.took(); got != "1 4 5" {
		t.Errorf("handled %s, want all but the first two of a", got)
	}
}

// TestRedeliveryMemoryOfFailures: what the whole invocation fails for is not
// remembered.
func TestRedeliveryMemoryOfFailures(t *testing.T) {
	for _, c := range []struct {
		name string
		e    []byte
		err  error
		opts []router.Option
	}{
		{"Fail", event("aba"), fail, nil},
		{"WithWholeBatch", event("aba"), errBoom, []router.Option{router.WithWholeBatch()}},
		{"window", windowEvent("aba", "1"), errBoom, nil},
		{"broken event", event("aba")[:len(event("aba"))-1], errBoom, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := &keyed{fail: func(place string) error {
				if place == "1" {
					return c.err
				}
				return nil
			}}
			r := router.New(keysSideBySide[0].handler(k.handle),
				append(c.opts, quiet(), router.WithWorkers(1), router.WithRedeliveryMemory(100))...)
			if answer, err := r.Invoke(t.Context(), c.e); err == nil {
				t.Errorf("answered %s", answer)
			}
			k.took()
			k.fail = nil
			answer, err := r.Invoke(t.Context(), event("aba"))
			answers(t, answer, err, allDone)
			if got := k.took(); got != "0 1 2" {
				t.Errorf("handled %s", got)
			}
		})
	}
}

// TestRedeliveryMemoryOfUserRecords: of an aggregate that comes again, the user
// records that are done are passed over, in every shape but those that want
// all.
func TestRedeliveryMemoryOfUserRecords(t *testing.T) {
	for _, s := range shapes(single, sliced) {
		t.Run(s.name, func(t *testing.T) {
			k := &keyed{fail: failAt("1.2")}
			r := router.New(s.handler(k.handle), quiet(), deaggregate(), router.WithRedeliveryMemory(100))
			e := aggregates("a", "aaaa", "a")
			for _, e := range [][]byte{e, redelivered(e, 1)} {
				answer, err := r.Invoke(t.Context(), e)
				answers(t, answer, err, answerFrom(1))
			}
			want := "0 1.0 1.1 1.2 1.2"
			if strings.HasPrefix(s.name, "ByTime") {
				want = "0 1.0 1.0 1.1 1.1 1.2 1.2"
			}
			if got := k.took(); got != want {
				t.Errorf("handled %s, want %s", got, want)
			}
			k.fail = nil
			answer, err := r.Invoke(t.Context(), redelivered(e, 1))
			answers(t, answer, err, allDone)
			want = "1.2 1.3 2"
			if strings.HasPrefix(s.name, "ByTime") {
				want = "1.0 1.1 1.2 1.3 2"
			}
			if got := k.took(); got != want {
				t.Errorf("handled %s, want %s", got, want)
			}
		})
	}
}

// TestRedeliveryMemoryOfSkipped: what was skipped is done as well.
func TestRedeliveryMemoryOfSkipped(t *testing.T) {
	k := &keyed{fail: func(place string) error {
		switch place {
		case "1":
			return errBoom
		case "2":
			return skip
		}
		return nil
	}}
	r := router.New(keysSideBySide[0].handler(k.handle), quiet(), router.WithWorkers(1),
		router.WithRedeliveryMemory(100), router.WithOnBad(router.SkipBad))
	_, _ = r.Invoke(t.Context(), event("abaa!"))
	k.took()
	k.fail = nil
	answer, err := r.Invoke(t.Context(), redelivered(event("abaa!"), 1))
	answers(t, answer, err, allDone)
	if got := k.took(); got != "1" {
		t.Errorf("handled %s", got)
	}
}

// TestRedeliveryMemoryConcurrently: invocations of one shard side by side, as
// with a parallelization factor, lose nothing: each record is handled at least
// once, whatever the others remember.
func TestRedeliveryMemoryConcurrently(t *testing.T) {
	var mu sync.Mutex
	done := map[string]int{}
	tries := map[string]int{}
	r := router.New(router.Partition(func(_ context.Context, key []byte, recs []decoder.Record) error {
		mu.Lock()
		defer mu.Unlock()
		for i := range recs {
			place := string(key) + string(recs[i].SequenceNumber)
			if tries[place]++; tries[place] < 3 && recs[i].Index%3 == 1 {
				return router.At(&recs[i], errBoom)
			}
			done[place]++
		}
		return nil
	}), quiet(), router.WithRedeliveryMemory(1000))
	var wg sync.WaitGroup
	for n := range 16 {
		wg.Go(func() {
			keys := fmt.Sprintf("%c%c%c", 'a'+n, 'A'+n, 'a'+n) // each has keys of its own
			for {
				answer, err := r.Invoke(t.Context(), event(strings.Repeat(keys, 5)))
				if err != nil {
					t.Error(err)
					return
				}
				if string(answer) == allDone {
					return
				}
			}
		})
	}
	wg.Wait()
	if len(done) != 16*15 {
		t.Errorf("%d records are done, want %d", len(done), 16*15)
	}
}
