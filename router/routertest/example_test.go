package routertest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

// A handler is a function that you can call.
func ExampleNewRecord() {
	handle := func(_ context.Context, rec *decoder.Record) error {
		if !bytes.HasPrefix(rec.Data, []byte("{")) {
			return errors.New("not an order")
		}
		fmt.Printf("%s from %s: %s\n", rec.PartitionKey, rec.StreamName, rec.Data)
		return nil
	}

	fmt.Println(handle(context.Background(), routertest.NewRecord("user-7", []byte(`{"id":1}`))))
	fmt.Println(handle(context.Background(), routertest.NewRecord("user-7", []byte(`hello`))))
	// Output:
	// user-7 from orders: {"id":1}
	// <nil>
	// not an order
}

// An event as EventBridge Pipes sends it.
func ExampleEvent_pipe() {
	event := routertest.Event{Records: 2, Pipe: true}.Bytes()
	fmt.Printf("%s…\n", event[:58])
	for rec, err := range decoder.Records(event) {
		fmt.Printf("%s %v\n", rec.EventID, err)
	}
	// Output:
	// [{"kinesisSchemaVersion":"1.0","partitionKey":"user-000000…
	// shardId-000000000000:49658471032915763208146092357481206394817562039485716482 <nil>
	// shardId-000000000000:49658471032915763208146092357484833170040218254125599432 <nil>
}

func ExampleEvent() {
	e := routertest.Event{Records: 4, Size: 40, Keys: 2, Stream: "clicks"}
	for rec, err := range decoder.Records(e.Bytes()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s %s %s\n", rec.ApproximateArrivalTimestamp.Format("15:04:05.000"), rec.PartitionKey, rec.Data)
	}
	// Output:
	// 10:09:15.987 user-000000 {"id":"100000","item":"change carrier "}
	// 10:09:15.990 user-000001 {"id":"100001","item":"points received"}
	// 10:09:15.991 user-000001 {"id":"100002","item":"paid quantity c"}
	// 10:09:15.997 user-000000 {"id":"100003","item":"the stock quant"}
}

// The answer to Lambda if the handler fails for the second of three records.
func ExampleEventOf() {
	event := routertest.EventOf(
		decoder.Record{SequenceNumber: []byte("101"), Data: []byte("one")},
		decoder.Record{SequenceNumber: []byte("102"), Data: []byte("two")},
		decoder.Record{SequenceNumber: []byte("103"), Data: []byte("three")},
	)
	r := router.New(router.Each(func(_ context.Context, rec *decoder.Record) error {
		if string(rec.Data) == "two" {
			return errors.New("no room for two")
		}
		return nil
	}), router.WithLogger(slog.New(slog.DiscardHandler)))
	answer, err := r.Invoke(context.Background(), event)
	fmt.Println(string(answer), err)
	// Output: {"batchItemFailures":[{"itemIdentifier":"102"}]} <nil>
}
