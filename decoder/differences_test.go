package decoder_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/sluice/decoder"
)

// The intended differences from encoding/json into events.KinesisEvent: a table
// whose rows are each shown on both sides. It is also what DIFFERENCES.md says;
// go test ./decoder -run Differences -update writes that anew. That there are
// no other differences is for agreement_test.go to show.

// difference is one row.
type difference struct {
	what, json, sluice string // the cells of the table
	event              string
	theirs             func(e events.KinesisEvent, err error) bool
	ours               func(o *outcome) bool
}

// refused is what encoding/json gives where one value fails the whole event.
func refused(_ events.KinesisEvent, err error) bool { return err != nil }

// badSecond asserts that the second of three records is bad for that reason,
// and the others good.
func badSecond(sentinel error, field string) func(*outcome) bool {
	return func(o *outcome) bool {
		return o.broken == nil && len(o.records) == 3 && o.errs[0] == nil && o.errs[2] == nil &&
			errors.Is(o.errs[1], sentinel) && o.errs[1].Field == field && string(o.records[2].Data) == "hello"
	}
}

// brokenBy asserts that the event is broken for that reason, behind n records.
func brokenBy(sentinel error, n int) func(*outcome) bool {
	return func(o *outcome) bool { return len(o.records) == n && o.broken != nil && errors.Is(o.broken, sentinel) }
}

// second is an event of which the second record is another.
func second(record string) string { return event(plain(0), record, plain(2)) }

var differences = []difference{
	{
		"Arrival times", "go through a float64: 496 of the 1000 values 1731924555.000 to .999 are a millisecond off",
		"exact",
		event(withTime(1, "1731924555.001")),
		func(e events.KinesisEvent, err error) bool {
			return err == nil && e.Records[0].Kinesis.ApproximateArrivalTimestamp.UnixMilli() != 1731924555001 &&
				offByAMillisecond() == 496
		},
		func(o *outcome) bool {
			return o.records[0].ApproximateArrivalTimestamp.UnixNano() == 1731924555001000000
		},
	},
	{
		"Arrival times as quoted strings", "fail the event", "read",
		event(withTime(1, `"1731924555.001"`)), refused,
		func(o *outcome) bool { return o.records[0].ApproximateArrivalTimestamp.UnixMilli() == 1731924555001 },
	},
	{
		"An arrival time of null", "1970-01-01", "absent: the zero `time.Time`",
		event(withTime(1, `null`)),
		func(e events.KinesisEvent, err error) bool {
			return err == nil && e.Records[0].Kinesis.ApproximateArrivalTimestamp.Unix() == 0
		},
		func(o *outcome) bool { return o.errs[0] == nil && o.records[0].ApproximateArrivalTimestamp.IsZero() },
	},
	{
		"An arrival time from the year 10,000 on", "accepted, though `time.Time` cannot be written as JSON then",
		"a bad record, `ErrType`",
		second(withTime(1, `253402300800`)),
		func(e events.KinesisEvent, err error) bool {
			return err == nil && e.Records[1].Kinesis.ApproximateArrivalTimestamp.UTC().Year() == 10000
		},
		badSecond(decoder.ErrType, "approximateArrivalTimestamp"),
	},
	{
		"Arrival times are in", "the local time zone", "UTC",
		event(plain(1)),
		func(e events.KinesisEvent, err error) bool {
			return err == nil && e.Records[0].Kinesis.ApproximateArrivalTimestamp.Location() == time.Local
		},
		func(o *outcome) bool { return o.records[0].ApproximateArrivalTimestamp.Location() == time.UTC },
	},
	{
		"Data that is not base64", "fails the event", "a bad record, `ErrBase64`; the others are read",
		second(withData(1, "*")), refused, badSecond(decoder.ErrBase64, "data"),
	},
	{
		"A member of a wrong type", "fails the event", "a bad record, `ErrType`; the others are read",
		second(with(plain(1), `"user-1"`, `7`)), refused, badSecond(decoder.ErrType, "partitionKey"),
	},
	{
		"A record that is no object", "fails the event", "a bad record, `ErrType`; the others are read",
		second(`"text"`), refused, badSecond(decoder.ErrType, ""),
	},
	{
		"A record that is null", "an empty record", "a bad record, `ErrType`",
		second(`null`),
		func(e events.KinesisEvent, err error) bool {
			return err == nil && e.Records[1].Kinesis.SequenceNumber == ""
		},
		badSecond(decoder.ErrType, ""),
	},
	{
		"No `data`, `sequenceNumber` or `partitionKey`, or null", "empty", "a bad record, `ErrMissing`",
		second(with(plain(1), `"data":"aGVsbG8=",`, ``)),
		func(e events.KinesisEvent, err error) bool { return err == nil && e.Records[1].Kinesis.Data == nil },
		badSecond(decoder.ErrMissing, "data"),
	},
	{
		"Data as an array of numbers", "accepted: it is another form of `[]byte`", "a bad record, `ErrType`",
		second(with(plain(1), `"aGVsbG8="`, `[104,105]`)),
		func(e events.KinesisEvent, err error) bool {
			return err == nil && string(e.Records[1].Kinesis.Data) == "hi"
		},
		badSecond(decoder.ErrType, "data"),
	},
	{
		"A record of another service", "read with what it has",
		"a bad record, `ErrNotKinesis`; as the first record it ends the sequence",
		second(`{"eventSource":"aws:sqs","messageId":"1"}`),
		func(e events.KinesisEvent, err error) bool {
			return err == nil && e.Records[1].EventSource == "aws:sqs"
		},
		badSecond(decoder.ErrNotKinesis, "eventSource"),
	},
	{
		"An event of another service", "accepted, with empty records", "`ErrNotKinesis`, and what it looks like",
		`{"Records":[{"eventSource":"aws:s3","s3":{}}]}`,
		func(e events.KinesisEvent, err error) bool { return err == nil && len(e.Records) == 1 },
		brokenBy(decoder.ErrNotKinesis, 0),
	},
	{
		"An event without `Records`, `{}`, or null", "accepted, with no records",
		"`ErrNotKinesis`, unless it has members of a tumbling window",
		`{}`,
		func(e events.KinesisEvent, err error) bool { return err == nil && len(e.Records) == 0 },
		brokenBy(decoder.ErrNotKinesis, 0),
	},
	{
		"A bare array of flat records, as EventBridge Pipes sends it", "fails", "read",
		`[{"eventSource":"aws:kinesis","partitionKey":"k","sequenceNumber":"1","data":"aGVsbG8="}]`, refused,
		func(o *outcome) bool { return o.errs[0] == nil && string(o.records[0].Data) == "hello" },
	},
	{
		"Flat records in `Records`, without `kinesis`", "empty records", "read",
		event(`{"partitionKey":"k","sequenceNumber":"1","data":"aGVsbG8="}`),
		func(e events.KinesisEvent, err error) bool { return err == nil && e.Records[0].Kinesis.Data == nil },
		func(o *outcome) bool { return o.errs[0] == nil && string(o.records[0].Data) == "hello" },
	},
	{
		"JSON that is broken somewhere", "fails the event",
		"gives the records before the fault, then `ErrSyntax` with its offset",
		event(plain(0), plain(1)) + "}", refused, brokenBy(decoder.ErrSyntax, 2),
	},
	{
		"Names in another case, `DATA`", "accepted", "unknown members",
		second(with(plain(1), `"data"`, `"DATA"`)),
		func(e events.KinesisEvent, err error) bool {
			return err == nil && string(e.Records[1].Kinesis.Data) == "hello"
		},
		badSecond(decoder.ErrMissing, "data"),
	},
	{
		"`kinesis` twice in a record", "the two are merged", "a bad record, `ErrDuplicate`",
		second(with(plain(1), `"eventSource":`, `"kinesis":{"partitionKey":"other"},"eventSource":`)),
		func(e events.KinesisEvent, err error) bool {
			return err == nil && e.Records[1].Kinesis.PartitionKey == "other" &&
				string(e.Records[1].Kinesis.Data) == "hello"
		},
		badSecond(decoder.ErrDuplicate, "kinesis"),
	},
	{
		"`Records` twice", "the second replaces the first, but its records are merged with those",
		"`ErrDuplicate`, behind the records of the first",
		`{"Records":[` + plain(0) + `],"Records":[{"eventName":"other"}]}`,
		func(e events.KinesisEvent, err error) bool {
			return err == nil && len(e.Records) == 1 && e.Records[0].EventName == "other" &&
				string(e.Records[0].Kinesis.Data) == "hello"
		},
		brokenBy(decoder.ErrDuplicate, 1),
	},
	{
		"A member twice, the first of a wrong type", "fails the event", "the last counts",
		event(with(plain(1), `"user-1"`, `7,"partitionKey":"last"`)), refused,
		func(o *outcome) bool { return o.errs[0] == nil && string(o.records[0].PartitionKey) == "last" },
	},
	{
		"`data` twice, the second null", "no data", "null counts as absent: the first",
		event(with(plain(1), `"aGVsbG8="`, `"aGVsbG8=","data":null`)),
		func(e events.KinesisEvent, err error) bool { return err == nil && e.Records[0].Kinesis.Data == nil },
		func(o *outcome) bool { return o.errs[0] == nil && string(o.records[0].Data) == "hello" },
	},
	{
		"Bytes that are not UTF-8", "become U+FFFD", "unchanged",
		event(withKey(1, "a\xffb")),
		func(e events.KinesisEvent, err error) bool {
			return err == nil && e.Records[0].Kinesis.PartitionKey == "a\ufffdb"
		},
		func(o *outcome) bool { return string(o.records[0].PartitionKey) == "a\xffb" },
	},
	{
		"Nesting", "up to 10,000 deep", "up to 300 deep, then `ErrTooLarge`",
		`{"x":` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + `,` + event(plain(1))[1:],
		func(e events.KinesisEvent, err error) bool { return err == nil && len(e.Records) == 1 },
		brokenBy(decoder.ErrTooLarge, 0),
	},
	{
		"Data of more than 10 MiB", "read", "a bad record, `ErrTooLarge`; `Decoder.MaxData` is the limit",
		second(withData(1, base64.StdEncoding.EncodeToString(make([]byte, 10<<20+1)))),
		func(e events.KinesisEvent, err error) bool {
			return err == nil && len(e.Records[1].Kinesis.Data) == 10<<20+1
		},
		badSecond(decoder.ErrTooLarge, "data"),
	},
	{
		"More than 262,144 records", "read", "`ErrTooLarge` behind so many; `Decoder.MaxRecords` is the limit",
		event(strings.Repeat(brief+",", 1<<18) + brief),
		func(e events.KinesisEvent, err error) bool { return err == nil && len(e.Records) == 1<<18+1 },
		brokenBy(decoder.ErrTooLarge, 1<<18),
	},
	{
		"The state of a tumbling window", "must be an object of strings (`events.KinesisTimeWindowEvent`)",
		"any JSON, as it stands in the event",
		windowed(`"window":{},"state":{"n":1}`, plain(1)),
		func(events.KinesisEvent, error) bool {
			var w events.KinesisTimeWindowEvent
			return json.Unmarshal([]byte(windowed(`"window":{},"state":{"n":1}`, plain(1))), &w) != nil
		},
		func(o *outcome) bool { return o.broken == nil && string(o.window.State) == `{"n":1}` },
	},
}

// offByAMillisecond counts the times of one second that encoding/json gets
// wrong.
func offByAMillisecond() (n int) {
	for ms := range 1000 {
		var at events.SecondsEpochTime
		if err := json.Unmarshal(fmt.Appendf(nil, "1731924555.%03d", ms), &at); err != nil ||
			at.UnixMilli() != 1731924555000+int64(ms) {
			n++
		}
	}
	return n
}

func TestDifferences(t *testing.T) {
	for _, d := range differences {
		t.Run(d.what, func(t *testing.T) {
			if short() && len(d.event) > megabyte {
				t.Skip("it is large")
			}
			var theirs events.KinesisEvent
			err := json.Unmarshal([]byte(d.event), &theirs)
			if !d.theirs(theirs, err) {
				t.Errorf("encoding/json gives %v and %.2000s, which is not: %s", err,
					fmt.Sprintf("%+v", theirs), d.json)
			}
			var ours *outcome
			if len(d.event) < megabyte {
				ours = read(t, decoder.Decoder{}, d.event)
			} else {
				ours = loopWindow(t, decoder.Decoder{}, []byte(d.event))
			}
			if !d.ours(ours) {
				t.Errorf("the decoder gives %.2000s, which is not: %s", ours, d.sluice)
			}
		})
	}
}

// TestDifferencesAreDocumented asserts that DIFFERENCES.md holds the rows of
// the table, and no others.
func TestDifferencesAreDocumented(t *testing.T) {
	const path = "DIFFERENCES.md"
	doc, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const head = "| what | encoding/json | sluice |\n|---|---|---|\n"
	before, rest, found := strings.Cut(string(doc), head)
	if !found {
		t.Fatalf("%s has no table", path)
	}
	table, behind, _ := strings.Cut(rest, "\n\n")
	var want bytes.Buffer
	for _, d := range differences {
		fmt.Fprintf(&want, "| %s | %s | %s |\n", d.what, d.json, d.sluice)
	}
	if *update {
		text := before + head + want.String()
		if behind != "" {
			text += "\n" + behind
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if strings.TrimSpace(table) != strings.TrimSpace(want.String()) {
		t.Errorf("its table is\n%s\nwhere the tests have\n%s", table, want.String())
	}
}
