package fuzz

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// This file tests the fuzzer: it breaks the shape lane on purpose, one way at a time, and wants TestCampaign to see it.

// mutant is a change to the decoder that makes it wrong: in file, old, which stands there once, becomes new.
type mutant struct{ name, file, old, new string }

// mutants are what could go wrong in the shape lane. Where the lane's text changes, they are to be changed with it. Rules that no
// outcome depends on are not among them: a shape of a record whose event id does not fit, say, would do no harm.
var mutants = []mutant{
	{"text is not compared", "shape.go", `if end >= len(b) || string(b[i:end]) != part.text {`, `if end >= len(b) {`},
	{"text behind the key is not compared", "usual.go", `if !u.toSequence.is(b[key.end:]) {`, `if len(b)-key.end < u.toSequence.n {`},
	{"text at the record's end is not compared", "usual.go", `if !ready && !begins(b[eventID.end:], u.toEnd) || `, `if `},
	{"text before the key is not compared", "usual.go", `if !s.ready && !begins(b[i:], u.toKey) {`, `if !s.ready && len(b)-i < len(u.toKey) {`},
	{
		"text before the time is not compared where the data's length is guessed", "usual.go",
		`b[data.end] != '"' || !begins(b[data.end:], u.toTime) {`, `b[data.end] != '"' {`,
	},
	{
		"words of a text that are wrong together", "usual.go",
		`(binary.LittleEndian.Uint64(b[t.middle:])^t.second)|`, `binary.LittleEndian.Uint64(b[t.middle:])^t.second|`,
	},
	{
		"a value is searched for, not taken from the scan", "shape.go", `holes = append(holes, found{span{p.start + 1, p.end - 1}, h})`,
		`at := el.start + 1 + bytes.Index(b[el.start:], b[p.start:p.end]); holes = append(holes, found{span{at, at + p.end - p.start - 2}, h})`,
	},
	{"the source of another shape", "usual.go", `rec.Source = sh.source`, `if rec.Source = s.source; rec.Source == nil { rec.Source = sh.source }`},
	{"a shape of another depth, the last one", "shape.go", `if s.shape != nil && s.shape.depth == s.depth {`, `if s.shape != nil {`},
	{"a shape of another depth, from the list", "shape.go", `if sh == s.shape || sh.depth != s.depth {`, `if sh == s.shape {`},
	{"the order of the values is not looked at", "usual.go", `if parts[i].hole != h {`, `if parts[i].hole != h && i > 4 {`},
	{"the time's digits are not looked at", "time.go", `if !ok || s8 > 9 || s9 > 9 || f0 > 9 || f1 > 9 || f2 > 9 {`, `if !ok {`},
	{"the time's first digits are not looked at", "time.go", `if (d|(d+ones*0x76))&highs != 0 {`, `if false {`},
	{"the time begins with 0", "time.go", `len(t) != usualLen || t[0] == '0' || `, `len(t) != usualLen || `},
	{"a backslash in the key", "shape.go", `if i = special(b, i); i == len(b) || b[i] != '"' {`,
		`for i = special(b, i); i < len(b) && b[i] == '\\'; i = special(b, i+1) {
		}
		if i == len(b) || b[i] != '"' {`},
	{"a control byte in the key", "shape.go", `if i = special(b, i); i == len(b) || b[i] != '"' {`,
		`for i = special(b, i); i < len(b) && b[i] < ' '; i = special(b, i+1) {
		}
		if i == len(b) || b[i] != '"' {`},
	{"the key's guessed length is not verified", "usual.go", `|| !isPlain(b[key.start:key.end]) {`, `{`},
	{
		"the event id's number is another", "usual.go", `!sameDigits(sequence.of(b), b[eventID.end-s.digits:eventID.end]) {`,
		`!sameDigits(sequence.of(b), sequence.of(b)) {`,
	},
	{
		"the sequence number's guessed length is not verified", "usual.go", `!sameDigits(sequence.of(b), b[eventID.end-s.digits:eventID.end]) {`,
		`string(sequence.of(b)) != string(b[eventID.end-s.digits:eventID.end]) {`,
	},
	{"a digit and its like with the high bit", "usual.go", `&highs | (v ^ w)`, `&highs | v ^ w`},
	{"the last digits are not compared", "usual.go", `if i := len(a) - 8; i%8 != 0 {`, `if i := len(a) - 8; i < 0 {`},
	{"line breaks in data", "shape.go", `n := decodeFast(room, text)`, "n, fault := decodeBase64(room, text)\nif fault >= 0 { n = -1 }\n"},
	{"data that is short by its line breaks", "base64.go", `if err != nil || n != whole/4*3 {`, `if err != nil {`},
	{"the last quad is not verified", "base64.go", `if (v0|v1|v2)&notBase64 != 0 {`, `if false {`},
	{"twins and escaped names teach", "shape.go", `if l.odd {`, `if false {`},
	{"a bad record teaches", "event.go", `if s.bad == nil && !s.generalOnly {`, `if !s.generalOnly {`},
	{"Source trusts data that nobody has read", "shape.go", `if len(text) == 0 {`, `if len(text) == 0 || s.skipData {`},
	{"a shard with an escape teaches", "shape.go", `|| bytes.IndexByte(id, '\\') >= 0 {`, `{`},
	{"MaxData is not looked at", "shape.go", `if n < 0 || n > s.MaxData {`, `if n < 0 {`},
	{"ready stays from event to event", "state.go", `s.hits, s.ready = 0, false`, `s.hits = 0`},
	{"ready stays from record to record", "usual.go", "\ts.ready = false\n", ""},
	{"an event id stays from record to record", "usual.go", `rec.EventID = nil`, `rec.EventID = rec.EventID`},
	{"an index stays from record to record", "usual.go", `rec.Index = s.index`, `rec.Index = rec.Index`},
	{"detached records are views", "usual.go", `if s.Detach {`, `if false {`},
}

// Each mutant is looked for with these seeds, in so many executions.
var mutantSeeds = []string{"1", "2"}

const mutantExecutions = "600000"

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

// test wants the mutant to be caught: a difference is found, not a fault of the compilation or a panic of the test.
func (m mutant) test(t *testing.T) {
	overlay := m.overlay(t)
	for _, seed := range mutantSeeds {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		start := time.Now()
		cmd := exec.CommandContext(ctx, "go", "test", "-overlay="+overlay, "-vet=off", "-count=1", "-run=^TestCampaign$", ".",
			"-executions="+mutantExecutions, "-seed="+seed, "-workers=1")
		out, err := cmd.CombinedOutput()
		if err == nil {
			continue
		}
		_, finding, found := strings.Cut(string(out), findingMark+": ")
		if !found {
			t.Fatalf("no campaign: %v\n%s", err, out)
		}
		finding, _, _ = strings.Cut(finding, "\n")
		t.Logf("caught in %.1f s: %s", time.Since(start).Seconds(), finding)
		return
	}
	t.Errorf("not caught: %s executions with each of the seeds %v saw nothing", mutantExecutions, mutantSeeds)
}

// overlay writes the mutated file, and the file that tells the go command to take it. It returns the latter's name.
func (m mutant) overlay(t *testing.T) string {
	path, err := filepath.Abs(filepath.Join("..", "decoder", m.file))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), m.old); n != 1 {
		t.Fatalf("the mutant is out of date: decoder/%s holds %d times, not once:\n%s", m.file, n, m.old)
	}
	dir := t.TempDir()
	mutated := filepath.Join(dir, m.file)
	overlay := filepath.Join(dir, "overlay.json")
	list, err := json.Marshal(map[string]map[string]string{"Replace": {path: mutated}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		mutated: []byte(strings.Replace(string(text), m.old, m.new, 1)), overlay: list,
	} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(fmt.Errorf("writing a mutant: %w", err))
		}
	}
	return overlay
}
