package cwlogs_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"example.com/sluice/decoder"
	"example.com/sluice/payload/cwlogs"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

var errBoom = errors.New("boom")

const allDone = `{"batchItemFailures":[]}`

func numberOf(index int) string { return fmt.Sprint(100 + index) }

func answerFrom(index int) string {
	return `{"batchItemFailures":[{"itemIdentifier":"` + numberOf(index) + `"}]}`
}

func answers(t *testing.T, answer []byte, err error, want string) {
	t.Helper()
	if err != nil || string(answer) != want {
		t.Errorf("answered %s, %v; want %s", answer, err, want)
	}
}

// quiet keeps out of the tests' output what they provoke.
func quiet() router.Option { return router.WithLogger(slog.New(slog.DiscardHandler)) }

// logs makes an event out of words: each is a record of CloudWatch Logs, and
// each of its letters a log event with that message. A "!" is a log event
// without a message, "#" a control message, "?" no JSON at all.
func logs(compress bool, words ...string) []byte {
	recs := make([]decoder.Record, len(words))
	for i, word := range words {
		var events []string
		for _, letter := range word {
			message := fmt.Sprintf(`,"message":%q`, string(letter))
			if letter == '!' {
				message = ""
			}
			events = append(events, fmt.Sprintf(`{"id":"%d","timestamp":1731924555137%s}`, i, message))
		}
		text := `{"messageType":"DATA_MESSAGE","owner":"123456789012","logGroup":"g","logStream":"s",` +
			`"subscriptionFilters":["f"],"logEvents":[` +
			strings.Join(events, ",") + `]}`
		switch word {
		case "#":
			text = strings.Replace(text, "DATA_MESSAGE", "CONTROL_MESSAGE", 1)
		case "?":
			text = "hello"
		}
		data := []byte(text)
		if compress {
			data = routertest.Gzip(data)
		}
		recs[i] = decoder.Record{PartitionKey: []byte("k"), SequenceNumber: []byte(numberOf(i)), Data: data}
	}
	return routertest.EventOf(recs...)
}

func TestLogEvents(t *testing.T) {
	for _, c := range []struct {
		name, calls, answer string
		words               []string
		options             []router.Option
	}{
		{"all done", "abcd", allDone, []string{"ab", "", "c", "#", "d"}, nil},
		{"one fails", "aX", answerFrom(1), []string{"a", "Xb", "c"}, nil},
		{"the last of a record fails", "abX", answerFrom(1), []string{"a", "bX", "c"}, nil},
		{"one is skipped, those beside it are handled", "aSbc", allDone, []string{"aSb", "c"}, nil},
		{"one is skipped, another fails", "aSX", answerFrom(1), []string{"a", "SXb", "c"}, nil},
		{"a bad log event", "abc", answerFrom(1), []string{"a", "b!c", "d"}, nil},
		{
			"a bad log event that may be skipped", "abcd", allDone,
			[]string{"a", "b!c", "d"},
			[]router.Option{router.WithOnBad(router.SkipBad)},
		},
		{
			"a bad log event, then a failure", "abX", answerFrom(1),
			[]string{"a", "b!X", "d"},
			[]router.Option{router.WithOnBad(router.SkipBad)},
		},
		{"no message", "a", answerFrom(1), []string{"a", "?", "b"}, nil},
		{
			"no message that may be skipped", "ab", allDone,
			[]string{"a", "?", "b"},
			[]router.Option{router.WithOnBad(router.SkipBad)},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, codec := range []decoder.Codec{decoder.Identity, decoder.Auto} {
				calls := ""
				h := cwlogs.LogEvents(func(_ context.Context, rec *decoder.Record, e *cwlogs.Event) error {
					if e.LogGroup != "g" || string(e.ID) != fmt.Sprint(rec.Index) {
						t.Errorf("record %d, log event %s of %s", rec.Index, e.ID, e.LogGroup)
					}
					calls += string(e.Message)
					switch string(e.Message) {
					case "X":
						return errBoom
					case "S":
						return router.Skip(errBoom)
					}
					return nil
				})
				options := append(c.options[:len(c.options):len(c.options)], quiet(),
					router.WithDecoder(decoder.Decoder{Codec: codec}))
				for _, compress := range []bool{false, true} {
					calls = ""
					answer, err := router.New(h, options...).Invoke(context.Background(), logs(compress, c.words...))
					answers(t, answer, err, c.answer)
					if calls != c.calls {
						t.Errorf("calls %s, want %s", calls, c.calls)
					}
				}
			}
		})
	}
}

// What is wrong with a payload is told as an error of the record.
func TestLogEventsErrors(t *testing.T) {
	var got error
	r := router.New(cwlogs.LogEvents(func(context.Context, *decoder.Record, *cwlogs.Event) error { return nil }),
		quiet(),
		router.WithOnBad(func(_ context.Context, _ *decoder.Record, err error) error { got = err; return nil }))
	answer, err := r.Invoke(context.Background(), logs(false, "a", "b!"))
	answers(t, answer, err, allDone)
	var e *decoder.Error
	if !errors.As(got, &e) || !errors.Is(e, decoder.ErrDecode) || !errors.Is(e, decoder.ErrMissing) || e.Index != 1 ||
		!strings.Contains(e.Error(), "log event 1: message") {
		t.Errorf("%v", got)
	}
}

// TestLogEventsMaxData: MaxData says how much a record of log events may hold,
// the decoder's where it decompresses and the Reader's where that does, and
// what is larger is told so by that name.
func TestLogEventsMaxData(t *testing.T) {
	ev := logs(true, strings.Repeat("a", 300_000)) // 13 MB
	for _, codec := range []decoder.Codec{decoder.Identity, decoder.Auto, decoder.Gzip} {
		for _, c := range []struct {
			limit  int
			answer string
		}{{0, answerFrom(0)}, {1 << 20, answerFrom(0)}, {32 << 20, allDone}} {
			n, says := 0, ""
			count := func(context.Context, *decoder.Record, *cwlogs.Event) error { n++; return nil }
			r := router.New(cwlogs.Reader{MaxData: c.limit}.LogEvents(count), quiet(),
				router.WithDecoder(decoder.Decoder{Codec: codec, MaxData: c.limit}),
				router.WithOnBad(func(_ context.Context, _ *decoder.Record, err error) error {
					says = err.Error()
					return router.Retry(err)
				}))
			answer, err := r.Invoke(context.Background(), ev)
			answers(t, answer, err, c.answer)
			if done := c.answer == allDone; done != (n == 300_000) || done == strings.Contains(says, "MaxData") {
				t.Errorf("%s, limit %d: %d log events, %s", codec, c.limit, n, says)
			}
		}
	}
}

// TestLogEventsOfNothing: a handler without a function is a mistake.
func TestLogEventsOfNothing(t *testing.T) {
	defer func() {
		if text := fmt.Sprint(recover()); !strings.Contains(text, "without a function") {
			t.Errorf("the panic is %q", text)
		}
	}()
	router.New(cwlogs.LogEvents(nil))
}

// TestLogEventsEnd: a record may hold thousands of log events; none is handled
// once the time is up.
func TestLogEventsEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	calls := 0
	h := cwlogs.LogEvents(func(context.Context, *decoder.Record, *cwlogs.Event) error {
		if calls++; calls == 2 {
			cancel()
		}
		return nil
	})
	answer, err := router.New(h, quiet()).Invoke(ctx, logs(false, "abcd", "e"))
	answers(t, answer, err, answerFrom(0))
	if calls != 2 {
		t.Errorf("%d log events were handled", calls)
	}
}

// TestLogEventsSkippedBesideAFlaw: what was given up is told where the record
// is bad for another log event.
func TestLogEventsSkippedBesideAFlaw(t *testing.T) {
	var got error
	h := cwlogs.LogEvents(func(_ context.Context, _ *decoder.Record, e *cwlogs.Event) error {
		return router.Skip(fmt.Errorf("no use for %s", e.Message))
	})
	r := router.New(h, quiet(), router.WithOnBad(func(_ context.Context, _ *decoder.Record, err error) error {
		got = err
		return nil
	}))
	answer, err := r.Invoke(context.Background(), logs(false, "a!c"))
	answers(t, answer, err, allDone)
	for _, want := range []string{"log event 1: message", "no use for a", "no use for c"} {
		if got == nil || !strings.Contains(got.Error(), want) {
			t.Errorf("%v does not say %q", got, want)
		}
	}
}
