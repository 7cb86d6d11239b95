package main

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
)

// This file is the program in Lambda.

// serve answers invocations until the process is ended.
func serve(log io.Writer) {
	l := newLogger(log)
	// aws-lambda-go reports failed invocations, and why it gives up, through package log. This makes lines of JSON of them too.
	slog.SetLogLoggerLevel(slog.LevelError)
	slog.SetDefault(l)
	lambda.Start(newFunction(l))
}

// newFunction is where one's own function differs: in what is done with a record, and in what becomes of bad ones.
func newFunction(l *slog.Logger) *router.Router {
	look := func(context.Context, *decoder.Record) error { return nil }
	return router.New(router.Each(look),
		router.WithOnBad(router.SkipBad),
		router.WithLogger(l),
		router.WithStats(func(ctx context.Context, s router.Stats) { report(ctx, l, s) }),
	)
}

// newLogger returns a logger that writes lines of JSON under the names that Lambda's log filters know, and leaves out
// partition keys: they often are names of people or devices.
func newLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == "partitionKey" {
				return slog.Attr{}
			}
			return lambdacontext.ReplaceAttr(groups, a)
		},
	}))
}

// report logs one invocation.
func report(ctx context.Context, l *slog.Logger, s router.Stats) {
	attrs := make([]slog.Attr, 0, 16)
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
	l.LogAttrs(ctx, level, "invocation", attrs...)
}

// millis gives a duration in milliseconds, to the microsecond: most invocations take less than one.
func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
