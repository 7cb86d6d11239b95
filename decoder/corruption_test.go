package decoder_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"

	"example.com/sluice/decoder"
	"example.com/sluice/internal/lane"
)

// Events that are cut off at every byte, and events with every other value at every byte. Both lanes must give the same, whatever was
// read before; what encoding/json refuses must not pass, and what it takes must not be called broken JSON.

// digest appends what reading the event gives to dst, in a form that is quick to make and to compare. The error is that of a broken
// event.
func digest(dst, ev []byte) ([]byte, error) {
	text := func(b []byte) {
		n := -1
		if b != nil {
			n = len(b)
		}
		dst = binary.AppendVarint(dst, int64(n))
		dst = append(dst, b...)
	}
	for rec, err := range decoder.Records(ev) {
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
		for _, v := range []string{s.KinesisSchemaVersion, s.EncryptionType, s.EventSource, s.EventVersion, s.EventName, s.EventSourceARN,
			s.InvokeIdentityARN, s.AWSRegion, s.ShardID, s.StreamName} {
			dst = append(append(dst, v...), 0)
		}
	}
	return dst, nil
}

// lanes reads events in three ways and compares what they give.
type lanes struct {
	want, got []byte
	n         int // events read
	sound     int // of them, those that are JSON
}

// check reads ev; warm is read before, where the process is not new.
func (l *lanes) check(t *testing.T, ev, warm []byte) {
	t.Helper()
	lane.GeneralOnly.Store(true)
	var wantErr error
	l.want, wantErr = digest(l.want[:0], ev)
	lane.GeneralOnly.Store(false)
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
	for range decoder.Records(warm) {
	}
	if l.got, _ = digest(l.got[:0], ev); string(l.got) != string(l.want) {
		t.Errorf("a warm process gives\n%q\nwhere the general lane gives\n%q\nfor %.2000q", l.got, l.want, ev)
	}
	if l.n%16 == 0 {
		lane.Forget()
		if l.got, _ = digest(l.got[:0], ev); string(l.got) != string(l.want) {
			t.Errorf("a new process gives\n%q\nwhere the general lane gives\n%q\nfor %.2000q", l.got, l.want, ev)
		}
	}
}

func TestTruncationAtEveryByte(t *testing.T) {
	step := 1
	if short() {
		step = 31
	}
	var l lanes
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

// TestCorruptionAtEveryByte puts every other value at every byte of an event of two records as Lambda writes them.
func TestCorruptionAtEveryByte(t *testing.T) {
	whole := []byte(event(plain(1), plain(2)))
	ev := append([]byte(nil), whole...)
	step := 1
	if short() {
		step = 37 // of the values; 37 and 256 have no common divisor, so that all come up
	}
	var l lanes
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

// TestCorruptionOfTestdata does so with some values at every byte of every event of testdata.
func TestCorruptionOfTestdata(t *testing.T) {
	if short() {
		t.Skip("it takes long, and TestCorruptionAtEveryByte does much of this")
	}
	var l lanes
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
