package routertest

import (
	"encoding/base64"
	"slices"
	"time"

	"example.com/sluice/decoder"
)

// The defaults of a description.
const (
	defaultStream = "orders"
	defaultRegion = "us-east-1"
	defaultRole   = "arn:aws:iam::123456789012:role/lambda-role"
	defaultFirst  = "49658471032915763208146092357481206394817562039485716482" // 56 digits
	defaultSize   = 60
	defaultStart  = 1731924555987 // 2024-11-18T10:09:15.987Z, in milliseconds
)

// Event describes a Kinesis event. The zero value is an event without records;
// each field says what leaving it out means. An Event may be copied, and it may
// be used concurrently if Data and Key may be.
//
// Its methods panic if a number is negative, Kind is unknown, First is not
// decimal, or both Pipe and Window are set.
type Event struct {
	_ struct{} // more fields may come

	// Records is the number of records. Lambda delivers up to 10,000, in an
	// event of up to 6 MB.
	Records int

	// Size is the length of each record's data in bytes, before base64 adds a
	// third: 60 by default. For Compressed data it is the length before
	// compression. For records with empty data, let Data return nil.
	Size int

	// Kind says what the data is: JSON by default.
	Kind Kind

	// Keys is the number of partition keys, which look like "user-000123". All
	// of them get the same number of records, give or take one, in a
	// pseudo-random order that depends on Seed. By default, and if Keys exceeds
	// Records, each record has a key of its own.
	Keys int

	// Seed selects the order of the keys, the gaps between sequence numbers and
	// between arrivals, and the data.
	Seed uint64

	// Stream is the stream's name: "orders" by default. Its region is
	// us-east-1.
	Stream string

	// Shard is the number in the shard's id, 0 by default:
	// shardId-000000000000.
	Shard int

	// First is the first record's sequence number, in decimal; the default has
	// 56 digits. The numbers after it rise in steps of about 2^80, as in a real
	// shard, or in steps of 1 to 9 if First has at most 25 digits.
	First string

	// Start is the arrival of the first record, truncated to the millisecond:
	// 2024-11-18T10:09:15.987Z by default. Each record after it arrives 1 to 7
	// ms later than the one before.
	Start time.Time

	// Interval is the time between arrivals, instead of 1 to 7 ms.
	Interval time.Duration

	// EncryptionType is "KMS" or "NONE". By default the member is left out, as
	// Lambda does for a stream without encryption.
	EncryptionType string

	// Consumer is the name of an enhanced fan-out consumer. It makes the
	// event's eventSourceARN that of the consumer
	// (…:stream/orders/consumer/NAME:1700000000) instead of the stream's.
	Consumer string

	// Data returns the data of record i, instead of Size and Kind. Its result
	// is not kept. It may be called several times for a record and must return
	// the same each time.
	Data func(i int) []byte

	// Key returns the partition key of record i, instead of Keys. It may be
	// called several times for a record and must return the same each time.
	// Bytes that are not valid UTF-8 are written unchanged.
	Key func(i int) string

	// Window makes it an event of a tumbling window, whose members follow
	// Records. State is written as it is; where a field is empty, State is {},
	// ShardID and EventSourceARN are those of the event, Start is the beginning
	// of the minute of the first arrival, and End is a minute after Start.
	Window *decoder.Window

	// Pipe makes it an event of EventBridge Pipes: a bare array of flat
	// records, without a Window.
	Pipe bool
}

// Bytes returns the event, in memory that belongs to the caller.
func (e Event) Bytes() []byte { return e.Append(nil) }

// Append appends the event to dst and returns the extended slice. Apart from
// what Data and Key allocate, and from growing dst, the number of allocations
// does not depend on the number of records.
func (e Event) Append(dst []byte) []byte {
	b := newBuilder(e)
	e = b.event
	t := templateOf(b.rec.Source, e.Pipe)
	if e.Data == nil && e.Kind != Compressed {
		const values = 128 // key, time, and twice the sequence number
		dst = slices.Grow(dst, e.Records*(t.size()+values+base64.StdEncoding.EncodedLen(e.Size))+512)
	}
	w := newEventWriter(dst, e.Pipe)
	for b.next() {
		w.record(&t, &b.rec)
	}
	return w.end(b.window())
}

// All returns the records that decoding [Event.Bytes] yields, in memory of
// their own. They share one Source. There are none if Records is 0.
func (e Event) All() []decoder.Record {
	b := newBuilder(e)
	recs := make([]decoder.Record, 0, e.Records)
	for b.next() {
		recs = append(recs, b.rec.Clone())
	}
	return recs
}
