package redrive

import (
	"bytes"
	"encoding/json"
	"slices"

	"example.com/sluice/cmd/sluice/internal/screen"
	"example.com/sluice/decoder"
	"example.com/sluice/internal/runtimeapi"
)

// This file judges a function's answer about a batch, as Lambda does for a
// mapping with ReportBatchItemFailures, and as a pipe does for an event of
// EventBridge Pipes. What it does not understand it takes for a failure.

// verdict is what came of a batch.
type verdict struct {
	state      state
	done       int    // records before the checkpoint; all where state is done
	checkpoint string // where state is partial: what the answer calls the first record that is not done
	problem    string // where state is not done: why
}

func read(answer []byte, failure error, event []byte) verdict {
	if failure != nil {
		return failed(failure.Error())
	}
	answer = bytes.TrimSpace(answer)
	if len(answer) == 0 {
		return verdict{state: stateDone, done: total(event)}
	}
	if !json.Valid(answer) {
		return failed("the answer is no JSON: " + screen.Preview(answer))
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
		// Lambda marks such an answer by a header, which emulators may leave
		// out.
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

// readFailures finds the lowest record that the answer names: from there on the
// batch is not done.
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
			v = verdict{
				state: statePartial, done: at, checkpoint: item.Identifier,
				problem: "not done from " + item.Identifier + " on",
			}
		}
	}
	if v.state == statePartial && v.done == 0 {
		v.state = stateFailed
		v.problem = "the function has done none of the records"
	}
	return v
}

func failed(problem string) verdict { return verdict{state: stateFailed, problem: problem} }

// total counts the records of an event.
func total(event []byte) int {
	n := 0
	for range decoder.Records(event) {
		n++
	}
	return n
}

// fromPipe reports whether an event is from EventBridge Pipes: a bare array,
// where answers name records by event id.
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

// indexOf returns the index of the first record that an answer may mean by this
// name, -1 if there is none.
func indexOf(event []byte, name string) int {
	pipe := fromPipe(event)
	for rec := range decoder.Records(event) {
		switch {
		case rec == nil || name == "":
		case pipe && string(rec.EventID) == name,
			!pipe && len(rec.SequenceNumber) > 0 &&
				decoder.CompareSequenceNumbers(rec.SequenceNumber, []byte(name)) == 0:
			return rec.Index
		}
	}
	return -1
}

// behind returns the event without its first records. An event that is not of
// the plain form is returned whole: a duplicate is better than a loss.
func behind(event []byte, records, from int) []byte {
	if from <= 0 {
		return event
	}
	parts := split(event)
	if len(parts) != records || from >= records {
		return event
	}
	before, after := `{"Records":[`, `]}`
	if fromPipe(event) {
		before, after = `[`, `]`
	}
	return slices.Concat([]byte(before), bytes.Join(parts[from:], []byte(",")), []byte(after))
}

// split returns the records of an event that has no members but Records, or of
// a pipe's array; none of any other.
func split(event []byte) (parts [][]byte) {
	records := json.RawMessage(event)
	if !fromPipe(event) {
		var members map[string]json.RawMessage
		if json.Unmarshal(event, &members) != nil || len(members) != 1 {
			return nil
		}
		records = members["Records"]
	}
	var elements []json.RawMessage
	if json.Unmarshal(records, &elements) != nil {
		return nil
	}
	for _, e := range elements {
		parts = append(parts, e)
	}
	return parts
}
