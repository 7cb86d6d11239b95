package router

import (
	"cmp"
	"context"
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
	p := &placed{at: nowhere, err: err}
	if rec != nil {
		p.at, p.sequenceNumber, p.source = positionOf(rec), string(rec.SequenceNumber), rec.Source
	}
	return p
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

// placed keeps what tells a record from those of other events; the record itself may be gone when it is looked at.
type placed struct {
	at             position
	sequenceNumber string
	source         *decoder.Source
	err            error
}

func (p *placed) Error() string { return p.err.Error() }
func (p *placed) Unwrap() error { return p.err }

// is whether rec is the record that is meant.
func (p *placed) is(rec *decoder.Record) bool {
	return p.at == positionOf(rec) && p.sequenceNumber == string(rec.SequenceNumber) &&
		(p.source == nil || p.source == rec.Source || *p.source == *rec.Source)
}

// position orders the records of an event: by their index, and inside an aggregate by their subsequence number, which stands in
// the lower bits.
type position int64

const (
	nowhere position = -1
	beyond  position = 1<<63 - 1 // behind every record

	subBits = 31
)

func positionOf(rec *decoder.Record) position {
	return position(rec.Index)<<subBits | position(rec.SubSequenceNumber) //mutant:the-place-inside-an-aggregate-is-not-looked-at
}

// index is the record's index in the event, sub its subsequence number.
func (p position) index() int { return int(p >> subBits) }
func (p position) sub() int   { return int(p & (1<<subBits - 1)) }

// opinion is one verdict of a handler's error, and what it is about.
type opinion struct {
	verdict verdict
	at      *placed // nil where it does not say
	marked  bool
}

// opinions is what a handler's error says.
type opinions struct {
	list  []opinion
	seen  int // errors so far
	depth int // errors around the one that is looked at
}

// Errors that wrap more than this are taken for plain ones: an error may wrap itself, or the same one a thousand times over.
const (
	maxErrors     = 1 << 20
	maxErrorDepth = 1000
)

// take takes an error apart: of marks and places the outermost wins, and of joined errors each counts. What a panic was about
// is not looked at: it says nothing of what was done before.
func (l *opinions) take(err error, o opinion) {
	l.seen++
	l.depth++
	if l.seen > maxErrors || l.depth > maxErrorDepth {
		panic("router: an error without an end")
	}
	defer func() { l.depth-- }()
	switch e := err.(type) {
	case *marked:
		if !o.marked {
			o.marked, o.verdict = true, e.verdict
		}
		l.take(e.err, o)
		return
	case *placed:
		if o.at == nil {
			o.at = e
		}
		l.take(e.err, o)
		return
	case *PanicError:
	case interface{ Unwrap() []error }:
		n := len(l.list)
		for _, err := range e.Unwrap() {
			if err != nil {
				l.take(err, o)
			}
		}
		if len(l.list) > n {
			return
		}
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			l.take(inner, o)
			return
		}
	}
	l.list = append(l.list, o)
}

// opinionsOf returns what an error says. Its methods are user code: where one of them panics, as those of a nil pointer may, the error
// is a plain one.
func opinionsOf(err error) []opinion {
	plain := opinion{verdict: retry}
	var l opinions
	if recovered(func() error { l.take(err, plain); return nil }) != nil {
		return []opinion{plain}
	}
	return l.list
}

// outcome is what a handler's error means for a slice of records.
type outcome struct {
	done    int        // so many of the first records are done, skipped ones among them
	verdict verdict    // of the record behind them: skip where it may go on with those behind done
	named   bool       // whether that record was named
	skipped []skipping // those, in order
}

// skipping is a record that is skipped, and why.
type skipping struct {
	entry int
	err   error
}

func (s skipping) compare(other skipping) int { return cmp.Compare(s.entry, other.entry) }

// judge applies a handler's error to the records that it was given. err is not nil, entries not empty.
func judge(r *records, entries []entry, err error) outcome {
	out := outcome{done: len(entries), verdict: skip}
	var skipped []skipping
	for _, o := range opinionsOf(err) {
		n := find(r, entries, o.at)
		named := n >= 0
		if !named {
			// The first record stands for one that is not named, but is not skipped in its place.
			n, o.verdict = 0, max(o.verdict, retry)
		}
		if o.verdict == skip {
			skipped = append(skipped, skipping{n, o.at.err})
			continue
		}
		out.verdict = max(out.verdict, o.verdict)
		if n < out.done { //mutant:the-last-of-joined-errors-wins
			out.done, out.named = n, named //mutant:at-takes-its-own-record-along
		}
	}
	slices.SortStableFunc(skipped, skipping.compare)
	skipped = slices.CompactFunc(skipped, func(a, b skipping) bool { return a.entry == b.entry })
	if out.verdict == skip {
		out.done = skipped[len(skipped)-1].entry + 1 //mutant:skip-takes-its-whole-slice-along //mutant:what-is-skipped-is-handed-over-again
	}
	kept, _ := slices.BinarySearchFunc(skipped, skipping{entry: out.done}, skipping.compare)
	out.skipped = skipped[:kept]
	return out
}

// judgeOne applies an error to the one record that its handler was given.
func judgeOne(err error) verdict {
	worst := skip
	for _, o := range opinionsOf(err) {
		worst = max(worst, o.verdict)
	}
	return worst
}

// find returns which of the entries is the record that is meant, -1 where it is none.
func find(r *records, entries []entry, p *placed) int {
	if p == nil {
		return -1
	}
	n, found := slices.BinarySearchFunc(entries, p.at, func(e entry, at position) int { return cmp.Compare(r.position(e), at) })
	if !found || !p.is(r.record(entries[n])) {
		return -1
	}
	return n
}
