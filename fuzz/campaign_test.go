package fuzz

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// This file runs the grammar by the million: pairs from a random sequence, on all CPUs, without the cost of coverage. What it
// switches in the decoder is global to a process, so it works in processes of its own, one for each CPU.

var (
	executions = flag.Int("executions", 0, "pairs that TestCampaign reads; 0: a few seconds' worth")
	seed       = flag.Uint64("seed", 1, "the random sequence of TestCampaign")
	workers    = flag.Int("workers", 0, "processes of TestCampaign; 0: one for each CPU, 1: the test's own")
	only       = flag.Int("only", -1, "the one pair that TestCampaign reads, and prints")
	part       = flag.Int("part", -1, "set in a process that TestCampaign starts: which part of the work is its own")
)

// oracleShare is how many executions there are for one that is held to encoding/json as well, which takes longer than the rest.
const oracleShare = 4

// tally is what a campaign has done.
type tally struct {
	Executions int // pairs read
	Shaped     int // in how many of them at least two records went through the shape lane
	Records    int // records that did so
	Oracle     int // executions held to encoding/json
	Finding    string
}

func (t *tally) add(o tally) {
	t.Executions += o.Executions
	t.Shaped += o.Shaped
	t.Records += o.Records
	t.Oracle += o.Oracle
	if t.Finding == "" {
		t.Finding = o.Finding
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
		sum = campaign(*seed, *only, 1, 1)
		if sum.Finding == "" {
			t.Log(new(maker).make(drawn(*seed, uint64(*only))).report())
		}
	case *part >= 0:
		sum = campaign(*seed, *part, w, n)
		line, err := json.Marshal(sum)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("\n%s%s\n", tallyMark, line)
		return
	case w == 1:
		sum = campaign(*seed, 0, 1, n)
	default:
		sum = spread(t, w, n)
	}
	share := 100 * float64(sum.Shaped) / float64(max(1, sum.Executions))
	rate := float64(sum.Executions) / time.Since(start).Seconds()
	t.Logf("seed %d: %d executions, in %.1f%% of them two or more records went through the shape lane (%d records in all); %d held to encoding/json; %.0f a second",
		*seed, sum.Executions, share, sum.Records, sum.Oracle, rate)
	if sum.Finding != "" {
		t.Fatal(sum.Finding)
	}
	if share < 30 && sum.Executions >= 1000 {
		t.Errorf("the shape lane was really used in %.1f%% of the executions, want 30%% and more", share)
	}
}

const tallyMark = "campaign: "

// spread shares the work among processes.
func spread(t *testing.T, w, n int) tally {
	var sum tally
	var lock sync.Mutex
	var all sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for i := range w {
		all.Go(func() {
			cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestCampaign$", "-test.timeout=0", "-part="+strconv.Itoa(i),
				"-workers="+strconv.Itoa(w), "-executions="+strconv.Itoa(n), "-seed="+strconv.FormatUint(*seed, 10))
			cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
			out, err := cmd.CombinedOutput()
			lock.Lock()
			defer lock.Unlock()
			if sum.Finding != "" {
				return // another has found something, and this one was stopped
			}
			_, line, ok := strings.Cut(string(out), tallyMark)
			line, _, _ = strings.Cut(line, "\n")
			var part tally
			if !ok || err != nil || json.Unmarshal([]byte(line), &part) != nil {
				t.Errorf("part %d: %v\n%s", i, err, out)
				return
			}
			if sum.add(part); sum.Finding != "" {
				cancel()
			}
		})
	}
	all.Wait()
	return sum
}

// campaign reads n pairs, or the share of them that begins with the first and takes each step-th, until one is found that shows a
// difference.
func campaign(seed uint64, first, step, n int) tally {
	defer debug.SetGCPercent(debug.SetGCPercent(800))
	var sum tally
	var m maker
	var c checker
	for i := first; i < max(n, first+1); i += step {
		p := m.make(drawn(seed, uint64(i)))
		sum.Executions++
		finding := c.guarded(p, i%oracleShare == 0)
		if c.hot.shaped >= 2 {
			sum.Shaped++
		}
		sum.Records += c.hot.shaped
		if i%oracleShare == 0 {
			sum.Oracle++
		}
		if finding != "" {
			sum.Finding = fmt.Sprintf("%s: seed %d, execution %d: %s\n%s", findingMark, seed, i, finding, p.minimised().report())
			return sum
		}
	}
	return sum
}

// findingMark begins what is said about a difference.
const findingMark = "DIFFERENCE"

// guarded is differs, with the oracle's verdict behind it if that is asked for; a panic is a finding too.
func (c *checker) guarded(p *pair, oracle bool) (finding string) {
	defer func() {
		if r := recover(); r != nil {
			finding = fmt.Sprintf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	finding = c.differs(p)
	if finding == "" && oracle {
		finding = contradicts(&p.last)
	}
	return finding
}
