package router_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"sort"
	"strings"
	"sync"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

// Basic processing: one record after the other.
func ExampleEach() {
	r := router.New(router.Each(func(_ context.Context, rec *decoder.Record) error {
		fmt.Printf("%s %s arrived %s: %s\n", rec.PartitionKey, rec.SequenceNumber,
			rec.ApproximateArrivalTimestamp.Format(time.TimeOnly), rec.Data)
		return nil
	}))
	answer, err := r.Invoke(context.Background(), routertest.Payloads("Hello", "world"))
	fmt.Println(string(answer), err)
	// Output:
	// user-1 101 arrived 10:09:15: Hello
	// user-1 102 arrived 10:09:15: world
	// {"batchItemFailures":[]} <nil>
}

// Chunks of 100, such as a database takes in one statement.
func ExampleBatch() {
	r := router.New(router.Batch(func(_ context.Context, recs []decoder.Record) error {
		fmt.Printf("insert %d rows, %d to %d\n", len(recs), recs[0].Index, recs[len(recs)-1].Index)
		return nil
	}), router.WithBatchSize(100))
	answer, err := r.Invoke(context.Background(), routertest.Event{Records: 250, Size: 64}.Bytes())
	fmt.Println(string(answer), err)
	// Output:
	// insert 100 rows, 0 to 99
	// insert 100 rows, 100 to 199
	// insert 50 rows, 200 to 249
	// {"batchItemFailures":[]} <nil>
}

// Grouping by partition key: each key's records in order, keys side by side.
func ExamplePartition() {
	var mu sync.Mutex
	var lines []string
	r := router.New(router.Partition(func(_ context.Context, key []byte, recs []decoder.Record) error {
		var text []string
		for i := range recs {
			text = append(text, string(recs[i].Data))
		}
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, fmt.Sprintf("%s: %s", key, strings.Join(text, ", ")))
		return nil
	}), router.WithWorkers(4))
	answer, err := r.Invoke(context.Background(), routertest.EventOf(
		decoder.Record{PartitionKey: []byte("ann"), Data: []byte("login")},
		decoder.Record{PartitionKey: []byte("bob"), Data: []byte("login")},
		decoder.Record{PartitionKey: []byte("ann"), Data: []byte("buy")},
		decoder.Record{PartitionKey: []byte("ann"), Data: []byte("logout")},
	))
	sort.Strings(lines) // ann and bob may come in either order
	fmt.Println(strings.Join(lines, "\n"))
	fmt.Println(string(answer), err)
	// Output:
	// ann: login, buy, logout
	// bob: login
	// {"batchItemFailures":[]} <nil>
}

// Windows of a minute by arrival time, with what is older than the watermark
// apart.
func ExampleByTime() {
	at := func(clock string) time.Time {
		t, err := time.Parse(time.DateTime, "2024-11-18 "+clock)
		if err != nil {
			panic(err)
		}
		return t
	}
	r := router.New(router.ByTime{
		Size: time.Minute,
		// read from where the last run stored it
		After: func(_ context.Context, src *decoder.Source) time.Time { return at("10:00:30") },
		Handle: func(_ context.Context, start time.Time, recs []decoder.Record) error {
			fmt.Printf("%s: %d records\n", start.Format("15:04"), len(recs))
			return nil
		},
		Late: func(_ context.Context, recs []decoder.Record) error {
			fmt.Printf("late: %s\n", recs[0].Data)
			return nil
		},
	})
	answer, err := r.Invoke(context.Background(), routertest.EventOf(
		decoder.Record{ApproximateArrivalTimestamp: at("10:01:10"), Data: []byte("a")},
		decoder.Record{ApproximateArrivalTimestamp: at("10:00:20"), Data: []byte("b")},
		decoder.Record{ApproximateArrivalTimestamp: at("10:00:59"), Data: []byte("c")},
		decoder.Record{ApproximateArrivalTimestamp: at("10:01:50"), Data: []byte("d")},
	))
	fmt.Println(string(answer), err)
	// Output:
	// late: b
	// 10:00: 1 records
	// 10:01: 2 records
	// {"batchItemFailures":[]} <nil>
}

// Lambda's tumbling window: a sum that goes from invocation to invocation, and
// is stored at the end.
func ExampleTumbling() {
	type order struct{ ID, Amount int }
	type totals struct {
		Orders int `json:"orders"`
		Amount int `json:"amount"`
	}
	r := router.New(router.Tumbling(func(_ context.Context, w *decoder.Window, state *totals,
		recs []decoder.Record,
	) error {
		for i := range recs {
			var o order
			if err := json.Unmarshal(recs[i].Data, &o); err != nil {
				return router.At(&recs[i], err)
			}
			state.Orders++
			state.Amount += o.Amount
		}
		if w.IsFinalInvokeForWindow {
			fmt.Printf("from %s to %s: %d orders, %d cents\n", w.Start.Format("15:04"), w.End.Format("15:04"),
				state.Orders, state.Amount)
		}
		return nil
	}))
	window := decoder.Window{
		Start: time.Date(2024, 11, 18, 10, 8, 0, 0, time.UTC),
		End:   time.Date(2024, 11, 18, 10, 10, 0, 0, time.UTC),
	}
	amounts := func(i int) []byte { return fmt.Appendf(nil, `{"amount":%d}`, 100*(i+1)) }
	answer, err := r.Invoke(context.Background(), routertest.Event{Records: 3, Data: amounts, Window: &window}.Bytes())
	fmt.Println(string(answer), err)
	window.State, window.IsFinalInvokeForWindow = []byte(`{"orders":3,"amount":600}`), true
	answer, err = r.Invoke(context.Background(), routertest.Event{Records: 1, Data: amounts, Window: &window}.Bytes())
	fmt.Println(string(answer), err)
	// Output:
	// {"state":{"orders":3,"amount":600},"batchItemFailures":[]} <nil>
	// from 10:08 to 10:10: 4 orders, 700 cents
	// {"state":{"orders":4,"amount":700},"batchItemFailures":[]} <nil>
}

// Any function of the form of json.Unmarshal decodes payloads: here XML.
func ExampleTyped() {
	type item struct {
		Name string `xml:"name,attr"`
	}
	r := router.New(router.Typed(xml.Unmarshal, func(_ context.Context, rec *decoder.Record, v *item) error {
		fmt.Printf("%s: %s\n", rec.SequenceNumber, v.Name)
		return nil
	}))
	answer, err := r.Invoke(context.Background(), routertest.Payloads(`<item name="lamp"/>`, `<item name="desk"/>`))
	fmt.Println(string(answer), err)
	// Output:
	// 101: lamp
	// 102: desk
	// {"batchItemFailures":[]} <nil>
}

// JSON payloads; the record stays beside the value.
func ExampleJSON() {
	type order struct{ ID, Amount int }
	r := router.New(router.JSON(func(_ context.Context, rec *decoder.Record, o *order) error {
		fmt.Printf("%s of %s: order %d\n", rec.SequenceNumber, rec.StreamName, o.ID)
		return nil
	}))
	answer, err := r.Invoke(context.Background(), routertest.Payloads(`{"id":1}`, `{"id":2}`))
	fmt.Println(string(answer), err)
	// Output:
	// 101 of orders: order 1
	// 102 of orders: order 2
	// {"batchItemFailures":[]} <nil>
}

// Slices of decoded payloads, each with its record.
func ExampleTypedBatch() {
	type order struct{ ID, Amount int }
	r := router.New(router.TypedBatch(json.Unmarshal, func(_ context.Context, items []router.Item[order]) error {
		sum := 0
		for _, item := range items {
			sum += item.Value.Amount
		}
		fmt.Printf("%s to %s: %d cents\n", items[0].SequenceNumber, items[len(items)-1].SequenceNumber, sum)
		return nil
	}))
	answer, err := r.Invoke(context.Background(),
		routertest.Payloads(`{"amount":100}`, `{"amount":20}`, `{"amount":3}`))
	fmt.Println(string(answer), err)
	// Output:
	// 101 to 103: 123 cents
	// {"batchItemFailures":[]} <nil>
}

// A key's payloads in order. At says which one has failed: those before it are
// done.
func ExampleTypedPartition() {
	type order struct{ ID, Amount int }
	r := router.New(router.TypedPartition(json.Unmarshal,
		func(_ context.Context, key []byte, items []router.Item[order]) error {
			for _, item := range items {
				if item.Value.Amount < 0 {
					return router.At(item.Record, fmt.Errorf("order %d costs nothing", item.Value.ID))
				}
				fmt.Printf("%s: order %d\n", key, item.Value.ID)
			}
			return nil
		}), router.WithLogger(slog.New(slog.DiscardHandler)))
	answer, err := r.Invoke(context.Background(), routertest.Payloads(`{"id":1}`, `{"id":2,"amount":-1}`, `{"id":3}`))
	fmt.Println(string(answer), err)
	// Output:
	// user-1: order 1
	// {"batchItemFailures":[{"itemIdentifier":"102"}]} <nil>
}
