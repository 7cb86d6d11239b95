//go:build race || poison

package decoder_test

import (
	"bytes"
	"slices"
	"testing"

	"example.com/sluice/decoder"
)

// A view that is kept too long reads as '#', whichever reader it came by: this
// is what a user's own tests see under the race detector or with the tag
// poison.

// views are the slices of a record.
func views(r *decoder.Record) [][]byte {
	return [][]byte{r.PartitionKey, r.SequenceNumber, r.Data, r.EventID, r.ExplicitHashKey}
}

// overwritten asserts that all of the views are.
func overwritten(t *testing.T, what string, kept [][]byte) {
	t.Helper()
	for i, view := range kept {
		if len(bytes.Trim(view, "#")) != 0 {
			t.Errorf("%s: view %d still reads as %q", what, i, view)
		}
	}
}

// scribbleEvents go through both readers and all kinds of memory: the event,
// the parser's, the arena.
var scribbleEvents = map[string]string{
	"Lambda's records":    event(plain(1), plain(2), plain(3)),
	"escapes":             event(withKey(1, `k\u0065y`), withKey(2, `k\u0065y`), withData(3, `aGVs\/G8=`)),
	"lone surrogates":     event(withKey(1, `\ud800`), withKey(2, `\udfff`), withKey(3, `\ud800\ud800`)),
	"bad base64":          event(withData(1, `*`), withData(2, `a*\/`), withData(3, `****`)),
	"too many members":    event(crowded(1), crowded(2), crowded(3)),
	"line breaks in data": event(withData(1, `aGVs\nbG8=`), withData(2, `aGVs\r\nbG8=`), plain(3)),
	"other orders":        event(brief, with(brief, `"k"`, `"key"`), with(brief, `"1"`, `"2"`)),
}

// crowded is record n with more members than the parser is given.
func crowded(n int) string {
	return with(plain(n), `{"kinesis"`, `{`+string(bytes.Repeat([]byte(`"x":[0,{}],`), 200))+`"kinesis"`)
}

func TestKeptViewsOfALoopAreOverwritten(t *testing.T) {
	for name, text := range scribbleEvents {
		for _, d := range []decoder.Decoder{strictly(decoder.Decoder{}), {}} {
			for _, detach := range []bool{false, true} {
				d.Detach = detach
				var last, all [][]byte
				for rec := range d.Records([]byte(text)) {
					overwritten(t, name+", in the next iteration", last)
					last = views(rec)
					for _, view := range last {
						if len(view) > 0 && bytes.IndexByte(view, '#') >= 0 {
							t.Errorf("%s: a live view reads as %q", name, view)
						}
					}
					all = append(all, last...)
				}
				overwritten(t, name+", behind the loop", all)
			}
		}
	}
}

func TestKeptViewsOfALeftLoopAreOverwritten(t *testing.T) {
	for name, text := range scribbleEvents {
		var kept [][]byte
		for rec := range decoder.Records([]byte(text)) {
			kept = views(rec)
			break
		}
		overwritten(t, name+", behind a break", kept)
		func() {
			defer func() { recover() }()
			for rec := range decoder.Records([]byte(text)) {
				kept = views(rec)
				panic("stop")
			}
		}()
		overwritten(t, name+", behind a panic", kept)
	}
}

func TestKeptViewsOfABatchAreOverwritten(t *testing.T) {
	for name, text := range scribbleEvents {
		var kept [][]byte
		var records []decoder.Record
		if err := (decoder.Decoder{}).Batch([]byte(text), func(b *decoder.Batch) error {
			records = b.Records()
			for i := range b.Records() {
				kept = append(kept, views(&b.Records()[i])...)
			}
			for i := range b.Bad() {
				kept = append(kept, views(&b.Bad()[i])...)
			}
			if slices.ContainsFunc(kept, func(view []byte) bool { return bytes.IndexByte(view, '#') >= 0 }) {
				t.Errorf("%s: a live view is overwritten", name)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		overwritten(t, name, kept)
		for i := range records {
			if records[i].Source != nil || records[i].PartitionKey != nil {
				t.Errorf("%s: the slice of records still has %v", name, records[i])
			}
		}
	}
}

// TestWhatMayBeKeptIsNotOverwritten has all that the documentation says may be
// kept.
func TestWhatMayBeKeptIsNotOverwritten(t *testing.T) {
	text := with(event(plain(1), withData(2, "*"), plain(3)), "]}",
		`],"window":{"start":"2024-11-18T10:08:00Z"},"state":{"n":1},"shardId":"s"}`)
	var source *decoder.Source
	var failed []*decoder.Error
	var clone decoder.Record
	w, err := decoder.Decoder{}.Walk([]byte(text), func(rec *decoder.Record, err error) bool {
		source, clone = rec.Source, rec.Clone()
		if err != nil {
			failed = append(failed, err.(*decoder.Error))
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	var ofBatch *decoder.Window
	if err := (decoder.Decoder{}).Batch([]byte(text), func(b *decoder.Batch) error {
		failed = append(failed, b.Failed()...)
		ofBatch = b.Window()
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(failed) != 2 || failed[0].SequenceNumber != sequence(2) || failed[1].SequenceNumber != sequence(2) {
		t.Errorf("the errors are %v", failed)
	}
	if source.ShardID != shard || source.StreamName != "orders" || string(clone.Data) != "hello" ||
		string(clone.SequenceNumber) != sequence(3) {
		t.Errorf("the source is %+v, the clone %v", source, clone)
	}
	for _, w := range []*decoder.Window{w, ofBatch} {
		if string(w.State) != `{"n":1}` || w.ShardID != "s" {
			t.Errorf("the window is %+v", w)
		}
	}
}

// TestCallersEventIsLeftAlone asserts that it is the private copy that is
// overwritten.
func TestCallersEventIsLeftAlone(t *testing.T) {
	for name, text := range scribbleEvents {
		ev := []byte(text)
		loop(t, decoder.Decoder{}, ev)
		if string(ev) != text {
			t.Errorf("%s: the event has changed", name)
		}
	}
}
