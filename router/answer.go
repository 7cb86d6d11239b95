package router

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"unicode/utf8"

	"example.com/sluice/decoder"
	"example.com/sluice/internal/cause"
)

// This file turns progress into what Lambda is told. Every answer is new
// memory: aws-lambda-go posts it after Invoke has returned.

func answerDone() []byte {
	return []byte(`{"batchItemFailures":[]}`)
}

func answerFrom(identifier string) []byte {
	quoted, _ := json.Marshal(identifier) // of a string: does not fail
	b := make([]byte, 0, 46+len(quoted))  //mutant:answers-share-their-memory
	b = append(b, `{"batchItemFailures":[{"itemIdentifier":`...)
	b = append(b, quoted...)
	return append(b, `}]}`...)
}

// Lambda's limits. Its documentation allows 6 MB for an answer, in bytes as its
// runtime interface emulator counts them, and 1 MB for a window's state.
const (
	maxAnswer = 6<<20 + 100
	maxState  = 1 << 20
)

// answerState hands a window's state on. If Lambda would reject the state, it
// returns an error that says so: otherwise nobody would hear of it, and the
// batch would be delivered over and over.
func (inv *invocation) answerState(w *decoder.Window, state []byte) ([]byte, error) {
	const before, after = `{"state":`, `,"batchItemFailures":[]}`
	if len(state) == 0 {
		state = []byte("{}")
	}
	size := len(before) + len(state) + len(after)
	if size > maxAnswer {
		return nil, fmt.Errorf("tumbling-window state of %d bytes: with it the answer has %d, "+
			"and Lambda takes no more than %d", len(state), size, maxAnswer)
	}
	if len(state) >= maxState {
		inv.logLine(inv.caller, slog.LevelWarn,
			"tumbling-window state is as large as Lambda lets it become: the window ends early",
			slog.Int("bytes", len(state)), slog.Int("limit", maxState), slog.String("shardId", w.ShardID))
	}
	b := make([]byte, 0, size)
	b = append(b, before...)
	b = append(b, state...)
	return append(b, after...), nil
}

// answer decides what Lambda is told; see the failure rules in the package
// documentation. The progress is sealed. checkpoint is the identifier by which
// the answer names a record, "" if it names none.
func (inv *invocation) answer() (answer []byte, checkpoint string, err error) {
	p := &inv.progress
	switch {
	case p.err != nil:
		return nil, "", p.err
	case p.fatal != nil:
		return nil, "", p.fatal
	case p.pending != beyond:
		return inv.answerFailure()
	case p.abandoned:
		return nil, "", errStraggler
	case !p.finished:
		return nil, "", errGoroutine
	case p.newState:
		answer, err = inv.answerState(p.window, p.state)
	case p.window != nil:
		answer, err = inv.answerState(p.window, p.window.State) //mutant:a-window-s-state-is-lost
	default:
		answer = answerDone()
	}
	return answer, "", err
}

// errGoroutine is why an invocation fails if user code has ended its goroutine
// and no record fails for it.
var errGoroutine = errors.New("the handler ended its goroutine")

// answerFailure names the first pending record, if Lambda takes such an answer.
//
// It reads the whole event again. The name must come from the event itself, not
// from records that handlers may have changed, and what comes after the place
// where the work stopped matters too. A broken event is never answered as a
// success, and the answer to a window must not hold failures.
func (inv *invocation) answerFailure() (answer []byte, checkpoint string, err error) {
	p := &inv.progress
	if inv.wholeBatch && p.failed != nil && p.failed != p.limited {
		return nil, "", p.failed
	}
	var number, eventID string
	twins := 0                                    // how many records behind it have the same event id
	d := decoder.Decoder{MaxRecords: math.MaxInt} // which is no fault of the event
	window, err := d.Walk(inv.event, func(rec *decoder.Record, _ error) bool {
		if rec.Index == p.pending.index() { //mutant:the-record-behind-it-is-named
			number, eventID = string(rec.SequenceNumber), string(rec.EventID)
		} else if rec.Index > p.pending.index() && string(rec.EventID) == eventID {
			twins++
		}
		return true
	})
	if err != nil {
		return nil, "", err
	}
	reason, unfinished := p.failed, &RecordError{Index: p.pending.index(), SequenceNumber: number, Err: p.unfinished()}
	if reason == nil {
		reason = unfinished
	}
	if reason == p.limited && reason.Index == p.pending.index() {
		reason.SequenceNumber = number // reading may have ended before it
	}
	//mutant:a-window-s-state-beside-a-failure
	//mutant:a-checkpoint-where-only-whole-batches-can-fail
	if window != nil || inv.wholeBatch {
		return nil, "", reason
	}
	if reason.Index != p.pending.index() {
		reason = unfinished // what failed is a record behind it
	}
	identifier, flaw := number, flawOfNumber(number)
	if isPipes(inv.event) { //mutant:a-pipe-is-told-sequence-numbers //mutant:the-mapping-is-told-event-ids
		identifier, flaw = eventID, flawOfEventID(eventID)
		if flaw == "" && twins > 0 {
			flaw = "its event id is that of a record behind it as well"
		}
	}
	if flaw != "" {
		return nil, "", fmt.Errorf("record %d is to be delivered again, but %s: %w", p.pending.index(), flaw, reason)
	}
	inv.rememberDone()
	cause.NotDone(inv.ctx, unmarked(reason.Err))
	return answerFrom(identifier), identifier, nil
}

// isPipes reports whether an event that has been read is one of EventBridge
// Pipes: a bare array. The answer to it names a record by its event id, as the
// EventBridge user guide says ("Amazon EventBridge Pipes batching and
// concurrency").
func isPipes(event []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(event, " \t\r\n"), []byte("["))
}

// flawOfNumber is why an answer cannot name a record by this sequence number,
// "" where it can.
func flawOfNumber(number string) string {
	switch {
	case number == "":
		return "has no sequence number"
	case !isDecimal(number):
		return "its sequence number is not decimal"
	}
	return ""
}

// flawOfEventID is the same for an event id. An id that is not UTF-8, or was
// not valid text in the event, would turn into a different one in the answer.
func flawOfEventID(id string) string {
	switch {
	case id == "":
		return "has no event id, by which EventBridge Pipes would know it"
	case strings.ContainsRune(id, utf8.RuneError):
		return "its event id is no valid text"
	}
	return ""
}

// unfinished is why a record that has not failed is not done.
func (p *progress) unfinished() error {
	switch {
	case p.abandoned:
		return errStraggler
	case p.outOfTime:
		return errNotStarted
	}
	return errors.New("not started")
}

// isDecimal reports whether Lambda would understand the number. If an answer
// had a number that Lambda does not understand, Lambda might take it for a
// success, or for a failure of the whole batch. So no such answer is sent.
func isDecimal(s string) bool {
	for _, d := range []byte(s) {
		if d < '0' || d > '9' {
			return false
		}
	}
	return s != ""
}

// RecordError is the error of an invocation that fails on account of a record.
type RecordError struct {
	Index             int    // position in the event's Records
	SequenceNumber    string // of the record, as far as known
	SubSequenceNumber int    // of a user record of an aggregate
	Err               error  // what the handler, or WithOnBad, returned
}

// Error names the record, unless Err does so itself.
func (e *RecordError) Error() string {
	if d, ok := unmarked(e.Err).(*decoder.Error); ok && d != nil && d.Index == e.Index {
		return d.Error()
	}
	number := e.SequenceNumber
	if !isDecimal(number) {
		number = fmt.Sprintf("%.32q", number)
	}
	user := ""
	if e.SubSequenceNumber > 0 {
		user = fmt.Sprintf(", subsequence number %d", e.SubSequenceNumber)
	}
	return fmt.Sprintf("record %d (sequence number %.64s%s): %v", e.Index, number, user, e.Err)
}

// Unwrap returns e.Err.
func (e *RecordError) Unwrap() error { return e.Err }
