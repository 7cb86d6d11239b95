package router

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"example.com/sluice/decoder"
)

// Tumbling returns a handler for mappings with a tumbling window. On each
// invocation f gets the window, the state that it left on the previous one
// (JSON, decoded into S by encoding/json), and all records of the invocation.
// It changes *state, which goes back to Lambda and comes again on the window's
// next invocation. An absent state, null and {} are S's zero value; a nil map,
// slice or pointer goes back as {}.
//
// On the window's final invocation w.IsFinalInvokeForWindow is set. f is called
// even if there are no records then. Lambda ends a window early, with
// w.IsWindowTerminatedEarly, once the state has passed 1 MB; from there on the
// router logs a warning. A state that makes the answer larger than 6 MB
// (6,291,556 bytes) fails the invocation: Lambda would reject it without
// telling the function.
//
// Any failure, that of a bad record included, fails the whole invocation, so
// that the records and the state before them come again together. What f skips
// with [At] and [Skip] is no failure: f is called again with the records behind
// it, and on a window's final invocation even if there are none, so that f gets
// to end the window. Events without the members of a window are errors. w and
// *state may be kept, the records may not.
func Tumbling[S any](f func(ctx context.Context, w *decoder.Window, state *S, recs []decoder.Record) error) Handler {
	return tumbling[S](f)
}

type tumbling[S any] func(ctx context.Context, w *decoder.Window, state *S, recs []decoder.Record) error

func (h tumbling[S]) mustBeWrappedInEachBatchOrPartition() bool { return h == nil }

func (h tumbling[S]) run(inv *invocation) error {
	return inv.batchUntil(inv.isLate, func(g *grouping) error {
		if g.inPart {
			return nil // a part of the records is not enough
		}
		if g.window == nil {
			return errors.New("not a tumbling-window event: does the event source mapping have a window?")
		}
		if inv.ctx.Err() != nil {
			inv.progress.late()
			if len(g.todo) == 0 {
				return errNotStarted
			}
			return nil
		}
		state := new(S)
		if err := inv.enterUserCode(nil, func() error { return decodeState(g.window.State, state) }); err != nil {
			return fmt.Errorf("tumbling-window state does not decode: %w", err)
		}
		window := g.window
		skipped := false // whether the last call ended at a record, with a Skip
		call := func(recs []decoder.Record) error {
			err := inv.call(inv.ctx, recs, func(ctx context.Context) error { return h(ctx, window, state, recs) })
			skipped = err != nil
			return err
		}
		if !inv.wholeWindow(g, call) {
			return nil
		}
		if skipped && window.IsFinalInvokeForWindow && !inv.emptyCall(call) {
			return nil // what ends the window may come after the records
		}
		var text []byte
		err := inv.enterUserCode(nil, func() (err error) { text, err = encodeState(state); return err })
		if err != nil {
			return fmt.Errorf("tumbling-window state does not encode: %w", err)
		}
		inv.progress.answerState(text) //mutant:a-window-s-state-does-not-change
		return nil
	})
}

// wholeWindow hands all records over, even where there are none, and reports
// whether they are done. The bad ones come first, so that all others come in
// one call.
func (inv *invocation) wholeWindow(g *grouping, call func([]decoder.Record) error) bool {
	const good, bad = 0, 1
	g.begin(2) // so that they exist without records too
	g.sort(func(e entry) int32 {
		if e.bad() {
			return bad
		}
		return good
	})
	w := inv.newWorker(&g.records)
	defer w.buffer.release()
	if !w.inOrder(&g.groups[bad], 1, nil) {
		return false
	}
	if len(g.groups[good].left) > 0 {
		return w.inOrder(&g.groups[good], math.MaxInt, call)
	}
	return inv.emptyCall(call)
}

// emptyCall calls the handler without records, and reports whether it
// succeeded.
func (inv *invocation) emptyCall(call func([]decoder.Record) error) bool {
	if inv.ctx.Err() != nil { // the calls before may have taken long
		inv.progress.late()
		inv.progress.failWhole(errNotStarted)
		return false
	}
	if err := inv.enterUserCode(nil, func() error { return call(nil) }); err != nil {
		inv.progress.failWhole(fmt.Errorf("tumbling window without records: %w", err))
		return false
	}
	return true
}

func decodeState(text []byte, state any) error {
	if s := string(text); s == "" || s == "{}" || s == "null" {
		return nil
	}
	return json.Unmarshal(text, state)
}

func encodeState(state any) ([]byte, error) {
	text, err := json.Marshal(state)
	if err != nil {
		return nil, err
	}
	if string(text) == "null" {
		return []byte("{}"), nil
	}
	return text, nil
}
