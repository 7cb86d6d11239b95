package routertest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
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
	notes   []note    // in the order in which they were made
}

// note is a line about records that are not delivered any more.
type note struct {
	behind    int // how many invocations had begun before
	at        time.Time
	shardID   string
	shardLane int
	records   []*decoder.Record
	text      string
}

// continues reports whether n says the same of other records.
func (n *note) continues(next note) bool {
	return n.behind == next.behind && n.at.Equal(next.at) && n.shardID == next.shardID &&
		n.shardLane == next.shardLane && n.text == next.text
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
	// a router.Router. It is nil if another handler names a record, since it
	// does not say why. If everything counts as done, Cause is nil, unless the
	// answer says otherwise and the mapping does not heed it, for want of
	// ReportBatchItemFailures. An error that names a record by its index means
	// that in Records.
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

// String returns what happened, a line for each invocation and for records that
// were given up or have expired: the time since the first arrival, the shard
// (with "/" and the number of its shard lane from the second on), the indices
// of the records among those given to Run, the outcome, and its cause if that
// is known. If there was nothing to deliver it is "no records".
//
//	1s shardId-000000000000 [0-4]: again from 3: no such user
//	2s shardId-000000000000 [3 4] retry 1: timed out
//	4s shardId-000000000000 [3 4] given up: RetryAttemptsExhausted
//
// A batch that comes to the same more than eight times in a row has one line
// for all of them:
//
//	1s shardId-000000000000 [0]: again from 0: boom (1445 times, the last at 23h59m4s as retry 1444)
//	24h0m4s shardId-000000000000 [0] expired
func (l *Log) String() string {
	if len(l.Invocations)+len(l.notes) == 0 {
		return "no records\n"
	}
	var b strings.Builder
	runs := l.runs()
	notes := l.notes
	for n := 0; n <= len(l.Invocations); n++ {
		for ; len(notes) > 0 && notes[0].behind == n; notes = notes[1:] {
			n := &notes[0]
			fmt.Fprintf(&b, "%s %s %s\n", l.place(n.at, n.shardID, n.shardLane), indices(n.records), n.text)
		}
		if n == len(l.Invocations) {
			break
		}
		inv := l.Invocations[n]
		run := runs[n]
		if run.collapses() && inv != run.first {
			continue
		}
		fmt.Fprintf(&b, "%s %s", l.place(inv.Began, inv.ShardID, inv.ShardLane), inv.what())
		if inv.Retry > 0 {
			fmt.Fprintf(&b, " retry %d", inv.Retry)
		}
		b.WriteString(run.outcome)
		if run.collapses() {
			fmt.Fprintf(&b, " (%d times, the last at %v", run.length, l.since(run.last.Began))
			if run.last.Retry > 0 {
				fmt.Fprintf(&b, " as retry %d", run.last.Retry)
			}
			b.WriteByte(')')
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// run is invocations of a shard lane, one after the other, in which a batch
// came to the same.
type run struct {
	first, last *Invocation
	length      int
	outcome     string
}

func (r *run) collapses() bool { return r.length > 8 } //mutant:every-line-is-shown

// runs returns the run that each invocation is in.
func (l *Log) runs() []*run {
	type shardLane struct {
		shardID string
		number  int
	}
	open := make(map[shardLane]*run)
	runs := make([]*run, len(l.Invocations))
	for n, inv := range l.Invocations {
		lane := shardLane{inv.ShardID, inv.ShardLane}
		outcome := inv.outcome()
		r := open[lane]
		if r == nil || outcome != r.outcome || inv.isFinal() != r.last.isFinal() ||
			!slices.Equal(inv.Records, r.last.Records) {
			r = &run{first: inv, outcome: outcome}
			open[lane] = r
		}
		r.last = inv
		r.length++
		runs[n] = r
	}
	return runs
}

// place returns when and where something happened.
func (l *Log) place(at time.Time, shardID string, lane int) string {
	if lane > 0 {
		return fmt.Sprintf("%v %s/%d", l.since(at), shardID, lane)
	}
	return fmt.Sprintf("%v %s", l.since(at), shardID)
}

// what returns what the function was given.
func (inv *Invocation) what() string {
	if inv.isFinal() {
		return indices(inv.Records) + " final"
	}
	return indices(inv.Records)
}

func (inv *Invocation) isFinal() bool { return inv.Window != nil && inv.Window.IsFinalInvokeForWindow }

// outcome returns what the invocation came to, and why.
func (inv *Invocation) outcome() string {
	var b strings.Builder
	switch {
	case inv.Outcome == Succeeded:
		b.WriteString(": done")
		if n := len(inv.Skipped); n > 0 {
			fmt.Fprintf(&b, ", %d skipped: %s", n, inv.inWords(inv.Skipped[0]))
		}
		if inv.Cause != nil {
			fmt.Fprintf(&b, "; %s", inv.inWords(inv.Cause))
		}
	case inv.Outcome == FunctionError:
		fmt.Fprintf(&b, ": error: %s", inv.renumber(inv.Err.Error()))
	case inv.Checkpoint != nil && inv.Err == nil:
		fmt.Fprintf(&b, ": again from %d", inv.Checkpoint.Index)
		if inv.Cause != nil {
			fmt.Fprintf(&b, ": %s", inv.inWords(inv.Cause))
		}
	default:
		fmt.Fprintf(&b, ": %v", inv.Outcome)
		if inv.Outcome == Crashed && inv.Err != ErrProcessGone || inv.Err == nil && inv.Cause != nil {
			fmt.Fprintf(&b, ": %s", inv.inWords(inv.Cause))
		}
	}
	return b.String()
}

// inWords returns an error for a line that names the record already.
func (inv *Invocation) inWords(err error) string {
	text := err.Error()
	if e, ok := err.(*decoder.Error); ok && e != nil {
		if text = fmt.Sprint(e.Err); e.Field != "" {
			text = e.Field + ": " + text
		}
	}
	return inv.renumber(text)
}

// placeInEvent is how the errors of router and decoder name a record: by its
// index in the event.
var placeInEvent = regexp.MustCompile(`\brecord \d+ (?:\(sequence number |is to be delivered again)`)

// renumber returns the first line of an error's text, in which records are
// named by their indices among those given to Run, as the rest of a Log does.
func (inv *Invocation) renumber(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	text = placeInEvent.ReplaceAllStringFunc(text, func(place string) string {
		_, rest, _ := strings.Cut(place, " ")
		digits, rest, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(digits)
		if err != nil || n >= len(inv.Records) {
			return place
		}
		return fmt.Sprintf("record %d %s", inv.Records[n].Index, rest) //mutant:errors-count-from-the-event
	})
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
