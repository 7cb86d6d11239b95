package properties

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/sluice/decoder"
)

// This file holds each answer of the router to what the handler has said.

// watched is a router whose answers are looked at.
type watched struct {
	w      *world
	router lambda.Handler
}

func (h *watched) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	v, batch := h.w.visit(event)
	v.ctx, v.process = ctx, h
	answer, err := h.router.Invoke(context.WithValue(ctx, visitKey{}, v), event)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ended = true
	if v.gone() {
		return nil, err
	}
	v.judge(batch, answer, err)
	v.judgeLog()
	h.w.answers = append(h.w.answers, kept{answer, string(answer)})
	if v.window != nil && h.w.shape != "Tumbling" {
		// Another state, so that the one of the next event is not that of all
		// others.
		return []byte(strings.Replace(string(answer), `{"state":`,
			`{"state":[`+strconv.Itoa(len(h.w.answers))+`],"was":`, 1)), err
	}
	return answer, err
}

// visit reads an event, with encoding/json.
func (w *world) visit(event []byte) (*visit, []int) {
	type numbered struct{ SequenceNumber string }
	var e struct {
		Records []struct {
			numbered // of a pipe
			Kinesis  numbered
		}
		Window *struct{ Start, End time.Time }
		State  json.RawMessage
	}
	into := any(&e)
	if w.mapping.Pipe {
		into = &e.Records
	}
	if err := json.Unmarshal(event, into); err != nil {
		panic(err)
	}
	v := &visit{
		world: w, began: time.Now(), batch: map[int]bool{}, said: map[int]act{}, fails: map[int]failure{},
		keys: map[int]bool{}, refused: map[int]bool{},
	}
	var batch []int
	for _, rec := range e.Records {
		n := index([]byte(rec.SequenceNumber + rec.Kinesis.SequenceNumber))
		for i := w.first[n]; i < w.end(n); i++ {
			batch = append(batch, i)
			v.batch[i] = true
		}
	}
	if e.Window != nil {
		v.window = &decoder.Window{Start: e.Window.Start, End: e.Window.End, State: e.State}
	}
	return v, batch
}

// tripped is whether the router may have stopped for want of time: then what it
// names may be done, since it came too late.
func (v *visit) tripped() bool {
	m := v.margin()
	return m >= 0 && !time.Now().Before(v.began.Add(v.mapping.Timeout-m))
}

// judge holds an answer to what was said.
func (v *visit) judge(batch []int, answer []byte, err error) {
	if err != nil {
		if answer != nil {
			v.breaks("the answer", "an error, %v, beside %s", err, answer)
		}
		if v.window == nil && !v.options.wholeBatch && !v.tripped() && !v.hasFatal(batch) {
			v.breaks("the answer", "the invocation fails with %v though no record does so", err)
		}
		return
	}
	if v.fatal && !v.tripped() {
		v.breaks("the answer", "%s though the handler failed the invocation", answer)
	}
	from := len(batch) // the first that is not acknowledged
	if named, ok := v.named(string(answer)); ok {
		if named < 0 || named >= len(v.first) || !v.batch[v.first[named]] {
			v.breaks("the answer", "%s names no record of the event", answer)
			return
		}
		from = slices.Index(batch, v.first[named])
		if !v.tripped() && v.allSaid(v.first[named], v.end(named)) {
			v.breaks("no more comes again than must", "the answer %s names a record that is done", answer)
		}
		if !v.tripped() && !v.lost && !v.anyFailed(v.first[named], v.end(named)) {
			v.breaks("what is before a failure is done", "the answer %s names a record that has not failed", answer)
		}
		if v.options.wholeBatch {
			v.breaks("the answer", "%s where only whole batches can fail", answer)
		}
	}
	for _, i := range batch[:from] {
		if v.world.records[i].resolved == 0 {
			v.breaks("nothing is lost", "the answer %s takes record %d for done", answer, i)
		} else if _, said := v.said[i]; !said && !v.remembers(i) {
			v.breaks("nothing is lost",
				"the answer %s takes record %d for done, which was not handled in this invocation", answer, i)
		}
	}
	if from == len(batch) {
		v.judgeState(string(answer))
	}
	v.judgeStats()
}

// remembers is whether the process may know from before that a record is done.
func (v *visit) remembers(i int) bool {
	return v.options.memory > 0 && v.shape != "Tumbling" && !strings.HasPrefix(v.shape, "ByTime") &&
		slices.Contains(v.world.records[i].by, v.process)
}

// allSaid is whether the handler has said of all these records that it is done
// with them.
func (v *visit) allSaid(from, to int) bool {
	for i := from; i < to; i++ {
		if _, said := v.said[i]; !said {
			return false
		}
	}
	return true
}

// anyFailed is whether the handler has failed one of these records.
func (v *visit) anyFailed(from, to int) bool {
	for i := from; i < to; i++ {
		if _, failed := v.fails[i]; failed {
			return true
		}
	}
	return false
}

// named returns which record of the input the answer names. The answer is to be
// as documented, to the byte.
func (v *visit) named(answer string) (int, bool) {
	const begin, end = `{"batchItemFailures":[{"itemIdentifier":"`, `"}]}`
	if v.window != nil {
		if !strings.HasPrefix(answer, `{"state":`) || !strings.HasSuffix(answer, `,"batchItemFailures":[]}`) {
			v.breaks("the answer", "%s on a window", answer)
		}
		return 0, false
	}
	if number, ok := strings.CutPrefix(answer, begin); ok && strings.HasSuffix(number, end) {
		return v.namedBy(strings.TrimSuffix(number, end)), true
	}
	if answer != `{"batchItemFailures":[]}` {
		v.breaks("the answer", "%s", answer)
	}
	return 0, false
}

// hasFatal is whether the handler may have failed the invocation as a whole: it
// is enough that a record of it was to.
func (v *visit) hasFatal(batch []int) bool {
	for _, i := range batch {
		p := v.scenario.records[i]
		if slices.Contains(p.acts, fail) || p.last == fail {
			return true
		}
	}
	return false
}

// judgeState holds the state of a window to what was done in it.
func (v *visit) judgeState(answer string) {
	if v.window == nil {
		return
	}
	state := strings.TrimSuffix(strings.TrimPrefix(answer, `{"state":`), `,"batchItemFailures":[]}`)
	if v.shape != "Tumbling" {
		if state != string(v.window.State) {
			v.breaks("state", "%s becomes %s", v.window.State, state)
		}
		return
	}
	var before []int
	if string(v.window.State) != "{}" {
		if err := json.Unmarshal(v.window.State, &before); err != nil {
			v.breaks("state", "%s: %v", v.window.State, err)
		}
	}
	want := "{}"
	if all := append(before, v.order...); len(all) > 0 {
		want = strings.ReplaceAll(fmt.Sprint(all), " ", ",")
	}
	if state != want {
		v.breaks("state", "%s becomes %s, where %v were done", v.window.State, state, v.order)
	}
}

// judgeStats holds the counters to what was said.
func (v *visit) judgeStats() {
	if v.tripped() || v.stats == nil {
		return
	}
	done, skipped := 0, 0
	for _, a := range v.said {
		if a == ok {
			done++
		} else {
			skipped++
		}
	}
	if v.stats.Processed != done || v.stats.Skipped != skipped {
		v.breaks("stats", "%d processed, %d skipped; want %d, %d", v.stats.Processed, v.stats.Skipped, done, skipped)
	}
	if v.stats.Bad != v.bad {
		v.breaks("stats", "%d bad; want %d", v.stats.Bad, v.bad)
	}
}

// logLines is how many lines an invocation has logged, by their message.
type logLines struct {
	mu sync.Mutex
	of map[string]int
}

// logLimit is how many lines of each kind about records there may be.
const logLimit = 1

// judgeLog holds what was logged to its limit. A panic outside of a record's
// call is beyond it, and so is one of a call that was abandoned.
func (v *visit) judgeLog() {
	v.lines.mu.Lock()
	defer v.lines.mu.Unlock()
	for message, n := range v.lines.of {
		if n > logLimit && !strings.HasSuffix(message, "panicked") {
			v.breaks("log", "%d lines %q, want %d at most", n, message, logLimit)
		}
	}
}

// lineCounter is a logger that counts the lines of a visit.
type lineCounter struct{}

func (lineCounter) Enabled(context.Context, slog.Level) bool { return true }
func (l lineCounter) WithAttrs([]slog.Attr) slog.Handler     { return l }
func (l lineCounter) WithGroup(string) slog.Handler          { return l }
func (lineCounter) Handle(ctx context.Context, r slog.Record) error {
	lines := &ctx.Value(visitKey{}).(*visit).lines
	lines.mu.Lock()
	defer lines.mu.Unlock()
	if lines.of == nil {
		lines.of = map[string]int{}
	}
	lines.of[r.Message]++
	return nil
}
