package router

import (
	"fmt"

	"example.com/sluice/decoder"
)

// This file writes what Lambda gets. Every answer is new memory: aws-lambda-go posts it after Invoke has returned.

func answerDone() []byte {
	return []byte(`{"batchItemFailures":[]}`)
}

func answerFrom(sequenceNumber string) []byte {
	b := make([]byte, 0, 48+len(sequenceNumber))
	b = append(b, `{"batchItemFailures":[{"itemIdentifier":"`...)
	b = append(b, sequenceNumber...)
	return append(b, `"}]}`...)
}

func answerState(state []byte) []byte {
	if len(state) == 0 {
		state = []byte("{}")
	}
	b := make([]byte, 0, 40+len(state))
	b = append(b, `{"state":`...)
	b = append(b, state...)
	return append(b, `,"batchItemFailures":[]}`...)
}

// checkpoint is the first record that is not done.
type checkpoint struct {
	at             position
	sequenceNumber string
}

func checkpointOf(rec *decoder.Record) checkpoint {
	return checkpoint{positionOf(rec), string(rec.SequenceNumber)}
}

// valid says whether Lambda would understand the number. An answer with one that it does not know may be taken for a
// success or for a failure of the whole batch, so it must not be sent.
func (c checkpoint) valid() error {
	switch {
	case c.sequenceNumber == "":
		return fmt.Errorf("record %d is to be delivered again, but has no sequence number", c.at)
	case !isDecimal(c.sequenceNumber):
		return fmt.Errorf("record %d is to be delivered again, but its sequence number is not decimal", c.at)
	}
	return nil
}

func isDecimal(s string) bool {
	for _, d := range []byte(s) {
		if d < '0' || d > '9' {
			return false
		}
	}
	return s != ""
}
