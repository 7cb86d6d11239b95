package routertest

import (
	"encoding/json"
	"fmt"
	"time"

	"example.com/sluice/decoder"
)

// Destination is where a mapping reports the batches that it gives up.
type Destination uint8

// The destinations that Lambda knows.
const (
	NoDestination Destination = iota // given up without a trace
	SQS                              // a queue gets the metadata
	SNS                              // a topic gets the metadata
	S3                               // a bucket gets the metadata and the event
)

// The conditions under which batches are given up.
const (
	RetryAttemptsExhausted = "RetryAttemptsExhausted"
	RecordAgeExceeded      = "RecordAgeExceeded"
)

// Discarded is records of one batch that the mapping gave up together.
type Discarded struct {
	_ struct{} // more fields may come

	Records   []*decoder.Record
	Condition string // RetryAttemptsExhausted or RecordAgeExceeded
	At        time.Time

	// Message is the JSON document that the destination gets, nil without a
	// destination.
	Message []byte
	// Key is the key of the object if the destination is S3.
	Key string
}

// The function and the mapping, as reports name them.
const (
	functionARN = "arn:aws:lambda:" + defaultRegion + ":123456789012:function:consumer"
	mappingUUID = "7e2f0a4c-5d1b-4c3e-8f60-2b9d1a6c4e58"
)

type failureRecord struct {
	RequestContext struct {
		RequestID              string `json:"requestId"`
		FunctionARN            string `json:"functionArn"`
		Condition              string `json:"condition"`
		ApproximateInvokeCount int    `json:"approximateInvokeCount"`
	} `json:"requestContext"`
	ResponseContext  *responseContext `json:"responseContext,omitempty"` // absent if there was no invocation
	Version          string           `json:"version"`
	Timestamp        string           `json:"timestamp"`
	KinesisBatchInfo batchInfo        `json:"KinesisBatchInfo"`
	Payload          string           `json:"payload,omitempty"`
}

type responseContext struct {
	StatusCode      int     `json:"statusCode"`
	ExecutedVersion string  `json:"executedVersion"`
	FunctionError   *string `json:"functionError"`
}

type batchInfo struct {
	ShardID                         string `json:"shardId"`
	StartSequenceNumber             string `json:"startSequenceNumber"`
	EndSequenceNumber               string `json:"endSequenceNumber"`
	ApproximateArrivalOfFirstRecord string `json:"approximateArrivalOfFirstRecord"`
	ApproximateArrivalOfLastRecord  string `json:"approximateArrivalOfLastRecord"`
	BatchSize                       int    `json:"batchSize"`
	StreamARN                       string `json:"streamArn"`
}

// discard gives up records of a batch.
func (s *simulation) discard(l *shardLane, b *batch, recs []*record, condition string) {
	d := &Discarded{Condition: condition, At: s.now()}
	for _, rec := range recs {
		rec.fate = GivenUp
		d.Records = append(d.Records, &rec.Record)
	}
	s.log.Discarded = append(s.log.Discarded, d)
	s.note(l, recs, "given up: "+condition)
	if s.OnFailure == NoDestination {
		return
	}
	first, last := d.Records[0], d.Records[len(d.Records)-1]
	f := failureRecord{Version: "1.0", Timestamp: iso(d.At), KinesisBatchInfo: batchInfo{
		ShardID: first.ShardID, StreamARN: first.EventSourceARN, BatchSize: len(recs),
		StartSequenceNumber: string(first.SequenceNumber), EndSequenceNumber: string(last.SequenceNumber),
		ApproximateArrivalOfFirstRecord: iso(first.ApproximateArrivalTimestamp),
		ApproximateArrivalOfLastRecord:  iso(last.ApproximateArrivalTimestamp),
	}}
	f.RequestContext.FunctionARN = functionARN
	f.RequestContext.Condition = condition
	f.RequestContext.ApproximateInvokeCount = b.invocations
	if inv := b.last; inv != nil {
		f.RequestContext.RequestID = inv.RequestID
		f.ResponseContext = &responseContext{StatusCode: 200, ExecutedVersion: "$LATEST"}
		if inv.Err != nil {
			f.ResponseContext.FunctionError = new("Unhandled")
		}
	} else {
		f.RequestContext.RequestID = uuid(1<<32 + int64(len(s.log.Discarded)))
	}
	if s.OnFailure == S3 { //mutant:s3-gets-no-event
		f.Payload = string(s.event(&batch{recs: recs, window: b.window}))
		at := d.At.UTC()
		d.Key = fmt.Sprintf("aws/lambda/%s/%s/%s/%s-%s", mappingUUID, first.ShardID, at.Format("2006/01/02"),
			at.Format("2006-01-02T15.04.05"), uuid(int64(len(s.log.Discarded))))
	}
	message, err := json.Marshal(f)
	if err != nil {
		panic(err) // cannot happen: all of it encodes
	}
	d.Message = message
}

// note adds a line to the log, or extends its last one.
func (s *simulation) note(l *shardLane, recs []*record, text string) {
	n := note{behind: len(s.log.Invocations), at: s.now(), shardID: l.shardID, shardLane: l.number, text: text}
	last := len(s.log.notes) - 1
	if last < 0 || !s.log.notes[last].continues(n) {
		s.log.notes = append(s.log.notes, n)
		last++
	}
	for _, rec := range recs {
		s.log.notes[last].records = append(s.log.notes[last].records, &rec.Record)
	}
}

func iso(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
