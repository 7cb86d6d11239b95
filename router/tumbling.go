package router

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"example.com/sluice/decoder"
)

// Tumbling returns a handler for mappings with a tumbling window. On each invocation f gets the window, the state that
// it left on the one before, as JSON decoded into S by encoding/json, and all records of the invocation. It changes *state, which goes
// back to Lambda and comes again on the window's next invocation. An absent state, null and {} are S's zero value; a nil map, slice or
// pointer goes back as {}.
//
// On the window's final invocation w.IsFinalInvokeForWindow is set, and there may be no records: f is called all the same. Lambda
// ends a window early, with w.IsWindowTerminatedEarly, where the state has passed 1 MB.
//
// Any failure, that of a bad record included, fails the whole invocation, so that the records and the state before them come again
// together. What f skips with [At] and [Skip] is no failure: f is called again with the records behind it. Events without the
// members of a window are errors. w and *state may be kept, the records not.
func Tumbling[S any](f func(ctx context.Context, w *decoder.Window, state *S, recs []decoder.Record) error) Handler {
	return tumbling[S](f)
}

type tumbling[S any] func(ctx context.Context, w *decoder.Window, state *S, recs []decoder.Record) error

func (h tumbling[S]) isNil() bool { return h == nil }

func (h tumbling[S]) run(ctx context.Context, i *invocation) error {
	return i.batch(func(b *decoder.Batch) error {
		w := b.Window()
		if w == nil {
			return errors.New("not a tumbling-window event: does the event source mapping have a window?")
		}
		state := new(S)
		if err := decodeState(w.State, state); err != nil {
			return err
		}
		// The bad records come first, so that f sees all others in one call.
		if !i.inOrder(ctx, items{bad: b.Bad(), flaws: b.Failed()}, 1, nil) {
			return nil
		}
		recs := b.Records()
		if !i.whole(recs, func(from, to int) error {
			part := recs[from:to:to]
			return i.call(ctx, part, func(ctx context.Context) error { return h(ctx, w, state, part) })
		}) {
			return nil
		}
		encoded, err := encodeState(state)
		if err != nil {
			return err
		}
		i.state, i.changed = encoded, true
		return nil
	})
}

func decodeState(text []byte, state any) error {
	if s := string(text); s == "" || s == "{}" || s == "null" {
		return nil
	}
	if err := json.Unmarshal(text, state); err != nil {
		return fmt.Errorf("tumbling-window state does not decode: %w", err)
	}
	return nil
}

func encodeState(state any) ([]byte, error) {
	text, err := json.Marshal(state)
	if err != nil {
		return nil, fmt.Errorf("tumbling-window state does not encode: %w", err)
	}
	if string(text) == "null" {
		return []byte("{}"), nil
	}
	return text, nil
}

// whole hands all records over, even where there are none, and reports whether they are done.
func (i *invocation) whole(recs []decoder.Record, call func(from, to int) error) bool {
	if len(recs) > 0 {
		done := i.slice(recs, call)
		if done < len(recs) {
			i.stop(&recs[done])
		}
		return done == len(recs)
	}
	none := &decoder.Record{Source: &decoder.Source{}, Index: -1}
	if err := i.protect(none, func() error { return call(0, 0) }); err != nil {
		i.fatal = fmt.Errorf("tumbling window without records: %w", err)
		return false
	}
	return true
}
