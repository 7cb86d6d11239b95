package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
)

// This file is the program on files: what it does with each. How that looks is in view_table.go, view_lines.go and view_json.go.

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
named, with what to do. redrive has such batches handled again
(sluice redrive -help). Offsets are those in the event.

On a terminal this is a table, without colors where NO_COLOR is set. Elsewhere
it is one line for each record, in quotes and with escapes where something is
not printable.

  -codec C    how data is compressed: auto, gzip, zlib, zstd, snappy; it is shown
              decompressed
  -deaggregate
              show the user records in aggregates of the Kinesis Producer Library
  -json       one JSON object a line: see the package's documentation
  -n N        at most N records of each event in tables; default 20, 0 is all
  -summary    nothing but the sizes and keys of all files

What is wrong goes to standard error, with file, record and offset. The exit
status is 1 if an invocation would fail or would ask for records again, or if a
file cannot be read, and 2 for wrong usage.
`

const (
	exitOK = iota
	exitBad
	exitUsage
)

// rowsShown is how many records of an event a table has.
const rowsShown = 20

// view shows what is found. For each file begin comes first, then records and at most one window, then end; complaints come at any
// time. summary comes last.
type view interface {
	begin(name string, d *document)
	record(rec *decoder.Record, inside *payload, bad error)
	window(w *decoder.Window)
	end(o outcome)
	summary(t *totals)
}

// outcome is what came of an invocation.
type outcome struct {
	answer []byte
	err    error
	stats  router.Stats
}

// local shows the files that args name and returns the program's exit status.
func local(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("view", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "")
	var d decoder.Decoder
	flags.BoolVar(&d.Deaggregate, "deaggregate", false, "")
	flags.Func("codec", "", func(name string) error { return setCodec(&d.Codec, name) })
	rows := flags.Int("n", rowsShown, "")
	onlySummary := flags.Bool("summary", false, "")
	names, status, ok := parse(flags, args, usage, "", stdout, stderr)
	if !ok {
		return status
	}
	out := bufio.NewWriter(stdout)
	files := inputs(names)
	p := &printer{decoder: d, out: out, errors: stderr, progress: newProgress(files, stderr)}
	screen, terminal := newScreen(stdout)
	switch {
	case *asJSON:
		p.view = newJSONView(out)
	case terminal:
		p.view, p.late = &tableView{out: out, screen: screen, most: *rows}, true
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
		return exitBad
	}
	return exitOK
}

// setCodec sets the codec of that name.
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

// parse reads a command's arguments, flags before and behind files, and returns the files. Where there is nothing more to do it returns
// the exit status, and not ok. Help is usage and more.
func parse(flags *flag.FlagSet, args []string, usage, more string, stdout, stderr io.Writer) (files []string, status int, ok bool) {
	flags.SetOutput(io.Discard)
	given := len(args)
	for {
		err := flags.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			if _, err := io.WriteString(stdout, usage+more); err != nil {
				return nil, exitBad, false
			}
			return nil, exitOK, false
		}
		if err != nil {
			return nil, misused(stderr, flags.Name(), nearerFlag(flags, err)), false
		}
		rest := flags.Args()
		if n := len(args) - len(rest); len(rest) == 0 || n > 0 && args[n-1] == "--" {
			files = append(files, rest...)
			break
		}
		files, args = append(files, rest[0]), rest[1:]
	}
	switch {
	case len(files) > 0:
		return files, exitOK, true
	case given > 0:
		return nil, misused(stderr, flags.Name(), errors.New("no FILE is given")), false
	}
	io.WriteString(stderr, usage)
	return nil, exitUsage, false
}

// misused says in one line what is wrong with a command's arguments, and where to read what they may be.
func misused(stderr io.Writer, name string, err error) int {
	fmt.Fprintf(stderr, "%s (sluice %s -help says more)\n", printable(err.Error()), name)
	return exitUsage
}

// nearerFlag adds to an error about an unknown flag what may have been meant.
func nearerFlag(flags *flag.FlagSet, err error) error {
	const unknown = "flag provided but not defined: -"
	name, ok := strings.CutPrefix(err.Error(), unknown)
	if !ok {
		return err
	}
	var names []string
	flags.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	if near := nearest(name, names); near != "" {
		return fmt.Errorf("no such flag: -%s; is it -%s?", name, near)
	}
	return fmt.Errorf("no such flag: -%s", name)
}

// printer shows invocations. Nothing that comes from a file gets out as it is where it is not printable.
type printer struct {
	decoder  decoder.Decoder
	view     view
	out      *bufio.Writer // where view writes
	errors   io.Writer
	progress *progress
	totals   totals

	name   string   // of the file
	late   bool     // whether complaints wait for the end of their invocation
	kept   []string // those that wait
	failed bool     // whether anything was wrong
}

// complain says what is wrong with the file, below what has been printed of it.
func (p *printer) complain(problem string) {
	p.failed = true
	line := fmt.Sprintf("%s: %s\n", printable(p.name), printable(problem))
	if p.late {
		p.kept = append(p.kept, line)
		return
	}
	p.flush()
	io.WriteString(p.errors, line)
}

// flush writes what is there to be written.
func (p *printer) flush() {
	if p.out.Buffered() > 0 || len(p.kept) > 0 {
		p.progress.hide()
	}
	if err := p.out.Flush(); err != nil {
		if !p.failed {
			fmt.Fprintf(p.errors, "%s\n", printable(err.Error()))
		}
		p.failed = true
	}
	for _, line := range p.kept {
		io.WriteString(p.errors, line)
	}
	p.kept = nil
}

// file shows the events of one file.
func (p *printer) file(in input, stdin io.Reader) {
	p.name = in.name
	documents, err := in.documents(stdin, p.progress.count, origin{})
	if err != nil {
		p.complain(err.Error())
	}
	for i := range documents {
		d := &documents[i]
		p.name = d.name(in)
		if d.err != nil {
			p.complain(d.err.Error())
			continue
		}
		p.totals.files++
		p.view.begin(in.name, d)
		p.invocation(d.event)
		p.flush()
	}
	p.flush()
}

// invocation shows the event, then gives it to a router. The records are read on their own first: a router starts nothing behind a
// failure, and would show nothing of what stands there.
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
		p.complain("the invocation fails: " + place(o.err))
	case broken != nil: // the router has stopped before it
		p.complain(place(broken))
	}
	p.failed = p.failed || o.stats.Checkpoint != ""
}

// records shows each record of the event, and says what is wrong with the bad ones. It returns what breaks the event.
func (p *printer) records(event []byte) error {
	var window *decoder.Window
	open := opener{left: maxOpened}
	for rec, err := range p.decoder.RecordsWindow(event, &window) {
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
			p.complain(place(err))
		}
	}
	if window != nil {
		p.view.window(window)
	}
	return nil
}

// place is an error's text without the decoder's opening words, which say no more than what the program is for.
func place(err error) string { return strings.TrimPrefix(err.Error(), "kinesis event: ") }

// summaryView shows nothing but the summary.
type summaryView struct{ view }

func (summaryView) begin(string, *document)                 {}
func (summaryView) record(*decoder.Record, *payload, error) {}
func (summaryView) window(*decoder.Window)                  {}
func (summaryView) end(outcome)                             {}
