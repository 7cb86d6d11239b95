// Package event computes the sum of aws-lambda-go's type of event.
package event

import (
	"github.com/aws/aws-lambda-go/events"

	"example.com/sluice/bench/internal/sum"
)

// Add adds the event's records.
func Add(s *sum.Sum, e *events.KinesisEvent) {
	for i := range e.Records {
		r := &e.Records[i]
		k := &r.Kinesis
		size := len(k.PartitionKey) + len(k.SequenceNumber) + len(k.Data) + len(r.EventID) +
			len(k.KinesisSchemaVersion) + len(k.EncryptionType) + len(r.EventSource) + len(r.EventVersion) +
			len(r.EventName) + len(r.EventSourceArn) + len(r.InvokeIdentityArn) + len(r.AwsRegion)
		s.Add(size, sum.Last(k.PartitionKey), sum.Last(k.SequenceNumber), sum.Last(k.Data), sum.Last(r.EventID),
			k.ApproximateArrivalTimestamp.Unix())
	}
}
