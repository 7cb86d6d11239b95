package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

// traced returns the function, and an exporter that keeps its spans in memory.
func traced(h router.Partition) (lambda.Handler, *tracetest.InMemoryExporter) {
	exporter := tracetest.NewInMemoryExporter()
	quiet := router.WithLogger(slog.New(slog.DiscardHandler))
	return handler(h, sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter)), quiet), exporter
}

// inLambda returns a context like those of aws-lambda-go.
func inLambda(ctx context.Context) context.Context {
	return lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{
		AwsRequestID:       "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
		InvokedFunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:orders",
	})
}

// Three records with two partition keys: a span for the call for each key,
// below that of the invocation.
func Example() {
	h, exporter := traced(func(ctx context.Context, key []byte, recs []decoder.Record) error {
		if string(key) == "b" {
			return errors.New("no room")
		}
		return nil
	})
	event := routertest.Event{Records: 3, Stream: "orders", Key: func(i int) string {
		return []string{"a", "a", "b"}[i]
	}}
	if _, err := h.Invoke(inLambda(context.Background()), event.Bytes()); err != nil {
		fmt.Println(err)
	}
	for _, span := range inOrder(exporter.GetSpans()) {
		if span.SpanKind == trace.SpanKindServer {
			fmt.Println("invocation: status", span.Status.Code)
			continue
		}
		fmt.Printf("%s: status %v", span.Name, span.Status.Code)
		for _, a := range span.Attributes {
			if a.Key == "messaging.batch.message_count" {
				fmt.Printf(", records %d", a.Value.AsInt64())
			}
		}
		fmt.Println()
	}
	// Output:
	// process orders: status Unset, records 2
	// process orders: status Error, records 1
	// invocation: status Unset
}

// inOrder sorts spans: the concurrent calls first, those with an error after
// the others, and then the invocation.
func inOrder(spans tracetest.SpanStubs) tracetest.SpanStubs {
	slices.SortFunc(spans, func(a, b tracetest.SpanStub) int {
		return cmp.Or(cmp.Compare(b.SpanKind, a.SpanKind), cmp.Compare(len(a.Events), len(b.Events)))
	})
	return spans
}

// A call's span is a child of the invocation's and is in the handler's context.
// All spans are exported before the answer, because Lambda freezes the process
// then.
func TestSpans(t *testing.T) {
	var inside trace.SpanContext
	h, exporter := traced(func(ctx context.Context, _ []byte, _ []decoder.Record) error {
		inside = trace.SpanContextFromContext(ctx)
		panic("boom")
	})
	answer, err := h.Invoke(inLambda(t.Context()), routertest.Event{Records: 1}.Bytes())
	if err != nil || len(answer) < len(`{"batchItemFailures":[]}`)+1 {
		t.Errorf("answered %s, %v; want the record's number", answer, err)
	}
	spans := inOrder(exporter.GetSpans())
	if len(spans) != 2 {
		t.Fatalf("%d spans, want 2", len(spans))
	}
	call, invocation := spans[0], spans[1]
	if call.Parent.SpanID() != invocation.SpanContext.SpanID() ||
		call.SpanContext.TraceID() != invocation.SpanContext.TraceID() {
		t.Error("the call's span is no child of the invocation's")
	}
	if !inside.IsValid() || inside.SpanID() != call.SpanContext.SpanID() {
		t.Error("the handler's context has another span")
	}
	if call.Status.Code != codes.Error || call.Status.Description != "panic: boom" {
		t.Errorf("the status is %v", call.Status)
	}
}
