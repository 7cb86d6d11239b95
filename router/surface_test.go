package router_test

import (
	"context"
	"encoding/json"
	"iter"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
)

// This file holds the public names and their types to what code outside of this
// module is written against. That it compiles is the test.

var (
	_ func([]byte) iter.Seq2[*decoder.Record, error] = decoder.Records
	_ func([]byte) iter.Seq2[*decoder.Record, error] = decoder.Decoder{}.Records
	_ func([]byte, func(*decoder.Batch) error) error = decoder.Decoder{}.Batch
	_ func([]byte) (*decoder.Window, error)          = decoder.Decoder{}.Window
	_ func(*decoder.Record) decoder.Record           = (*decoder.Record).Clone
	_ func(decoder.Record) slog.Value                = decoder.Record.LogValue
	_ func(*decoder.Batch) []decoder.Record          = (*decoder.Batch).Records
	_ func(*decoder.Batch) []*decoder.Error          = (*decoder.Batch).Failed
	_ func(*decoder.Batch) *decoder.Window           = (*decoder.Batch).Window
	_ func(*decoder.Error) error                     = (*decoder.Error).Unwrap
	_ func(a, b []byte) int                          = decoder.CompareSequenceNumbers
	_                                                = decoder.Decoder{
		Deaggregate: true,
		Codec:       decoder.Auto, MaxData: 1, MaxRecords: 1,
	}
	_ func(router.Handler, ...router.Option) *router.Router         = router.New
	_ func(*router.Router, context.Context, []byte) ([]byte, error) = (*router.Router).Invoke
	_ func(error) error                                             = router.Skip
	_ func(error) error                                             = router.Retry
	_ func(error) error                                             = router.Fail
	_ func(*decoder.Record, error) error                            = router.At
	_ func(context.Context, *decoder.Record, error) error           = router.SkipBad
	_ func(lambda.Handler) router.Option                            = router.WithFallback
	_ func(string, router.Handler, ...router.Option) router.Option  = router.WithStream
)

// Codecs are comparable, and opaque.
var _ = map[decoder.Codec]bool{
	decoder.Identity: true, decoder.Auto: true, decoder.Gzip: true, decoder.Zlib: true, decoder.Zstd: true,
	decoder.Snappy: true,
}

var _ = decoder.Record{
	Source: &decoder.Source{
		KinesisSchemaVersion: "", EncryptionType: "", EventSource: "", EventVersion: "", EventName: "",
		EventSourceARN:    "",
		InvokeIdentityARN: "", AWSRegion: "", ShardID: "", StreamName: "",
	},
	PartitionKey: []byte{}, SequenceNumber: []byte{}, Data: []byte{}, EventID: []byte{},
	ApproximateArrivalTimestamp: time.Time{}, Index: 0, SubSequenceNumber: 0, ExplicitHashKey: []byte{},
	Aggregated: false,
}

var _ = decoder.Window{
	Start: time.Time{}, End: time.Time{}, State: []byte{}, ShardID: "", EventSourceARN: "",
	IsFinalInvokeForWindow: false, IsWindowTerminatedEarly: false,
}

var _ error = &decoder.Error{Index: 0, SequenceNumber: "", Field: "", Offset: int64(0), Err: nil}

var _ = []error{
	decoder.ErrSyntax, decoder.ErrNotKinesis, decoder.ErrBase64, decoder.ErrCompressed,
	decoder.ErrAggregate, decoder.ErrTooLarge, decoder.ErrDecode,
}

type state struct{}

var _ = []router.Handler{
	router.Each(func(context.Context, *decoder.Record) error { return nil }),
	router.Batch(func(context.Context, []decoder.Record) error { return nil }),
	router.Partition(func(context.Context, []byte, []decoder.Record) error { return nil }),
	router.ByTime{
		Size:   time.Minute,
		After:  func(context.Context, *decoder.Source) time.Time { return time.Time{} },
		Handle: func(context.Context, time.Time, []decoder.Record) error { return nil },
		Late:   func(context.Context, []decoder.Record) error { return nil },
	},
	router.Tumbling(func(context.Context, *decoder.Window, *state, []decoder.Record) error { return nil }),
	router.Typed(json.Unmarshal, func(context.Context, *decoder.Record, *state) error { return nil }),
	router.TypedBatch(json.Unmarshal, func(_ context.Context, items []router.Item[state]) error {
		_ = items[0].Record
		_ = items[0].Value
		return nil
	}),
	router.TypedPartition(json.Unmarshal, func(context.Context, []byte, []router.Item[state]) error { return nil }),
	router.JSON(func(context.Context, *decoder.Record, *state) error { return nil }),
}

var _ = []router.Option{
	router.WithDecoder(decoder.Decoder{}), router.WithBatchSize(100), router.WithWorkers(16),
	router.WithMargin(time.Second),
	router.WithOnBad(router.SkipBad), router.WithWholeBatch(), router.WithStats(func(context.Context, router.Stats) {}),
	router.WithLogger(slog.Default()),
}

var _ lambda.Handler = (*router.Router)(nil)
