package router_test

import (
	"bytes"
	"context"
	"log/slog"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

// This file is about events that take long to read, or more memory than they
// may: what was read is handled, and the answer names the first record that was
// not.

// inflating is an event of n records of one key, each of which decompresses to
// so many bytes, which are the number 1.
func inflating(t *testing.T, n, size int) (event []byte, records []decoder.Record) {
	t.Helper()
	text := bytes.Repeat([]byte{' '}, size)
	text[size-1] = '1'
	return holding(n, routertest.Gzip(text))
}

// slow is inflating with space that takes its time to decompress.
func slow(n, size int) (event []byte, records []decoder.Record) {
	random := rand.New(rand.NewPCG(1, 2))
	words := make([][]byte, 64)
	for i := range words {
		for range 16 {
			words[i] = append(words[i], " \n\t\r"[random.IntN(4)])
		}
	}
	var text []byte
	for len(text) < size {
		text = append(text, words[random.IntN(len(words))]...)
	}
	return holding(n, routertest.Gzip(append(text, '1')))
}

func holding(n int, data []byte) (event []byte, records []decoder.Record) {
	e := routertest.Event{Records: n, Keys: 1, Start: time.Unix(1600000000, 0), Data: func(int) []byte { return data }}
	return e.Bytes(), e.All()
}

// handled notes which records were handled, and how often.
type handled struct {
	mu    sync.Mutex
	times []int
}

func (h *handled) reaction(recs []*decoder.Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, rec := range recs {
		for len(h.times) <= rec.Index {
			h.times = append(h.times, 0)
		}
		h.times[rec.Index]++
	}
	return nil
}

// once is how many of the first records were handled, where each was once, and
// none behind them.
func (h *handled) once(t *testing.T) int {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if slices.ContainsFunc(h.times, func(n int) bool { return n != 1 }) {
		t.Errorf("records were handled so often: %v", h.times)
	}
	return len(h.times)
}

// takingLong makes an event that takes half a second to read, or a little more.
func takingLong(
	d decoder.Decoder, event func(n int) ([]byte, []decoder.Record),
) (ev []byte, all []decoder.Record, took time.Duration) {
	for n := 10; took < 500*time.Millisecond; n *= 2 {
		ev, all = event(n)
		began := time.Now()
		for range d.Records(ev) {
		}
		took = time.Since(began)
	}
	return ev, all, took
}

// TestReadingHeedsTheDeadline: an event that takes longer to read than there is
// time is read in part, whether its records are sound or refused.
func TestReadingHeedsTheDeadline(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds of real time")
	}
	d := decoder.Decoder{Codec: decoder.Auto, MaxData: 16 << 20, MaxBatch: math.MaxInt}
	for _, c := range []struct {
		name string
		make func(n int) ([]byte, []decoder.Record)
	}{
		{"sound", func(n int) ([]byte, []decoder.Record) { return slow(n, 256<<10) }},
		{"refused", func(n int) ([]byte, []decoder.Record) { return inflating(t, n, 32<<20) }},
	} {
		ev, all, took := takingLong(d, c.make)
		for _, s := range []shape{single[0], chunked[0], chunked[1], chunked[3], sliced[len(sliced)-1]} {
			t.Run(s.name+"/"+c.name, func(t *testing.T) {
				const margin = 200 * time.Millisecond
				half := took/2 + margin
				for range 5 { // the machine may stand still for a while
					var h handled
					r := router.New(s.handler(h.reaction), quiet(), router.WithDecoder(d), router.WithBatchSize(1),
						router.WithMargin(margin),
						router.WithOnBad(func(_ context.Context, rec *decoder.Record, err error) error {
							_ = h.reaction([]*decoder.Record{rec})
							return router.Skip(err)
						}))
					ctx, cancel := context.WithTimeout(t.Context(), half)
					answer, err := r.Invoke(ctx, ev)
					late := ctx.Err() != nil
					cancel()
					n := h.once(t)
					if n == len(all) {
						continue
					}
					answers(t, answer, err, `{"batchItemFailures":[{"itemIdentifier":"`+
						string(all[n].SequenceNumber)+`"}]}`)
					if n > 0 && !late {
						return
					}
				}
				t.Error("all was handled, or nothing, or the answer was late")
			})
		}
	}
}

// TestWindowReadInPart: a window needs all its records.
func TestWindowReadInPart(t *testing.T) {
	ev, _ := inflating(t, 20, 1<<20)
	ev = append(bytes.TrimSuffix(ev, []byte("}")), `,"window":{},"state":{}}`...)
	for _, s := range append(sliced[:len(sliced):len(sliced)], tumbling) {
		var h handled
		r := router.New(s.handler(h.reaction), quiet(),
			router.WithDecoder(decoder.Decoder{Codec: decoder.Gzip, MaxBatch: 4 << 20}))
		answer, err := r.Invoke(t.Context(), ev)
		fails(t, answer, err, "too large")
		if n := h.once(t); s.name == "Tumbling" && n > 0 {
			t.Errorf("%d records were handled", n)
		}
	}
}

// TestLimitsOfTheEvent: an event that passes a limit of the decoder is worked
// off in several invocations.
func TestLimitsOfTheEvent(t *testing.T) {
	const n = 10
	_, all := inflating(t, n, 1<<20)
	for name, d := range map[string]decoder.Decoder{
		"MaxBatch":   {Codec: decoder.Gzip, MaxBatch: 4 << 20},
		"MaxRecords": {Codec: decoder.Gzip, MaxRecords: 4},
	} {
		for _, s := range shapes(single, sliced) {
			t.Run(name+"/"+s.name, func(t *testing.T) {
				left := all
				for invocations := 1; ; invocations++ {
					var h handled
					var log lockedBuffer
					r := router.New(s.handler(h.reaction), router.WithDecoder(d),
						router.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
					ev := routertest.EventOf(left...)
					answer, err := r.Invoke(t.Context(), ev)
					done := h.once(t)
					if string(answer) == allDone {
						if done != len(left) {
							t.Errorf("%d of %d records were handled", done, len(left))
						}
						// Shapes that read record by record hold one at a time,
						// whatever MaxBatch is.
						if want := 3; invocations != want && (name == "MaxRecords" || invocations != 1 ||
							!isSingle(s)) {
							t.Errorf("it took %d invocations", invocations)
						}
						return
					}
					if done != 4 {
						t.Fatalf("%d records were handled: %s, %v", done, answer, err)
					}
					answers(t, answer, err, `{"batchItemFailures":[{"itemIdentifier":"`+
						string(left[4].SequenceNumber)+`"}]}`)
					if !strings.Contains(log.String(), "too large") {
						t.Errorf("the log does not say why: %s", &log)
					}
					left = left[4:]
				}
			})
		}
	}
}

// TestLimitsAndTheWholeBatch: without partial answers a part is no success, and
// nothing of it is handled in vain where the event is read before.
func TestLimitsAndTheWholeBatch(t *testing.T) {
	ev, _ := inflating(t, 10, 1<<20)
	for _, s := range shapes(single, sliced) {
		var h handled
		d := decoder.Decoder{Codec: decoder.Gzip, MaxRecords: 4}
		r := router.New(s.handler(h.reaction), quiet(), router.WithDecoder(d), router.WithWholeBatch())
		answer, err := r.Invoke(t.Context(), ev)
		fails(t, answer, err, "too large")
		if n := h.once(t); n > 0 && !isSingle(s) {
			t.Errorf("%s handled %d records", s.name, n)
		}
	}
}

// TestLimitAtTheFirstRecord: where a limit leaves nothing to be read there is
// nothing to answer with.
func TestLimitAtTheFirstRecord(t *testing.T) {
	ev, _ := inflating(t, 3, 1<<20)
	for _, s := range sliced {
		d := decoder.Decoder{Codec: decoder.Gzip, MaxBatch: 1 << 10}
		answer, err := router.New(s.handler(always(nil)), quiet(), router.WithDecoder(d)).Invoke(t.Context(), ev)
		fails(t, answer, err, "too large")
	}
}

// TestBrokenBehindTheLimit: a broken event is never answered, wherever reading
// has stopped.
func TestBrokenBehindTheLimit(t *testing.T) {
	ev, _ := inflating(t, 10, 1<<20)
	ev = append(bytes.TrimSuffix(ev, []byte("]}")), ",}"...)
	for _, s := range shapes(single, sliced) {
		d := decoder.Decoder{Codec: decoder.Gzip, MaxRecords: 4}
		answer, err := router.New(s.handler(always(nil)), quiet(), router.WithDecoder(d)).Invoke(t.Context(), ev)
		fails(t, answer, err, "invalid JSON")
	}
}

// TestLimitInsideAnAggregate: the user records that were read are handled, and
// the aggregate is named.
func TestLimitInsideAnAggregate(t *testing.T) {
	limited := router.WithDecoder(decoder.Decoder{Deaggregate: true, MaxRecords: 3})
	for _, s := range shapes(single, sliced) {
		var h journal
		r := router.New(s.handler(h.noting(always(nil))), quiet(), limited)
		answer, err := r.Invoke(t.Context(), aggregates("a", "aaaa", "a"))
		answers(t, answer, err, answerFrom(1))
		if got := strings.Trim(strings.ReplaceAll(h.String(), "] [", " "), "[]"); got != "0 1 1" {
			t.Errorf("%s handled %s", s.name, got)
		}
		answer, err = r.Invoke(t.Context(), aggregates("aaaa", "a")) // which no number of invocations gets past
		fails(t, answer, err, "too large")
	}
}

// TestWindowsAreReadToTheMargin: where a part is worth nothing, reading may
// take more than its share of the time.
func TestWindowsAreReadToTheMargin(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds of real time")
	}
	plain, _ := inflating(t, 100, 1<<20)
	window := append(bytes.TrimSuffix(bytes.Clone(plain), []byte("}")), `,"window":{},"state":{}}`...)
	d := decoder.Decoder{Codec: decoder.Gzip, MaxBatch: 1 << 30}
	for _, c := range []struct {
		shape shape
		event []byte
		opts  []router.Option
	}{
		{tumbling, window, nil},
		{chunked[0], window, nil},
		{chunked[1], plain, []router.Option{router.WithWholeBatch()}},
	} {
		t.Run(c.shape.name, func(t *testing.T) {
			r := router.New(c.shape.handler(always(nil)),
				append(c.opts, quiet(), router.WithDecoder(d), router.WithMargin(100*time.Millisecond))...)
			began := time.Now()
			if _, err := r.Invoke(t.Context(), c.event); err != nil {
				t.Fatal(err)
			}
			took := time.Since(began)
			var err error
			for range 20 { // the machine may be slower at times
				ctx, cancel := context.WithTimeout(t.Context(), took*115/100+100*time.Millisecond)
				_, err = r.Invoke(ctx, c.event)
				cancel()
				if err == nil {
					return
				}
			}
			t.Error(err)
		})
	}
}

// TestLimitsInTheLog: a limit that leaves a part is logged, a broken event is
// not taken for one, and a margin without an end is named beside a limit.
func TestLimitsInTheLog(t *testing.T) {
	deep := event("aa")
	deep = append(bytes.TrimSuffix(deep, []byte("]}")), ","+strings.Repeat("[", 400)...)
	for _, s := range shapes(single, sliced) {
		var log lockedBuffer
		logger := router.WithLogger(slog.New(slog.NewTextHandler(&log, nil)))
		answer, err := router.New(s.handler(always(nil)), logger).Invoke(t.Context(), deep)
		fails(t, answer, err, "too large")
		if log.String() != "" {
			t.Errorf("%s logs a broken event: %s", s.name, &log)
		}
		limit := router.WithDecoder(decoder.Decoder{MaxRecords: 2})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		answer, err = router.New(s.handler(always(nil)), logger, limit, router.WithMargin(time.Hour)).Invoke(ctx,
			event("aaa"))
		cancel()
		answers(t, answer, err, answerFrom(0))
		if !strings.Contains(log.String(), "the margin before the deadline leaves no time") ||
			!strings.Contains(log.String(), "margin=1h0m0s") {
			t.Errorf("%s does not log the margin: %s", s.name, &log)
		}
	}
	var log lockedBuffer
	r := router.New(router.Each(func(context.Context, *decoder.Record) error { return nil }),
		router.WithLogger(slog.New(slog.NewTextHandler(&log, nil))), router.WithDecoder(decoder.Decoder{MaxRecords: 2}))
	answer, err := r.Invoke(t.Context(), event("aaa"))
	answers(t, answer, err, answerFrom(2))
	if !strings.Contains(log.String(), "record 2 (sequence number "+numberOf(2)+")") {
		t.Errorf("the log does not name the record: %s", &log)
	}
}
