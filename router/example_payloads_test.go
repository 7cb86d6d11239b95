package router_test

import (
	"context"
	"fmt"

	"github.com/valyala/fastjson"

	"example.com/sluice/decoder"
	"example.com/sluice/payload/cwlogs"
	"example.com/sluice/router"
)

// Log events of CloudWatch Logs, one at a time. Lambda knows records alone, so the answer names the record that a failed log event came in.
func ExampleLogEvents() {
	r := router.New(router.LogEvents(func(_ context.Context, _ *decoder.Record, e *cwlogs.Event) error {
		fmt.Printf("%s: %s\n", e.LogGroup, e.Message)
		if string(e.Message) == "c" {
			return fmt.Errorf("no room for %s", e.Message)
		}
		return nil
	}), quiet())
	show(r.Invoke(context.Background(), logs(true, "ab", "#", "cd", "e")))
	// Output:
	// g: a
	// g: b
	// g: c
	// {"batchItemFailures":[{"itemIdentifier":"102"}]}
}

// A tree of values, for payloads of which a handler needs a little.
func ExampleJSONValue() {
	r := router.New(router.JSONValue(func(_ context.Context, rec *decoder.Record, v *fastjson.Value) error {
		fmt.Printf("%d is %d\n", rec.Index, v.GetInt())
		return nil
	}))
	show(r.Invoke(context.Background(), event("aa")))
	// Output:
	// 0 is 0
	// 1 is 1
	// {"batchItemFailures":[]}
}
