// Package runtimeapi is Lambda for a function, on the loopback interface. [API]
// speaks the Runtime API, the HTTP protocol by which the process of a function
// asks for events and answers them. [Function] runs the program of a function
// under it, as Lambda does: with a new process when none is idle, killed at the
// timeout, and replaced after a crash. [Function] uses [API], never the
// reverse.
//
// (Protocol: Lambda developer guide, "Using the Lambda runtime API", version
// 2018-06-01.)
package runtimeapi

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The server of the Runtime API.

const (
	invocationPath = "/2018-06-01/runtime/invocation/"
	initErrorPath  = "/2018-06-01/runtime/init/error"

	// maxAnswer is the longest answer that Lambda accepts, in bytes.
	maxAnswer = 6<<20 + 100

	// maxTimeout is the longest that Lambda lets an invocation take. It is the
	// deadline if a caller sets none.
	maxTimeout = 15 * time.Minute
)

// DefaultARN is the function's ARN by default, in the account of AWS's
// examples.
const DefaultARN = "arn:aws:lambda:us-east-1:123456789012:function:local"

// FunctionError is what a function, or its process, reported instead of an
// answer.
type FunctionError struct {
	Type    string // such as "Error", "Runtime.ExitError", "Sandbox.Timedout"
	Message string
	Body    []byte // what the function posted, nil if nothing
}

func (e *FunctionError) Error() string { return e.Type + ": " + e.Message }

// Invocation is one event on its way to the function and back.
type Invocation struct {
	ID    string // the request id; Do sets an empty one
	Event []byte // must not change until Do has returned

	answered chan answer // holds one
	deadline time.Time
	taken    bool // the function has it
}

type answer struct {
	body []byte
	err  error
}

// API is the Runtime API of one process: an http.Handler whose client is the
// function. Make one with [New].
type API struct {
	arn    string
	queue  chan *Invocation
	closed chan struct{}

	mu       sync.Mutex
	underway map[string]*Invocation // not answered yet
	end      error                  // why the API was closed
}

// New returns the Runtime API for a process of the function with this ARN, by
// default DefaultARN.
func New(functionARN string) *API {
	if functionARN == "" {
		functionARN = DefaultARN
	}
	return &API{
		arn:      functionARN,
		queue:    make(chan *Invocation),
		closed:   make(chan struct{}),
		underway: map[string]*Invocation{},
	}
}

// Invoke has the function handle an event and returns its answer, which belongs
// to the caller. It is safe for concurrent use; the function decides how many
// events it handles at once. The function gets the deadline of the context. The
// error is a [*FunctionError] if the function reported one, or that of the
// context or of Close, if one of them came first.
func (a *API) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	return a.Do(ctx, &Invocation{Event: event})
}

// Do is Invoke for an invocation whose request id matters. An Invocation can be
// used only once.
func (a *API) Do(ctx context.Context, inv *Invocation) ([]byte, error) {
	if inv.ID == "" {
		inv.ID = newID()
	}
	inv.answered = make(chan answer, 1)
	var limited bool
	if inv.deadline, limited = ctx.Deadline(); !limited {
		inv.deadline = time.Now().Add(maxTimeout)
	}
	a.mu.Lock()
	a.underway[inv.ID] = inv
	a.mu.Unlock()
	select {
	case a.queue <- inv:
		inv.taken = true
	case <-a.closed:
		a.finish(inv.ID)
		return nil, a.end
	case <-ctx.Done():
		a.finish(inv.ID)
		return nil, ctx.Err()
	}
	select {
	case got := <-inv.answered:
		return got.body, got.err
	case <-a.closed:
	case <-ctx.Done():
	}
	// An answer that has already arrived counts.
	if a.finish(inv.ID) == nil {
		got := <-inv.answered
		return got.body, got.err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return nil, a.end
}

// Close fails current and later invocations with this error. Only the first
// call counts.
func (a *API) Close(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.end == nil {
		a.end = err
		close(a.closed)
	}
}

func (a *API) isClosed() bool {
	select {
	case <-a.closed:
		return true
	default:
		return false
	}
}

// finish removes an invocation from those under way and returns it, nil if it
// is not one of them.
func (a *API) finish(id string) *Invocation {
	a.mu.Lock()
	defer a.mu.Unlock()
	inv := a.underway[id]
	delete(a.underway, id)
	return inv
}

// ServeHTTP serves the function's requests.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rest, found := strings.CutPrefix(r.URL.Path, invocationPath)
	id, kind, _ := strings.Cut(rest, "/")
	switch {
	case found && r.Method == http.MethodGet && rest == "next":
		a.next(w, r)
	case found && r.Method == http.MethodPost && (kind == "response" || kind == "error"):
		a.answer(w, r, id, kind)
	case r.Method == http.MethodPost && r.URL.Path == initErrorPath:
		a.initError(w, r)
	default:
		refuse(w, http.StatusNotFound, "InvalidRequest", r.Method+" "+r.URL.Path+" is no request of the Runtime API")
	}
}

func refuse(w http.ResponseWriter, status int, kind, message string) {
	body, _ := json.Marshal(map[string]string{"errorType": kind, "errorMessage": message}) // strings always encode
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body)
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	io.WriteString(w, `{"status":"OK"}`)
}

// next serves a request for an event, which waits until there is one.
func (a *API) next(w http.ResponseWriter, r *http.Request) {
	var inv *Invocation
	select {
	case inv = <-a.queue:
	case <-r.Context().Done():
		return
	case <-a.closed:
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(inv.Event)))
	h.Set("Lambda-Runtime-Aws-Request-Id", inv.ID)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", a.arn)
	h.Set("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0")
	w.Write(inv.Event) // fails only if the process has ended, which is reported
}

// answer serves the request that ends an invocation.
func (a *API) answer(w http.ResponseWriter, r *http.Request, id, kind string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAnswer))
	inv := a.finish(id)
	if inv == nil {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", fmt.Sprintf("no invocation %.64q is under way", id))
		return
	}
	var large *http.MaxBytesError
	switch broken := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); {
	case errors.As(err, &large):
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge",
			fmt.Sprintf("more than %d bytes", maxAnswer))
		inv.answered <- answer{err: &FunctionError{
			Type:    "Function.ResponseSizeTooLarge",
			Message: fmt.Sprintf("the response has more than %d bytes", maxAnswer),
		}}
	case err != nil:
		inv.answered <- answer{err: fmt.Errorf("the function's answer breaks off: %w", err)}
	case broken != "": // of a streamed response
		accept(w)
		inv.answered <- answer{err: &FunctionError{Type: broken, Message: "the response breaks off", Body: body}}
	case kind == "error":
		accept(w)
		inv.answered <- answer{err: posted(body)}
	default:
		accept(w)
		inv.answered <- answer{body: body}
	}
}

// initError serves the message of a process that could not start.
func (a *API) initError(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAnswer))
	if err != nil {
		refuse(w, http.StatusBadRequest, "InvalidRequest", err.Error())
		return
	}
	accept(w)
	a.Close(posted(body))
}

// posted returns an error as the function posted it.
func posted(body []byte) *FunctionError {
	var e struct {
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}
	if json.Unmarshal(body, &e) != nil {
		e.Message = fmt.Sprintf("%.256q", body)
	}
	if e.Type == "" {
		e.Type = "Runtime.Unknown"
	}
	return &FunctionError{Type: e.Type, Message: e.Message, Body: body}
}

// newID returns a random UUID.
func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
