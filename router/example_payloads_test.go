package router_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/valyala/fastjson"

	"example.com/sluice/decoder"
	"example.com/sluice/payload/cwlogs"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

// Log events of CloudWatch Logs, one at a time. Lambda knows records alone, so the answer names the record that a failed log event came in.
func ExampleLogEvents() {
	message := func(texts ...string) []byte {
		var events []routertest.LogEvent
		for _, text := range texts {
			events = append(events, routertest.LogEvent{Message: text})
		}
		return routertest.LogMessage(cwlogs.Envelope{LogGroup: "/aws/lambda/pay"}, events...)
	}
	r := router.New(router.LogEvents(func(_ context.Context, _ *decoder.Record, e *cwlogs.Event) error {
		fmt.Printf("%s: %s\n", e.LogGroup, e.Message)
		if string(e.Message) == "c" {
			return fmt.Errorf("no room for %s", e.Message)
		}
		return nil
	}), router.WithLogger(slog.New(slog.DiscardHandler)))
	answer, err := r.Invoke(context.Background(), routertest.EventOf(
		decoder.Record{SequenceNumber: []byte("101"), Data: message("a", "b")},
		decoder.Record{SequenceNumber: []byte("102"), Data: message("c", "d")},
		decoder.Record{SequenceNumber: []byte("103"), Data: message("e")},
	))
	fmt.Println(string(answer), err)
	// Output:
	// /aws/lambda/pay: a
	// /aws/lambda/pay: b
	// /aws/lambda/pay: c
	// {"batchItemFailures":[{"itemIdentifier":"102"}]} <nil>
}

// A tree of values, for payloads of which a handler needs a little.
func ExampleJSONValue() {
	r := router.New(router.JSONValue(func(_ context.Context, rec *decoder.Record, v *fastjson.Value) error {
		fmt.Printf("%d is %d\n", rec.Index, v.GetInt())
		return nil
	}))
	answer, err := r.Invoke(context.Background(), routertest.Payloads("7", "8"))
	fmt.Println(string(answer), err)
	// Output:
	// 0 is 7
	// 1 is 8
	// {"batchItemFailures":[]} <nil>
}
