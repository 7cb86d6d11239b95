// Package easy has the types that easyjson reads a Kinesis event into. They
// copy those of aws-lambda-go field by field, because easyjson generates
// methods, which cannot be added to the types of another package.
package easy

//lint:file-ignore SA5008 nocopy is an option of easyjson

import (
	"time"

	"github.com/mailru/easyjson/jlexer"
)

//go:generate go tool easyjson -no_std_marshalers event.go

// Event is events.KinesisEvent.
//
//easyjson:json
type Event struct {
	Records []Record `json:"Records"`
}

// Record is events.KinesisEventRecord. Its strings are views of the event.
//
//easyjson:json
type Record struct {
	AwsRegion         string  `json:"awsRegion,nocopy"`
	EventID           string  `json:"eventID,nocopy"`
	EventName         string  `json:"eventName,nocopy"`
	EventSource       string  `json:"eventSource,nocopy"`
	EventSourceArn    string  `json:"eventSourceARN,nocopy"`
	EventVersion      string  `json:"eventVersion,nocopy"`
	InvokeIdentityArn string  `json:"invokeIdentityArn,nocopy"`
	Kinesis           Kinesis `json:"kinesis"`
}

// Kinesis is events.KinesisRecord.
//
//easyjson:json
type Kinesis struct {
	ApproximateArrivalTimestamp Time   `json:"approximateArrivalTimestamp"`
	Data                        []byte `json:"data"`
	EncryptionType              string `json:"encryptionType,nocopy"`
	PartitionKey                string `json:"partitionKey,nocopy"`
	SequenceNumber              string `json:"sequenceNumber,nocopy"`
	KinesisSchemaVersion        string `json:"kinesisSchemaVersion,nocopy"`
}

// Time is events.SecondsEpochTime, read without encoding/json.
//
//easyjson:skip
type Time struct{ time.Time }

// UnmarshalEasyJSON reads seconds since the epoch.
func (t *Time) UnmarshalEasyJSON(l *jlexer.Lexer) {
	epoch := l.Float64()
	seconds := int64(epoch)
	t.Time = time.Unix(seconds, int64((epoch-float64(seconds))*1e9))
}
