package routertest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"example.com/sluice/decoder"
)

// A function's answer, read as Lambda reads it.

// answer is what an answer says about a batch.
type answer struct {
	outcome Outcome
	from    int             // the first record to deliver again, if outcome is Partial or Failed
	state   json.RawMessage // nil if there is none
	named   bool            // it names records, and all are in the batch
	stray   bool            // it names a record that is not in the batch
	why     error           // what is wrong with the answer
	ignored error           // what it says that does not count
}

// What can be wrong with an answer.
var (
	errNoState     = errors.New("the answer has no state")
	errNotJSON     = errors.New("the answer is no JSON")
	errNoList      = errors.New("the answer's batchItemFailures is no list")
	errNoName      = errors.New("the answer has a failure without an itemIdentifier")
	errUnknownName = errors.New("the answer names a record that is not in the event")
)

const notHeeded = "which is not heeded without ReportBatchItemFailures"

// readAnswer reads the answer to an invocation with these records. A missing
// state is left to the caller to judge.
func (m *Mapping) readAnswer(text []byte, recs []*record) answer {
	var a answer
	var members map[string]json.RawMessage
	isJSON := json.Unmarshal(text, &members) == nil
	if isJSON && m.TumblingWindow > 0 {
		a.state = members["state"]
	}
	switch named := m.readFailures(text, members, isJSON, recs); {
	case m.ReportBatchItemFailures:
		named.state = a.state
		return named
	case named.named:
		a.ignored = fmt.Errorf("the answer names %d, %s", recs[named.from].Index, notHeeded)
	case named.why != nil && named.why != errNotJSON:
		a.ignored = fmt.Errorf("%w, %s", named.why, notHeeded) //mutant:what-does-not-count-is-not-told
	}
	return a
}

// readFailures reads which records the answer names.
func (m *Mapping) readFailures(text []byte, members map[string]json.RawMessage, isJSON bool, recs []*record) answer {
	var a answer
	if !isJSON {
		if text = bytes.TrimSpace(text); len(text) > 0 && !json.Valid(text) {
			a.outcome, a.why = Failed, errNotJSON
		}
		return a // "", [] and other JSON without failures are successes
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

// identifier returns what a failure names, "" if it names nothing.
func identifier(failure json.RawMessage) string {
	var members map[string]json.RawMessage
	var id string
	if json.Unmarshal(failure, &members) != nil || json.Unmarshal(members["itemIdentifier"], &id) != nil {
		return ""
	}
	return id
}

// find returns the index of the record with this sequence number or, in a pipe,
// with this event id.
func (m *Mapping) find(recs []*record, id string) (int, bool) {
	for i, rec := range recs {
		//mutant:the-mapping-knows-event-ids
		//mutant:a-pipe-knows-sequence-numbers
		//mutant:numbers-are-compared-by-their-first-digit
		switch {
		case id == "":
		case m.Pipe && string(rec.EventID) == id,
			!m.Pipe && decoder.CompareSequenceNumbers(rec.SequenceNumber, []byte(id)) == 0:
			return i, true
		}
	}
	return 0, false
}
