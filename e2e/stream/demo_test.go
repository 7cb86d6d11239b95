package stream

import (
	"context"
	"testing"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

// The README's first handler reads the demonstration records; mixed, it does
// with the decoder that local names.
func TestDemoIsOrders(t *testing.T) {
	type order struct{ ID, Item string }
	for _, mixed := range []bool{false, true} {
		n := 0
		var opts []router.Option
		if mixed {
			opts = append(opts, router.WithDecoder(decoder.Decoder{Deaggregate: true, Codec: decoder.Auto}))
		}
		r := router.New(router.JSON(func(_ context.Context, rec *decoder.Record, o *order) error {
			if n++; o.ID == "" || o.Item == "" {
				t.Errorf("%s is no order", rec.Data)
			}
			return nil
		}), opts...)
		recs := make([]decoder.Record, 30)
		for i := range recs {
			e := demoEntry(i, mixed)
			recs[i] = decoder.Record{PartitionKey: []byte(e.Key), Data: e.Data}
		}
		answer, err := r.Invoke(t.Context(), routertest.EventOf(recs...))
		if want := map[bool]int{false: 30, true: 50}[mixed]; err != nil ||
			string(answer) != `{"batchItemFailures":[]}` || n != want {
			t.Errorf("mixed %t: %d orders, %s, %v", mixed, n, answer, err)
		}
	}
}
