package decoder_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/internal/lab"
)

// This file is what the other tests share: records to make events of, and the
// reading of an event in every way that there is.

const (
	shard  = "shardId-000000000006"
	stream = "arn:aws:kinesis:us-east-2:123456789012:stream/orders"
)

// sequence is the sequence number of record n.
func sequence(n int) string {
	return fmt.Sprintf("4965847103291576320814609235748120639481756203948571%04d", n)
}

// plain is record n as Lambda writes it. Its data is "hello".
func plain(n int) string {
	return fmt.Sprintf(`{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"user-%d",`+
		`"sequenceNumber":"%s","data":"aGVsbG8=",`+
		`"approximateArrivalTimestamp":1731924555.%03d},"eventSource":"aws:kinesis",`+
		`"eventVersion":"1.0","eventID":"%s:%s",`+
		`"eventName":"aws:kinesis:record","invokeIdentityArn":"arn:aws:iam::123456789012:role/orders-reader",`+
		`"awsRegion":"us-east-2",`+
		`"eventSourceARN":"%s"}`, n, sequence(n), n, shard, sequence(n), stream)
}

// brief is a record of what it must have and nothing else.
const brief = `{"kinesis":{"partitionKey":"k","sequenceNumber":"1","data":"aGVsbG8="}}`

// event is the event of these records.
func event(records ...string) string { return `{"Records":[` + strings.Join(records, ",") + `]}` }

// with is text with one part of it replaced, which must stand in it once.
func with(text, old, now string) string {
	if strings.Count(text, old) != 1 {
		panic(fmt.Sprintf("%q stands %d times in %.200q", old, strings.Count(text, old), text))
	}
	return strings.Replace(text, old, now, 1)
}

// withKey is record n with that partition key, as it is to stand between the
// quotes.
func withKey(n int, key string) string {
	return with(plain(n), fmt.Sprintf(`"user-%d"`, n), `"`+key+`"`)
}

// withData is record n with that base64.
func withData(n int, base64 string) string { return with(plain(n), "aGVsbG8=", base64) }

// withTime is record n with that arrival time, quotes included if there are
// any.
func withTime(n int, at string) string {
	return with(plain(n), fmt.Sprintf("1731924555.%03d", n), at)
}

// outcome is what reading an event has given.
type outcome struct {
	records []decoder.Record
	errs    []*decoder.Error // beside the records; nil where one is good
	broken  *decoder.Error
	window  *decoder.Window // nil of a broken event
}

// String writes everything down, so that outcomes are the same exactly where
// their strings are.
func (o *outcome) String() string {
	var b strings.Builder
	for i, r := range o.records {
		fmt.Fprintf(&b, "record %d\n", r.Index)
		fmt.Fprintf(&b, "  sequence %s\n  key      %s\n", orNil(r.SequenceNumber), orNil(r.PartitionKey))
		fmt.Fprintf(&b, "  arrival  %s\n", r.ApproximateArrivalTimestamp.Format(time.RFC3339Nano))
		fmt.Fprintf(&b, "  event id %s\n  data     %s\n", orNil(r.EventID), orNil(r.Data))
		if r.Aggregated || r.SubSequenceNumber != 0 || r.ExplicitHashKey != nil {
			fmt.Fprintf(&b, "  user record %d, hash key %s, aggregated %t\n", r.SubSequenceNumber,
				orNil(r.ExplicitHashKey), r.Aggregated)
		}
		if i == 0 || *r.Source != *o.records[i-1].Source {
			fmt.Fprintf(&b, "  source   %+q\n", *r.Source)
		}
		if e := o.errs[i]; e != nil {
			fmt.Fprintf(&b, "  bad      %s\n", describeError(e))
		}
	}
	if o.broken != nil {
		fmt.Fprintf(&b, "broken     %s\n", describeError(o.broken))
	}
	if w := o.window; w != nil {
		fmt.Fprintf(&b, "window %s to %s\n  shard %q of %q\n  state %s\n  final %t, terminated early %t\n",
			w.Start.Format(time.RFC3339Nano), w.End.Format(time.RFC3339Nano), w.ShardID, w.EventSourceARN,
			orNil(w.State),
			w.IsFinalInvokeForWindow, w.IsWindowTerminatedEarly)
	}
	return b.String()
}

// orNil tells an absent member from an empty one.
func orNil(b []byte) string {
	if b == nil {
		return "absent"
	}
	return fmt.Sprintf("%q", b)
}

func describeError(e *decoder.Error) string {
	return fmt.Sprintf("index %d sequence number %q field %q offset %d: %s", e.Index, e.SequenceNumber, e.Field,
		e.Offset, e.Err)
}

// note takes in what a loop has yielded.
func (o *outcome) note(t testing.TB, rec *decoder.Record, err error) {
	t.Helper()
	var e *decoder.Error
	if err != nil && !errors.As(err, &e) {
		t.Fatalf("an error of type %T: %v", err, err)
	}
	switch {
	case o.broken != nil:
		t.Fatalf("the sequence went on behind %v", o.broken)
	case rec == nil && e == nil:
		t.Fatal("neither a record nor an error")
	case rec == nil:
		o.broken = e
	default:
		if rec.Source == nil {
			t.Fatalf("record %d has no Source", rec.Index)
		}
		o.records = append(o.records, rec.Clone())
		o.errs = append(o.errs, e)
	}
}

// good asserts that there was no error of any kind, and returns the records.
func (o *outcome) good(t testing.TB) []decoder.Record {
	t.Helper()
	for i, e := range o.errs {
		if e != nil {
			t.Fatalf("record %d: %v", i, e)
		}
	}
	if o.broken != nil {
		t.Fatal(o.broken)
	}
	return o.records
}

// faulty is whether there was an error of any kind.
func (o *outcome) faulty() bool {
	return o.broken != nil || slices.ContainsFunc(o.errs, func(e *decoder.Error) bool { return e != nil })
}

// one asserts that the event has one record, which is good.
func (o *outcome) one(t testing.TB) decoder.Record {
	t.Helper()
	recs := o.good(t)
	if len(recs) != 1 {
		t.Fatalf("%d records, want 1", len(recs))
	}
	return recs[0]
}

// loop reads the event through the loop, once.
func loop(t testing.TB, d decoder.Decoder, event []byte) *outcome {
	t.Helper()
	o := new(outcome)
	for rec, err := range d.Records(event) {
		o.note(t, rec, err)
	}
	return o
}

// loopWindow walks the event and its window, once.
func loopWindow(t testing.TB, d decoder.Decoder, event []byte) *outcome {
	t.Helper()
	o := new(outcome)
	w, err := d.Walk(event, func(rec *decoder.Record, err error) bool {
		o.note(t, rec, err)
		return true
	})
	if err != nil {
		o.note(t, nil, err)
	}
	o.window = w
	return o
}

// batch reads the event as a batch. Of a broken event it has no records.
func batch(t testing.TB, d decoder.Decoder, event []byte) *outcome {
	t.Helper()
	o := new(outcome)
	err := d.Batch(event, func(b *decoder.Batch) error {
		bad, failed := b.Bad(), b.Failed()
		if len(bad) != len(failed) {
			t.Fatalf("%d records are bad, %d have failed", len(bad), len(failed))
		}
		good := b.Records()
		for len(good)+len(bad) > 0 {
			if len(bad) == 0 || len(good) > 0 && before(&good[0], &bad[0]) {
				o.note(t, &good[0], nil)
				good = good[1:]
			} else {
				o.note(t, &bad[0], failed[0])
				bad, failed = bad[1:], failed[1:]
			}
		}
		o.window = b.Window()
		return nil
	})
	if err != nil {
		o.note(t, nil, err)
	}
	return o
}

// before is whether a stands before b in the event.
func before(a, b *decoder.Record) bool {
	return a.Index < b.Index || a.Index == b.Index && a.SubSequenceNumber < b.SubSequenceNumber
}

// warmUp is what is read before, for the decoder to have learned from.
var warmUp = []byte(event(plain(1), plain(2), plain(3)))

// process is what a process is to its Decoders: what they have learned, and the
// memory that they reuse.
type process struct{ lab.Lab }

// newProcess is one that has read nothing yet.
func newProcess() process { return process{lab.New(false)} }

// in returns d as a Decoder of the process.
func (p process) in(d decoder.Decoder) decoder.Decoder {
	p.Use(&d)
	return d
}

// matched is how many records of the event match a template.
func (p process) matched(ev []byte) int {
	for range p.in(decoder.Decoder{}).Records(ev) {
	}
	return p.Matched()
}

// strictly returns d as a Decoder that knows no templates.
func strictly(d decoder.Decoder) decoder.Decoder { return process{lab.New(true)}.in(d) }

// read reads the event in every way there is: by the strict reader alone, by
// both readers with nothing learned, with its own templates learned, with those
// of Lambda's records learned, detached, as a batch. It asserts that they all
// give the same and write nothing to the event, and returns what they give.
func read(t testing.TB, d decoder.Decoder, text string) *outcome {
	t.Helper()
	ev := []byte(text)
	want := loopWindow(t, strictly(d), ev)
	same := func(way string, got *outcome) {
		t.Helper()
		if got.String() != want.String() {
			t.Fatalf("%s gives\n%swhere the strict reader gives\n%sfor %.3000s", way, got, want, text)
		}
	}
	p := newProcess()
	d = p.in(d)
	same("a new process", loopWindow(t, d, ev))
	same("the second reading", loopWindow(t, d, ev))
	loop(t, p.in(decoder.Decoder{}), warmUp)
	same("the reading after another event", loopWindow(t, d, ev))
	detached := d
	detached.Detach = true
	same("a detached reading", loopWindow(t, detached, ev))
	if got := batch(t, d, ev); want.broken == nil {
		same("a batch", got)
	} else if got.broken == nil || describeError(got.broken) != describeError(want.broken) {
		t.Fatalf("a batch gives\n%swhere a loop gives\n%s", got, want)
	}
	readWithoutWindow(t, d, ev, want)
	readWindow(t, d, ev, want)
	if string(ev) != text {
		t.Fatalf("the event has changed at offset %d", differAt(ev, []byte(text)))
	}
	return want
}

// windowFlaw is whether all that is wrong with the event is a member of its
// window, which only those see who ask for it.
func (o *outcome) windowFlaw() bool {
	return o.broken != nil && o.broken.Index < 0 && o.broken.Field != ""
}

// readWithoutWindow asserts that a plain loop gives what want does, but for the
// window.
func readWithoutWindow(t testing.TB, d decoder.Decoder, ev []byte, want *outcome) {
	t.Helper()
	w := *want
	w.window = nil
	if want.windowFlaw() {
		w.broken = nil
	}
	if got := loop(t, d, ev); got.String() != w.String() {
		t.Fatalf("a loop without its window gives\n%swhere one with it gives\n%s", got, want)
	}
}

// readWindow asserts that Window gives what want has of it.
func readWindow(t testing.TB, d decoder.Decoder, ev []byte, want *outcome) {
	t.Helper()
	got := new(outcome)
	w, err := d.Window(ev)
	got.window = w
	if err != nil {
		got.note(t, nil, err)
	}
	if b := want.broken; b != nil && b.Index >= 0 &&
		(errors.Is(b, decoder.ErrNotKinesis) || errors.Is(b, decoder.ErrTooLarge)) {
		return // Window does not look into records, nor count them
	}
	if got.String() != (&outcome{broken: want.broken, window: want.window}).String() {
		t.Fatalf("Window gives\n%swhere the loop gives\n%s", got, want)
	}
}

func differAt(a, b []byte) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// short is whether tests that go through very much should go through less:
// where they are asked to, and where each event is copied and nothing is used
// again, which takes many times as long.
func short() bool { return testing.Short() || scribbled }

// files are the files below testdata that match the pattern, by name.
func files(t testing.TB, pattern string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "testdata", pattern))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files for %s (%v)", pattern, err)
	}
	texts := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.ToSlash(path)] = string(text)
	}
	return texts
}

// TestReadIsNotVacuous asserts that the readings which read compares are by
// different readers.
func TestReadIsNotVacuous(t *testing.T) {
	p := newProcess()
	if n := p.matched(warmUp); n != 2 {
		t.Errorf("a new process reads %d of 3 records by a template, want all but the first", n)
	}
	if n := p.matched(warmUp); n != 3 {
		t.Errorf("the second reading takes %d of 3 records by a template", n)
	}
	if n := (process{lab.New(true)}).matched(warmUp); n != 0 {
		t.Errorf("the strict reader alone takes %d records by a template", n)
	}
	if !bytes.Contains(warmUp, []byte(sequence(3))) {
		t.Error("the event has changed")
	}
}
