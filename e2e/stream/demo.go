package stream

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"time"
)

// This file writes records for those who have none of their own.

// Demo writes so many records a second until ctx ends: JSON as it is, JSON in gzip, and JSON in aggregates.
func Demo(ctx context.Context, s *Stream, perSecond float64) error {
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
		e, err := demoEntry(n)
		if err != nil {
			return err
		}
		if err := s.Put(ctx, []Entry{e}); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// demoEntry is the n-th record.
func demoEntry(n int) (Entry, error) {
	order := func(i int) Entry {
		return Entry{
			Key:  fmt.Sprintf("user-%d", (n*7+i)%10),
			Data: fmt.Appendf(nil, `{"id":"order-%d","type":"placed","amount":%d}`, n*10+i, 100+n*37%900),
		}
	}
	switch n % 3 {
	case 1:
		e := order(0)
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		if _, err := w.Write(e.Data); err != nil {
			return Entry{}, err
		}
		if err := w.Close(); err != nil {
			return Entry{}, err
		}
		e.Data = b.Bytes()
		return e, nil
	case 2:
		return Aggregate([]Entry{order(0), order(1), order(2)}), nil
	}
	return order(0), nil
}
