package properties

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/sluice/internal/overlay"
)

// This file tests the properties: it breaks the router on purpose, one way at a
// time, and wants TestProperties to see it.

// mutant is a change to the router that makes it wrong: where the source is
// marked with its name, old becomes new. shape is one in which it shows.
type mutant struct{ name, shape, old, new string }

// mutants are what could go wrong.
var mutants = []mutant{
	{
		"the highest record that is not done is named", "Partition",
		`for _, e := range r.order {`,
		"for n := range r.order {\n\t\te := r.order[len(r.order)-1-n]",
	},
	{
		"the record behind it is named", "Each",
		`if rec.Index == p.pending.index() {`,
		`if rec.Index == p.pending.index()+1 {`,
	},
	{
		"a panic counts as done", "Batch",
		`err = inv.didNotReturn(rec, p)`,
		"_ = inv.didNotReturn(rec, p)\ninv.progress.advance(records, entries)",
	},
	{
		"the call that the guard gives up counts as done", "Each",
		`p.sealed = true`,
		"p.sealed = true\n\tp.pending += 1 << subBits",
	},
	{"the guard lets calls begin", "Each", `if late {`, `if false {`},
	{"the guard waits for its stragglers", "Each", `time.NewTimer(margin / 2)`, `time.NewTimer(time.Hour)`},
	{"stragglers hold views of the event", "ByTime", `inv.decoder.Detach = true`, `inv.decoder.Detach = false`},
	{
		"Skip takes its whole slice along", "Batch",
		`out.done = aside[len(aside)-1].entry + 1`,
		`out.done = len(entries)`,
	},
	{
		"what is skipped is handed over again", "Batch",
		`out.done = aside[len(aside)-1].entry + 1`,
		`out.done = aside[len(aside)-1].entry`,
	},
	{
		"At takes its own record along", "Batch",
		`out.done, out.named = n, named`,
		`out.done, out.named = min(n+1, len(entries)-1), named`,
	},
	{"the last of joined errors wins", "Batch", `if n < out.done {`, `if n != out.done {`},
	{"Fail is a Retry", "Each", `if fatal && p.fatal == nil {`, `if false {`},
	{
		"a window's state beside a failure", "Tumbling", `if window != nil || inv.wholeBatch {`,
		"if window != nil && !inv.wholeBatch {\n" +
			"return []byte(`{\"state\":{},\"batchItemFailures\":[{\"itemIdentifier\":\"`" +
			" + number + `\"}]}`), \"\", nil\n" +
			"}\nif inv.wholeBatch {",
	},
	{
		"a window's state is lost", "Each",
		`answer, err = inv.answerState(p.window, p.window.State)`,
		`answer, err = inv.answerState(p.window, nil)`,
	},
	{
		"a window's state does not change", "Tumbling",
		`inv.progress.answerState(text)`,
		`inv.progress.answerState(append(text[:0], g.window.State...))`,
	},
	{
		"answers share their memory", "Each", `make([]byte, 0, 46+len(quoted))`,
		"pooled[:0]\fvar pooled = make([]byte, 0, 128)",
	},
	{
		"a bad record does not stand in its key's order", "Partition",
		`mask`,
		"if e.bad() {\n\t\treturn g.add(group{})\n\t}\n\tmask",
	},
	{
		"a bad record that fails counts as done", "Batch", `if !w.bad(w.records.record(g.left[0]), g.left[:1], flaw) {`,
		"if !w.bad(w.records.record(g.left[0]), g.left[:1], flaw) {\n" +
			"w.progress.advance(0, g.left[:1])\n}\nif false {",
	},
	{"records behind a failure are started", "Partition", `p.limit = at`, ""},
	{"a failure stops the keys before it", "Partition", `if at >= p.limit {`, `if p.limit != beyond {`},
	{
		"more workers than there may be", "Partition",
		`workers := min(inv.workers, len(g.groups))`,
		`workers := len(g.groups)`,
	},
	{"slices of any size", "Batch", `for n < min(size, len(g.left)) && `, `for n < len(g.left) && `},
	{
		"keys are told apart by their hash alone", "Partition",
		`if bytes.Equal(g.groups[id].key, rec.PartitionKey) {`,
		`if true || bytes.Equal(nil, nil) {`,
	},
	{
		"a checkpoint where only whole batches can fail", "Each",
		`if window != nil || inv.wholeBatch {`,
		`if window != nil {`,
	},
	{"a pipe is told sequence numbers", "Each", `if isPipes(inv.event) {`, `if false {`},
	{"the mapping is told event ids", "Each", `if isPipes(inv.event) {`, `if true {`},
	{"what is not done is remembered as done", "Partition", `if done.has(e) && rec.Index`, `if rec.Index`},
	{"the place inside an aggregate is not looked at", "Batch", ` | position(rec.SubSequenceNumber)`, ``},
	{
		"poison counts failures that are not the record's", "Batch",
		`if out.named && out.verdict == retry {`,
		`if out.verdict == retry {`,
	},
	{"what could not be given up counts as given up", "Each", `if e != nil {`, `if false {`},
	{"Bad is a Skip", "Batch", `if a.verdict == bad {`, `if false {`},
	{"Bad is a Retry", "Each", `if v == bad && flaw != nil {`, `if v == bad {`},
	{"each record has a line in the log", "Each", `if rec != nil && l.lines[k] >= limit && !advise {`, `if false {`},
	{"poison is given up too early", "Each", `if n+1 < w.poison.failures {`, `if n+2 < w.poison.failures {`},
}

// A mutant is looked for in so many scenarios, with these seeds.
var mutantSeeds = []string{"1", "2", "3"}

const mutantScenarios = "4500" // as if of all shapes

func TestMutants(t *testing.T) {
	overlay.Skip(t)
	for _, m := range mutants {
		overlay.Run(t, m.name, m.test)
	}
}

// test wants the mutant to be caught by a property, and not by a fault of the
// compilation or a panic of the test.
func (m mutant) test(t *testing.T) {
	list := overlay.Write(t, filepath.Join("..", "router"), m.name, m.old, m.new)
	for _, seed := range mutantSeeds {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		start := time.Now()
		cmd := exec.CommandContext(ctx, "go", "test", "-overlay="+list, "-vet=off", "-count=1",
			"-run=^TestProperties$/^"+m.shape+"$", ".",
			"-scenarios="+mutantScenarios, "-rapid.seed="+seed, "-rapid.shrinktime=500ms")
		out, err := cmd.CombinedOutput()
		if err == nil {
			continue
		}
		_, finding, found := strings.Cut(string(out), brokenMark)
		if !found {
			t.Fatalf("no property: %v\n%.4000s", err, out)
		}
		finding, _, _ = strings.Cut(finding, "\n")
		_, again, _ := strings.Cut(string(out), "To reproduce, specify ")
		again, _, _ = strings.Cut(again, "\n")
		t.Logf("caught in %.1f s: %s (%s)", time.Since(start).Seconds(), finding, again)
		return
	}
	t.Errorf("not caught: %s scenarios with each of the seeds %v saw nothing", mutantScenarios, mutantSeeds)
}
