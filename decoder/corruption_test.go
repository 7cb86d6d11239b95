package decoder_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"

	"example.com/sluice/decoder"
)

// Events that are cut off at every byte, and events with every other value at
// every byte. Both readers must give the same, whatever was read before; what
// encoding/json refuses must not pass, and what it takes must not be called
// broken JSON.

// digest appends what reading the event gives to dst, in a form that is quick
// to make and to compare. The error is that of a broken event.
func digest(dst []byte, d decoder.Decoder, ev []byte) ([]byte, error) {
	text := func(b []byte) {
		n := -1
		if b != nil {
			n = len(b)
		}
		dst = binary.AppendVarint(dst, int64(n))
		dst = append(dst, b...)
	}
	for rec, err := range d.Records(ev) {
		if err != nil {
			e := err.(*decoder.Error)
			dst = binary.AppendVarint(dst, int64(e.Index))
			dst = binary.AppendVarint(dst, e.Offset)
			text([]byte(e.SequenceNumber))
			text([]byte(e.Field))
			text([]byte(e.Err.Error()))
		}
		if rec == nil {
			return dst, err
		}
		text(rec.PartitionKey)
		text(rec.SequenceNumber)
		text(rec.Data)
		text(rec.EventID)
		dst = binary.AppendVarint(dst, rec.ApproximateArrivalTimestamp.UnixNano())
		dst = binary.AppendVarint(dst, int64(rec.Index))
		s := rec.Source
		for _, v := range []string{
			s.KinesisSchemaVersion, s.EncryptionType, s.EventSource, s.EventVersion, s.EventName, s.EventSourceARN,
			s.InvokeIdentityARN, s.AWSRegion, s.ShardID, s.StreamName,
		} {
			dst = append(append(dst, v...), 0)
		}
	}
	return dst, nil
}

// readings reads events in three ways and compares what they give.
type readings struct {
	want, got    []byte
	strict, warm decoder.Decoder
	n            int // events read
	sound        int // of them, those that are JSON
}

func newReadings() *readings {
	return &readings{strict: strictly(decoder.Decoder{}), warm: newProcess().in(decoder.Decoder{})}
}

// check reads ev; warm is read before, where the process is not new.
func (l *readings) check(t *testing.T, ev, warm []byte) {
	t.Helper()
	var wantErr error
	l.want, wantErr = digest(l.want[:0], l.strict, ev)
	valid := json.Valid(ev)
	switch {
	case !valid && wantErr == nil:
		t.Errorf("encoding/json refuses it, but it passes: %.2000q", ev)
	case valid && errors.Is(wantErr, decoder.ErrSyntax):
		t.Errorf("encoding/json takes it, but %v: %.2000q", wantErr, ev)
	}
	if valid {
		l.sound++
	}
	l.n++
	for range l.warm.Records(warm) {
	}
	if l.got, _ = digest(l.got[:0], l.warm, ev); string(l.got) != string(l.want) {
		t.Errorf("a warm process gives\n%q\nwhere the strict reader gives\n%q\nfor %.2000q", l.got, l.want, ev)
	}
	if l.n%16 == 0 {
		l.warm = newProcess().in(decoder.Decoder{})
		if l.got, _ = digest(l.got[:0], l.warm, ev); string(l.got) != string(l.want) {
			t.Errorf("a new process gives\n%q\nwhere the strict reader gives\n%q\nfor %.2000q", l.got, l.want, ev)
		}
	}
}

func TestTruncationAtEveryByte(t *testing.T) {
	step := 1
	if short() {
		step = 31
	}
	l := newReadings()
	for _, pattern := range []string{"events/*.json", "bad/*.json"} {
		for path, text := range files(t, pattern) {
			ev := []byte(text)
			for n := 0; n < len(ev); n += step {
				l.check(t, ev[:n], ev)
			}
			if t.Failed() {
				t.Fatal(filepath.Base(path))
			}
		}
	}
	t.Logf("%d events, of which %d are JSON nevertheless", l.n, l.sound)
}

// TestCorruptionAtEveryByte puts every other value at every byte of an event of
// two records as Lambda writes them.
func TestCorruptionAtEveryByte(t *testing.T) {
	whole := []byte(event(plain(1), plain(2)))
	ev := append([]byte(nil), whole...)
	step := 1
	if short() {
		step = 37 // of the values; 37 and 256 have no common divisor, so that all come up
	}
	l := newReadings()
	next := 0
	for i, was := range whole {
		for ; next < 256; next += step {
			if ev[i] = byte(next); ev[i] != was {
				l.check(t, ev, whole)
			}
		}
		next -= 256
		ev[i] = was
		if t.Failed() {
			t.Fatalf("byte %d", i)
		}
	}
	t.Logf("%d events, of which %d are JSON", l.n, l.sound)
	if l.sound < l.n/10 {
		t.Error("too few of them are JSON to say much")
	}
}

// TestCorruptionOfTestdata does so with some values at every byte of every
// event of testdata.
func TestCorruptionOfTestdata(t *testing.T) {
	if short() {
		t.Skip("it takes long, and TestCorruptionAtEveryByte does much of this")
	}
	l := newReadings()
	for path, text := range files(t, "events/*.json") {
		ev := []byte(text)
		for i, was := range ev {
			for _, c := range []byte{'"', '0'} {
				if ev[i] = c; c != was {
					l.check(t, ev, warmUp)
				}
			}
			ev[i] = was
		}
		if t.Failed() {
			t.Fatal(filepath.Base(path))
		}
	}
	t.Logf("%d events, of which %d are JSON", l.n, l.sound)
}
