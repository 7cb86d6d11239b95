// Command local runs a function on a Kinesis stream on this machine, so that
// you can watch it: a server on the loopback interface, a simulated event
// source mapping, and the function's program as a process under the Runtime
// API. make local is the short form.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/e2e/stream"
	"example.com/sluice/internal/runtimeapi"
	"example.com/sluice/router/routertest"
)

const usage = `usage: local [flags] [HANDLER]

Starts a Kinesis server on the loopback interface, with one stream, and runs a
function on what is written there: HANDLER is a program as Lambda takes it for
a bootstrap, or the directory of a Go package that is built into one. Without
it the function is the stream monitor, cmd/lambda. What the function's process
writes is shown as it is; a line beginning with a shard's id says what came of
an invocation; what is delivered again comes without the waiting that Lambda
does. An interrupt ends it.

`

// config is what the flags say.
type config struct {
	root     string // the repository, as it is called from where the user stands
	handler  string
	name     string
	shards   int
	port     int
	rate     float64
	mixed    bool
	batch    int
	retries  int
	bisect   bool
	timeout  time.Duration
	failures string
	length   time.Duration
}

func main() {
	c := config{root: root()}
	flag.StringVar(&c.name, "stream", "orders", "the stream's `name`")
	flag.IntVar(&c.shards, "shards", 2, "its `number` of shards")
	flag.IntVar(&c.port, "port", 4567, "of the Kinesis server; 0 is one that is free")
	flag.Float64Var(&c.rate, "rate", 4, "demonstration records a second; 0 if you write your own")
	flag.BoolVar(&c.mixed, "mixed", false,
		"demonstration records in gzip and in aggregates too, as the stream monitor gets them always")
	flag.IntVar(&c.batch, "batch", 100, "most records of an event (BatchSize)")
	flag.IntVar(&c.retries, "retries", 2, "how often a batch is delivered again (MaximumRetryAttempts)")
	flag.BoolVar(&c.bisect, "bisect", true, "split batches that fail (BisectBatchOnFunctionError)")
	flag.DurationVar(&c.timeout, "timeout", 3*time.Second, "of the function, at least 1s")
	flag.StringVar(&c.failures, "failures", filepath.Join(c.root, "bin", "failed"),
		"`directory` for batches that are given up, as objects of an on-failure bucket")
	flag.DurationVar(&c.length, "for", 0, "end by itself after so long")
	flag.CommandLine.Init("local", flag.ContinueOnError)
	flag.CommandLine.SetOutput(io.Discard)
	err := flag.CommandLine.Parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		fmt.Print(usage)
		flag.CommandLine.SetOutput(os.Stdout)
		flag.PrintDefaults()
		return
	}
	if err == nil {
		err = c.check(flag.Args())
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%v (make local LOCAL=-help lists the flags)\n", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := c.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// root returns the repository's directory: where make runs, or the one above.
func root() string {
	if _, err := os.Stat(filepath.Join("e2e", "package.json")); err == nil {
		return "."
	}
	return ".."
}

func (c *config) check(args []string) error {
	switch {
	case len(args) > 1:
		return errors.New("more than one HANDLER; flags stand before it")
	case len(args) == 1:
		c.handler = args[0]
	}
	for _, limit := range []struct {
		name            string
		value, low, top int
	}{
		{"-shards", c.shards, 1, 50},
		{"-port", c.port, 0, 65535},
		{"-batch", c.batch, 1, 10_000},
		{"-retries", c.retries, 0, 10_000},
	} {
		if limit.value < limit.low || limit.value > limit.top {
			return fmt.Errorf("%s is %d, not from %d to %d", limit.name, limit.value, limit.low, limit.top)
		}
	}
	if c.timeout < time.Second || c.timeout > 15*time.Minute {
		return fmt.Errorf("-timeout is %v, not from 1s to 15m", c.timeout)
	}
	if c.rate < 0 || c.rate > 1000 {
		return fmt.Errorf("-rate is %v, not from 0 to 1000", c.rate)
	}
	return nil
}

// run runs everything until ctx ends.
func (c *config) run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "sluice-local-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program, err := c.program(dir)
	if err != nil {
		return err
	}
	server, err := stream.Start(filepath.Join(c.root, "e2e"), c.port)
	if err != nil {
		return err
	}
	defer server.Stop()
	st, err := server.Create(ctx, c.name, c.shards)
	if err != nil {
		return err
	}
	f := &runtimeapi.Function{
		Path: program, Stdout: os.Stdout, Stderr: os.Stderr,
		Timeout: 2 * c.timeout, // the mapping's is what counts
	}
	if c.handler == "" {
		f.Env = []string{"SLUICE_METRICS=off"} // lines for CloudWatch, not for people
		c.mixed = true
	}
	defer f.Close()
	c.explain(server, program)
	if c.length > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, c.length)
		defer stop()
	}

	produced := make(chan error, 1)
	go func() { produced <- stream.Demo(ctx, st, c.rate, c.mixed) }()
	w := &watch{config: c, stream: st, function: f}
	err = w.follow(ctx)
	stopped := ctx.Err() != nil
	w.sum()
	if err == nil || stopped {
		err = <-produced
	}
	if stopped {
		return nil
	}
	return err
}

// program returns the path of the function's program, which it may build.
func (c *config) program(dir string) (string, error) {
	path := c.handler
	if path == "" {
		path = filepath.Join(c.root, "cmd", "lambda")
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", fmt.Errorf("no such HANDLER: %w", err)
	case !info.IsDir():
		return filepath.Abs(path)
	}
	program := filepath.Join(dir, "bootstrap")
	build := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", program, ".")
	build.Dir = path
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s does not build: %w\n%s", path, err, out)
	}
	return program, nil
}

func (c *config) explain(server *stream.Server, program string) {
	fmt.Printf("stream %s with %d shards at %s, function %s\n", c.name, c.shards, server.URL, program)
	fmt.Printf("write to it with any client of Kinesis, any credentials, in us-east-1:\n")
	fmt.Printf("  aws kinesis put-record --endpoint-url %s --region us-east-1 --stream-name %s \\\n", server.URL,
		c.name)
	fmt.Printf("    --partition-key user-1 --cli-binary-format raw-in-base64-out --data '{\"id\":1}'\n")
	switch {
	case c.rate > 0 && c.mixed:
		fmt.Printf("%g demonstration records a second are written too: JSON, gzip, and aggregates of the Kinesis "+
			"Producer Library (-rate 0: none);\n"+
			"to read them all a router needs WithDecoder(decoder.Decoder{Deaggregate: true, Codec: decoder.Auto})\n",
			c.rate)
	case c.rate > 0:
		fmt.Printf("%g demonstration records a second are written too: orders in JSON, for struct{ ID, Item string "+
			"} (-rate 0: none; -mixed: gzip and aggregates too)\n", c.rate)
	}
	fmt.Printf("batches that are given up go to %s\n\n", c.failures)
}

// failuresFromRoot is what the directory is called in the repository.
func (c *config) failuresFromRoot() string {
	if rel, err := filepath.Rel(c.root, c.failures); err == nil {
		return rel
	}
	return c.failures
}

// watch hands what comes to the function and says what came of it.
type watch struct {
	*config
	stream   *stream.Stream
	function *runtimeapi.Function

	records, invocations, done, discarded int
}

// follow reads the shards once a second, as Lambda does.
func (w *watch) follow(ctx context.Context) error {
	var readers []*stream.Reader
	for _, shard := range w.stream.Shards {
		r, err := w.stream.Reader(ctx, shard)
		if err != nil {
			return err
		}
		readers = append(readers, r)
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		var recs []decoder.Record
		for _, r := range readers {
			more, err := r.Next(ctx, w.batch)
			if err != nil {
				return err
			}
			recs = append(recs, more...)
		}
		if len(recs) > 0 {
			if err := w.deliver(recs); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// deliver has the mapping hand records to the function until they are done or
// given up.
func (w *watch) deliver(recs []decoder.Record) error {
	log := routertest.Mapping{
		BatchSize:                  w.batch,
		ReportBatchItemFailures:    true,
		BisectBatchOnFunctionError: w.bisect,
		MaximumRetryAttempts:       &w.retries,
		OnFailure:                  routertest.S3,
		Timeout:                    w.timeout,
	}.Run(w.function, recs)
	for _, inv := range log.Invocations {
		fmt.Println(describe(inv))
	}
	w.records += len(recs)
	w.invocations += len(log.Invocations)
	for i := range recs {
		if log.Fate(i) == routertest.Done {
			w.done++
		}
	}
	for _, d := range log.Discarded {
		w.discarded += len(d.Records)
		// Each delivery numbers its batches from one, and must not overwrite
		// what another one left in the same second.
		name := filepath.Join(w.failures, filepath.FromSlash(d.Key)) + fmt.Sprintf("-%d", w.invocations)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, d.Message, 0o644); err != nil {
			return err
		}
		fmt.Printf("%s %s given up (%s): %s\n", d.Records[0].ShardID, count(len(d.Records), "record"), d.Condition,
			name)
	}
	return nil
}

// describe is an invocation in one line.
func describe(inv *routertest.Invocation) string {
	line := fmt.Sprintf("%s %s: ", inv.ShardID, count(len(inv.Records), "record"))
	if inv.Retry > 0 {
		line = fmt.Sprintf("%s %s, retry %d: ", inv.ShardID, count(len(inv.Records), "record"), inv.Retry)
	}
	switch {
	case inv.Err != nil:
		return line + inv.Outcome.String() + ": " + inv.Err.Error()
	case inv.Stray:
		return line + "the answer names a record that was not in the event: " + string(inv.Response)
	case inv.Checkpoint != nil:
		return line + "again from " + string(inv.Checkpoint.SequenceNumber)
	}
	return line + inv.Outcome.String()
}

func (w *watch) sum() {
	fmt.Printf("\n%s, %s, %d processes: %d done, %d given up\n",
		count(w.records, "record"), count(w.invocations, "invocation"), w.function.Processes(), w.done, w.discarded)
	if w.discarded > 0 {
		from := ""
		if w.root != "." {
			from = ", in " + w.root
		}
		fmt.Printf("look at them, or have them handled again%[2]s:\n"+
			"  bin/sluice %[1]s\n  bin/sluice redrive -bootstrap PROGRAM %[1]s\n", w.failuresFromRoot(), from)
	}
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
