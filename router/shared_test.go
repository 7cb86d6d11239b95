package router_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
)

// This file is what the tests of this package share: events in a few letters,
// handlers of all shapes that note what they get, and checks of answers.

var errBoom = errors.New("boom")

// allDone is the answer of a full success.
const allDone = `{"batchItemFailures":[]}`

// none is the index of a record where there is none.
const none = -1

// answerFrom is the answer that names the record with that index.
func answerFrom(index int) string {
	return `{"batchItemFailures":[{"itemIdentifier":"` + numberOf(index) + `"}]}`
}

// numberOf is the sequence number of the record with that index.
func numberOf(index int) string { return strconv.Itoa(100 + index) }

// quiet keeps out of the tests' output what they provoke.
func quiet() router.Option { return router.WithLogger(slog.New(slog.DiscardHandler)) }

// event makes an event out of letters: each is a record with that partition
// key, whose data is its index as a JSON number. A sign behind a letter is the
// record's flaw:
//
//	!  the data is not base64
//	?  the data is not JSON
//	-  no sequence number
//	~  a sequence number that is not decimal
func event(letters string) []byte { return []byte(`{"Records":[` + records(letters) + `]}`) }

// windowEvent is the event as one of a tumbling window with that state.
func windowEvent(letters, state string) []byte {
	return []byte(`{"Records":[` + records(letters) +
		`],"window":{"start":"2024-11-18T10:08:00Z","end":"2024-11-18T10:10:00Z"},` +
		`"state":` + state + `,"shardId":"shardId-000000000006","eventSourceARN":"` + ordersARN + `",` +
		`"isFinalInvokeForWindow":false,"isWindowTerminatedEarly":false}`)
}

const ordersARN = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"

func records(letters string) string {
	var b strings.Builder
	for i, index := 0, 0; i < len(letters); index++ {
		flaw := byte(' ')
		if i+1 < len(letters) && strings.IndexByte("!?-~", letters[i+1]) >= 0 {
			flaw = letters[i+1]
		}
		if index > 0 {
			b.WriteByte(',')
		}
		b.WriteString(record(index, letters[i:i+1], flaw))
		if i++; flaw != ' ' {
			i++
		}
	}
	return b.String()
}

func record(index int, key string, flaw byte) string {
	text := strconv.Itoa(index)
	number := `"sequenceNumber":"` + numberOf(index) + `",`
	switch flaw {
	case '?':
		text = "not JSON"
	case '-':
		number = ""
	case '~':
		number = `"sequenceNumber":"1a",`
	}
	data := base64.StdEncoding.EncodeToString([]byte(text))
	if flaw == '!' {
		data = "****"
	}
	return fmt.Sprintf(`{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"%s",%s"data":"%s",`+
		`"approximateArrivalTimestamp":%d.%03d},`+
		`"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"shardId-000000000006:%s",`+
		`"eventName":"aws:kinesis:record",`+
		`"invokeIdentityArn":"arn:aws:iam::123456789012:role/lambda-role",`+
		`"awsRegion":"us-east-1","eventSourceARN":"%s"}`,
		key, number, data, 1600000000+index/1000, index%1000, numberOf(index), ordersARN)
}

// reaction is what a handler does with the records of one call.
type reaction func(recs []*decoder.Record) error

// shape makes a handler of one shape that reacts in that way.
type shape struct {
	name    string
	handler func(reaction) router.Handler
}

// single are the shapes that get one record a call, sliced those that get
// several. On an event with one key the latter all get the same slices.
var (
	single = []shape{
		{"Each", func(r reaction) router.Handler {
			return router.Each(func(_ context.Context, rec *decoder.Record) error { return r([]*decoder.Record{rec}) })
		}},
		{"Typed", func(r reaction) router.Handler {
			return router.Typed(json.Unmarshal, func(_ context.Context, rec *decoder.Record, _ *int) error {
				return r([]*decoder.Record{rec})
			})
		}},
		{"JSON", func(r reaction) router.Handler {
			return router.JSON(func(_ context.Context, rec *decoder.Record, _ *int) error {
				return r([]*decoder.Record{rec})
			})
		}},
	}
	chunked = []shape{
		{"Batch", func(r reaction) router.Handler {
			return router.Batch(func(_ context.Context, recs []decoder.Record) error { return r(pointers(recs)) })
		}},
		{"Partition", func(r reaction) router.Handler {
			return router.Partition(func(_ context.Context, _ []byte, recs []decoder.Record) error {
				return r(pointers(recs))
			})
		}},
		{"TypedBatch", func(r reaction) router.Handler {
			return router.TypedBatch(json.Unmarshal, func(_ context.Context, items []router.Item[int]) error {
				return r(beside(items))
			})
		}},
		{"TypedPartition", func(r reaction) router.Handler {
			return router.TypedPartition(json.Unmarshal, func(_ context.Context, _ []byte,
				items []router.Item[int],
			) error {
				return r(beside(items))
			})
		}},
		{"ByTime's Late", func(r reaction) router.Handler {
			return router.ByTime{
				After:  func(context.Context, *decoder.Source) time.Time { return time.Unix(1700000000, 0) },
				Handle: func(context.Context, time.Time, []decoder.Record) error { panic("nothing is on time") },
				Late:   func(_ context.Context, recs []decoder.Record) error { return r(pointers(recs)) },
			}
		}},
	}
	sliced = append(chunked[:len(chunked):len(chunked)], shape{"ByTime", func(r reaction) router.Handler {
		return router.ByTime{Handle: func(_ context.Context, _ time.Time, recs []decoder.Record) error {
			return r(pointers(recs))
		}}
	}})
	tumbling = shape{"Tumbling", func(r reaction) router.Handler {
		return router.Tumbling(func(_ context.Context, _ *decoder.Window, _ *json.RawMessage,
			recs []decoder.Record,
		) error {
			return r(pointers(recs))
		})
	}}
)

// shapes puts lists of them together.
func shapes(lists ...[]shape) []shape {
	var all []shape
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// typedShapes are those that decode payloads.
func typedShapes() []shape { return []shape{single[1], single[2], chunked[2], chunked[3]} }

func pointers(recs []decoder.Record) []*decoder.Record {
	p := make([]*decoder.Record, len(recs))
	for i := range recs {
		p[i] = &recs[i]
	}
	return p
}

func beside[T any](items []router.Item[T]) []*decoder.Record {
	p := make([]*decoder.Record, len(items))
	for i := range items {
		p[i] = items[i].Record
	}
	return p
}

// journal notes the calls of a handler, each as the indices of its records: "0
// 1 2".
type journal struct {
	mu    sync.Mutex
	calls []string
}

func (j *journal) note(word string, recs ...*decoder.Record) {
	words := make([]string, 0, 1+len(recs))
	if word != "" {
		words = append(words, word)
	}
	for _, rec := range recs {
		words = append(words, strconv.Itoa(rec.Index))
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.calls = append(j.calls, strings.Join(words, " "))
}

// noting makes a reaction note its calls.
func (j *journal) noting(r reaction) reaction {
	return func(recs []*decoder.Record) error {
		j.note("", recs...)
		return r(recs)
	}
}

// String is the calls so far, in brackets.
func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.calls) == 0 {
		return ""
	}
	return "[" + strings.Join(j.calls, "] [") + "]"
}

// answers checks what Invoke returned against exact bytes.
func answers(t *testing.T, answer []byte, err error, want string) {
	t.Helper()
	if err != nil || string(answer) != want {
		t.Errorf("answered %s, %v; want %s", answer, err, want)
	}
}

// fails checks that Invoke failed, without an answer, with an error that says
// so.
func fails(t *testing.T, answer []byte, err error, says string) {
	t.Helper()
	if err == nil || answer != nil || !strings.Contains(err.Error(), says) {
		t.Errorf("answered %s, %v; want no answer and an error that says %q", answer, err, says)
	}
}

// got checks which calls there were.
func (j *journal) got(t *testing.T, want string) {
	t.Helper()
	if got := j.String(); got != want {
		t.Errorf("calls %s, want %s", got, want)
	}
}

// fallback is a handler of events that are not from Kinesis.
type fallback func(event []byte) ([]byte, error)

func (f fallback) Invoke(_ context.Context, event []byte) ([]byte, error) { return f(event) }

// lockedBuffer is a log that may be written to from several goroutines.
type lockedBuffer struct {
	mu  sync.Mutex
	buf strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (b *lockedBuffer) logger() router.Option {
	return router.WithLogger(slog.New(slog.NewJSONHandler(b, nil)))
}
