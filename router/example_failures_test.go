package router_test

import (
	"context"
	"errors"
	"fmt"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
)

// The three classes of error: one record that is bad for good, one that may succeed later, and a fault that is none of the records'.
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
	r := router.New(router.Each(handle), quiet())
	show(r.Invoke(context.Background(), orders("a", "old", "b")))
	show(r.Invoke(context.Background(), orders("a", "busy", "b")))
	show(r.Invoke(context.Background(), orders("a", "config", "b")))
	// Output:
	// a is done
	// b is done
	// {"batchItemFailures":[]}
	// a is done
	// {"batchItemFailures":[{"itemIdentifier":"102"}]}
	// a is done
	// error: record 1 (sequence number 102): no table name in the environment
}

// In slices At says which record is meant. With Skip, the records behind it come again in the same invocation.
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
	r := router.New(router.Batch(handle), quiet())
	show(r.Invoke(context.Background(), orders("a", "spam", "b")))
	show(r.Invoke(context.Background(), orders("a", "busy", "b")))
	// Output:
	// a is done
	// b is done
	// {"batchItemFailures":[]}
	// a is done
	// {"batchItemFailures":[{"itemIdentifier":"102"}]}
}

// JSON in which some records are bad: they are reported with their sequence numbers, and the work goes on without them.
func ExampleWithOnBad() {
	r := router.New(router.JSON(func(_ context.Context, rec *decoder.Record, o *order) error {
		fmt.Printf("order %d\n", o.ID)
		return nil
	}), quiet(), router.WithOnBad(func(ctx context.Context, rec *decoder.Record, err error) error {
		fmt.Printf("bad record %s: %v\n", rec.SequenceNumber, errors.Is(err, decoder.ErrDecode))
		return router.Skip(err)
	}))
	show(r.Invoke(context.Background(), orders(`{"id":1}`, `{"id":`, `{"id":3}`)))
	// Output:
	// order 1
	// bad record 102: true
	// order 3
	// {"batchItemFailures":[]}
}

// SkipBad does no more than log bad records. Without it they are delivered again until they expire.
func ExampleSkipBad() {
	handle := router.JSON(func(_ context.Context, rec *decoder.Record, o *order) error {
		fmt.Printf("order %d\n", o.ID)
		return nil
	})
	event := orders(`{"id":1}`, `<order/>`, `{"id":3}`)
	show(router.New(handle, quiet(), router.WithOnBad(router.SkipBad)).Invoke(context.Background(), event))
	show(router.New(handle, quiet()).Invoke(context.Background(), event))
	// Output:
	// order 1
	// order 3
	// {"batchItemFailures":[]}
	// order 1
	// {"batchItemFailures":[{"itemIdentifier":"102"}]}
}

// A record that has failed three times is put aside, so that the shard goes on.
func ExampleWithPoison() {
	r := router.New(router.Each(func(_ context.Context, rec *decoder.Record) error {
		if string(rec.Data) == "poison" {
			return errors.New("cannot be digested")
		}
		return nil
	}), quiet(), router.WithPoison(3, func(ctx context.Context, rec *decoder.Record, err error) error {
		fmt.Printf("to the queue: %s %s (%v)\n", rec.SequenceNumber, rec.Data, err)
		return nil
	}))
	for range 3 {
		show(r.Invoke(context.Background(), orders("a", "poison", "b")))
	}
	// Output:
	// {"batchItemFailures":[{"itemIdentifier":"102"}]}
	// {"batchItemFailures":[{"itemIdentifier":"102"}]}
	// to the queue: 102 poison (cannot be digested)
	// {"batchItemFailures":[]}
}

// Of records that are delivered again for the sake of one, those that were done are not handled twice by this process.
func ExampleWithRedeliveryMemory() {
	busy := true
	r := router.New(router.Partition(func(_ context.Context, key []byte, recs []decoder.Record) error {
		if busy && string(key) == "bob" {
			return errors.New("bob's database is busy")
		}
		fmt.Printf("%s: %d records\n", key, len(recs))
		return nil
	}), quiet(), router.WithWorkers(1), router.WithRedeliveryMemory(10_000))
	show(r.Invoke(context.Background(), keysEvent("ann", "bob", "ann", "bob")))
	busy = false
	show(r.Invoke(context.Background(), redelivered(keysEvent("ann", "bob", "ann", "bob"), 1))) // from 102 on
	// Output:
	// ann: 2 records
	// {"batchItemFailures":[{"itemIdentifier":"102"}]}
	// bob: 2 records
	// {"batchItemFailures":[]}
}

// An event without ReportBatchItemFailures in its mapping: the first failure fails the invocation.
func ExampleWithWholeBatch() {
	r := router.New(router.Each(func(_ context.Context, rec *decoder.Record) error {
		if string(rec.Data) == "busy" {
			return errors.New("busy")
		}
		return nil
	}), quiet(), router.WithWholeBatch())
	show(r.Invoke(context.Background(), orders("a", "busy", "b")))
	// Output:
	// error: record 1 (sequence number 102): busy
}
