package router

import (
	"context"
	"fmt"
	"slices"

	"example.com/sluice/decoder"
)

// This file is what a handler's error means.

// Skip says that a record is bad for good: it is logged and counted, and the work goes on without it. In the slice
// shapes it must come with [At], else it is a [Retry]: the router cannot know which record is meant. Skip(nil) is nil.
func Skip(err error) error { return mark(skip, err) }

// Retry says that Lambda shall deliver again from this record on. It is what a plain error means; the word is for
// overriding a [Skip] further in. Retry(nil) is nil.
func Retry(err error) error { return mark(retry, err) }

// Fail says that the whole invocation has failed: Lambda delivers the whole batch again, what was done included.
// Fail(nil) is nil.
func Fail(err error) error { return mark(fail, err) }

// At says which record of a slice an error is about: those before it are done, those behind it are not. rec may be a
// copy of the record. A rec that is nil or not in the slice stands for the slice's first record, and nothing is
// skipped on its account. At(rec, nil) is nil.
//
// Several records are named with errors.Join: each of the errors applies, and the lowest Retry wins.
func At(rec *decoder.Record, err error) error {
	if err == nil {
		return nil
	}
	if rec == nil {
		return &placed{at: nowhere, err: err}
	}
	return &placed{at: positionOf(rec), err: err}
}

// SkipBad is for [WithOnBad]: bad records are logged and skipped.
func SkipBad(_ context.Context, _ *decoder.Record, err error) error { return Skip(err) }

// verdict is what becomes of a record that is not done. The order is that of severity.
type verdict uint8

const (
	skip verdict = iota
	retry
	fail
)

type marked struct {
	verdict verdict
	err     error
}

func mark(v verdict, err error) error {
	if err == nil {
		return nil
	}
	return &marked{v, err}
}

func (m *marked) Error() string { return m.err.Error() }
func (m *marked) Unwrap() error { return m.err }

type placed struct {
	at  position
	err error
}

func (p *placed) Error() string { return p.err.Error() }
func (p *placed) Unwrap() error { return p.err }

// position orders the records of an event.
type position int64

const (
	nowhere position = -1
	beyond  position = 1<<63 - 1 // behind every record
)

func positionOf(rec *decoder.Record) position { return position(rec.Index) }

// PanicError is what a handler's panic becomes. It is a [Retry].
type PanicError struct {
	Value any    // what was given to panic; nil where the handler called runtime.Goexit
	Stack []byte // of the goroutine that panicked
}

func (p *PanicError) Error() string {
	if p.Value == nil {
		return "the handler ended its goroutine"
	}
	return fmt.Sprintf("panic: %v", p.Value)
}

// Unwrap returns the panic's value where it is an error.
func (p *PanicError) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// opinion is one verdict of a handler's error, and what it is about.
type opinion struct {
	verdict        verdict
	at             position
	marked, placed bool
}

// opinions takes an error apart: of marks and places the outermost wins, and of joined errors each counts.
func opinions(list []opinion, err error, o opinion) []opinion {
	switch e := err.(type) {
	case *marked:
		if !o.marked {
			o.marked, o.verdict = true, e.verdict
		}
		return opinions(list, e.err, o)
	case *placed:
		if !o.placed {
			o.placed, o.at = true, e.at
		}
		return opinions(list, e.err, o)
	case interface{ Unwrap() []error }:
		n := len(list)
		for _, err := range e.Unwrap() {
			if err != nil {
				list = opinions(list, err, o)
			}
		}
		if len(list) > n {
			return list
		}
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return opinions(list, inner, o)
		}
	}
	return append(list, o)
}

// outcome is what a handler's error means for a slice of records.
type outcome struct {
	done    int        // so many of the first records are done, skipped ones among them
	verdict verdict    // of the record behind them: skip where it may go on with those behind done
	skipped []position // in no order
}

// judge applies a handler's error to the records that it was given. err is not nil, recs not empty.
func judge(recs []decoder.Record, err error) outcome {
	list := opinions(make([]opinion, 0, 4), err, opinion{verdict: retry, at: nowhere})
	out := outcome{done: len(recs), verdict: skip}
	last := -1
	for _, o := range list {
		i := find(recs, o.at)
		if i < 0 {
			// The first record stands for one that is not named, but is not skipped in its place.
			i, o.verdict = 0, max(o.verdict, retry)
		}
		if o.verdict == skip {
			last = max(last, i)
			out.skipped = append(out.skipped, positionOf(&recs[i]))
			continue
		}
		out.verdict = max(out.verdict, o.verdict)
		out.done = min(out.done, i)
	}
	if out.verdict == skip {
		out.done = last + 1
	}
	kept := out.skipped[:0]
	for _, p := range out.skipped {
		if i := find(recs, p); i < out.done && !slices.Contains(kept, p) {
			kept = append(kept, p)
		}
	}
	out.skipped = kept
	return out
}

// judgeOne applies an error to the one record that its handler was given.
func judgeOne(err error) verdict {
	list := opinions(make([]opinion, 0, 4), err, opinion{verdict: retry})
	worst := skip
	for _, o := range list {
		worst = max(worst, o.verdict)
	}
	return worst
}

// find returns the index of the record at p, -1 where there is none. recs are in their order.
func find(recs []decoder.Record, p position) int {
	lo, hi := 0, len(recs)
	for lo < hi {
		mid := (lo + hi) / 2
		if positionOf(&recs[mid]) < p {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(recs) && positionOf(&recs[lo]) == p {
		return lo
	}
	return -1
}
