package router_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
)

// This file is about how much is logged, and of what. TestLogs says what is
// logged of one record.

// logLine is a line as far as these tests look at it.
type logLine struct {
	Level, Msg, Error, Stack, Advice   string
	Record                             *loggedRecord
	Source                             *struct{ EventSourceARN, ShardID string }
	Records, Failures                  int
	Failed, Skipped, GivenUp, Panicked map[string]int
	First, Last                        *loggedRecord
	size                               int
}

type loggedRecord struct {
	Index             int
	SequenceNumber    string
	SubSequenceNumber *int
	PartitionKey      string
}

func (b *lockedBuffer) lines(t *testing.T) []logLine {
	t.Helper()
	var lines []logLine
	for text := range strings.Lines(b.String()) {
		l := logLine{size: len(text)}
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		lines = append(lines, l)
	}
	return lines
}

// messages are the lines' messages, those that follow each other once, with
// their number.
func messages(lines []logLine) string {
	var b strings.Builder
	for n := 0; n < len(lines); {
		from := n
		for n < len(lines) && lines[n].Msg == lines[from].Msg {
			n++
		}
		fmt.Fprintf(&b, "%d %s; ", n-from, lines[from].Msg)
	}
	return strings.TrimSuffix(b.String(), "; ")
}

// TestLogOfManyRecords: ten thousand records that are not simply done make a
// handful of lines, in every shape, and the last of them says how many, why and
// where.
func TestLogOfManyRecords(t *testing.T) {
	const n = 10000
	gone := router.WithPoison(1, func(context.Context, *decoder.Record, error) error { return nil })
	for _, c := range []struct {
		name, letters string
		shapes        []shape
		react         reaction
		opts          []router.Option
		want          string
		counts        func(l logLine) map[string]int
		cause         map[string]int
	}{
		{
			"bad records", strings.Repeat("a!", n), shapes(single, sliced), always(nil),
			[]router.Option{router.WithOnBad(router.SkipBad)},
			"5 record skipped; 1 more records", func(l logLine) map[string]int { return l.Skipped },
			map[string]int{"base64": n - 5},
		},
		{
			"payloads", strings.Repeat("a?", n), typedShapes(), always(nil),
			[]router.Option{router.WithOnBad(router.SkipBad)},
			"5 record skipped; 1 more records", func(l logLine) map[string]int { return l.Skipped },
			map[string]int{"decode": n - 5},
		},
		{
			"Skip", strings.Repeat("a", n), single, always(skip), nil,
			"5 record skipped; 1 more records", func(l logLine) map[string]int { return l.Skipped },
			map[string]int{"handler": n - 5},
		},
		{
			"poison", strings.Repeat("a", n), single, always(errBoom),
			[]router.Option{gone},
			"5 poison record given up; 1 more records", func(l logLine) map[string]int { return l.GivenUp },
			map[string]int{"handler": n - 5},
		},
	} {
		e := event(c.letters)
		for _, s := range c.shapes {
			t.Run(c.name+"/"+s.name, func(t *testing.T) {
				var log lockedBuffer
				answer, err := router.New(s.handler(c.react), append(c.opts, log.logger())...).Invoke(t.Context(), e)
				answers(t, answer, err, allDone)
				lines := log.lines(t)
				if got := messages(lines); got != c.want {
					t.Fatalf("logged %s, want %s", got, c.want)
				}
				sum := lines[len(lines)-1]
				if got := c.counts(sum); sum.Records != n-5 || fmt.Sprint(got) != fmt.Sprint(c.cause) ||
					sum.Level != "WARN" ||
					sum.First.Index != 5 || sum.First.SequenceNumber != numberOf(5) || sum.Last.Index != n-1 ||
					sum.Last.SequenceNumber != numberOf(n-1) {
					t.Errorf("the sum is %+v, from %v to %v", sum, sum.First, sum.Last)
				}
				for i, l := range lines {
					if l.size > 400 || (l.Source != nil) != (i == 0) {
						t.Errorf("line %d has %d bytes, source %v", i, l.size, l.Source)
					}
				}
				if src := lines[0].Source; src != nil && (src.EventSourceARN != ordersARN ||
					src.ShardID != "shardId-000000000006") {
					t.Errorf("the source is %v", src)
				}
				if size := len(log.String()); size > 2000 {
					t.Errorf("logged %d bytes", size)
				}
			})
		}
	}
}

// TestLogOfSkipsAtOnce: where one error skips many records of a slice, each
// line has its own record's.
func TestLogOfSkipsAtOnce(t *testing.T) {
	var log lockedBuffer
	h := router.Batch(func(_ context.Context, recs []decoder.Record) error {
		var errs []error
		for n := range recs {
			errs = append(errs, router.At(&recs[n], router.Skip(fmt.Errorf("fault %d", recs[n].Index))))
		}
		return errors.Join(errs...)
	})
	answer, err := router.New(h, log.logger(), router.WithLogLimit(100)).Invoke(t.Context(),
		event(strings.Repeat("a", 100)))
	answers(t, answer, err, allDone)
	lines := log.lines(t)
	if len(lines) != 100 {
		t.Errorf("%d lines", len(lines))
	}
	for n, l := range lines {
		if l.Record.Index != n || l.Error != fmt.Sprintf("fault %d", n) {
			t.Errorf("line %d is of record %d: %s", n, l.Record.Index, l.Error)
		}
	}
}

// TestLogLimit: how many lines there are of each kind, for each limit, and that
// what fails is not hidden by what is skipped.
func TestLogLimit(t *testing.T) {
	const letters = "a!a!a!a!a!a!a!a!a" // eight bad records and one that fails
	for _, c := range []struct {
		limit []int
		want  string
		level string
	}{
		{nil, "5 record skipped; 1 record failed; 1 more records", "WARN"},
		{[]int{0}, "1 more records", "ERROR"},
		{[]int{1}, "1 record skipped; 1 record failed; 1 more records", "WARN"},
		{[]int{7}, "7 record skipped; 1 record failed; 1 more records", "WARN"},
		{[]int{8}, "8 record skipped; 1 record failed", ""},
		{[]int{1000}, "8 record skipped; 1 record failed", ""},
		{[]int{0, 8}, "8 record skipped; 1 record failed", ""},
	} {
		for _, s := range shapes(single, sliced) {
			var log lockedBuffer
			opts := []router.Option{log.logger(), router.WithOnBad(router.SkipBad)}
			for _, n := range c.limit {
				opts = append(opts, router.WithLogLimit(n))
			}
			answer, err := router.New(s.handler(always(errBoom)), opts...).Invoke(t.Context(), event(letters))
			answers(t, answer, err, answerFrom(8))
			lines := log.lines(t)
			if got := messages(lines); got != c.want {
				t.Errorf("%s, limit %d: logged %s, want %s", s.name, c.limit, got, c.want)
			}
			if last := lines[len(lines)-1]; c.level != "" &&
				(last.Level != c.level || last.Source == nil == (len(lines) == 1)) {
				t.Errorf("%s, limit %d: the sum is %+v", s.name, c.limit, last)
			}
		}
	}
}

// TestLogOfPanics: panics are among what is limited, and their stacks with
// them; the record is not said to have failed as well.
func TestLogOfPanics(t *testing.T) {
	var log lockedBuffer
	gone := router.WithPoison(1, func(context.Context, *decoder.Record, error) error { return nil })
	h := single[0].handler(func([]*decoder.Record) error { panic("at the disco") })
	answer, err := router.New(h, log.logger(), gone, router.WithLogLimit(2)).Invoke(t.Context(), event("aaaa"))
	answers(t, answer, err, allDone)
	lines := log.lines(t)
	panicked, given := "handler panicked", "poison record given up"
	want := []string{panicked, given, panicked, given, "more records"}
	var got []string
	for _, l := range lines {
		got = append(got, l.Msg)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("logged %q, want %q", got, want)
	}
	if sum := lines[4]; sum.Records != 4 || sum.Panicked["handler"] != 2 || sum.GivenUp["handler"] != 2 ||
		sum.Level != "ERROR" {
		t.Errorf("the sum is %+v", sum)
	}
	if !strings.Contains(lines[0].Stack, "TestLogOfPanics") || lines[1].Stack != "" || lines[1].Failures != 1 {
		t.Errorf("the stack is %q, then %+v", lines[0].Stack, lines[1])
	}
}

// TestLogOfAggregates: a user record is named by its subsequence number as
// well, in a line and in the sum.
func TestLogOfAggregates(t *testing.T) {
	var log lockedBuffer
	r := router.New(single[0].handler(always(skip)), log.logger(), router.WithLogLimit(1),
		router.WithDecoder(decoder.Decoder{Deaggregate: true}))
	answer, err := r.Invoke(t.Context(), aggregates("abc", "d"))
	answers(t, answer, err, allDone)
	lines := log.lines(t)
	if messages(lines) != "1 record skipped; 1 more records" {
		t.Fatalf("logged %s", log.String())
	}
	if sub := lines[0].Record.SubSequenceNumber; sub == nil || *sub != 0 {
		t.Errorf("the first line is of %+v", lines[0].Record)
	}
	first, last := lines[1].First, lines[1].Last
	if first.SubSequenceNumber == nil || *first.SubSequenceNumber != 1 || last.SubSequenceNumber != nil ||
		last.Index != 1 {
		t.Errorf("the sum is from %+v to %+v", first, last)
	}
}

// TestLogFromManyGoroutines: keys side by side share the limit, and first and
// last are by position, whoever comes first.
func TestLogFromManyGoroutines(t *testing.T) {
	var letters strings.Builder
	for n := range 2000 {
		letters.WriteByte("abcdefghijklmnopqrstuvwxyz"[n%26])
	}
	var log lockedBuffer
	h := router.Partition(func(_ context.Context, _ []byte, recs []decoder.Record) error {
		return router.At(&recs[0], skip)
	})
	answer, err := router.New(h, log.logger(), router.WithLogLimit(0)).Invoke(t.Context(), event(letters.String()))
	answers(t, answer, err, allDone)
	lines := log.lines(t)
	if len(lines) != 1 || lines[0].Records != 2000 || lines[0].First.Index != 0 || lines[0].Last.Index != 1999 {
		t.Errorf("logged %s", log.String())
	}
}

// TestLogLevels: what the logger does not want is neither logged nor summed up.
func TestLogLevels(t *testing.T) {
	for level, want := range map[slog.Level]string{
		slog.LevelWarn:      "5 record skipped; 1 record failed; 1 more records",
		slog.LevelError:     "1 record failed",
		slog.LevelError + 1: "",
	} {
		var log lockedBuffer
		l := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: level}))
		h := single[0].handler(on(9, func(*decoder.Record) error { return errBoom }))
		react := router.WithOnBad(router.SkipBad)
		answer, err := router.New(h, router.WithLogger(l), react).Invoke(t.Context(), event("a!a!a!a!a!a!a!a!a!a"))
		answers(t, answer, err, answerFrom(9))
		if got := messages(log.lines(t)); got != want {
			t.Errorf("%v: logged %q, want %q", level, got, want)
		}
	}
}

// TestLogKeys: a partition key is in the log where that is asked for, as it is
// asked for, and nowhere else.
func TestLogKeys(t *testing.T) {
	keys := func(show func([]byte) string) []router.Option { return []router.Option{router.WithLogKeys(show)} }
	secret := router.HashedKeys([]byte("correct horse battery staple"))
	for _, c := range []struct {
		name string
		opts []router.Option
		want string
	}{
		{"default", nil, ""},
		{"nil", keys(nil), ""},
		{"plain", keys(router.PlainKeys), "k"},
		{"hashed", keys(router.HashedKeys(nil)), "sha256:8254c329a92850f6"},
		{"with a secret", keys(secret), secret([]byte("k"))},
		{"one's own", keys(func(key []byte) string { return "key " + string(key) }), "key k"},
		{"the last one counts", append(keys(router.PlainKeys), keys(nil)...), ""},
		{"of any length", keys(func([]byte) string {
			return strings.Repeat("é", 1000)
		}), strings.Repeat("é", 512) + "..."},
	} {
		for name, opts := range map[string][]router.Option{"skipped": nil, "failed": nil} {
			var log lockedBuffer
			h := single[0].handler(always(skip))
			if name == "failed" {
				h = single[0].handler(always(errBoom))
			}
			_, _ = router.New(h, append(append(opts, log.logger()), c.opts...)...).Invoke(t.Context(), event("k"))
			lines := log.lines(t)
			if len(lines) != 1 || lines[0].Record.PartitionKey != c.want ||
				c.want == "" && strings.Contains(log.String(), "partitionKey") {
				t.Errorf("%s, %s: logged %s, want the key as %q", c.name, name, &log, c.want)
			}
		}
	}
	if text := secret([]byte("k")); !strings.HasPrefix(text, "hmac-sha256:") || len(text) != len("hmac-sha256:")+16 {
		t.Errorf("with a secret a key is %s", text)
	}
	panics := router.WithLogKeys(func([]byte) string { panic("at the disco") })
	answer, err := router.New(single[0].handler(always(skip)), quiet(), panics,
		router.WithLogger(slog.New(slog.NewJSONHandler(&lockedBuffer{}, nil)))).
		Invoke(t.Context(), event("aa"))
	answers(t, answer, err, allDone)
}

// TestLogTexts: a line stays short whatever an event or an error holds, and an
// error need not name the record once more.
func TestLogTexts(t *testing.T) {
	var log lockedBuffer
	long := errors.New(strings.Repeat("x", 1<<20))
	e := strings.ReplaceAll(string(event("a")), numberOf(0), strings.Repeat("9", 1<<20))
	e = strings.ReplaceAll(e, ordersARN, "arn:aws:kinesis:us-east-1:123456789012:stream/"+strings.Repeat("s", 1<<20))
	_, _ = router.New(single[0].handler(always(long)), log.logger()).Invoke(t.Context(), []byte(e))
	if lines := log.lines(t); len(lines) != 1 || lines[0].size > 4000 || len(lines[0].Error) != 1024+3 ||
		len(lines[0].Record.SequenceNumber) != 64 {
		t.Errorf("%d lines of %d bytes in all", len(lines), len(log.String()))
	}

	log = lockedBuffer{}
	_, _ = router.New(single[0].handler(always(nil)), log.logger(),
		router.WithOnBad(router.SkipBad)).Invoke(t.Context(), event("aa!"))
	if lines := log.lines(t); len(lines) != 1 || !strings.HasPrefix(lines[0].Error, "data: invalid base64 at offset ") {
		t.Errorf("logged %s", &log)
	}
}

// TestLogErrors: a handler of slog gets an error that wraps the handler's.
func TestLogErrors(t *testing.T) {
	var got error
	l := slog.New(slog.NewJSONHandler(new(lockedBuffer),
		&slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if err, ok := a.Value.Any().(error); ok {
				got = err
			}
			return a
		}}))
	_, _ = router.New(single[0].handler(always(skip)), router.WithLogger(l)).Invoke(t.Context(), event("a"))
	if !errors.Is(got, errBoom) {
		t.Errorf("got %v, which does not wrap the handler's error", got)
	}
}

// TestBadRecordAdvice: the first time that a bad record will come again because
// nobody has said otherwise, the log says what that means and what ends it:
// once for each record, whatever the limit is. Who has an option for it needs
// no advice.
func TestBadRecordAdvice(t *testing.T) {
	retryBad := router.WithOnBad(func(_ context.Context, _ *decoder.Record, err error) error { return err })
	poison := router.WithPoison(3, func(context.Context, *decoder.Record, error) error { return nil })
	for _, c := range []struct {
		name string
		opts []router.Option
		want bool
	}{
		{"default", nil, true},
		{"no lines", []router.Option{router.WithLogLimit(0)}, true},
		{"whole batch", []router.Option{router.WithWholeBatch()}, true},
		{"SkipBad", []router.Option{router.WithOnBad(router.SkipBad)}, false},
		{"one's own", []router.Option{retryBad}, false},
		{"WithPoison", []router.Option{poison}, false},
	} {
		for _, s := range shapes(single, sliced, []shape{tumbling}) {
			for _, letters := range []string{"aa!a", "aa?a"} {
				if letters == "aa?a" && !slices.ContainsFunc(typedShapes(), func(o shape) bool {
					return o.name == s.name
				}) {
					continue
				}
				e, other := event(letters), event("a"+letters)
				if s.name == "Tumbling" {
					e, other = windowEvent(letters, "{}"), windowEvent("a"+letters, "{}")
				}
				var log lockedBuffer
				r := router.New(s.handler(always(nil)), append(c.opts, log.logger())...)
				var got []string
				for _, e := range [][]byte{e, e, other, e, other} {
					log = lockedBuffer{}
					_, _ = r.Invoke(t.Context(), e)
					advice := strings.Count(log.String(), "router.WithOnBad(router.SkipBad)")
					if advice > 0 && !strings.Contains(log.String(), "MaximumRecordAgeInSeconds") {
						t.Errorf("%s: the advice is incomplete: %s", s.name, &log)
					}
					got = append(got, fmt.Sprint(advice))
				}
				want := "0 0 0 0 0"
				if c.want {
					want = "1 0 1 0 0"
				}
				if strings.Join(got, " ") != want {
					t.Errorf("%s, %s, %s: advice %s, want %s", c.name, s.name, letters, got, want)
				}
			}
		}
	}
}

// TestNoAdviceForHandlers: an error of a handler is its own word.
func TestNoAdviceForHandlers(t *testing.T) {
	for _, s := range shapes(single, sliced) {
		var log lockedBuffer
		_, _ = router.New(s.handler(at(1, errBoom)), log.logger()).Invoke(t.Context(), event("aaa"))
		if lines := log.lines(t); len(lines) != 1 || lines[0].Advice != "" {
			t.Errorf("%s: logged %s", s.name, &log)
		}
	}
}

// contextual notes the error of the context that each line is logged with.
type contextual struct {
	slog.Handler
	errs map[string]error
}

func (c contextual) Enabled(context.Context, slog.Level) bool { return true }
func (c contextual) Handle(ctx context.Context, r slog.Record) error {
	c.errs[r.Message] = ctx.Err()
	return nil
}

// TestLogContext: a logger that heeds its context gets the lines of an
// invocation's end too.
func TestLogContext(t *testing.T) {
	c := contextual{errs: map[string]error{}}
	r := router.New(router.Each(func(context.Context, *decoder.Record) error { return skip }),
		router.WithLogger(slog.New(c)), router.WithLogLimit(1))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	answer, err := r.Invoke(ctx, event("aaa"))
	answers(t, answer, err, allDone)
	if err, logged := c.errs["more records"]; !logged || err != nil {
		t.Errorf("%v, %v", logged, err)
	}
}

// TestLogOfSkipWithoutAt: why a Skip of a slice's record has not skipped it is
// in the log.
func TestLogOfSkipWithoutAt(t *testing.T) {
	for _, s := range sliced {
		var log lockedBuffer
		r := router.New(s.handler(always(skip)), router.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		answer, err := r.Invoke(t.Context(), event("aa"))
		answers(t, answer, err, answerFrom(0))
		if !strings.Contains(log.String(), "need At") {
			t.Errorf("%s logs %s", s.name, &log)
		}
	}
}
