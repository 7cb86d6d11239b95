package routertest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

// TestCauses: a log says why, for routers with default options in every handler
// shape, and for other handlers as far as they say it.
func TestCauses(t *testing.T) {
	errBusy := errors.New("the database is busy")
	type order struct{ ID, Item string }
	third := func(recs []decoder.Record) error {
		for i := range recs {
			if string(recs[i].Data) == "2" {
				return router.At(&recs[i], errBusy)
			}
		}
		return nil
	}
	each := func(f func(*decoder.Record) error, opts ...router.Option) lambda.Handler {
		return router.New(router.Each(func(_ context.Context, rec *decoder.Record) error { return f(rec) }), opts...)
	}
	fails := func(err error) lambda.Handler { return each(func(*decoder.Record) error { return err }) }
	onThird := func(rec *decoder.Record) error { return third([]decoder.Record{*rec}) }
	batch := func(_ context.Context, recs []decoder.Record) error { return third(recs) }
	partition := func(_ context.Context, _ []byte, recs []decoder.Record) error { return third(recs) }
	orders := func(opts ...router.Option) lambda.Handler {
		return router.New(router.JSON(func(context.Context, *decoder.Record, *order) error { return nil }), opts...)
	}
	m := routertest.Mapping{ReportBatchItemFailures: true, MaximumRetryAttempts: new(0)}
	answers := func(answer string) lambda.Handler {
		return function(func(context.Context, []byte) ([]byte, error) { return []byte(answer), nil })
	}
	for _, c := range []struct {
		name    string
		handler lambda.Handler
		mapping routertest.Mapping
		line    string
		is      error // what Cause is, where that is to be looked at
	}{
		{
			"Each", each(onThird), m,
			"1s [0-4]: again from 2: the database is busy", errBusy,
		},
		{
			"Batch", router.New(router.Batch(batch)), m,
			"1s [0-4]: again from 2: the database is busy", errBusy,
		},
		{
			"Partition", router.New(router.Partition(partition)), m,
			"1s [0-4]: again from 2: the database is busy", errBusy,
		},
		{
			"Retry", each(func(rec *decoder.Record) error { return router.Retry(onThird(rec)) }), m,
			"1s [0-4]: again from 2: the database is busy", errBusy,
		},
		{
			"a panic", each(func(*decoder.Record) error { panic("boom") }), m,
			"1s [0-4]: again from 0: panic: boom", nil,
		},
		{
			"a payload that does not decode", orders(), m,
			"1s [0-4]: again from 0: data: payload does not decode: json: cannot unmarshal number into Go value of " +
				"type routertest_test.order", decoder.ErrDecode,
		},
		{
			"bad data", each(func(*decoder.Record) error { return nil },
				router.WithDecoder(decoder.Decoder{Codec: decoder.Gzip})), m,
			"1s [0-4]: again from 0: data: ", decoder.ErrCompressed,
		},
		{
			"WithOnBad's error", orders(
				router.WithOnBad(func(context.Context, *decoder.Record, error) error { return errBusy })), m,
			"1s [0-4]: again from 0: the database is busy", errBusy,
		},
		{
			"SkipBad", orders(router.WithOnBad(router.SkipBad)), m,
			"1s [0-4]: done, 5 skipped: data: payload does not decode: json: cannot", nil,
		},
		{
			"Skip", fails(router.Skip(errBusy)), m,
			"1s [0-4]: done, 5 skipped: the database is busy", nil,
		},
		{
			"a poison record", each(onThird,
				router.WithPoison(1, func(context.Context, *decoder.Record, error) error { return nil })), m,
			"1s [0-4]: done, 1 skipped: the database is busy", nil,
		},
		{
			"Fail", fails(router.Fail(errBusy)), m,
			"1s [0-4]: error: record 0 (sequence number 1): the database is busy", errBusy,
		},
		{
			"a pipe", each(onThird),
			routertest.Mapping{Pipe: true, MaximumRetryAttempts: new(0)},
			"1s [0-4]: again from 2: the database is busy", errBusy,
		},
		{
			"a handler that names a record", answers(`{"batchItemFailures":[{"itemIdentifier":"3"}]}`), m,
			"1s [0-4]: again from 2", nil,
		},
		{
			"a handler that names another", answers(`{"batchItemFailures":[{"itemIdentifier":"77"}]}`), m,
			"1s [0-4]: again from 0: the answer names a record that is not in the event", nil,
		},
		{"no JSON", answers(`{`), m, "1s [0-4]: again from 0: the answer is no JSON", nil},
		{
			"no list", answers(`{"batchItemFailures":7}`), m,
			"1s [0-4]: again from 0: the answer's batchItemFailures is no list", nil,
		},
		{
			"no state", answers(`{"batchItemFailures":[]}`),
			routertest.Mapping{
				TumblingWindow:       time.Minute,
				MaximumRetryAttempts: new(0),
			},
			"1s [0-4]: again from 0: the answer has no state", nil,
		},
		{
			"an error", function(func(context.Context, []byte) ([]byte, error) { return nil, errBusy }), m,
			"1s [0-4]: error: the database is busy", errBusy,
		},
		{
			"a crash", function(func(context.Context, []byte) ([]byte, error) { panic(errBusy) }), m,
			"1s [0-4]: crashed: panic: the database is busy", nil,
		},
		{
			"a long text", fails(errors.New(strings.Repeat("é", 1000) + "\nx")), m,
			"1s [0-4]: again from 0: " + strings.Repeat("é", 100) + "…", nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			recs := numbered(5)
			for i := range recs {
				recs[i].Data = fmt.Append(nil, i)
			}
			log := c.mapping.Run(c.handler, recs)
			line, _, _ := strings.Cut(lines(log), "\n")
			exact := !strings.HasSuffix(c.line, ": ") && !strings.HasSuffix(c.line, "cannot")
			if exact && line != c.line || !strings.HasPrefix(line, c.line) {
				t.Errorf("got %s\nwant %s", line, c.line)
			}
			if inv := log.Invocations[0]; c.is != nil && !errors.Is(inv.Cause, c.is) ||
				inv.Outcome == routertest.Succeeded && inv.Cause != nil {
				t.Errorf("the cause is %v", inv.Cause)
			}
		})
	}
}

// TestCauseOfAGuard: records that were not started for lack of time say so.
func TestCauseOfAGuard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := routertest.Mapping{ReportBatchItemFailures: true, MaximumRetryAttempts: new(0), Synctest: true}
		log := m.Run(router.New(router.Each(func(ctx context.Context, rec *decoder.Record) error {
			if rec.Index == 1 {
				<-ctx.Done()
			}
			return nil
		})), numbered(5))
		if line := log.String(); !strings.Contains(line, ": again from 2: ") || log.Invocations[0].Cause == nil {
			t.Errorf("%s%v", line, log.Invocations[0].Cause)
		}
	})
}
