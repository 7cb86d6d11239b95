package decoder_test

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"example.com/sluice/decoder"
)

// The event of these examples: three records, the second of which is bad.
var exampleEvent = []byte(`{"Records":[` +
	`{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"user-1",` +
	`"sequenceNumber":"49590338271490256608559692538361571095921575989136588898",` +
	`"data":"SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==","approximateArrivalTimestamp":1545084650.987},` +
	`"eventSource":"aws:kinesis",` +
	`"eventID":"shardId-000000000006:49590338271490256608559692538361571095921575989136588898",` +
	`"eventSourceARN":"arn:aws:kinesis:us-east-2:123456789012:stream/orders"},` +
	`{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"user-2",` +
	`"sequenceNumber":"49590338271490256608559692540925702759324208523137515618",` +
	`"data":"VGhpcyBpcyBvbmx5*YSB0ZXN0Lg==","approximateArrivalTimestamp":1545084711.166},` +
	`"eventSource":"aws:kinesis",` +
	`"eventID":"shardId-000000000006:49590338271490256608559692540925702759324208523137515618",` +
	`"eventSourceARN":"arn:aws:kinesis:us-east-2:123456789012:stream/orders"},` +
	`{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"user-1",` +
	`"sequenceNumber":"49590338271490256608559692542134628578938837698312221794",` +
	`"data":"QnllLg==","approximateArrivalTimestamp":1545084712.001},"eventSource":"aws:kinesis",` +
	`"eventID":"shardId-000000000006:49590338271490256608559692542134628578938837698312221794",` +
	`"eventSourceARN":"arn:aws:kinesis:us-east-2:123456789012:stream/orders"}]}`)

func ExampleRecords() {
	for rec, err := range decoder.Records(exampleEvent) {
		if rec == nil {
			fmt.Println("the event is broken from here on:", err)
			return
		}
		if err != nil {
			fmt.Println("skipped:", err)
			continue
		}
		fmt.Printf("%s at %s: %s\n", rec.PartitionKey,
			rec.ApproximateArrivalTimestamp.Format(time.RFC3339Nano), rec.Data)
	}
	// Output:
	// user-1 at 2018-12-17T22:10:50.987Z: Hello, this is a test.
	// skipped: kinesis event: record 1 (sequence number 49590338271490256608559692540925702759324208523137515618): data: invalid base64 at offset 597
	// user-1 at 2018-12-17T22:11:52.001Z: Bye.
}

// Errors tell their kind, and where they are.
func ExampleError() {
	for _, err := range decoder.Records(exampleEvent) {
		var e *decoder.Error
		if errors.As(err, &e) {
			fmt.Println(errors.Is(err, decoder.ErrBase64), e.Index, e.Field, e.Offset, string(exampleEvent[e.Offset]))
		}
	}
	for _, err := range decoder.Records([]byte(`{"Records":[{"eventSource":"aws:sqs","body":"hello"}]}`)) {
		fmt.Println(err)
	}
	// Output:
	// true 1 data 597 *
	// kinesis event: record 0: not a Kinesis event: it looks like an SQS event at offset 12
}

// A batch has all records at once, so that they can be sorted, grouped or
// counted.
func ExampleDecoder_Batch() {
	err := decoder.Decoder{}.Batch(exampleEvent, func(b *decoder.Batch) error {
		recs := b.Records()
		slices.SortFunc(recs, func(a, b decoder.Record) int {
			return b.ApproximateArrivalTimestamp.Compare(a.ApproximateArrivalTimestamp) // the newest first
		})
		for _, rec := range recs {
			fmt.Printf("%d %s\n", rec.Index, rec.Data)
		}
		for i, rec := range b.Bad() {
			fmt.Printf("bad: %s of %s\n", b.Failed()[i].Field, rec.PartitionKey)
		}
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// 2 Bye.
	// 0 Hello, this is a test.
	// bad: data of user-2
}

var windowEvent = []byte(`{"Records":[{"kinesis":{"partitionKey":"1",` +
	`"sequenceNumber":"49590338271490256608559692538361571095921575989136588898",` +
	`"data":"SGVsbG8="},"eventSource":"aws:kinesis"}],"window":{"start":"2020-12-09T07:04:00Z",` +
	`"end":"2020-12-09T07:06:00Z"},` +
	`"state":{"1":282,"2":715},"shardId":"shardId-000000000006",` +
	`"eventSourceARN":"arn:aws:kinesis:us-east-1:123456789012:stream/orders",` +
	`"isFinalInvokeForWindow":false,"isWindowTerminatedEarly":false}`)

func ExampleDecoder_Window() {
	w, err := decoder.Decoder{}.Window(windowEvent)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(w.Start.Format(time.TimeOnly), "to", w.End.Format(time.TimeOnly), "of", w.ShardID)
	fmt.Println("state:", string(w.State))

	none, err := decoder.Decoder{}.Window(exampleEvent)
	fmt.Println(none == nil, err)
	// Output:
	// 07:04:00 to 07:06:00 of shardId-000000000006
	// state: {"1":282,"2":715}
	// true <nil>
}

// One reading gives both the records and the window.
func ExampleDecoder_Walk() {
	w, err := decoder.Decoder{}.Walk(windowEvent, func(rec *decoder.Record, err error) bool {
		if err == nil {
			fmt.Printf("%s\n", rec.Data)
		}
		return err == nil // a bad record ends the walk
	})
	if err == nil && w != nil {
		fmt.Println("final:", w.IsFinalInvokeForWindow)
	}
	// Output:
	// Hello
	// final: false
}

// What a loop yields is gone with the next iteration; a clone stays.
func ExampleRecord_Clone() {
	last := map[string]decoder.Record{}
	for rec, err := range decoder.Records(exampleEvent) {
		if err == nil {
			last[string(rec.PartitionKey)] = rec.Clone()
		}
	}
	fmt.Printf("%s\n", last["user-1"].Data)
	// Output:
	// Bye.
}

// Sequence numbers are numbers of up to 56 digits and more, and do not sort as
// text.
func ExampleCompareSequenceNumbers() {
	fmt.Println(decoder.CompareSequenceNumbers([]byte("9"), []byte("10")))
	fmt.Println(decoder.CompareSequenceNumbers([]byte("49590338271490256608559692538361571095921575989136588899"),
		[]byte("49590338271490256608559692538361571095921575989136588898")))
	fmt.Println(decoder.CompareSequenceNumbers([]byte("007"), []byte("7")))
	// Output:
	// -1
	// 1
	// 0
}

func ExampleStreamName() {
	fmt.Println(decoder.StreamName("arn:aws:kinesis:us-east-2:123456789012:stream/orders"))
	fmt.Println(decoder.StreamName("arn:aws:kinesis:us-east-2:123456789012:stream/orders/consumer/fast:1731924555"))
	// Output:
	// orders
	// orders
}
