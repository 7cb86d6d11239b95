package examples_test

import (
	"context"
	"fmt"
	"time"

	"github.com/bytedance/sonic"
	"github.com/goccy/go-json"
	"github.com/vmihailenco/msgpack/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

// Order is what the records hold.
type Order struct {
	ID    int    `json:"id" msgpack:"id"`
	Buyer string `json:"buyer" msgpack:"buyer"`
}

// invoke hands a router one record for each payload and prints its answer.
func invoke(h router.Handler, payloads ...[]byte) {
	recs := make([]decoder.Record, len(payloads))
	for i, p := range payloads {
		recs[i] = decoder.Record{PartitionKey: []byte("k"), SequenceNumber: fmt.Append(nil, 101+i), Data: p}
	}
	answer, err := router.New(h).Invoke(context.Background(), routertest.EventOf(recs...))
	fmt.Println(string(answer), err)
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// go-json has the same functions as encoding/json, so its Unmarshal simply
// replaces json.Unmarshal.
func Example_goccy() {
	invoke(router.Typed(json.Unmarshal, func(_ context.Context, _ *decoder.Record, o *Order) error {
		fmt.Println(o.ID, o.Buyer)
		return nil
	}), []byte(`{"id":7,"buyer":"user-1"}`), []byte(`{"id":8,"buyer":"user-2"}`))
	// Output:
	// 7 user-1
	// 8 user-2
	// {"batchItemFailures":[]} <nil>
}

// ConfigStd copies strings. With a configuration that does not, values may
// point into the record's data, which is reused.
func Example_sonic() {
	api := sonic.ConfigStd
	invoke(router.TypedBatch(api.Unmarshal, func(_ context.Context, items []router.Item[Order]) error {
		for _, it := range items {
			fmt.Println(it.Index, it.Value.ID, it.Value.Buyer)
		}
		return nil
	}), []byte(`{"id":7,"buyer":"user-1"}`), []byte(`{"id":8,"buyer":"user-2"}`))
	// Output:
	// 0 7 user-1
	// 1 8 user-2
	// {"batchItemFailures":[]} <nil>
}

func Example_messagePack() {
	payload := must(msgpack.Marshal(Order{7, "user-1"}))
	invoke(router.Typed(msgpack.Unmarshal, func(_ context.Context, _ *decoder.Record, o *Order) error {
		fmt.Println(o.ID, o.Buyer)
		return nil
	}), payload)
	// Output:
	// 7 user-1
	// {"batchItemFailures":[]} <nil>
}

// unmarshalProto turns proto.Unmarshal into what typed handlers take. T is the
// generated struct, and *T the message.
func unmarshalProto(data []byte, v any) error { return proto.Unmarshal(data, v.(proto.Message)) }

// Generated messages are like any other type. A record whose message does not
// decode is a bad record.
func Example_protobuf() {
	at := must(proto.Marshal(timestamppb.New(time.UnixMilli(1731924555137))))
	invoke(router.Typed(unmarshalProto, func(_ context.Context, rec *decoder.Record, m *timestamppb.Timestamp) error {
		fmt.Println(rec.Index, m.AsTime().Format(time.RFC3339Nano))
		return nil
	}), at)

	order, _ := structpb.NewStruct(map[string]any{"id": 7, "buyer": "user-1"})
	invoke(router.TypedPartition(unmarshalProto,
		func(_ context.Context, key []byte, items []router.Item[structpb.Struct]) error {
			for i := range items {
				fmt.Println(string(key), items[i].Value.Fields["buyer"].GetStringValue())
			}
			return nil
		}), must(proto.Marshal(order)))
	// Output:
	// 0 2024-11-18T10:09:15.137Z
	// {"batchItemFailures":[]} <nil>
	// k user-1
	// {"batchItemFailures":[]} <nil>
}
