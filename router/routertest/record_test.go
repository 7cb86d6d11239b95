package routertest

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/sluice/decoder"
)

func TestNewRecordIsTheFirstOfADefaultEvent(t *testing.T) {
	want := Event{
		Records: 1, Data: func(int) []byte { return []byte("d") },
		Key: func(int) string { return "k" },
	}.All()[0]
	got := NewRecord("k", []byte("d"))
	if !reflect.DeepEqual(*got, want) {
		t.Errorf("got %v, want %v", got.LogValue(), want.LogValue())
	}
	if got.Source == NewRecord("k", nil).Source {
		t.Error("two records share a source, so that a change of it shows in both")
	}
	if got := NewRecord("", nil); string(got.PartitionKey) != "user-000000" || got.Data == nil {
		t.Errorf("without key and data: %q, %v", got.PartitionKey, got.Data)
	}
}

func TestEventOfAllIsTheEvent(t *testing.T) {
	for name, e := range described {
		e.Window = nil
		if got, want := EventOf(e.All()...), e.Bytes(); !bytes.Equal(got, want) {
			t.Errorf("%s: got\n%.2000s\nwant\n%.2000s", name, got, want)
		}
	}
}

// TestEventOfDefaults: missing values get defaults, and given ones stay.
func TestEventOfDefaults(t *testing.T) {
	type R = decoder.Record
	arrival := time.Unix(1600000000, 123456789).UTC()
	given := []R{
		{},
		{Data: []byte("x")},
		{PartitionKey: []byte("p"), SequenceNumber: []byte("12")},
		{EventID: []byte("odd"), ApproximateArrivalTimestamp: arrival, Index: 99},
		{Source: &decoder.Source{
			StreamName: "s", ShardID: "shardId-000000000009", AWSRegion: "eu-west-1",
			EncryptionType: "NONE",
		}},
		{Source: &decoder.Source{
			EventSourceARN: "arn:other", EventSource: "aws:other", EventName: "n",
			EventVersion: "2", KinesisSchemaVersion: "3", InvokeIdentityARN: "i",
		}},
	}
	base := *NewRecord("", nil)
	want := make([]R, len(given))
	for i := range want {
		want[i] = base.Clone()
		r := &want[i]
		r.Index = i
		r.PartitionKey[len(r.PartitionKey)-1] += byte(i)
		r.SequenceNumber[len(r.SequenceNumber)-1] += byte(i) // ends in 2
		r.EventID[len(r.EventID)-1] += byte(i)
		r.ApproximateArrivalTimestamp = r.ApproximateArrivalTimestamp.Add(time.Duration(i) * time.Millisecond)
	}
	want[1].Data = []byte("x")
	want[2].PartitionKey, want[2].SequenceNumber, want[2].EventID = []byte("p"), []byte("12"),
		[]byte("shardId-000000000000:12")
	want[3].EventID, want[3].ApproximateArrivalTimestamp = []byte("odd"), arrival
	want[3].Source = with(base.Source, func(s *decoder.Source) { s.ShardID = "" })
	want[4].Source = with(base.Source, func(s *decoder.Source) {
		s.StreamName, s.ShardID, s.AWSRegion, s.EncryptionType = "s", "shardId-000000000009", "eu-west-1", "NONE"
		s.EventSourceARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/s"
	})
	want[4].EventID = []byte("shardId-000000000009:" + string(want[4].SequenceNumber))

	i := 0
	event := EventOf(given...)
	for rec, err := range decoder.Records(event) {
		if i == 5 { // to the decoder, a record of another service
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := rec.Clone(); !reflect.DeepEqual(got, want[i]) {
			t.Errorf("record %d: got %v, want %v", i, got.LogValue(), want[i].LogValue())
		}
		i++
	}
	if i != 5 {
		t.Errorf("%d records", i)
	}
	var read events.KinesisEvent
	if err := json.Unmarshal(event, &read); err != nil {
		t.Fatal(err)
	}
	r := read.Records[5]
	if r.EventSourceArn != "arn:other" || r.EventSource != "aws:other" || r.EventName != "n" || r.EventVersion != "2" ||
		r.Kinesis.KinesisSchemaVersion != "3" || r.InvokeIdentityArn != "i" {
		t.Errorf("what is given has changed: %+v", r)
	}
	if given[0].Source != nil || given[0].Data != nil || given[4].EventSourceARN != "" {
		t.Error("the records that were given have changed")
	}
}

func with(s *decoder.Source, change func(*decoder.Source)) *decoder.Source {
	c := *s
	change(&c)
	return &c
}

func TestEventOfNothing(t *testing.T) {
	if got := string(EventOf()); got != `{"Records":[]}` {
		t.Error(got)
	}
}

// TestOddKeys: whatever is in a key, the event is JSON and has that key.
func TestOddKeys(t *testing.T) {
	keys := []string{
		`"`, `\`, `\"`, `\u0041`, "/", "<a>&", "\u2028\u2029", "\x7f", "ключ", "日本語", "\U0001F600", "a\nb\tc\r\b\f",
		"\xef\xbf\xbd", " ", "]}",
	}
	for c := range byte(0x20) {
		keys = append(keys, string(rune(c)), "a"+string(rune(c))+"b")
	}
	e := Event{Records: len(keys), Key: func(i int) string { return keys[i] }}
	for name, text := range map[string][]byte{"Event": e.Bytes(), "EventOf": EventOf(e.All()...)} {
		if !json.Valid(text) {
			t.Errorf("%s is no JSON: %s", name, text)
		}
		var event events.KinesisEvent
		if err := json.Unmarshal(text, &event); err != nil {
			t.Error(err)
		}
		for i, rec := range event.Records {
			if rec.Kinesis.PartitionKey != keys[i] {
				t.Errorf("%s: key %q reads as %q", name, keys[i], rec.Kinesis.PartitionKey)
			}
		}
	}
	for _, key := range []string{"ключ", "\U0001F600", "\u2028", "<&>", "\x7f", "\xff"} {
		if text := EventOf(decoder.Record{PartitionKey: []byte(key)}); !bytes.Contains(text, []byte(`"`+key+`"`)) {
			t.Errorf("key %q is not written as it is: %s", key, text)
		}
	}
}

func TestAppendSeconds(t *testing.T) {
	for _, c := range []struct {
		sec, nsec int64
		want      string
	}{
		{0, 0, "0.000"},
		{0, 5e6, "0.005"},
		{1545084650, 987e6, "1545084650.987"},
		{1607497475, 0, "1607497475.000"},
		{1607497475, 1, "1607497475.000000001"},
		{1607497475, 123456700, "1607497475.1234567"},
		{1607497475, 100, "1607497475.0000001"},
		{-1, 500e6, "-0.500"},
		{-1, 0, "-1.000"},
		{-2, 999e6, "-1.001"},
		{253402300799, 999e6, "253402300799.999"},
	} {
		if got := string(appendSeconds(nil, time.Unix(c.sec, c.nsec))); got != c.want {
			t.Errorf("%d s and %d ns: got %s, want %s", c.sec, c.nsec, got, c.want)
		}
	}
}

func TestAddDecimal(t *testing.T) {
	for _, c := range []struct {
		number string
		n      uint64
		zeros  int
		want   string
	}{
		{"0", 0, 0, "0"},
		{"1", 1, 0, "2"},
		{"9", 1, 0, "10"},
		{"99", 1, 0, "100"},
		{"007", 5, 0, "012"},
		{"5", 12345, 0, "12350"},
		{"1000", 12, 2, "2200"},
		{"9900", 1, 2, "10000"},
		{"1", 18446744073709551606, 0, "18446744073709551607"},
	} {
		if got := string(addDecimal([]byte(c.number), c.n, c.zeros)); got != c.want {
			t.Errorf("%s + %d and %d zeros: got %s, want %s", c.number, c.n, c.zeros, got, c.want)
		}
	}
}
