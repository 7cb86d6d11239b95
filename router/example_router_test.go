package router_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

// order is the payload of the examples: {"id":1,"amount":250}.
type order struct {
	ID     int
	Amount int
}

// orders is an event with a record for each payload: of one partition key, with
// the sequence numbers 101, 102, ….
func orders(payloads ...string) []byte {
	recs := make([]decoder.Record, len(payloads))
	for i, p := range payloads {
		recs[i] = decoder.Record{
			PartitionKey: []byte("user-1"), SequenceNumber: fmt.Append(nil, 101+i),
			Data: []byte(p),
		}
	}
	return routertest.EventOf(recs...)
}

// show prints what Lambda is told.
func show(answer []byte, err error) {
	if err != nil {
		fmt.Println("error:", err)
		return
	}
	fmt.Printf("%s\n", answer)
}

// A function is lambda.Start with a router.
func Example() {
	save := func(ctx context.Context, o *order) error {
		fmt.Printf("order %d: %d cents\n", o.ID, o.Amount)
		return nil
	}
	r := router.New(router.JSON(func(ctx context.Context, rec *decoder.Record, o *order) error {
		return save(ctx, o)
	}))
	if false { // in Lambda
		lambda.Start(r)
	}
	show(r.Invoke(context.Background(), orders(`{"id":1,"amount":250}`, `{"id":2,"amount":990}`)))
	// Output:
	// order 1: 250 cents
	// order 2: 990 cents
	// {"batchItemFailures":[]}
}

// One function for several streams, each with a handler, a decoder and options
// of its own.
func ExampleWithStream() {
	orderPlaced := router.Each(func(_ context.Context, rec *decoder.Record) error {
		fmt.Printf("order %s\n", rec.Data)
		return nil
	})
	clicked := router.Batch(func(_ context.Context, recs []decoder.Record) error {
		fmt.Println(len(recs), "clicks")
		return nil
	})
	r := router.New(nil,
		router.WithStream("orders", orderPlaced),
		router.WithStream("arn:aws:kinesis:us-east-1:123456789012:stream/clicks", clicked,
			router.WithDecoder(decoder.Decoder{Deaggregate: true}), router.WithBatchSize(500)),
	)

	show(r.Invoke(context.Background(), orders("a")))
	show(r.Invoke(context.Background(), routertest.Event{Stream: "clicks", Records: 700, Size: 20}.Bytes()))
	show(r.Invoke(context.Background(), routertest.Event{Stream: "other", Records: 1}.Bytes()))
	// Output:
	// order a
	// {"batchItemFailures":[]}
	// 500 clicks
	// 200 clicks
	// {"batchItemFailures":[]}
	// error: no handler for stream "other"
}

// greeter is a handler of events that are not from Kinesis.
type greeter struct{}

func (greeter) Invoke(context.Context, []byte) ([]byte, error) { return []byte(`"hello"`), nil }

// Events of other services, such as a scheduled one that keeps the function
// warm, go to a handler of their own.
func ExampleWithFallback() {
	r := router.New(router.Each(func(context.Context, *decoder.Record) error {
		return nil
	}), router.WithFallback(greeter{}))
	show(r.Invoke(context.Background(), []byte(`{"source":"aws.events","detail-type":"Scheduled Event"}`)))
	show(r.Invoke(context.Background(), orders("a")))
	// Output:
	// "hello"
	// {"batchItemFailures":[]}
}

// Counters of each invocation, for a metric or a log line.
func ExampleWithStats() {
	r := router.New(router.Each(func(_ context.Context, rec *decoder.Record) error {
		switch string(rec.Data) {
		case "spam":
			return router.Skip(errors.New("spam"))
		case "late":
			return errors.New("try again")
		}
		return nil
	}), router.WithLogger(slog.New(slog.DiscardHandler)), router.WithStats(func(_ context.Context, s router.Stats) {
		fmt.Printf("%d records of %s, %d bytes: %d processed, %d skipped, %d failed; again from %q\n",
			s.Records, s.Source.StreamName, s.Bytes, s.Processed, s.Skipped, s.Failed, s.Checkpoint)
	}))
	answer, err := r.Invoke(context.Background(), routertest.Payloads("one", "spam", "two"))
	fmt.Println(string(answer), err)
	answer, err = r.Invoke(context.Background(), routertest.Payloads("one", "late", "two"))
	fmt.Println(string(answer), err)
	// Output:
	// 3 records of orders, 10 bytes: 2 processed, 1 skipped, 0 failed; again from ""
	// {"batchItemFailures":[]} <nil>
	// 2 records of orders, 7 bytes: 1 processed, 0 skipped, 1 failed; again from "102"
	// {"batchItemFailures":[{"itemIdentifier":"102"}]} <nil>
}

// With a deadline, as Lambda sets one, the work stops in time: what is done
// stays done, and Lambda delivers the rest again.
func ExampleWithMargin() {
	r := router.New(router.Each(func(ctx context.Context, rec *decoder.Record) error {
		if string(rec.Data) == "slow" {
			<-ctx.Done() // cancelled 2 s before the deadline
			return ctx.Err()
		}
		fmt.Printf("%s is done\n", rec.Data)
		return nil
	}), router.WithLogger(slog.New(slog.DiscardHandler)), router.WithMargin(2*time.Second))

	ctx, cancel := context.WithTimeout(context.Background(), 2100*time.Millisecond)
	defer cancel()
	answer, err := r.Invoke(ctx, routertest.Payloads("first", "second", "slow", "last"))
	fmt.Println(string(answer), err)
	// Output:
	// first is done
	// second is done
	// {"batchItemFailures":[{"itemIdentifier":"103"}]} <nil>
}

// An event with the least that a record may have.
func ExampleRouter_Invoke() {
	r := router.New(router.Each(func(_ context.Context, rec *decoder.Record) error {
		fmt.Printf("%s: %s\n", rec.PartitionKey, rec.Data)
		return nil
	}))
	show(r.Invoke(context.Background(), []byte(`{"Records":[{"eventSource":"aws:kinesis","kinesis":{`+
		`"data":"SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==","partitionKey":"1",`+
		`"sequenceNumber":"49590338271490256608559692538361571095921575989136588898"}}]}`)))
	// Output:
	// 1: Hello, this is a test.
	// {"batchItemFailures":[]}
}
