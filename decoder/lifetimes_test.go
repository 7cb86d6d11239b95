package decoder_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"example.com/sluice/decoder"
)

// What the loop's scope promises: however it is left, its memory goes back to
// the pools; what may be kept stays; the event is never written to; loops stand
// within loops and side by side.

// leaving are the ways to leave a loop before its end. Each reads one record of
// ev, which has several.
var leaving = []struct {
	name string
	loop func(ev []byte)
}{
	{"break", func(ev []byte) {
		for range decoder.Records(ev) {
			break
		}
	}},
	{"return", func(ev []byte) { returns(ev) }},
	{"panic", func(ev []byte) {
		defer func() { recover() }()
		for range decoder.Records(ev) {
			panic(errBoom)
		}
	}},
	{"goto", func(ev []byte) {
		for range decoder.Records(ev) {
			goto out
		}
	out:
	}},
	{"end of a walk", func(ev []byte) {
		_, _ = decoder.Decoder{}.Walk(ev, func(*decoder.Record, error) bool { return false })
	}},
	{"panic in a batch", func(ev []byte) {
		defer func() { recover() }()
		_ = decoder.Decoder{}.Batch(ev, func(*decoder.Batch) error { panic(errBoom) })
	}},
	{"error of a batch", func(ev []byte) {
		_ = decoder.Decoder{}.Batch(ev, func(*decoder.Batch) error { return errBoom })
	}},
}

var errBoom = errors.New("boom")

func returns(ev []byte) bool {
	for range decoder.Records(ev) {
		return true
	}
	return false
}

// bigEvent has records of 100 kB of data each, so that their memory counts.
func bigEvent() []byte {
	data := string(bytes.Repeat([]byte("aGVs"), 25_000))
	return []byte(event(withData(1, data), plain(2), withData(3, data)))
}

// TestLeavingALoopReleasesItsState counts: a state that does not come back is
// made anew, with its parser, its arena and its batch.
func TestLeavingALoopReleasesItsState(t *testing.T) {
	if scribbled {
		t.Skip("the pools of package sync drop at random under the race detector, and each event is copied")
	}
	ev := bigEvent()
	for _, way := range leaving {
		t.Run(way.name, func(t *testing.T) {
			way.loop(ev)
			if n := testing.AllocsPerRun(100, func() { way.loop(ev) }); n != 0 {
				t.Errorf("it takes %v allocations when left so", n)
			}
		})
	}
}

// TestLeavingALoopLeavesNothing asserts that the next reading is not touched by
// how the last was left.
func TestLeavingALoopLeavesNothing(t *testing.T) {
	ev := bigEvent()
	want := loop(t, decoder.Decoder{}, ev).String()
	for _, way := range leaving {
		for range 3 {
			way.loop(ev)
			way.loop([]byte(event(plain(7), with(plain(8), "aGVsbG8=", "*"))))
			if got := loop(t, decoder.Decoder{}, ev).String(); got != want {
				t.Errorf("after a %s the event gives\n%s", way.name, got)
			}
		}
	}
}

// TestPanicsPass asserts that a panic of the caller is not swallowed.
func TestPanicsPass(t *testing.T) {
	for _, way := range []func(){
		func() {
			for range decoder.Records(warmUp) {
				panic(errBoom)
			}
		},
		func() { _ = decoder.Decoder{}.Batch(warmUp, func(*decoder.Batch) error { panic(errBoom) }) },
	} {
		func() {
			defer func() {
				if v := recover(); v != errBoom {
					t.Errorf("recovered %v", v)
				}
			}()
			way()
			t.Error("the panic is gone")
		}()
	}
}

// TestLoopsInLoops reads events within the reading of events, the same one too.
func TestLoopsInLoops(t *testing.T) {
	outer, inner := []byte(event(plain(1), withKey(2, `\u0061`), plain(3))), bigEvent()
	want := loop(t, decoder.Decoder{}, inner).String()
	n := 0
	for rec, err := range decoder.Records(outer) {
		if err != nil {
			t.Fatal(err)
		}
		before := rec.Clone()
		if got := loop(t, decoder.Decoder{}, inner).String(); got != want {
			t.Fatalf("within a loop it gives %.1000s", got)
		}
		err := decoder.Decoder{}.Batch(outer, func(b *decoder.Batch) error {
			for _, r := range b.Records() {
				n += len(loop(t, decoder.Decoder{}, outer).good(t))
				_ = r
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if !sameRecord(*rec, before) {
			t.Fatalf("a loop within has changed the record to %v", rec)
		}
	}
	if n != 27 {
		t.Errorf("%d records in the innermost loops, want 27", n)
	}
}

func sameRecord(a, b decoder.Record) bool {
	x, y := &outcome{
		records: []decoder.Record{a},
		errs:    make([]*decoder.Error, 1),
	}, &outcome{records: []decoder.Record{b}, errs: make([]*decoder.Error, 1)}
	return x.String() == y.String()
}

// TestSequenceIsRangedTwice asserts that a sequence begins anew with each loop,
// also with one within the other.
func TestSequenceIsRangedTwice(t *testing.T) {
	seq := decoder.Records(warmUp)
	n := 0
	for range seq {
		for range seq {
			n++
		}
	}
	if n != 9 {
		t.Errorf("%d records, want 9", n)
	}
}

// TestConcurrentUse reads events of several forms from several goroutines; the
// race detector looks on.
func TestConcurrentUse(t *testing.T) {
	var events [][]byte
	var wants []string
	for i := range 6 {
		text := event(plain(i), withData(i+10, "d29ybGQ="),
			with(plain(i+20), "shardId-000000000006:", fmt.Sprintf("shardId-%d:", i)), plain(i+30))
		events = append(events, []byte(text))
		wants = append(wants, loop(t, decoder.Decoder{}, []byte(text)).String())
	}
	var running sync.WaitGroup
	for g := range 8 {
		running.Go(func() {
			for i := range 200 {
				k := (g + i) % len(events)
				var got *outcome
				if i%3 == 0 {
					got = batch(t, decoder.Decoder{}, events[k])
				} else {
					got = loop(t, decoder.Decoder{}, events[k])
				}
				if got.String() != wants[k] {
					t.Errorf("event %d gives %s", k, got)
				}
				if i%50 == 0 {
					returns(events[k])
				}
			}
		})
	}
	running.Wait()
}

// TestEventIsNotWrittenTo reads all events of testdata in every way; read
// compares them before and after. Here it is the event's spare room, and what
// appending to a view would overwrite.
func TestEventIsNotWrittenTo(t *testing.T) {
	for path, text := range files(t, "*/*.json") {
		room := append(append(make([]byte, 0, len(text)+64), text...), bytes.Repeat([]byte{0x5a}, 64)...)
		ev := room[:len(text)]
		for _, d := range []decoder.Decoder{{}, {Detach: true}} {
			loopWindow(t, d, ev)
			batch(t, d, ev)
		}
		if string(ev) != text || !bytes.Equal(room[len(text):], bytes.Repeat([]byte{0x5a}, 64)) {
			t.Errorf("%s has changed", path)
		}
	}
}

// TestViewsMayBeAppendedTo asserts that appending to a record's bytes changes
// neither the event nor other records.
func TestViewsMayBeAppendedTo(t *testing.T) {
	appendTo := func(r *decoder.Record) {
		for _, view := range [][]byte{r.PartitionKey, r.SequenceNumber, r.Data, r.EventID} {
			_ = append(view, "!!!!!!!!!!!!!!!!"...)
		}
	}
	text := event(plain(1), withKey(2, `\u0061`), withData(3, ""), plain(4))
	want := read(t, decoder.Decoder{}, text).String()
	ev := []byte(text)
	for _, d := range []decoder.Decoder{strictly(decoder.Decoder{}), {}} {
		var got outcome
		for rec, err := range d.Records(ev) {
			appendTo(rec)
			got.note(t, rec, err)
		}
		if got.String() != want {
			t.Errorf("after appending to its records the loop gives\n%s", &got)
		}
		if err := d.Batch(ev, func(b *decoder.Batch) error {
			var got outcome
			for i := range b.Records() {
				appendTo(&b.Records()[i])
			}
			for i := range b.Records() {
				got.note(t, &b.Records()[i], nil)
			}
			if got.String() != want {
				t.Errorf("after appending to its records the batch is\n%s", &got)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	}
	if string(ev) != text {
		t.Errorf("the event has changed at offset %d", differAt(ev, []byte(text)))
	}
}

// TestRecordMayBeChanged asserts that what a caller does to the record itself
// reaches no later one.
func TestRecordMayBeChanged(t *testing.T) {
	want := loop(t, decoder.Decoder{}, warmUp).String()
	for rec := range decoder.Records(warmUp) {
		*rec = decoder.Record{
			Source: &decoder.Source{StreamName: "mine"}, Aggregated: true, SubSequenceNumber: 7,
			ExplicitHashKey: []byte("h"),
		}
	}
	if got := loop(t, decoder.Decoder{}, warmUp).String(); got != want {
		t.Errorf("afterwards the event gives\n%s", got)
	}
	var got outcome
	for rec, err := range decoder.Records(warmUp) {
		got.note(t, rec, err)
		*rec = decoder.Record{Index: 99, Aggregated: true, SubSequenceNumber: 7, ExplicitHashKey: []byte("h")}
	}
	if got.String() != want {
		t.Errorf("a loop that changes its records gives\n%s", &got)
	}
}

// TestCloneKeeps keeps clones of all records of several events, reads others,
// and compares.
func TestCloneKeeps(t *testing.T) {
	for path, text := range files(t, "*/*.json") {
		ev := []byte(text)
		want := read(t, decoder.Decoder{}, text).String()
		kept := loopWindow(t, decoder.Decoder{}, ev) // its records are clones
		keptBatch := batch(t, decoder.Decoder{}, ev)
		for i := range ev {
			ev[i] = 'x' // the caller's buffer is used again
		}
		loop(t, decoder.Decoder{}, bigEvent())
		batch(t, decoder.Decoder{}, bigEvent())
		if kept.String() != want {
			t.Errorf("%s: what was kept of a loop is now\n%s", path, kept)
		}
		if kept.broken == nil && keptBatch.String() != want {
			t.Errorf("%s: what was kept of a batch is now\n%s", path, keptBatch)
		}
	}
}

// TestCloneIsWhole asserts that a clone has all that its record has, and shares
// none of its bytes.
func TestCloneIsWhole(t *testing.T) {
	r := decoder.Record{
		Source: &decoder.Source{}, PartitionKey: []byte("k"), SequenceNumber: []byte("1"), Data: []byte("d"),
		EventID: []byte("s:1"),
		Index:   3, SubSequenceNumber: 4, ExplicitHashKey: []byte("5"), Aggregated: true,
	}
	c := r.Clone()
	if !sameRecord(r, c) || c.Source != r.Source {
		t.Errorf("the clone is %v of %v", c, r)
	}
	for _, view := range [][]byte{r.PartitionKey, r.SequenceNumber, r.Data, r.EventID, r.ExplicitHashKey} {
		view[0] = '#'
	}
	if bytes.ContainsRune(slices.Concat(c.PartitionKey, c.SequenceNumber, c.Data, c.EventID, c.ExplicitHashKey), '#') {
		t.Errorf("the clone shares bytes: %v", c)
	}
	empty := decoder.Record{PartitionKey: []byte{}}
	if c := empty.Clone(); c.PartitionKey == nil || c.Data != nil {
		t.Error("a clone does not tell absent from empty as its record does")
	}
}

// TestSourceIsShared asserts that records of one stream and shard have one
// Source, from event to event, and that it may be kept.
func TestSourceIsShared(t *testing.T) {
	recs := loop(t, decoder.Decoder{}, warmUp).good(t)
	again := loop(t, decoder.Decoder{}, warmUp).good(t)
	kept, want := recs[0].Source, *recs[0].Source
	if !scribbled && (recs[1].Source != kept || recs[2].Source != kept || again[0].Source != kept) {
		t.Error("records of one stream and shard have several Sources")
	}
	loop(t, decoder.Decoder{},
		[]byte(event(with(plain(1), stream, "arn:aws:kinesis:us-east-2:123456789012:stream/other"))))
	loop(t, decoder.Decoder{}, bigEvent())
	if *kept != want {
		t.Errorf("a kept Source has changed to %+v", kept)
	}
}

// TestBatchViewsOutliveEachOther asserts that all of a batch is good until its
// function returns, whichever reader its records came by.
func TestBatchViewsOutliveEachOther(t *testing.T) {
	text := event(plain(1), withKey(2, `k\u0065y`), withData(3, `d29y\/GQ=`), withData(4, `aGVs\nbG8=`),
		with(plain(5), "aGVsbG8=", "a*"), plain(6),
		withTime(7, `"1.5"`),
		`{"eventID":"s:1","kinesis":{"data":"","sequenceNumber":"\u0031","partitionKey":"\u0032"}}`)
	want := read(t, decoder.Decoder{}, text).String()
	err := decoder.Decoder{}.Batch([]byte(text), func(b *decoder.Batch) error {
		batch(t, decoder.Decoder{}, bigEvent()) // other events are read meanwhile
		loop(t, decoder.Decoder{}, bigEvent())
		o := new(outcome)
		for i := range b.Records() {
			if i == 4 {
				o.note(t, &b.Bad()[0], b.Failed()[0])
			}
			o.note(t, &b.Records()[i], nil)
		}
		if o.String() != want {
			t.Errorf("the batch is\n%swhere a loop gives\n%s", o, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestDetachedRecordsOutliveTheEvent asserts that a detached record has no view
// of the event, which the caller takes back early.
func TestDetachedRecordsOutliveTheEvent(t *testing.T) {
	for path, text := range files(t, "events/*.json") {
		want := read(t, decoder.Decoder{}, text)
		ev := []byte(text)
		err := decoder.Decoder{Detach: true}.Batch(ev, func(b *decoder.Batch) error {
			for i := range ev {
				ev[i] = 'x'
			}
			var got outcome
			for i := range b.Records() {
				got.note(t, &b.Records()[i], nil)
			}
			got.window = b.Window()
			if got.String() != want.String() {
				t.Errorf("%s: without its event the batch is\n%s", path, &got)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		for i, rec := range want.records {
			ev := []byte(text)
			n := 0
			for got := range (decoder.Decoder{Detach: true}).Records(ev) {
				if n++; n <= i {
					continue
				}
				for i := range ev {
					ev[i] = 'x'
				}
				if !sameRecord(*got, rec) {
					t.Errorf("%s: without its event record %d is %v", path, i, got)
				}
				break
			}
		}
	}
}
