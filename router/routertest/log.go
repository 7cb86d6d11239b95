package routertest

import (
	"fmt"
	"strings"
	"time"

	"example.com/sluice/decoder"
)

// Log is what happened while a [Mapping] ran. A record that occurs in several
// places of a Log is the same *decoder.Record in all of them.
type Log struct {
	Invocations []*Invocation // in the order in which they began
	Discarded   []*Discarded  // in the order in which they were given up
	Processes   int           // how many were started

	records []*record // in the order in which Run was given them
	start   time.Time // the first arrival
}

// Invocation is one call of the function.
type Invocation struct {
	_ struct{} // more fields may come

	RequestID    string
	ShardID      string
	ShardLane    int // which of the shard's parallel batches: 0 to ParallelizationFactor-1
	Process      int // the process that it ran in, counted from 0
	Retry        int // how many retries the batch had used up before
	Began, Ended time.Time

	// Records are what the function was given. Index is a record's place among
	// those given to Run.
	Records []*decoder.Record
	// Window is the tumbling window of the event, nil if it had none.
	Window *decoder.Window

	// Response is the function's answer, in the memory that it returned. Err is
	// its error, or that of a timeout or crash.
	Response []byte
	Err      error

	// Cause is why the batch, from Checkpoint on, is not done: Err, or what is
	// wrong with the answer, or why the named record failed, if the handler is
	// a router.Router. It is nil if everything is done, and if another handler
	// names a record, since it does not say why.
	Cause error
	// Skipped is why records were skipped or given up, in that order, if the
	// handler is a router.Router.
	Skipped []error

	Outcome Outcome
	// Checkpoint is the first record to be delivered again, nil if none is.
	Checkpoint *decoder.Record
	// Stray reports that the answer names a record that was not in the event.
	Stray bool
}

// Outcome is what the end of an invocation means to the mapping.
type Outcome uint8

// What an invocation can come to.
const (
	Succeeded     Outcome = iota // all records are done
	Partial                      // the records before the checkpoint are done
	Failed                       // the answer makes the whole batch fail
	FunctionError                // the function returned an error
	TimedOut                     // it did not return in time
	Crashed                      // its process was gone before it returned
)

// String returns the outcome in words, such as "timed out".
func (o Outcome) String() string {
	return nameOf(o, "Outcome", "succeeded", "partial", "failed", "function error", "timed out", "crashed")
}

// Fate is what became of a record.
type Fate uint8

// What can become of a record.
const (
	Pending Fate = iota // not decided yet; never so in the Log that Run returns
	Done                // the function said so
	GivenUp             // after the last retry, or because of its age; see Log.Discarded
	Expired             // the stream did not retain it any longer
)

// String returns the fate in words, such as "given up".
func (f Fate) String() string { return nameOf(f, "Fate", "pending", "done", "given up", "expired") }

// Fate returns what became of record i of those given to Run. It panics if i is
// out of range.
func (l *Log) Fate(i int) Fate { return l.records[i].fate }

// Deliveries returns how many events record i was in. It panics if i is out of
// range.
func (l *Log) Deliveries(i int) int { return l.records[i].deliveries }

// Count returns how many invocations had this outcome.
func (l *Log) Count(o Outcome) int {
	n := 0
	for _, inv := range l.Invocations {
		if inv.Outcome == o {
			n++
		}
	}
	return n
}

// String returns what happened, a line for each invocation and for each batch
// that was given up: the time since the first arrival, the shard (with "/" and
// the number of its shard lane from the second on), the indices of the records,
// the outcome, and its cause if that is known.
//
//	1s shardId-000000000000 [0-4]: again from 3: no such user
//	2s shardId-000000000000 [3 4] retry 1: timed out
//	4s shardId-000000000000 [3 4] given up: RetryAttemptsExhausted
func (l *Log) String() string {
	var b strings.Builder
	discarded := l.Discarded
	for n := 0; n <= len(l.Invocations); n++ {
		for len(discarded) > 0 && discarded[0].behind == n {
			d := discarded[0]
			discarded = discarded[1:]
			fmt.Fprintf(&b, "%v %s %s given up: %s\n", l.since(d.At), d.Records[0].ShardID, indices(d.Records),
				d.Condition)
		}
		if n < len(l.Invocations) {
			fmt.Fprintln(&b, l.line(l.Invocations[n]))
		}
	}
	return b.String()
}

func (l *Log) line(inv *Invocation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v %s", l.since(inv.Began), inv.ShardID)
	if inv.ShardLane > 0 {
		fmt.Fprintf(&b, "/%d", inv.ShardLane)
	}
	fmt.Fprintf(&b, " %s", indices(inv.Records))
	if inv.Window != nil && inv.Window.IsFinalInvokeForWindow {
		b.WriteString(" final")
	}
	if inv.Retry > 0 {
		fmt.Fprintf(&b, " retry %d", inv.Retry)
	}
	switch {
	case inv.Outcome == Succeeded:
		b.WriteString(": done")
		if n := len(inv.Skipped); n > 0 {
			fmt.Fprintf(&b, ", %d skipped: %s", n, inWords(inv.Skipped[0]))
		}
	case inv.Outcome == FunctionError:
		fmt.Fprintf(&b, ": error: %v", inv.Err)
	case inv.Checkpoint != nil && inv.Err == nil:
		fmt.Fprintf(&b, ": again from %d", inv.Checkpoint.Index)
		if inv.Cause != nil {
			fmt.Fprintf(&b, ": %s", inWords(inv.Cause))
		}
	default:
		fmt.Fprintf(&b, ": %v", inv.Outcome)
		if inv.Outcome == Crashed && inv.Err != ErrProcessGone || inv.Err == nil && inv.Cause != nil {
			fmt.Fprintf(&b, ": %s", inWords(inv.Cause))
		}
	}
	return b.String()
}

// inWords returns an error for a line of the log. An error that names its
// record does so by the index in its event, which a log does not have, so that
// is left out.
func inWords(err error) string {
	text := err.Error()
	if e, ok := err.(*decoder.Error); ok && e != nil {
		if text = fmt.Sprint(e.Err); e.Field != "" {
			text = e.Field + ": " + text
		}
	}
	text, _, _ = strings.Cut(text, "\n")
	const most = 200
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

func (l *Log) since(t time.Time) time.Duration { return t.Sub(l.start) }

// indices returns the indices of the records in brackets, with runs as ranges.
func indices(recs []*decoder.Record) string {
	var words []string
	for i := 0; i < len(recs); {
		j := i
		for j+1 < len(recs) && recs[j+1].Index == recs[j].Index+1 {
			j++
		}
		if j > i+1 {
			words = append(words, fmt.Sprintf("%d-%d", recs[i].Index, recs[j].Index))
			i = j + 1
			continue
		}
		words = append(words, fmt.Sprint(recs[i].Index))
		i++
	}
	return "[" + strings.Join(words, " ") + "]"
}
