package routertest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

var errBusy = errors.New("the database is busy")

// TestLogTellsWhatIsNotHeeded: a handler that names a record behind a mapping
// without ReportBatchItemFailures loses it, and the log says so, in every
// handler shape.
func TestLogTellsWhatIsNotHeeded(t *testing.T) {
	each := func(_ context.Context, rec *decoder.Record) error {
		if rec.Index == 2 {
			return errBusy
		}
		return nil
	}
	batch := func(_ context.Context, recs []decoder.Record) error {
		for i := range recs {
			if recs[i].Index == 2 {
				return router.At(&recs[i], errBusy)
			}
		}
		return nil
	}
	for name, h := range map[string]lambda.Handler{
		"Each":  router.New(router.Each(each), quiet),
		"Batch": router.New(router.Batch(batch), quiet),
		"Partition": router.New(router.Partition(
			func(ctx context.Context, _ []byte, recs []decoder.Record) error { return batch(ctx, recs) }), quiet),
	} {
		log := routertest.Mapping{}.Run(h, routertest.Event{Records: 4}.All())
		const want = "1s [0-3]: done; the answer names 2, which is not heeded without ReportBatchItemFailures: " +
			"the database is busy\n"
		inv := log.Invocations[0]
		if lines(log) != want || !errors.Is(inv.Cause, errBusy) || log.Fate(2) != routertest.Done ||
			inv.Outcome != routertest.Succeeded || inv.Checkpoint != nil {
			t.Errorf("%s: %s%v", name, log, inv.Cause)
		}
	}
	whole := router.New(router.Each(each), quiet, router.WithWholeBatch())
	log := routertest.Mapping{MaximumRetryAttempts: new(0)}.Run(whole, routertest.Event{Records: 4}.All())
	if strings.Contains(log.String(), "heeded") {
		t.Errorf("the whole batch fails: %s", log)
	}
	// A window's answer without a state fails, whatever it names.
	names := scripted(`{"batchItemFailures":[{"itemIdentifier":"2"}]}`, `{"state":1}`)
	log = routertest.Mapping{TumblingWindow: time.Minute}.Run(names, numbered(2))
	if line, _, _ := strings.Cut(lines(log), "\n"); line != "1s [0 1]: again from 0: the answer has no state" {
		t.Errorf("a window: %s", log)
	}
}

// TestLogNumbersRecordsAsRun: an error that names a record by its index in the
// event is told with the index among those given to Run.
func TestLogNumbersRecordsAsRun(t *testing.T) {
	fails := func(err error, opts ...router.Option) lambda.Handler {
		return router.New(router.Each(func(_ context.Context, rec *decoder.Record) error {
			if string(rec.Data) == "5" {
				return err
			}
			return nil
		}), append(opts, quiet)...)
	}
	for _, c := range []struct {
		name    string
		handler lambda.Handler
		mapping routertest.Mapping
		want    string
	}{
		{
			"Fail", fails(router.Fail(errBusy)),
			routertest.Mapping{},
			"error: record 5 (sequence number 6): the database is busy",
		},
		{
			"WithWholeBatch", fails(errBusy, router.WithWholeBatch()),
			routertest.Mapping{},
			"error: record 5 (sequence number 6): the database is busy",
		},
		{
			"a pipe", fails(router.Fail(errBusy)),
			routertest.Mapping{Pipe: true},
			"error: record 5 (sequence number 6): the database is busy",
		},
		{
			"an error around the decoder's", function(func(_ context.Context, event []byte) ([]byte, error) {
				for rec, err := range (decoder.Decoder{Codec: decoder.Gzip}).Records(event) {
					if rec != nil && string(rec.SequenceNumber) == "6" {
						return nil, fmt.Errorf("stopped: %w", err)
					}
				}
				return nil, nil
			}),
			routertest.Mapping{},
			"error: stopped: kinesis event: record 5 (sequence number 6): data: ",
		},
		{
			"a number that is the handler's own",
			fails(errors.New("record 1 of the table is locked")),
			routertest.Mapping{ReportBatchItemFailures: true},
			"again from 5: record 1 of the table is locked",
		},
	} {
		recs := numbered(8)
		for i := range recs {
			recs[i].Data = fmt.Append(nil, i)
		}
		c.mapping.BatchSize, c.mapping.MaximumRetryAttempts = 4, new(0)
		log := c.mapping.Run(c.handler, recs)
		if !strings.Contains(lines(log), "1s [4-7]: "+c.want) {
			t.Errorf("%s: %s", c.name, log)
		}
	}
}

// TestLogOfExpiry: what expires has a line, and a batch that fails all day is
// not a thousand lines.
func TestLogOfExpiry(t *testing.T) {
	const day = "(1445 times, the last at 23h59m4s as retry 1444)\n"
	for _, c := range []struct {
		name    string
		mapping routertest.Mapping
		records int
		script  string
		want    string
	}{
		{
			"records expire",
			routertest.Mapping{},
			2, "error",
			"1s [0 1]: error: boom " + day + "24h0m4s [0 1] expired\n",
		},
		{
			"so do those that were not delivered",
			routertest.Mapping{BatchSize: 1},
			3, "error",
			"1s [0]: error: boom " + day + "24h0m4s [0-2] expired\n",
		},
		{
			"named records",
			routertest.Mapping{ReportBatchItemFailures: true},
			2, "2",
			"1s [0 1]: again from 1\n2s [1] retry 1: again from 1 " +
				"(1444 times, the last at 23h59m4s as retry 1444)\n24h0m4s [1] expired\n",
		},
		{
			"eight alike",
			routertest.Mapping{MaximumRetryAttempts: new(7)},
			1, "error",
			"1s [0]: error: boom\n2s [0] retry 1: error: boom\n4s [0] retry 2: error: boom\n" +
				"8s [0] retry 3: error: boom\n16s [0] retry 4: error: boom\n32s [0] retry 5: error: boom\n" +
				"1m4s [0] retry 6: error: boom\n2m4s [0] retry 7: error: boom\n2m4s [0] given up: " +
				"RetryAttemptsExhausted\n",
		},
		{
			"nine alike",
			routertest.Mapping{MaximumRetryAttempts: new(8)},
			1, "error",
			"1s [0]: error: boom (9 times, the last at 3m4s as retry 8)\n3m4s [0] given up: RetryAttemptsExhausted\n",
		},
		{
			"another error is another line",
			routertest.Mapping{MaximumRetryAttempts: new(9)},
			1,
			"panic error error error error error error error error error",
			"1s [0]: crashed: panic: boom\n2s [0] retry 1: error: boom (9 times, the last at 4m4s as retry 9)\n" +
				"4m4s [0] given up: RetryAttemptsExhausted\n",
		},
		{
			"batches that come to the same are not one",
			routertest.Mapping{BatchSize: 1},
			10, "{}",
			"1s [0]: done\n1s [1]: done\n1s [2]: done\n1s [3]: done\n1s [4]: done\n" +
				"1s [5]: done\n1s [6]: done\n1s [7]: done\n1s [8]: done\n1s [9]: done\n",
		},
		{
			"a window that cannot be closed",
			routertest.Mapping{TumblingWindow: time.Minute},
			1, `{"state":1} error`,
			"1s [0]: done\n40s [] final: error: boom (1445 times, the last at 23h59m43s as retry 1444)\n" +
				"24h0m43s [] final expired\n",
		},
	} {
		recs := numbered(c.records)
		for i := range recs {
			recs[i].ApproximateArrivalTimestamp = time.Unix(1_700_000_000, 0)
		}
		log := c.mapping.Run(scripted(strings.Fields(c.script)...), recs)
		if lines(log) != c.want {
			t.Errorf("%s: got\n%swant\n%s", c.name, log, c.want)
		}
	}
	// Shard lanes that take turns do not keep each other's lines apart.
	recs := routertest.Event{Records: 20, Keys: 20}.All()
	log := routertest.Mapping{ParallelizationFactor: 2}.Run(scripted("error"), recs)
	if got := log.String(); strings.Count(got, "\n") != 4 || strings.Count(got, " 0000/1 ")+
		strings.Count(got, "/1 ") != 2 || strings.Count(got, " expired\n") != 2 || len(log.Invocations) != 2*1445 {
		t.Errorf("two lanes, %d invocations: %s", len(log.Invocations), got)
	}
}

// TestLogOfNothing: a test that gives no records sees that it tests nothing.
func TestLogOfNothing(t *testing.T) {
	for name, log := range map[string]*routertest.Log{
		"no records":  routertest.Mapping{}.Run(scripted("{}"), routertest.Event{}.All()),
		"a zero Log":  new(routertest.Log),
		"no bubble's": routertest.Mapping{TumblingWindow: time.Minute}.Run(scripted("{}"), nil),
	} {
		if log.String() != "no records\n" {
			t.Errorf("%s: %q", name, log)
		}
	}
}
