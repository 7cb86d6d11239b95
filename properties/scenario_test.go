package properties

import (
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"example.com/sluice/router/routertest"
)

// This file is what can happen: scenarios, drawn at random.

// scenario is one run: a mapping, a router, and the records with what the
// handler does about each of them.
type scenario struct {
	shape   string
	mapping routertest.Mapping
	options options
	style   style
	records []plan
	names   int // which names the keys have
}

// options are those of the router.
type options struct {
	batchSize, workers int
	margin             time.Duration // as WithMargin has it
	onBad              act           // what WithOnBad says
	wholeBatch         bool
	poison             int // failures until WithPoison gives a record up; 0: it does not
	poisonFirst        act // what its function does the first time that it gets a record: ok, retry or panics
	memory             int // of WithRedeliveryMemory
}

// style is how a handler of slices reports what is wrong.
type style uint8

const (
	atFirst style = iota // stops at the first that is not done, and names it
	unnamed              // does so, and does not name it
	joined               // goes through all and names each
)

func (s style) String() string { return [...]string{"at the first", "unnamed", "joined"}[s] }

// plan is a record, or a user record of an aggregate, and what the handler does
// about it: the first time acts[0], and so on, behind the last of them last.
type plan struct {
	shard, key int
	gap        time.Duration // after the record before it
	joins      bool          // the aggregate of the record before it
	bad        bool
	acts       []act
	last       act
}

// act is what a handler does about a record.
type act uint8

const (
	ok      act = iota
	retry       // an error
	skip        // an error that is a Skip
	fail        // an error that is a Fail
	panics      // a panic
	goexit      // the end of the goroutine
	short       // a wait, then ok
	long        // a wait that is longer than most timeouts, then ok
	stall       // a wait for the context's end, whose error it returns
	crashes     // the end of the process
	refuse      // an error that is a Bad
)

func (a act) String() string {
	return [...]string{"ok", "retry", "skip", "fail", "panic", "goexit", "short", "long", "stall", "crash", "refuse"}[a]
}

const (
	shortWait = 150 * time.Millisecond
	longWait  = 2500 * time.Millisecond
)

// draw makes a scenario for a shape. The first choice of each kind is the
// plainest.
func draw(t *rapid.T, shape string) *scenario {
	s := &scenario{shape: shape}
	s.drawMapping(t)
	s.drawOptions(t)
	if strings.Contains(shape, "Batch") || strings.Contains(shape, "Partition") || strings.Contains(shape, "ByTime") ||
		shape == "Tumbling" {
		s.style = rapid.SampledFrom([]style{atFirst, unnamed, joined}).Draw(t, "style")
	}
	n := rapid.IntRange(1, 16).Draw(t, "records")
	shards := rapid.SampledFrom([]int{1, 1, 1, 2}).Draw(t, "shards")
	keys := rapid.IntRange(1, 4).Draw(t, "keys")
	aggregates := rapid.SampledFrom([]bool{false, false, true}).Draw(t, "aggregates")
	for i := range n {
		p := s.drawPlan(t, shards, keys)
		if aggregates && i > 0 && !p.bad && !s.records[i-1].bad && rapid.Bool().Draw(t, "joins") {
			p.joins, p.gap, p.shard = true, 0, s.records[i-1].shard
		}
		s.records = append(s.records, p)
	}
	if aggregates && s.mapping.ParallelizationFactor > 1 {
		s.mapping.ParallelizationFactor = 1 // since lanes go by the aggregates' keys
	}
	// Hashes of keys differ from process to process, so whether two of them
	// meet must not depend on a few names.
	s.names = rapid.IntRange(0, 9999).Draw(t, "names")
	return s
}

func (s *scenario) drawMapping(t *rapid.T) {
	m := &s.mapping
	m.BatchSize = rapid.IntRange(1, 12).Draw(t, "BatchSize")
	m.MaximumBatchingWindow = rapid.SampledFrom([]time.Duration{0, 0, 3 * time.Second}).Draw(t, "MaximumBatchingWindow")
	m.ReportBatchItemFailures = rapid.SampledFrom([]bool{true, true, true, false}).Draw(t, "ReportBatchItemFailures")
	m.BisectBatchOnFunctionError = rapid.Bool().Draw(t, "BisectBatchOnFunctionError")
	m.MaximumRetryAttempts = new(rapid.SampledFrom([]int{-1, -1, 0, 1, 2, 5}).Draw(t, "MaximumRetryAttempts"))
	m.MaximumRecordAge = rapid.SampledFrom([]time.Duration{0, 0, time.Minute}).Draw(t, "MaximumRecordAge")
	m.OnFailure = rapid.SampledFrom([]routertest.Destination{routertest.SQS, routertest.S3}).Draw(t, "OnFailure")
	m.Timeout = rapid.SampledFrom([]time.Duration{3 * time.Second, 2 * time.Second, time.Second}).Draw(t, "Timeout")
	m.MaxConcurrency = rapid.IntRange(1, 3).Draw(t, "MaxConcurrency")
	m.RetryCounting = rapid.SampledFrom([]routertest.RetryCounting{
		routertest.CountEveryFailure, routertest.ResetOnProgress, routertest.CountErrorsOnly,
	}).Draw(t, "RetryCounting")
	if s.shape == "Tumbling" || rapid.IntRange(0, 7).Draw(t, "window") == 7 {
		m.TumblingWindow = rapid.SampledFrom([]time.Duration{2 * time.Second, 10 * time.Second}).Draw(t,
			"TumblingWindow")
		m.FinalInvokeWithRecords = rapid.Bool().Draw(t, "FinalInvokeWithRecords")
	} else {
		m.ParallelizationFactor = rapid.IntRange(1, 3).Draw(t, "ParallelizationFactor")
	}
	m.Pipe = m.TumblingWindow == 0 && m.ReportBatchItemFailures && rapid.IntRange(0, 3).Draw(t, "Pipe") == 3
	if m.Pipe {
		m.OnFailure = routertest.NoDestination
	}
	m.Synctest = true
}

func (s *scenario) drawOptions(t *rapid.T) {
	o := &s.options
	o.batchSize = rapid.IntRange(1, 6).Draw(t, "WithBatchSize")
	o.workers = rapid.IntRange(1, 4).Draw(t, "WithWorkers")
	o.margin = rapid.SampledFrom([]time.Duration{0, 300 * time.Millisecond, -1, time.Second}).Draw(t, "WithMargin")
	if o.margin >= s.mapping.Timeout && (!s.ends() || s.mapping.TumblingWindow > 0) {
		o.margin = 0 // which would not leave time for anything, for a day
	}
	o.onBad = rapid.SampledFrom([]act{retry, skip, ok, short}).Draw(t, "WithOnBad")
	o.poison = rapid.SampledFrom([]int{0, 0, 1, 2, 3}).Draw(t, "WithPoison")
	o.poisonFirst = rapid.SampledFrom([]act{ok, ok, retry, panics}).Draw(t, "poison first")
	o.memory = rapid.SampledFrom([]int{0, 0, 100, 3}).Draw(t, "WithRedeliveryMemory")
	o.wholeBatch = !s.mapping.ReportBatchItemFailures || rapid.IntRange(0, 7).Draw(t, "WithWholeBatch") == 7
}

func (s *scenario) drawPlan(t *rapid.T, shards, keys int) plan {
	p := plan{
		shard: rapid.IntRange(0, shards-1).Draw(t, "shard"),
		key:   rapid.IntRange(0, keys-1).Draw(t, "key"),
		gap: rapid.SampledFrom([]time.Duration{
			0, 0, time.Millisecond, 700 * time.Millisecond,
			4 * time.Second,
		}).Draw(t, "gap"),
		bad: rapid.IntRange(0, 15).Draw(t, "bad") == 15,
	}
	if rapid.Bool().Draw(t, "plain") {
		return p
	}
	p.acts = rapid.SliceOfN(rapid.SampledFrom([]act{
		ok, ok, retry, retry, retry, skip, skip, fail, panics, goexit, short, short, long, stall, crashes,
		refuse, refuse,
	}), 0, 3).Draw(t, "acts")
	if s.ends() && rapid.IntRange(0, 3).Draw(t, "for ever") == 3 {
		p.last = rapid.SampledFrom([]act{retry, fail, panics, goexit, stall, long, refuse}).Draw(t, "last")
	}
	return p
}

// ends is whether a record that fails for ever is given up some time, before it
// expires after a day of retries.
func (s *scenario) ends() bool {
	return s.mapping.MaximumRecordAge > 0 || *s.mapping.MaximumRetryAttempts >= 0 &&
		s.mapping.RetryCounting != routertest.CountErrorsOnly
}

// badAct is what WithOnBad says: where nothing is given up, bad records must
// not fail for ever.
func (s *scenario) badAct() act {
	if s.options.onBad == retry && !s.ends() {
		return skip
	}
	return s.options.onBad
}

// margin is how long before the deadline the router stops; below 0 where it
// does not.
func (s *scenario) margin() time.Duration {
	if s.options.margin != 0 {
		return s.options.margin
	}
	return min(500*time.Millisecond, s.mapping.Timeout/4)
}

// mostCalls is how many calls the router may make at once in an invocation.
func (s *scenario) mostCalls() int {
	if strings.Contains(s.shape, "Partition") {
		return s.options.workers
	}
	return 1
}

// chunked is whether calls get no more than WithBatchSize records.
func (s *scenario) chunked() bool {
	return strings.Contains(s.shape, "Partition") || strings.Contains(s.shape, "Batch")
}

func (s *scenario) String() string {
	var b strings.Builder
	m := s.mapping
	fmt.Fprintf(&b, "%s, style %v\nmapping: pipe %t, batch %d, batching window %v, factor %d, report %t, bisect %t,"+
		" retries %d (%v), age %v, window %v (final with records %t), timeout %v, concurrency %d\n",
		s.shape, s.style, m.Pipe, m.BatchSize, m.MaximumBatchingWindow, m.ParallelizationFactor,
		m.ReportBatchItemFailures, m.BisectBatchOnFunctionError,
		*m.MaximumRetryAttempts, m.RetryCounting, m.MaximumRecordAge, m.TumblingWindow, m.FinalInvokeWithRecords,
		m.Timeout, m.MaxConcurrency)
	o := s.options
	fmt.Fprintf(&b, "router: batch %d, workers %d, margin %v, bad records %v, whole batch %t, poison "+
		"%d (first %v), memory %d\n",
		o.batchSize, o.workers, o.margin, s.badAct(), o.wholeBatch, o.poison, o.poisonFirst, o.memory)
	at := time.Duration(0)
	for i, p := range s.records {
		at += p.gap
		fmt.Fprintf(&b, "record %d: at %v, shard %d, key %d, ", i, at, p.shard, p.key)
		if p.joins {
			b.WriteString("in the same aggregate, ")
		}
		if p.bad {
			b.WriteString("bad, ")
		}
		fmt.Fprintf(&b, "%v then %v\n", p.acts, p.last)
	}
	return b.String()
}
