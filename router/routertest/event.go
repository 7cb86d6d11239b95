// Package routertest builds Kinesis events and records for tests, benchmarks
// and fuzzing of what handles them, and simulates the event source mapping that
// a Lambda function gets them from.
//
// [Event] describes an event by its size, its keys and the like; [EventOf]
// writes one from records that a test spells out; [NewRecord] makes a record to
// call a handler with, without any event:
//
//	answer, err := r.Invoke(ctx, routertest.Event{Records: 100, Size: 256, Keys: 10}.Bytes())
//
// What is built has the form in which Lambda writes its events: the same
// members in the same order, without spaces. Nothing here looks at the clock or
// at anything else outside of the description, so the same description gives
// the same bytes always; compressed data alone may change with the release of
// Go or of a module.
//
// By default the data of an [Event] is JSON that a type struct{ ID, Item string
// } takes. What else the library reads in records can be written too:
// [Aggregate], [LogMessage], [Change], [Glue], and [Gzip], [Zlib], [Zstd] and
// [Snappy] of any data. They give the data of a record for [EventOf] or
// [Event]'s Data:
//
//	routertest.Event{Records: 100, Data: func(i int) []byte { return routertest.Gzip(orders[i]) }}.Bytes()
//
// A [Mapping] simulates what invokes a function with such events: it retries,
// splits batches, reports those that it gives up, keeps the state of windows,
// and kills functions that are too slow, so that a test can see what a handler
// makes of it, and what comes of it:
//
//	log := routertest.Mapping{ReportBatchItemFailures: true}.Run(handler, routertest.Event{Records: 100}.All())
package routertest

import (
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"example.com/sluice/decoder"
)

// Defaults of what a description leaves open.
const (
	defaultStream = "orders"
	defaultRegion = "us-east-1"
	defaultRole   = "arn:aws:iam::123456789012:role/lambda-role"
	defaultFirst  = "49658471032915763208146092357481206394817562039485716482" // 56 digits
	defaultSize   = 60
	defaultStart  = 1731924555987 // 2024-11-18T10:09:15.987Z, in milliseconds
)

// Event describes a Kinesis event. The zero value is an event without records;
// a field that is left out has the default that stands at it. An Event may be
// copied and used concurrently, as long as Data and Key may be.
//
// All methods panic where a number is negative, Kind is none of this package's,
// First is not decimal, or a Pipe has a Window.
type Event struct {
	// Records is how many records there are. Lambda delivers up to 10,000, as
	// long as the event stays below 6 MB.
	Records int

	// Size is how many bytes of data a record has, before base64 adds a third:
	// 60 by default. Of compressed data it is the size before compression. For
	// records without data let Data return nil.
	Size int

	// Kind is what the data is: JSON by default.
	Kind Kind

	// Keys is how many partition keys there are, of the form "user-000123".
	// Each gets as many records as the others, give or take one, in a
	// pseudo-random order that depends on Seed. By default, and where Keys is
	// above Records, every record has another key.
	Keys int

	// Seed selects the order of the keys, the gaps between sequence numbers and
	// between arrivals, and the data.
	Seed uint64

	// Stream is the stream's name: "orders" by default. The stream is in
	// us-east-1.
	Stream string

	// Shard is the number of the shard: of shardId-000000000000 by default.
	Shard int

	// First is the sequence number of the first record, in decimal, by default
	// one of 56 digits. The following ones count up with gaps of some 2^80, as
	// those of a real shard do; after a First of 25 digits or fewer, with gaps
	// of 1 to 9.
	First string

	// Start is when the first record arrived, cut off to the millisecond:
	// 2024-11-18T10:09:15.987Z by default. Each of the following arrives 1 to 7
	// ms later.
	Start time.Time

	// Interval is how long after the one before it each record arrives, instead
	// of 1 to 7 ms.
	Interval time.Duration

	// EncryptionType is "KMS" or "NONE". By default it is not written, as it is
	// not for a stream without encryption.
	EncryptionType string

	// Consumer is the name of an enhanced fan-out consumer. Where it is set,
	// the event's eventSourceARN is the consumer's,
	// …:stream/orders/consumer/NAME:1700000000, instead of the stream's.
	Consumer string

	// Data returns the data of record i, instead of Size and Kind. The bytes
	// are not kept. It may be called several times for one record, and must
	// return the same each time.
	Data func(i int) []byte

	// Key returns the partition key of record i, instead of Keys. It may be
	// called several times for one record, and must return the same each time.
	// Bytes that are not UTF-8 are written as they are.
	Key func(i int) string

	// Window, if set, makes it an event of a tumbling window, whose members are
	// written behind Records. Of its fields, State is written as it is, and is
	// {} by default; ShardID and EventSourceARN are the event's by default;
	// Start is the beginning of the minute in which the first record arrived,
	// and End a minute later than Start.
	Window *decoder.Window

	// Pipe makes it an event of EventBridge Pipes: a bare array of flat
	// records. It has no Window.
	Pipe bool
}

// Bytes returns the event. The caller may change it.
func (e Event) Bytes() []byte { return e.Append(nil) }

// Append appends the event to dst and returns the extended buffer. Apart from
// what Data and Key allocate, and from growing dst, the number of its
// allocations does not depend on the number of records.
func (e Event) Append(dst []byte) []byte {
	b := newBuilder(e)
	e = b.event
	t := templateOf(b.rec.Source, e.Pipe)
	if e.Data == nil && e.Kind != Compressed {
		const values = 128 // key, time, and twice the sequence number
		dst = slices.Grow(dst, e.Records*(t.size()+values+base64.StdEncoding.EncodedLen(e.Size))+512)
	}
	dst = appendBegin(dst, e.Pipe)
	for b.next() {
		if b.rec.Index > 0 {
			dst = append(dst, ',')
		}
		dst = t.append(dst, &b.rec)
	}
	if e.Pipe {
		return append(dst, ']')
	}
	dst = append(dst, ']')
	if e.Window != nil {
		dst = b.appendWindow(dst)
	}
	return append(dst, '}')
}

// appendBegin appends what stands before an event's records.
func appendBegin(dst []byte, pipe bool) []byte {
	if pipe {
		return append(dst, '[')
	}
	return append(dst, `{"Records":[`...)
}

// All returns the records that decoding [Event.Bytes] must yield, complete and
// with memory of their own. They share one Source.
func (e Event) All() []decoder.Record {
	b := newBuilder(e)
	recs := make([]decoder.Record, 0, e.Records)
	for b.next() {
		recs = append(recs, b.rec.Clone())
	}
	return recs
}

// check panics where the description makes no sense.
func (e *Event) check() {
	for _, n := range []struct {
		name  string
		value int
	}{{"Records", e.Records}, {"Size", e.Size}, {"Keys", e.Keys}, {"Shard", e.Shard}} {
		if n.value < 0 {
			panic(fmt.Sprintf("routertest: %s is %d", n.name, n.value))
		}
	}
	if e.Pipe && e.Window != nil {
		panic("routertest: Pipe and Window: a pipe has no tumbling windows")
	}
	if e.Kind > Compressed {
		panic("routertest: Kind is " + e.Kind.String())
	}
	for _, c := range []byte(e.First) {
		if c < '0' || c > '9' {
			panic(fmt.Sprintf("routertest: First is %q, not a decimal number", e.First))
		}
	}
}
