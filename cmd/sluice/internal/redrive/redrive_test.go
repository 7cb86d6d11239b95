package redrive

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/sluice/cmd/sluice/internal/command"
	"example.com/sluice/cmd/sluice/internal/input"
	"example.com/sluice/cmd/sluice/internal/screen"
	"example.com/sluice/decoder"
)

// fakeEndpoint is a function behind a URL. It notes the sequence numbers that
// it gets, and answers as it is told.
type fakeEndpoint struct {
	*httptest.Server
	got    []string // the sequence numbers of each event
	answer func(numbers []string) (status int, header, body string)
}

func newEndpoint(t *testing.T) *fakeEndpoint {
	t.Helper()
	e := &fakeEndpoint{}
	e.answer = func([]string) (int, string, string) { return 200, "", allDone }
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost {
			t.Errorf("%s: %v", r.Method, err)
		}
		var numbers []string
		for rec, err := range decoder.Records(body) {
			if err != nil {
				t.Errorf("%v in %s", err, body)
				break
			}
			numbers = append(numbers, strings.TrimLeft(string(rec.SequenceNumber[len(rec.SequenceNumber)-10:]), "0"))
		}
		e.got = append(e.got, strings.Join(numbers, " "))
		status, header, answer := e.answer(numbers)
		if header != "" {
			w.Header().Set("X-Amz-Function-Error", header)
		}
		w.WriteHeader(status)
		io.WriteString(w, answer)
	}))
	t.Cleanup(e.Close)
	return e
}

func runRedrive(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	errs, err := os.Create(filepath.Join(t.TempDir(), "stderr")) // a file, since a function's process writes there too
	if err != nil {
		t.Fatal(err)
	}
	defer errs.Close()
	var out strings.Builder
	status = Run(args, nil, &out, errs)
	b, err := os.ReadFile(errs.Name())
	if err != nil {
		t.Fatal(err)
	}
	return status, out.String(), string(b)
}

func writeFile(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Nothing happens without -yes; with it, each run hands over what earlier ones
// left.
func TestRedrive(t *testing.T) {
	e := newEndpoint(t)
	dir := t.TempDir()
	journal := filepath.Join(t.TempDir(), "journal")
	writeFile(t, filepath.Join(dir, "late"), event(good(21), good(22)))
	writeFile(t, filepath.Join(dir, "early"), event(good(1), good(2), good(3), good(4)))
	writeFile(t, filepath.Join(dir, "twice"), event(good(21), good(22)))
	failed := onFailureFile(t, "string", good(11), good(12))
	args := []string{"-endpoint", e.URL, "-journal", journal, dir, failed}

	status, stdout, _ := runRedrive(t, args...)
	if status != command.OK || len(e.got) > 0 ||
		!strings.Contains(stdout, "3 events with 8 records to hand to "+e.URL) ||
		!strings.Contains(stdout, "nothing has been done: -yes does it") ||
		!strings.Contains(stdout, "twice: the same event as ") {
		t.Errorf("the plan: exit status %d, %d events, %s", status, len(e.got), stdout)
	}
	if _, err := os.Stat(journal); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a journal: %v", err)
	}

	act := append([]string{"-yes"}, args...)
	for i, tt := range []struct {
		answer func(numbers []string) (int, string, string)
		got    []string // what the function is given
		status int
		said   string
	}{
		{
			func(n []string) (int, string, string) {
				switch n[0] {
				case "1":
					return 200, "", names(3)
				case "11":
					return 200, "Unhandled", `{"errorMessage":"no database","errorType":"Error"}`
				}
				return 500, "", "down"
			},
			[]string{"1 2 3 4", "11 12", "21 22"},
			command.Failed,
			"partly done: " + filepath.Join(dir,
				"early") + ", 2 records of 4; not done from sequence number " + sequence(3) + " on",
		},
		{func(n []string) (int, string, string) {
			if n[0] == "3" {
				return 200, "", names(3) // no progress
			}
			return 200, "", `{}`
		}, []string{"3 4", "11 12", "21 22"}, command.Failed, "3 events handed over; 2 of 3 done"},
		{
			func([]string) (int, string, string) { return 200, "", names(4) },
			[]string{"3 4"},
			command.Failed,
			"1 record of 2",
		},
		{
			func([]string) (int, string, string) { return 200, "", `null` },
			[]string{"4"},
			command.OK,
			"1 event handed over; 3 of 3 done",
		},
		{nil, nil, command.OK, "0 events with 0 records to hand to"},
	} {
		e.got, e.answer = nil, tt.answer
		status, stdout, stderr := runRedrive(t, act...)
		if status != tt.status || !slices.Equal(e.got, tt.got) || !strings.Contains(stdout, tt.said) {
			t.Errorf("run %d: exit status %d, events %q, want %d, %q and %q in\n%s%s", i, status, e.got, tt.status,
				tt.got, tt.said, stdout, stderr)
		}
	}

	// To another function nothing is done yet.
	other := newEndpoint(t)
	if runRedrive(t, "-yes", "-endpoint", other.URL, "-journal", journal, dir, failed); len(other.got) != 3 {
		t.Errorf("another function got %q", other.got)
	}
}

// No line of a plan is too wide for the terminal, except for a file's name.
func TestRedrivePlanFits(t *testing.T) {
	name := strings.Repeat("2024/11/18/", 8) + "2024-11-18T10.20.05"
	for width, want := range map[int]string{
		0:   "orders  shardId-000000000006  1,234    -         all    " + name + "\n",
		80:  name + "\n  orders shardId-000000000006, 1,234 records, given up: -; to do: all\n",
		200: "orders  shardId-000000000006  1,234    -         all    " + name + "\n",
	} {
		var out strings.Builder
		d := &driver{
			target: &endpointTarget{url: "http://localhost"}, out: bufio.NewWriter(&out),
			screen:  screen.Screen{Width: width},
			batches: []*batch{{file: name, stream: "orders", shard: "shardId-000000000006", records: 1234}},
		}
		if d.showPlan(false); !strings.Contains(out.String(), want) {
			t.Errorf("no %q at %d columns in\n%s", want, width, &out)
		}
	}
	about := new(input.FailedBatch)
	about.RequestContext.Condition = "RetryAttemptsExhausted"
	var out strings.Builder
	d := &driver{
		target: &endpointTarget{url: "http://localhost"}, out: bufio.NewWriter(&out),
		screen: screen.Screen{Width: 80}, batches: []*batch{{file: name, about: about, window: true}},
	}
	d.showPlan(false)
	for line := range strings.Lines(out.String()) {
		if n := len(line) - len("\n"); n > 80 && !strings.HasPrefix(line, name) {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	const want = "\n  - -, 0 records, given up: RetryAttemptsExhausted; to do: all (of a " +
		"window: the\n  state it answers"
	if !strings.Contains(out.String(), want) {
		t.Errorf("no %q in\n%s", want, &out)
	}
}

// An event of EventBridge Pipes stays one from run to run, and is answered by
// event ids; a sequence number names no record of it.
func TestRedrivePipes(t *testing.T) {
	e := newEndpoint(t)
	file := filepath.Join(t.TempDir(), "pipes.json")
	writeFile(t, file, piped(good(1), good(2), good(3)))
	for i, tt := range []struct {
		answer, got string
		status      int
		said        string
	}{
		{
			namesID(2), "1 2 3", command.Failed,
			"1 record of 3; not done from event id shardId-000000000006:" + sequence(2) + " on",
		},
		{names(3), "2 3", command.Failed, "not done: " + file},
		{namesID(3), "2 3", command.Failed, "1 record of 2; not done from event id"},
		{allDone, "3", command.OK, "1 of 1 done"},
	} {
		e.got, e.answer = nil, func([]string) (int, string, string) { return 200, "", tt.answer }
		status, stdout, stderr := runRedrive(t, "-yes", "-endpoint", e.URL, "-journal",
			filepath.Join(filepath.Dir(file), ".journal"), file)
		if status != tt.status || !slices.Equal(e.got, []string{tt.got}) || !strings.Contains(stdout, tt.said) {
			t.Errorf("run %d: exit status %d, events %q, want %d, %q and %q in\n%s%s", i, status, e.got, tt.status,
				tt.got, tt.said, stdout, stderr)
		}
	}
}

// If a run ends after a batch was begun, the next one hands that batch over
// from where it was begun.
func TestRedriveOutcomeUnknown(t *testing.T) {
	e := newEndpoint(t)
	file := filepath.Join(t.TempDir(), "event")
	journal := filepath.Join(t.TempDir(), "journal")
	args := []string{"-yes", "-endpoint", e.URL, "-journal", journal, file}
	writeFile(t, file, event(good(1), good(2)))
	e.answer = func([]string) (int, string, string) { return 200, "", names(2) }
	runRedrive(t, args...)
	e.answer = func([]string) (int, string, string) { return 200, "", allDone }
	runRedrive(t, args...)
	whole, err := os.ReadFile(journal)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(whole), "\n")
	if len(lines) != 5 {
		t.Fatalf("the journal:\n%s", whole)
	}
	for n, want := range []string{"1 2", "1 2", "2", "2", ""} {
		for _, torn := range []string{"", lines[n][:len(lines[n])/2]} {
			writeFile(t, journal, []byte(strings.Join(lines[:n], "")+torn))
			e.got = nil
			if status, stdout, stderr := runRedrive(t, args...); status != command.OK ||
				strings.Join(e.got, ",") != want {
				t.Errorf("after %d lines and %q: exit status %d, events %q, want %q\n%s%s", n, torn, status, e.got,
					want, stdout, stderr)
			}
			if status, _, stderr := runRedrive(t, args...); status != command.OK || len(e.got) > 1 {
				t.Errorf("after %d lines and %q: not done once: %q %s", n, torn, e.got, stderr)
			}
		}
	}
}

func TestRedriveBootstrap(t *testing.T) {
	file := onFailureFile(t, "object", good(1), bad(2))
	journal := filepath.Join(t.TempDir(), "journal")
	status, stdout, stderr := runRedrive(t, "-yes", "-bootstrap", bootstrap, "-journal", journal, file)
	if want := "done: " + file + ", 2 records\n"; status != command.OK || !strings.Contains(stdout, want) {
		t.Errorf("exit status %d, want %q in %s", status, want, stdout)
	}
	if !strings.Contains(stderr, `"message":"record skipped"`) {
		t.Errorf("no log of the function in %s", stderr)
	}
	if _, stdout, _ := runRedrive(t, "-yes", "-bootstrap", bootstrap, "-journal", journal,
		file); !strings.Contains(stdout, "0 events handed over") {
		t.Errorf("done again: %s", stdout)
	}
}

func TestRedriveRefuses(t *testing.T) {
	e := newEndpoint(t)
	dir := t.TempDir()
	broken, fine := filepath.Join(dir, "broken"), filepath.Join(dir, "fine")
	writeFile(t, broken, []byte(`{"Records":[`))
	writeFile(t, fine, event(good(1)))
	notOurs := filepath.Join(dir, "notes.txt")
	writeFile(t, notOurs, []byte("buy milk\n"))
	journal := filepath.Join(dir, "journal")
	for _, tt := range []struct {
		args   []string
		status int
		stderr string
	}{
		{[]string{fine}, command.Usage, "want one of -function, -endpoint and -bootstrap"},
		{
			[]string{"-endpoint", e.URL, "-bootstrap", bootstrap, fine},
			command.Usage,
			"want one of -function, -endpoint and -bootstrap",
		},
		{[]string{"-endpoint", "localhost:9000", fine}, command.Usage, "no URL"},
		{[]string{"-bootstrap", filepath.Join(dir, "missing"), fine}, command.Usage, "-bootstrap: "},
		{[]string{"-endpoint", e.URL, "-timeout", "0s", fine}, command.Usage, "-timeout"},
		{[]string{"-endpoint", e.URL}, command.Usage, "no FILE is given (sluice redrive -help says more)"},
		{[]string{"-endpoint", e.URL, "-yes", "-journal", notOurs, fine}, command.Failed, "line 1 is not redrive's"},
		{
			[]string{"-endpoint", e.URL, "-yes", "-journal", journal, broken},
			command.Failed,
			broken + ": not handed over: record 0: invalid JSON at offset 12",
		},
		{[]string{"-endpoint", e.URL, "-yes", "-journal", journal, "-"}, command.Failed, "name a file"},
		{
			[]string{"-endpoint", e.URL, "-yes", "-journal", journal, onFailureFile(t, "none")},
			command.Failed,
			"without its records",
		},
	} {
		status, _, stderr := runRedrive(t, tt.args...)
		if status != tt.status || !strings.Contains(stderr, tt.stderr) {
			t.Errorf("%q: exit status %d, want %d and %q in %q", tt.args, status, tt.status, tt.stderr, stderr)
		}
	}
	if len(e.got) > 0 {
		t.Errorf("the function got %q", e.got)
	}
	if b, _ := os.ReadFile(notOurs); string(b) != "buy milk\n" {
		t.Errorf("the other file is now %q", b)
	}
}

// The answer of another page is not taken for the function's.
func TestRedriveRedirect(t *testing.T) {
	e := newEndpoint(t)
	moved := httptest.NewServer(http.RedirectHandler(e.URL, http.StatusFound))
	defer moved.Close()
	file := filepath.Join(t.TempDir(), "event")
	writeFile(t, file, event(good(1)))
	status, _, stderr := runRedrive(t, "-yes", "-endpoint", moved.URL, "-journal",
		filepath.Join(t.TempDir(), "journal"), file)
	if status != command.Failed || len(e.got) > 0 || !strings.Contains(stderr, "status 302") {
		t.Errorf("exit status %d, events %q, %s", status, e.got, stderr)
	}
}

// roundTrip is an http.RoundTripper.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestFunctionTarget(t *testing.T) {
	keys := map[string]string{"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret"}
	inRegion := map[string]string{
		"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret",
		"AWS_REGION": "eu-west-1",
	}
	const arn = "arn:aws:lambda:us-east-2:123456789012:function:orders"
	const byARN = "https://lambda.us-east-2.amazonaws.com/2015-03-31/functions/" +
		"arn%3Aaws%3Alambda%3Aus-east-2%3A123456789012%3Afunction%3Aorders"
	for _, tt := range []struct {
		function string
		env      map[string]string
		url, err string
	}{
		{"orders", inRegion, "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/orders/invocations", ""},
		{arn, inRegion, byARN + "/invocations", ""},
		{arn + ":live", keys, byARN + "%3Alive/invocations", ""},
		{"orders", keys, "", "AWS_REGION"},
		{arn, nil, "", "no credentials"},
		{"../orders", inRegion, "", "neither a function's name nor its ARN"},
		{"arn:aws:s3:::bucket", inRegion, "", "neither a function's name nor its ARN"},
	} {
		target, err := newFunctionTarget(tt.function, time.Second, func(name string) string { return tt.env[name] })
		if err != nil || tt.err != "" {
			if err == nil || tt.err == "" || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: %v, want %q", tt.function, err, tt.err)
			}
			continue
		}
		if target.name() != tt.url {
			t.Errorf("%s is at %s", tt.function, target.name())
		}
		target.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(r.Body)
			auth := r.Header.Get("Authorization")
			if err != nil || string(body) != "{}" || r.URL.String() != tt.url ||
				!strings.Contains(auth, "SignedHeaders=content-type;host;x-amz-date;x-amz-invocation-type, ") {
				t.Errorf("%s: %s %s", r.URL, auth, body)
			}
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(allDone))}, nil
		})
		if answer, err := target.invoke([]byte("{}")); err != nil || string(answer) != allDone {
			t.Errorf("%s, %v", answer, err)
		}
	}
}

// Each partition has its own domain, whether the function is given by ARN or by
// name; what does not fit is refused.
func TestPartitions(t *testing.T) {
	credentials := map[string]string{"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret"}
	for _, tt := range []struct{ partition, region, host, err string }{
		{"aws", "us-east-2", "lambda.us-east-2.amazonaws.com", ""},
		{"aws", "mx-central-1", "lambda.mx-central-1.amazonaws.com", ""},
		{"aws-cn", "cn-northwest-1", "lambda.cn-northwest-1.amazonaws.com.cn", ""},
		{"aws-us-gov", "us-gov-west-1", "lambda.us-gov-west-1.amazonaws.com", ""},
		{"aws-iso", "us-iso-east-1", "lambda.us-iso-east-1.c2s.ic.gov", ""},
		{"aws-iso-b", "us-isob-east-1", "lambda.us-isob-east-1.sc2s.sgov.gov", ""},
		{"aws-iso-e", "eu-isoe-west-1", "lambda.eu-isoe-west-1.cloud.adc-e.uk", ""},
		{"aws-iso-f", "us-isof-south-1", "lambda.us-isof-south-1.csp.hci.ic.gov", ""},
		{"aws-eusc", "eusc-de-east-1", "lambda.eusc-de-east-1.amazonaws.eu", ""},
		{"aws", "zz-central-1", "lambda.zz-central-1.amazonaws.com", ""}, // a new region, whose partition the ARN names
		{"aws", "cn-north-1", "", "the ARN is of partition aws, but its region cn-north-1 is of aws-cn"},
		{"aws-eusc", "eu-central-1", "", "the ARN is of partition aws-eusc, but its region eu-central-1 is of aws"},
		{
			"aws-moon", "moon-dark-1", "",
			`partition "aws-moon" is not known here, nor the domain of its hosts; known are aws, aws-cn, `,
		},
		{"", "moon-dark-1", "", `region "moon-dark-1" is of no partition that is known here`},
		{"", "example.com/", "", `region "example.com/" is of no partition that is known here`},
	} {
		functions := []string{
			"arn:" + tt.partition + ":lambda:" + tt.region + ":123456789012:function:orders",
			"orders",
		}
		if tt.partition == "" || tt.err != "" || tt.region == "zz-central-1" {
			functions = functions[:1]
		}
		if tt.partition == "" {
			functions[0] = "orders"
		}
		for _, function := range functions {
			target, err := newFunctionTarget(function, time.Second, func(name string) string {
				if name == "AWS_REGION" {
					return tt.region
				}
				return credentials[name]
			})
			switch {
			case tt.err != "":
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("%s in %s: %v, want %q", function, tt.region, err, tt.err)
				}
			case err != nil:
				t.Errorf("%s in %s: %v", function, tt.region, err)
			case !strings.HasPrefix(target.name(), "https://"+tt.host+"/"):
				t.Errorf("%s in %s is at %s, want host %s", function, tt.region, target.name(), tt.host)
			}
		}
	}
}

// Two runs cannot write to one journal.
func TestJournalLocked(t *testing.T) {
	name := filepath.Join(t.TempDir(), "journal")
	first, err := openJournal(name, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openJournal(name, true); err == nil {
		t.Error("opened twice")
	}
	if _, err := openJournal(name, false); err != nil {
		t.Errorf("not even read: %v", err)
	}
	first.close()
	second, err := openJournal(name, true)
	if err != nil {
		t.Fatal(err)
	}
	second.close()
}

func TestReadAnswer(t *testing.T) {
	e := event(good(1), good(2), good(3), good(4))
	for _, tt := range []struct {
		answer string
		state  state
		done   int
	}{
		{"", stateDone, 4},
		{" \n", stateDone, 4},
		{"null", stateDone, 4},
		{"[]", stateDone, 4},
		{`""`, stateDone, 4},
		{"{}", stateDone, 4},
		{`"fine"`, stateDone, 4},
		{allDone, stateDone, 4},
		{`{"batchItemFailures":null}`, stateDone, 4},
		{`{"state":{"n":1},"batchItemFailures":[]}`, stateDone, 4},
		{names(3), statePartial, 2},
		{
			`{"batchItemFailures":[{"itemIdentifier":"` + sequence(4) + `"},{"itemIdentifier":"` + sequence(2) + `"}]}`,
			statePartial, 1,
		},
		{names(1), stateFailed, 0},
		{names(5), stateFailed, 0},
		{`{"batchItemFailures":[{"itemIdentifier":""}]}`, stateFailed, 0},
		{`{"batchItemFailures":[{"itemIdentifier":null}]}`, stateFailed, 0},
		{`{"batchItemFailures":[{"itemIdentifier":7}]}`, stateFailed, 0},
		{`{"batchItemFailures":[{"id":"` + sequence(2) + `"}]}`, stateFailed, 0},
		{`{"batchItemFailures":[null]}`, stateFailed, 0},
		{`{"batchItemFailures":{"itemIdentifier":"` + sequence(2) + `"}}`, stateFailed, 0},
		{`{"errorMessage":"no","errorType":"Error"}`, stateFailed, 0},
		{`{"errorType":"Error"}`, stateFailed, 0},
		{`<html>`, stateFailed, 0},
	} {
		v := read([]byte(tt.answer), nil, e)
		if v.state != tt.state || v.done != tt.done || (v.problem == "") != (tt.state == stateDone) ||
			(v.checkpoint != "") && v.state == stateDone {
			t.Errorf("%s: %+v, want %s, %d done", tt.answer, v, tt.state, tt.done)
		}
	}
	// To an event of EventBridge Pipes the names are event ids, and only those.
	for answer, want := range map[string]verdict{
		namesID(3): {state: statePartial, done: 2}, namesID(1): {state: stateFailed}, names(3): {state: stateFailed},
		allDone: {state: stateDone, done: 4},
	} {
		if v := read([]byte(answer), nil, piped(good(1), good(2), good(3), good(4))); v.state != want.state ||
			v.done != want.done {
			t.Errorf("%s from a pipe: %+v, want %+v", answer, v, want)
		}
	}
	if v := read([]byte(namesID(3)), nil, e); v.state != stateFailed {
		t.Errorf("an event id: %+v", v)
	}
	if v := read([]byte(allDone), errors.New("no route"), e); v.state != stateFailed || v.problem != "no route" {
		t.Errorf("an error: %+v", v)
	}
}

func TestBehind(t *testing.T) {
	plain := event(good(1), good(2), good(3))
	spaced := []byte(" { \"Records\" : [ " + good(1) + " ,\n" + good(2) + " ] } ")
	twoMembers := windowed("{}", good(1), good(2))
	for _, tt := range []struct {
		event         []byte
		records, from int
		want          string
	}{
		{plain, 3, 0, string(plain)},
		{plain, 3, 2, string(event(good(3)))},
		{plain, 3, 3, string(plain)},
		{spaced, 2, 1, string(event(good(2)))},
		{twoMembers, 2, 1, string(twoMembers)},
		{[]byte("[" + good(1) + "]"), 1, 1, "[" + good(1) + "]"},
		{piped(good(1), good(2), good(3)), 3, 1, string(piped(good(2), good(3)))},
		{[]byte(" [ " + good(1) + ",\n" + good(2) + " ]\n"), 2, 1, "[" + good(2) + "]"},
		{[]byte(`{"records":[1,2]}`), 2, 1, `{"records":[1,2]}`},
	} {
		if got := behind(tt.event, tt.records, tt.from); string(got) != tt.want {
			t.Errorf("from %d of %s:\n%s\nwant\n%s", tt.from, tt.event, got, tt.want)
		}
	}
}

// The journal holds no data and no partition keys.
func TestJournalSecrets(t *testing.T) {
	e := newEndpoint(t)
	e.answer = func([]string) (int, string, string) { return 200, "", names(2) }
	file, journal := filepath.Join(t.TempDir(), "event"), filepath.Join(t.TempDir(), "journal")
	writeFile(t, file, event(good(1), good(2)))
	runRedrive(t, "-yes", "-endpoint", e.URL, "-journal", journal, file)
	b, err := os.ReadFile(journal)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil ||
			fields["event"] != eventID(event(good(1), good(2))) {
			t.Errorf("%v: %s", err, line)
		}
	}
	for _, secret := range []string{secretKey, secretData} {
		if strings.Contains(string(b), secret) {
			t.Errorf("%q is in the journal", secret)
		}
	}
	if n := strings.Count(string(b), "\n"); n != 2 || fmt.Sprint(e.got) != "[1 2]" {
		t.Errorf("%d lines for %q", n, e.got)
	}
}

// Without the stream's name the function could not tell whose records it gets.
func TestRedriveNeedsOrigin(t *testing.T) {
	e := newEndpoint(t)
	path := filepath.Join("../../../../testdata/inputs", "get-records-cli-2.json")
	const arn = "arn:aws:kinesis:us-east-2:123456789012:stream/orders"
	for _, tt := range []struct {
		args   []string
		status int
		want   string
	}{
		{nil, command.Failed, "give -stream ARN and -shard ID"},
		{
			[]string{"-stream", "orders", "-shard", "shardId-000000000006"},
			command.Usage,
			`-stream: want a stream's ARN, not "orders"`,
		},
		{[]string{"-stream", arn}, command.Usage, "-shard: want a shard's ID"},
		{
			[]string{"-stream", arn, "-shard", "0"},
			command.Usage,
			`-shard: want a shard's ID, such as shardId-000000000000, not "0"`,
		},
		{[]string{"-stream", arn, "-shard", `shardId-"}`}, command.Usage, "-shard: want a shard's ID"},
		{[]string{"-stream", arn, "-shard", "shardId-000000000006"}, command.OK, ""},
	} {
		args := append(append([]string{"-yes", "-endpoint", e.URL, "-journal", filepath.Join(t.TempDir(), "journal")},
			tt.args...), path)
		if status, _, stderr := runRedrive(t, args...); status != tt.status || !strings.Contains(stderr, tt.want) {
			t.Errorf("%q: exit status %d, %q", tt.args, status, stderr)
		}
	}
	if len(e.got) != 1 || e.got[0] != "1 2" {
		t.Errorf("the function got %q", e.got)
	}
}
