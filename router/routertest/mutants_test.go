package routertest

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"example.com/sluice/internal/overlay"
)

// Tests of the tests of Mapping: break the simulation in one way at a time, and
// expect them to fail.

// mutants make the simulation wrong: at the mark with the name, old becomes
// new.
var mutants = []struct{ name, old, new string }{
	{"a split uses up a retry", `half :=`, `b.retries++; half :=`},
	{
		"the second half comes first", `l.batches = append(l.batches, &second, b)`,
		`l.batches = append(l.batches, b, &second)`,
	},
	{"no split at the checkpoint", `case s.BisectBatchOnFunctionError && inv.Outcome == Partial:`, `case false:`},
	{"a retry too many", `b.retries >= limit`, `b.retries > limit`},
	{"progress uses up no retry", `		case ResetOnProgress:`, `		case ResetOnProgress, CountEveryFailure:`},
	{"half of the wait between retries", `b.notBefore = s.now().Add(wait)`, `b.notBefore = s.now().Add(wait / 2)`},
	{"age does not count", `> s.MaximumRecordAge; {`, `> 2*s.MaximumRecordAge; {`},
	{"records expire too late", `age(b.recs[n]) > s.Retention`, `age(b.recs[n]) > 2*s.Retention`},
	{"events of any size", `room -= rec.size; room < 0`, `room -= rec.size; room < -maxEvent`},
	{"a full batch waits", `full && n > 0 {`, `full && n < 0 {`},
	{
		"keys in any lane", `return int(h.Sum32() % uint32(lanes))`,
		`return int(uint(len(key)*31+int(time.Now().UnixNano())) % uint(lanes))`,
	},
	{"the highest number is the checkpoint", `at < a.from {`, `at > a.from {`},
	{
		"numbers are compared by their first digit",
		`decoder.CompareSequenceNumbers(rec.SequenceNumber, []byte(id)) == 0`,
		`decoder.CompareSequenceNumbers(rec.SequenceNumber[:1], []byte(id)[:1]) == 0`,
	},
	{"a stray number is a success", `a.outcome, a.from = Failed, 0`, `a.outcome, a.from = Succeeded, 0`},
	{"a pipe knows sequence numbers", `!m.Pipe && decoder`, `decoder`},
	{"the mapping knows event ids", `case m.Pipe && string(rec.EventID)`, `case string(rec.EventID)`},
	{"answers of any size", `len(r.response) > maxAnswer`, `len(r.response) > 2*maxAnswer`},
	{
		"a window's answer needs no state", `r.batch.window != nil && a.state == nil`,
		`r.batch.window == nil && a.state != nil`,
	},
	{
		"failure leaves its state", `if b.window != nil && (inv.Outcome == Succeeded || inv.Outcome == Partial) {`,
		`if b.window != nil {`,
	},
	{"windows do not end early", `len(state) > maxState`, `len(state) > 2*maxState`},
	{"a window that is over stays open", `return &batch{window: w.describe(l, true)}`, `return nil`},
	{"the deadline may be met", `case !returned || !r.at.Before(r.deadline):`, `case !returned:`},
	{"a process outlives its timeout", `r.process.cancel(ErrProcessGone)`, ""},
	{"a crash takes nobody along", "case r.process.ctx.Err() != nil:", "case r.process.ctx.Err() != nil && !returned:"},
	{"the event is not used again", `r.event[i] = '#'`, `_ = r.event[i]`},
	{"sequence numbers of any kind", `if !m.AnySequenceNumbers {`, `if m.AnySequenceNumbers {`},
	{"what does not count is not told", `fmt.Errorf("%w, %s", named.why, notHeeded)`, `nil`},
	{"every line is shown", `r.length > 8`, `r.length > 8000`},
	{"errors count from the event", `inv.Records[n].Index, rest)`, `n, rest)`},
	{"run leaves abandoned calls behind", `if s.Synctest {`, `if s == nil {`},
	{"S3 gets no event", `if s.OnFailure == S3 {`, `if s.OnFailure == S3+1 {`},
}

func TestMutants(t *testing.T) {
	overlay.Skip(t)
	for _, m := range mutants {
		overlay.Run(t, m.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			out, err := exec.CommandContext(ctx, "go", "test", "-overlay="+overlay.Write(t, ".", m.name, m.old, m.new),
				"-vet=off", "-count=1",
				"-short", "-timeout=2m", ".").CombinedOutput()
			_, failed, found := strings.Cut(string(out), "--- FAIL: ")
			switch {
			case err == nil:
				t.Error("the tests do not see it")
			case !found:
				t.Errorf("no test fails: %v\n%.4000s", err, out)
			default:
				failed, _, _ = strings.Cut(failed, "\n")
				t.Log("caught by " + failed)
			}
		})
	}
}
