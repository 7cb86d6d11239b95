package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"example.com/sluice/decoder"
)

// This file is "lambda redrive": batches that Lambda has given up are handed to a function again. Where the function is stands in
// redrive_target.go, what its answer means in redrive_answer.go, and what has been done already in redrive_journal.go.

const redriveUsage = `usage: lambda redrive -function NAME|ARN [flags] FILE...
       lambda redrive -endpoint URL [flags] FILE...
       lambda redrive -bootstrap PROGRAM [flags] FILE...

Hands batches to a function again: each FILE is the object that Lambda has left
in an on-failure bucket, or an event; a directory stands for the files in it.
Without -yes it only says what it would do.

  -function NAME|ARN  a function in AWS; the credentials are those in the
                      environment (AWS_ACCESS_KEY_ID and so on, AWS_REGION)
  -endpoint URL       one that takes the same call, unsigned, as that of
                      Lambda's Runtime Interface Emulator:
                      http://localhost:9000/2015-03-31/functions/function/invocations
  -bootstrap PROGRAM  a function's program, started on this machine
  -yes                do it
  -journal FILE       what has been done; default redrive.jsonl
  -timeout D          of an invocation; default 15m

Repeating it is safe. What has come of a batch is in the journal before the next
one is begun, and what is done for that function is left out the next time. An
answer that names a record (batchItemFailures) leaves that record and those
behind it: the next time they alone are handed over. Batches come in the order
of their shards and sequence numbers, one at a time, and one that fails does not
hold up those behind it. A batch whose outcome could not be noted is handed over
again, so records may come twice, as in Lambda. Another journal begins anew.

The exit status is 0 if all is done, or can be; 1 if anything is not; and 2 for
wrong usage.
`

func init() { commands["redrive"] = redrive }

// redrive runs the command.
func redrive(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("lambda redrive", flag.ContinueOnError)
	function := flags.String("function", "", "")
	endpoint := flags.String("endpoint", "", "")
	bootstrap := flags.String("bootstrap", "", "")
	yes := flags.Bool("yes", false, "")
	journalName := flags.String("journal", "redrive.jsonl", "")
	timeout := flags.Duration("timeout", 15*time.Minute, "")
	if status, ok := parse(flags, args, redriveUsage, "", stdout, stderr); !ok {
		return status
	}
	target, err := newTarget(*function, *endpoint, *bootstrap, *timeout, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "%s\n\n%s", printable(err.Error()), redriveUsage)
		return exitUsage
	}
	defer target.close()
	j, err := openJournal(*journalName, *yes)
	if err != nil {
		fmt.Fprintf(stderr, "%s: %s\n", printable(*journalName), printable(err.Error()))
		return exitBad
	}
	defer j.close()
	d := &driver{target: target, journal: j, out: bufio.NewWriter(stdout), errors: stderr}
	d.plan(inputs(flags.Args()), newProgress)
	d.showPlan(*yes)
	if *yes {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		context.AfterFunc(ctx, stop) // a second interrupt ends the program
		d.act(ctx)
	}
	if err := d.out.Flush(); err != nil {
		fmt.Fprintln(stderr, printable(err.Error()))
		d.failed = true
	}
	if d.failed {
		return exitBad
	}
	return exitOK
}

// batch is one file's event, and what is known about it before it is handed over.
type batch struct {
	file    string
	id      string // of the event: a hash of its bytes
	about   *failedBatch
	stream  string
	shard   string
	first   string // sequence number
	records int
	window  bool
	from    int // the first record to hand over; those before it are done
	past    entry
}

func (b *batch) done() bool { return b.past.State == stateDone }

// driver plans and acts.
type driver struct {
	target  target
	journal *journal
	out     *bufio.Writer
	errors  io.Writer
	batches []*batch
	failed  bool
}

func (d *driver) complain(file, problem string) {
	d.failed = true
	d.out.Flush() // its error shows at the end
	fmt.Fprintf(d.errors, "%s: %s\n", printable(file), printable(problem))
}

// plan reads the files and puts those that hold an event into the order of the stream.
func (d *driver) plan(files []input, bar func([]input, io.Writer) *progress) {
	p := bar(files, d.errors)
	seen := map[string]string{}
	for _, in := range files {
		b, err := d.prepare(in, p)
		if err != nil {
			p.hide()
			d.complain(in.name, err.Error())
			continue
		}
		if other, again := seen[b.id]; again {
			p.hide()
			fmt.Fprintf(d.out, "%s: the same event as %s\n", printable(b.file), printable(other))
			continue
		}
		seen[b.id] = b.file
		d.batches = append(d.batches, b)
	}
	p.hide()
	slices.SortStableFunc(d.batches, func(a, b *batch) int {
		if c := strings.Compare(a.stream+" "+a.shard, b.stream+" "+b.shard); c != 0 {
			return c
		}
		return decoder.Compare([]byte(a.first), []byte(b.first))
	})
}

// prepare reads a file and finds out what is left to do with it.
func (d *driver) prepare(in input, p *progress) (*batch, error) {
	if in.name == stdinName {
		return nil, errors.New("standard input cannot be read twice: name a file")
	}
	event, about, err := load(in, p.count)
	if err != nil {
		return nil, err
	}
	b := &batch{file: in.name, id: eventID(event), about: about}
	var window *decoder.Window
	for rec, err := range (decoder.Decoder{}).RecordsWindow(event, &window) {
		if rec == nil {
			return nil, errors.New("not handed over: " + place(err))
		}
		if b.records == 0 {
			b.stream, b.shard, b.first = rec.StreamName, rec.ShardID, string(rec.SequenceNumber)
		}
		b.records++
	}
	b.window = window != nil
	b.past = d.journal.last(b.id, d.target.name())
	if b.past.State == statePartial {
		b.from = max(0, indexOf(event, b.past.Checkpoint))
	}
	return b, nil
}

// load returns the event in a file.
func load(in input, count func(int)) ([]byte, *failedBatch, error) {
	content, err := in.read(nil, count)
	if err != nil {
		return nil, nil, err
	}
	return unwrap(content)
}

// showPlan says what is to be done, and to whom.
func (d *driver) showPlan(yes bool) {
	batches, records := 0, 0
	w := tabwriter.NewWriter(d.out, 0, 0, 2, ' ', 0)
	if len(d.batches) > 0 {
		fmt.Fprintln(w, "stream\tshard\trecords\tgiven up\tto do\tfile")
	}
	for _, b := range d.batches {
		condition := "-"
		if b.about != nil {
			condition = b.about.RequestContext.Condition
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", text(b.stream), text(b.shard), group(b.records), text(condition), b.todo(), printable(b.file))
		if !b.done() {
			batches++
			records += b.records - b.from
		}
	}
	w.Flush()
	fmt.Fprintf(d.out, "%s with %s to hand to %s\n", count(batches, "event"), count(records, "record"), printable(d.target.name()))
	if !yes && batches > 0 {
		fmt.Fprintln(d.out, "nothing has been done: -yes does it")
	}
	d.out.Flush()
}

// todo says in a few words what is to be done with a batch.
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

// act hands over what is to be done, until ctx ends; what has been begun then is waited for.
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
	fmt.Fprintf(d.out, "%s handed over; %s of %s done\n", count(handed, "event"), group(done), group(done+open))
	if open > 0 {
		d.failed = true
		fmt.Fprintln(d.out, "the same command hands over what is not done")
	}
}

// hand hands over one batch, and says and notes what has come of it. Its error is the journal's.
func (d *driver) hand(b *batch) (done bool, err error) {
	event, _, err := load(input{name: b.file}, func(int) {})
	if err == nil && eventID(event) != b.id {
		err = errors.New("the file has changed since it was read")
	}
	if err != nil {
		d.complain(b.file, err.Error())
		return false, nil
	}
	note := entry{Event: b.id, File: b.file, Target: d.target.name(), Records: b.records - b.from}
	note.State = stateBegun
	if b.past.State == statePartial {
		note.Checkpoint = b.past.Checkpoint // where it is begun again, should its outcome stay unknown
	}
	if err := d.journal.add(note); err != nil {
		return false, err
	}
	event = behind(event, b.records, b.from)
	answer, failure := d.target.invoke(event)
	v := read(answer, failure, event)
	note.State, note.Checkpoint, note.Error = v.state, v.checkpoint, v.problem
	if v.state == stateFailed && b.from > 0 {
		// What was done before is still done.
		note.State, note.Checkpoint = statePartial, b.past.Checkpoint
	}
	note.Done = v.done
	if err := d.journal.add(note); err != nil {
		return v.state == stateDone, err
	}
	switch v.state {
	case stateDone:
		fmt.Fprintf(d.out, "done: %s, %s\n", printable(b.file), count(note.Records, "record"))
	case statePartial:
		fmt.Fprintf(d.out, "partly done: %s, %s of %d; not done from sequence number %s on\n",
			printable(b.file), count(v.done, "record"), note.Records, text(v.checkpoint))
	default:
		fmt.Fprintf(d.out, "not done: %s, %s\n", printable(b.file), count(note.Records, "record"))
		d.complain(b.file, v.problem)
	}
	d.out.Flush()
	return v.state == stateDone, nil
}
