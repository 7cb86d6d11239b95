package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// This file reads what an event source mapping leaves behind when it gives a batch up: the object in its on-failure bucket.
// Lambda developer guide, "Retain discarded batch records", for Kinesis.

// failedBatch is what such an object says about a batch, in AWS's words. What nobody needs here is left out.
type failedBatch struct {
	RequestContext struct {
		RequestID              string `json:"requestId"`
		FunctionARN            string `json:"functionArn"`
		Condition              string `json:"condition"`
		ApproximateInvokeCount int    `json:"approximateInvokeCount"`
	} `json:"requestContext"`
	ResponseContext struct {
		StatusCode    int    `json:"statusCode"`
		FunctionError string `json:"functionError"`
	} `json:"responseContext"`
	Timestamp        string `json:"timestamp"`
	KinesisBatchInfo *struct {
		ShardID             string `json:"shardId"`
		StartSequenceNumber string `json:"startSequenceNumber"`
		EndSequenceNumber   string `json:"endSequenceNumber"`
		BatchSize           int    `json:"batchSize"`
		StreamARN           string `json:"streamArn"`
	} `json:"KinesisBatchInfo"`
	// Payload is the event: Lambda writes it as a string, some emulators as an object.
	Payload json.RawMessage `json:"payload"`
}

// errNoPayload is what a queue or a topic gets: Lambda sends the event to S3 alone.
var errNoPayload = errors.New("describes a failed batch without its records: only S3 as the destination gets them")

// unwrap returns the event in a file, and what the file says about it where it is an on-failure object. Other content is an event as
// it is.
func unwrap(content []byte) (event []byte, about *failedBatch, err error) {
	// Events are large, and most files are one: look for the name before anything is parsed. In an event it cannot stand but
	// in a member that nobody knows.
	if !bytes.Contains(content, []byte(`"KinesisBatchInfo"`)) {
		return content, nil, nil
	}
	var b failedBatch
	if err := json.Unmarshal(content, &b); err != nil || b.KinesisBatchInfo == nil {
		return content, nil, nil // the decoder says what is wrong with it
	}
	event = b.Payload
	b.Payload = nil
	if len(event) == 0 || string(event) == "null" {
		return nil, &b, fmt.Errorf("%w; see %s %s to %s", errNoPayload,
			b.KinesisBatchInfo.ShardID, b.KinesisBatchInfo.StartSequenceNumber, b.KinesisBatchInfo.EndSequenceNumber)
	}
	if event[0] == '"' {
		var text string
		if err := json.Unmarshal(event, &text); err != nil {
			return nil, &b, fmt.Errorf("payload: %w", err)
		}
		event = []byte(text)
	}
	return event, &b, nil
}
