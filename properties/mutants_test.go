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

// This file tests the properties: it breaks the router on purpose, one way at a time, and wants TestProperties to see it.

// mutant is a change to the router that makes it wrong: in file, old, which stands there once, becomes new.
type mutant struct{ name, file, old, new string }

// mutants are what could go wrong. Where the router's text changes, they are to be changed with it.
var mutants = []mutant{
	{"the highest record that is not done is named", "grouping.go", `positionOf(rec) < positionOf(first) {`, `positionOf(rec) > positionOf(first) {`},
	{"the record behind it is named", "answer.go", `if rec.Index == i.notDone.index() {`, `if rec.Index == i.notDone.index()+1 {`},
	{"a panic counts as done", "guard.go", `return Retry(p)`, `return nil`},
	{"the call that the guard gives up counts as done", "guard.go", `i.work = nil // which`, "i.notDone += 1 << subBits\n\ti.work = nil // which"},
	{"the guard lets calls begin", "invocation.go", `if i.ctx.Err() != nil {`, `if false {`},
	{"the guard waits for its stragglers", "guard.go", `time.NewTimer(margin / 2)`, `time.NewTimer(time.Hour)`},
	{"stragglers hold views of the event", "guard.go", `i.decoder.Detach = true`, `i.decoder.Detach = false`},
	{"Skip takes its whole slice along", "outcome.go", `out.done = skipped[len(skipped)-1] + 1`, `out.done = len(entries)`},
	{"what is skipped is handed over again", "outcome.go", `out.done = skipped[len(skipped)-1] + 1`, `out.done = skipped[len(skipped)-1]`},
	{"At takes its own record along", "outcome.go", `out.done, out.named = n, named`, `out.done, out.named = min(n+1, len(entries)-1), named`},
	{"the last of joined errors wins", "outcome.go", `if n < out.done {`, `if n != out.done {`},
	{"Fail is a Retry", "invocation.go", `if v == fail && i.fatal == nil {`, `if false {`},
	{
		"a window's state beside a failure", "answer.go", `case i.window != nil || i.wholeBatch:`,
		"case i.window != nil && !i.wholeBatch:\n" +
			"return []byte(`{\"state\":{},\"batchItemFailures\":[{\"itemIdentifier\":\"` + number + `\"}]}`), nil\n" +
			"case i.wholeBatch:",
	},
	{"a window's state is lost", "answer.go", `return answerState(i.window.State), nil`, `return answerState(nil), nil`},
	{"a window's state does not change", "tumbling.go", `i.state, i.changed = text, true`, `i.state, i.changed = append(text[:0], w.State...), true`},
	{
		"answers share their memory", "answer.go", "func answerFrom(sequenceNumber string) []byte {\n\tb := make([]byte, 0, 48+len(sequenceNumber))",
		"var pooled = make([]byte, 0, 128)\n\nfunc answerFrom(sequenceNumber string) []byte {\n\tb := pooled[:0]",
	},
	{"a bad record does not stand in its key's order", "grouping.go", "rec := g.record(e)\n\tmask", "rec := g.record(e)\n\tif e.bad() {\n\t\treturn g.add(group{})\n\t}\n\tmask"},
	{"a bad record that fails counts as done", "slices.go", `|| !i.bad(hands, rec, flaw) {`, `|| i.bad(hands, rec, flaw) && false {`},
	{"records behind a failure are started", "invocation.go", "\t\ti.limit = at\n", ""},
	{"keys are told apart by their hash alone", "grouping.go", `if bytes.Equal(g.groups[id].key, rec.PartitionKey) {`, `if true || bytes.Equal(nil, nil) {`},
	{"a checkpoint where only whole batches can fail", "answer.go", `case i.window != nil || i.wholeBatch:`, `case i.window != nil:`},
	{"what is not done is remembered as done", "redelivery.go", `if !left[e] && rec.Index`, `if rec.Index`},
	{"the place inside an aggregate is not looked at", "outcome.go", ` | position(rec.SubSequenceNumber)`, ``},
	{"poison counts failures that are not the record's", "batch.go", `if out.named && out.verdict == retry {`, `if out.verdict == retry {`},
	{"poison is given up too early", "poison.go", `if n+1 < i.poison.failures {`, `if n+2 < i.poison.failures {`},
}

// A mutant is looked for in so many scenarios, with these seeds.
var mutantSeeds = []string{"1", "2", "3"}

const mutantScenarios = "4500"

func TestMutants(t *testing.T) {
	switch {
	case testing.Short():
		t.Skip("each mutant takes a compilation and a campaign: not in a short run")
	case raceEnabled:
		t.Skip("the mutants are of the code without the race detector, which would only make them slow")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the go command, which compiles the mutants, is not in the PATH")
	}
	slots := make(chan bool, 2)
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			slots <- true
			defer func() { <-slots }()
			m.test(t)
		})
	}
}

// test wants the mutant to be caught by a property, and not by a fault of the compilation or a panic of the test.
func (m mutant) test(t *testing.T) {
	list := overlay.Write(t, filepath.Join("..", "router", m.file), m.old, m.new)
	for _, seed := range mutantSeeds {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		start := time.Now()
		cmd := exec.CommandContext(ctx, "go", "test", "-overlay="+list, "-vet=off", "-count=1", "-failfast", "-run=^TestProperties$", ".",
			"-scenarios="+mutantScenarios, "-rapid.seed="+seed, "-rapid.shrinktime=1s")
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
