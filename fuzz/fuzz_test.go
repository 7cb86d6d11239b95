package fuzz

import (
	"fmt"
	"testing"
)

// This file holds the targets. Each makes a pair of its input in its own way;
// what is asked of the pair is the same for all: TestCampaign asks it too,
// without a fuzzer's guidance, but quicker.

// ask holds a pair to all that a pair is held to.
func ask(t *testing.T, p *pair) {
	var c checker
	if finding := c.guarded(p, true); finding != "" {
		t.Fatalf("%s: %s\n%s", findingMark, finding, p.minimised().report())
	}
}

// FuzzPairs has the grammar make a pair, with the input for its choices.
func FuzzPairs(f *testing.F) {
	var m maker
	f.Fuzz(func(t *testing.T, input []byte) {
		ask(t, m.make(given(input)))
	})
}

// FuzzRaw takes two events as they are.
func FuzzRaw(f *testing.F) {
	f.Fuzz(func(t *testing.T, before []byte, howBefore uint16, event []byte, howEvent uint16) {
		p := pair{last: shot{event, unpackedHow(howEvent)}}
		if len(before) > 0 {
			p.warm = []shot{{before, unpackedHow(howBefore)}}
		}
		ask(t, &p)
	})
}

// record is a record as Lambda writes it.
func record(key, sequence, data, at, eventID string) string {
	return fmt.Sprintf(`{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"%s",`+
		`"sequenceNumber":"%s","data":"%s",`+
		`"approximateArrivalTimestamp":%s},"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"%s",`+
		`"eventName":"aws:kinesis:record","invokeIdentityArn":"arn:aws:iam::123456789012:role/r",`+
		`"awsRegion":"eu-west-1",`+
		`"eventSourceARN":"arn:aws:kinesis:eu-west-1:123456789012:stream/a"}`, key, sequence, data, at, eventID)
}

// kinesisNumber is all but two of the 56 digits that Kinesis gives a sequence
// number.
const kinesisNumber = "495403390384895711" + "036925814703692581470369258147036925"

var (
	goodRecord = record("key-1", kinesisNumber+"20", "aGVsbG8=", "1480641523.477",
		"shardId-000000000006:"+kinesisNumber+"20")
	anotherRecord = record("k2", kinesisNumber+"21", "d29ybGQhIQ==", "1480641524.001",
		"shardId-000000000006:"+kinesisNumber+"21")
)

// FuzzRecord takes the five values of a record among others, as they stand in
// the event.
func FuzzRecord(f *testing.F) {
	f.Fuzz(func(t *testing.T, key, sequence, data, at, eventID string, how uint16) {
		odd := record(key, sequence, data, at, eventID)
		ask(t, &pair{
			warm: []shot{{event: []byte(`{"Records":[` + goodRecord + `,` + anotherRecord + `]}`)}},
			last: shot{
				[]byte(`{"Records":[` + goodRecord + `,` + odd + `,` + anotherRecord + `,` + odd + `]}`),
				unpackedHow(how),
			},
		})
	})
}

// FuzzTemplate takes the text around the five values, which are sound, of two
// records before and two of the event.
func FuzzTemplate(f *testing.F) {
	f.Fuzz(func(t *testing.T, toKey, toSequence, toData, toTime, toEventID, toEnd string, how uint16) {
		event := func(n int) []byte {
			one := func(n int) string {
				sequence := fmt.Sprintf(kinesisNumber+"%02d", n)
				return toKey + `"k` + fmt.Sprint(n) + `"` + toSequence + `"` + sequence + `"` + toData +
					`"aGVsbG8="` + toTime +
					fmt.Sprintf("1480641523.%03d", n) + toEventID + `"shardId-000000000006:` + sequence + `"` + toEnd
			}
			return []byte(`{"Records":[` + one(n) + `,` + one(n+1) + `]}`)
		}
		ask(t, &pair{warm: []shot{{event: event(9)}}, last: shot{event(11), unpackedHow(how)}})
	})
}

// FuzzEnvelope takes what stands before, between and behind the records.
func FuzzEnvelope(f *testing.F) {
	f.Fuzz(func(t *testing.T, before, between, behind string, how uint16) {
		ask(t, &pair{
			warm: []shot{{event: []byte(`{"Records":[` + goodRecord + `]}`)}},
			last: shot{[]byte(before + goodRecord + between + anotherRecord + behind), unpackedHow(how)},
		})
	})
}
