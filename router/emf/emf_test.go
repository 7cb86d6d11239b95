package emf_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/emf"
	"example.com/sluice/router/routertest"
)

var errBoom = errors.New("boom")

// quiet keeps out of the tests' output what they provoke.
func quiet() router.Option { return router.WithLogger(slog.New(slog.DiscardHandler)) }

// event makes an event out of letters: each is a record with that partition
// key, whose data is one byte; a "!" behind it makes the data no base64.
func event(letters string) []byte {
	var recs []decoder.Record
	for i, c := range strings.ReplaceAll(letters, "!", "") {
		recs = append(recs, decoder.Record{
			Source: &decoder.Source{
				EventSourceARN: "arn:aws:kinesis:us-east-1:123456789012:stream/orders",
				ShardID:        "shardId-000000000006",
			},
			PartitionKey: []byte(string(c)), SequenceNumber: []byte(numberOf(i)), Data: []byte("1"),
			ApproximateArrivalTimestamp: time.Unix(1600000000, 0),
		})
	}
	e := string(routertest.EventOf(recs...))
	if at := strings.IndexByte(letters, '!'); at >= 0 {
		data := strings.Split(e, `"MQ=="`)
		e = strings.Join(data[:at], `"MQ=="`) + `"****"` + strings.Join(data[at:], `"MQ=="`)
	}
	return []byte(e)
}

// numberOf is the sequence number of the record with that index.
func numberOf(index int) string { return fmt.Sprint(100 + index) }

// This file checks the lines. deploy/ checks the same lines against the JSON
// schema of the format.

// written is a writer that keeps what it is given, write by write.
type written struct {
	mu     sync.Mutex
	inside bool
	writes []string
	raced  bool
}

func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	w.raced = w.raced || w.inside
	w.inside = true
	w.writes = append(w.writes, string(p))
	w.mu.Unlock()
	runtime.Gosched() // let another one in
	w.mu.Lock()
	w.inside = false
	w.mu.Unlock()
	return len(p), nil
}

// readLine is a line that has been read.
type readLine struct {
	members    map[string]any
	namespace  string
	dimensions []string
	units      map[string]string // of the metrics by name
}

// readEMF reads a line and checks what the format demands of each: one
// directive with one set of dimensions, and that each reference has its target.
func readEMF(t *testing.T, line string) readLine {
	t.Helper()
	if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") || len(line) > 256<<10 {
		t.Errorf("no line of at most 256 KB: %d bytes", len(line))
	}
	var head struct {
		AWS struct {
			Timestamp         int64
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name, Unit string }
			}
		} `json:"_aws"`
	}
	l := readLine{units: map[string]string{}}
	if err := errors.Join(json.Unmarshal([]byte(line), &head), json.Unmarshal([]byte(line), &l.members)); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	if at := time.UnixMilli(head.AWS.Timestamp); time.Since(at).Abs() > time.Hour {
		t.Errorf("the timestamp is %v", at)
	}
	if len(head.AWS.CloudWatchMetrics) != 1 || len(head.AWS.CloudWatchMetrics[0].Dimensions) != 1 {
		t.Fatalf("want one directive with one set of dimensions: %s", line)
	}
	d := head.AWS.CloudWatchMetrics[0]
	l.namespace, l.dimensions = d.Namespace, d.Dimensions[0]
	for _, m := range d.Metrics {
		if _, twice := l.units[m.Name]; twice {
			t.Errorf("metric %q stands twice", m.Name)
		}
		l.units[m.Name] = m.Unit
		if _, ok := l.members[m.Name].(float64); !ok {
			t.Errorf("metric %q has the value %v", m.Name, l.members[m.Name])
		}
	}
	for _, name := range l.dimensions {
		if v, _ := l.members[name].(string); v == "" || len(v) > 1024 {
			t.Errorf("dimension %q has the value %.64q", name, v)
		}
	}
	if len(d.Metrics) > 100 || len(l.dimensions) > 30 {
		t.Errorf("%d metrics, %d dimensions", len(d.Metrics), len(l.dimensions))
	}
	return l
}

// values are the metrics of these names, as one text.
func (l readLine) values(names ...string) string {
	var words []string
	for _, name := range names {
		words = append(words, fmt.Sprint(l.members[name]))
	}
	return strings.Join(words, " ")
}

func TestLines(t *testing.T) {
	ctx := lambdacontext.NewContext(t.Context(),
		&lambdacontext.LambdaContext{AwsRequestID: "8476a536-e9f4-11e8-9739-2dfe598c3fcd"})
	broken := event("ab")
	broken = broken[:len(broken)-1]
	counters := []string{
		"Records", "Processed", "Skipped", "Failed", "Bad", "Bytes", "InvocationErrors",
		"PartialFailures",
	}
	for _, tt := range []struct {
		name       string
		event      []byte
		values     string // of counters
		stream     bool
		checkpoint any
	}{
		{"good", event("aab"), "3 3 0 0 0 3 0 0", true, nil},
		{"failure", event("ax"), "2 1 0 1 0 2 0 1", true, numberOf(1)},
		{"skip", event("as"), "2 1 1 0 0 2 0 0", true, nil},
		{"bad", event("a!b"), "1 0 0 1 1 0 0 1", true, numberOf(0)},
		{"broken", broken, "2 2 0 0 0 2 1 0", true, nil},
		{"no records", event(""), "0 0 0 0 0 0 0 0", false, nil},
		{"no event", nil, "0 0 0 0 0 0 1 0", false, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := new(written)
			h := router.Each(func(_ context.Context, rec *decoder.Record) error {
				switch string(rec.PartitionKey) {
				case "x":
					return errBoom
				case "s":
					return router.Skip(errBoom)
				}
				return nil
			})
			router.New(h, quiet(), router.WithStats(emf.New(w, emf.Options{Function: "watch"}))).Invoke(ctx, tt.event)
			if len(w.writes) != 1 {
				t.Fatalf("%d writes, want 1", len(w.writes))
			}
			l := readEMF(t, w.writes[0])
			if got := l.values(counters...); got != tt.values {
				t.Errorf("%v are %s, want %s", counters, got, tt.values)
			}
			want := []string{"FunctionName"}
			if tt.stream {
				want = append(want, "StreamName")
				if got := l.values("StreamName", "shardId"); got != "orders shardId-000000000006" {
					t.Errorf("stream and shard are %s", got)
				}
				if age, _ := l.members["OldestRecordAge"].(float64); age < 1e11 {
					t.Errorf("the oldest record's age is %v ms", age)
				}
			} else if l.members["IteratorAge"] != nil {
				t.Errorf("an age of no record")
			}
			if !slices.Equal(l.dimensions, want) || l.members["FunctionName"] != "watch" || l.namespace != "Sluice" {
				t.Errorf("dimensions %q, function %v, namespace %q", l.dimensions, l.members["FunctionName"],
					l.namespace)
			}
			if l.members["requestId"] != "8476a536-e9f4-11e8-9739-2dfe598c3fcd" ||
				l.members["checkpoint"] != tt.checkpoint {
				t.Errorf("request %v, checkpoint %v", l.members["requestId"], l.members["checkpoint"])
			}
		})
	}
}

// TestBesideStats: it is a hook like others.
func TestBesideStats(t *testing.T) {
	w := new(written)
	called := 0
	r := router.New(router.Each(func(context.Context, *decoder.Record) error { return nil }),
		router.WithStats(emf.New(w, emf.Options{Namespace: "Base"})),
		router.WithStats(func(context.Context, router.Stats) { called++ }))
	if _, err := r.Invoke(t.Context(), event("a")); err != nil {
		t.Fatal(err)
	}
	if called != 1 || len(w.writes) != 1 || readEMF(t, w.writes[0]).namespace != "Base" {
		t.Errorf("the other hook was called %d times; lines %q", called, w.writes)
	}
}

// The largest line that the options allow is below 256 KB, and what CloudWatch
// would not take is left out.
func TestLimits(t *testing.T) {
	o := emf.Options{
		Namespace: strings.Repeat("n", 255), Function: strings.Repeat(`"`, 1024),
		Dimensions: map[string]string{},
	}
	for i := range 28 {
		o.Dimensions[fmt.Sprintf("%02d%s", i, strings.Repeat(`\`, 253))] = strings.Repeat(`"`, 1024)
	}
	o.Metrics = func(_ context.Context, s router.Stats, dst []emf.Metric) []emf.Metric {
		for i := range 200 {
			dst = append(dst, emf.Metric{
				Name: fmt.Sprintf("m%03d%s", i, strings.Repeat(`"`, 251)),
				Unit: "Terabytes/Second", Value: -math.MaxFloat32,
			})
		}
		return dst
	}
	w := new(written)
	h := router.Each(func(context.Context, *decoder.Record) error { return nil })
	router.New(h, router.WithStats(emf.New(w, o))).Invoke(t.Context(), event("a"))
	l := readEMF(t, w.writes[0])
	if len(l.units) != 100 || len(l.dimensions) != 30 {
		t.Errorf("%d metrics, %d dimensions", len(l.units), len(l.dimensions))
	}
}

func TestOwnMetrics(t *testing.T) {
	o := emf.Options{Dimensions: map[string]string{"Stage": "prod"}}
	o.Metrics = func(_ context.Context, s router.Stats, dst []emf.Metric) []emf.Metric {
		if len(dst) > 0 {
			t.Error("dst is not empty")
		}
		return append(dst,
			emf.Metric{Name: "Orders", Unit: "Count", Value: float64(s.Records)},
			emf.Metric{Name: "Tiny", Unit: "Percent", Value: 1e-9},
			emf.Metric{Name: "Odd", Unit: "Furlongs", Value: 1.5},
			emf.Metric{Name: "Orders", Value: 7},
			emf.Metric{Name: "Records", Value: 7},
			emf.Metric{Name: "Stage", Value: 7},
			emf.Metric{Name: "requestId", Value: 7},
			emf.Metric{Name: "level", Value: 7},
			emf.Metric{Name: "timestamp", Value: 7},
			emf.Metric{Name: "", Value: 7},
			emf.Metric{Name: "é", Value: 7},
			emf.Metric{Name: "NaN", Value: math.NaN()},
			emf.Metric{Name: "Inf", Value: math.Inf(1)},
			emf.Metric{Name: "Huge", Value: math.MaxFloat64},
		)
	}
	w := new(written)
	h := router.Each(func(context.Context, *decoder.Record) error { return nil })
	router.New(h, router.WithStats(emf.New(w, o))).Invoke(t.Context(), event("ab"))
	l := readEMF(t, w.writes[0])
	if len(l.units) != 13+3 {
		t.Errorf("metrics %v", slices.Sorted(maps.Keys(l.units)))
	}
	if got := l.values("Orders", "Tiny", "Odd", "Records", "Stage"); got != "2 1e-09 1.5 2 prod" {
		t.Errorf("values %s", got)
	}
	if l.units["Orders"] != "Count" || l.units["Odd"] != "" {
		t.Errorf("units %v", l.units)
	}
}

// Nothing that an event says of its stream makes a line that is none.
func TestStrangeNames(t *testing.T) {
	w := new(written)
	h := router.Each(func(context.Context, *decoder.Record) error { return nil })
	e := bytes.ReplaceAll(event("a"), []byte("stream/orders"),
		[]byte(`stream/é\u0000\"`+"\xff"+strings.Repeat("x", 2000)))
	if _, err := router.New(h, router.WithStats(emf.New(w, emf.Options{}))).Invoke(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if got, _ := readEMF(t, w.writes[0]).members["StreamName"].(string); !strings.HasPrefix(got, `__"_xxx`) {
		t.Errorf("the stream's name is %.20q", got)
	}
}

func TestInvalid(t *testing.T) {
	long := strings.Repeat("x", 1025)
	many := map[string]string{}
	for i := range 29 {
		many[fmt.Sprint("d", i)] = "x"
	}
	for want, o := range map[string]emf.Options{
		"namespace":                 {Namespace: "AWS/Lambda"},
		"namespace \":a\"":          {Namespace: ":a"},
		"namespace \"a*\"":          {Namespace: "a*"},
		"function":                  {Function: long},
		"29 dimensions":             {Dimensions: many},
		"dimension \"\"":            {Dimensions: map[string]string{"": "x"}},
		"dimension \":a\"":          {Dimensions: map[string]string{":a": "x"}},
		"dimension \"Records\": th": {Dimensions: map[string]string{"Records": "x"}},
		"dimension \"level\": the":  {Dimensions: map[string]string{"level": "x"}},
		"dimension \"a\": value":    {Dimensions: map[string]string{"a": long}},
		"value \" \"":               {Dimensions: map[string]string{"a": " "}},
		"value \"a\\nb\"":           {Dimensions: map[string]string{"a": "a\nb"}},
	} {
		if err := o.Validate(); err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 300 {
			t.Errorf("%v, want an error with %q", err, want)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("no panic for %q", want)
				}
			}()
			emf.New(new(written), o)
		}()
	}
}

// A line costs the same for a thousand records as for one.
func TestAllocations(t *testing.T) {
	if poisoned() {
		t.Skip("memory is not used again")
	}
	h := router.Each(func(context.Context, *decoder.Record) error { return nil })
	allocations := func(records int, opts ...router.Option) float64 {
		e := routertest.Event{Records: records, Size: 16}.Bytes()
		r := router.New(h, opts...)
		return testing.AllocsPerRun(100, func() {
			if _, err := r.Invoke(context.Background(), e); err != nil {
				t.Fatal(err)
			}
		})
	}
	metrics := router.WithStats(emf.New(discard{}, emf.Options{Function: "watch"}))
	for _, records := range []int{1, 1000} {
		if without, with := allocations(records), allocations(records, metrics); with > without+1 {
			t.Errorf("%d records: %v allocations, %v without metrics", records, with, without)
		}
	}
}

// poisoned is whether released memory is overwritten and not used again: under
// the race detector, and with the tag poison.
func poisoned() bool {
	info, _ := debug.ReadBuildInfo()
	return info != nil && (slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) ||
		slices.Contains(info.Settings, debug.BuildSetting{Key: "-tags", Value: "poison"}))
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// One router's invocations side by side write whole lines, one at a time.
func TestConcurrently(t *testing.T) {
	w := new(written)
	h := router.Each(func(context.Context, *decoder.Record) error { return nil })
	r := router.New(h, router.WithStats(emf.New(w, emf.Options{})))
	var wg sync.WaitGroup
	for n := range 50 {
		wg.Go(func() { r.Invoke(context.Background(), event(strings.Repeat("a", n))) })
	}
	wg.Wait()
	seen := map[float64]bool{}
	for _, line := range w.writes {
		seen[readEMF(t, line).members["Records"].(float64)] = true
	}
	if len(w.writes) != 50 || len(seen) != 50 || w.raced {
		t.Errorf("%d writes of %d kinds, side by side: %t", len(w.writes), len(seen), w.raced)
	}
}

type noRoom struct{}

func (noRoom) Write([]byte) (int, error) { return 0, errors.New("no room") }

// A line that cannot be written is no failure of the invocation, but it does
// not pass unseen.
func TestUnwritable(t *testing.T) {
	var log strings.Builder
	h := router.Each(func(context.Context, *decoder.Record) error { return nil })
	logger := slog.New(slog.NewTextHandler(&log, nil))
	r := router.New(h, router.WithStats(emf.New(noRoom{}, emf.Options{Logger: logger})))
	answer, err := r.Invoke(t.Context(), event("a"))
	if err != nil || string(answer) != `{"batchItemFailures":[]}` {
		t.Errorf("answered %s, %v", answer, err)
	}
	if !strings.Contains(log.String(), "no room") {
		t.Errorf("logged %q", &log)
	}
}
