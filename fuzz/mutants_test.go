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

// This file tests the fuzzer: it breaks the template reader on purpose, one way
// at a time, and wants TestCampaign to see it.

// mutant is a change to the decoder that makes it wrong: where the source is
// marked with its name, old becomes new.
type mutant struct{ name, old, new string }

// mutants are what could go wrong in the template reader. Rules that no outcome
// depends on are not among them: a template of a record whose event id does not
// fit, say, would do no harm.
var mutants = []mutant{
	// Any form of record.
	{"text is not compared", `if end >= len(b) || string(b[i:end]) != segment.text {`, `if end >= len(b) {`},
	{
		"a value is searched for, not taken from the scan",
		`slots = append(slots, found{jsonscan.Between(at.Start+1, at.End-1), s})`,
		`first := record.Start + 1 + bytes.Index(b[record.Start:], at.Of(b)); slots = append(slots, ` +
			`found{jsonscan.Between(first, first+at.End-at.Start-2), s})`,
	},
	{"a template of another depth, the last one", `last != nil && last.depth == depth {`, `last != nil {`},
	{
		"a template of another depth, from the cache",
		`if other == t.last || other.depth != depth {`, `if other == t.last {`,
	},
	{
		"a backslash in the key", `if i = jsonscan.Special(b, i); i == len(b) || b[i] != '"' {`,
		`for i = jsonscan.Special(b, i); i < len(b) && b[i] == '\\'; i = jsonscan.Special(b, i+1) {
		}
		if i == len(b) || b[i] != '"' {`,
	},
	{
		"a control byte in the key", `if i = jsonscan.Special(b, i); i == len(b) || b[i] != '"' {`,
		`for i = jsonscan.Special(b, i); i < len(b) && b[i] < ' '; i = jsonscan.Special(b, i+1) {
		}
		if i == len(b) || b[i] != '"' {`,
	},
	{"twins and escaped names teach", `if p.odd {`, `if false {`},
	{"a shard with an escape teaches", `|| bytes.IndexByte(id, '\\') >= 0 {`, `{`},
	{"a bad record teaches", `if out.bad == nil && !r.templates.off {`, `if !r.templates.off {`},
	{"Source trusts data that nobody has read", `if len(text) == 0 {`, `if len(text) == 0 || o.skipData {`},
	{"MaxData is not looked at", `if n < 0 || n > o.limit {`, `if n < 0 {`},
	{"an event id stays from record to record", `var id []byte`, `id := out.rec.EventID`},
	{
		"a time stays from record to record", `var at time.Time`,
		`var at time.Time = out.rec.ApproximateArrivalTimestamp`,
	},
	{"detached records are views", `if out.detach {`, `if false {`},

	// Lambda's own form.
	{
		"text before the key is not compared", `if !l.primed && !stands(b, i, u.toKey) {`,
		`if !l.primed && len(b)-i < len(u.toKey) {`,
	},
	{"text behind the key is not compared", `if string(head[:len(toSequence1)]) != toSequence1 || `, `if `},
	{
		"text before the number is not compared", `string(head[len(toSequence1):sequenceAt]) != toSequence2 ||`,
		`false ||`,
	},
	{"text before data is not compared", `string(head[sequenceEnd:]) != toData {`, `false {`},
	{"text behind data is not compared", `string(p[:len(toTime1)]) == toTime1 && `, ``},
	{"text before the time is not compared", ` && string(p[len(toTime1):timeAt]) == toTime2`, ``},
	{"text behind the time is not compared", `if !stands(b, i, u.toEventID) {`, `if len(b)-i < len(u.toEventID) {`},
	{"text at the record's end is not compared", `if !primed && !stands(b, end, u.toEnd) || `, `if `},
	{
		"the key ends at a quote alone", `p := (*[16]byte)(b[i : i+16])`,
		`p := (*[16]byte)(b[i : i+16]); if n := bytes.IndexByte(p[:], '"'); n >= 0 { return i + n }`,
	},
	{
		"the source of another template", `out.fill(index, t.source, key`,
		`source := out.rec.Source; if source == nil { source = t.source }; out.fill(index, source, key`,
	},
	{"an index stays from record to record", `out.fill(index, t`, `out.fill(out.rec.Index, t`},
	{
		"the event id's number is another", `!sameDigits(sequence, (*[lambdaDigits]byte)(b[i:])) {`,
		`!sameDigits(sequence, sequence) {`,
	},
	{"the last digits are not compared", `i < lambdaDigits; i += 8 {`, `i < lambdaDigits-8; i += 8 {`},
	{"the sequence number may be no number", `high |= aboveNine(v ^ zeros)`, ``},
	{"detached records in Lambda's form are views", `if out.detach {`, `if false {`},
	{"primed stays from event to event", `l.primed = false`, ``},
	{"primed stays from record to record", `l.primed = false`, ``},
	{"what ends the event is not looked at", `string(b[i:]) == "]}"`, `string(b[i:i+1]) == "]"`},

	// Times.
	{"the time's digits are not looked at", `if !ok || s8 > 9 || s9 > 9 || f0 > 9 || f1 > 9 || f2 > 9 {`, `if !ok {`},
	{"the time's first digits are not looked at", `if aboveNine(d)&highs != 0 {`, `if false {`},
	{"the time begins with 0", `len(t) != lambdaTimeLen || t[0] == '0' || `, `len(t) != lambdaTimeLen || `},
	{"the second's first digits are not compared", `if first != s.first || `, `if `},
	{"the second's last digits are not compared", ` last&(1<<point-1) != s.last || `, ` `},
	{"milliseconds are not looked at", ` || aboveNine(d)&(highs>>point) != 0 {`, ` {`},

	// Data.
	{
		"line breaks in data", `n := base64.DecodeQuads(room, text)`,
		"n, fault := base64.Decode(room, text)\nif fault >= 0 { n = -1 }\n",
	},
	{"the last quad is not verified", `if v&notBase64 != 0 {`, `if false {`},
	{"short data is not verified", `return bad&notBase64 == 0`, `return true`},
	{
		"blocks are not verified", `if !decodeBlocks(&dst[0], &src[0], last) {`,
		`if decodeBlocks(&dst[0], &src[0], last); false {`,
	},
	{"the last block alone is verified", `VPOR       Y3, Y8, Y8 `, `VMOVDQA    Y3, Y8     `},
	{"the last block is not decoded again", `LEAQ -32(SI)(CX*1), R8`, `LEAQ -32(SI)(CX*1), R8; ANDQ $~31, CX`},
}

// blocks are the mutants of what only amd64 has.
var blocks = []string{
	"blocks are not verified", "the last block alone is verified",
	"the last block is not decoded again",
}

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

// test wants the mutant to be caught: a difference is found, not a fault of the
// compilation or a panic of the test.
func (m mutant) test(t *testing.T) {
	list := overlay.Write(t, filepath.Join("..", "decoder"), m.name, m.old, m.new)
	for _, seed := range mutantSeeds {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		start := time.Now()
		cmd := exec.CommandContext(ctx, "go", "test", "-overlay="+list, "-vet=off", "-count=1",
			"-run=^TestCampaign$", ".",
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
