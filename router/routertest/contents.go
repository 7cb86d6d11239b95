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

// This file writes what the library reads within records.

// Gzip returns data in gzip, as decoder.Gzip reads it. Its bytes depend on the
// release of Go, as those of [Zlib] do; what they decompress to does not.
func Gzip(data []byte) []byte {
	var b bytes.Buffer
	return compressed(&b, gzip.NewWriter(&b), data)
}

// Zlib returns data in zlib, as decoder.Zlib reads it.
func Zlib(data []byte) []byte {
	var b bytes.Buffer
	return compressed(&b, zlib.NewWriter(&b), data)
}

// Zstd returns data as one frame of zstd, without a dictionary, as decoder.Zstd
// reads it. Its bytes depend on the release of klauspost/compress, as those of
// [Snappy] do; what they decompress to does not.
func Zstd(data []byte) []byte {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1), zstd.WithZeroFrames(true))
	must(err)
	return compressed(&b, w, data)
}

// Snappy returns data as one block of snappy, which decoder.Snappy reads and
// decoder.Auto cannot tell.
func Snappy(data []byte) []byte { return snappy.Encode(nil, data) }

// SnappyFramed returns data in the frame format of snappy, which decoder.Snappy
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

// must is for what cannot fail.
func must(err error) {
	if err != nil {
		panic("routertest: " + err.Error())
	}
}

// Aggregate returns one record that holds these as its user records, as the
// Kinesis Producer Library writes them and Decoder.Deaggregate reads them. Of
// each, PartitionKey, ExplicitHashKey and Data count. The record has the
// partition key "a", as every aggregate of that library; what else it has is
// the first one's: what [Event.All] returns will do.
//
// The library itself writes a lone user record as it is; here it is an
// aggregate of one. (Format: awslabs/amazon-kinesis-producer,
// aggregation-format.md.)
func Aggregate(recs ...decoder.Record) decoder.Record {
	const (
		magic               = "\xf3\x89\x9a\xc2"
		keys, hashes, users = 1, 2, 3 // of the message
		key, hash, data     = 1, 2, 3 // of a user record
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

// LogEvent is a log event to write; see [LogMessage].
type LogEvent struct {
	ID              string    // its place in the message, in 56 digits, by default
	Timestamp       time.Time // 2024-11-18T10:09:15.987Z by default, cut off to the millisecond
	Message         string
	ExtractedFields map[string]string // not written where there are none
}

// LogMessage returns the data of a record that a subscription of CloudWatch
// Logs writes: gzip of one message, as package cwlogs and router.LogEvents read
// it. What env leaves empty has defaults: a DATA_MESSAGE of account
// 123456789012, log group "/aws/lambda/orders", with the filter "to-kinesis".
// For a "CONTROL_MESSAGE" give its type and one event.
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
		m.LogEvents[i] = event{cmp.Or(e.ID, fmt.Sprintf("%056d", i)), milliseconds(e.Timestamp), e.Message, e.ExtractedFields}
	}
	return Gzip(asJSON(m))
}

// milliseconds is a time as numbers have it, by default that of the events
// here.
func milliseconds(t time.Time) int64 {
	if t.IsZero() {
		return defaultStart
	}
	return t.UnixMilli()
}

// Change returns the data of a record that a DynamoDB table writes for a change
// of an item, as package dynamodb reads it. Keys and images are JSON, of which
// NewImage or OldImage may be nil. What c leaves empty has defaults: table
// "orders", EventName by which of the images there are, the region us-east-1,
// Keys of {"id":{"S":"1"}}, and a Time of 2024-11-18T10:09:15.987Z. Time is
// written with its Precision, in milliseconds by default. SizeBytes is written
// as it is.
//
// Change panics where Keys or an image is no JSON.
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

// Glue returns a payload behind the header of AWS Glue's schema registry, as
// package glue reads it.
func Glue(id glue.SchemaVersionID, payload []byte) []byte { return framed(0, id, payload) }

// GlueZlib is [Glue] with the payload in zlib.
func GlueZlib(id glue.SchemaVersionID, payload []byte) []byte { return framed(5, id, Zlib(payload)) }

func framed(compression byte, id glue.SchemaVersionID, payload []byte) []byte {
	return slices.Concat([]byte{3, compression}, id[:], payload)
}
