package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"example.com/sluice/decoder"
)

// This file creates a stream, writes to it and reads its shards.

const region = "us-east-1"

// Stream is a stream of a server.
type Stream struct {
	Name   string
	Shards []string // their ids

	client *kinesis.Client
	arn    string
}

// Create creates a stream and waits until it is there.
func (s *Server) Create(ctx context.Context, name string, shards int) (*Stream, error) {
	client := kinesis.New(kinesis.Options{
		Region:       region,
		BaseEndpoint: aws.String(s.URL),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil // the server takes any
		}),
	})
	if _, err := client.CreateStream(ctx,
		&kinesis.CreateStreamInput{StreamName: &name, ShardCount: aws.Int32(int32(shards))}); err != nil {
		return nil, err
	}
	err := kinesis.NewStreamExistsWaiter(client, func(o *kinesis.StreamExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 50*time.Millisecond, time.Second
	}).Wait(ctx, &kinesis.DescribeStreamInput{StreamName: &name}, time.Minute)
	if err != nil {
		return nil, err
	}
	about, err := client.DescribeStream(ctx, &kinesis.DescribeStreamInput{StreamName: &name})
	if err != nil {
		return nil, err
	}
	st := &Stream{Name: name, client: client, arn: aws.ToString(about.StreamDescription.StreamARN)}
	for _, shard := range about.StreamDescription.Shards {
		st.Shards = append(st.Shards, aws.ToString(shard.ShardId))
	}
	return st, nil
}

// Entry is a record to write.
type Entry struct {
	Key  string
	Data []byte
}

// Put writes records in their order, as many at a time as Kinesis takes, and
// repeats those that it refuses.
func (s *Stream) Put(ctx context.Context, entries []Entry) error {
	for len(entries) > 0 {
		var some []types.PutRecordsRequestEntry
		size := 0
		for _, e := range entries {
			if size += len(e.Key) + len(e.Data); len(some) == 500 || size > 4<<20 && len(some) > 0 {
				break
			}
			some = append(some, types.PutRecordsRequestEntry{PartitionKey: aws.String(e.Key), Data: e.Data})
		}
		entries = entries[len(some):]
		for len(some) > 0 {
			out, err := s.client.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: &s.Name, Records: some})
			if err != nil {
				return err
			}
			var refused []types.PutRecordsRequestEntry
			for i, r := range out.Records {
				if r.ErrorCode != nil {
					refused = append(refused, some[i])
				}
			}
			some = refused
		}
	}
	return nil
}

// Reader reads one shard from its beginning.
type Reader struct {
	stream   *Stream
	shard    string
	source   *decoder.Source
	iterator *string
}

// Reader returns a reader of a shard.
func (s *Stream) Reader(ctx context.Context, shard string) (*Reader, error) {
	out, err := s.client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{
		StreamName: &s.Name, ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	})
	if err != nil {
		return nil, err
	}
	return &Reader{stream: s, shard: shard, iterator: out.ShardIterator, source: &decoder.Source{
		KinesisSchemaVersion: "1.0", EventSource: "aws:kinesis", EventVersion: "1.0", EventName: "aws:kinesis:record",
		EventSourceARN: s.arn, InvokeIdentityARN: "arn:aws:iam::000000000000:role/local", AWSRegion: region,
		ShardID: shard, StreamName: s.Name,
	}}, nil
}

// Next returns the records since the last call, at most limit, as a function
// gets them.
func (r *Reader) Next(ctx context.Context, limit int) ([]decoder.Record, error) {
	if r.iterator == nil {
		return nil, errors.New("the shard is closed")
	}
	out, err := r.stream.client.GetRecords(ctx,
		&kinesis.GetRecordsInput{ShardIterator: r.iterator, Limit: aws.Int32(int32(limit))})
	if err != nil {
		return nil, err
	}
	r.iterator = out.NextShardIterator
	recs := make([]decoder.Record, len(out.Records))
	for i, rec := range out.Records {
		number := aws.ToString(rec.SequenceNumber)
		recs[i] = decoder.Record{
			Source:                      r.source,
			PartitionKey:                []byte(aws.ToString(rec.PartitionKey)),
			SequenceNumber:              []byte(number),
			Data:                        rec.Data,
			EventID:                     fmt.Appendf(nil, "%s:%s", r.shard, number),
			ApproximateArrivalTimestamp: aws.ToTime(rec.ApproximateArrivalTimestamp).UTC(),
		}
	}
	return recs, nil
}
