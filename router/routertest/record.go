package routertest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"example.com/sluice/decoder"
)

// NewRecord returns a record with this partition key and data, to call a
// handler with. Everything else is that of the first record of a default
// [Event], for each call the same. An empty key means "user-000000". The data
// is not copied, and the Source is not shared with other records.
//
// All such records have the same sequence number, so [Mapping.Run] refuses two
// of them. If a test needs several, set their numbers, or leave them out as for
// [EventOf], or use [Event.All].
func NewRecord(key string, data []byte) *decoder.Record {
	rec := decoder.Record{Data: data}
	if key != "" {
		rec.PartitionKey = []byte(key)
	}
	rec = complete(rec, 0)
	return &rec
}

// EventOf returns an event of these records as Lambda writes it. Fields that a
// record leaves empty have defaults, so a test spells out only what it is
// about:
//
//	routertest.EventOf(decoder.Record{Data: []byte("a")}, decoder.Record{Data: []byte("b")})
//
// The defaults are those of [Event]: each record has a key of its own, sequence
// numbers rise by one and arrivals by one millisecond. EventID follows from the
// shard and the sequence number, EventSourceARN from the stream's name. Data
// may be empty, and so may a PartitionKey that is not nil. An empty
// EncryptionType is not written. Arrivals that are not whole milliseconds are
// written to the nanosecond. Index is ignored.
func EventOf(recs ...decoder.Record) []byte {
	w := newEventWriter(nil, false)
	var t template
	var source decoder.Source
	for i := range recs {
		rec := complete(recs[i], i)
		if i == 0 || *rec.Source != source {
			source = *rec.Source
			t = templateOf(&source, false)
		}
		w.record(&t, &rec)
	}
	return w.end(nil)
}

// Payloads returns an event with one record for each payload. It is [EventOf]
// for tests that are about data: all records have the partition key "user-1",
// and their sequence numbers are 101, 102 and so on.
func Payloads(payloads ...string) []byte {
	recs := make([]decoder.Record, len(payloads))
	for i, p := range payloads {
		number := strconv.AppendInt(nil, 101+int64(i), 10)
		recs[i] = decoder.Record{PartitionKey: []byte("user-1"), SequenceNumber: number, Data: []byte(p)}
	}
	return EventOf(recs...)
}

// complete fills the record's empty fields with defaults, as the i-th of its
// event.
func complete(rec decoder.Record, i int) decoder.Record {
	rec.Source = completeSource(rec.Source)
	return completeFrom(rec, i)
}

// completeFrom is complete for a record whose Source is complete.
func completeFrom(rec decoder.Record, i int) decoder.Record {
	rec.Index = i
	if rec.PartitionKey == nil {
		rec.PartitionKey = appendKey(nil, i)
	}
	if len(rec.SequenceNumber) == 0 {
		rec.SequenceNumber = addDecimal([]byte(defaultFirst), uint64(i), 0)
	}
	if len(rec.EventID) == 0 {
		rec.EventID = appendEventID(nil, rec.ShardID, rec.SequenceNumber)
	}
	if rec.Data == nil {
		rec.Data = []byte{} // which is what the decoder yields
	}
	if rec.ApproximateArrivalTimestamp.IsZero() {
		rec.ApproximateArrivalTimestamp = time.UnixMilli(defaultStart + int64(i)).UTC()
	}
	return rec
}

// completeSource returns a copy of the source, which may be nil, with its empty
// fields filled.
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

// uuid turns a number into an identifier, the same in every run.
func uuid(n int64) string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", n) }

// appendKey appends the partition key with number n.
func appendKey(dst []byte, n int) []byte {
	dst = append(dst, "user-"...)
	for limit := 100_000; limit > max(n, 1); limit /= 10 {
		dst = append(dst, '0')
	}
	return strconv.AppendInt(dst, int64(n), 10)
}

// addDecimal adds n × 10^zeros to a decimal number of more than zeros digits.
// It works in place if there is room for a carry.
func addDecimal(digits []byte, n uint64, zeros int) []byte {
	for i := len(digits) - 1 - zeros; n > 0; i-- {
		if i < 0 {
			digits = slices.Insert(digits, 0, '0')
			i = 0
		}
		n += uint64(digits[i] - '0')
		digits[i] = '0' + byte(n%10)
		n /= 10
	}
	return digits
}
