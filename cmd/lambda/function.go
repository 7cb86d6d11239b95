package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/emf"
)

// This file starts the function.

// serve answers invocations until Lambda ends the process.
func serve(out io.Writer) {
	s, err := readSettings(os.Environ())
	l := newLogger(out, &s)
	// aws-lambda-go reports failed invocations, and why it gives up, through
	// package log. Here those become lines of JSON too.
	slog.SetLogLoggerLevel(slog.LevelError)
	slog.SetDefault(l)
	if err != nil {
		l.Error("bad settings", slog.Any("error", err))
		refuseToStart(err)
	}
	lambda.Start(newFunction(s, l, out))
}

// maxUserRecords is more than fit into an event of 6 MB: in an aggregate a user
// record takes at least 2 bytes.
const maxUserRecords = 6 << 20 / 2

// newFunction is the place to change for a function of your own: what to do
// with a record, and with a bad one.
func newFunction(s settings, l *slog.Logger, out io.Writer) *monitor {
	m := &monitor{settings: s, log: l}
	look := func(ctx context.Context, rec *decoder.Record) error {
		observationOf(ctx).see(rec)
		return nil
	}
	options := []router.Option{
		router.WithDecoder(decoder.Decoder{Deaggregate: true, MaxData: s.maxData, MaxRecords: maxUserRecords}),
		router.WithOnBad(router.SkipBad), // who only looks must not hold the stream up
		router.WithLogger(l),
		// Partition keys often name people or devices.
		router.WithLogKeys(func(key []byte) string { return m.keyName(string(key)) }),
		router.WithStats(m.report),
	}
	if s.metrics {
		s.emf.Metrics, s.emf.Logger = m.ownMetrics, l
		options = append(options, router.WithStats(emf.New(out, s.emf)))
	}
	m.router = router.New(router.Each(look), options...)
	return m
}

// newLogger writes lines of JSON with the names that Lambda's log filters know.
func newLogger(w io.Writer, s *settings) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{
		Level:       s.level,
		ReplaceAttr: lambdacontext.ReplaceAttr,
	}))
}

// refuseToStart tells Lambda why the function cannot start, and ends the
// process:
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-initerror
func refuseToStart(reason error) {
	body, _ := json.Marshal(map[string]string{ // of strings: does not fail
		"errorType":    "Runtime.BadSettings",
		"errorMessage": reason.Error(),
	})
	client := http.Client{Timeout: 2 * time.Second}
	url := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/init/error"
	resp, err := client.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		slog.Error(fmt.Sprintf("the Runtime API does not take the error: %v", err))
	} else {
		resp.Body.Close()
	}
	os.Exit(1)
}
