package routertest

import (
	"bytes"
	"encoding/json"
	"errors"

	"example.com/sluice/decoder"
)

// This file reads a function's answer as Lambda does.

// answer is what an answer says of a batch.
type answer struct {
	outcome Outcome
	from    int             // the index of the first record to deliver again, where outcome is Partial or Failed
	state   json.RawMessage // nil where there is none
	named   bool            // it names records, all of which are in the batch
	stray   bool            // it names a record that is not in the batch
	why     error           // what is wrong with it
}

// What is wrong with answers.
var (
	errNoState     = errors.New("the answer has no state")
	errNotJSON     = errors.New("the answer is no JSON")
	errNoList      = errors.New("the answer's batchItemFailures is no list")
	errNoName      = errors.New("the answer has a failure without an itemIdentifier")
	errUnknownName = errors.New("the answer names a record that is not in the event")
)

// readAnswer reads the answer to an invocation with these records. What follows
// from a missing state is up to the caller.
func (m *Mapping) readAnswer(text []byte, recs []*record) answer {
	var a answer
	var members map[string]json.RawMessage
	isJSON := json.Unmarshal(text, &members) == nil
	if isJSON && m.TumblingWindow > 0 {
		a.state = members["state"]
	}
	if !m.ReportBatchItemFailures {
		return a
	}
	if !isJSON {
		if text = bytes.TrimSpace(text); len(text) > 0 && !json.Valid(text) {
			a.outcome, a.why = Failed, errNotJSON
		}
		return a // "" and [] are a success, and so is what else holds no failures
	}
	var failures []json.RawMessage
	if list, ok := members["batchItemFailures"]; ok && json.Unmarshal(list, &failures) != nil {
		a.outcome, a.why = Failed, errNoList
		return a
	}
	for n, failure := range failures {
		at, known := m.find(recs, identifier(failure))
		if !known {
			a.stray = identifier(failure) != ""
			a.outcome, a.from = Failed, 0 //mutant:a-stray-number-is-a-success
			if a.why = errNoName; a.stray {
				a.why = errUnknownName
			}
			return a
		}
		if n == 0 || at < a.from { //mutant:the-highest-number-is-the-checkpoint
			a.from = at
		}
	}
	a.named = len(failures) > 0
	switch {
	case !a.named:
	case a.from == 0:
		a.outcome = Failed
	default:
		a.outcome = Partial
	}
	return a
}

// identifier is what a failure names, "" where it names nothing.
func identifier(failure json.RawMessage) string {
	var members map[string]json.RawMessage
	var id string
	if json.Unmarshal(failure, &members) != nil || json.Unmarshal(members["itemIdentifier"], &id) != nil {
		return ""
	}
	return id
}

// find returns the index of the record that is named: by its sequence number,
// or to a pipe by its event id.
func (m *Mapping) find(recs []*record, id string) (int, bool) {
	for i, rec := range recs {
		switch {
		case id == "":
		case m.Pipe && string(rec.EventID) == id, !m.Pipe && decoder.Compare(rec.SequenceNumber, []byte(id)) == 0: //mutant:numbers-are-compared-by-their-first-digit //mutant:a-pipe-knows-sequence-numbers //mutant:the-mapping-knows-event-ids
			return i, true
		}
	}
	return 0, false
}
