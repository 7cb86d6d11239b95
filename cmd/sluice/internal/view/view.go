// Package view shows events and what Lambda would be answered. This file reads
// them and calls a view for each part: table.go for a terminal, lines.go for a
// pipe, json.go for programs. payload.go looks into a record's data, totals.go
// sums all files up.
package view

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"example.com/sluice/cmd/sluice/internal/command"
	"example.com/sluice/cmd/sluice/internal/input"
	"example.com/sluice/cmd/sluice/internal/screen"
	"example.com/sluice/decoder"
	"example.com/sluice/internal/contents"
	"example.com/sluice/router"
)

const usage = `usage: sluice [view] [flags] FILE...

Takes each FILE as the event of one invocation by a Kinesis stream ("-" is
standard input, a directory stands for the files in it), or as what holds
events, and shows:

  - its records: sequence number, partition key, arrival time, size, and the
    beginning of the data, as text where it is text and else in hexadecimal;
    log events of CloudWatch Logs and changes of DynamoDB items as what they are
  - the response that Lambda would get from a handler that finds nothing wrong
  - what the router counted; it stops at the first record that is bad
  - sizes of the records, and the partition keys with the most of them

What holds events: an object of an on-failure bucket, gzip or zstd of a file,
JSON Lines, the output of aws kinesis get-records, records that an asynchronous
invocation leaves at a destination, and all that in notifications of SNS, events
of SQS or SNS, or the output of aws sqs receive-message. What else is known is
named, with what to do. redrive hands such batches to a function again
(sluice redrive -help). Offsets are those in the event.

Where only the name of a failed batch is left, a command is printed that fetches
its records. If the mapping has a parallelization factor or a filter, it brings
records of other batches too: handed over, they are duplicates, never a loss.

On a terminal this is a table, without colors where NO_COLOR is set. Elsewhere
it is one line for each record, in quotes and with escapes where something is
not printable.

  -codec C    how data is compressed: auto, gzip, zlib, zstd, snappy, identity;
              it is shown decompressed
  -deaggregate
              show the user records in aggregates of the Kinesis Producer
              Library
  -json       one JSON object a line: see the package's documentation
  -n N        at most N records of each event in tables; default 20, 0 is all
  -summary    nothing but the sizes and keys of all files

What is wrong goes to standard error, with file, record and offset. The exit
status is 1 if an invocation would fail or would ask for records again, or if a
file cannot be read, and 2 for wrong usage.
`

// rowsShown is how many records of an event a table shows.
const rowsShown = 20

// view prints what printer finds. For each event come begin, the records, at
// most one window, and end; after all of them comes summary.
type view interface {
	begin(name string, d *input.Document)
	record(rec *decoder.Record, inside *payload, bad error)
	window(w *decoder.Window)
	end(o outcome)
	summary(t *totals)
}

// outcome is how an invocation ended.
type outcome struct {
	answer []byte
	err    error
	stats  router.Stats
}

// Run is the command.
func Run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("view", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "")
	var d decoder.Decoder
	flags.BoolVar(&d.Deaggregate, "deaggregate", false, "")
	flags.Func("codec", "", func(name string) error { return setCodec(&d.Codec, name) })
	rows := flags.Int("n", rowsShown, "")
	onlySummary := flags.Bool("summary", false, "")
	names, status, ok := command.Parse(flags, args, usage, "", stdout, stderr)
	if !ok {
		return status
	}
	out := bufio.NewWriter(stdout)
	files := input.Files(names)
	p := &printer{decoder: d, out: out, errors: stderr, progress: input.NewProgress(files, stderr)}
	on, terminal := screen.New(stdout)
	switch {
	case *asJSON:
		p.view = newJSONView(out)
	case terminal:
		p.view, p.late = &tableView{out: out, screen: on, most: *rows}, true
	default:
		p.view = &linesView{out: out}
	}
	if *onlySummary {
		p.view = summaryView{p.view}
	}
	for _, in := range files {
		p.file(in, stdin)
	}
	if p.totals.files > 0 {
		p.view.summary(&p.totals)
	}
	p.flush()
	if p.failed {
		return command.Failed
	}
	return command.OK
}

func setCodec(c *decoder.Codec, name string) error {
	var names []string
	for _, known := range []decoder.Codec{
		decoder.Auto, decoder.Gzip, decoder.Zlib, decoder.Zstd, decoder.Snappy, decoder.Identity,
	} {
		if known.String() == name {
			*c = known
			return nil
		}
		names = append(names, known.String())
	}
	return fmt.Errorf("want one of %s", strings.Join(names, ", "))
}

// printer reads events and complains about what is wrong in them. Whatever is
// not printable in a file it prints with escapes.
type printer struct {
	decoder  decoder.Decoder
	view     view
	out      *bufio.Writer // where view writes
	errors   io.Writer
	progress *input.Progress
	totals   totals

	name   string   // of the file
	late   bool     // whether complaints wait for the end of their invocation
	kept   []string // those that wait
	failed bool     // whether anything was wrong
	hinted bool     // whether another codec was named
}

// complain says what is wrong with the file. On a terminal the complaint stands
// below the invocation, elsewhere below what has been printed of it.
func (p *printer) complain(problem string) {
	p.failed = true
	line := fmt.Sprintf("%s: %s\n", screen.Printable(p.name), screen.Printable(problem))
	if p.late {
		p.kept = append(p.kept, line)
		return
	}
	p.flush()
	io.WriteString(p.errors, line)
}

// flush prints what has been buffered, then the complaints that waited for it.
func (p *printer) flush() {
	if p.out.Buffered() > 0 || len(p.kept) > 0 {
		p.progress.Hide()
	}
	if err := p.out.Flush(); err != nil {
		if !p.failed {
			fmt.Fprintf(p.errors, "%s\n", screen.Printable(err.Error()))
		}
		p.failed = true
	}
	for _, line := range p.kept {
		io.WriteString(p.errors, line)
	}
	p.kept = nil
}

func (p *printer) file(in input.File, stdin io.Reader) {
	p.name = in.Name
	documents, err := in.Documents(stdin, p.progress.Count, input.Origin{})
	if err != nil {
		p.complain(err.Error())
	}
	for i := range documents {
		d := &documents[i]
		p.name = d.Name(in)
		if d.Err != nil {
			p.complain(d.Err.Error())
			continue
		}
		p.totals.files++
		p.view.begin(in.Name, d)
		p.invocation(d.Event)
		p.flush()
	}
	p.flush()
}

// invocation shows the event, then gives it to a router. The records are read
// separately first: a router starts nothing behind a failure, so it would hide
// the rest.
func (p *printer) invocation(event []byte) {
	broken := p.records(event)
	var o outcome
	fine := func(context.Context, *decoder.Record) error { return nil }
	r := router.New(router.Each(fine),
		router.WithDecoder(p.decoder),
		router.WithLogger(slog.New(slog.DiscardHandler)), // what it would log is shown here
		router.WithStats(func(_ context.Context, s router.Stats) { o.stats = s }),
	)
	o.answer, o.err = r.Invoke(context.Background(), event)
	p.view.end(o)
	switch {
	case o.err != nil:
		p.complain("the invocation fails: " + input.Place(o.err))
	case broken != nil: // the router has stopped before it
		p.complain(input.Place(broken))
	}
	p.failed = p.failed || o.stats.Checkpoint != ""
}

// records shows each record and complains about the bad ones. Its error is what
// breaks the event.
func (p *printer) records(event []byte) error {
	open, compressed := opener{left: maxOpened}, -1
	for rec, err := range p.decoder.Records(event) {
		if rec == nil {
			return err
		}
		var inside *payload
		if err == nil {
			inside = open.open(rec.Data)
		}
		p.totals.record(rec, inside, err != nil)
		p.view.record(rec, inside, err)
		if err != nil {
			p.complain(input.Place(err))
			if compressed < 0 && errors.Is(err, decoder.ErrCompressed) {
				compressed = rec.Index
			}
		}
	}
	if compressed >= 0 {
		p.hint(event, compressed)
	}
	if window, err := p.decoder.Window(event); err == nil && window != nil {
		p.view.window(window)
	}
	return nil
}

// hint says once that it is the flag -codec that is wrong, and not the data of
// that record.
func (p *printer) hint(event []byte, index int) {
	if p.hinted || p.decoder.Codec == decoder.Auto {
		return
	}
	for rec, err := range decoder.Records(event) {
		if err != nil || rec.Index < index {
			continue
		}
		is, what := decoder.Detect(rec.Data), p.decoder.Codec.String()
		if is == p.decoder.Codec || is == decoder.Identity && !contents.IsText(rec.Data) {
			return // broken, as far as one can tell
		}
		if is == decoder.Identity {
			what = "compressed"
		}
		p.complain("this is not " + what + ": -codec auto opens what is compressed and leaves the rest as it is")
		p.hinted = true
		return
	}
}

// summaryView prints the summary and nothing else.
type summaryView struct{ view }

func (summaryView) begin(string, *input.Document)           {}
func (summaryView) record(*decoder.Record, *payload, error) {}
func (summaryView) window(*decoder.Window)                  {}
func (summaryView) end(outcome)                             {}
