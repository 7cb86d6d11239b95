package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"example.com/sluice/decoder"
	"example.com/sluice/internal/contents"
	"example.com/sluice/internal/hotkeys"
	"example.com/sluice/router"
)

// This file is what the function looks at in records, and what it says of them.

// counters is how many keys an invocation's sketches hold. A key with more than
// one part in so many of an invocation's records, or of its bytes, is never
// missed.
const counters = 256

// hotShare is the least share of an invocation's records or bytes, known for
// certain, that makes a key worth naming.
const hotShare = 0.01

// observation is what the function has seen of one invocation's records. A
// handler that the router has given up at the deadline may still be at it while
// it is read.
type observation struct {
	mu         sync.Mutex
	records    int
	kinds      [contents.Kinds]int
	compressed [compressions]int
	user       int // records that came in an aggregate
	aggregates int
	aggregate  int // the Index of the last
	byRecords  *hotkeys.Sketch
	byBytes    *hotkeys.Sketch
	inside     []byte // of the last compressed record
	left       int    // bytes that may still be decompressed
}

func newObservation() *observation {
	return &observation{aggregate: -1, left: openedAll, byRecords: hotkeys.New(counters),
		byBytes: hotkeys.New(counters)}
}

// see looks at a record.
func (o *observation) see(rec *decoder.Record) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.records++
	inside, c, ok := open(o.inside, rec.Data, o.left)
	o.compressed[c]++
	if ok {
		o.kinds[contents.KindOf(inside)]++
	} else {
		o.kinds[contents.Unknown]++
	}
	if ok && c != uncompressed {
		o.inside = inside
		o.left -= len(inside)
	}
	if rec.Aggregated {
		o.user++
		if rec.Index != o.aggregate {
			o.aggregate = rec.Index
			o.aggregates++
		}
	}
	o.byRecords.Add(rec.PartitionKey, 1)
	o.byBytes.Add(rec.PartitionKey, int64(len(rec.PartitionKey)+len(rec.Data))) // which is what a shard's limit counts
}

// observationKey is where the context of an invocation has its observation.
type observationKey struct{}

func observationOf(ctx context.Context) *observation {
	o, _ := ctx.Value(observationKey{}).(*observation)
	return o
}

// monitor is the function.
type monitor struct {
	settings
	log    *slog.Logger
	router *router.Router
}

// Invoke implements lambda.Handler.
func (m *monitor) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	return m.router.Invoke(context.WithValue(ctx, observationKey{}, newObservation()), event)
}

// ownMetrics appends the function's metrics to those of the router.
func (m *monitor) ownMetrics(ctx context.Context, _ router.Stats, dst []router.Metric) []router.Metric {
	o := observationOf(ctx)
	o.mu.Lock()
	defer o.mu.Unlock()
	dst = append(dst,
		router.Metric{Name: "JSONRecords", Unit: "Count", Value: float64(o.kinds[contents.JSON])},
		router.Metric{Name: "TextRecords", Unit: "Count", Value: float64(o.kinds[contents.Text])},
		router.Metric{Name: "BinaryRecords", Unit: "Count", Value: float64(o.kinds[contents.Binary])},
		router.Metric{Name: "CompressedRecords", Unit: "Count", Value: float64(o.records - o.compressed[uncompressed])},
		router.Metric{Name: "UserRecords", Unit: "Count", Value: float64(o.user)},
		router.Metric{Name: "Aggregates", Unit: "Count", Value: float64(o.aggregates)})
	if o.records > 0 {
		dst = append(dst,
			router.Metric{Name: "HotKeyRecordShare", Unit: "Percent", Value: 100 * o.byRecords.HottestShare()},
			router.Metric{Name: "HotKeyByteShare", Unit: "Percent", Value: 100 * o.byBytes.HottestShare()})
	}
	return dst
}

// hotKey is a key in an invocation's line. The key has AtLeast for certain and
// Count at most, of records or of bytes.
type hotKey struct {
	Key     string  `json:"key"`
	Count   int64   `json:"count"`
	AtLeast int64   `json:"atLeast"`
	Share   float64 `json:"share"` // of AtLeast
}

// hot returns the hot keys, the first of them the hottest. They are not nil.
func (m *monitor) hot(s *hotkeys.Sketch) []hotKey {
	keys := []hotKey{}
	for _, c := range s.Top(m.hotKeys) {
		if part := hotkeys.Share(c.AtLeast(), s.Total()); part >= hotShare {
			keys = append(keys, hotKey{m.keyName(c.Key), c.Count, c.AtLeast(), part})
		}
	}
	return keys
}

// keyName is what a partition key is called in the log: it, or what
// router.HashedKeys makes of it.
func (s *settings) keyName(key string) string {
	if s.plainKeys {
		return key
	}
	return router.HashedKeys(s.keySecret)([]byte(key))
}

// report logs one invocation.
func (m *monitor) report(ctx context.Context, s router.Stats) {
	attrs := make([]slog.Attr, 0, 24)
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		attrs = append(attrs, slog.String("requestId", lc.AwsRequestID))
	}
	if s.Source != nil {
		attrs = append(attrs,
			slog.String("stream", s.Source.StreamName),
			slog.String("shard", s.Source.ShardID))
	}
	attrs = append(attrs,
		slog.Int("records", s.Records),
		slog.Int("processed", s.Processed),
		slog.Int("skipped", s.Skipped),
		slog.Int("failed", s.Failed),
		slog.Int("bad", s.Bad),
		slog.Int64("bytes", s.Bytes),
		slog.Int64("newestMillis", s.Newest.Milliseconds()),
		slog.Int64("oldestMillis", s.Oldest.Milliseconds()),
		slog.Float64("decodeMillis", millis(s.Decode)),
		slog.Float64("handleMillis", millis(s.Handle)),
	)
	attrs = append(attrs, m.seen(observationOf(ctx))...)
	level := slog.LevelInfo
	if s.Bad > 0 {
		level = slog.LevelWarn
	}
	if s.Checkpoint != "" {
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("checkpoint", s.Checkpoint))
	}
	if s.Err != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.String("error", s.Err.Error()))
	}
	m.log.LogAttrs(ctx, level, "invocation", attrs...)
}

// seen is the part of an invocation's line that says what its records were.
func (m *monitor) seen(o *observation) []slog.Attr {
	o.mu.Lock()
	defer o.mu.Unlock()
	counts, shares := make([]slog.Attr, contents.Kinds), make([]slog.Attr, contents.Kinds)
	for k, n := range o.kinds {
		kind := contents.Kind(k).String()
		counts[k] = slog.Int(kind, n)
		shares[k] = slog.Float64(kind, hotkeys.Share(int64(n), int64(o.records)))
	}
	var compressed []slog.Attr
	for c := uncompressed + 1; c < compressions; c++ {
		compressed = append(compressed, slog.Int(formats[c].name, o.compressed[c]))
	}
	attrs := []slog.Attr{
		slog.GroupAttrs("data", counts...),
		slog.GroupAttrs("shares", shares...),
		slog.GroupAttrs("compressed", compressed...),
		slog.Int("userRecords", o.user),
		slog.Int("aggregates", o.aggregates),
	}
	if m.hotKeys > 0 {
		attrs = append(attrs,
			slog.Any("hotKeysByRecords", m.hot(o.byRecords)),
			slog.Any("hotKeysByBytes", m.hot(o.byBytes)))
	}
	return attrs
}

// millis gives a duration in milliseconds, to the microsecond: most invocations
// take less than one.
func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
