package router_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

// The three classes of error: one record that is bad for good, one that may
// succeed later, and a fault that is none of the records'.
func ExampleSkip() {
	var (
		errTooOld = errors.New("the order is a year old")
		errBusy   = errors.New("the database is busy")
		errConfig = errors.New("no table name in the environment")
	)
	handle := func(_ context.Context, rec *decoder.Record) error {
		switch string(rec.Data) {
		case "old":
			return router.Skip(errTooOld) // go on without it
		case "busy":
			return errBusy // the same as router.Retry(errBusy): deliver again from here on
		case "config":
			return router.Fail(errConfig) // deliver all of it again
		}
		fmt.Printf("%s is done\n", rec.Data)
		return nil
	}
	r := router.New(router.Each(handle), router.WithLogger(slog.New(slog.DiscardHandler)))
	answer, err := r.Invoke(context.Background(), routertest.Payloads("a", "old", "b"))
	fmt.Println(string(answer), err)
	answer, err = r.Invoke(context.Background(), routertest.Payloads("a", "busy", "b"))
	fmt.Println(string(answer), err)
	_, err = r.Invoke(context.Background(), routertest.Payloads("a", "config", "b"))
	fmt.Println("error:", err)
	// Output:
	// a is done
	// b is done
	// {"batchItemFailures":[]} <nil>
	// a is done
	// {"batchItemFailures":[{"itemIdentifier":"102"}]} <nil>
	// a is done
	// error: record 1 (sequence number 102): no table name in the environment
}

// In slices At says which record is meant. With Skip, the records behind it
// come again in the same invocation.
func ExampleAt() {
	handle := func(_ context.Context, recs []decoder.Record) error {
		for i := range recs {
			switch string(recs[i].Data) {
			case "spam":
				return router.At(&recs[i], router.Skip(errors.New("spam")))
			case "busy":
				return router.At(&recs[i], errors.New("busy"))
			}
			fmt.Printf("%s is done\n", recs[i].Data)
		}
		return nil
	}
	r := router.New(router.Batch(handle), router.WithLogger(slog.New(slog.DiscardHandler)))
	answer, err := r.Invoke(context.Background(), routertest.Payloads("a", "spam", "b"))
	fmt.Println(string(answer), err)
	answer, err = r.Invoke(context.Background(), routertest.Payloads("a", "busy", "b"))
	fmt.Println(string(answer), err)
	// Output:
	// a is done
	// b is done
	// {"batchItemFailures":[]} <nil>
	// a is done
	// {"batchItemFailures":[{"itemIdentifier":"102"}]} <nil>
}

// A handler that decodes payloads itself says which of them are bad. Their
// records go to WithOnBad, as they would if a typed handler had decoded them.
func ExampleBad() {
	handle := func(_ context.Context, recs []decoder.Record) error {
		for i := range recs {
			n, err := strconv.Atoi(string(recs[i].Data))
			if err != nil {
				return router.At(&recs[i], router.Bad(err)) // those behind it come in another call
			}
			fmt.Println("got", n)
		}
		return nil
	}
	setAside := func(_ context.Context, rec *decoder.Record, err error) error {
		fmt.Printf("to the dead letters: %s\n", rec.Data)
		return router.Skip(err)
	}
	r := router.New(router.Batch(handle), router.WithOnBad(setAside), router.WithLogger(slog.New(slog.DiscardHandler)))
	answer, err := r.Invoke(context.Background(), routertest.Payloads("1", "two", "3", "four", "5"))
	fmt.Println(string(answer), err)
	// Output:
	// got 1
	// to the dead letters: two
	// got 3
	// to the dead letters: four
	// got 5
	// {"batchItemFailures":[]} <nil>
}

// What a wrapper around a handler needs to know: whether a record was given up.
func ExampleIsSkip() {
	spam := errors.New("spam")
	fmt.Println(router.IsSkip(router.Skip(spam)), router.IsSkip(fmt.Errorf("row 7: %w", router.Skip(spam))),
		router.IsSkip(spam))
	// Output:
	// true true false
}

// JSON in which some records are bad: they are reported with their sequence
// numbers, and the work goes on without them.
func ExampleWithOnBad() {
	type order struct{ ID, Amount int }
	r := router.New(router.JSON(func(_ context.Context, rec *decoder.Record, o *order) error {
		fmt.Printf("order %d\n", o.ID)
		return nil
	}), router.WithLogger(slog.New(slog.DiscardHandler)), router.WithOnBad(func(ctx context.Context,
		rec *decoder.Record, err error,
	) error {
		fmt.Printf("bad record %s: %v\n", rec.SequenceNumber, errors.Is(err, decoder.ErrDecode))
		return router.Skip(err)
	}))
	answer, err := r.Invoke(context.Background(), routertest.Payloads(`{"id":1}`, `{"id":`, `{"id":3}`))
	fmt.Println(string(answer), err)
	// Output:
	// order 1
	// bad record 102: true
	// order 3
	// {"batchItemFailures":[]} <nil>
}

// SkipBad does no more than log bad records. Without it they are delivered
// again until they expire.
func ExampleSkipBad() {
	type order struct{ ID, Amount int }
	handle := router.JSON(func(_ context.Context, rec *decoder.Record, o *order) error {
		fmt.Printf("order %d\n", o.ID)
		return nil
	})
	event := routertest.Payloads(`{"id":1}`, `<order/>`, `{"id":3}`)
	answer, err := router.New(handle, router.WithLogger(slog.New(slog.DiscardHandler)),
		router.WithOnBad(router.SkipBad)).Invoke(context.Background(), event)
	fmt.Println(string(answer), err)
	answer, err = router.New(handle, router.WithLogger(slog.New(slog.DiscardHandler))).Invoke(context.Background(),
		event)
	fmt.Println(string(answer), err)
	// Output:
	// order 1
	// order 3
	// {"batchItemFailures":[]} <nil>
	// order 1
	// {"batchItemFailures":[{"itemIdentifier":"102"}]} <nil>
}

// A record that has failed three times is put aside, so that the shard goes on.
func ExampleWithPoison() {
	r := router.New(router.Each(func(_ context.Context, rec *decoder.Record) error {
		if string(rec.Data) == "poison" {
			return errors.New("cannot be digested")
		}
		return nil
	}), router.WithLogger(slog.New(slog.DiscardHandler)), router.WithPoison(3,
		func(ctx context.Context, rec *decoder.Record, err error) error {
			fmt.Printf("to the queue: %s %s (%v)\n", rec.SequenceNumber, rec.Data, err)
			return nil
		}))
	for range 3 {
		answer, err := r.Invoke(context.Background(), routertest.Payloads("a", "poison", "b"))
		fmt.Println(string(answer), err)
	}
	// Output:
	// {"batchItemFailures":[{"itemIdentifier":"102"}]} <nil>
	// {"batchItemFailures":[{"itemIdentifier":"102"}]} <nil>
	// to the queue: 102 poison (cannot be digested)
	// {"batchItemFailures":[]} <nil>
}

// Of records that are delivered again for the sake of one, those that were done
// are not handled twice by this process.
func ExampleWithRedeliveryMemory() {
	recs := []decoder.Record{
		{PartitionKey: []byte("ann"), SequenceNumber: []byte("101")},
		{PartitionKey: []byte("bob"), SequenceNumber: []byte("102")},
		{PartitionKey: []byte("ann"), SequenceNumber: []byte("103")},
		{PartitionKey: []byte("bob"), SequenceNumber: []byte("104")},
	}
	busy := true
	r := router.New(router.Partition(func(_ context.Context, key []byte, recs []decoder.Record) error {
		if busy && string(key) == "bob" {
			return errors.New("bob's database is busy")
		}
		fmt.Printf("%s: %d records\n", key, len(recs))
		return nil
	}), router.WithLogger(slog.New(slog.DiscardHandler)), router.WithWorkers(1), router.WithRedeliveryMemory(10_000))
	answer, err := r.Invoke(context.Background(), routertest.EventOf(recs...))
	fmt.Println(string(answer), err)
	busy = false
	answer, err = r.Invoke(context.Background(), routertest.EventOf(recs[1:]...))
	fmt.Println(string(answer), err) // from 102 on
	// Output:
	// ann: 2 records
	// {"batchItemFailures":[{"itemIdentifier":"102"}]} <nil>
	// bob: 2 records
	// {"batchItemFailures":[]} <nil>
}

// An event without ReportBatchItemFailures in its mapping: the first failure
// fails the invocation.
func ExampleWithWholeBatch() {
	r := router.New(router.Each(func(_ context.Context, rec *decoder.Record) error {
		if string(rec.Data) == "busy" {
			return errors.New("busy")
		}
		return nil
	}), router.WithLogger(slog.New(slog.DiscardHandler)), router.WithWholeBatch())
	_, err := r.Invoke(context.Background(), routertest.Payloads("a", "busy", "b"))
	fmt.Println("error:", err)
	// Output:
	// error: record 1 (sequence number 102): busy
}
