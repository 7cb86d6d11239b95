package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
)

// This file is the program on files.

const usage = `usage: lambda FILE...

Takes each FILE as the event of one invocation by a Kinesis stream ("-" is
standard input) and prints:

  - its records: sequence number, partition key, arrival time, size, and the
    beginning of the data, as text where it is text and else in hexadecimal
  - the response that Lambda would get from a handler that finds nothing wrong,
    in quotes and with escapes where it is not printable
  - what the router counted; it stops at the first record that is bad

What is wrong goes to standard error, with file, record and offset. The exit
status is 1 if an invocation would fail or would ask for records again, or if a
file cannot be read, and 2 for wrong usage.

Where AWS_LAMBDA_RUNTIME_API is set the program is a Lambda function instead. It
logs one line of JSON per invocation, and skips bad records.
`

const (
	exitOK = iota
	exitBad
	exitUsage
)

// maxEvent is the most bytes that a file may have. Lambda's own limit is 6 MB.
const maxEvent = 64 << 20

// local runs the program on the files that args name and returns its exit status.
func local(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("lambda", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		if _, err := io.WriteString(stdout, usage+settingsHelp()); err != nil {
			return exitBad
		}
		return exitOK
	case err != nil:
		fmt.Fprintf(stderr, "%s\n\n%s", printable(err.Error()), usage)
		return exitUsage
	case flags.NArg() == 0:
		fmt.Fprint(stderr, usage)
		return exitUsage
	}
	p := &printer{out: bufio.NewWriter(stdout), errors: stderr}
	for _, name := range flags.Args() {
		p.name = name
		if event, err := readFile(name, stdin); err != nil {
			p.complain(err.Error())
		} else {
			p.invocation(event)
		}
	}
	if err := p.out.Flush(); err != nil {
		p.complain(err.Error())
	}
	if p.failed {
		return exitBad
	}
	return exitOK
}

// readFile reads the file of that name, standard input for "-". Its errors do not repeat the name.
func readFile(name string, stdin io.Reader) ([]byte, error) {
	if name == "-" {
		return readEvent(stdin, maxEvent)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, cause(err)
	}
	defer f.Close()
	event, err := readEvent(f, maxEvent)
	return event, cause(err)
}

// readEvent reads r to its end.
func readEvent(r io.Reader, limit int64) ([]byte, error) {
	event, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(event)) > limit {
		return nil, fmt.Errorf("larger than %d bytes", limit)
	}
	return event, nil
}

// cause returns an error about a file without the file's name.
func cause(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// printer shows invocations. Nothing that comes from a file gets out as it is where it is not printable.
type printer struct {
	out    *bufio.Writer
	errors io.Writer
	name   string // of the file
	failed bool   // whether anything was wrong
}

// complain says what is wrong with the file, below what has been printed of it.
func (p *printer) complain(problem string) {
	p.failed = true
	p.out.Flush() // its error stays with out
	fmt.Fprintf(p.errors, "%s: %s\n", printable(p.name), printable(problem))
}

// invocation shows the event, then gives it to a router. The records are read on their own first: a router starts nothing behind a
// failure, and would show nothing of what stands there.
func (p *printer) invocation(event []byte) {
	fmt.Fprintf(p.out, "file %s\n", printable(p.name))
	broken := p.records(event)

	var stats router.Stats
	fine := func(context.Context, *decoder.Record) error { return nil }
	r := router.New(router.Each(fine),
		router.WithLogger(slog.New(slog.DiscardHandler)), // what it would log is shown here
		router.WithStats(func(_ context.Context, s router.Stats) { stats = s }),
	)
	answer, err := r.Invoke(context.Background(), event)
	if err != nil {
		fmt.Fprintln(p.out, "response none: the invocation fails")
	} else {
		fmt.Fprintf(p.out, "response %s\n", printable(string(answer)))
	}
	fmt.Fprintf(p.out, "counters records=%d processed=%d skipped=%d failed=%d bad=%d bytes=%d",
		stats.Records, stats.Processed, stats.Skipped, stats.Failed, stats.Bad, stats.Bytes)
	if stats.Checkpoint != "" {
		p.failed = true
		fmt.Fprintf(p.out, " checkpoint=%s", printable(stats.Checkpoint))
	}
	fmt.Fprintln(p.out)

	switch {
	case err != nil:
		p.complain("the invocation fails: " + place(err))
	case broken != nil: // the router has stopped before it
		p.complain(place(broken))
	}
}

// records shows each record of the event, and says what is wrong with the bad ones. It returns what breaks the event.
func (p *printer) records(event []byte) error {
	var source *decoder.Source
	var window *decoder.Window
	for rec, err := range (decoder.Decoder{}).RecordsWindow(event, &window) {
		if rec == nil {
			return err
		}
		if source == nil || source.StreamName != rec.StreamName || source.ShardID != rec.ShardID {
			source = rec.Source
			fmt.Fprintf(p.out, "stream %s shard %s\n", text(source.StreamName), text(source.ShardID))
		}
		p.record(rec, err)
	}
	if window != nil {
		p.window(window)
	}
	return nil
}

func (p *printer) record(rec *decoder.Record, bad error) {
	fmt.Fprintf(p.out, "record %d  sequence %s  key %s  arrived %s  ",
		rec.Index, text(string(rec.SequenceNumber)), quote(rec.PartitionKey, keyShown), moment(rec.ApproximateArrivalTimestamp))
	if bad != nil {
		fmt.Fprintln(p.out, "bad")
		p.complain(place(bad))
		return
	}
	fmt.Fprintf(p.out, "bytes %d  data %s\n", len(rec.Data), preview(rec.Data))
}

func (p *printer) window(w *decoder.Window) {
	fmt.Fprintf(p.out, "window %s to %s  state bytes %d  final %t  terminated early %t\n",
		moment(w.Start), moment(w.End), len(w.State), w.IsFinalInvokeForWindow, w.IsWindowTerminatedEarly)
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format("2006-01-02T15:04:05.000Z07:00")
}

// place is an error's text without the decoder's opening words, which say no more than what the program is for.
func place(err error) string { return strings.TrimPrefix(err.Error(), "kinesis event: ") }
