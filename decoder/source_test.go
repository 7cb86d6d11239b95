package decoder_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"example.com/sluice/decoder"
)

// What a record's Source has: the members that all records of an event share,
// and what is derived from them.

func TestStreamNames(t *testing.T) {
	for _, c := range []struct{ arn, want string }{
		{"arn:aws:kinesis:us-east-2:123456789012:stream/orders", "orders"},
		{"arn:aws:kinesis:us-east-2:123456789012:stream/orders/consumer/fast:1731924555", "orders"},
		{"arn:aws:kinesis:us-east-2:123456789012:stream/orders/consumer/stream/x:1", "orders"},
		{"arn:aws-cn:kinesis:cn-north-1:123456789012:stream/orders", "orders"},
		{"arn:aws-us-gov:kinesis:us-gov-west-1:123456789012:stream/a.b_c-D9", "a.b_c-D9"},
		{"arn:aws:kinesis:us-east-1:000000000000:stream/stream", "stream"},
		{"arn:aws:kinesis:us-east-2:123456789012:stream/", ""},
		{"arn:aws:kinesis:us-east-2:123456789012:stream", ""},
		{"arn:aws:kinesis:us-east-2:123456789012:stream/orders/", ""},
		{"arn:aws:kinesis:us-east-2:123456789012:stream/orders/consumer/", ""},
		{"arn:aws:kinesis:us-east-2:123456789012:stream/orders/x/y", ""},
		{"arn:aws:firehose:us-east-2:123456789012:stream/orders", ""},
		{"arn:aws:kinesisvideo:us-east-2:123456789012:stream/orders/1", ""},
		{"arn:aws:sqs:us-east-2:123456789012:orders", ""},
		{"arn:aws:dynamodb:us-east-2:123456789012:table/orders/stream/2024", ""},
		{"aws:kinesis:us-east-2:123456789012:stream/orders", ""},
		{"orders", ""},
		{"", ""},
	} {
		if got := decoder.StreamName(c.arn); got != c.want {
			t.Errorf("StreamName(%q) = %q, want %q", c.arn, got, c.want)
		}
		rec := read(t, decoder.Decoder{}, event(with(plain(1), stream, c.arn), plain(2))).good(t)[0]
		if rec.StreamName != c.want || rec.EventSourceARN != c.arn {
			t.Errorf("the record of %q has the stream %q and the ARN %q", c.arn, rec.StreamName, rec.EventSourceARN)
		}
	}
}

func TestShardIDs(t *testing.T) {
	for _, c := range []struct{ eventID, want string }{
		{shard + ":" + sequence(1), shard},
		{shard + ":1", shard},
		{shard + ":", shard},
		{"a:b:c", "a"},
		{":" + sequence(1), ""},
		{sequence(1), ""},
		{"", ""},
	} {
		text := event(with(plain(1), shard+":"+sequence(1), c.eventID), plain(2),
			with(plain(3), shard+":"+sequence(3), c.eventID))
		for i, rec := range read(t, decoder.Decoder{}, text).good(t) {
			want, id := c.want, c.eventID
			if i == 1 {
				want, id = shard, shard+":"+sequence(2)
			}
			if rec.ShardID != want || string(rec.EventID) != id {
				t.Errorf("the event id %q is read as %q, its shard as %q", id, rec.EventID, rec.ShardID)
			}
		}
	}
	absent := with(plain(1), `"eventID":"`+shard+":"+sequence(1)+`",`, ``)
	if rec := read(t, decoder.Decoder{}, event(absent)).one(t); rec.ShardID != "" || rec.EventID != nil {
		t.Errorf("without an event id the shard is %q", rec.ShardID)
	}
}

// TestSourceChangesWithinAnEvent has records of two streams and shards in one
// event, which Lambda does not send: each keeps its own.
func TestSourceChangesWithinAnEvent(t *testing.T) {
	other := strings.NewReplacer("orders", "returns", "000006", "000007", "us-east-2", "eu-west-1", `"1.0"`, `"2.0"`)
	recs := read(t, decoder.Decoder{}, event(plain(1), other.Replace(plain(2)), plain(3),
		other.Replace(plain(4)))).good(t)
	for i, rec := range recs {
		want := decoder.Source{
			KinesisSchemaVersion: "1.0", EventSource: "aws:kinesis", EventVersion: "1.0",
			EventName:      "aws:kinesis:record",
			EventSourceARN: stream, InvokeIdentityARN: "arn:aws:iam::123456789012:role/orders-reader",
			AWSRegion: "us-east-2", ShardID: shard, StreamName: "orders",
		}
		if i%2 == 1 {
			want = decoder.Source{
				KinesisSchemaVersion: "2.0", EventSource: "aws:kinesis", EventVersion: "2.0",
				EventName:         "aws:kinesis:record",
				EventSourceARN:    "arn:aws:kinesis:eu-west-1:123456789012:stream/returns",
				InvokeIdentityARN: "arn:aws:iam::123456789012:role/returns-reader",
				AWSRegion:         "eu-west-1", ShardID: "shardId-000000000007", StreamName: "returns",
			}
		}
		if *rec.Source != want {
			t.Errorf("the source of record %d is %+v", i, *rec.Source)
		}
	}
}

// TestSourceOfAnEvent asserts that Decoder.Source gives what the first record
// has, and looks no further.
func TestSourceOfAnEvent(t *testing.T) {
	for path, text := range files(t, "events/*.json") {
		got, err := decoder.Decoder{}.Source([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		o := read(t, decoder.Decoder{}, text)
		want := decoder.Source{}
		if len(o.records) > 0 {
			want = *o.records[0].Source
		} else if w := o.window; w != nil {
			want = decoder.Source{
				EventSourceARN: w.EventSourceARN, ShardID: w.ShardID,
				StreamName: decoder.StreamName(w.EventSourceARN),
			}
		}
		if *got != want {
			t.Errorf("%s: the source is %+v, want %+v", path, *got, want)
		}
	}
	// A fault behind the first record, or in its data, does not matter.
	for _, text := range []string{
		event(plain(1)) + "garbage", event(withData(1, "*")),
		event(with(plain(1), `"aGVsbG8="`, `7`)), event(plain(1), plain(2))[:700], event(plain(1), "7"),
	} {
		if got, err := (decoder.Decoder{}).Source([]byte(text)); err != nil || got.StreamName != "orders" {
			t.Errorf("the source is %v, %v of %.900s", got, err, text)
		}
	}
	for _, text := range []string{
		"", "{}", "[{}]", event(`{"s3":{}}`), event(plain(1))[:100],
		`{"Records":[],"window":7}`, `{"Records":0}`,
	} {
		got, err := decoder.Decoder{}.Source([]byte(text))
		if got != nil || err == nil {
			t.Errorf("the source is %v, %v of %s", got, err, text)
		}
	}
}

// TestLogValues asserts that logging a record gives everything but its data.
func TestLogValues(t *testing.T) {
	rec := read(t, decoder.Decoder{}, event(plain(1))).one(t)
	var out bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&out, nil))
	logger.Info("x", "record", rec)
	var line struct{ Record map[string]any }
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	source, _ := line.Record["source"].(map[string]any)
	for name, want := range map[string]any{
		"index": 0.0, "sequenceNumber": sequence(1), "partitionKey": "user-1", "bytes": 5.0,
		"eventID": shard + ":" + sequence(1), "approximateArrivalTimestamp": "2024-11-18T10:09:15.001Z",
	} {
		if line.Record[name] != want {
			t.Errorf("%s is logged as %v, want %v", name, line.Record[name], want)
		}
	}
	for name, want := range map[string]any{
		"eventSourceARN": stream, "shardId": shard, "awsRegion": "us-east-2", "eventSource": "aws:kinesis",
		"kinesisSchemaVersion": "1.0", "eventName": "aws:kinesis:record", "eventVersion": "1.0", "encryptionType": nil,
		"invokeIdentityArn": "arn:aws:iam::123456789012:role/orders-reader",
	} {
		if source[name] != want {
			t.Errorf("%s is logged as %v, want %v", name, source[name], want)
		}
	}
	if strings.Contains(out.String(), "hello") || strings.Contains(out.String(), "aGVsbG8") {
		t.Errorf("the data is logged: %s", out.String())
	}
	out.Reset()
	logger.Info("x", "record", decoder.Record{Aggregated: true, SubSequenceNumber: 3, ExplicitHashKey: []byte("12")})
	if got := out.String(); !strings.Contains(got, `"subSequenceNumber":3,"explicitHashKey":"12"`) ||
		strings.Contains(got, "source") {
		t.Errorf("a user record without a Source is logged as %s", got)
	}
}
