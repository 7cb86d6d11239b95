package routertest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/sluice/decoder"
	"example.com/sluice/payload/cwlogs"
	"example.com/sluice/payload/dynamodb"
	"example.com/sluice/payload/glue"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

// TestDefaultDataIsAnOrder: the README's first handler reads the data that an
// Event has by default.
func TestDefaultDataIsAnOrder(t *testing.T) {
	type order struct{ ID, Item string }
	seen := make(map[string]bool)
	r := router.New(router.JSON(func(_ context.Context, rec *decoder.Record, o *order) error {
		if o.ID == "" || o.Item == "" {
			return fmt.Errorf("the order is %+v", *o)
		}
		seen[o.ID] = true
		return nil
	}))
	for _, e := range []routertest.Event{
		{Records: 100},
		{Records: 100, Size: 60},
		{Records: 100, Size: 5000, Keys: 3, Seed: 7},
	} {
		clear(seen)
		log := routertest.Mapping{ReportBatchItemFailures: true}.Run(r, e.All())
		if n := len(log.Invocations); n != 1 || log.Count(routertest.Succeeded) != 1 || len(seen) != 100 {
			t.Errorf("%d invocations, %d orders\n%s", n, len(seen), log)
		}
	}
}

func TestCompressed(t *testing.T) {
	for _, c := range []struct {
		name     string
		compress func([]byte) []byte
		codec    decoder.Codec
		auto     bool // whether decoder.Auto reads it
	}{
		{"gzip", routertest.Gzip, decoder.Gzip, true},
		{"zlib", routertest.Zlib, decoder.Zlib, true},
		{"zstd", routertest.Zstd, decoder.Zstd, true},
		{"snappy", routertest.Snappy, decoder.Snappy, false},
		{"framed snappy", routertest.SnappyFramed, decoder.Snappy, true},
	} {
		for _, plain := range []string{"", "a", strings.Repeat("hello ", 10_000)} {
			data := c.compress([]byte(plain))
			if got, err := c.codec.AppendDecompressed(nil, data, 1<<20); err != nil || string(got) != plain ||
				len(data) == 0 && plain != "" {
				t.Errorf("%s of %d bytes: %d bytes, %v", c.name, len(plain), len(got), err)
			}
			got, err := decoder.Auto.AppendDecompressed(nil, data, 1<<20)
			if is := err == nil && string(got) == plain; is != (c.auto || len(data) == 0) {
				t.Errorf("%s of %d bytes, by Auto: %d bytes, %v", c.name, len(plain), len(got), err)
			}
		}
	}
}

func TestAggregate(t *testing.T) {
	recs := routertest.Event{Records: 5, Keys: 2}.All()
	recs[1].ExplicitHashKey, recs[3].ExplicitHashKey = []byte("7"), []byte{}
	recs[4].Data = nil
	i := 0
	event := routertest.EventOf(routertest.Aggregate(recs...))
	for rec, err := range (decoder.Decoder{Deaggregate: true}).Records(event) {
		if err != nil {
			t.Fatal(err)
		}
		want := recs[i]
		if !rec.Aggregated || rec.SubSequenceNumber != i || !bytes.Equal(rec.PartitionKey, want.PartitionKey) ||
			!bytes.Equal(rec.Data, want.Data) ||
			!bytes.Equal(rec.ExplicitHashKey, want.ExplicitHashKey) ||
			(rec.ExplicitHashKey == nil) != (want.ExplicitHashKey == nil) ||
			!bytes.Equal(rec.SequenceNumber, recs[0].SequenceNumber) ||
			!rec.ApproximateArrivalTimestamp.Equal(recs[0].ApproximateArrivalTimestamp) {
			t.Errorf("%d: %+v, want %+v", i, rec, want)
		}
		i++
	}
	if i != len(recs) {
		t.Errorf("%d user records", i)
	}
	for rec, err := range decoder.Records(event) {
		if err != nil || string(rec.PartitionKey) != "a" {
			t.Errorf("the outer key is %s, %v", rec.PartitionKey, err)
		}
	}
}

func TestLogMessage(t *testing.T) {
	at := time.Date(2020, 2, 29, 12, 0, 0, 7e6, time.UTC)
	env := cwlogs.Envelope{
		MessageType: "NEW", Owner: "o", LogGroup: "g", LogStream: "s",
		SubscriptionFilters: []string{}, PolicyLevel: "ACCOUNT_LEVEL_POLICY",
	}
	data := routertest.LogMessage(env, routertest.LogEvent{
		ID: "1", Timestamp: at, Message: "<a> \"b\" é\n",
		ExtractedFields: map[string]string{"n": "7"},
	})
	for e, err := range cwlogs.Events(data) {
		if err != nil {
			t.Fatal(err)
		}
		if e.LogGroup != "g" || e.LogStream != "s" || e.Owner != "o" || e.MessageType != "NEW" ||
			len(e.SubscriptionFilters) != 0 || e.PolicyLevel != "ACCOUNT_LEVEL_POLICY" ||
			string(e.ID) != "1" || !e.Timestamp.Equal(at) || string(e.Message) != "<a> \"b\" é\n" {
			t.Errorf("%+v of %+v", e, e.Envelope)
		}
		for name, value := range e.ExtractedFields() {
			if string(name) != "n" || string(value) != "7" {
				t.Errorf("%s is %s", name, value)
			}
		}
	}
	n := 0
	for e, err := range cwlogs.Events(routertest.LogMessage(cwlogs.Envelope{}, routertest.LogEvent{},
		routertest.LogEvent{})) {
		if err != nil || e.MessageType != "DATA_MESSAGE" || e.Owner == "" || e.LogGroup == "" || e.LogStream == "" ||
			len(e.SubscriptionFilters) != 1 || len(e.ID) != 56 || e.Timestamp.Year() != 2024 {
			t.Errorf("%+v, %v", e, err)
		}
		n++
	}
	if n != 2 {
		t.Errorf("%d log events", n)
	}
	for e := range cwlogs.Events(routertest.LogMessage(cwlogs.Envelope{MessageType: "CONTROL_MESSAGE"},
		routertest.LogEvent{Message: "checking"})) {
		t.Errorf("a control message has %+v", e)
	}
}

func TestChange(t *testing.T) {
	image := []byte(`{"id":{"S":"1"},"text":{"S":"<&>"}}`)
	at := time.Date(2024, 2, 29, 12, 0, 0, 7008e3, time.UTC)
	full := dynamodb.Change{
		TableName: "t", EventName: "REMOVE", EventID: "e", AWSRegion: "eu-west-1",
		UserIdentity: events.DynamoDBUserIdentity{Type: "Service", PrincipalID: "dynamodb.amazonaws.com"},
		Time:         at, Precision: time.Microsecond, Keys: []byte(`{"id":{"S":"1"}}`),
		NewImage: image, OldImage: image, SizeBytes: 7,
	}
	for _, c := range []struct {
		given dynamodb.Change
		want  func(*dynamodb.Change)
	}{
		{full, func(*dynamodb.Change) {}},
		{
			dynamodb.Change{Time: at, Precision: time.Millisecond},
			func(c *dynamodb.Change) { c.Time = at.Truncate(time.Millisecond) },
		},
		{
			dynamodb.Change{Time: at, Precision: time.Second},
			func(c *dynamodb.Change) { c.Time = at.Truncate(time.Second) },
		},
		{dynamodb.Change{Precision: time.Microsecond}, func(*dynamodb.Change) {}},
		{dynamodb.Change{NewImage: image}, func(c *dynamodb.Change) { c.EventName = "INSERT" }},
		{dynamodb.Change{OldImage: image}, func(c *dynamodb.Change) { c.EventName = "REMOVE" }},
		{dynamodb.Change{NewImage: image, OldImage: image}, func(c *dynamodb.Change) { c.EventName = "MODIFY" }},
		{dynamodb.Change{}, func(*dynamodb.Change) {}},
	} {
		want := c.given
		if want.TableName == "" {
			want.TableName, want.AWSRegion, want.Keys = "orders", "us-east-1", []byte(`{"id":{"S":"1"}}`)
			want.EventID, want.EventName = "00000000-0000-4000-8000-000000000000", "REMOVE"
		}
		if want.Time.IsZero() {
			want.Time = time.UnixMilli(1731924555987).UTC()
		}
		if want.Precision == 0 {
			want.Precision = time.Millisecond
		}
		c.want(&want)
		var got dynamodb.Change
		if err := got.Parse(routertest.Change(c.given)); err != nil ||
			fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("%+v\n%v, want\n%+v", got, err, want)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("keys that are no JSON are written")
		}
	}()
	routertest.Change(dynamodb.Change{Keys: []byte("{")})
}

func TestGlue(t *testing.T) {
	id := glue.SchemaVersionID{1, 2, 3, 15: 16}
	for _, frame := range []func(glue.SchemaVersionID, []byte) []byte{routertest.Glue, routertest.GlueZlib} {
		for _, want := range []string{"", "hello"} {
			data := frame(id, []byte(want))
			if got, gotID, err := glue.Payload(data, 0); err != nil || gotID != id || string(got) != want {
				t.Errorf("%q, %v, %v", got, gotID, err)
			}
		}
	}
}

func TestPayloads(t *testing.T) {
	var got []string
	for rec, err := range decoder.Records(routertest.Payloads("a", "b")) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %s %s", rec.PartitionKey, rec.SequenceNumber, rec.Data))
	}
	if want := []string{"user-1 101 a", "user-1 102 b"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// Payloads that a handler accepts and rejects.
func ExamplePayloads() {
	type order struct{ ID, Item string }
	r := router.New(router.JSON(func(_ context.Context, rec *decoder.Record, o *order) error {
		fmt.Println(o.ID, o.Item)
		return nil
	}), router.WithOnBad(func(_ context.Context, rec *decoder.Record, err error) error {
		fmt.Printf("%s is no order: %t\n", rec.Data, errors.Is(err, decoder.ErrDecode))
		return nil
	}))
	answer, err := r.Invoke(context.Background(), routertest.Payloads(`{"id":"1","item":"lamp"}`, `hello`))
	fmt.Println(string(answer), err)
	// Output:
	// 1 lamp
	// hello is no order: true
	// {"batchItemFailures":[]} <nil>
}

// User records in an aggregate, as the Kinesis Producer Library writes it.
func ExampleAggregate() {
	event := routertest.EventOf(routertest.Aggregate(
		decoder.Record{PartitionKey: []byte("ann"), Data: []byte("login")},
		decoder.Record{PartitionKey: []byte("bob"), Data: []byte("login")},
		decoder.Record{PartitionKey: []byte("ann"), Data: []byte("buy")},
	))
	d := decoder.Decoder{Deaggregate: true}
	for rec, err := range d.Records(event) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%d.%d %s: %s\n", rec.Index, rec.SubSequenceNumber, rec.PartitionKey, rec.Data)
	}
	// Output:
	// 0.0 ann: login
	// 0.1 bob: login
	// 0.2 ann: buy
}

// Compressed data of your own in all records of an event.
func ExampleGzip() {
	event := routertest.Event{Records: 3, Data: func(i int) []byte {
		return routertest.Gzip(fmt.Appendf(nil, "order %d", i))
	}}
	d := decoder.Decoder{Codec: decoder.Auto}
	for rec, err := range d.Records(event.Bytes()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s\n", rec.Data)
	}
	// Output:
	// order 0
	// order 1
	// order 2
}

// Log events of a Lambda function, as a subscription to its log group sends
// them.
func ExampleLogMessage() {
	data := routertest.LogMessage(cwlogs.Envelope{LogGroup: "/aws/lambda/pay"},
		routertest.LogEvent{Message: "START"},
		routertest.LogEvent{Message: "paid", ExtractedFields: map[string]string{"level": "info"}},
	)
	r := router.New(cwlogs.LogEvents(func(_ context.Context, _ *decoder.Record, e *cwlogs.Event) error {
		fmt.Printf("%s: %s\n", e.LogGroup, e.Message)
		return nil
	}))
	answer, err := r.Invoke(context.Background(), routertest.EventOf(decoder.Record{Data: data}))
	fmt.Println(string(answer), err)
	// Output:
	// /aws/lambda/pay: START
	// /aws/lambda/pay: paid
	// {"batchItemFailures":[]} <nil>
}

// A change of an item in a DynamoDB table.
func ExampleChange() {
	image, err := json.Marshal(map[string]events.DynamoDBAttributeValue{
		"id": events.NewStringAttribute("1"), "total": events.NewNumberAttribute("19.99"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	rec := routertest.NewRecord("1", routertest.Change(dynamodb.Change{NewImage: image}))

	var c dynamodb.Change
	if err := c.Parse(rec.Data); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s %s %s\n", c.EventName, c.TableName, c.NewImage)
	// Output:
	// INSERT orders {"id":{"S":"1"},"total":{"N":"19.99"}}
}

// A payload after the header of AWS Glue Schema Registry.
func ExampleGlue() {
	id := glue.SchemaVersionID{15: 7}
	payload, schema, err := glue.Payload(routertest.Glue(id, []byte(`{"id":1}`)), 0)
	fmt.Printf("%s %s %v\n", schema, payload, err)
	// Output:
	// 00000000-0000-0000-0000-000000000007 {"id":1} <nil>
}
