package stream

import (
	"crypto/md5"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// This file writes aggregates as the Kinesis Producer Library does: awslabs/amazon-kinesis-producer, aggregation-format.md.

const aggregateMagic = "\xf3\x89\x9a\xc2"

// aggregateKey is the partition key that the library gives to every aggregate.
const aggregateKey = "a"

// Aggregate returns one record that holds these.
func Aggregate(entries []Entry) Entry {
	var keys []string
	var records []byte
	for _, e := range entries {
		key := slices.Index(keys, e.Key)
		if key < 0 {
			key = len(keys)
			keys = append(keys, e.Key)
		}
		var r []byte
		r = protowire.AppendTag(r, 1, protowire.VarintType)
		r = protowire.AppendVarint(r, uint64(key))
		r = protowire.AppendTag(r, 3, protowire.BytesType)
		r = protowire.AppendBytes(r, e.Data)
		records = protowire.AppendTag(records, 3, protowire.BytesType)
		records = protowire.AppendBytes(records, r)
	}
	var message []byte
	for _, key := range keys {
		message = protowire.AppendTag(message, 1, protowire.BytesType)
		message = protowire.AppendString(message, key)
	}
	message = append(message, records...)
	sum := md5.Sum(message)
	return Entry{Key: aggregateKey, Data: slices.Concat([]byte(aggregateMagic), message, sum[:])}
}
