// Package size says how to configure the stream, the mapping and the function
// for records like those of a sample; package sizing has the formulas.
package size

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"example.com/sluice/cmd/sluice/internal/command"
	"example.com/sluice/cmd/sluice/internal/input"
	"example.com/sluice/cmd/sluice/internal/screen"
	"example.com/sluice/cmd/sluice/internal/sizing"
	"example.com/sluice/decoder"
	"example.com/sluice/internal/contents"
	"example.com/sluice/internal/hotkeys"
)

const usage = `usage: sluice size -rate RECORDS -handler-time TIME [FLAG]... FILE...

Takes the events of the FILEs as a sample of the stream ("-" is standard input,
a directory stands for the files in it) and prints what to configure, and why:
shards, retention, the event source mapping, the function, and what a million
records use up and cost. Each line has the number of the page of AWS's
documentation that its formula is from.

`

// sampleForKeys is how many records a sample needs before the share of its most
// frequent key means anything.
const sampleForKeys = 100

// options is the command line.
type options struct {
	load              sizing.Load
	prices            sizing.Prices
	deaggregate, json bool

	given map[string]bool // which flags are
}

func flags(o *options) *flag.FlagSet {
	f := flag.NewFlagSet("size", flag.ContinueOnError)
	l, p := &o.load, &o.prices
	f.Float64Var(&l.Rate, "rate", 0,
		"`records` a second that the stream takes in at its peak, all shards together; an aggregate is one (required)")
	f.DurationVar(&l.HandlerTime, "handler-time", 0,
		"`time` that the handler takes for a record, measured where it is to run (required)")
	f.BoolVar(&o.deaggregate, "deaggregate", false,
		"the handler gets the user records in aggregates, and -handler-time is that of one of them")
	f.DurationVar(&l.Overhead, "overhead", 0, "`time` that an invocation takes beside its records")
	f.IntVar(&l.Workers, "workers", 1,
		"`N` records of an invocation are handled at once: more than 1 for a Partition")
	f.Float64Var(&l.CPU, "cpu", 0.2, "`part` of the handler's time in which it computes and does not wait, 0 to 1")
	f.IntVar(&l.Consumers, "consumers", 1, "`N` consumers share the stream's reads, this one included")
	f.BoolVar(&l.FanOut, "fan-out", false, "give the function enhanced fan-out")
	f.BoolVar(&l.Tumbling, "tumbling", false, "the mapping has a tumbling window")
	f.Float64Var(&l.Headroom, "headroom", 0.25, "`part` of each limit to leave free")
	f.DurationVar(&l.Latency, "latency", time.Second, "`time` that a record may wait for others to come")
	f.DurationVar(&l.MaxDuration, "max-duration", 30*time.Second, "`time` that a full batch should take at most")
	f.DurationVar(&l.Outage, "outage", 12*time.Hour, "`time` that the function may be down without a loss")
	f.Float64Var(&p.MillionRequests, "price-requests", 0, "`price` of a million requests")
	f.Float64Var(&p.GBSecond, "price-gb-second", 0, "`price` of a GB-second of the function")
	f.Float64Var(&p.ShardHour, "price-shard-hour", 0, "`price` of a shard-hour")
	f.Float64Var(&p.MillionPutUnits, "price-puts", 0, "`price` of a million PUT payload units")
	f.Float64Var(&p.FanOutShardHour, "price-fan-out-hour", 0, "`price` of a consumer-shard-hour of enhanced fan-out")
	f.Float64Var(&p.FanOutGB, "price-fan-out-gb", 0, "`price` of a GB read with enhanced fan-out")
	f.Float64Var(&p.ExtendedShardHour, "price-retention-hour", 0,
		"`price` of a shard-hour of a retention above 24 hours")
	f.BoolVar(&o.json, "json", false, "print one JSON object")
	return f
}

// check says what is wrong with the flags.
func (o *options) check() error {
	for _, name := range []string{"rate", "handler-time"} {
		if !o.given[name] {
			return fmt.Errorf("-%s is missing", name)
		}
	}
	return o.prices.Check()
}

// flagHelp is the help about the flags.
func flagHelp() string {
	var b strings.Builder
	flags(&options{}).VisitAll(func(f *flag.Flag) {
		value, about := flag.UnquoteUsage(f)
		if d := defaultOf(f); d != "0" && d != "0s" && d != "false" {
			about += " (" + d + ")"
		}
		head := strings.TrimRight("  -"+f.Name+" "+strings.ToUpper(value), " ")
		for i, line := range screen.Wrap(about, screen.DefaultWidth-30) {
			if i > 0 {
				head = ""
			}
			fmt.Fprintln(&b, screen.Pad(head, 30, false)+line)
		}
	})
	b.WriteString("\n" + strings.Join(screen.Wrap("Prices differ by region and over time, so they have no defaults: "+
		"without them amounts are printed instead of costs.", screen.DefaultWidth), "\n") + "\n")
	return b.String()
}

// defaultOf is a flag's default as people write it.
func defaultOf(f *flag.Flag) string {
	if d, err := time.ParseDuration(f.DefValue); err == nil {
		return screen.Duration(d)
	}
	return f.DefValue
}

// Run is the command.
func Run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o := &options{given: map[string]bool{}}
	set := flags(o)
	names, status, ok := command.Parse(set, args, usage, flagHelp(), stdout, stderr)
	if !ok {
		return status
	}
	set.Visit(func(f *flag.Flag) { o.given[f.Name] = true })
	if err := o.check(); err != nil {
		return command.Misused(stderr, "size", err)
	}
	s := newSample()
	for _, in := range input.Files(names) {
		if err := s.addFile(in, stdin); err != nil {
			fmt.Fprintf(stderr, "%s: %s\n", screen.Printable(in.Name), screen.Printable(err.Error()))
			return command.Failed
		}
	}
	s.describe(o)
	plan, err := sizing.For(o.load)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return command.Failed
	}
	if s.Aggregates > 0 && !o.deaggregate {
		plan.Warnings = append(plan.Warnings, fmt.Sprintf("%s of %s are KPL aggregates: if the handler gets the user "+
			"records in them, give -deaggregate and the time of one of those",
			screen.Group(s.Aggregates), screen.Count(s.Records, "record")))
	}
	var out bytes.Buffer
	if o.json {
		err = printPlanJSON(&out, o, s, plan)
	} else {
		printPlan(&out, o, s, plan, planWidth(stdout))
	}
	if err == nil {
		_, err = stdout.Write(out.Bytes())
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return command.Failed
	}
	return command.OK
}

// planWidth is how wide the plan is printed: text wider than a book is hard to
// read, even on a wide screen.
func planWidth(w io.Writer) int {
	if s, terminal := screen.New(w); terminal {
		return min(max(s.Width, 50), 100)
	}
	return screen.DefaultWidth
}

// sample is what the files say about the stream.
type sample struct {
	Events     int             `json:"events"`
	Records    int             `json:"records"`
	Bad        int             `json:"bad"` // and not counted otherwise
	Aggregates int             `json:"aggregates"`
	Handled    int             `json:"handled"`    // records that the handler gets where aggregates are split
	Bytes      int64           `json:"bytes"`      // of data and partition keys
	EventBytes int64           `json:"eventBytes"` // without spaces
	Largest    int64           `json:"largest"`    // bytes that the largest record takes in an event
	HotShare   float64         `json:"hotShare,omitempty"`
	inside     int             // of the records that are handled, those in aggregates
	keys       *hotkeys.Sketch // of the records that are handled
	outer      *hotkeys.Sketch // of aggregates
}

func newSample() *sample { return &sample{keys: hotkeys.New(4096), outer: hotkeys.New(4096)} }

// someOrigin is for records that do not say where they are from, because in an
// event those names take bytes.
var someOrigin = input.Origin{
	StreamARN: "arn:aws:kinesis:us-east-1:123456789012:stream/a-stream-of-ours",
	ShardID:   "shardId-000000000000",
}

// addFile adds the events of a file.
func (s *sample) addFile(in input.File, stdin io.Reader) error {
	documents, err := in.Documents(stdin, func(int) {}, someOrigin)
	for _, d := range documents {
		if err = d.Err; err == nil {
			err = s.add(d.Event)
		}
		if err != nil && d.Part != "" {
			err = fmt.Errorf("%s: %w", d.Part, err)
		}
		if err != nil {
			break
		}
	}
	return err
}

// add adds an event. Its error is what breaks the event.
func (s *sample) add(event []byte) error {
	var compact bytes.Buffer
	if err := json.Compact(&compact, event); err != nil {
		compact.Reset() // the decoder says better what is wrong
	}
	good, encoded := 0, int64(0)
	largest := int64(0)
	for rec, flaw := range decoder.Records(event) {
		if rec == nil {
			return errors.New(input.Place(flaw))
		}
		if flaw != nil {
			s.Bad++
			continue
		}
		good++
		n := int64(base64.StdEncoding.EncodedLen(len(rec.Data)) + len(rec.PartitionKey))
		encoded += n
		largest = max(largest, n)
		s.Bytes += int64(len(rec.Data) + len(rec.PartitionKey))
		if contents.IsAggregate(rec.Data) {
			s.Aggregates++
			s.outer.Add(rec.PartitionKey, 1)
		}
	}
	for rec, flaw := range (decoder.Decoder{Deaggregate: true}).Records(event) {
		if rec == nil || flaw != nil {
			continue
		}
		s.Handled++
		s.keys.Add(rec.PartitionKey, 1)
		if rec.Aggregated {
			s.inside++
		}
	}
	s.Events++
	if good == 0 {
		return nil
	}
	s.Records += good
	s.EventBytes += int64(compact.Len())
	// Beside data and key, all records take about the same.
	beside := max(0, int64(compact.Len())-encoded) / int64(good)
	s.Largest = max(s.Largest, largest+beside)
	return nil
}

// describe fills in what a plan needs to know about the sample.
func (s *sample) describe(o *options) {
	if s.Records == 0 {
		return
	}
	l := &o.load
	work := float64(s.Aggregates) / float64(s.Records)
	if o.deaggregate && s.Handled > 0 {
		work = float64(s.inside) / float64(s.Handled)
		l.HandlerTime = time.Duration(float64(l.HandlerTime) * float64(s.Handled) / float64(s.Records))
	}
	l.RecordBytes = float64(s.Bytes) / float64(s.Records)
	l.EventBytes = float64(s.EventBytes) / float64(s.Records)
	l.LargestByte = float64(s.Largest)
	l.Aggregated = work * s.outer.HottestShare()
	if s.Records >= sampleForKeys {
		s.HotShare = s.keys.HottestShare()
		l.HotShare = s.HotShare
	}
}

// page prints a plan in lines of a given width. Pages of AWS's documentation
// get numbers, and are listed at the end.
type page struct {
	io.Writer
	width int
	pages []string
}

// paragraph prints text in a column; head stands to the left of its first line.
func (p *page) paragraph(head string, column int, text string) {
	lines := screen.Wrap(text, p.width-column)
	for i, line := range lines {
		if i > 0 {
			head = ""
		}
		fmt.Fprintln(p, screen.Pad(head, column, false)+line)
	}
}

// source is the number of a page of documentation.
func (p *page) source(url string) string {
	n := slices.Index(p.pages, url)
	if n < 0 {
		n, p.pages = len(p.pages), append(p.pages, url)
	}
	return fmt.Sprintf("[%d]", n+1)
}

func printPlan(w io.Writer, o *options, s *sample, plan *sizing.Plan, width int) {
	p := &page{Writer: w, width: width}
	p.paragraph("", 0, s.text(o))
	p.paragraph("", 0, "assumed, where no flag says otherwise: "+o.assumed())
	fmt.Fprintln(p)
	const column = 36
	for _, set := range plan.Settings {
		value := strings.TrimSpace(fmt.Sprintf("%d %s", set.Value, set.Unit))
		if value == "1 records" {
			value = "1 record"
		}
		head := screen.Pad(set.Name, 22, false) + value
		p.paragraph(head, max(column, len(head)+1), set.Why+" "+p.source(set.Doc))
	}
	fmt.Fprintln(p)
	p.paragraph("", 0, fmt.Sprintf("at the peak an invocation gets %s and takes %s; after %s down it takes %s to "+
		"catch up", screen.Plural(screen.Figure(plan.Records, 4), "record"),
		screen.Duration(plan.Duration.Round(10*time.Microsecond)), screen.Duration(o.load.Outage),
		screen.Duration(plan.CatchUp.Round(time.Minute))))
	for _, warning := range plan.Warnings {
		p.paragraph("warning:", 9, warning)
	}
	p.bill(o, plan)
	fmt.Fprintln(p)
	for i, url := range p.pages {
		fmt.Fprintf(p, "[%d] %s\n", i+1, strings.TrimPrefix(url, "https://")) // as wide as 80 columns allow
	}
	p.deployment(plan)
}

// deployment prints the command that deploys the plan, to be pasted.
func (p *page) deployment(plan *sizing.Plan) {
	fmt.Fprintln(p)
	p.paragraph("", 0, "to deploy it from the top of the repository, as a stack called orders (StreamArn=ARN at the "+
		"end is for a stream that is there, and keeps its shards and retention):")
	command := "sam deploy --template-file deploy/handler.yaml --stack-name orders --capabilities CAPABILITY_IAM " +
		"--resolve-s3 --parameter-overrides " + plan.Overrides()
	lines := screen.Wrap(command, p.width-len("   \\"))
	fmt.Fprintf(p, "\n%s\n", strings.Join(lines, " \\\n  "))
}

// bill prints what a million records use up and cost.
func (p *page) bill(o *options, plan *sizing.Plan) {
	fmt.Fprintln(p, "\na million records, at this rate all the time:")
	items, total, complete := sizing.Bill(plan.Use(o.load), o.prices)
	t := tabwriter.NewWriter(p, 0, 0, 2, ' ', 0)
	for _, i := range items {
		cost := "no price given"
		if i.Known {
			cost = fmt.Sprintf("× %s = %.6f", screen.Figure(i.Price, 6), i.Cost)
		}
		fmt.Fprintf(t, "  %s\t%s %s\t%s\t%s\n", i.Name, screen.Figure(i.Amount, 6), i.Unit, cost, p.source(i.Doc))
	}
	t.Flush()
	switch {
	case complete:
		fmt.Fprintf(p, "  total %.6f, in the prices' currency\n", total)
	case total > 0:
		fmt.Fprintf(p, "  total of what has a price: %.6f\n", total)
	}
}

// text describes the sample.
func (s *sample) text(o *options) string {
	l := o.load
	t := fmt.Sprintf("sample: %s of %s, %.0f bytes of data and key each, %.0f in an event, %d at most",
		screen.Count(s.Records, "record"), screen.Count(s.Events, "event"), l.RecordBytes, l.EventBytes, s.Largest)
	if s.Records >= sampleForKeys {
		t += fmt.Sprintf("; the most frequent key has %.1f %%", 100*s.HotShare)
	}
	if o.deaggregate {
		t += fmt.Sprintf("; %s to each, which take %s",
			screen.Plural(screen.Figure(float64(s.Handled)/float64(s.Records), 4), "user record"),
			screen.Duration(l.HandlerTime))
	}
	if s.Bad > 0 {
		t += fmt.Sprintf("; %s left out", screen.Count(s.Bad, "bad record"))
	}
	return t
}

// assumed lists the flags that were not given, with their defaults.
func (o *options) assumed() string {
	var words []string
	flags(&options{}).VisitAll(func(f *flag.Flag) {
		if !o.given[f.Name] && f.Name != "json" && !strings.HasPrefix(f.Name, "price-") {
			words = append(words, "-"+f.Name+" "+defaultOf(f))
		}
	})
	return strings.Join(words, " ")
}

func printPlanJSON(w io.Writer, o *options, s *sample, plan *sizing.Plan) error {
	items, total, complete := sizing.Bill(plan.Use(o.load), o.prices)
	return json.NewEncoder(w).Encode(map[string]any{
		"sample":   s,
		"assumed":  o.assumed(),
		"settings": plan.Settings,
		"warnings": append([]string{}, plan.Warnings...),
		"invocation": map[string]any{
			"records": plan.Records, "millis": float64(plan.Duration.Microseconds()) / 1000,
		},
		"million": map[string]any{"items": items, "total": total, "complete": complete},
	})
}
