package router_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

// A hook sees each call of the handler and how it ended. The module
// examples/otel makes spans of them.
func ExampleWithCallHook() {
	hook := func(ctx context.Context, call router.CallInfo) (context.Context, func(error)) {
		key := string(call.First.PartitionKey)
		fmt.Printf("%s: %d records\n", key, call.Records)
		return ctx, func(err error) { fmt.Printf("%s: %v\n", key, err) }
	}
	r := router.New(
		router.Partition(func(_ context.Context, key []byte, _ []decoder.Record) error {
			if string(key) == "user-000001" {
				return errors.New("no such user")
			}
			return nil
		}),
		router.WithWorkers(1),
		router.WithLogger(slog.New(slog.DiscardHandler)),
		router.WithCallHook(hook),
	)
	keys := []string{"user-000000", "user-000000", "user-000001"}
	event := routertest.Event{Records: 3, Key: func(i int) string { return keys[i] }}
	if _, err := r.Invoke(context.Background(), event.Bytes()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// user-000000: 2 records
	// user-000000: <nil>
	// user-000001: 1 records
	// user-000001: no such user
}

// Records that are kept beyond the call, without a Clone of each.
func ExampleWithCopies() {
	var last *decoder.Record
	r := router.New(
		router.Each(func(_ context.Context, rec *decoder.Record) error {
			last = rec
			return nil
		}),
		router.WithCopies(),
	)
	if _, err := r.Invoke(context.Background(), routertest.EventOf(
		decoder.Record{SequenceNumber: []byte("101"), Data: []byte("lamp")},
		decoder.Record{SequenceNumber: []byte("102"), Data: []byte("desk")},
	)); err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%s: %s\n", last.SequenceNumber, last.Data)
	// Output:
	// 102: desk
}

// A thousand records that are given up make two lines, and one that sums the
// others up. Partition keys are in them, since that is asked for.
func ExampleWithLogLimit() {
	logger := slog.New(slog.NewTextHandler(os.Stdout,
		&slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || len(groups) > 0 && groups[0] == "source" {
				return slog.Attr{} // not for this page
			}
			return a
		}}))
	r := router.New(
		router.Each(func(context.Context, *decoder.Record) error { return router.Skip(errors.New("no such user")) }),
		router.WithLogger(logger),
		router.WithLogLimit(2),
		router.WithLogKeys(router.PlainKeys),
	)
	recs := make([]decoder.Record, 1000)
	for i := range recs {
		recs[i] = decoder.Record{
			PartitionKey: []byte("user-1"), SequenceNumber: fmt.Append(nil, 1000+i),
			Data: []byte("{}"),
		}
	}
	if _, err := r.Invoke(context.Background(), routertest.EventOf(recs...)); err != nil {
		fmt.Println(err)
	}
	// Output:
	// level=WARN msg="record skipped" record.index=0 record.sequenceNumber=1000 record.partitionKey=user-1 error="no such user"
	// level=WARN msg="record skipped" record.index=1 record.sequenceNumber=1001 record.partitionKey=user-1 error="no such user"
	// level=WARN msg="more records" records=998 skipped.handler=998 first.index=2 first.sequenceNumber=1002 last.index=999 last.sequenceNumber=1999
}

// Names for partition keys in the log: those who know a key, and the secret,
// can look for it.
func ExampleWithLogKeys() {
	name := router.HashedKeys([]byte("from a secret store"))
	r := router.New(
		router.Each(func(context.Context, *decoder.Record) error { return nil }),
		router.WithLogKeys(name),
	)
	_, _ = r.Invoke(context.Background(), routertest.Event{Records: 1, Size: 20}.Bytes()) // which has nothing to log
	before, after := name([]byte("alice@example.com")), name([]byte("alice@example.com"))
	fmt.Println(len(before), before == after)
	// Output:
	// 28 true
}
