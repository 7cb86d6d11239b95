package redrive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"example.com/sluice/cmd/sluice/internal/screen"
	"example.com/sluice/decoder"
	"example.com/sluice/internal/runtimeapi"
)

// This file decides what a function's answer says about the batch that it was
// given. It reads answers as Lambda does for a mapping with
// ReportBatchItemFailures, those to an event of EventBridge Pipes as a pipe
// does, and takes what it does not understand for a failure.

// verdict is what has come of a batch.
type verdict struct {
	state      state
	done       int    // records before the checkpoint; all where state is done
	checkpoint string // where state is partial: what the answer calls the first record that is not done
	problem    string // where state is not done: why
}

// read judges the answer to an event.
func read(answer []byte, failure error, event []byte) verdict {
	if failure != nil {
		return failed(failure.Error())
	}
	answer = bytes.TrimSpace(answer)
	if len(answer) == 0 {
		return verdict{state: stateDone, done: total(event)}
	}
	if !json.Valid(answer) {
		return failed(fmt.Sprintf("the answer is no JSON: %s", screen.Preview(answer)))
	}
	var members struct {
		BatchItemFailures json.RawMessage `json:"batchItemFailures"`
		ErrorMessage      *string         `json:"errorMessage"`
		ErrorType         string          `json:"errorType"`
	}
	if answer[0] == '{' {
		json.Unmarshal(answer, &members) // a member of another type is left out, and seen below
	}
	if members.BatchItemFailures == nil && (members.ErrorMessage != nil || members.ErrorType != "") {
		// Lambda marks such an answer as an error by a header; emulators may
		// leave that out.
		message := ""
		if members.ErrorMessage != nil {
			message = *members.ErrorMessage
		}
		return failed((&runtimeapi.FunctionError{Type: members.ErrorType, Message: message}).Error())
	}
	var failures []json.RawMessage
	if len(members.BatchItemFailures) > 0 && json.Unmarshal(members.BatchItemFailures, &failures) != nil {
		return failed("the answer's batchItemFailures is no list: " + screen.Preview(answer))
	}
	return readFailures(failures, event)
}

// readFailures judges what the list of an answer names: the lowest of the
// records is where the batch is to be delivered again from.
func readFailures(failures []json.RawMessage, event []byte) verdict {
	v := verdict{state: stateDone, done: total(event)}
	for _, f := range failures {
		var item struct {
			Identifier string `json:"itemIdentifier"`
		}
		if json.Unmarshal(f, &item) != nil || item.Identifier == "" {
			return failed("the answer has a failure that names no record: " + screen.Preview(f))
		}
		at := indexOf(event, item.Identifier)
		if at < 0 {
			return failed("the answer names a record that is not in the event: " + screen.Preview(f))
		}
		if v.state == stateDone || at < v.done {
			v = verdict{state: statePartial, done: at, checkpoint: item.Identifier,
				problem: "not done from " + item.Identifier + " on"}
		}
	}
	if v.state == statePartial && v.done == 0 {
		v.state = stateFailed
		v.problem = "the function has done none of the records"
	}
	return v
}

func failed(problem string) verdict { return verdict{state: stateFailed, problem: problem} }

// total is how many records an event has.
func total(event []byte) int {
	n := 0
	for range decoder.Records(event) {
		n++
	}
	return n
}

// fromPipe is whether an event is one of EventBridge Pipes, a bare array, where
// an answer names a record by its event id.
func fromPipe(event []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(event, " \t\r\n"), []byte("["))
}

// nameKind is what an answer to the event names records by.
func nameKind(event []byte) string {
	if fromPipe(event) {
		return "event id"
	}
	return "sequence number"
}

// indexOf returns the index of the first record that an answer to the event
// calls so, -1 where there is none.
func indexOf(event []byte, name string) int {
	pipe := fromPipe(event)
	for rec := range decoder.Records(event) {
		switch {
		case rec == nil || name == "":
		case pipe && string(rec.EventID) == name,
			!pipe && len(rec.SequenceNumber) > 0 && decoder.Compare(rec.SequenceNumber, []byte(name)) == 0:
			return rec.Index
		}
	}
	return -1
}

// behind returns the event with its records from one on, of so many, and
// nothing that it did not have before. Where the event is not of the plain form
// it is returned whole: then records come twice, and none is lost.
func behind(event []byte, records, from int) []byte {
	if from <= 0 {
		return event
	}
	parts, err := split(event)
	if err != nil || len(parts) != records || from >= records {
		return event
	}
	before, after := `{"Records":[`, `]}`
	if fromPipe(event) {
		before, after = `[`, `]`
	}
	return slices.Concat([]byte(before), bytes.Join(parts[from:], []byte(",")), []byte(after))
}

// split returns the elements of an event's Records, where the event has no
// other members, or those of a pipe's array.
func split(event []byte) ([][]byte, error) {
	records := json.RawMessage(event)
	if !fromPipe(event) {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(event, &members); err != nil {
			return nil, err
		}
		var ok bool
		if records, ok = members["Records"]; !ok || len(members) != 1 {
			return nil, errors.New("not of the plain form")
		}
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(records, &elements); err != nil {
		return nil, err
	}
	parts := make([][]byte, len(elements))
	for i, e := range elements {
		parts[i] = e
	}
	return parts, nil
}
