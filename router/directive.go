package router

import (
	"cmp"
	"context"
	"slices"

	"example.com/sluice/decoder"
)

// This file works out what a handler's error says.

// Skip gives a record up for good: it is logged and counted, and the work goes
// on without it. In the slice shapes it must come with [At], else it is a
// [Retry]: the router cannot know which record is meant. Skip(nil) is nil.
func Skip(err error) error { return mark(skip, err) }

// Bad says that a record's payload is bad, for handlers that decode it
// themselves: the record goes to [WithOnBad], like one that the decoder or a
// typed handler could not decode, and what WithOnBad returns counts. It gets a
// [*decoder.Error] that is [decoder.ErrDecode] and wraps err. In the slice
// shapes Bad must come with [At], else it is a [Retry]. Bad(nil) is nil.
func Bad(err error) error { return mark(bad, err) }

// Retry says that Lambda shall deliver this record again, and those behind it.
// A plain error means the same, but Retry overrides a [Skip] or a [Bad] that
// err wraps. Retry(nil) is nil.
func Retry(err error) error { return mark(retry, err) }

// Fail says that the whole invocation has failed: Lambda delivers the whole
// batch again, including what was done. Fail(nil) is nil.
func Fail(err error) error { return mark(fail, err) }

// At says which record of a slice an error is about: those before it are done,
// those behind it are not. rec may be a copy of the record. A rec that is nil
// or not in the slice stands for the slice's first record, and nothing is
// skipped or taken for bad on its account. At(rec, nil) is nil.
//
// Several records are named with errors.Join: each of the errors applies, and
// the lowest [Retry] wins. Where all are [Skip] or [Bad] the records between
// them are done, and those behind the last are handed over again.
func At(rec *decoder.Record, err error) error {
	if err == nil {
		return nil
	}
	p := &placed{at: nowhere, err: err}
	if rec != nil {
		p.at, p.sequenceNumber, p.source = positionOf(rec), string(rec.SequenceNumber), rec.Source
	}
	return p
}

// IsSkip reports whether err, returned by a handler of single records, gives
// the record up: whether all that it says is [Skip]. It is for wrappers of
// handlers.
func IsSkip(err error) bool { return err != nil && judgeOne(err) == skip }

// SkipBad is for [WithOnBad]: bad records are logged and skipped.
func SkipBad(_ context.Context, _ *decoder.Record, err error) error { return Skip(err) }

// verdict is what becomes of a record that is not done. The order is that of
// severity.
type verdict uint8

const (
	skip verdict = iota
	bad
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

// placed is an error with [At]. It keeps what distinguishes the record from
// those of other events, since the record itself may be gone by the time the
// error is read.
type placed struct {
	at             position
	sequenceNumber string
	source         *decoder.Source
	err            error
}

func (p *placed) Error() string { return p.err.Error() }
func (p *placed) Unwrap() error { return p.err }

// is reports whether rec is the record that is meant.
func (p *placed) is(rec *decoder.Record) bool {
	return p.at == positionOf(rec) && p.sequenceNumber == string(rec.SequenceNumber) &&
		(p.source == nil || p.source == rec.Source || *p.source == *rec.Source)
}

// unmarked is an error without Skip, Bad, Retry and Fail around it.
func unmarked(err error) error {
	for {
		m, ok := err.(*marked)
		if !ok {
			return err
		}
		err = m.err
	}
}

// bare is an error without marks and places around it.
func bare(err error) error {
	for {
		err = unmarked(err)
		p, ok := err.(*placed)
		if !ok {
			return err
		}
		err = p.err
	}
}

// directive is one of the things that a handler's error says: a verdict, and
// what it is about.
type directive struct {
	verdict verdict
	at      *placed // nil where it does not say
	marked  bool
}

// directives is what a handler's error says.
type directives struct {
	list  []directive
	seen  int // errors so far
	depth int // errors around the one that is looked at
}

// Errors that wrap more than this count as plain ones: an error may wrap
// itself, or the same one a thousand times over.
const (
	maxErrors     = 1 << 20
	maxErrorDepth = 1000
)

// take takes an error apart. The outermost mark wins, and so does the outermost
// place; each of several joined errors counts. It does not look inside the
// value of a panic, which says nothing about what was done before.
func (l *directives) take(err error, d directive) {
	l.seen++
	l.depth++
	if l.seen > maxErrors || l.depth > maxErrorDepth {
		panic("router: an error without an end")
	}
	defer func() { l.depth-- }()
	switch e := err.(type) {
	case *marked:
		if !d.marked {
			d.marked, d.verdict = true, e.verdict
		}
		l.take(e.err, d)
		return
	case *placed:
		if d.at == nil {
			d.at = e
		}
		l.take(e.err, d)
		return
	case *PanicError:
	case interface{ Unwrap() []error }:
		n := len(l.list)
		for _, err := range e.Unwrap() {
			if err != nil {
				l.take(err, d)
			}
		}
		if len(l.list) > n {
			return
		}
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			l.take(inner, d)
			return
		}
	}
	l.list = append(l.list, d)
}

// directivesOf returns what an error says. Its methods are user code: where one
// of them panics, as those of a nil pointer may, the error is a plain one.
func directivesOf(err error) []directive {
	plain := directive{verdict: retry}
	var l directives
	if recovered(func() error { l.take(err, plain); return nil }) != nil {
		return []directive{plain}
	}
	return l.list
}

// outcome is what a handler's error means for a slice of records.
type outcome struct {
	done    int      // how many of the first records are done or in aside
	verdict verdict  // of the record behind them: skip if those behind done may follow
	named   bool     // whether that record was named
	aside   []setOff // the skipped and the bad ones among the done, in order
}

// setOff is a record that is skipped or bad, and why.
type setOff struct {
	entry   int
	verdict verdict
	err     error
}

// judge applies a handler's error to the records that it was given. err is not
// nil, entries not empty.
func judge(r *records, entries []entry, err error) outcome {
	out := outcome{done: len(entries), verdict: skip}
	var aside []setOff
	for _, d := range directivesOf(err) {
		n := find(r, entries, d.at)
		named := n >= 0
		if !named {
			// If no record is named, the first one fails, but is never set
			// aside for that.
			n, d.verdict = 0, max(d.verdict, retry)
		}
		if d.verdict < retry {
			aside = append(aside, setOff{n, d.verdict, d.at.err})
			continue
		}
		out.verdict = max(out.verdict, d.verdict)
		if n < out.done { //mutant:the-last-of-joined-errors-wins
			out.done, out.named = n, named //mutant:at-takes-its-own-record-along
		}
	}
	slices.SortStableFunc(aside, func(a, b setOff) int {
		return cmp.Or(cmp.Compare(a.entry, b.entry), cmp.Compare(b.verdict, a.verdict))
	})
	aside = slices.CompactFunc(aside, func(a, b setOff) bool { return a.entry == b.entry })
	if out.verdict == skip {
		//mutant:skip-takes-its-whole-slice-along
		//mutant:what-is-skipped-is-handed-over-again
		out.done = aside[len(aside)-1].entry + 1
	}
	kept, _ := slices.BinarySearchFunc(aside, out.done, func(a setOff, done int) int {
		return cmp.Compare(a.entry, done)
	})
	out.aside = aside[:kept]
	return out
}

// judgeOne applies an error to the one record that its handler was given.
func judgeOne(err error) verdict {
	worst := skip
	for _, d := range directivesOf(err) {
		worst = max(worst, d.verdict)
	}
	return worst
}

// find returns the index of the entry that is meant, or -1 if none is.
func find(r *records, entries []entry, p *placed) int {
	if p == nil {
		return -1
	}
	n, found := slices.BinarySearchFunc(entries, p.at, func(e entry, at position) int {
		return cmp.Compare(r.position(e), at)
	})
	if !found || !p.is(r.record(entries[n])) {
		return -1
	}
	return n
}
