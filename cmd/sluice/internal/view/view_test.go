package view

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"example.com/sluice/cmd/sluice/internal/command"
	"example.com/sluice/cmd/sluice/internal/screen"
	"example.com/sluice/decoder"
	"example.com/sluice/router/routertest"
)

// This file tests the command in this process, on plain lines.

// onEvent runs the command on an event from standard input.
func onEvent(event []byte) (status int, stdout, stderr string) {
	var out, errs strings.Builder
	status = Run([]string{"-"}, bytes.NewReader(event), &out, &errs)
	return status, out.String(), errs.String()
}

// localTest is an event and what the program says about it. The router's own
// error messages are not tested here: "*" at the end of stderr stands for the
// rest of a line.
type localTest struct {
	name           string
	event          []byte
	stdout, stderr string
}

func (tt *localTest) run(t *testing.T) {
	status, stdout, stderr := onEvent(tt.event)
	stdout, _, _ = strings.Cut(stdout, "total ") // see TestLinesSummary
	if stdout != tt.stdout {
		t.Errorf("standard output:\n%s\nwant:\n%s", stdout, tt.stdout)
	}
	if head, open := strings.CutSuffix(tt.stderr, "*\n"); open {
		if rest, ok := strings.CutPrefix(stderr, head); !ok || strings.Count(rest, "\n") != 1 {
			t.Errorf("standard error:\n%s\nwant:\n%s", stderr, tt.stderr)
		}
	} else if stderr != tt.stderr {
		t.Errorf("standard error:\n%s\nwant:\n%s", stderr, tt.stderr)
	}
	want := command.OK
	if tt.stderr != "" {
		want = command.Failed
	}
	if status != want {
		t.Errorf("exit status %d, want %d", status, want)
	}
}

const (
	fileLine   = "file -\n"
	streamLine = "stream orders shard shardId-000000000006\n"
	windowLine = "window 2020-12-09T07:04:00.000Z to 2020-12-09T07:06:00.000Z  state bytes 7  final false  " +
		"terminated early false\n"
	noAnswer = "response none: the invocation fails\n"
)

// recordLine is the beginning of the line about record n.
func recordLine(n int) string {
	return fmt.Sprintf(`record %d  sequence %s  key "alice@example.com"  arrived 2018-12-17T22:10:50.987Z  `, n,
		sequence(n))
}

func TestLocal(t *testing.T) {
	for _, tt := range []localTest{
		{
			name:  "good",
			event: event(good(0), record(sequence(1), base64.StdEncoding.EncodeToString([]byte{0, 255}))),
			stdout: fileLine + streamLine +
				recordLine(0) + `bytes 11  data "the payload"` + "\n" +
				recordLine(1) + `bytes 2  data 0x00ff` + "\n" +
				"response " + allDone + "\n" +
				"counters records=2 processed=2 skipped=0 failed=0 bad=0 bytes=13\n",
		},
		{
			name:  "window",
			event: windowed(`{"n":1}`, good(0)),
			stdout: fileLine + streamLine +
				recordLine(0) + `bytes 11  data "the payload"` + "\n" +
				windowLine +
				`response {"state":{"n":1},"batchItemFailures":[]}` + "\n" +
				"counters records=1 processed=1 skipped=0 failed=0 bad=0 bytes=11\n",
		},
		{
			name:  "no records",
			event: event(),
			stdout: fileLine +
				"response " + allDone + "\n" +
				"counters records=0 processed=0 skipped=0 failed=0 bad=0 bytes=0\n",
		},
	} {
		t.Run(tt.name, tt.run)
	}
}

func TestLocalFailures(t *testing.T) {
	mixed := event(good(0), bad(1), good(2), bad(3))
	firstFault, secondFault := bytes.IndexByte(mixed, '*'), bytes.LastIndexByte(mixed, '*')
	broken := event(good(0))
	broken = broken[:len(broken)-1]
	badWindow := windowed(`{"n":1}`, bad(0))
	for _, tt := range []localTest{
		{
			name:  "bad records",
			event: mixed,
			stdout: fileLine + streamLine +
				recordLine(0) + `bytes 11  data "the payload"` + "\n" +
				recordLine(1) + "bad\n" +
				recordLine(2) + `bytes 11  data "the payload"` + "\n" +
				recordLine(3) + "bad\n" +
				`response {"batchItemFailures":[{"itemIdentifier":"` + sequence(1) + `"}]}` + "\n" +
				"counters records=2 processed=1 skipped=0 failed=1 bad=1 bytes=11 checkpoint=" + sequence(1) + "\n",
			stderr: fmt.Sprintf("-: record 1 (sequence number %s): data: invalid base64 at offset %d\n", sequence(1),
				firstFault) +
				fmt.Sprintf("-: record 3 (sequence number %s): data: invalid base64 at offset %d\n", sequence(3),
					secondFault),
		},
		{
			name:  "broken",
			event: broken,
			stdout: fileLine + streamLine +
				recordLine(0) + `bytes 11  data "the payload"` + "\n" +
				noAnswer +
				"counters records=1 processed=1 skipped=0 failed=0 bad=0 bytes=11\n",
			stderr: fmt.Sprintf("-: the invocation fails: invalid JSON at offset %d\n", len(broken)),
		},
		{
			name:  "another service",
			event: []byte(`{"Records":[{"eventSource":"aws:sqs"}]}`),
			stdout: fileLine +
				noAnswer +
				"counters records=0 processed=0 skipped=0 failed=0 bad=0 bytes=0\n",
			stderr: "-: the invocation fails: record 0: not a Kinesis event: it looks like an SQS event at offset 12\n",
		},
		{
			name:  "number missing",
			event: []byte(`{"Records":[{"kinesis":{"partitionKey":"k","data":""}}]}`),
			stdout: fileLine +
				`record 0  key "k"  arrived -  bad` + "\n" +
				noAnswer +
				"counters records=1 processed=0 skipped=0 failed=1 bad=1 bytes=0\n",
			stderr: "-: record 0: sequenceNumber: missing member at offset 12\n-: the invocation fails: *\n",
		},
		{
			name:  "bad record of a window",
			event: badWindow,
			stdout: fileLine + streamLine + recordLine(0) + "bad\n" +
				windowLine +
				noAnswer +
				"counters records=1 processed=0 skipped=0 failed=1 bad=1 bytes=0\n",
			stderr: fmt.Sprintf("-: record 0 (sequence number %s): data: invalid base64 at offset %d\n-: the "+
				"invocation fails: *\n",
				sequence(0), bytes.IndexByte(badWindow, '*')),
		},
	} {
		t.Run(tt.name, tt.run)
	}
}

// Whatever is in an event or a file's name, only printable text and line breaks
// get out.
func TestLocalOutputIsPrintable(t *testing.T) {
	allBytes := make([]byte, 256)
	for i := range allBytes {
		allBytes[i] = byte(i)
	}
	encoded := base64.StdEncoding.EncodeToString
	events := map[string][]byte{
		"all bytes": event(record(sequence(0), encoded(allBytes))),
		"escapes": []byte(`{"Records":[{"kinesis":{"partitionKey":"\u001b[2J\u009b\u202e",` +
			`"sequenceNumber":"\u001b]0;x\u0007",` +
			`"data":"*\u001b"},"eventID":"\u001b[31m:1","eventSourceARN":"arn:aws:kinesis:x:1:stream/\u0000\r\n"}]}`),
		"number":      event(record("\x7f\u009b", "")),
		"bad number":  event(record("\x7f\u009b", "*")),
		"raw C1":      windowed("{\"\u009b\":\"\x9b\x7f\u202e\"}"),
		"line breaks": windowed("{\r\n\t\"a\":\r1}"),
		"not JSON":    []byte("\x1b[2J"),
		"source":      []byte(`{"Records":[{"eventSource":"\u001b[2J"}]}`),
		"time": []byte(`{"Records":[{"kinesis":{"partitionKey":"k","sequenceNumber":"1","data":"",` +
			`"approximateArrivalTimestamp":"\u001b[2J"}}]}`),
		"shard": []byte(`{"Records":[],"window":{"start":"\u001b[2J"}}`),
	}
	for i := range 256 {
		// Each byte alone, and among text.
		events[fmt.Sprintf("byte %#x", i)] = event(record("1", encoded([]byte{byte(i)})),
			record("2", encoded([]byte{'a', byte(i), 'b'})))
	}
	check := func(t *testing.T, what, out string) {
		t.Helper()
		for line := range strings.Lines(out) {
			line = strings.TrimSuffix(line, "\n")
			if !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%s: %q", what, line)
			}
		}
	}
	for name, e := range events {
		_, stdout, stderr := onEvent(e)
		if !strings.Contains(stdout, "response ") {
			t.Errorf("%s: no response in %q", name, stdout)
		}
		check(t, name, stdout)
		check(t, name, stderr)
	}

	var stdout, stderr strings.Builder
	if status := Run([]string{"\x1b[2J\nmissing\x9b", "-\x1b"}, strings.NewReader(""), &stdout,
		&stderr); status == command.OK {
		t.Errorf("exit status %d", status)
	}
	if stdout.Len()+stderr.Len() == 0 {
		t.Error("nothing is said of files that are missing")
	}
	check(t, "file's name", stdout.String())
	check(t, "file's name", stderr.String())
}

// If both outputs go to one terminal, a complaint stands below the record that
// it is about, and files keep their order.
func TestLocalOrder(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.json")
	var both strings.Builder
	status := Run([]string{"-", missing}, bytes.NewReader(event(bad(0), good(1))), &both, &both)
	if status != command.Failed {
		t.Errorf("exit status %d", status)
	}
	var starts []string
	for line := range strings.Lines(both.String()) {
		start, _, _ := strings.Cut(line, " (")
		starts = append(starts, start[:min(len(start), 11)])
	}
	want := []string{
		"file -\n", "stream orde", "record 0  s", "-: record 0", "record 1  s", "response {\"",
		"counters re",
		missing[:11], "total files", "size 8 to 1", "key \"alice@",
	}
	if !slices.Equal(starts, want) {
		t.Errorf("got %q, want %q:\n%s", starts, want, &both)
	}
	if problem := missing + ": no such file or directory\n"; runtime.GOOS == "linux" &&
		!strings.Contains(both.String(), "\n"+problem) {
		t.Errorf("want %q in\n%s", problem, &both)
	}
}

// A limit shows even if it is exceeded behind the record at which the router
// stops.
func TestLocalTooManyRecords(t *testing.T) {
	const most = 1 << 18
	many := event(bad(0), strings.Repeat(`{"kinesis":{"partitionKey":"","sequenceNumber":"1","data":""}},`,
		most-1)+good(1))
	status, stdout, stderr := onEvent(many)
	if response := `response {"batchItemFailures":[{"itemIdentifier":"` + sequence(0) +
		`"}]}`; !strings.Contains(stdout, response) {
		t.Errorf("no %s", response)
	}
	last := "-: record 262144 (sequence number " + sequence(1) + "): too large: more than 262144 records; MaxRecords " +
		"sets this limit "
	if status != command.Failed || strings.Count(stderr, "\n") != 2 || !strings.Contains(stderr, "\n"+last) {
		t.Errorf("exit status %d, standard error:\n%s", status, stderr)
	}
}

func TestLocalLargeFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "large.json")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(64<<20+1), f.Close()); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr strings.Builder
	status := Run([]string{name}, nil, &stdout, &stderr)
	if status != command.Failed || stdout.Len() > 0 ||
		stderr.String() != screen.Printable(name)+": larger than 67108864 bytes\n" {
		t.Errorf("exit status %d, standard output %q, standard error %q", status, &stdout, &stderr)
	}
}

// unwritable fails every write.
type unwritable struct{}

func (unwritable) Write([]byte) (int, error) { return 0, errors.New("no room") }

func TestLocalUnwritable(t *testing.T) {
	for _, args := range [][]string{{"-"}, {"-h"}} {
		var stderr strings.Builder
		if status := Run(args, bytes.NewReader(event()), unwritable{}, &stderr); status != command.Failed {
			t.Errorf("%v: exit status %d", args, status)
		}
	}
}

// A table says what an event was taken out of, and that its stream is not
// known, in lines that fit.
func TestInputsOnTerminal(t *testing.T) {
	for name, want := range map[string]string{
		"get-records-cli-2.json": "\nfrom aws kinesis get-records output\nstream not known, 2024-11-18\n",
		"receive-message.json": "receive-message.json, message 1\nfrom aws sqs receive-message output, " +
			"SNS notification, asynchronous invocation's\nrecord\ngiven up by Lambda: ",
		"invocation-record-success.json": "\ndone by its function: Success after 1 invocation, ",
	} {
		if got := onTerminal(screen.Screen{Width: 80}, 0, nil,
			filepath.Join("../../../../testdata/inputs", name)); !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// What is not known of an event is left out of every view.
func TestUnknownIsLeftOut(t *testing.T) {
	file := filepath.Join(t.TempDir(), "failed.json")
	if err := os.WriteFile(file, []byte(`{"KinesisBatchInfo":{},"payload":{"Records":[]}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{file, "../../../../testdata/inputs/get-records-cli-2.json"} {
		table := onTerminal(screen.Screen{Width: 80}, 0, nil, name)
		var lines, objects, errs strings.Builder
		if status := Run([]string{name}, nil, &lines, &errs) + Run([]string{"-json", name}, nil, &objects,
			&errs); status != command.OK {
			t.Error(status, &errs)
		}
		if name == file {
			objects.Reset() // onFailure has all its members
		}
		if got := table + lines.String() + strings.ReplaceAll(objects.String(), `"keys":[]`, ""); strings.Contains(got,
			`""`) || strings.Contains(got, " 0 invocations") || strings.Contains(got, "invocations 0") {
			t.Errorf("%s: %s", name, got)
		}
	}
	for want, s := range map[string]*decoder.Source{
		"stream s, shardId-1": {StreamName: "s", ShardID: "shardId-1"}, "stream s": {StreamName: "s"},
		"shard shardId-1": {ShardID: "shardId-1"}, "stream not known": {},
	} {
		if got := origin(s, ", "); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// A codec that the data is not of is named once, with what to do; broken data
// is not the flag's fault.
func TestCodecHint(t *testing.T) {
	broken := routertest.Gzip([]byte("data"))[:12]
	for _, tt := range []struct {
		codec, want string
		data        []byte
	}{
		{"gzip", "-: this is not compressed: -codec auto ", []byte(`{"id":1}`)},
		{"snappy", "-: this is not compressed: -codec auto ", []byte(`{"id":1}`)},
		{"gzip", "-: this is not gzip: -codec auto ", routertest.Zstd([]byte("data"))},
		{"zstd", "-: this is not zstd: -codec auto ", routertest.Gzip([]byte("data"))},
		{"gzip", "", broken},
		{"auto", "", broken},
		{"identity", "", []byte("text")},
	} {
		e := routertest.Event{Records: 3, Data: func(int) []byte { return tt.data }}.Bytes()
		var stdout, stderr strings.Builder
		Run([]string{"-codec", tt.codec, "-", "-"}, bytes.NewReader(e), &stdout, &stderr)
		n := strings.Count(stderr.String(), ": -codec ")
		if tt.want == "" && n > 0 || tt.want != "" && (n != 1 || !strings.Contains(stderr.String(), tt.want)) {
			t.Errorf("%s: %s", tt.codec, &stderr)
		}
	}
	var c decoder.Codec
	err := setCodec(&c, "lz4")
	for name := range strings.FieldsFuncSeq(err.Error(), func(r rune) bool { return r == ' ' || r == ',' }) {
		if setCodec(&c, name) == nil && !strings.Contains(usage, " "+name+", ") && !strings.Contains(usage,
			" "+name+";") {
			t.Errorf("the help does not say %s", name)
		}
	}
}

// For an event of EventBridge Pipes the view shows the answer that the pipe
// would get.
func TestViewPipes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pipes.json")
	if err := os.WriteFile(file, piped(good(1), bad(2), good(3)), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs strings.Builder
	status := Run([]string{file}, nil, &out, &errs)
	for _, want := range []string{"response " + namesID(2) + "\n", "checkpoint=shardId-000000000006:" + sequence(2)} {
		if status != command.Failed || !strings.Contains(out.String(), want) {
			t.Errorf("exit status %d, no %s in\n%s%s", status, want, &out, &errs)
		}
	}
}
