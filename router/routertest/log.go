package routertest

import (
	"fmt"
	"strings"
	"time"

	"example.com/sluice/decoder"
)

// Log is what happened while a [Mapping] ran.
type Log struct {
	Invocations []*Invocation // in the order in which they began
	Discarded   []*Discarded  // in the order in which they were given up
	Processes   int           // so many were started

	records []*record // as they were given to Run
	start   time.Time
}

// Invocation is one call of the function.
type Invocation struct {
	RequestID    string
	ShardID      string
	Lane         int // of the shard: 0 to ParallelizationFactor-1
	Process      int // the number of the process that it ran in, from 0 on
	Retry        int // retries that the batch had used up before
	Began, Ended time.Time

	// Records are what the function was given. Index is a record's place among
	// those that Run was given.
	Records []*decoder.Record
	// Window is what the event said of a tumbling window, nil without one.
	Window *decoder.Window

	// Response is the function's answer, the very memory that it returned. Err
	// is its error, that of a timeout or crash included.
	Response []byte
	Err      error

	// Cause is why the batch, or the part of it from Checkpoint on, is not
	// done: Err; or what is wrong with the answer; or why the record that it
	// names has failed, as a router.Router says. It is nil where all is done,
	// and where a handler that is no Router names a record, since then nobody
	// says why.
	Cause error
	// Skipped is why records were skipped, or given up, as a Router says, in
	// the order in which they were.
	Skipped []error

	Outcome Outcome
	// Checkpoint is the first record that is to be delivered again; nil where
	// none is.
	Checkpoint *decoder.Record
	// Stray says that the answer names a record that was not in the event.
	Stray bool
}

// Outcome is what an invocation's end means to the mapping.
type Outcome uint8

const (
	Succeeded     Outcome = iota // all records are done
	Partial                      // the records before the checkpoint are done
	Failed                       // the answer makes the whole batch fail
	FunctionError                // the function returned an error
	TimedOut                     // it did not return in time
	Crashed                      // its process was gone before it returned
)

// String is a word or two for people.
func (o Outcome) String() string {
	if names := [...]string{"succeeded", "partial", "failed", "function error", "timed out", "crashed"}; int(o) < len(names) {
		return names[o]
	}
	return fmt.Sprintf("Outcome(%d)", uint8(o))
}

// Fate is what has become of a record.
type Fate uint8

const (
	Pending Fate = iota // never in the Log that Run returns
	Done                // the function has said so
	GivenUp             // after the last retry, or for its age; see Log.Discarded
	Expired             // the stream did not keep it any longer
)

// String is a word or two for people.
func (f Fate) String() string {
	if names := [...]string{"pending", "done", "given up", "expired"}; int(f) < len(names) {
		return names[f]
	}
	return fmt.Sprintf("Fate(%d)", uint8(f))
}

// Fate returns what has become of the i-th record that Run was given.
func (l *Log) Fate(i int) Fate { return l.records[i].fate }

// Deliveries returns how often the i-th record was in an event.
func (l *Log) Deliveries(i int) int { return l.records[i].deliveries }

// Count returns how many invocations ended so.
func (l *Log) Count(o Outcome) int {
	n := 0
	for _, inv := range l.Invocations {
		if inv.Outcome == o {
			n++
		}
	}
	return n
}

// String tells what happened, a line for each invocation and for each batch
// that was given up, with the time since the first record's arrival, the
// indices of the records, and why, where that is known (see [Invocation]):
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
			fmt.Fprintf(&b, "%v %s %s given up: %s\n", l.since(d.At), d.Records[0].ShardID, indices(d.Records), d.Condition)
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
	if inv.Lane > 0 {
		fmt.Fprintf(&b, "/%d", inv.Lane)
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

// inWords is an error for a line. Where it names its record, it does so by the
// place in an event, which is not the one that a log has: that is left out.
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

// indices are those of the records, in brackets, with runs of them cut short.
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
