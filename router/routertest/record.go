package routertest

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"example.com/sluice/decoder"
)

// NewRecord returns a record with that partition key and that data, for calling
// a handler without an event. All else is the same for each record: that of the
// first record of a default [Event]. The source is the record's own; data is
// not copied. An empty key stands for the default one, "user-000000".
//
// Since all such records have one sequence number, records that meet in a test
// need others: set them, or leave them to [EventOf].
func NewRecord(key string, data []byte) *decoder.Record {
	rec := complete(decoder.Record{PartitionKey: []byte(key), Data: data}, 0)
	return &rec
}

// EventOf returns an event of the records, in the form in which Lambda writes
// it. What a record leaves empty gets a default, so a test says only what it is
// about:
//
//	routertest.EventOf(decoder.Record{Data: []byte("a")}, decoder.Record{Data: []byte("b")})
//
// The defaults are those of [Event], with every key another; sequence numbers
// count up by one and arrivals by one millisecond from record to record.
// EventID is made of the shard and the sequence number, EventSourceARN of the
// stream's name. Data may be empty, and EncryptionType is not written where it
// is. Arrivals are written to the nanosecond if they are not whole
// milliseconds. Index is not looked at.
func EventOf(recs ...decoder.Record) []byte {
	dst := []byte(`{"Records":[`)
	var t template
	var source decoder.Source
	for i := range recs {
		rec := complete(recs[i], i)
		if i > 0 {
			dst = append(dst, ',')
		}
		if i == 0 || *rec.Source != source {
			source = *rec.Source
			t = templateOf(&source, false)
		}
		dst = t.append(dst, &rec)
	}
	return append(dst, "]}"...)
}

// Payloads returns an event with a record for each of the payloads. It is
// [EventOf] for tests that are about data: all are of the partition key
// "user-1", and the sequence numbers are 101, 102 and so on.
func Payloads(payloads ...string) []byte {
	recs := make([]decoder.Record, len(payloads))
	for i, p := range payloads {
		recs[i] = decoder.Record{PartitionKey: []byte("user-1"), SequenceNumber: strconv.AppendInt(nil, 101+int64(i), 10), Data: []byte(p)}
	}
	return EventOf(recs...)
}

// complete returns the record with defaults for what is empty, as the i-th of
// its event.
func complete(rec decoder.Record, i int) decoder.Record {
	rec.Source = completeSource(rec.Source)
	return completeFrom(rec, i)
}

// completeFrom is complete for a record whose source is.
func completeFrom(rec decoder.Record, i int) decoder.Record {
	rec.Index = i
	if len(rec.PartitionKey) == 0 {
		rec.PartitionKey = appendKey(nil, i)
	}
	if len(rec.SequenceNumber) == 0 {
		rec.SequenceNumber = addDecimal([]byte(defaultFirst), uint64(i), 0)
	}
	if len(rec.EventID) == 0 {
		rec.EventID = appendEventID(nil, rec.ShardID, rec.SequenceNumber)
	}
	if rec.Data == nil {
		rec.Data = []byte{} // as the decoder has it
	}
	if rec.ApproximateArrivalTimestamp.IsZero() {
		rec.ApproximateArrivalTimestamp = time.UnixMilli(defaultStart + int64(i)).UTC()
	}
	return rec
}

// completeSource returns a copy of the source, which may be nil, with defaults
// for what is empty.
func completeSource(given *decoder.Source) *decoder.Source {
	var src decoder.Source
	if given != nil {
		src = *given
	}
	set := func(field *string, value string) { *field = cmp.Or(*field, value) }
	set(&src.KinesisSchemaVersion, "1.0")
	set(&src.EventSource, "aws:kinesis")
	set(&src.EventVersion, "1.0")
	set(&src.EventName, "aws:kinesis:record")
	set(&src.InvokeIdentityARN, defaultRole)
	set(&src.AWSRegion, defaultRegion)
	set(&src.EventSourceARN, streamARN(src.AWSRegion, cmp.Or(src.StreamName, defaultStream)))
	set(&src.StreamName, decoder.StreamName(src.EventSourceARN))
	set(&src.ShardID, shardID(0))
	return &src
}

func streamARN(region, name string) string {
	return "arn:aws:kinesis:" + region + ":123456789012:stream/" + name
}

func shardID(n int) string { return fmt.Sprintf("shardId-%012d", n) }

func appendEventID(dst []byte, shard string, sequenceNumber []byte) []byte {
	dst = append(dst, shard...)
	dst = append(dst, ':')
	return append(dst, sequenceNumber...)
}
