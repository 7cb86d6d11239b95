package properties

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

// This file shows, in simulated time, what the router's rules give and what
// they cost. `go test -v -run Figures .` prints the tables.

// consumer handles records, and counts how often each was handled and done.
type consumer struct {
	mu          sync.Mutex
	takes       func(i int) time.Duration
	failsFirst  func(i int) bool
	handled     []int
	done        []bool
	again       int // handled although done
	failed      int
	invocations int
}

func (c *consumer) handle(rec *decoder.Record) error {
	i := index(rec.SequenceNumber)
	c.mu.Lock()
	c.handled[i]++
	first := c.handled[i] == 1
	if c.done[i] {
		c.again++
	}
	c.mu.Unlock()
	if c.takes != nil {
		time.Sleep(c.takes(i))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if first && c.failsFirst != nil && c.failsFirst(i) {
		c.failed++
		return errors.New("not this time")
	}
	c.done[i] = true
	return nil
}

// run gives n records of ten keys to a function.
func (c *consumer) run(t *testing.T, m routertest.Mapping, n int, function func() lambda.Handler) *routertest.Log {
	c.handled, c.done = make([]int, n), make([]bool, n)
	recs := routertest.Event{Records: n, Keys: 10}.All()
	for i := range recs {
		recs[i].SequenceNumber = number(i)
	}
	var log *routertest.Log
	synctest.Test(t, func(*testing.T) {
		m.Synctest, m.ReportBatchItemFailures, m.ColdStart = true, true, function
		log = m.Run(nil, recs)
	})
	c.invocations = len(log.Invocations)
	return log
}

// unseen is how many records were given up or expired that the handler has
// never seen.
func (c *consumer) unseen(log *routertest.Log) (lost, unseen int) {
	for i, n := range c.handled {
		if fate := log.Fate(i); fate != routertest.Done {
			lost++
			if n == 0 {
				unseen++
			}
		}
	}
	return lost, unseen
}

func (c *consumer) doneRecords() int {
	n := 0
	for _, done := range c.done {
		if done {
			n++
		}
	}
	return n
}

var silent = router.WithLogger(slog.New(slog.DiscardHandler))

// TestGuardFigures shows what the deadline guard gives a consumer that is too
// slow for its batches of 100, and what it may cost where answers that name a
// record use up retries.
func TestGuardFigures(t *testing.T) {
	if testing.Short() {
		t.Skip("figures for people, which take seconds")
	}
	every := func(d time.Duration) func(int) time.Duration { return func(int) time.Duration { return d } }
	hiccups := func(i int) time.Duration {
		if i%1000 == 540 {
			return 2 * time.Second
		}
		return 21 * time.Millisecond
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "a record takes\tretries\tcounted\tbisect\tguard\tinvocations\ttimeouts\tdone\tdone an "+
		"invocation\thandled again\tlost\tnever seen")
	for _, speed := range []speed{
		{"28 ms", every(28 * time.Millisecond)},
		{"48 ms", every(48 * time.Millisecond)},
		{"190 ms", every(190 * time.Millisecond)},
		{"21 ms, or 2 s", hiccups},
	} {
		for _, m := range []routertest.Mapping{
			{MaximumRetryAttempts: new(-1)},
			{MaximumRetryAttempts: new(2)},
			{MaximumRetryAttempts: new(2), RetryCounting: routertest.ResetOnProgress},
			{MaximumRetryAttempts: new(2), BisectBatchOnFunctionError: true},
			{MaximumRetryAttempts: new(0)},
			{MaximumRetryAttempts: new(0), RetryCounting: routertest.ResetOnProgress},
		} {
			for _, guard := range []bool{false, true} {
				guardRow(t, w, speed, m, guard)
			}
		}
	}
	w.Flush()
	t.Log("\n" + b.String())
}

type speed struct {
	name  string
	takes func(i int) time.Duration
}

func guardRow(t *testing.T, w io.Writer, speed speed, m routertest.Mapping, guard bool) {
	const records = 1000
	c := &consumer{takes: speed.takes}
	margin := time.Duration(-1)
	if guard {
		margin = 0 // the default
	}
	m.Timeout, m.OnFailure = 3*time.Second, routertest.SQS
	log := c.run(t, m, records, func() lambda.Handler {
		return router.New(router.Each(func(_ context.Context, rec *decoder.Record) error {
			return c.handle(rec)
		}), silent, router.WithMargin(margin))
	})
	lost, unseen := c.unseen(log)
	done := records - lost
	fmt.Fprintf(w, "%s\t%d\t%v\t%t\t%t\t%d\t%d\t%d\t%.1f\t%d\t%d\t%d\n", speed.name, *m.MaximumRetryAttempts,
		m.RetryCounting,
		m.BisectBatchOnFunctionError, guard, c.invocations, log.Count(routertest.TimedOut), done,
		float64(done)/float64(c.invocations), c.again, lost, unseen)
	if !guard {
		return
	}
	if n := log.Count(routertest.TimedOut); n > 0 {
		t.Errorf("%s: %d timeouts in spite of the guard", speed.name, n)
	}
	patient := *m.MaximumRetryAttempts < 0 || m.RetryCounting == routertest.ResetOnProgress ||
		m.BisectBatchOnFunctionError
	if patient && lost > 0 {
		t.Errorf("%s: %d records are lost though progress costs nothing", speed.name, lost)
	}
	if c.again > 1 { // whose call the guard has given up
		t.Errorf("%s: %d records are handled again", speed.name, c.again)
	}
}

// reportsAll is a function as other toolkits make it: it handles all records,
// and reports each that fails.
type reportsAll struct{ c *consumer }

func (h reportsAll) Invoke(_ context.Context, event []byte) ([]byte, error) {
	type failure struct {
		ItemIdentifier string `json:"itemIdentifier"`
	}
	answer := struct {
		BatchItemFailures []failure `json:"batchItemFailures"`
	}{[]failure{}}
	for rec, err := range decoder.Records(event) {
		if err != nil {
			return nil, err
		}
		if h.c.handle(rec) != nil {
			answer.BatchItemFailures = append(answer.BatchItemFailures, failure{string(rec.SequenceNumber)})
		}
	}
	return json.Marshal(answer)
}

// TestRedeliveryFigures shows how many records are handled again though they
// were done, for each record that fails once, beside a function that reports
// all failures.
func TestRedeliveryFigures(t *testing.T) {
	if testing.Short() {
		t.Skip("figures for people, which take seconds")
	}
	const records = 20_000
	failsFirst := func(i int) bool { return uint64(i)*0x9e3779b97f4a7c15>>32%100 == 0 } // one in 100, here and there
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "function\tinvocations\tfailures\thandled again though done\tfor each failure")
	again := map[string]int{}
	for _, f := range []struct {
		name string
		h    func(c *consumer) lambda.Handler
	}{
		{"handles all, reports all failures", func(c *consumer) lambda.Handler { return reportsAll{c} }},
		{"Each", func(c *consumer) lambda.Handler {
			return router.New(router.Each(func(_ context.Context, rec *decoder.Record) error {
				return c.handle(rec)
			}), silent)
		}},
		{"Batch, At", func(c *consumer) lambda.Handler { return router.New(c.inOrder(true), silent) }},
		{"Batch of 10, plain errors", func(c *consumer) lambda.Handler {
			return router.New(c.inOrder(false), silent, router.WithBatchSize(10))
		}},
		{"Partition, At", func(c *consumer) lambda.Handler { return router.New(c.partition(), silent) }},
		{"Partition, At, redelivery memory", func(c *consumer) lambda.Handler {
			return router.New(c.partition(), silent, router.WithRedeliveryMemory(1000))
		}},
	} {
		c := &consumer{failsFirst: failsFirst, takes: func(int) time.Duration { return time.Millisecond }}
		log := c.run(t, routertest.Mapping{}, records, func() lambda.Handler { return f.h(c) })
		if lost, _ := c.unseen(log); lost > 0 || slices.Contains(c.done, false) || c.doneRecords() != records {
			t.Errorf("%s: %d records are lost", f.name, lost)
		}
		again[f.name] = c.again
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%.2f\n", f.name, c.invocations, c.failed, c.again,
			float64(c.again)/float64(c.failed))
	}
	w.Flush()
	t.Log("\n" + b.String())
	if again["Each"] != 0 || again["Batch, At"] != 0 {
		t.Error("records are handled again behind a failure in order")
	}
	if again["Partition, At, redelivery memory"] != 0 ||
		again["Partition, At"] >= again["handles all, reports all failures"] {
		t.Error("more is handled again than must be")
	}
}

func (c *consumer) inOrder(named bool) router.Batch {
	return func(_ context.Context, recs []decoder.Record) error {
		for i := range recs {
			if err := c.handle(&recs[i]); err != nil {
				if named {
					return router.At(&recs[i], err)
				}
				return err
			}
		}
		return nil
	}
}

func (c *consumer) partition() router.Handler {
	return router.Partition(func(ctx context.Context, _ []byte, recs []decoder.Record) error {
		return c.inOrder(true)(ctx, recs)
	})
}
