package router_test

import (
	"context"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

// This file is about ByTime: windows by arrival time inside an event.

// arrivals makes an event of records that arrived at those times: seconds since
// the epoch, or "" for a record without a time.
func arrivals(times ...string) []byte {
	recs := make([]string, len(times))
	for i, at := range times {
		member := ""
		if at != "" {
			member = `,"approximateArrivalTimestamp":` + at
		}
		recs[i] = fmt.Sprintf(`{"kinesis":{"partitionKey":"a","sequenceNumber":"%s","data":"MQ=="%s},`+
			`"eventSource":"aws:kinesis","eventSourceARN":"%s"}`,
			numberOf(i), member, ordersARN)
	}
	return []byte(`{"Records":[` + strings.Join(recs, ",") + `]}`)
}

// windows is a ByTime that notes its calls as "60s: 0 1" and "late: 2".
func (j *journal) windows(size time.Duration, watermark time.Time, react reaction) router.ByTime {
	h := router.ByTime{Size: size, Handle: func(_ context.Context, start time.Time, recs []decoder.Record) error {
		name := "none"
		if !start.IsZero() {
			name = time.Duration(start.UnixNano()).String()
			if start.Location() != time.UTC {
				name += " not in UTC"
			}
		}
		j.note(name+":", pointers(recs)...)
		return react(pointers(recs))
	}}
	if !watermark.IsZero() {
		h.After = func(context.Context, *decoder.Source) time.Time { return watermark }
		h.Late = func(_ context.Context, recs []decoder.Record) error {
			j.note("late:", pointers(recs)...)
			return react(pointers(recs))
		}
	}
	return h
}

func TestByTime(t *testing.T) {
	for _, c := range []struct {
		name  string
		times []string
		size  time.Duration
		after time.Time
		react reaction
		first int
		calls string
	}{
		{
			"windows",
			[]string{"10", "59.999", "60", "119", "120"},
			time.Minute,
			time.Time{},
			always(nil), none,
			"[0s: 0 1] [1m0s: 2 3] [2m0s: 4]",
		},
		{
			"out of order",
			[]string{"130", "10", "70", "131", "11"},
			time.Minute,
			time.Time{},
			always(nil), none,
			"[0s: 1 4] [1m0s: 2] [2m0s: 0 3]",
		},
		{
			"before the epoch",
			[]string{"-1", "-60", "-60.001", "0"},
			time.Minute,
			time.Time{},
			always(nil), none,
			"[-2m0s: 2] [-1m0s: 0 1] [0s: 3]",
		},
		{"one window", []string{"70", "10.5", "130"}, 0, time.Time{}, always(nil), none, "[10.5s: 0 1 2]"},
		{"size below 0", []string{"70", "10.5"}, -time.Minute, time.Time{}, always(nil), none, "[10.5s: 0 1]"},
		{
			"without a time",
			[]string{"70", "", "10", ""},
			time.Minute,
			time.Time{},
			always(nil), none,
			"[none: 1 3] [0s: 2] [1m0s: 0]",
		},
		{
			"late ones first",
			[]string{"130", "60", "70", "10"},
			time.Minute, time.Unix(60, 0), always(nil), none,
			"[late: 1 3] [1m0s: 2] [2m0s: 0]",
		},
		{
			"without a time is not late",
			[]string{"", "10"},
			time.Minute, time.Unix(60, 0), always(nil), none,
			"[late: 1] [none: 0]",
		},
		{"all late", []string{"1", "2"}, time.Minute, time.Unix(60, 0), always(nil), none, "[late: 0 1]"},
		{
			"failure in the first window",
			[]string{"130", "10", "70"},
			time.Minute,
			time.Time{},
			at(1, errBoom), 1,
			"[0s: 1] [2m0s: 0]",
		},
		{
			"failure in the last",
			[]string{"130", "10", "70"},
			time.Minute,
			time.Time{},
			at(0, errBoom), 0,
			"[0s: 1] [1m0s: 2] [2m0s: 0]",
		},
		{
			"failure in the middle",
			[]string{"10", "70", "11", "130"},
			time.Minute,
			time.Time{},
			at(1, errBoom), 1,
			"[0s: 0 2] [1m0s: 1]",
		},
		{
			"other windows get what is before it",
			[]string{"70", "130", "10", "71"},
			time.Minute,
			time.Time{},
			at(2, errBoom), 2, "[0s: 2] [1m0s: 0] [2m0s: 1]",
		},
		{
			"late failure",
			[]string{"130", "10"},
			time.Minute, time.Unix(60, 0), at(1, errBoom), 1,
			"[late: 1] [2m0s: 0]",
		},
		{
			"Skip",
			[]string{"10", "11", "70"},
			time.Minute,
			time.Time{},
			at(0, skip), none,
			"[0s: 0 1] [0s: 1] [1m0s: 2]",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var j journal
			answer, err := router.New(j.windows(c.size, c.after, c.react), quiet()).Invoke(t.Context(),
				arrivals(c.times...))
			if c.first == none {
				answers(t, answer, err, allDone)
			} else {
				answers(t, answer, err, answerFrom(c.first))
			}
			j.got(t, c.calls)
		})
	}
}

// TestByTimeWholeWindows: a window comes in one slice, however many records it
// has; late ones in slices of the batch size.
func TestByTimeWholeWindows(t *testing.T) {
	var windows, late []int
	h := router.ByTime{
		Size:  time.Hour,
		After: func(context.Context, *decoder.Source) time.Time { return time.UnixMilli(1731924555987 + 1000) },
		Handle: func(_ context.Context, _ time.Time, recs []decoder.Record) error {
			windows = append(windows, len(recs))
			return nil
		},
		Late: func(_ context.Context, recs []decoder.Record) error { late = append(late, len(recs)); return nil },
	}
	answer, err := router.New(h, quiet(), router.WithBatchSize(100)).Invoke(t.Context(),
		routertest.Event{Records: 2000}.Bytes())
	answers(t, answer, err, allDone)
	if len(windows) != 1 || len(late) != 3 || late[0] != 100 || late[1] != 100 ||
		windows[0]+late[0]+late[1]+late[2] != 2000 {
		t.Errorf("windows of %v, late ones of %v", windows, late)
	}
}

// TestByTimeAfterFails: a watermark that cannot be had stops everything.
func TestByTimeAfterFails(t *testing.T) {
	h := router.ByTime{
		After:  func(context.Context, *decoder.Source) time.Time { panic("at the disco") },
		Handle: func(context.Context, time.Time, []decoder.Record) error { t.Error("called"); return nil },
		Late:   func(context.Context, []decoder.Record) error { t.Error("called"); return nil },
	}
	answer, err := router.New(h, quiet()).Invoke(t.Context(), event("aaa"))
	answers(t, answer, err, answerFrom(0))
	// It is not asked where nothing can be late.
	h.Late = nil
	h.Handle = func(context.Context, time.Time, []decoder.Record) error { return nil }
	answer, err = router.New(h, quiet()).Invoke(t.Context(), event("aaa"))
	answers(t, answer, err, allDone)
}

// TestByTimeSource: After gets the source of the records.
func TestByTimeSource(t *testing.T) {
	var got []string
	h := router.ByTime{
		After: func(_ context.Context, src *decoder.Source) time.Time {
			got = append(got, src.ShardID+" of "+src.StreamName)
			return time.Time{}
		},
		Handle: func(context.Context, time.Time, []decoder.Record) error { return nil },
		Late:   func(context.Context, []decoder.Record) error { t.Error("late without a watermark"); return nil },
	}
	answer, err := router.New(h, quiet()).Invoke(t.Context(), event("aaa"))
	answers(t, answer, err, allDone)
	if len(got) != 1 || got[0] != "shardId-000000000006 of orders" {
		t.Errorf("asked for %q", got)
	}
}

// TestByTimeBadRecords: a bad record stands in its window's order.
func TestByTimeBadRecords(t *testing.T) {
	var j journal
	e := strings.Replace(string(arrivals("10", "70", "11", "71", "12")), `"sequenceNumber":"102","data":"MQ=="`,
		`"sequenceNumber":"102","data":"*"`, 1)
	answer, err := router.New(j.windows(time.Minute, time.Time{}, always(nil)), quiet(),
		j.onBad(router.Skip)).Invoke(t.Context(), []byte(e))
	answers(t, answer, err, allDone)
	j.got(t, "[0s: 0] [bad 2] [0s: 4] [1m0s: 1 3]")
	j.calls = nil
	answer, err = router.New(j.windows(time.Minute, time.Time{}, always(nil)), quiet(),
		j.onBad(router.Retry)).Invoke(t.Context(), []byte(e))
	answers(t, answer, err, answerFrom(2))
	j.got(t, "[0s: 0] [bad 2] [1m0s: 1]")
}

// bigNanos is a time in nanoseconds since the epoch, of which an int64 holds no
// more than those of the years 1678 to 2262.
func bigNanos(t time.Time) *big.Int {
	ns := new(big.Int).Mul(big.NewInt(t.Unix()), big.NewInt(int64(time.Second)))
	return ns.Add(ns, big.NewInt(int64(t.Nanosecond())))
}

// TestByTimeFarAway holds windows of all times that a record can have to
// arithmetic without bounds: each record is in the window that begins with the
// last multiple of the size before it, and the windows come in their order.
func TestByTimeFarAway(t *testing.T) {
	const last = 253402300799 // the last second of the year 9999; as far before the epoch is the earliest
	random := rand.New(rand.NewPCG(1, 2))
	sizes := []time.Duration{
		1, 2, 3, 999, time.Microsecond, time.Second - 1, time.Second, time.Second + 1, time.Minute, time.Hour,
		24 * time.Hour, 1 << 62, math.MaxInt64 - 1, math.MaxInt64,
	}
	edges := []string{
		"-9223372036.854775808", "-9223372036.854775807", "9223372036.854775807", "9223372036.854775808", "0",
		"-0.000000001", "0.000000001", "253402300799.999999999", "-253402300799.999999999", "-62135596800.000000001",
		"-62135596799.999999999", "9277459200", "-9214560000",
	}
	for n := range 300 {
		size := sizes[n%len(sizes)]
		if n >= 2*len(sizes) {
			size = time.Duration(random.Int64()>>random.IntN(63)) + 1
			size = max(size, 1) // which may have gone over the top
		}
		times := slices.Clone(edges)
		for range 40 {
			sign := []string{"", "-"}[random.IntN(2)]
			times = append(times, fmt.Sprintf("%s%d.%09d", sign, random.Int64N(last+1)>>random.IntN(38),
				random.Int64N(1e9)))
		}
		times = append(times, times[0], "")
		var starts []time.Time
		handled := 0
		r := router.New(router.ByTime{Size: size, Handle: func(_ context.Context, start time.Time,
			recs []decoder.Record,
		) error {
			handled += len(recs)
			if recs[0].ApproximateArrivalTimestamp.IsZero() && len(recs) == 1 {
				return nil
			}
			starts = append(starts, start)
			for i := range recs {
				at := bigNanos(recs[i].ApproximateArrivalTimestamp)
				width := big.NewInt(int64(size))
				want := new(big.Int).Mul(new(big.Int).Div(at, width), width) // Div rounds down for a width above zero
				if bigNanos(start).Cmp(want) != 0 || start.Location() != time.UTC {
					t.Errorf("size %d: a record of %v is in the window of %v, want %v", size, at, start, want)
				}
			}
			return nil
		}})
		answer, err := r.Invoke(t.Context(), arrivals(times...))
		answers(t, answer, err, allDone)
		if handled != len(times) || !slices.IsSortedFunc(starts, time.Time.Compare) ||
			len(slices.Compact(slices.Clone(starts))) != len(starts) {
			t.Fatalf("size %d: %d of %d records handled, windows %v", size, handled, len(times), starts)
		}
	}
}

// TestByTimeLateFarAway: a watermark parts the records wherever it and they
// are.
func TestByTimeLateFarAway(t *testing.T) {
	for _, c := range []struct {
		after time.Time
		calls string
	}{
		{time.Date(2264, 1, 1, 0, 0, 0, 0, time.UTC), "[late: 0 1 2] [9000: 3]"},
		{time.Date(1500, 1, 1, 0, 0, 0, 0, time.UTC), "[late: 0] [1677: 1] [2000: 2] [9000: 3]"},
		{time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), "[late: 0 1 2 3]"},
	} {
		var calls journal
		h := router.ByTime{
			Size:  1,
			After: func(context.Context, *decoder.Source) time.Time { return c.after },
			Handle: func(_ context.Context, start time.Time, recs []decoder.Record) error {
				calls.note(fmt.Sprintf("%d:", start.Year()), pointers(recs)...)
				return nil
			},
			Late: func(_ context.Context, recs []decoder.Record) error {
				calls.note("late:", pointers(recs)...)
				return nil
			},
		}
		answer, err := router.New(h, quiet()).Invoke(t.Context(),
			arrivals("-30000000000", "-9223372036.854775808", "950000000", "221860000000"))
		answers(t, answer, err, allDone)
		calls.got(t, c.calls)
	}
}
