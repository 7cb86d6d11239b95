// Package emf writes what a router counts as CloudWatch metrics, in the
// embedded metric format: CloudWatch Logs turns its lines of JSON into metrics,
// without a call of any API.
//
//	router.New(h, router.WithStats(emf.New(os.Stdout, emf.Options{})))
//
// Each invocation is one line. Its dimensions are FunctionName and StreamName,
// the latter where a record was read; the metrics are
//
//	Records, Processed, Skipped, Failed, Bad, Redelivered   counts
//	Bytes                          of data
//	IteratorAge, OldestRecordAge   milliseconds, where records have arrival times;
//	                               0 if those are ahead of the clock
//	DecodeTime, HandleTime         milliseconds
//	InvocationErrors               1 if the invocation failed, else 0
//	PartialFailures                1 if the answer names a record, else 0
//
// and shardId, requestId and checkpoint stand beside them as plain members. So
// do level, which is FATAL, and timestamp: where a function's LogFormat is
// JSON, Lambda drops lines below its ApplicationLogLevel, takes one that lacks
// either member for INFO, and has no level that drops FATAL.
//
// The format:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
package emf

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"example.com/sluice/internal/lambdalog"
	"example.com/sluice/router"
)

// Metric is a metric of your own, beside those of [router.Stats]. Its name is
// 1 to 255 printable ASCII characters, and none that the line has already. Unit
// is one of CloudWatch's, such as "Count", "Bytes", "Milliseconds" or
// "Percent", or empty.
type Metric struct {
	Name  string
	Unit  string
	Value float64
}

// Options are what the lines look like. The zero value is ready. CloudWatch
// keeps, and bills, all metrics once more for each distinct set of dimension
// values, so nothing that varies from record to record belongs in them.
type Options struct {
	_ struct{} // more may come

	// Namespace is CloudWatch's; by default it is "Sluice".
	Namespace string

	// Function is the value of the dimension FunctionName. By default it is the
	// function's name in Lambda; without one the dimension is left out.
	Function string

	// Dimensions stand beside FunctionName and StreamName, the same in each
	// line: at most 28 of them.
	Dimensions map[string]string

	// Metrics appends metrics of your own to dst, which is empty, and returns
	// it; s is what the line is about. It is called once an invocation, from
	// concurrent invocations at once. There may be 87 of them. What is beyond
	// that is left out, and so is what CloudWatch does not take: see [Metric];
	// a value must be a number, of at most 2^360.
	Metrics func(ctx context.Context, s router.Stats, dst []Metric) []Metric

	// Logger gets an error for each line that cannot be written. By default it
	// is the router's own default; see [router.WithLogger].
	Logger *slog.Logger
}

// The names in a line, which are those of Lambda and Kinesis.
const (
	functionName = "FunctionName"
	streamName   = "StreamName"

	// What Lambda's filter of log lines looks at, and the one level that it
	// always lets through:
	// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
	levelName       = "level"
	timestampName   = "timestamp"
	timestampFormat = "2006-01-02T15:04:05.000Z07:00" // RFC 3339
	unfiltered      = "FATAL"

	defaultNamespace = "Sluice"

	maxMetrics    = 100  // a directive
	maxDimensions = 30   // a set
	maxName       = 255  // characters of a name: CloudWatch's limit, which is below the format's
	maxValue      = 1024 // characters of a dimension's value
)

// Validate returns an error that says what CloudWatch would not take.
func (o Options) Validate() error {
	if o.Namespace != "" && !isNamespace(o.Namespace) {
		return fmt.Errorf("namespace %.64q: want 1 to %d of the characters A-Z a-z 0-9 . - _ / # : and space, "+
			"not beginning with a colon or AWS/", o.Namespace, maxName)
	}
	if o.Function != "" && !isDimensionValue(o.Function) {
		return fmt.Errorf("function %.64q: want 1 to %d printable ASCII characters", o.Function, maxValue)
	}
	if n := len(o.Dimensions); n > maxDimensions-2 {
		return fmt.Errorf("%d dimensions; %d are the most beside %s and %s",
			n, maxDimensions-2, functionName, streamName)
	}
	for _, name := range slices.Sorted(maps.Keys(o.Dimensions)) {
		value := o.Dimensions[name]
		switch {
		case !isMetricName(name) || name[0] == ':':
			return fmt.Errorf("dimension %.64q: want a name of 1 to %d printable ASCII characters, "+
				"not beginning with a colon", name, maxName)
		case isTaken(name):
			return fmt.Errorf("dimension %.64q: the name is taken", name)
		case !isDimensionValue(value):
			return fmt.Errorf("dimension %.64q: value %.64q: want 1 to %d printable ASCII characters",
				name, value, maxValue)
		}
	}
	return nil
}

// New returns a hook for [router.WithStats] that writes a line to w for each
// invocation, in Lambda to os.Stdout. A line is one Write, and writes do not
// run side by side. What a line costs does not grow with the number of records.
// New panics where w is nil or o is not valid; see [Options.Validate].
//
// Two hooks write a line each, and their writes may run side by side.
// CloudWatch adds up what they write of one namespace and the same dimensions.
func New(w io.Writer, o Options) func(context.Context, router.Stats) {
	if err := o.Validate(); err != nil {
		panic("emf: " + err.Error())
	}
	if w == nil {
		panic("emf: nil Writer")
	}
	return newEmitter(w, o).emit
}

// emitter writes lines.
type emitter struct {
	Options
	names, values []string // of the constant dimensions

	lines sync.Pool // of *line
	mu    sync.Mutex
	w     io.Writer
}

// line is the memory that one line takes.
type line struct {
	text    []byte
	metrics []Metric
	own     []Metric // those of Options.Metrics
}

func newEmitter(w io.Writer, o Options) *emitter {
	if o.Namespace == "" {
		o.Namespace = defaultNamespace
	}
	if o.Function == "" {
		o.Function = dimensionValue(lambdacontext.FunctionName)
	}
	e := &emitter{Options: o, w: w}
	e.lines.New = func() any { return new(line) }
	e.names = slices.Sorted(maps.Keys(o.Dimensions))
	for _, name := range e.names {
		e.values = append(e.values, o.Dimensions[name])
	}
	return e
}

// emit writes the line of one invocation.
func (e *emitter) emit(ctx context.Context, s router.Stats) {
	l := e.lines.Get().(*line)
	defer e.lines.Put(l)
	l.metrics = appendStats(l.metrics[:0], s)
	if e.Metrics != nil {
		l.own = e.Metrics(ctx, s, l.own[:0])
		for _, m := range l.own {
			if len(l.metrics) < maxMetrics && e.accepts(m, l.metrics) {
				l.metrics = append(l.metrics, m)
			}
		}
	}
	l.text = e.append(ctx, l.text[:0], s, l.metrics)
	if err := e.write(l.text); err != nil {
		logger := e.Logger
		if logger == nil {
			logger = lambdalog.Default()
		}
		logger.LogAttrs(ctx, slog.LevelError, "metrics not written", slog.Any("error", err))
	}
}

func (e *emitter) write(text []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, err := e.w.Write(text)
	return err
}

// appendStats appends the metrics of s.
func appendStats(dst []Metric, s router.Stats) []Metric {
	dst = append(dst,
		Metric{"Records", "Count", float64(s.Records)},
		Metric{"Processed", "Count", float64(s.Processed)},
		Metric{"Skipped", "Count", float64(s.Skipped)},
		Metric{"Failed", "Count", float64(s.Failed)},
		Metric{"Bad", "Count", float64(s.Bad)},
		Metric{"Redelivered", "Count", float64(s.Redelivered)},
		Metric{"Bytes", "Bytes", float64(s.Bytes)},
		Metric{"DecodeTime", "Milliseconds", milliseconds(s.Decode)},
		Metric{"HandleTime", "Milliseconds", milliseconds(s.Handle)},
		Metric{"InvocationErrors", "Count", oneIf(s.Err != nil)},
		Metric{"PartialFailures", "Count", oneIf(s.Checkpoint != "")},
	)
	if s.Aged {
		dst = append(dst,
			Metric{"IteratorAge", "Milliseconds", milliseconds(s.NewestAge)},
			Metric{"OldestRecordAge", "Milliseconds", milliseconds(s.OldestAge)})
	}
	return dst
}

// milliseconds is exact to the microsecond.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// accepts reports whether a metric of the user's own can stand beside those
// before it.
func (e *emitter) accepts(m Metric, before []Metric) bool {
	if !isMetricName(m.Name) || isTaken(m.Name) || !(math.Abs(m.Value) <= 0x1p360) {
		return false
	}
	if _, dimension := slices.BinarySearch(e.names, m.Name); dimension {
		return false
	}
	return !slices.ContainsFunc(before, func(b Metric) bool { return b.Name == m.Name })
}

// append appends the line. All strings in it are printable ASCII, which
// strconv.AppendQuote quotes as JSON does.
func (e *emitter) append(ctx context.Context, b []byte, s router.Stats, metrics []Metric) []byte {
	stream := ""
	if s.Source != nil {
		stream = dimensionValue(s.Source.StreamName)
	}
	now := time.Now()
	b = append(b, `{"_aws":{"Timestamp":`...)
	b = strconv.AppendInt(b, now.UnixMilli(), 10)
	b = append(b, `,"CloudWatchMetrics":[{"Namespace":`...)
	b = strconv.AppendQuote(b, e.Namespace)
	b = append(b, `,"Dimensions":[[`...)
	b = appendName(b, functionName, e.Function != "")
	b = appendName(b, streamName, stream != "")
	for _, name := range e.names {
		b = appendName(b, name, true)
	}
	b = append(trimComma(b), `]],"Metrics":[`...)
	for _, m := range metrics {
		b = append(b, `{"Name":`...)
		b = strconv.AppendQuote(b, m.Name)
		if slices.Contains(units, m.Unit) {
			b = append(b, `,"Unit":`...)
			b = strconv.AppendQuote(b, m.Unit)
		}
		b = append(b, `},`...)
	}
	b = append(trimComma(b), `]}]}`...)
	b = appendText(b, levelName, unfiltered)
	b = appendText(b, timestampName, now.UTC().Format(timestampFormat))
	b = appendText(b, functionName, e.Function)
	b = appendText(b, streamName, stream)
	for i, name := range e.names {
		b = appendText(b, name, e.values[i])
	}
	if s.Source != nil {
		b = appendText(b, "shardId", dimensionValue(s.Source.ShardID))
	}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		b = appendText(b, "requestId", dimensionValue(lc.AwsRequestID))
	}
	b = appendText(b, "checkpoint", dimensionValue(s.Checkpoint))
	for _, m := range metrics {
		b = append(b, ',')
		b = strconv.AppendQuote(b, m.Name)
		b = append(b, ':')
		b = appendNumber(b, m.Value)
	}
	return append(b, "}\n"...)
}

func appendName(b []byte, name string, present bool) []byte {
	if !present {
		return b
	}
	return append(strconv.AppendQuote(b, name), ',')
}

func trimComma(b []byte) []byte {
	if b[len(b)-1] == ',' {
		return b[:len(b)-1]
	}
	return b
}

// appendText appends a member, if it has a value.
func appendText(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(b, ',')
	b = strconv.AppendQuote(b, name)
	b = append(b, ':')
	return strconv.AppendQuote(b, value)
}

// appendNumber writes a number without an exponent, where it is not very large
// or small.
func appendNumber(b []byte, v float64) []byte {
	if a := math.Abs(v); a != 0 && (a >= 1e15 || a < 1e-6) {
		return strconv.AppendFloat(b, v, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, v, 'f', -1, 64)
}

// units are what a metric's unit can be:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
var units = strings.Fields(`Seconds Microseconds Milliseconds Bytes Kilobytes Megabytes Gigabytes Terabytes
	Bits Kilobits Megabits Gigabits Terabits Percent Count Bytes/Second Kilobytes/Second Megabytes/Second
	Gigabytes/Second Terabytes/Second Bits/Second Kilobits/Second Megabits/Second Gigabits/Second
	Terabits/Second Count/Second None`)

// taken are the names that a line has by itself.
var taken = func() []string {
	names := []string{"_aws", levelName, timestampName, functionName, streamName, "shardId", "requestId", "checkpoint"}
	for _, m := range appendStats(nil, router.Stats{Aged: true}) {
		names = append(names, m.Name)
	}
	return names
}()

func isTaken(name string) bool { return slices.Contains(taken, name) }

func isNamespace(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte(".-_/#: ", c) >= 0:
		default:
			return false
		}
	}
	return isMetricName(s) && s[0] != ':' && !strings.HasPrefix(s, "AWS/")
}

func isMetricName(s string) bool     { return len(s) <= maxName && isPrintable(s) }
func isDimensionValue(s string) bool { return len(s) <= maxValue && isPrintable(s) }

// isPrintable reports whether s consists of printable ASCII characters, not
// only of spaces.
func isPrintable(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return strings.Trim(s, " ") != ""
}

// dimensionValue makes s a value that CloudWatch takes: an event, or the
// environment, may hold anything.
func dimensionValue(s string) string {
	s = s[:min(len(s), maxValue)]
	if isPrintable(s) {
		return s
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '_'
		}
		return r
	}, s))
}
