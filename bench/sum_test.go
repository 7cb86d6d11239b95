package bench

import (
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/sluice/decoder"
)

// This file is what is done with the records: the same, whoever has read them.

// sum takes something of every field, so that none can be left unread, and little of each, so that it is the reading that is
// measured.
type sum uint64

// add adds a record: the bytes in all its fields, the last byte of each field that changes, and the second of its arrival.
// Fractions of a second differ between contenders, since most of them read them through a float.
func (s *sum) add(size int, key, sequenceNumber, data, eventID byte, arrival int64) {
	last := uint64(key) | uint64(sequenceNumber)<<8 | uint64(data)<<16 | uint64(eventID)<<24
	*s = *s*31 + sum(uint64(size)+last<<32^uint64(arrival))
}

func (s *sum) addRecord(r *decoder.Record) {
	src := r.Source
	size := len(r.PartitionKey) + len(r.SequenceNumber) + len(r.Data) + len(r.EventID) +
		len(src.KinesisSchemaVersion) + len(src.EncryptionType) + len(src.EventSource) + len(src.EventVersion) +
		len(src.EventName) + len(src.EventSourceARN) + len(src.InvokeIdentityARN) + len(src.AWSRegion)
	s.add(size, last(r.PartitionKey), last(r.SequenceNumber), last(r.Data), last(r.EventID), r.ApproximateArrivalTimestamp.Unix())
}

func (s *sum) addEvent(e *events.KinesisEvent) {
	for i := range e.Records {
		r := &e.Records[i]
		k := &r.Kinesis
		size := len(k.PartitionKey) + len(k.SequenceNumber) + len(k.Data) + len(r.EventID) +
			len(k.KinesisSchemaVersion) + len(k.EncryptionType) + len(r.EventSource) + len(r.EventVersion) +
			len(r.EventName) + len(r.EventSourceArn) + len(r.InvokeIdentityArn) + len(r.AwsRegion)
		s.add(size, last(k.PartitionKey), last(k.SequenceNumber), last(k.Data), last(r.EventID), k.ApproximateArrivalTimestamp.Unix())
	}
}

func (s *sum) addView(v *view) {
	size := len(v.partitionKey) + len(v.sequenceNumber) + len(v.data) + len(v.eventID) +
		len(v.kinesisSchemaVersion) + len(v.encryptionType) + len(v.eventSource) + len(v.eventVersion) +
		len(v.eventName) + len(v.eventSourceARN) + len(v.invokeIdentityARN) + len(v.awsRegion)
	s.add(size, last(v.partitionKey), last(v.sequenceNumber), last(v.data), last(v.eventID), v.arrival.Unix())
}

func last[T string | []byte](v T) byte {
	if len(v) == 0 {
		return 0
	}
	return v[len(v)-1]
}

// fields are all fields of a record, for the test that contenders read the same.
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
