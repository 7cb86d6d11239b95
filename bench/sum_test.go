package bench

import (
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/sluice/bench/internal/sum"
	"example.com/sluice/decoder"
)

// Sums and fields of what the contenders read.

// addView adds a record to the sum, as package sum does it for other types.
func addView(s *sum.Sum, v *view) {
	size := len(v.partitionKey) + len(v.sequenceNumber) + len(v.data) + len(v.eventID) +
		len(v.kinesisSchemaVersion) + len(v.encryptionType) + len(v.eventSource) + len(v.eventVersion) +
		len(v.eventName) + len(v.eventSourceARN) + len(v.invokeIdentityARN) + len(v.awsRegion)
	s.Add(size, sum.Last(v.partitionKey), sum.Last(v.sequenceNumber), sum.Last(v.data), sum.Last(v.eventID),
		v.arrival.Unix())
}

// fields is all fields of a record, to test that contenders read the same.
type fields struct {
	partitionKey, sequenceNumber, data, eventID  string
	kinesisSchemaVersion, encryptionType         string
	eventSource, eventVersion, eventName         string
	eventSourceARN, invokeIdentityARN, awsRegion string
	arrival                                      time.Time
}

func fieldsOfRecord(r *decoder.Record) fields {
	return fields{
		string(r.PartitionKey), string(r.SequenceNumber), string(r.Data), string(r.EventID),
		r.KinesisSchemaVersion, r.EncryptionType,
		r.EventSource, r.EventVersion, r.EventName,
		r.EventSourceARN, r.InvokeIdentityARN, r.AWSRegion,
		r.ApproximateArrivalTimestamp,
	}
}

func fieldsOfEvent(r *events.KinesisEventRecord) fields {
	k := &r.Kinesis
	return fields{
		k.PartitionKey, k.SequenceNumber, string(k.Data), r.EventID,
		k.KinesisSchemaVersion, k.EncryptionType,
		r.EventSource, r.EventVersion, r.EventName,
		r.EventSourceArn, r.InvokeIdentityArn, r.AwsRegion,
		k.ApproximateArrivalTimestamp.UTC(),
	}
}

func fieldsOfView(v *view) fields {
	return fields{
		string(v.partitionKey), string(v.sequenceNumber), string(v.data), string(v.eventID),
		string(v.kinesisSchemaVersion), string(v.encryptionType),
		string(v.eventSource), string(v.eventVersion), string(v.eventName),
		string(v.eventSourceARN), string(v.invokeIdentityARN), string(v.awsRegion),
		v.arrival,
	}
}
