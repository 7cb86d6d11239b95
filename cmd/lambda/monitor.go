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
	"example.com/sluice/router/emf"
)

// This file is the monitor: what it looks at in records, and what it says.

// counters is how many keys an invocation's sketches hold. A key with more than
// 1/counters of an invocation's records or bytes is never missed.
const counters = 256

// hotShare is from which share of an invocation's records or bytes on, known
// for certain, a key is worth naming.
const hotShare = 0.01

// observation is what the function saw of one invocation. It has a lock because
// a handler that was given up at the deadline may still be running when it is
// read.
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
	return &observation{
		aggregate: -1, left: openedAll, byRecords: hotkeys.New(counters),
		byBytes: hotkeys.New(counters),
	}
}

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

// observationKey is the context's key for the invocation's observation.
type observationKey struct{}

func observationOf(ctx context.Context) *observation {
	o, _ := ctx.Value(observationKey{}).(*observation)
	return o
}

type monitor struct {
	settings
	log    *slog.Logger
	router *router.Router
}

// Invoke implements lambda.Handler.
func (m *monitor) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	return m.router.Invoke(context.WithValue(ctx, observationKey{}, newObservation()), event)
}

// ownMetrics appends the monitor's metrics to the router's.
func (m *monitor) ownMetrics(ctx context.Context, _ router.Stats, dst []emf.Metric) []emf.Metric {
	o := observationOf(ctx)
	o.mu.Lock()
	defer o.mu.Unlock()
	dst = append(dst,
		emf.Metric{Name: "JSONRecords", Unit: "Count", Value: float64(o.kinds[contents.JSON])},
		emf.Metric{Name: "TextRecords", Unit: "Count", Value: float64(o.kinds[contents.Text])},
		emf.Metric{Name: "BinaryRecords", Unit: "Count", Value: float64(o.kinds[contents.Binary])},
		emf.Metric{Name: "CompressedRecords", Unit: "Count", Value: float64(o.records - o.compressed[uncompressed])},
		emf.Metric{Name: "UserRecords", Unit: "Count", Value: float64(o.user)},
		emf.Metric{Name: "Aggregates", Unit: "Count", Value: float64(o.aggregates)})
	if o.records > 0 {
		dst = append(dst,
			emf.Metric{Name: "HotKeyRecordShare", Unit: "Percent", Value: 100 * o.byRecords.HottestShare()},
			emf.Metric{Name: "HotKeyByteShare", Unit: "Percent", Value: 100 * o.byBytes.HottestShare()})
	}
	return dst
}

// hotKey is a key in an invocation's line. It has at least AtLeast and at most
// Count of the records or bytes.
type hotKey struct {
	Key     string  `json:"key"`
	Count   int64   `json:"count"`
	AtLeast int64   `json:"atLeast"`
	Share   float64 `json:"share"` // of AtLeast
}

// hot returns the hot keys, hottest first. The list is never nil, so that it is
// never null in the log.
func (m *monitor) hot(s *hotkeys.Sketch) []hotKey {
	keys := []hotKey{}
	for _, c := range s.Top(m.hotKeys) {
		if part := hotkeys.Share(c.AtLeast(), s.Total()); part >= hotShare {
			keys = append(keys, hotKey{m.keyName(c.Key), c.Count, c.AtLeast(), part})
		}
	}
	return keys
}

// keyName is what the log calls a partition key.
func (s *settings) keyName(key string) string {
	if s.plainKeys {
		return key
	}
	return router.HashedKeys(s.keySecret)([]byte(key))
}

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
		slog.Int64("newestMillis", s.NewestAge.Milliseconds()),
		slog.Int64("oldestMillis", s.OldestAge.Milliseconds()),
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

// seen is the part of an invocation's line that describes its records.
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

// millis is a duration in milliseconds, to the microsecond: most invocations
// take less than one.
func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
