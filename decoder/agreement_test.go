package decoder_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/sluice/decoder"
)

// That the decoder agrees with encoding/json into events.KinesisEvent in all
// that differences_test.go does not list: over the events of testdata, and over
// many that are written at random, in every form that JSON has for the same
// thing.

// disagreement says what the two make differently of an event, "" where
// nothing. Times are compared to the millisecond that a float64 may be off.
func disagreement(o *outcome, e events.KinesisEvent) string {
	if len(o.records) != len(e.Records) {
		return fmt.Sprintf("%d records, where encoding/json gives %d", len(o.records), len(e.Records))
	}
	for i, r := range o.records {
		theirs := e.Records[i]
		for _, v := range []struct{ name, ours, theirs string }{
			{"partitionKey", string(r.PartitionKey), theirs.Kinesis.PartitionKey},
			{"sequenceNumber", string(r.SequenceNumber), theirs.Kinesis.SequenceNumber},
			{"data", string(r.Data), string(theirs.Kinesis.Data)},
			{"kinesisSchemaVersion", r.KinesisSchemaVersion, theirs.Kinesis.KinesisSchemaVersion},
			{"encryptionType", r.EncryptionType, theirs.Kinesis.EncryptionType},
			{"eventID", string(r.EventID), theirs.EventID},
			{"eventSource", r.EventSource, theirs.EventSource},
			{"eventVersion", r.EventVersion, theirs.EventVersion},
			{"eventName", r.EventName, theirs.EventName},
			{"eventSourceARN", r.EventSourceARN, theirs.EventSourceArn},
			{"invokeIdentityArn", r.InvokeIdentityARN, theirs.InvokeIdentityArn},
			{"awsRegion", r.AWSRegion, theirs.AwsRegion},
		} {
			if v.ours != v.theirs {
				return fmt.Sprintf("record %d: %s is %q, where encoding/json gives %q", i, v.name, v.ours, v.theirs)
			}
		}
		off := r.ApproximateArrivalTimestamp.Sub(theirs.Kinesis.ApproximateArrivalTimestamp.Time)
		if off.Abs() > time.Millisecond {
			return fmt.Sprintf("record %d arrived at %v, where encoding/json gives %v", i,
				r.ApproximateArrivalTimestamp, theirs.Kinesis.ApproximateArrivalTimestamp)
		}
	}
	return ""
}

// differing are the events of testdata that show a difference, and the row that
// says it.
var differing = map[string]string{
	"duplicate-members.json": "A member twice, the first of a wrong type",
	"invalid-utf8.json":      "Bytes that are not UTF-8",
	"nulls.json":             "An arrival time of null",
	"pipes.json":             "A bare array of flat records, as EventBridge Pipes sends it",
	"pipes-compact.json":     "A bare array of flat records, as EventBridge Pipes sends it",
	"unknown-members.json":   "Names in another case, `DATA`",
	"times.json":             "Arrival times as quoted strings",
}

func TestTestdataAgreesWithEncodingJSON(t *testing.T) {
	agreed := 0
	for path, text := range files(t, "events/*.json") {
		var theirs events.KinesisEvent
		err := json.Unmarshal([]byte(text), &theirs)
		says := disagreement(read(t, decoder.Decoder{}, text), theirs)
		row, differs := differing[filepath.Base(path)]
		switch {
		case err == nil && says == "":
			agreed++
			if differs {
				t.Errorf("%s agrees, though it is said to show: %s", path, row)
			}
		case !differs:
			t.Errorf("%s: %s (encoding/json: %v)", path, says, err)
		}
	}
	for path, row := range differing {
		known := false
		for _, d := range differences {
			known = known || d.what == row
		}
		if !known {
			t.Errorf("%s is said to show a row that is not there: %s", path, row)
		}
	}
	t.Logf("%d events agree", agreed)
}

// writer writes events at random, in all forms that JSON has for them.
type writer struct {
	*rand.Rand
	b strings.Builder
}

func (w *writer) space() {
	for w.IntN(8) == 0 {
		w.b.WriteByte(" \t\r\n"[w.IntN(4)])
	}
}

// text writes a string, some of its characters as escapes.
func (w *writer) text(s string) {
	w.b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\' || w.IntN(40) == 0 && r == '/':
			w.b.WriteByte('\\')
			w.b.WriteRune(r)
		case r == '\n' && w.IntN(2) == 0:
			w.b.WriteString(`\n`)
		case r < 0x20 || w.IntN(40) == 0 && r < 0x10000:
			fmt.Fprintf(&w.b, `\u%04x`, r)
		case w.IntN(4) == 0 && r >= 0x10000:
			fmt.Fprintf(&w.b, `\u%04X\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		default:
			w.b.WriteRune(r)
		}
	}
	w.b.WriteByte('"')
}

// value writes something that nobody asks for.
func (w *writer) value(depth int) {
	switch n := w.IntN(8); {
	case n < 2 && depth < 4:
		w.object(depth+1, nil)
	case n == 2 && depth < 4:
		w.b.WriteByte('[')
		for i := range w.IntN(4) {
			if i > 0 {
				w.b.WriteByte(',')
			}
			w.space()
			w.value(depth + 1)
			w.space()
		}
		w.b.WriteByte(']')
	case n == 3:
		w.b.WriteString([]string{"0", "-0.5e+3", "12345678901234567890", "1E400"}[w.IntN(4)])
	case n == 4:
		w.b.WriteString([]string{"true", "false", "null"}[w.IntN(3)])
	default:
		w.text([]string{"", `"kinesis":{}`, "}]}", `\`, "é😀", "data"}[w.IntN(6)])
	}
}

// member is a name and what writes its value.
type member struct {
	name  string
	write func()
}

// object writes the members in a random order, with unknown ones among them.
func (w *writer) object(depth int, members []member) {
	for range w.IntN(3) {
		members = append(members, member{[]string{"x", "unknown", "", "kinesis2", "é"}[w.IntN(5)], func() {
			w.value(depth)
		}})
	}
	w.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	w.b.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			w.b.WriteByte(',')
		}
		w.space()
		w.text(m.name)
		w.space()
		w.b.WriteByte(':')
		w.space()
		m.write()
		w.space()
	}
	w.space()
	w.b.WriteByte('}')
}

// strings returns members with these values; each may be written twice, of
// which the last counts, or left out where it may be.
func (w *writer) strings(required bool, values map[string]string) (members []member) {
	for name, value := range values {
		if required || w.IntN(5) > 0 {
			members = append(members, member{name, func() {
				if w.IntN(10) == 0 {
					w.text("ZWFybGllcg==")
					w.b.WriteByte(',')
					w.text(name)
					w.b.WriteByte(':')
				}
				w.text(value)
			}})
		}
	}
	return members
}

// record writes record n.
func (w *writer) record(n int) {
	data := make([]byte, w.IntN(60))
	for i := range data {
		data[i] = byte(w.Uint32())
	}
	encoded := base64.StdEncoding.EncodeToString(data)
	if w.IntN(10) == 0 && len(encoded) > 4 {
		encoded = encoded[:4] + "\r\n" + encoded[4:]
	}
	key := []string{"user-1", "", "é😀", "a\"b\\c", "\x00\n", strings.Repeat("k", 256)}[w.IntN(6)]
	inner := w.strings(true, map[string]string{"partitionKey": key, "sequenceNumber": sequence(n), "data": encoded})
	inner = append(inner, w.strings(false, map[string]string{
		"kinesisSchemaVersion": "1.0",
		"encryptionType":       "KMS",
	})...)
	if w.IntN(5) > 0 {
		inner = append(inner, member{"approximateArrivalTimestamp", func() {
			w.b.WriteString([]string{
				"1731924555.137", "1731924555", "1.731924555137E9", "0", "-1.5",
				"1731924555.999",
			}[w.IntN(6)])
		}})
	}
	outer := w.strings(false, map[string]string{
		"eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": shard + ":" + sequence(n),
		"eventName": "aws:kinesis:record", "eventSourceARN": stream, "awsRegion": "us-east-2",
		"invokeIdentityArn": "arn:aws:iam::123456789012:role/r",
	})
	w.object(2, append(outer, member{"kinesis", func() { w.object(3, inner) }}))
}

func (w *writer) event() string {
	w.b.Reset()
	w.object(1, []member{{"Records", func() {
		w.b.WriteByte('[')
		for i := range w.IntN(5) {
			if i > 0 {
				w.b.WriteByte(',')
			}
			w.space()
			if w.IntN(3) == 0 {
				w.b.WriteString(plain(i))
			} else {
				w.record(i)
			}
			w.space()
		}
		w.b.WriteByte(']')
	}}})
	return w.b.String()
}

func TestRandomEventsAgreeWithEncodingJSON(t *testing.T) {
	n := 5_000
	if short() {
		n = 300
	}
	w := &writer{Rand: rand.New(rand.NewPCG(5, 6))}
	records := 0
	for range n {
		text := w.event()
		var theirs events.KinesisEvent
		if err := json.Unmarshal([]byte(text), &theirs); err != nil {
			t.Fatalf("encoding/json gives %v for %s", err, text)
		}
		o := read(t, decoder.Decoder{}, text)
		records += len(o.good(t))
		if says := disagreement(o, theirs); says != "" {
			t.Fatalf("%s: %s", says, text)
		}
	}
	t.Logf("%d events, %d records", n, records)
}
