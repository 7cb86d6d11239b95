package input

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/internal/eventtest"
	"example.com/sluice/router/routertest"
)

// This file tests what people hand to the tool: testdata/inputs has a fixture
// of each kind.

const inputsDir = "../../../../testdata/inputs"

// want is a document of a fixture: its place, what it was taken out of, how its
// event was given up, and its records' keys; or the beginning of its error.
type want struct {
	part, form, condition string
	keys                  string
	err                   string
}

const noRecordsOfIt = "describes a failed batch without its records: only S3 as the destination gets them. They " +
	"are in shardId-000000000006, sequence numbers 4965"

var inputTests = map[string][]want{
	"event.json":                 {{keys: "user-1 user-1"}},
	"event.json.gz":              {{form: "gzip", keys: "user-1 user-1"}},
	"event-utf16.json":           {{form: "UTF-16", keys: "user-1 user-1"}},
	"event-byte-order-mark.json": {{keys: "user-1 user-1"}},
	"events.jsonl": {
		{part: "line 1", keys: "user-1"},
		{part: "line 2", keys: "user-1"},
		{part: "line 3", keys: "user-1"},
	},
	"events-broken.jsonl": {
		{part: "line 1", keys: "user-1"},
		{part: "line 2", keys: "record 0: invalid JSON at offset 251"},
		{part: "line 3", keys: "user-1"},
	},
	"events-array.json": {
		{part: "element 1", form: "array", keys: "user-1"},
		{part: "element 2", form: "array", keys: "user-1"},
	},
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
	"on-failure-record-dynamodb.json": {{
		form: "on-failure record of another event source",
		err:  "not a Kinesis event, but an on-failure record of another event source: ",
	}},
	"payload-string.json": {{form: "JSON in a string", keys: "user-1 user-1"}},
	"sns-event.json": {{
		part: "message 1", form: "SNS event", condition: "RetryAttemptsExhausted",
		err: noRecordsOfIt,
	}},
	"sns-notification.json": {{
		form:      "SNS notification, asynchronous invocation's record",
		condition: "RetriesExhausted", keys: "user-1 user-1",
	}},
	"sns-confirmation.json": {{
		form: "SNS subscription's confirmation",
		err:  "not a Kinesis event, but an SNS subscription's confirmation: ",
	}},
	"sqs-event.json": {
		{part: "message 1", form: "SQS event", condition: "RetryAttemptsExhausted", err: noRecordsOfIt},
		{
			part: "message 2", form: "SQS event, asynchronous invocation's record", condition: "RetriesExhausted",
			keys: "user-1",
		},
	},
	"receive-message.json": {
		{
			part:      "message 1",
			form:      "aws sqs receive-message output, SNS notification, asynchronous invocation's record",
			condition: "RetriesExhausted", keys: "user-1",
		},
		{
			part: "message 2", form: "aws sqs receive-message output, asynchronous invocation's record",
			condition: "RetriesExhausted", keys: "user-1",
		},
		{
			part: "message 3", form: "aws sqs receive-message output", condition: "RetryAttemptsExhausted",
			err: noRecordsOfIt,
		},
		{
			part: "message 4", form: "aws sqs receive-message output",
			err: `neither an event nor an on-failure record: "{\"id\":1}"`,
		},
	},
	"receive-message-query.json": {
		{
			part: "element 1", form: "array, SNS notification, asynchronous invocation's record",
			condition: "RetriesExhausted", keys: "user-1",
		},
		{
			part: "element 2", form: "array, asynchronous invocation's record", condition: "RetriesExhausted",
			keys: "user-1",
		},
	},
	"receive-message-others.json": {{
		part: "message 1", form: "aws sqs receive-message output",
		err: "neither an event nor an on-failure record: ",
	}},
	"invocation-record.json": {{
		form: "asynchronous invocation's record", condition: "RetriesExhausted",
		keys: "user-1 user-1",
	}},
	"invocation-record-success.json": {{
		form: "asynchronous invocation's record", condition: "Success",
		keys: "user-1 user-1",
	}},
	"invocation-record-other.json": {{
		form: "asynchronous invocation's record", condition: "RetriesExhausted",
		keys: "not a Kinesis event: it has no Records at offset 0",
	}},
	"eventbridge-invocation.json": {{
		form:      "EventBridge event of an invocation, asynchronous invocation's record",
		condition: "RetriesExhausted", keys: "user-1 user-1",
	}},
	"get-shard-iterator.json": {{
		form: "aws kinesis get-shard-iterator output",
		err:  "not a Kinesis event, but the output of aws kinesis get-shard-iterator: ",
	}},
	"get-object.json": {{
		form: "aws s3api get-object output",
		err:  "not a Kinesis event, but the output of aws s3api get-object: ",
	}},
	"list-objects.json": {{
		form: "list of objects in a bucket",
		err:  "not a Kinesis event, but a list of objects in a bucket: fetch the objects ",
	}},
	"s3-event.json": {{
		form: "S3 event",
		err:  "not a Kinesis event, but an S3 event: fetch the objects ",
	}},
}

// keysOf returns the partition keys in an event, or what is wrong with it.
func keysOf(event []byte) string {
	var keys []string
	for rec, err := range decoder.Records(event) {
		if err != nil {
			return Place(err)
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
	seen := map[string]bool{}
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(inputsDir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		wants := inputTests[f.Name()]
		got := recognise(content, Origin{})
		if len(got) != len(wants) {
			t.Errorf("%s: %d documents, want %d", f.Name(), len(got), len(wants))
			continue
		}
		for i, d := range got {
			w := want{part: d.Part, form: d.Form}
			for form := range strings.SplitSeq(d.Form, ", ") {
				seen[form] = true
			}
			if d.About != nil {
				w.condition = d.About.RequestContext.Condition
				seen["on-failure record"] = true
			}
			if d.Err != nil {
				w.err = d.Err.Error()[:min(len(d.Err.Error()), len(wants[i].err))]
			} else {
				w.keys = keysOf(d.Event)
			}
			if w != wants[i] {
				t.Errorf("%s: got\n%+v\nwant\n%+v", f.Name(), w, wants[i])
			}
		}
	}
	seen["event"] = true // event.json
	for _, k := range kinds() {
		if !seen[k.name] {
			t.Errorf("no fixture is of the kind %q", k.name)
		}
	}
}

// Records from get-records become those of an event, whole, with exact times,
// from either version of the CLI.
func TestGetRecordsOutput(t *testing.T) {
	from := Origin{"arn:aws:kinesis:us-east-2:123456789012:stream/orders", "shardId-000000000006"}
	for _, name := range []string{"get-records-cli-1.json", "get-records-cli-2.json", "get-records-query.json"} {
		content, err := os.ReadFile(filepath.Join(inputsDir, name))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for rec, err := range decoder.Records(recognise(content, from)[0].Event) {
			if n++; err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			number := fmt.Sprintf("4965847103291576320814609235748120639481%016d", n)
			arrived := time.UnixMilli([]int64{1731924556123, 1731924557000}[n-1])
			if string(rec.SequenceNumber) != number || string(rec.PartitionKey) != fmt.Sprint("user-", n) ||
				string(rec.Data) != fmt.Sprintf(`{"id":%d}`, n) ||
				!rec.ApproximateArrivalTimestamp.Equal(arrived) || string(rec.EventID) != from.ShardID+":"+number ||
				rec.StreamName != "orders" || rec.ShardID != from.ShardID || rec.EventSourceARN != from.StreamARN {
				t.Errorf("%s: record %d is %+v of %+v", name, n, rec, rec.Source)
			}
		}
		if n != 2 {
			t.Errorf("%s: %d records", name, n)
		}
	}
}

// Words from an untrusted record get into a command only if a shell takes them
// as they are.
func TestNoPayloadInShell(t *testing.T) {
	for _, word := range []string{"1", "$(id)", "a b", "`id`", ";id", "", "a\nb", "')]"} {
		for field := range 4 {
			var b FailedBatch
			i := &b.KinesisBatchInfo
			i.StreamARN, i.ShardID = "arn:aws:kinesis:us-east-2:123456789012:stream/orders", "shardId-1"
			i.StartSequenceNumber, i.EndSequenceNumber = "1", "2"
			*[]*string{&i.StreamARN, &i.ShardID, &i.StartSequenceNumber, &i.EndSequenceNumber}[field] = word
			if err := b.noPayload(); strings.Contains(err.Error(), "aws kinesis") != (word == "1") {
				t.Errorf("%q as field %d: %v", word, field, err)
			}
		}
	}
}

// The command asks for a range: records of other shard lanes stand between
// those of the batch.
func TestNoPayloadFetchesRange(t *testing.T) {
	var b FailedBatch
	i := &b.KinesisBatchInfo
	i.StreamARN, i.ShardID = "arn:aws:kinesis:us-east-2:123456789012:stream/orders", "shardId-1"
	i.StartSequenceNumber, i.EndSequenceNumber = "17", "29"
	got := b.noPayload().Error()
	for _, want := range []string{
		"to_number(SequenceNumber)<=to_number('29')", "--starting-sequence-number 17 ",
		"duplicates, never a loss", "the last record should be 29",
		". They are in shardId-1, sequence numbers 17 to 29. ",
		" --stream-arn arn:aws:kinesis:us-east-2:123456789012:stream/orders --shard-id shardId-1 ",
		"redrive then needs -stream arn:aws:kinesis:us-east-2:123456789012:stream/orders -shard shardId-1 beside FILE",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	if strings.Contains(got, "--limit") {
		t.Errorf("a number of records in %s", got)
	}
}

// A number counts by its value, and none that is strange makes a batch
// unreadable.
func TestFailedBatchNumbers(t *testing.T) {
	for text, want := range map[string]number{
		"3": 3, "3.0": 3, "0.3e1": 3, "1e1": 10, "3.5": 0, "1e99": 0, "9223372036854775808": 0, `"3"`: 0, "null": 0,
		"[]": 0, "true": 0,
	} {
		record := fmt.Sprintf(`{"requestContext":{"condition":"RetryAttemptsExhausted","approximateInvokeCount": %s },`+
			`"KinesisBatchInfo":{"batchSize": %[1]s },"payload":{"Records":[]}}`, text)
		d := recognise([]byte(record), Origin{})[0]
		if d.Err != nil || d.About == nil || d.About.RequestContext.ApproximateInvokeCount != want ||
			d.About.RequestContext.Condition != "RetryAttemptsExhausted" || string(d.Event) != `{"Records":[]}` {
			t.Errorf("%s: %+v", text, d)
		}
	}
}

// Compression is named.
func TestCompressedFiles(t *testing.T) {
	event := []byte(`{"Records":[]}`)
	for want, content := range map[string][]byte{
		"gzip": routertest.Gzip(event), "zstd": routertest.Zstd(event),
		"zstd, gzip": routertest.Zstd(routertest.Gzip(event)),
	} {
		if d := recognise(content, Origin{})[0]; d.Form != want || string(d.Event) != string(event) || d.Err != nil {
			t.Errorf("%s: %+v", want, d)
		}
		if d := recognise(content[:len(content)-3], Origin{})[0]; d.Form == "" || !strings.HasPrefix(want, d.Form) ||
			d.Err == nil {
			t.Errorf("%s, cut: %+v", want, d)
		}
	}
}

// Broken input is never worse than an error: each fixture is cut at every third
// place, and has some bytes replaced there.
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
			if len(recognise(content[:i], Origin{})) == 0 {
				t.Errorf("%s, cut at %d: nothing is found", name, i)
			}
			broken := bytes.Clone(content)
			for _, b := range []byte(`"{[\0` + "\xff\n") {
				broken[i] = b
				if len(recognise(broken, Origin{})) == 0 {
					t.Errorf("%s with %q at %d: nothing is found", name, b, i)
				}
			}
		}
	}
}

// An event is passed on byte for byte, with the spaces around it.
func TestRecogniseLeavesEvents(t *testing.T) {
	for _, e := range []string{
		" " + string(eventtest.Event(eventtest.Good(1))) + "\r\n\t", "", "\n", "[]", "null",
		`{"Records":[]}`, string(eventtest.Event(eventtest.Good(1))) + "{}", `{"Records":[`,
	} {
		if got := recognise([]byte(e), Origin{}); len(got) != 1 || string(got[0].Event) != e || got[0].Err != nil ||
			got[0].Part+got[0].Form != "" {
			t.Errorf("%q became %+v", e, got)
		}
	}
}

// Hostile files take linear time and bounded memory.
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
		got := recognise(content, Origin{})
		runtime.ReadMemStats(&after)
		if len(got) > maxDocuments+1 {
			t.Errorf("%s: %d documents", name, len(got))
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 100*size {
			t.Errorf("%s: %d bytes are allocated for %d", name, n, len(content))
		}
	}
}

// nested puts a string into a string, n times.
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

func TestInputs(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b", "a/2", "a/1", "a/.hidden", ".git/x", "c"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("12345"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, in := range Files([]string{filepath.Join(dir, "c"), dir, "-"}) {
		got = append(got, strings.TrimPrefix(in.Name, dir+string(filepath.Separator)))
		if in.Err != nil || in.Name != "-" && in.Size != 5 {
			t.Errorf("%+v", in)
		}
	}
	if want := "c a/1 a/2 b c -"; strings.Join(got, " ") != filepath.FromSlash(want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestReadAll(t *testing.T) {
	if got, err := ReadAll(strings.NewReader("12345"), 5); err != nil || string(got) != "12345" {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := ReadAll(strings.NewReader("123456"), 5); err == nil {
		t.Errorf("got %q, want an error", got)
	}
}
