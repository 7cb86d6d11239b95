// Command otel is a Lambda function that traces its invocations: the span of
// otellambda's wrapper covers the whole, and below it each call of the handler
// has a span. All that it needs from the library is router.WithCallHook.
//
// A real function gives [handler] a TracerProvider that exports to its
// collector; this one writes spans to standard error.
package main

import (
	"context"
	"errors"
	"log"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"go.opentelemetry.io/contrib/instrumentation/github.com/aws/aws-lambda-go/otellambda"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
)

func main() {
	exporter, err := stdouttrace.New(stdouttrace.WithWriter(os.Stderr))
	if err != nil {
		log.Fatal(err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter))
	lambda.Start(handler(save, provider))
}

// save handles the records of one partition key.
func save(context.Context, []byte, []decoder.Record) error { return nil }

// handler returns the function with its traces. Lambda freezes the process once
// it has an answer, so the wrapper flushes the spans first.
func handler(h router.Partition, provider *sdktrace.TracerProvider, opts ...router.Option) lambda.Handler {
	r := router.New(h, append(opts, router.WithCallHook(spans(provider)))...)
	return otellambda.WrapHandler(r, otellambda.WithTracerProvider(provider), otellambda.WithFlusher(provider))
}

// spans returns a call hook that makes a span for each call and puts it into
// the handler's context, so that spans of whatever the handler calls appear
// below it. The attributes follow OpenTelemetry's semantic conventions for
// messaging, as far as they cover Kinesis.
func spans(provider trace.TracerProvider) func(context.Context, router.CallInfo) (context.Context, func(error)) {
	tracer := provider.Tracer("example.com/sluice/examples/otel")
	return func(ctx context.Context, call router.CallInfo) (context.Context, func(error)) {
		attrs := []attribute.KeyValue{
			attribute.String("messaging.system", "aws_kinesis"),
			attribute.String("messaging.operation.type", "process"),
			attribute.Int("messaging.batch.message_count", call.Records),
		}
		name := "process"
		if call.First != nil {
			name += " " + call.First.StreamName
			attrs = append(attrs,
				attribute.String("messaging.destination.name", call.First.StreamName),
				attribute.String("messaging.destination.partition.id", call.First.ShardID),
				attribute.String("aws.kinesis.sequence_number.first", string(call.First.SequenceNumber)),
				attribute.String("aws.kinesis.sequence_number.last", string(call.Last.SequenceNumber)))
		}
		ctx, span := tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(attrs...))
		return ctx, func(err error) {
			if err != nil {
				span.RecordError(err)
				span.SetStatus(codes.Error, err.Error())
			}
			var p *router.PanicError
			if errors.As(err, &p) {
				span.SetAttributes(attribute.String("exception.stacktrace", string(p.Stack)))
			}
			span.End()
		}
	}
}
