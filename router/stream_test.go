package router_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
)

// This file is about who gets which event: WithStream and WithFallback.

// eventOf is an event of the stream with that ARN.
func eventOf(arn string) []byte {
	return []byte(strings.ReplaceAll(string(event("a")), ordersARN, arn))
}

// TestStream: events are matched by their stream's ARN first and by its name
// second; a consumer's ARN is its stream's.
func TestStream(t *testing.T) {
	const (
		west     = "arn:aws:kinesis:us-west-2:123456789012:stream/orders"
		payments = "arn:aws:kinesis:us-east-1:123456789012:stream/payments"
		consumer = "/consumer/fast:1700000000"
	)
	for _, c := range []struct {
		name    string
		streams []string
		arn     string
		want    string // the stream that was named, "" for the handler of New
	}{
		{"none named", nil, ordersARN, ""},
		{"by name", []string{"orders"}, ordersARN, "orders"},
		{"by ARN", []string{ordersARN}, ordersARN, ordersARN},
		{"by the ARN of a consumer", []string{ordersARN + consumer}, ordersARN, ordersARN + consumer},
		{"event of a consumer, by name", []string{"orders"}, ordersARN + consumer, "orders"},
		{"event of a consumer, by ARN", []string{ordersARN}, ordersARN + consumer, ordersARN},
		{
			"event of another consumer",
			[]string{ordersARN + "/consumer/slow:1700000001"},
			ordersARN + consumer,
			ordersARN + "/consumer/slow:1700000001",
		},
		{"another stream", []string{"orders"}, payments, ""},
		{"name that is a part of it", []string{"order", "orders2"}, ordersARN, ""},
		{"another region, by name", []string{"orders"}, west, "orders"},
		{"another region, by ARN, if nothing fits better", []string{ordersARN}, west, ordersARN},
		{"the ARN fits better than the name", []string{ordersARN, west}, ordersARN, ordersARN},
		{"of two", []string{"payments", "orders"}, payments, "payments"},
		{"the name fits better than another ARN", []string{"orders", west}, ordersARN, "orders"},
		{
			"the last ARN, if nothing fits better",
			[]string{ordersARN, west},
			strings.Replace(west, "us-west-2", "us-west-1", 1), west,
		},
		{"the last of one name", []string{"orders", "orders"}, ordersARN, "orders"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := "nobody"
			to := func(name string) router.Handler {
				return router.Each(func(context.Context, *decoder.Record) error { got = name; return nil })
			}
			opts := []router.Option{quiet()}
			for _, name := range c.streams {
				opts = append(opts, router.WithStream(name, to(name)))
			}
			r := router.New(to(""), opts...)
			answer, err := r.Invoke(t.Context(), eventOf(c.arn))
			answers(t, answer, err, allDone)
			if got != c.want {
				t.Errorf("went to %q, want %q", got, c.want)
			}
		})
	}
}

// TestStreamOptions: a stream has the options of New, changed by its own.
func TestStreamOptions(t *testing.T) {
	const payments = "arn:aws:kinesis:us-east-1:123456789012:stream/payments"
	var sizes []int
	h := router.Batch(func(_ context.Context, recs []decoder.Record) error {
		sizes = append(sizes, len(recs))
		return nil
	})
	var counted []string
	count := func(name string) router.Option {
		return router.WithStats(func(_ context.Context, s router.Stats) {
			counted = append(counted, name+" "+s.Source.StreamName)
		})
	}
	r := router.New(h, quiet(), router.WithBatchSize(2), count("base"),
		router.WithStream("payments", h, router.WithBatchSize(3),
			router.WithDecoder(decoder.Decoder{Deaggregate: true})),
		router.WithStream("orders", h, count("own")))
	e := aggregates("a", "aaaa")
	for _, arn := range []string{ordersARN, payments, "arn:aws:kinesis:us-east-1:123456789012:stream/others"} {
		answer, err := r.Invoke(t.Context(), []byte(strings.ReplaceAll(string(e), ordersARN, arn)))
		answers(t, answer, err, allDone)
	}
	if len(sizes) != 4 || sizes[0] != 2 || sizes[1] != 3 || sizes[2] != 2 || sizes[3] != 2 {
		t.Errorf("slices of %v", sizes) // orders: 2; payments, whose aggregate is split: 3 and 2; others: 2
	}
	if got := strings.Join(counted, ", "); got != "own orders, base payments, base others" {
		t.Errorf("counted %s", got)
	}
}

// TestNoHandler: an event that nobody is there for is an error.
func TestNoHandler(t *testing.T) {
	never := router.Each(func(context.Context, *decoder.Record) error { t.Error("called"); return nil })
	answer, err := router.New(nil, quiet(), router.WithStream("payments", never)).Invoke(t.Context(), event("a"))
	fails(t, answer, err, `no handler for stream "orders"`)
	// The fallback is for other services, not for other streams.
	theirs := fallback(func([]byte) ([]byte, error) { return []byte(`"theirs"`), nil })
	answer, err = router.New(nil, quiet(), router.WithStream("payments", never),
		router.WithFallback(theirs)).Invoke(t.Context(), event("a"))
	fails(t, answer, err, `no handler for stream "orders"`)
	for _, r := range []*router.Router{
		router.New(never, quiet(), router.WithStream("orders", never), router.WithFallback(theirs)),
		router.New(nil, quiet(), router.WithStream("orders", never), router.WithFallback(theirs)),
		router.New(nil, quiet(), router.WithFallback(theirs)),
		router.New(nil, quiet(), router.WithFallback(fallback(func([]byte) ([]byte, error) {
			panic("not the last")
		})), router.WithFallback(theirs)),
	} {
		answer, err = r.Invoke(t.Context(),
			[]byte(`{"Records":[{"eventSource":"aws:sqs",`+
				`"eventSourceARN":"arn:aws:sqs:us-east-1:123456789012:orders"}]}`))
		answers(t, answer, err, `"theirs"`)
	}
	answer, err = router.New(nil, quiet(), router.WithStream("orders", never)).Invoke(t.Context(),
		[]byte(`{"Records":[{`))
	fails(t, answer, err, "invalid JSON")
}

// TestMisuse: what can only be a mistake of the program panics when it is set
// up, and says what is wrong.
func TestMisuse(t *testing.T) {
	each := router.Each(func(context.Context, *decoder.Record) error { return nil })
	var nilEach *router.Each
	var nilRouter *router.Router
	stream := func(nameOrARN string, h router.Handler, opts ...router.Option) func() {
		return func() { router.New(each, router.WithStream(nameOrARN, h, opts...)) }
	}
	with := func(o router.Option) func() { return func() { router.New(each, o) } }
	const nothing = "without a function"
	for _, c := range []struct {
		name, says string
		f          func()
	}{
		{"nil Each", nothing, func() { router.New(router.Each(nil)) }},
		{"pointer to no Each", nothing, func() { router.New(nilEach) }},
		{"pointer to a nil Each", nothing, func() { router.New(new(router.Each)) }},
		{"nil Batch", nothing, func() { router.New(router.Batch(nil)) }},
		{"nil Partition", nothing, func() { router.New(router.Partition(nil)) }},
		{"ByTime of nothing", nothing, func() {
			router.New(router.ByTime{Late: func(context.Context, []decoder.Record) error { return nil }})
		}},
		{"nil Tumbling", nothing, func() { router.New(router.Tumbling[int](nil)) }},
		{"nil JSON", nothing, func() { router.New(router.JSON[int](nil)) }},
		{"nil Typed", nothing, func() { router.New(router.Typed[int](json.Unmarshal, nil)) }},
		{"Typed with no unmarshal", nothing, func() {
			router.New(router.Typed(nil, func(context.Context, *decoder.Record, *int) error { return nil }))
		}},
		{"nil TypedBatch", nothing, func() { router.New(router.TypedBatch[int](json.Unmarshal, nil)) }},
		{"TypedBatch with no unmarshal", nothing, func() {
			router.New(router.TypedBatch(nil, func(context.Context, []router.Item[int]) error { return nil }))
		}},
		{"nil TypedPartition", nothing, func() { router.New(router.TypedPartition[int](json.Unmarshal, nil)) }},
		{"TypedPartition with no unmarshal", nothing, func() {
			router.New(router.TypedPartition(nil, func(context.Context, []byte, []router.Item[int]) error {
				return nil
			}))
		}},
		{"nil JSONValue", nothing, func() { router.New(router.JSONValue(nil)) }},
		{"nobody", "New(nil) without WithStream or WithFallback", func() { router.New(nil) }},
		{"nobody, with options", "New(nil) without", func() { router.New(nil, quiet(), router.WithBatchSize(1)) }},
		{"stream of nil", `WithStream("orders"): nil Handler`, stream("orders", nil)},
		{"stream of nil Each", nothing, stream("orders", router.Each(nil))},
		{"stream of a queue", "neither", stream("arn:aws:sqs:us-east-1:123456789012:orders", each)},
		{
			"stream of a video", "neither",
			stream("arn:aws:kinesisvideo:us-east-1:123456789012:stream/door/1700000000", each),
		},
		{"stream of no name", "neither", stream("", each)},
		{"stream of an ARN without a name", "neither", stream("arn:aws:kinesis:us-east-1:123456789012:stream/", each)},
		{"stream of a part of an ARN", `WithStream("stream/orders"): neither`, stream("stream/orders", each)},
		{"stream of a long name", "neither", stream(strings.Repeat("a", 129), each)},
		{
			"stream in a stream", "among the options of WithStream",
			stream("orders", each, router.WithStream("clicks", each)),
		},
		{
			"fallback in a stream", "among the options of WithStream",
			stream("orders", each, router.WithFallback(fallback(nil))),
		},
		{"wrong option of a stream", "WithBatchSize: -1", stream("orders", each, router.WithBatchSize(-1))},
		{"fallback to nil", "WithFallback: nil Handler", with(router.WithFallback(nil))},
		{"fallback to a nil function", "WithFallback: nil Handler", with(router.WithFallback(fallback(nil)))},
		{"fallback to no Router", "WithFallback: nil Handler", with(router.WithFallback(nilRouter))},
		{"nil Option", "nil Option", with(nil)},
		{"WithBatchSize", "WithBatchSize: -1, want 0 or more", with(router.WithBatchSize(-1))},
		{"WithWorkers", "WithWorkers: -2, want 0 or more", with(router.WithWorkers(-2))},
		{"WithLogLimit", "WithLogLimit: -1, want 0 or more", with(router.WithLogLimit(-1))},
		{"WithRedeliveryMemory", "WithRedeliveryMemory: -1, want 0 or more", with(router.WithRedeliveryMemory(-1))},
		{
			"WithDecoder, MaxData", "WithDecoder: MaxData: -1, want",
			with(router.WithDecoder(decoder.Decoder{MaxData: -1})),
		},
		{
			"WithDecoder, MaxRecords", "WithDecoder: MaxRecords: -1, want",
			with(router.WithDecoder(decoder.Decoder{MaxRecords: -1})),
		},
		{
			"WithDecoder, MaxBatch", "WithDecoder: MaxBatch: -1, want",
			with(router.WithDecoder(decoder.Decoder{MaxBatch: -1})),
		},
		{"WithOnBad", "WithOnBad: nil function", with(router.WithOnBad(nil))},
		{"WithLogger", "WithLogger: nil Logger", with(router.WithLogger(nil))},
		{"WithPoison of nothing", "WithPoison: nil function", with(router.WithPoison(3, nil))},
		{"WithPoison at once", "WithPoison: 0 failures, want 1 or more", with(router.WithPoison(0, router.SkipBad))},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer func() {
				if text := fmt.Sprint(recover()); !strings.HasPrefix(text, "router: ") ||
					!strings.Contains(text, c.says) {
					t.Errorf("the panic is %q, want one of this package that says %q", text, c.says)
				}
			}()
			c.f()
		})
	}
}

// TestBareFunction: who forgets the shape is told by the compiler what to do.
func TestBareFunction(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the go command is not in the PATH")
	}
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	overlay := filepath.Join(t.TempDir(), "overlay.json")
	program := filepath.Join(t.TempDir(), "main.go")
	for file, text := range map[string]string{
		program: `package main

import (
	"context"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
)

func main() {
	router.New(func(context.Context, *decoder.Record) error { return nil })
}
`,
		overlay: fmt.Sprintf(`{"Replace":{%q:%q}}`, filepath.Join(dir, "bare", "main.go"), program),
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command("go", "build", "-o", os.DevNull, "-overlay", overlay, "./bare").CombinedOutput()
	const want = "does not implement router.Handler (missing method mustBeWrappedInEachBatchOrPartition)"
	if err == nil || !strings.Contains(string(out), want) {
		t.Errorf("the compiler says %v: %s\nwant it to say %s", err, out, want)
	}
}
