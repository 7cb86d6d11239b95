package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"example.com/sluice/decoder"
)

// This file is about what people hand to the tool: testdata/inputs has a fixture of each kind.

const inputsDir = "../../testdata/inputs"

// want is what one of a fixture's documents is: its place, what it was taken out of, how its event was given up, and the records; or the
// beginning of an error.
type want struct {
	part, form, condition string
	keys                  string
	err                   string
}

const noRecordsOfIt = "describes a failed batch without its records: only S3 as the destination gets them; see shardId-000000000006 4965"

var inputTests = map[string][]want{
	"event.json":                      {{keys: "user-1 user-1"}},
	"event.json.gz":                   {{form: "compressed", keys: "user-1 user-1"}},
	"event-utf16.json":                {{form: "UTF-16", keys: "user-1 user-1"}},
	"event-byte-order-mark.json":      {{keys: "user-1 user-1"}},
	"events.jsonl":                    {{part: "line 1", keys: "user-1"}, {part: "line 2", keys: "user-1"}, {part: "line 3", keys: "user-1"}},
	"events-broken.jsonl":             {{part: "line 1", keys: "user-1"}, {part: "line 2", keys: "record 0: invalid JSON at offset 251"}, {part: "line 3", keys: "user-1"}},
	"events-array.json":               {{part: "element 1", form: "array", keys: "user-1"}, {part: "element 2", form: "array", keys: "user-1"}},
	"records.json":                    {{form: "Records of an event", keys: "user-1 user-1"}},
	"records-lines.jsonl":             {{form: "Records of an event", keys: "user-1 user-1"}},
	"get-records-cli-1.json":          {{form: "aws kinesis get-records output", keys: "user-1 user-2"}},
	"get-records-cli-2.json":          {{form: "aws kinesis get-records output", keys: "user-1 user-2"}},
	"get-records-query.json":          {{form: "aws kinesis get-records output", keys: "user-1 user-2"}},
	"get-records-lines.jsonl":         {{form: "aws kinesis get-records output", keys: "user-1 user-2"}},
	"get-records-none.json":           {{form: "aws kinesis get-records output"}},
	"on-failure-object.json":          {{condition: "RetryAttemptsExhausted", keys: "user-1 user-1"}},
	"on-failure-object-emulator.json": {{condition: "RetryAttemptsExhausted", keys: "user-1 user-1"}},
	"on-failure-record.json":          {{condition: "RetryAttemptsExhausted", err: noRecordsOfIt}},
	"on-failure-record-dynamodb.json": {{form: "on-failure record of another event source", err: "not a Kinesis event, but an on-failure record of another event source: "}},
	"payload-string.json":             {{form: "JSON in a string", keys: "user-1 user-1"}},
	"sns-event.json":                  {{part: "message 1", form: "SNS event", condition: "RetryAttemptsExhausted", err: noRecordsOfIt}},
	"sns-notification.json":           {{form: "SNS notification, asynchronous invocation's record", condition: "RetriesExhausted", keys: "user-1 user-1"}},
	"sns-confirmation.json":           {{form: "SNS subscription's confirmation", err: "not a Kinesis event, but an SNS subscription's confirmation: "}},
	"sqs-event.json": {
		{part: "message 1", form: "SQS event", condition: "RetryAttemptsExhausted", err: noRecordsOfIt},
		{part: "message 2", form: "SQS event, asynchronous invocation's record", condition: "RetriesExhausted", keys: "user-1"},
	},
	"receive-message.json": {
		{part: "message 1", form: "aws sqs receive-message output, SNS notification, asynchronous invocation's record", condition: "RetriesExhausted", keys: "user-1"},
		{part: "message 2", form: "aws sqs receive-message output, asynchronous invocation's record", condition: "RetriesExhausted", keys: "user-1"},
		{part: "message 3", form: "aws sqs receive-message output", condition: "RetryAttemptsExhausted", err: noRecordsOfIt},
		{part: "message 4", form: "aws sqs receive-message output", err: `neither an event nor an on-failure record: "{\"id\":1}"`},
	},
	"receive-message-query.json": {
		{part: "element 1", form: "array, SNS notification, asynchronous invocation's record", condition: "RetriesExhausted", keys: "user-1"},
		{part: "element 2", form: "array, asynchronous invocation's record", condition: "RetriesExhausted", keys: "user-1"},
	},
	"receive-message-others.json":    {{part: "message 1", form: "aws sqs receive-message output", err: "neither an event nor an on-failure record: "}},
	"invocation-record.json":         {{form: "asynchronous invocation's record", condition: "RetriesExhausted", keys: "user-1 user-1"}},
	"invocation-record-success.json": {{form: "asynchronous invocation's record", condition: "Success", keys: "user-1 user-1"}},
	"invocation-record-other.json":   {{form: "asynchronous invocation's record", condition: "RetriesExhausted", keys: "not a Kinesis event: it has no Records at offset 0"}},
	"eventbridge-invocation.json":    {{form: "EventBridge event of an invocation, asynchronous invocation's record", condition: "RetriesExhausted", keys: "user-1 user-1"}},
	"get-shard-iterator.json":        {{form: "aws kinesis get-shard-iterator output", err: "not a Kinesis event, but the output of aws kinesis get-shard-iterator: "}},
	"get-object.json":                {{form: "aws s3api get-object output", err: "not a Kinesis event, but the output of aws s3api get-object: "}},
	"list-objects.json":              {{form: "list of objects in a bucket", err: "not a Kinesis event, but a list of objects in a bucket: fetch the objects "}},
	"s3-event.json":                  {{form: "S3 event", err: "not a Kinesis event, but an S3 event: fetch the objects "}},
}

// keysOf reads an event: its records' partition keys, or what is wrong.
func keysOf(event []byte) string {
	var keys []string
	for rec, err := range decoder.Records(event) {
		if err != nil {
			return place(err)
		}
		keys = append(keys, string(rec.PartitionKey))
	}
	return strings.Join(keys, " ")
}

func TestRecognise(t *testing.T) {
	files, err := os.ReadDir(inputsDir)
	if err != nil {
		t.Fatal(err)
	}
	met := map[string]bool{}
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(inputsDir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		wants := inputTests[f.Name()]
		got := recognise(content, origin{})
		if len(got) != len(wants) {
			t.Errorf("%s: %d documents, want %d", f.Name(), len(got), len(wants))
			continue
		}
		for i, d := range got {
			w := want{part: d.part, form: d.form}
			for form := range strings.SplitSeq(d.form, ", ") {
				met[form] = true
			}
			if d.about != nil {
				w.condition = d.about.RequestContext.Condition
				met["on-failure record"] = true
			}
			if d.err != nil {
				w.err = d.err.Error()[:min(len(d.err.Error()), len(wants[i].err))]
			} else {
				w.keys = keysOf(d.event)
			}
			if w != wants[i] {
				t.Errorf("%s: got\n%+v\nwant\n%+v", f.Name(), w, wants[i])
			}
		}
	}
	met["event"] = true // event.json
	for _, k := range inputKinds {
		if !met[k.name] {
			t.Errorf("no fixture is of the kind %q", k.name)
		}
	}
}

// The records of get-records become those of an event, whole, with the times to the digit, in either version of the CLI.
func TestGetRecordsOutput(t *testing.T) {
	from := origin{"arn:aws:kinesis:us-east-2:123456789012:stream/orders", "shardId-000000000006"}
	for _, name := range []string{"get-records-cli-1.json", "get-records-cli-2.json", "get-records-query.json"} {
		content, err := os.ReadFile(filepath.Join(inputsDir, name))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for rec, err := range decoder.Records(recognise(content, from)[0].event) {
			if n++; err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			number := fmt.Sprintf("4965847103291576320814609235748120639481%016d", n)
			arrived := time.UnixMilli([]int64{1731924556123, 1731924557000}[n-1])
			if string(rec.SequenceNumber) != number || string(rec.PartitionKey) != fmt.Sprint("user-", n) || string(rec.Data) != fmt.Sprintf(`{"id":%d}`, n) ||
				!rec.ApproximateArrivalTimestamp.Equal(arrived) || string(rec.EventID) != from.shardID+":"+number ||
				rec.StreamName != "orders" || rec.ShardID != from.shardID || rec.EventSourceARN != from.streamARN {
				t.Errorf("%s: record %d is %+v of %+v", name, n, rec, rec.Source)
			}
		}
		if n != 2 {
			t.Errorf("%s: %d records", name, n)
		}
	}
}

// Each command reads what is recognised, or says what it is.
func TestInputsOfCommands(t *testing.T) {
	dir := t.TempDir()
	for name, wants := range inputTests {
		path := filepath.Join(inputsDir, name)
		e := newEndpoint(t)
		records, events, made, complaint, first := 0, 0, false, "", ""
		for _, w := range wants {
			switch {
			case w.err != "":
				complaint = w.err
			case strings.HasPrefix(w.keys, "user"):
				records += len(strings.Fields(w.keys))
				if w.condition != "Success" {
					events++
				}
			case w.keys != "":
				complaint = w.keys
			}
			first = cmp.Or(first, complaint)
			made = made || strings.HasPrefix(w.form, "aws kinesis get-records")
		}
		status, want := exitOK, exitOK
		if complaint != "" {
			want = exitBad
		}
		var stdout, stderr strings.Builder
		if status = run([]string{path}, nil, &stdout, &stderr); status != want || !strings.Contains(stderr.String(), printable(complaint)) {
			t.Errorf("view %s: exit status %d, want %d and %q in %s", name, status, want, complaint, &stderr)
		}
		if records > 0 && !strings.Contains(stdout.String(), fmt.Sprintf(" records=%d bad=0 ", records)) {
			t.Errorf("view %s: want %d records in\n%s", name, records, &stdout)
		}

		stdout.Reset()
		stderr.Reset()
		status = run([]string{"size", "-rate", "10", "-handler-time", "1ms", path}, nil, &stdout, &stderr)
		if complaint == "" && records > 0 && (status != exitOK || !strings.Contains(stdout.String(), fmt.Sprintf("sample: %s", count(records, "record")))) ||
			complaint != "" && (status != exitBad || !strings.Contains(stderr.String(), printable(first))) {
			t.Errorf("size %s: exit status %d\n%s%s", name, status, &stdout, &stderr)
		}

		args := []string{"-yes", "-endpoint", e.URL, "-journal", filepath.Join(dir, name)}
		if made {
			args = append(args, "-stream", "arn:aws:kinesis:us-east-2:123456789012:stream/orders", "-shard", "shardId-000000000006")
		}
		if strings.HasPrefix(wants[0].condition, "Success") {
			want, complaint = exitBad, "its function has done it"
		}
		if name == "get-records-none.json" {
			events = 1 // without records, as Lambda's may be
		}
		status, out, errs := runRedrive(t, append(args, path)...)
		if status != want || !strings.Contains(errs, printable(complaint)) || len(e.got) != events {
			t.Errorf("redrive %s: exit status %d, want %d; %q, want %d events and %q in\n%s%s", name, status, want, e.got, events, complaint, out, errs)
		}
	}
}

// A table says what an event was taken out of, and what nobody knows of it, in lines that fit.
func TestInputsOnTerminal(t *testing.T) {
	for name, want := range map[string]string{
		"get-records-cli-2.json":         "\nfrom aws kinesis get-records output\nstream not known, 2024-11-18\n",
		"receive-message.json":           "receive-message.json, message 1\nfrom aws sqs receive-message output, SNS notification, asynchronous invocation's\nrecord\ngiven up by Lambda: ",
		"invocation-record-success.json": "\ndone by its function: Success after 1 invocation ",
	} {
		if got := onTerminal(screen{width: 80}, 0, nil, filepath.Join(inputsDir, name)); !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// Without the stream's name a function could not tell whose records it gets.
func TestRedriveNeedsOrigin(t *testing.T) {
	e := newEndpoint(t)
	path := filepath.Join(inputsDir, "get-records-cli-2.json")
	const arn = "arn:aws:kinesis:us-east-2:123456789012:stream/orders"
	for _, tt := range []struct {
		args   []string
		status int
		want   string
	}{
		{nil, exitBad, "give -stream ARN and -shard ID"},
		{[]string{"-stream", "orders", "-shard", "shardId-000000000006"}, exitUsage, `-stream: want a stream's ARN, not "orders"`},
		{[]string{"-stream", arn}, exitUsage, "-shard: want a shard's ID"},
		{[]string{"-stream", arn, "-shard", `"}`}, exitUsage, "-shard: want a shard's ID"},
		{[]string{"-stream", arn, "-shard", "shardId-000000000006"}, exitOK, ""},
	} {
		args := append(append([]string{"-yes", "-endpoint", e.URL, "-journal", filepath.Join(t.TempDir(), "journal")}, tt.args...), path)
		if status, _, stderr := runRedrive(t, args...); status != tt.status || !strings.Contains(stderr, tt.want) {
			t.Errorf("%q: exit status %d, %q", tt.args, status, stderr)
		}
	}
	if len(e.got) != 1 || e.got[0] != "1 2" {
		t.Errorf("the function got %q", e.got)
	}
}

// What an untrusted record says is put into a command only where a shell takes it as it is.
func TestNoPayloadInShell(t *testing.T) {
	var b failedBatch
	b.KinesisBatchInfo.StreamARN, b.KinesisBatchInfo.ShardID, b.KinesisBatchInfo.StartSequenceNumber = "arn:aws:kinesis:us-east-2:123456789012:stream/orders", "shardId-1", "1"
	if err := b.noPayload(); !strings.Contains(err.Error(), "--shard-id shardId-1 ") {
		t.Errorf("no command in %v", err)
	}
	for _, word := range []string{"$(id)", "a b", "`id`", ";id", "", "a\nb"} {
		b.KinesisBatchInfo.ShardID = word
		if err := b.noPayload(); strings.Contains(err.Error(), "aws kinesis") {
			t.Errorf("%q is in a command: %v", word, err)
		}
	}
}

// Broken input is never worse than an error: each fixture cut in every third place, and with each of some bytes there.
func TestRecogniseBroken(t *testing.T) {
	for name := range inputTests {
		content, err := os.ReadFile(filepath.Join(inputsDir, name))
		if err != nil {
			t.Fatal(err)
		}
		step := 3
		if testing.Short() {
			step = 11
		}
		for i := 0; i < len(content); i += step {
			if len(recognise(content[:i], origin{})) == 0 {
				t.Errorf("%s, cut at %d: nothing is found", name, i)
			}
			broken := bytes.Clone(content)
			for _, b := range []byte(`"{[\0` + "\xff\n") {
				broken[i] = b
				if len(recognise(broken, origin{})) == 0 {
					t.Errorf("%s with %q at %d: nothing is found", name, b, i)
				}
			}
		}
	}
}

// An event is handed on byte for byte, spaces around it included.
func TestRecogniseLeavesEvents(t *testing.T) {
	for _, e := range []string{" " + string(event(good(1))) + "\r\n\t", "", "\n", "[]", "null", `{"Records":[]}`, string(event(good(1))) + "{}", `{"Records":[`} {
		if got := recognise([]byte(e), origin{}); len(got) != 1 || string(got[0].event) != e || got[0].err != nil || got[0].part+got[0].form != "" {
			t.Errorf("%q became %+v", e, got)
		}
	}
}

// Files that are hostile take linear time and bounded memory.
func TestRecogniseHostile(t *testing.T) {
	const size = 3 << 20 // more than maxDocuments of the short ones
	fill := func(before, unit, behind string) []byte {
		return []byte(before + strings.Repeat(unit, size/len(unit)) + behind)
	}
	for name, content := range map[string][]byte{
		"numbers in an array": fill("[0", ",0", "]"),
		"lines of numbers":    fill("", "0\n", ""),
		"lines of objects":    fill("", "{}\n", ""),
		"lines of brackets":   fill("", "[\n", ""),
		"open arrays":         append(fill("", "[\n", "")[:600], fill("", "1,\n", "")...),
		"strings in strings":  []byte(nested(12)),
		"messages":            fill(`{"Messages":[{"MessageId":"","Body":""}`, `,{"Body":"0"}`, `]}`),
		"arrays of records":   fill(`[{"Records":[{"kinesis":{}}]}`, `,{"Records":[{"kinesis":{}}]}`, `]`),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := recognise(content, origin{})
		runtime.ReadMemStats(&after)
		if len(got) > maxDocuments+1 {
			t.Errorf("%s: %d documents", name, len(got))
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 100*size {
			t.Errorf("%s: %d bytes are allocated for %d", name, n, len(content))
		}
	}
}

// nested is a string in a string, so many times.
func nested(n int) string {
	text := `{"Records":[]}`
	for range n {
		b, err := json.Marshal(text)
		if err != nil {
			panic(err)
		}
		text = string(b)
	}
	return text
}
