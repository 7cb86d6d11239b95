package fuzz

import (
	"context"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/sluice/internal/overlay"
)

// This file tests the fuzzer: it breaks the shape lane on purpose, one way at a time, and wants TestCampaign to see it.

// mutant is a change to the decoder that makes it wrong: where the source is marked with its name, old becomes new.
type mutant struct{ name, old, new string }

// mutants are what could go wrong in the shape lane. Rules that no
// outcome depends on are not among them: a shape of a record whose event id does not fit, say, would do no harm.
var mutants = []mutant{
	// Any form of record.
	{"text is not compared", `if end >= len(b) || string(b[i:end]) != part.text {`, `if end >= len(b) {`},
	{
		"a value is searched for, not taken from the scan", `holes = append(holes, found{between(p.Start+1, p.End-1), h})`,
		`at := el.Start + 1 + bytes.Index(b[el.Start:], b[p.Start:p.End]); holes = append(holes, found{between(at, at+p.End-p.Start-2), h})`,
	},
	{"a shape of another depth, the last one", `sh != nil && sh.depth == s.depth {`, `sh != nil {`},
	{"a shape of another depth, from the list", `if sh == s.shape || sh.depth != s.depth {`, `if sh == s.shape {`},
	{"a backslash in the key", `if i = jsonscan.Special(b, i); i == len(b) || b[i] != '"' {`,
		`for i = jsonscan.Special(b, i); i < len(b) && b[i] == '\\'; i = jsonscan.Special(b, i+1) {
		}
		if i == len(b) || b[i] != '"' {`},
	{"a control byte in the key", `if i = jsonscan.Special(b, i); i == len(b) || b[i] != '"' {`,
		`for i = jsonscan.Special(b, i); i < len(b) && b[i] < ' '; i = jsonscan.Special(b, i+1) {
		}
		if i == len(b) || b[i] != '"' {`},
	{"twins and escaped names teach", `if l.odd {`, `if false {`},
	{"a shard with an escape teaches", `|| bytes.IndexByte(id, '\\') >= 0 {`, `{`},
	{"a bad record teaches", `if s.bad == nil && !s.generalOnly {`, `if !s.generalOnly {`},
	{"Source trusts data that nobody has read", `if len(text) == 0 {`, `if len(text) == 0 || s.skipData {`},
	{"MaxData is not looked at", `if n < 0 || n > s.dataLimit {`, `if n < 0 {`},
	{"an event id stays from record to record", `sequence.Of(b), nil`, `sequence.Of(b), rec.EventID`},
	{"a time stays from record to record", `if !timed {`, `if !timed && i < 0 {`},
	{"detached records are views", `if s.Detach {`, `if false {`},

	// Lambda's own form.
	{"text before the key is not compared", `if !s.ready && !stands(b, i, u.toKey) {`, `if !s.ready && len(b)-i < len(u.toKey) {`},
	{"text behind the key is not compared", `if string(head[:len(toSequence1)]) != toSequence1 || `, `if `},
	{"text before the number is not compared", `string(head[len(toSequence1):sequenceAt]) != toSequence2 ||`, `false ||`},
	{"text before data is not compared", `string(head[sequenceEnd:]) != toData {`, `false {`},
	{"text behind data is not compared", `string(p[:len(toTime1)]) == toTime1 && `, ``},
	{"text before the time is not compared", ` && string(p[len(toTime1):timeAt]) == toTime2`, ``},
	{"text behind the time is not compared", `if !stands(b, i, u.toEventID) {`, `if len(b)-i < len(u.toEventID) {`},
	{"text at the record's end is not compared", `if !ready && !stands(b, end, u.toEnd) || `, `if `},
	{"the key ends at a quote alone", `p := (*[16]byte)(b[i : i+16])`,
		`p := (*[16]byte)(b[i : i+16]); if n := bytes.IndexByte(p[:], '"'); n >= 0 { return i + n }`},
	{"the source of another shape", `rec.Source, rec.Index = sh.source, s.index`,
		`rec.Index = s.index; if rec.Source = s.source; rec.Source == nil { rec.Source = sh.source }`},
	{"an index stays from record to record", `rec.Source, rec.Index = sh.source, s.index`, `rec.Source = sh.source`},
	{"the event id's number is another", `!sameDigits(sequence, (*[usualDigits]byte)(b[i:])) {`, `!sameDigits(sequence, sequence) {`},
	{"the last digits are not compared", `i < usualDigits; i += 8 {`, `i < usualDigits-8; i += 8 {`},
	{"the sequence number may be no number", `high |= aboveNine(v ^ zeros)`, ``},
	{"detached records in Lambda's form are views", `if s.Detach {`, `if false {`},
	{"ready stays from event to event", `s.hits, s.ready = 0, false`, `s.hits = 0`},
	{"ready stays from record to record", `s.ready = false`, ""},
	{"what ends the event is not looked at", `string(b[i:]) == "]}"`, `string(b[i:i+1]) == "]"`},

	// Times.
	{"the time's digits are not looked at", `if !ok || s8 > 9 || s9 > 9 || f0 > 9 || f1 > 9 || f2 > 9 {`, `if !ok {`},
	{"the time's first digits are not looked at", `if aboveNine(d)&highs != 0 {`, `if false {`},
	{"the time begins with 0", `len(t) != usualLen || t[0] == '0' || `, `len(t) != usualLen || `},
	{"the second's first digits are not compared", `if first != s.first || `, `if `},
	{"the second's last digits are not compared", ` last&(1<<point-1) != s.last || `, ` `},
	{"milliseconds are not looked at", ` || aboveNine(d)&(highs>>point) != 0 {`, ` {`},

	// Data.
	{"line breaks in data", `n := base64.DecodeQuads(room, text)`, "n, fault := base64.Decode(room, text)\nif fault >= 0 { n = -1 }\n"},
	{"the last quad is not verified", `if v&notBase64 != 0 {`, `if false {`},
	{"short data is not verified", `return bad&notBase64 == 0`, `return true`},
	{"blocks are not verified", `if !decodeBlocks(&dst[0], &src[0], last) {`, `if decodeBlocks(&dst[0], &src[0], last); false {`},
	{"the last block alone is verified", `VPOR       Y3, Y8, Y8 `, `VMOVDQA    Y3, Y8     `},
	{"the last block is not decoded again", `LEAQ -32(SI)(CX*1), R8`, `LEAQ -32(SI)(CX*1), R8; ANDQ $~31, CX`},
}

// blocks are the mutants of what only amd64 has.
var blocks = []string{"blocks are not verified", "the last block alone is verified", "the last block is not decoded again"}

// Each mutant is looked for with these seeds, in so many executions.
var mutantSeeds = []string{"1", "2"}

const mutantExecutions = "600000"

func TestMutants(t *testing.T) {
	overlay.Skip(t)
	for _, m := range mutants {
		if slices.Contains(blocks, m.name) && runtime.GOARCH != "amd64" {
			continue // not of this architecture
		}
		overlay.Run(t, m.name, m.test)
	}
}

// test wants the mutant to be caught: a difference is found, not a fault of the compilation or a panic of the test.
func (m mutant) test(t *testing.T) {
	list := overlay.Write(t, filepath.Join("..", "decoder"), m.name, m.old, m.new)
	for _, seed := range mutantSeeds {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		start := time.Now()
		cmd := exec.CommandContext(ctx, "go", "test", "-overlay="+list, "-vet=off", "-count=1", "-run=^TestCampaign$", ".",
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
