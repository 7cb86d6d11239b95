// Package record computes the sum of this library's records.
package record

import (
	"example.com/sluice/bench/internal/sum"
	"example.com/sluice/decoder"
)

// Add adds a record.
func Add(s *sum.Sum, r *decoder.Record) {
	src := r.Source
	size := len(r.PartitionKey) + len(r.SequenceNumber) + len(r.Data) + len(r.EventID) +
		len(src.KinesisSchemaVersion) + len(src.EncryptionType) + len(src.EventSource) + len(src.EventVersion) +
		len(src.EventName) + len(src.EventSourceARN) + len(src.InvokeIdentityARN) + len(src.AWSRegion)
	s.Add(size, sum.Last(r.PartitionKey), sum.Last(r.SequenceNumber), sum.Last(r.Data), sum.Last(r.EventID),
		r.ApproximateArrivalTimestamp.Unix())
}
