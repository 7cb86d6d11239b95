package cwlogs_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/payload/cwlogs"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

func ExampleEvents() {
	data := routertest.LogMessage(cwlogs.Envelope{LogGroup: "/aws/lambda/orders"}, // a record's data
		routertest.LogEvent{Message: "START RequestId: 7\n"},
		routertest.LogEvent{
			Message:         `{"level":"info","msg":"café 😀"}` + "\n",
			ExtractedFields: map[string]string{"level": "info"},
		},
	)
	for e, err := range cwlogs.Events(data) {
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Printf("%s %s %s", e.LogGroup, e.Timestamp.Format(time.StampMilli), e.Message)
		for name, value := range e.ExtractedFields() {
			if string(name) == "level" {
				fmt.Printf("  level %s\n", value)
			}
		}
	}
	// Output:
	// /aws/lambda/orders Nov 18 10:09:15.987 START RequestId: 7
	// /aws/lambda/orders Nov 18 10:09:15.987 {"level":"info","msg":"café 😀"}
	//   level info
}

// Repetitive log events take little room in a stream, but a lot once they are
// decompressed.
func ExampleReader() {
	waits := slices.Repeat([]routertest.LogEvent{{Message: strings.Repeat("wait ", 40)}}, 50_000) // 16 MB
	data := routertest.LogMessage(cwlogs.Envelope{}, waits...)
	count := func(r cwlogs.Reader) (n int) {
		for _, err := range r.Events(data) {
			if err != nil {
				fmt.Println(err)
				break
			}
			n++
		}
		return n
	}
	fmt.Println(count(cwlogs.Reader{}))
	fmt.Println(count(cwlogs.Reader{MaxData: 32 << 20}))
	// Output:
	// too large: gzip of more than 10485760 bytes of data; MaxData sets this limit
	// 0
	// 50000
}

// Log events of CloudWatch Logs, one at a time. Lambda knows records alone, so
// the answer names the record that a failed log event came in.
func ExampleLogEvents() {
	message := func(texts ...string) []byte {
		var events []routertest.LogEvent
		for _, text := range texts {
			events = append(events, routertest.LogEvent{Message: text})
		}
		return routertest.LogMessage(cwlogs.Envelope{LogGroup: "/aws/lambda/pay"}, events...)
	}
	r := router.New(cwlogs.LogEvents(func(_ context.Context, _ *decoder.Record, e *cwlogs.Event) error {
		fmt.Printf("%s: %s\n", e.LogGroup, e.Message)
		if string(e.Message) == "c" {
			return fmt.Errorf("no room for %s", e.Message)
		}
		return nil
	}), router.WithLogger(slog.New(slog.DiscardHandler)))
	answer, err := r.Invoke(context.Background(), routertest.EventOf(
		decoder.Record{SequenceNumber: []byte("101"), Data: message("a", "b")},
		decoder.Record{SequenceNumber: []byte("102"), Data: message("c", "d")},
		decoder.Record{SequenceNumber: []byte("103"), Data: message("e")},
	))
	fmt.Println(string(answer), err)
	// Output:
	// /aws/lambda/pay: a
	// /aws/lambda/pay: b
	// /aws/lambda/pay: c
	// {"batchItemFailures":[{"itemIdentifier":"102"}]} <nil>
}
