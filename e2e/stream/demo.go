package stream

import (
	"context"
	"fmt"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/router/routertest"
)

// This file writes records for those who have none.

// Demo writes perSecond records a second until ctx ends: orders in JSON,
// {"id":"order-1","item":"lamp",…}. With mixed, every second of three is in
// gzip, and every third is an aggregate of three orders.
func Demo(ctx context.Context, s *Stream, perSecond float64, mixed bool) error {
	if perSecond <= 0 {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(time.Duration(float64(time.Second) / perSecond))
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := s.Put(ctx, []Entry{demoEntry(n, mixed)}); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// demoEntry is the n-th record.
func demoEntry(n int, mixed bool) Entry {
	order := func(i int) Entry {
		items := [...]string{"lamp", "desk", "chair", "shelf"}
		return Entry{
			Key: fmt.Sprintf("user-%d", (n*7+i)%10),
			Data: fmt.Appendf(nil, `{"id":"order-%d","item":%q,"type":"placed","amount":%d}`, n*10+i,
				items[(n+i)%len(items)], 100+n*37%900),
		}
	}
	e := order(0)
	switch {
	case mixed && n%3 == 1:
		e.Data = routertest.Gzip(e.Data)
	case mixed && n%3 == 2:
		return Aggregate([]Entry{e, order(1), order(2)})
	}
	return e
}

// Aggregate returns one record that holds these, as the Kinesis Producer
// Library writes it.
func Aggregate(entries []Entry) Entry {
	recs := make([]decoder.Record, len(entries))
	for i, e := range entries {
		recs[i] = decoder.Record{PartitionKey: []byte(e.Key), Data: e.Data}
	}
	rec := routertest.Aggregate(recs...)
	return Entry{Key: string(rec.PartitionKey), Data: rec.Data}
}
