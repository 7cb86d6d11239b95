// Package eventtest has what the tests of the function and of the tool share:
// events, written out byte for byte, and builds of the two programs.
package eventtest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"example.com/sluice/decoder"
	"example.com/sluice/router/routertest"
)

// The partition key and the data of every record, which no log may hold.
const (
	SecretKey  = "alice@example.com"
	SecretData = "the payload"
)

// AllDone is the answer of a function that has done every record.
const AllDone = `{"batchItemFailures":[]}`

// Record is one element of Records, from shard 6 of the stream orders.
func Record(sequenceNumber, base64Data string) string {
	const shard = "shardId-000000000006"
	return fmt.Sprintf(`{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":%s,"sequenceNumber":%s,"data":%s,`+
		`"approximateArrivalTimestamp":1545084650.987},"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":%s,`+
		`"eventName":"aws:kinesis:record","invokeIdentityArn":"arn:aws:iam::123456789012:role/lambda",`+
		`"awsRegion":"us-east-2",`+
		`"eventSourceARN":"arn:aws:kinesis:us-east-2:123456789012:stream/orders"}`,
		Quote(SecretKey), Quote(sequenceNumber), Quote(base64Data), Quote(shard+":"+sequenceNumber))
}

// Quote writes s as a JSON string.
func Quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// Event is the event of these records.
func Event(records ...string) []byte {
	return []byte(`{"Records":[` + strings.Join(records, ",") + `]}`)
}

// Windowed is an event of a tumbling window.
func Windowed(state string, records ...string) []byte {
	return []byte(`{"Records":[` + strings.Join(records, ",") + `],"window":{"start":"2020-12-09T07:04:00Z",` +
		`"end":"2020-12-09T07:06:00Z"},"state":` + state + `,"shardId":"shardId-000000000006",` +
		`"eventSourceARN":"arn:aws:kinesis:us-east-2:123456789012:stream/orders",` +
		`"isFinalInvokeForWindow":false,"isWindowTerminatedEarly":false}`)
}

// Sequence returns the n-th sequence number.
func Sequence(n int) string {
	return fmt.Sprintf("4959033827149025660855969253836157109592157598%010d", n)
}

// Good is a record that decodes.
func Good(n int) string {
	return Record(Sequence(n), base64.StdEncoding.EncodeToString([]byte(SecretData)))
}

// Bad is a record whose data is not base64.
func Bad(n int) string { return Record(Sequence(n), "*"+strings.Repeat("A", 7)) }

// AggregateMagic is how an aggregate of the Kinesis Producer Library begins.
const AggregateMagic = "\xf3\x89\x9a\xc2"

// Aggregate is the data of an aggregate of two user records, with the
// partition keys "one" and "two".
func Aggregate(one, two []byte) []byte {
	return routertest.Aggregate(
		decoder.Record{PartitionKey: []byte("one"), Data: one},
		decoder.Record{PartitionKey: []byte("two"), Data: two},
	).Data
}

// Build builds a package, as it is called in the directory from, for the
// machine that runs the test, whatever the test was compiled for. Under the
// race detector the program runs under it too. It returns the program's path.
func Build(into, name, from, pkg string) (program string, err error) {
	program = filepath.Join(into, name+".exe") // the suffix matters on Windows alone
	args := []string{"build", "-tags", "lambda.norpc", "-o", program}
	info, _ := debug.ReadBuildInfo()
	if info != nil && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, pkg)...)
	cmd.Dir = from
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "GOOS=") || strings.HasPrefix(v, "GOARCH=")
	})
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return program, nil
}

// Piped is the event of these records as EventBridge Pipes sends it.
func Piped(records ...string) []byte {
	flat := strings.NewReplacer(`{"kinesis":{`, `{`, `},"eventSource"`, `,"eventSource"`)
	return []byte("[" + flat.Replace(strings.Join(records, ",")) + "]")
}

// NotDone is the answer that names the n-th record.
func NotDone(n int) string {
	return `{"batchItemFailures":[{"itemIdentifier":"` + Sequence(n) + `"}]}`
}

// NotDoneID is the answer of a pipe, which names the n-th record by its event
// id.
func NotDoneID(n int) string {
	return strings.Replace(NotDone(n), Sequence(n), "shardId-000000000006:"+Sequence(n), 1)
}

// OnFailure is the object that a mapping leaves in its bucket for a batch of
// these records. The payload is a string, as Lambda writes it, an object, or
// null, which is "none".
func OnFailure(payload string, records ...string) []byte {
	switch payload {
	case "string":
		payload = Quote(string(Event(records...)))
	case "object":
		payload = string(Event(records...))
	case "none":
		payload = "null"
	}
	return []byte(`{"requestContext":{"requestId":"5d0e6f3a-41b7-4c8e-9a55-0c6f7b1d2e93",` +
		`"functionArn":"arn:aws:lambda:us-east-2:123456789012:function:orders",` +
		`"condition":"RetryAttemptsExhausted","approximateInvokeCount":3},` +
		`"responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"},` +
		`"version":"1.0","timestamp":"2024-11-18T10:20:05.568Z","KinesisBatchInfo":{"shardId":"shardId-000000000006",` +
		`"startSequenceNumber":"1","endSequenceNumber":"2",` +
		`"approximateArrivalOfFirstRecord":"2024-11-18T10:09:15.987Z",` +
		`"approximateArrivalOfLastRecord":"2024-11-18T10:09:15.994Z","batchSize":2,` +
		`"streamArn":"arn:aws:kinesis:us-east-2:123456789012:stream/orders"},"payload":` + payload + `}`)
}
