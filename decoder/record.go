package decoder

import (
	"bytes"
	"log/slog"
	"strings"
	"time"
)

// Record is one Kinesis record, or one user record of a KPL aggregate.
//
// Its byte slices are views of the event, of the decoder's memory or of its
// parser. A record that a loop yields is valid until the next iteration, the
// records of a [Batch] until its function returns. Copying the struct does not
// keep the bytes: [Record.Clone] does.
type Record struct {
	_ struct{} // it may grow: no unkeyed literals

	// Source holds what all records of an event share. It is never nil in a
	// record that the decoder yields, and it may be kept.
	*Source

	// PartitionKey is the key that chose the record's shard, 1 to 256
	// characters of UTF-8.
	PartitionKey []byte

	// SequenceNumber is the record's place in its shard, a decimal number that
	// usually has 56 digits. See [CompareSequenceNumbers].
	SequenceNumber []byte

	// Data is the payload, base64-decoded. In a bad record it holds the bytes
	// before the step that failed: the base64 text if that does not decode.
	// Like the other slices it is nil exactly if the record has no such member:
	// data that is present but empty is not nil.
	Data []byte

	// EventID is the shard id, ":" and the sequence number. Some emulators
	// write other forms.
	EventID []byte

	// ApproximateArrivalTimestamp is when Kinesis took the record in: UTC,
	// exact to the millisecond. It is the zero time if the event does not say.
	ApproximateArrivalTimestamp time.Time

	// Index is the record's position in the event's Records, from 0.
	Index int

	// SubSequenceNumber is the position of a user record in its aggregate, from
	// 0. All user records of an aggregate have its SequenceNumber and Index.
	SubSequenceNumber int

	// ExplicitHashKey is the hash key that a user record was given instead of
	// that of its partition key, as a decimal number; nil if it was given none.
	ExplicitHashKey []byte

	// Aggregated reports whether the record is a user record of a KPL
	// aggregate.
	Aggregated bool
}

// Source is what the records of one event have in common. Its strings are
// copies that stay valid, and records of one stream and shard share one Source.
type Source struct {
	KinesisSchemaVersion string // "1.0"
	EncryptionType       string // "NONE" or "KMS"; "" where absent, as on a stream without encryption
	EventSource          string // "aws:kinesis"
	EventVersion         string // "1.0"
	EventName            string // "aws:kinesis:record"
	EventSourceARN       string // the stream's ARN, or that of an enhanced fan-out consumer
	InvokeIdentityARN    string // the function's role
	AWSRegion            string

	ShardID    string // derived from EventID: the part before its first colon
	StreamName string // derived from EventSourceARN
}

// Clone returns a copy of r that shares no memory with the decoder, except for
// Source, which may be kept.
func (r *Record) Clone() Record {
	c := *r
	c.PartitionKey = bytes.Clone(r.PartitionKey)
	c.SequenceNumber = bytes.Clone(r.SequenceNumber)
	c.Data = bytes.Clone(r.Data)
	c.EventID = bytes.Clone(r.EventID)
	c.ExplicitHashKey = bytes.Clone(r.ExplicitHashKey)
	return c
}

// LogValue implements [slog.LogValuer]. It gives everything but Data, of which
// it gives the size.
func (r Record) LogValue() slog.Value {
	attrs := make([]slog.Attr, 0, 8)
	attrs = append(attrs,
		slog.Int("index", r.Index),
		slog.String("sequenceNumber", string(r.SequenceNumber)),
		slog.String("partitionKey", string(r.PartitionKey)),
		slog.String("eventID", string(r.EventID)),
		slog.Time("approximateArrivalTimestamp", r.ApproximateArrivalTimestamp),
		slog.Int("bytes", len(r.Data)),
	)
	if r.Aggregated {
		attrs = append(attrs, slog.Int("subSequenceNumber", r.SubSequenceNumber))
		if r.ExplicitHashKey != nil {
			attrs = append(attrs, slog.String("explicitHashKey", string(r.ExplicitHashKey)))
		}
	}
	if r.Source != nil {
		attrs = append(attrs, slog.Any("source", *r.Source))
	}
	return slog.GroupValue(attrs...)
}

// LogValue implements [slog.LogValuer]. It gives the members that are set,
// under their names in the event.
func (s Source) LogValue() slog.Value {
	attrs := make([]slog.Attr, 0, 10)
	for _, a := range []struct{ name, value string }{
		{"eventSourceARN", s.EventSourceARN},
		{"shardId", s.ShardID},
		{"awsRegion", s.AWSRegion},
		{"eventSource", s.EventSource},
		{"eventName", s.EventName},
		{"eventVersion", s.EventVersion},
		{"kinesisSchemaVersion", s.KinesisSchemaVersion},
		{"encryptionType", s.EncryptionType},
		{"invokeIdentityArn", s.InvokeIdentityARN},
	} {
		if a.value != "" {
			attrs = append(attrs, slog.String(a.name, a.value))
		}
	}
	return slog.GroupValue(attrs...)
}

// StreamName returns the name of the stream in the ARN of a Kinesis stream or
// of an enhanced fan-out consumer (…:stream/NAME,
// …:stream/NAME/consumer/CONSUMER:CREATED), or "" if arn is neither.
func StreamName(arn string) string {
	// arn:PARTITION:kinesis:REGION:ACCOUNT:stream/NAME
	rest, found := strings.CutPrefix(arn, "arn:")
	if !found {
		return ""
	}
	_, rest, _ = strings.Cut(rest, ":")
	if rest, found = strings.CutPrefix(rest, "kinesis:"); !found {
		return ""
	}
	_, rest, _ = strings.Cut(rest, ":")
	_, rest, _ = strings.Cut(rest, ":")
	if rest, found = strings.CutPrefix(rest, "stream/"); !found {
		return ""
	}
	name, consumer, found := strings.Cut(rest, "/")
	if found && (!strings.HasPrefix(consumer, "consumer/") || consumer == "consumer/") {
		return ""
	}
	return name
}

// shardID returns the shard in an event id, nil if it names none.
func shardID(eventID []byte) []byte {
	shard, _, found := bytes.Cut(eventID, []byte{':'})
	if !found {
		return nil
	}
	return shard
}

// CompareSequenceNumbers compares sequence numbers as decimal numbers. It
// returns -1 if a comes before b, 0 if they are equal, +1 if a comes after b.
// They usually have 56 digits, so they fit no integer type; leading zeros do
// not count. Text that is not decimal is ordered too, by length and then
// bytewise, but the order means nothing.
func CompareSequenceNumbers(a, b []byte) int {
	a = bytes.TrimLeft(a, "0")
	b = bytes.TrimLeft(b, "0")
	if len(a) != len(b) {
		if len(a) < len(b) {
			return -1
		}
		return 1
	}
	return bytes.Compare(a, b)
}
