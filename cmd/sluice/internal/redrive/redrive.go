// Package redrive hands batches that Lambda gave up to a function again. This
// file plans and acts, target.go calls the function, answer.go says what its
// answer means, and journal.go remembers what is done.
package redrive

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"
	"os/signal"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/rivo/uniseg"

	"example.com/sluice/cmd/sluice/internal/command"
	"example.com/sluice/cmd/sluice/internal/input"
	"example.com/sluice/cmd/sluice/internal/screen"
	"example.com/sluice/decoder"
)

const usage = `usage: sluice redrive -function NAME|ARN [flags] FILE...
       sluice redrive -endpoint URL [flags] FILE...
       sluice redrive -bootstrap PROGRAM [flags] FILE...

Hands batches to a function again: each FILE is the object that Lambda has left
in an on-failure bucket, or what else sluice view -help names; a directory
stands for the files in it. Without -yes it only says what it would do.

  -function NAME|ARN  a function in AWS; the credentials are those in the
                      environment (AWS_ACCESS_KEY_ID and so on, AWS_REGION)
  -endpoint URL       one that takes the same call, unsigned, as that of
                      Lambda's Runtime Interface Emulator:
    http://localhost:9000/2015-03-31/functions/function/invocations
  -bootstrap PROGRAM  a function's program, started on this machine
  -yes                do it
  -journal FILE       what has been done; default redrive.jsonl
  -timeout D          of an invocation; default 15m
  -stream ARN -shard ID
                      where the records of aws kinesis get-records are from,
                      since its output does not say it

Repeating it is safe. What has come of a batch is in the journal before the next
one is begun, and what is done for that function is left out the next time. An
answer that names a record (batchItemFailures) leaves that record and those
behind it: the next time they alone are handed over. Batches come in the order
of their shards and sequence numbers, one at a time, and one that fails does not
hold up those behind it. A batch whose outcome could not be noted is handed over
again, so records may come twice, as in Lambda. Another journal begins anew.
Records that were fetched by sequence numbers may come twice as well: between
those of one batch stand those of other batches, if the mapping has a
parallelization factor.

The exit status is 0 if all is done, or can be; 1 if anything is not; and 2 for
wrong usage.
`

// Run is the command.
func Run(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("redrive", flag.ContinueOnError)
	function := flags.String("function", "", "")
	endpoint := flags.String("endpoint", "", "")
	bootstrap := flags.String("bootstrap", "", "")
	yes := flags.Bool("yes", false, "")
	journalName := flags.String("journal", "redrive.jsonl", "")
	timeout := flags.Duration("timeout", 15*time.Minute, "")
	var from input.Origin
	flags.StringVar(&from.StreamARN, "stream", "", "")
	flags.StringVar(&from.ShardID, "shard", "", "")
	names, status, ok := command.Parse(flags, args, usage, "", stdout, stderr)
	if !ok {
		return status
	}
	if err := from.Check(); err != nil {
		return command.Misused(stderr, "redrive", err)
	}
	target, err := newTarget(*function, *endpoint, *bootstrap, *timeout, stderr)
	if err != nil {
		return command.Misused(stderr, "redrive", err)
	}
	defer target.close()
	j, err := openJournal(*journalName, *yes)
	if err != nil {
		fmt.Fprintf(stderr, "%s: %s\n", screen.Printable(*journalName), screen.Printable(err.Error()))
		return command.Failed
	}
	defer j.close()
	d := &driver{target: target, journal: j, from: from, out: bufio.NewWriter(stdout), errors: stderr}
	d.screen, _ = screen.New(stdout)
	d.plan(input.Files(names), input.NewProgress)
	d.showPlan(*yes)
	if *yes {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		context.AfterFunc(ctx, stop) // a second interrupt ends the program
		d.act(ctx)
	}
	if err := d.out.Flush(); err != nil {
		fmt.Fprintln(stderr, screen.Printable(err.Error()))
		d.failed = true
	}
	if d.failed {
		return command.Failed
	}
	return command.OK
}

// batch is an event in a file, with what is known about it before it is handed
// over.
type batch struct {
	in      input.File
	file    string // and which of its events it is
	id      string // of the event: a hash of its bytes
	about   *input.FailedBatch
	stream  string
	shard   string
	first   string // sequence number
	records int
	window  bool
	from    int // the first record to hand over; those before it are done
	past    entry
}

func (b *batch) done() bool { return b.past.State == stateDone }

// driver makes the plan and carries it out.
type driver struct {
	target  target
	journal *journal
	from    input.Origin // of records that do not say it
	out     *bufio.Writer
	screen  screen.Screen // where out goes; zero where that is no terminal
	errors  io.Writer
	batches []*batch
	failed  bool

	read      input.File       // the file that was read last
	documents []input.Document // and what it held
}

func (d *driver) complain(file, problem string) {
	d.failed = true
	d.out.Flush() // its error shows at the end
	fmt.Fprintf(d.errors, "%s: %s\n", screen.Printable(file), screen.Printable(problem))
}

// plan reads the files and puts their events into the order of the stream.
func (d *driver) plan(files []input.File, bar func([]input.File, io.Writer) *input.Progress) {
	p := bar(files, d.errors)
	seen := map[string]string{}
	for b, err := range d.batchesOf(files, p) {
		if err != nil {
			p.Hide()
			d.complain(b.file, err.Error())
			continue
		}
		if other, twice := seen[b.id]; twice {
			p.Hide()
			fmt.Fprintf(d.out, "%s: the same event as %s\n", screen.Printable(b.file), screen.Printable(other))
			continue
		}
		seen[b.id] = b.file
		d.batches = append(d.batches, b)
	}
	p.Hide()
	slices.SortStableFunc(d.batches, func(a, b *batch) int {
		if c := strings.Compare(a.stream+" "+a.shard, b.stream+" "+b.shard); c != 0 {
			return c
		}
		return decoder.CompareSequenceNumbers([]byte(a.first), []byte(b.first))
	})
}

// batchesOf reads the files. An error comes with a batch that only has a name.
func (d *driver) batchesOf(files []input.File, p *input.Progress) iter.Seq2[*batch, error] {
	return func(yield func(*batch, error) bool) {
		for _, in := range files {
			documents, err := d.load(in, p.Count)
			if err != nil && !yield(&batch{file: in.Name}, err) {
				return
			}
			for i := range documents {
				b := &batch{in: in, file: documents[i].Name(in)}
				if !yield(b, d.prepare(b, &documents[i])) {
					return
				}
			}
		}
	}
}

// prepare finds out what is left to do of an event.
func (d *driver) prepare(b *batch, doc *input.Document) error {
	switch {
	case doc.Err != nil:
		return doc.Err
	case doc.About.Succeeded():
		return errors.New("not handed over: its function has done it, says the record of an on-success destination")
	case doc.Made && d.from == input.Origin{}:
		return errors.New("not handed over: these records do not say where they are from: give -stream ARN and " +
			"-shard ID")
	}
	b.id, b.about = eventID(doc.Event), doc.About
	for rec, err := range decoder.Records(doc.Event) {
		if rec == nil {
			return errors.New("not handed over: " + input.Place(err))
		}
		if b.records == 0 {
			b.stream, b.shard, b.first = rec.StreamName, rec.ShardID, string(rec.SequenceNumber)
		}
		b.records++
	}
	window, err := decoder.Decoder{}.Window(doc.Event)
	b.window = err == nil && window != nil
	b.past = d.journal.last(b.id, d.target.name())
	if b.past.State == statePartial {
		b.from = max(0, indexOf(doc.Event, b.past.Checkpoint))
	}
	return nil
}

// load returns the events of a file. The last file is kept: it may hold
// thousands.
func (d *driver) load(in input.File, count func(int)) (documents []input.Document, err error) {
	if in.Name == input.Stdin {
		return nil, errors.New("standard input cannot be read twice: name a file")
	}
	if d.documents == nil || d.read != in {
		d.read = in
		d.documents, err = in.Documents(nil, count, d.from)
	}
	return d.documents, err
}

// eventOf reads a batch's event again.
func (d *driver) eventOf(b *batch) ([]byte, error) {
	documents, err := d.load(b.in, func(int) {})
	for _, doc := range documents {
		if doc.Err == nil && eventID(doc.Event) == b.id {
			return doc.Event, nil
		}
	}
	return nil, cmp.Or(err, errors.New("the file has changed since it was read"))
}

// showPlan says what is to be done, and to whom. On a narrow screen file names
// get lines of their own.
func (d *driver) showPlan(yes bool) {
	batches, records := 0, 0
	var table, narrow strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	if len(d.batches) > 0 {
		fmt.Fprintln(w, "stream\tshard\trecords\tgiven up\tto do\tfile")
	}
	for _, b := range d.batches {
		given := ""
		if b.about != nil {
			given = b.about.RequestContext.Condition
		}
		stream, shard, condition := orDash(b.stream), orDash(b.shard), orDash(given)
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", stream, shard, screen.Group(b.records),
			condition, b.todo(), screen.Printable(b.file))
		about := fmt.Sprintf("%s %s, %s, given up: %s; to do: %s",
			stream, shard, screen.Count(b.records, "record"), condition, b.todo())
		fmt.Fprintf(&narrow, "%s\n  %s\n",
			screen.Printable(b.file), strings.Join(screen.Wrap(about, d.screen.Width-2), "\n  "))
		if !b.done() {
			batches++
			records += b.records - b.from
		}
	}
	w.Flush()
	shown := table.String()
	wide := func(line string) bool { return uniseg.StringWidth(line) > d.screen.Width }
	if d.screen.Width > 0 && slices.ContainsFunc(strings.Split(shown, "\n"), wide) {
		shown = narrow.String()
	}
	d.out.WriteString(shown)
	fmt.Fprintf(d.out, "%s with %s to hand to %s\n", screen.Count(batches, "event"), screen.Count(records, "record"),
		screen.Printable(d.target.name()))
	if !yes && batches > 0 {
		fmt.Fprintln(d.out, "nothing has been done: -yes does it")
	}
	d.out.Flush()
}

// orDash is a word, or a dash where it is not known.
func orDash(s string) string { return screen.Word(cmp.Or(s, "-")) }

// todo is what is to be done with a batch, in a few words.
func (b *batch) todo() string {
	what := "all"
	switch b.past.State {
	case stateDone:
		return "nothing: done " + b.past.Time.UTC().Format("2006-01-02 15:04:05")
	case statePartial:
		what = fmt.Sprintf("from record %d on", b.from)
	case stateBegun:
		what = "all: begun " + b.past.Time.UTC().Format("2006-01-02 15:04:05") + ", outcome unknown"
	case stateFailed:
		what = "all: failed " + b.past.Time.UTC().Format("2006-01-02 15:04:05")
	}
	if b.window {
		what += " (of a window: the state it answers goes nowhere)"
	}
	return what
}

// act hands over what is not done, until ctx ends; a batch that was begun is
// waited for.
func (d *driver) act(ctx context.Context) {
	done, open, handed := 0, 0, 0
	for _, b := range d.batches {
		if b.done() {
			done++
			continue
		}
		if ctx.Err() != nil {
			open++
			continue
		}
		handed++
		finished, err := d.hand(b)
		if finished {
			done++
		} else {
			open++
		}
		if err != nil {
			d.complain(d.journal.name, "stopped, since what is done cannot be noted: "+err.Error())
			return
		}
	}
	if ctx.Err() != nil {
		fmt.Fprintln(d.out, "interrupted")
	}
	fmt.Fprintf(d.out, "%s handed over; %s of %s done\n", screen.Count(handed, "event"), screen.Group(done),
		screen.Group(done+open))
	if open > 0 {
		d.failed = true
		fmt.Fprintln(d.out, "the same command hands over what is not done")
	}
}

// hand hands over one batch and notes what came of it. Its error is the
// journal's.
func (d *driver) hand(b *batch) (done bool, err error) {
	event, err := d.eventOf(b)
	if err != nil {
		d.complain(b.file, err.Error())
		return false, nil
	}
	note := entry{Event: b.id, File: b.file, Target: d.target.name(), Records: b.records - b.from}
	note.State = stateBegun
	if b.past.State == statePartial {
		note.Checkpoint = b.past.Checkpoint // where the next run begins if the outcome stays unknown
	}
	if err := d.journal.add(note); err != nil {
		return false, err
	}
	event = behind(event, b.records, b.from)
	answer, failure := d.target.invoke(event)
	v := read(answer, failure, event)
	note.State, note.Checkpoint, note.Error = v.state, v.checkpoint, v.problem
	if v.state == stateFailed && b.from > 0 {
		// Records that an earlier run did stay done.
		note.State, note.Checkpoint = statePartial, b.past.Checkpoint
	}
	note.Done = v.done
	if err := d.journal.add(note); err != nil {
		return v.state == stateDone, err
	}
	switch v.state {
	case stateDone:
		fmt.Fprintf(d.out, "done: %s, %s\n", screen.Printable(b.file), screen.Count(note.Records, "record"))
	case statePartial:
		fmt.Fprintf(d.out, "partly done: %s, %s of %d; not done from %s %s on\n",
			screen.Printable(b.file), screen.Count(v.done, "record"), note.Records, nameKind(event),
			screen.Word(v.checkpoint))
	default:
		fmt.Fprintf(d.out, "not done: %s, %s\n", screen.Printable(b.file), screen.Count(note.Records, "record"))
		d.complain(b.file, v.problem)
	}
	d.out.Flush()
	return v.state == stateDone, nil
}
