package fuzz

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"
)

// This file runs the grammar by the million: pairs from a random sequence, on
// all CPUs, without the cost of coverage.

var (
	executions = flag.Int("executions", 0, "pairs that TestCampaign reads; 0: a few seconds' worth")
	seed       = flag.Uint64("seed", 1, "the random sequence of TestCampaign")
	workers    = flag.Int("workers", 0, "goroutines of TestCampaign; 0: one for each CPU")
	only       = flag.Int("only", -1, "the one pair that TestCampaign reads, and prints")
)

// oracleShare is how many executions there are for one that is held to
// encoding/json as well, which takes longer than the rest.
const oracleShare = 4

// tally is what a campaign has done.
type tally struct {
	executions int // pairs read
	matched    int // in how many of them at least two records matched a template
	records    int // records that did so
	oracle     int // executions held to encoding/json
	finding    string
}

func (t *tally) add(o tally) {
	t.executions += o.executions
	t.matched += o.matched
	t.records += o.records
	t.oracle += o.oracle
	if t.finding == "" {
		t.finding = o.finding
	}
}

func TestCampaign(t *testing.T) {
	n := *executions
	switch {
	case n > 0:
	case testing.Short():
		n = 20_000
	case raceEnabled:
		n = 10_000
	default:
		n = 200_000
	}
	w := *workers
	if w == 0 {
		w = runtime.NumCPU()
	}
	start := time.Now()
	var sum tally
	switch {
	case *only >= 0:
		sum = campaign(t.Context(), *only, 1, 1)
		if sum.finding == "" {
			t.Log(new(maker).make(drawn(*seed, uint64(*only))).report())
		}
	default:
		sum = spread(w, n)
	}
	share := 100 * float64(sum.matched) / float64(max(1, sum.executions))
	rate := float64(sum.executions) / time.Since(start).Seconds()
	t.Logf("seed %d: %d executions, in %.1f%% of them two or more records matched a template (%d records in all); "+
		"%d held to encoding/json; %.0f a second", *seed, sum.executions, share, sum.records, sum.oracle, rate)
	if sum.finding != "" {
		t.Fatal(sum.finding)
	}
	if share < 30 && sum.executions >= 1000 {
		t.Errorf("the template reader was really used in %.1f%% of the executions, want 30%% and more", share)
	}
}

// spread shares the work among goroutines, until one of them has found
// something.
func spread(workers, n int) tally {
	defer debug.SetGCPercent(debug.SetGCPercent(800))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var sum tally
	var lock sync.Mutex
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() {
			part := campaign(ctx, i, workers, n)
			lock.Lock()
			defer lock.Unlock()
			if sum.add(part); sum.finding != "" {
				cancel()
			}
		})
	}
	all.Wait()
	return sum
}

// campaign reads n pairs, or the share of them that begins with the first and
// takes each step-th, until one is found that shows a difference or the context
// ends.
func campaign(ctx context.Context, first, step, n int) tally {
	var sum tally
	var m maker
	var c checker
	for i := first; i < max(n, first+1) && ctx.Err() == nil; i += step {
		p := m.make(drawn(*seed, uint64(i)))
		sum.executions++
		finding := c.guarded(p, i%oracleShare == 0)
		if c.hot.matched >= 2 {
			sum.matched++
		}
		sum.records += c.hot.matched
		if i%oracleShare == 0 {
			sum.oracle++
		}
		if finding != "" {
			sum.finding = fmt.Sprintf("%s: seed %d, execution %d: %s\n%s", findingMark, *seed, i, finding,
				p.minimised().report())
			return sum
		}
	}
	return sum
}

// findingMark begins what is said about a difference.
const findingMark = "DIFFERENCE"

// guarded is differs, with the oracle's verdict behind it if that is asked for;
// a panic is a finding too.
func (c *checker) guarded(p *pair, oracle bool) (finding string) {
	defer func() {
		if r := recover(); r != nil {
			finding = fmt.Sprintf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	finding = c.differs(p)
	if finding == "" && oracle {
		finding = contradicts(&p.last, c.process)
	}
	return finding
}
