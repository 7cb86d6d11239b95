package routertest_test

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

var quiet = router.WithLogger(slog.New(slog.DiscardHandler))

// An order that cannot be saved, where the mapping splits batches and gives up
// after two retries.
func ExampleMapping() {
	save := func(_ context.Context, rec *decoder.Record) error {
		if string(rec.PartitionKey) == "user-000004" {
			return errors.New("no such user")
		}
		return nil
	}
	m := routertest.Mapping{
		ReportBatchItemFailures: true, BisectBatchOnFunctionError: true, MaximumRetryAttempts: new(2),
		OnFailure: routertest.SQS,
	}
	key := func(i int) string { return fmt.Sprintf("user-%06d", i) }
	log := m.Run(router.New(router.Each(save), quiet), routertest.Event{Records: 8, Key: key}.All())

	fmt.Print(log)
	fmt.Println("record 3 is", log.Fate(3))
	fmt.Println("record 4 is", log.Fate(4))
	// Output:
	// 1s shardId-000000000000 [0-7]: again from 4: no such user
	// 1s shardId-000000000000 [4-7]: again from 4: no such user
	// 1s shardId-000000000000 [4 5]: again from 4: no such user
	// 1s shardId-000000000000 [4]: again from 4: no such user
	// 2s shardId-000000000000 [4] retry 1: again from 4: no such user
	// 4s shardId-000000000000 [4] retry 2: again from 4: no such user
	// 4s shardId-000000000000 [4] given up: RetryAttemptsExhausted
	// 4s shardId-000000000000 [5]: done
	// 4s shardId-000000000000 [6 7]: done
	// record 3 is done
	// record 4 is given up
}

// The same with EventBridge Pipes, which sends bare arrays and identifies
// records by their event ids.
func ExampleMapping_pipe() {
	calls := 0
	save := func(_ context.Context, rec *decoder.Record) error {
		if calls++; calls == 3 {
			return errors.New("the database is away")
		}
		return nil
	}
	m := routertest.Mapping{Pipe: true}
	log := m.Run(router.New(router.Each(save), quiet), routertest.Event{Records: 5, First: "100"}.All())

	fmt.Print(log)
	fmt.Printf("%s\n", log.Invocations[0].Response)
	// Output:
	// 1s shardId-000000000000 [0-4]: again from 2: the database is away
	// 2s shardId-000000000000 [2-4] retry 1: done
	// {"batchItemFailures":[{"itemIdentifier":"shardId-000000000000:116"}]}
}

// A count for each minute: each invocation hands its state to the next, and the
// final one has the total.
func ExampleMapping_tumblingWindow() {
	count := router.Tumbling(func(_ context.Context, w *decoder.Window, n *int, recs []decoder.Record) error {
		*n += len(recs)
		if w.IsFinalInvokeForWindow {
			fmt.Println(w.Start.Format("15:04"), *n)
		}
		return nil
	})
	m := routertest.Mapping{ReportBatchItemFailures: true, TumblingWindow: time.Minute, BatchSize: 10}
	m.Run(router.New(count), routertest.Event{Records: 100, Interval: time.Second}.All())
	// Output:
	// 10:09 45
	// 10:10 55
}

// A crash loses what the process remembers.
func ExampleCrash() {
	m := routertest.Mapping{ReportBatchItemFailures: true, BatchSize: 1, ColdStart: func() lambda.Handler {
		var seen []string // by this process
		return router.New(router.Each(func(ctx context.Context, rec *decoder.Record) error {
			seen = append(seen, string(rec.Data))
			fmt.Println(seen)
			if string(rec.Data) == "b" && len(seen) == 2 {
				routertest.Crash(ctx)
			}
			return nil
		}), quiet)
	}}
	m.Run(nil, []decoder.Record{{Data: []byte("a")}, {Data: []byte("b")}, {Data: []byte("c")}})
	// Output:
	// [a]
	// [a b]
	// [b]
	// [b c]
}
