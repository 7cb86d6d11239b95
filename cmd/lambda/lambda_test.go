package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"example.com/sluice/internal/eventtest"
)

// This file runs the program as a function that a Runtime API gives work to.

// bootstrap is the program, built as it is for Lambda.
var bootstrap string

func TestMain(m *testing.M) {
	os.Exit(build(m))
}

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "bootstrap")
	if err == nil {
		defer os.RemoveAll(dir)
		bootstrap, err = eventtest.Build(dir, "bootstrap", ".", ".")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// Short names for what most tests need.
const (
	secretKey  = eventtest.SecretKey
	secretData = eventtest.SecretData
	allDone    = eventtest.AllDone
)

var (
	record   = eventtest.Record
	event    = eventtest.Event
	windowed = eventtest.Windowed
	sequence = eventtest.Sequence
	good     = eventtest.Good
	bad      = eventtest.Bad
)

type functionTest struct {
	name    string
	event   []byte
	answer  string // "" where the invocation fails
	failure []string
	log     string // "" where there is no line about the invocation
}

func functionTests() []functionTest {
	broken := event(good(1), good(2))
	broken = broken[:len(broken)-1]
	foreign := `{"Records":[{"messageId":"1","eventSource":"aws:sqs","body":"x"}]}`
	return []functionTest{
		{
			name: "good", event: event(good(1), good(2), good(3)), answer: allDone,
			log: "INFO records=3 processed=3 skipped=0 bad=0",
		},
		{
			name: "bad record", event: event(good(1), bad(2), good(3)), answer: allDone,
			log: "WARN records=3 processed=2 skipped=1 bad=1",
		},
		{
			name: "all bad", event: event(bad(1), bad(2)), answer: allDone,
			log: "WARN records=2 processed=0 skipped=2 bad=2",
		},
		{
			name: "bad record without a number", event: event(record("", "*")), answer: allDone,
			log: "WARN records=1 processed=0 skipped=1 bad=1",
		},
		{
			name: "no records", event: event(), answer: allDone,
			log: "INFO records=0 processed=0 skipped=0 bad=0",
		},
		{
			name: "broken", event: broken,
			failure: []string{"invalid JSON", fmt.Sprintf("at offset %d", len(broken))},
			log:     "ERROR records=2 processed=2 skipped=0 bad=0",
		},
		{
			name: "empty", event: nil, failure: []string{"invalid JSON", "at offset 0"},
			log: "ERROR records=0 processed=0 skipped=0 bad=0",
		},
		{
			name: "another service", event: []byte(foreign), failure: []string{"not a Kinesis event", "SQS"},
			log: "ERROR records=0 processed=0 skipped=0 bad=0",
		},
		{
			name: "window", event: windowed(`{"sum": [1, 2.50]}`, good(1)),
			answer: `{"state":{"sum": [1, 2.50]},"batchItemFailures":[]}`,
			log:    "INFO records=1 processed=1 skipped=0 bad=0",
		},
		{
			name: "window without a state", event: windowed("null"), answer: `{"state":{},"batchItemFailures":[]}`,
			log: "INFO records=0 processed=0 skipped=0 bad=0",
		},
	}
}

func TestFunction(t *testing.T) {
	for _, tt := range functionTests() {
		t.Run(tt.name, func(t *testing.T) {
			api := startFunction(t, 1)
			inv := api.send(tt.event)
			got := api.wait(inv)
			if tt.failure == nil {
				if want := (answer{"response", tt.answer}); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			} else {
				checkFailure(t, got, tt.failure)
			}
			// The process goes on.
			if got, want := api.wait(api.send(event(good(9)))), (answer{"response", allDone}); got != want {
				t.Errorf("the next invocation got %q, want %q", got, want)
			}
			lines := api.stop()
			if got := logged(t, lines, inv.id); got != tt.log {
				t.Errorf("logged %q, want %q", got, tt.log)
			}
			for _, secret := range []string{
				secretKey, secretData,
				base64.StdEncoding.EncodeToString([]byte(secretData)),
			} {
				if strings.Contains(api.stdout.String(), secret) {
					t.Errorf("%q is in the log:\n%s", secret, &api.stdout)
				}
			}
		})
	}
}

// checkFailure checks that an answer is an error with these parts in its
// message.
func checkFailure(t *testing.T, got answer, want []string) {
	t.Helper()
	var f failure
	decoder := json.NewDecoder(strings.NewReader(got.body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil || got.kind != "error" {
		t.Errorf("got %q (%v), want an error", got, err)
		return
	}
	for _, part := range want {
		if !strings.Contains(f.Message+"$", part) {
			t.Errorf("the error is %q, want %q in it", f.Message, part)
		}
	}
	if f.Type != "Error" || f.StackTrace != nil {
		t.Errorf("the error's type is %q with stack %v", f.Type, f.StackTrace)
	}
}

// logged sums up the one line about an invocation; "" if there is none.
func logged(t *testing.T, lines []map[string]any, id string) string {
	t.Helper()
	essence := ""
	for _, l := range lines {
		if l["requestId"] != id || l["_aws"] != nil {
			continue
		}
		if essence != "" {
			t.Errorf("another line of invocation %s: %v", id, l)
		}
		essence = fmt.Sprintf("%v records=%v processed=%v skipped=%v bad=%v",
			l["level"], l["records"], l["processed"], l["skipped"], l["bad"])
		if _, failed := l["error"]; failed != (l["level"] == "ERROR") {
			t.Errorf("level and error do not agree: %v", l)
		}
		if l["message"] != "invocation" || l["timestamp"] == nil {
			t.Errorf("unlike an invocation's line: %v", l)
		}
		if l["records"] == 0.0 {
			continue
		}
		if l["stream"] != "orders" || l["shard"] != "shardId-000000000006" {
			t.Errorf("stream %v, shard %v", l["stream"], l["shard"])
		}
		arrived := time.UnixMilli(1545084650987)
		for _, name := range []string{"newestMillis", "oldestMillis"} {
			age, _ := l[name].(float64)
			if off := time.Since(arrived) - time.Duration(age)*time.Millisecond; off < 0 || off > 10*patience {
				t.Errorf("%s is %v, off by %v", name, l[name], off)
			}
		}
	}
	return essence
}

// A bad record is logged by itself, so that it can be found in the stream.
func TestFunctionLogsBadRecords(t *testing.T) {
	api := startFunction(t, 1)
	api.wait(api.send(event(good(1), bad(2))))
	var found []map[string]any
	for _, l := range api.stop() {
		if l["message"] == "record skipped" {
			found = append(found, l)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d lines about bad records, want 1:\n%s", len(found), &api.stdout)
	}
	rec, _ := found[0]["record"].(map[string]any)
	if rec["sequenceNumber"] != sequence(2) || rec["index"] != 1.0 {
		t.Errorf("the line is about another record: %v", found[0])
	}
	if problem, _ := found[0]["error"].(string); !strings.Contains(problem, "data: invalid base64 at offset ") {
		t.Errorf("the line's error is %q", problem)
	}
}

// Several invocations run at once in one process: the Runtime API holds the
// first events back until all pollers are there, and the first answers until as
// many have come.
func TestFunctionConcurrently(t *testing.T) {
	const concurrency, invocations = 4, 50
	api := startFunction(t, concurrency)
	var sent [invocations]*invocation
	for n := range sent {
		sent[n] = api.send(numbered(n))
	}
	for n, inv := range sent {
		got := api.wait(inv)
		switch n % 3 {
		case 0:
			if want := (answer{"response", allDone}); got != want {
				t.Errorf("invocation %d: got %q, want %q", n, got, want)
			}
		case 1:
			if want := (answer{"response", fmt.Sprintf(`{"state":{"n":%d},"batchItemFailures":[]}`, n)}); got != want {
				t.Errorf("invocation %d: got %q, want %q", n, got, want)
			}
		case 2:
			// checkFailure puts "$" where the message ends.
			checkFailure(t, got, []string{fmt.Sprintf("invalid JSON at offset %d$", len(numbered(n)))})
		}
	}
	lines := api.stop()
	for n, inv := range sent {
		records := n%7 + 1
		level := "INFO"
		if n%3 == 2 {
			level = "ERROR"
		}
		want := fmt.Sprintf("%s records=%d processed=%d skipped=0 bad=0", level, records, records)
		if got := logged(t, lines, inv.id); got != want {
			t.Errorf("invocation %d: logged %q, want %q", n, got, want)
		}
	}
}

// numbered returns an event of one of three kinds, with another number of
// records than its neighbours, so that only its own answer fits.
func numbered(n int) []byte {
	var records []string
	for i := range n%7 + 1 {
		records = append(records, good(n*10+i))
	}
	switch n % 3 {
	case 1:
		return windowed(fmt.Sprintf(`{"n":%d}`, n), records...)
	case 2:
		e := event(records...)
		return append(e[:len(e)-1], strings.Repeat(" ", n)...)
	}
	return event(records...)
}

// When the Runtime API breaks down, the process ends and says why.
func TestFunctionEnds(t *testing.T) {
	for _, concurrency := range []int{1, 3} {
		t.Run(fmt.Sprint(concurrency), func(t *testing.T) {
			api := startFunction(t, concurrency)
			api.breakDown()
			api.send(event())
			select {
			case <-api.exited:
			case <-time.After(patience):
				t.Fatal("it goes on")
			}
			if code := api.process.ProcessState.ExitCode(); code != 1 {
				t.Errorf("exit status %d, want 1", code)
			}
			lines := api.log() // the event's may be the first
			if n := len(lines); n == 0 || lines[n-1]["level"] != "ERROR" ||
				!strings.Contains(fmt.Sprint(lines[n-1]["message"]), "500") {
				t.Errorf("logged:\n%s", &api.stdout)
			}
		})
	}
}

// Outside of Lambda the program says what it is.
func TestExplain(t *testing.T) {
	for _, tt := range []struct {
		args           []string
		status         int
		stdout, stderr string // parts
	}{
		{nil, 2, "", "AWS_LAMBDA_RUNTIME_API"},
		{[]string{"event.json"}, 2, "", "cmd/sluice"},
		{[]string{"-help"}, 0, "SLUICE_METRICS", ""},
		{[]string{"help"}, 0, "AWS_LAMBDA_RUNTIME_API", ""},
	} {
		var stdout, stderr strings.Builder
		status := explain(tt.args, &stdout, &stderr)
		if status != tt.status || !strings.Contains(stdout.String(), tt.stdout) ||
			!strings.Contains(stderr.String(), tt.stderr) ||
			(stdout.Len() > 0) == (stderr.Len() > 0) {
			t.Errorf("%q: exit status %d\n%s%s", tt.args, status, &stdout, &stderr)
		}
	}
}
