package routertest

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"compress/zlib"
	"crypto/md5"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/encoding/protowire"

	"example.com/sluice/decoder"
	"example.com/sluice/payload/cwlogs"
	"example.com/sluice/payload/dynamodb"
	"example.com/sluice/payload/glue"
)

// Data for everything that the library reads inside records.

// Gzip returns data in gzip, as decoder.Gzip reads it. The bytes depend on the
// release of Go, as do those of [Zlib]; what they decompress to does not.
func Gzip(data []byte) []byte {
	var b bytes.Buffer
	return compressed(&b, gzip.NewWriter(&b), data)
}

// Zlib returns data in zlib, as decoder.Zlib reads it.
func Zlib(data []byte) []byte {
	var b bytes.Buffer
	return compressed(&b, zlib.NewWriter(&b), data)
}

// Zstd returns data as one zstd frame without a dictionary, as decoder.Zstd
// reads it. The bytes depend on the release of klauspost/compress, as do those
// of [Snappy]; what they decompress to does not.
func Zstd(data []byte) []byte {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1), zstd.WithZeroFrames(true))
	must(err)
	return compressed(&b, w, data)
}

// Snappy returns data as one snappy block, which decoder.Snappy reads.
// decoder.Auto does not recognize it; see [SnappyFramed].
func Snappy(data []byte) []byte { return snappy.Encode(nil, data) }

// SnappyFramed returns data in snappy's framing format, which decoder.Snappy
// and decoder.Auto read.
func SnappyFramed(data []byte) []byte {
	var b bytes.Buffer
	return compressed(&b, snappy.NewBufferedWriter(&b), data)
}

func compressed(to *bytes.Buffer, w io.WriteCloser, data []byte) []byte {
	_, err := w.Write(data)
	must(err)
	must(w.Close())
	return to.Bytes()
}

// must is for errors that cannot happen.
func must(err error) {
	if err != nil {
		panic("routertest: " + err.Error())
	}
}

// Aggregate returns one record that holds recs as its user records, as the
// Kinesis Producer Library writes them and Decoder.Deaggregate reads them. Only
// their PartitionKey, ExplicitHashKey and Data count. The partition key of the
// aggregate is "a", as the library has it, and its other fields are those of
// the first user record; [Event.All] makes suitable ones. So aggregates whose
// first records come from [NewRecord] have the same sequence number, which
// [Mapping.Run] refuses: leave out the records' sequence numbers instead.
// Aggregate panics if there are no records.
//
// The library itself does not aggregate a lone user record; Aggregate does.
// (Format: awslabs/amazon-kinesis-producer, aggregation-format.md.)
func Aggregate(recs ...decoder.Record) decoder.Record {
	const (
		magic               = "\xf3\x89\x9a\xc2"
		keys, hashes, users = 1, 2, 3 // fields of the message
		key, hash, data     = 1, 2, 3 // fields of a user record
	)
	if len(recs) == 0 {
		panic("routertest: an aggregate of no records")
	}
	var tables [users][]string
	var records []byte
	index := func(user []byte, number protowire.Number, value []byte) []byte {
		at := slices.Index(tables[number], string(value))
		if at < 0 {
			at = len(tables[number])
			tables[number] = append(tables[number], string(value))
		}
		return protowire.AppendVarint(protowire.AppendTag(user, number, protowire.VarintType), uint64(at))
	}
	for i := range recs {
		user := index(nil, key, recs[i].PartitionKey)
		if recs[i].ExplicitHashKey != nil {
			user = index(user, hash, recs[i].ExplicitHashKey)
		}
		user = protowire.AppendBytes(protowire.AppendTag(user, data, protowire.BytesType), recs[i].Data)
		records = protowire.AppendBytes(protowire.AppendTag(records, users, protowire.BytesType), user)
	}
	var message []byte
	for _, number := range []protowire.Number{keys, hashes} {
		for _, text := range tables[number] {
			message = protowire.AppendString(protowire.AppendTag(message, number, protowire.BytesType), text)
		}
	}
	message = append(message, records...)
	sum := md5.Sum(message)
	outer := recs[0]
	outer.PartitionKey, outer.ExplicitHashKey = []byte("a"), nil
	outer.Data = slices.Concat([]byte(magic), message, sum[:])
	return outer
}

// LogEvent is a log event for [LogMessage] to write.
type LogEvent struct {
	_ struct{} // more fields may come

	ID              string    // by default its index in the message, in 56 digits
	Timestamp       time.Time // truncated to the millisecond; 2024-11-18T10:09:15.987Z by default
	Message         string
	ExtractedFields map[string]string // left out if empty
}

// LogMessage returns the data of a record from a subscription of CloudWatch
// Logs, one message in gzip, as package cwlogs reads it.
// (Format: CloudWatch Logs user guide, "Real-time processing of log data with
// subscriptions".)
//
// Empty fields of env have defaults: a DATA_MESSAGE of account 123456789012 and
// log group "/aws/lambda/orders", with the filter "to-kinesis". For a control
// message, set MessageType to "CONTROL_MESSAGE" and give one event.
func LogMessage(env cwlogs.Envelope, events ...LogEvent) []byte {
	type event struct {
		ID              string            `json:"id"`
		Timestamp       int64             `json:"timestamp"`
		Message         string            `json:"message"`
		ExtractedFields map[string]string `json:"extractedFields,omitempty"`
	}
	m := struct {
		MessageType         string   `json:"messageType"`
		Owner               string   `json:"owner"`
		LogGroup            string   `json:"logGroup"`
		LogStream           string   `json:"logStream"`
		SubscriptionFilters []string `json:"subscriptionFilters"`
		LogEvents           []event  `json:"logEvents"`
		PolicyLevel         string   `json:"policyLevel,omitempty"`
	}{
		MessageType:         cmp.Or(env.MessageType, "DATA_MESSAGE"),
		Owner:               cmp.Or(env.Owner, "123456789012"),
		LogGroup:            cmp.Or(env.LogGroup, "/aws/lambda/orders"),
		LogStream:           cmp.Or(env.LogStream, "2024/11/18/[$LATEST]0123456789abcdef0123456789abcdef"),
		SubscriptionFilters: env.SubscriptionFilters,
		LogEvents:           make([]event, len(events)),
		PolicyLevel:         env.PolicyLevel,
	}
	if m.SubscriptionFilters == nil {
		m.SubscriptionFilters = []string{"to-kinesis"}
	}
	for i, e := range events {
		m.LogEvents[i] = event{
			cmp.Or(e.ID, fmt.Sprintf("%056d", i)), milliseconds(e.Timestamp), e.Message,
			e.ExtractedFields,
		}
	}
	return Gzip(asJSON(m))
}

// milliseconds returns t in milliseconds since the epoch, by default the first
// arrival of an [Event].
func milliseconds(t time.Time) int64 {
	if t.IsZero() {
		return defaultStart
	}
	return t.UnixMilli()
}

// Change returns the data of a record that a DynamoDB table writes when an item
// changes, as package dynamodb reads it. (Format: DynamoDB developer guide,
// "Using Kinesis Data Streams to capture changes to DynamoDB".)
//
// Empty fields of c have defaults: table "orders", region us-east-1, Keys
// {"id":{"S":"1"}}, Time 2024-11-18T10:09:15.987Z, and the EventName that goes
// with the images that are set: INSERT with NewImage alone, MODIFY with both,
// and REMOVE without NewImage. Time is written in the unit of Precision, by
// default in milliseconds. SizeBytes is written as it is.
//
// Change panics if Keys or an image is not valid JSON.
func Change(c dynamodb.Change) []byte {
	type identity struct {
		Type        string `json:"type"`
		PrincipalID string `json:"principalId"`
	}
	var m struct {
		AWSRegion    string    `json:"awsRegion"`
		EventID      string    `json:"eventID"`
		EventName    string    `json:"eventName"`
		UserIdentity *identity `json:"userIdentity"`
		RecordFormat string    `json:"recordFormat"`
		TableName    string    `json:"tableName"`
		DynamoDB     struct {
			Time      int64           `json:"ApproximateCreationDateTime"`
			Precision string          `json:"ApproximateCreationDateTimePrecision,omitempty"`
			Keys      json.RawMessage `json:"Keys"`
			NewImage  json.RawMessage `json:"NewImage,omitempty"`
			OldImage  json.RawMessage `json:"OldImage,omitempty"`
			SizeBytes int64           `json:"SizeBytes"`
		} `json:"dynamodb"`
		EventSource string `json:"eventSource"`
	}
	m.AWSRegion = cmp.Or(c.AWSRegion, defaultRegion)
	m.EventID = cmp.Or(c.EventID, uuid(0))
	name := "MODIFY"
	if c.NewImage == nil {
		name = "REMOVE"
	} else if c.OldImage == nil {
		name = "INSERT"
	}
	m.EventName = cmp.Or(c.EventName, name)
	if u := c.UserIdentity; u.Type != "" || u.PrincipalID != "" {
		m.UserIdentity = &identity{u.Type, u.PrincipalID}
	}
	m.RecordFormat, m.EventSource = "application/json", "aws:dynamodb"
	m.TableName = cmp.Or(c.TableName, defaultStream)
	d := &m.DynamoDB
	d.Time = milliseconds(c.Time)
	switch c.Precision {
	case time.Microsecond:
		d.Time *= 1000
		if !c.Time.IsZero() {
			d.Time = c.Time.UnixMicro()
		}
		d.Precision = "MICROSECOND"
	case time.Second:
		d.Time /= 1000
	}
	d.Keys, d.NewImage, d.OldImage, d.SizeBytes = c.Keys, c.NewImage, c.OldImage, c.SizeBytes
	if d.Keys == nil {
		d.Keys = json.RawMessage(`{"id":{"S":"1"}}`)
	}
	return asJSON(m)
}

func asJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	must(e.Encode(v))
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Glue returns the payload with the header of AWS Glue Schema Registry before
// it, as package glue reads it.
func Glue(id glue.SchemaVersionID, payload []byte) []byte { return framed(0, id, payload) }

// GlueZlib is [Glue] with the payload compressed by zlib.
func GlueZlib(id glue.SchemaVersionID, payload []byte) []byte { return framed(5, id, Zlib(payload)) }

func framed(compression byte, id glue.SchemaVersionID, payload []byte) []byte {
	return slices.Concat([]byte{3, compression}, id[:], payload)
}
