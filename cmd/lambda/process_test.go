package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/sluice/internal/runtimeapi"
)

// This file runs the program as a function's process, and checks what it asks
// of the Runtime API.

// patience is how long a test waits for what should come at once. It is long
// because a loaded machine or the race detector may be slow; it is only used up
// when something is broken.
const patience = time.Minute

// answer is what a function posted for an invocation.
type answer struct {
	kind string // "response" or "error"
	body string
}

// failure is the body of an answer of kind "error".
type failure struct {
	Message    string `json:"errorMessage"`
	Type       string `json:"errorType"`
	StackTrace []any  `json:"stackTrace"`
}

type invocation struct {
	id       string
	answered chan answer // takes one
}

// function is the program as a process, behind the Runtime API. Requests that
// break the protocol, or that aws-lambda-go would not make, fail the test.
type function struct {
	t       *testing.T
	api     *runtimeapi.API
	process *exec.Cmd
	exited  chan struct{} // closed when the process has ended
	closing chan struct{} // closed when the test has ended

	polls, posts *meeting // what requests wait for before they are served

	mu     sync.Mutex
	number int
	broken bool // whether to refuse further invocations

	stdout, stderr bytes.Buffer // of the process; not to be read before stop
}

// startFunction starts the program as a function that takes so many invocations
// at a time. The first events are held back until it has asked for that many,
// and the first answers until that many have come. env are settings,
// NAME=VALUE.
func startFunction(t *testing.T, concurrency int, env ...string) *function {
	t.Helper()
	f := &function{
		t:       t,
		api:     runtimeapi.New(""),
		exited:  make(chan struct{}),
		closing: make(chan struct{}),
		polls:   newMeeting(concurrency),
		posts:   newMeeting(concurrency),
	}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	// This comes before the server's Close, which waits for requests.
	t.Cleanup(func() { close(f.closing); f.api.Close(errors.New("the test has ended")) })

	f.process = exec.Command(bootstrap)
	f.process.Env = append(env,
		"AWS_LAMBDA_RUNTIME_API="+server.Listener.Addr().String(),
		"AWS_LAMBDA_MAX_CONCURRENCY="+strconv.Itoa(concurrency),
		"AWS_LAMBDA_FUNCTION_NAME=local",
	)
	f.process.Stdout, f.process.Stderr = &f.stdout, &f.stderr
	f.process.WaitDelay = patience
	if err := f.process.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		f.process.Wait()
		close(f.exited)
	}()
	t.Cleanup(f.kill)
	return f
}

// send gives the function an event.
func (f *function) send(event []byte) *invocation {
	f.mu.Lock()
	f.number++
	inv := &invocation{
		id:       fmt.Sprintf("8476a536-e9f4-11e8-9739-%012d", f.number),
		answered: make(chan answer, 1),
	}
	f.mu.Unlock()
	go func() {
		body, err := f.api.Do(context.Background(), &runtimeapi.Invocation{ID: inv.id, Event: event})
		got := answer{"response", string(body)}
		var failed *runtimeapi.FunctionError
		if errors.As(err, &failed) {
			got = answer{"error", string(failed.Body)}
		} else if err != nil {
			got = answer{"none", err.Error()}
		}
		inv.answered <- got
	}()
	return inv
}

// wait returns the answer for an invocation.
func (f *function) wait(inv *invocation) answer {
	f.t.Helper()
	select {
	case a := <-inv.answered:
		return a
	case <-f.exited:
		f.t.Fatalf("the function ended by itself: %v\n%s%s", f.process.ProcessState, &f.stdout, &f.stderr)
	case <-time.After(patience):
		f.t.Fatalf("no answer for invocation %s", inv.id)
	}
	panic("not reached")
}

// stop ends the process and returns the lines that it logged, which must be
// JSON.
func (f *function) stop() []map[string]any {
	f.t.Helper()
	select {
	case <-f.exited:
		f.t.Errorf("the function ended by itself: %v", f.process.ProcessState)
	default:
	}
	f.kill()
	return f.log()
}

// log returns the lines that the process logged before it ended.
func (f *function) log() []map[string]any {
	f.t.Helper()
	if f.stderr.Len() > 0 {
		f.t.Errorf("on standard error:\n%s", &f.stderr)
	}
	var lines []map[string]any
	for line := range strings.Lines(f.stdout.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			f.t.Errorf("a line of the log is no JSON: %v\n%s", err, line)
		}
		lines = append(lines, fields)
	}
	return lines
}

// kill ends the process and waits for its end.
func (f *function) kill() {
	f.process.Process.Kill()
	select {
	case <-f.exited:
	case <-time.After(patience):
		f.t.Error("the function's process cannot be killed")
	}
}

// breakDown makes the Runtime API refuse further invocations.
func (f *function) breakDown() {
	f.mu.Lock()
	f.broken = true
	f.mu.Unlock()
}

// ServeHTTP checks the program's requests and passes them on.
func (f *function) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	starting := strings.Contains(r.URL.Path, "/init/") // the program's own request
	if !starting && !strings.HasPrefix(r.Header.Get("User-Agent"), "aws-lambda-go/") {
		f.t.Errorf("%s %s: User-Agent is %q", r.Method, r.URL, r.Header.Get("User-Agent"))
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		f.t.Errorf("%s %s: %v", r.Method, r.URL, err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	turn := f.polls
	if r.Method == http.MethodPost {
		turn = f.posts
		if !starting {
			f.checkPost(r)
		}
	} else if len(body) > 0 {
		f.t.Errorf("%s %s with a body of %d bytes", r.Method, r.URL, len(body))
	}
	if !turn.attend(r.Context().Done(), f.closing) {
		return
	}
	f.mu.Lock()
	broken := f.broken
	f.mu.Unlock()
	if broken && r.Method == http.MethodGet {
		http.Error(w, `{"errorMessage":"broken","errorType":"InternalError"}`, http.StatusInternalServerError)
		return
	}
	status := &statusWriter{ResponseWriter: w}
	f.api.ServeHTTP(status, r)
	if status.code >= 400 {
		f.t.Errorf("%s %s: status %d", r.Method, r.URL, status.code)
	}
}

// checkPost looks at the headers of an answer.
func (f *function) checkPost(r *http.Request) {
	want := "application/octet-stream"
	if strings.HasSuffix(r.URL.Path, "/error") {
		want = "application/json"
		if cause := r.Header.Get("Lambda-Runtime-Function-Xray-Error-Cause"); !json.Valid([]byte(cause)) {
			f.t.Errorf("%s: the cause for X-Ray is no JSON: %q", r.URL, cause)
		}
	}
	if got := r.Header.Get("Content-Type"); got != want {
		f.t.Errorf("%s: Content-Type is %q, want %q", r.URL, got, want)
	}
	if failed := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); failed != "" {
		f.t.Errorf("%s: broken off with %s", r.URL, failed)
	}
}

// statusWriter keeps the status of a response.
type statusWriter struct {
	http.ResponseWriter
	code int
}

func (w *statusWriter) WriteHeader(code int) {
	w.code = code
	w.ResponseWriter.WriteHeader(code)
}

// meeting holds up those who attend it until so many are there. From then on it
// holds up nobody.
type meeting struct {
	mu      sync.Mutex
	missing int
	open    chan struct{}
}

func newMeeting(n int) *meeting { return &meeting{missing: n, open: make(chan struct{})} }

// attend waits for the others. It reports false if one of the channels closes
// first.
func (m *meeting) attend(left, closing <-chan struct{}) bool {
	m.mu.Lock()
	if m.missing > 0 {
		if m.missing--; m.missing == 0 {
			close(m.open)
		}
	}
	m.mu.Unlock()
	select {
	case <-m.open:
		return true
	case <-left:
	case <-closing:
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.missing > 0 {
		m.missing++
	}
	return false
}
