package main

import (
	"bytes"
	"encoding/json"
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
)

// This file plays Lambda: a Runtime API on the loopback interface, and the function's process that asks it for work.

// patience is how long a test waits for what should come at once. It is generous, since a machine under load, or the race
// detector, may take its time; it is only used up where something is broken.
const patience = time.Minute

const (
	invocationPath = "/2018-06-01/runtime/invocation/"
	functionARN    = "arn:aws:lambda:us-east-2:123456789012:function:watch"
)

// answer is what a function has posted for an invocation.
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
	event    []byte
	answered chan answer // takes one
}

// runtimeAPI is a Runtime API server with a function's process as its client. It reports what is not of the protocol as
// errors of the test.
type runtimeAPI struct {
	t       *testing.T
	process *exec.Cmd
	exited  chan struct{} // closed when the process has ended
	closing chan struct{} // closed when the test has ended
	queue   chan *invocation

	polls, posts *meeting // what requests wait for before they are served

	mu       sync.Mutex
	number   int
	underway map[string]*invocation // handed out and not answered
	broken   bool                   // whether to refuse further invocations

	stdout, stderr bytes.Buffer // of the process; not to be read before stop
}

// startFunction starts the program as a function with so many invocations at a time. The first events are only handed out when
// it asks for all of them at once, and the first answers only accepted when all of them are there.
func startFunction(t *testing.T, concurrency int) *runtimeAPI {
	t.Helper()
	api := &runtimeAPI{
		t:        t,
		exited:   make(chan struct{}),
		closing:  make(chan struct{}),
		queue:    make(chan *invocation, 1000),
		polls:    newMeeting(concurrency),
		posts:    newMeeting(concurrency),
		underway: map[string]*invocation{},
	}
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(api.closing) }) // before the server's Close, which waits for requests

	api.process = exec.Command(bootstrap)
	api.process.Env = []string{
		"AWS_LAMBDA_RUNTIME_API=" + server.Listener.Addr().String(),
		"AWS_LAMBDA_MAX_CONCURRENCY=" + strconv.Itoa(concurrency),
		"AWS_LAMBDA_FUNCTION_NAME=watch",
	}
	api.process.Stdout, api.process.Stderr = &api.stdout, &api.stderr
	api.process.WaitDelay = patience
	if err := api.process.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		api.process.Wait()
		close(api.exited)
	}()
	t.Cleanup(api.kill)
	return api
}

// send queues an event for the function.
func (api *runtimeAPI) send(event []byte) *invocation {
	api.mu.Lock()
	api.number++
	inv := &invocation{
		id:       fmt.Sprintf("8476a536-e9f4-11e8-9739-%012d", api.number),
		event:    event,
		answered: make(chan answer, 1),
	}
	api.mu.Unlock()
	api.queue <- inv
	return inv
}

// wait returns the answer for an invocation.
func (api *runtimeAPI) wait(inv *invocation) answer {
	api.t.Helper()
	select {
	case a := <-inv.answered:
		return a
	case <-api.exited:
		api.t.Fatalf("the function ended by itself: %v\n%s%s", api.process.ProcessState, &api.stdout, &api.stderr)
	case <-time.After(patience):
		api.t.Fatalf("no answer for invocation %s", inv.id)
	}
	panic("not reached")
}

// stop ends the process and returns the lines that it has logged, which are of JSON without exception.
func (api *runtimeAPI) stop() []map[string]any {
	api.t.Helper()
	select {
	case <-api.exited:
		api.t.Errorf("the function ended by itself: %v", api.process.ProcessState)
	default:
	}
	api.kill()
	return api.log()
}

// log returns the lines that the process, which has ended, has logged.
func (api *runtimeAPI) log() []map[string]any {
	api.t.Helper()
	if api.stderr.Len() > 0 {
		api.t.Errorf("on standard error:\n%s", &api.stderr)
	}
	var lines []map[string]any
	for line := range strings.Lines(api.stdout.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			api.t.Errorf("a line of the log is no JSON: %v\n%s", err, line)
		}
		lines = append(lines, fields)
	}
	return lines
}

// kill ends the process and waits for its end.
func (api *runtimeAPI) kill() {
	api.process.Process.Kill()
	select {
	case <-api.exited:
	case <-time.After(patience):
		api.t.Error("the function's process cannot be killed")
	}
}

// breakDown makes the server refuse further invocations.
func (api *runtimeAPI) breakDown() {
	api.mu.Lock()
	api.broken = true
	api.mu.Unlock()
}

func (api *runtimeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.Header.Get("User-Agent"), "aws-lambda-go/") {
		api.t.Errorf("%s %s: User-Agent is %q", r.Method, r.URL, r.Header.Get("User-Agent"))
	}
	rest, found := strings.CutPrefix(r.URL.RequestURI(), invocationPath)
	id, kind, _ := strings.Cut(rest, "/")
	switch {
	case found && r.Method == http.MethodGet && rest == "next":
		api.next(w, r)
	case found && r.Method == http.MethodPost && (kind == "response" || kind == "error"):
		api.answer(w, r, id, kind)
	default:
		api.refuse(w, http.StatusNotFound, "%s %s is no request of the Runtime API", r.Method, r.URL)
	}
}

func (api *runtimeAPI) refuse(w http.ResponseWriter, status int, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	api.t.Error(message)
	http.Error(w, message, status)
}

// next serves a request for an invocation: it waits until there is one.
func (api *runtimeAPI) next(w http.ResponseWriter, r *http.Request) {
	if n, err := io.Copy(io.Discard, r.Body); n > 0 || err != nil {
		api.t.Errorf("GET next with a body of %d bytes: %v", n, err)
	}
	if !api.polls.attend(r.Context().Done(), api.closing) {
		return
	}
	var inv *invocation
	select {
	case inv = <-api.queue:
	case <-r.Context().Done():
		return
	case <-api.closing:
		return
	}
	api.mu.Lock()
	broken := api.broken
	if !broken {
		api.underway[inv.id] = inv
	}
	api.mu.Unlock()
	if broken {
		http.Error(w, `{"errorMessage":"broken","errorType":"InternalError"}`, http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(2*patience).UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", functionARN)
	h.Set("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1")
	w.Write(inv.event)
}

// answer serves the request that ends an invocation.
func (api *runtimeAPI) answer(w http.ResponseWriter, r *http.Request, id, kind string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 6<<20))
	if err != nil {
		api.refuse(w, http.StatusRequestEntityTooLarge, "answer for %s: %v", id, err)
		return
	}
	want := "application/octet-stream"
	if kind == "error" {
		want = "application/json"
		if cause := r.Header.Get("Lambda-Runtime-Function-Xray-Error-Cause"); !json.Valid([]byte(cause)) {
			api.t.Errorf("answer for %s: the cause for X-Ray is no JSON: %q", id, cause)
		}
	}
	if got := r.Header.Get("Content-Type"); got != want {
		api.t.Errorf("%s for %s: Content-Type is %q, want %q", kind, id, got, want)
	}
	if failed := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); failed != "" {
		api.t.Errorf("%s for %s: broken off with %s", kind, id, failed)
	}
	api.mu.Lock()
	inv := api.underway[id]
	delete(api.underway, id)
	api.mu.Unlock()
	if inv == nil {
		api.refuse(w, http.StatusBadRequest, "%s for %q, which is not under way", kind, id)
		return
	}
	if !api.posts.attend(r.Context().Done(), api.closing) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	io.WriteString(w, `{"status":"OK"}`)
	inv.answered <- answer{kind, string(body)}
}

// meeting holds up those who attend it until so many are there at once. From then on it holds up nobody.
type meeting struct {
	mu      sync.Mutex
	missing int
	open    chan struct{}
}

func newMeeting(n int) *meeting { return &meeting{missing: n, open: make(chan struct{})} }

// attend waits for the others, and reports whether they came before one of the other two did.
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
