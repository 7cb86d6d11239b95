package router_test

import (
	"context"
	"fmt"

	"github.com/valyala/fastjson"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

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
