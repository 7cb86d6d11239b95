package runtimeapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// The test program itself is the function: started with the address of a
// Runtime API, it does what events tell it.

func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		if os.Getenv("FUNCTION") == "broken" {
			fmt.Fprintln(os.Stderr, "no database")
			os.Exit(7)
		}
		lambda.Start(obey)
	}
	os.Exit(m.Run())
}

func obey(ctx context.Context, event string) (any, error) {
	switch event {
	case "fail":
		return nil, errors.New("as told")
	case "panic":
		panic("as told")
	case "exit":
		os.Exit(3)
	case "hang":
		select {}
	case "large":
		return strings.Repeat("a", maxAnswer), nil
	case "deadline":
		deadline, _ := ctx.Deadline()
		return deadline.UnixMilli(), nil
	case "context":
		lc, _ := lambdacontext.FromContext(ctx)
		return []string{lc.InvokedFunctionArn, lambdacontext.FunctionName, lc.AwsRequestID}, nil
	case "pid":
		return os.Getpid(), nil
	}
	return event, nil
}

// patience is how long a test waits for something immediate, so it is only used
// up if something is broken.
const patience = time.Minute

func newFunction(t *testing.T) *Function {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f := &Function{Path: program, Timeout: patience}
	t.Cleanup(f.Close)
	return f
}

// outcome is an answer, or an error's type and message.
func outcome(answer []byte, err error) string {
	var failed *FunctionError
	switch {
	case errors.As(err, &failed):
		return failed.Type + ": " + failed.Message
	case err != nil:
		return "error: " + err.Error()
	}
	return string(answer)
}

func invoke(t *testing.T, f *Function, event string) string {
	t.Helper()
	b, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return outcome(f.Invoke(t.Context(), b))
}

func TestFunction(t *testing.T) {
	f := newFunction(t)
	for _, step := range []struct {
		event, want string
		processes   int // started so far
	}{
		{"hello", `"hello"`, 1},
		{"again", `"again"`, 1},
		{"fail", "errorString: as told", 1},
		{"after a failure", `"after a failure"`, 1},
		{"panic", "string: as told", 1},
		{"after a panic", `"after a panic"`, 2},
		{"exit", "Runtime.ExitError: Runtime exited with error: exit status 3", 2},
		{"after an exit", `"after an exit"`, 3},
		{"large", "Function.ResponseSizeTooLarge: the response has more than 6291556 bytes", 3},
		{"context", "", 0},
	} {
		got := invoke(t, f, step.event)
		if step.want == "" {
			const want = `["arn:aws:lambda:us-east-1:123456789012:function:local","local","`
			if !strings.HasPrefix(got, want) {
				t.Errorf("%s: got %s", step.event, got)
			}
			continue
		}
		if got != step.want {
			t.Errorf("%s: got %s, want %s", step.event, got, step.want)
		}
		if n := f.Processes(); n != step.processes {
			t.Errorf("%s: %d processes, want %d", step.event, n, step.processes)
		}
	}
}

func TestFunctionTimeout(t *testing.T) {
	f := newFunction(t)
	before := invoke(t, f, "pid")
	f.Timeout = 50 * time.Millisecond
	if got, want := invoke(t, f, "hang"), "Sandbox.Timedout: Task timed out after 0.05 seconds"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	f.Timeout = patience
	if after := invoke(t, f, "pid"); after == before {
		t.Errorf("process %s goes on", after)
	}
	start := time.Now().Add(patience).UnixMilli()
	got := invoke(t, f, "deadline")
	if got < fmt.Sprint(start) || got > fmt.Sprint(time.Now().Add(patience).UnixMilli()) {
		t.Errorf("the deadline is %s, not %s", got, f.Timeout)
	}
}

func TestFunctionCancelled(t *testing.T) {
	f := newFunction(t)
	invoke(t, f, "warm")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if got, want := outcome(f.Invoke(ctx, []byte(`"hang"`))), "error: context canceled"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := invoke(t, f, "more"); got != `"more"` || f.Processes() != 2 {
		t.Errorf("got %s from process %d", got, f.Processes())
	}
}

// A program that ends before asking for an event fails the invocation and is
// not retried forever.
func TestFunctionCannotStart(t *testing.T) {
	f := newFunction(t)
	var stderr bytes.Buffer
	f.Env, f.Stderr = []string{"FUNCTION=broken"}, &stderr
	if got, want := invoke(t, f, "x"), "Runtime.ExitError: Runtime exited with error: exit status 7"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if stderr.String() != "no database\n" {
		t.Errorf("standard error: %q", &stderr)
	}
	f.Path = f.Path + ".missing"
	if _, err := f.Invoke(t.Context(), nil); err == nil {
		t.Error("a program that is not there runs")
	}
	f.Close()
	if _, err := f.Invoke(t.Context(), nil); err == nil {
		t.Error("a closed function runs")
	}
}

func TestFunctionConcurrently(t *testing.T) {
	f := newFunction(t)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 10 {
				event := fmt.Sprintf("%d.%d", i, j)
				if got, want := invoke(t, f, event), `"`+event+`"`; got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			}
		})
	}
	wg.Wait()
	if n := f.Processes(); n > 4 {
		t.Errorf("%d processes for 4 invocations at a time", n)
	}
}

func TestAPIRefuses(t *testing.T) {
	api := New("")
	server := httptest.NewServer(api)
	defer server.Close()
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/", 404},
		{"POST", "/2018-06-01/runtime/invocation/next", 404},
		{"GET", "/2018-06-01/runtime/invocation/1/response", 404},
		{"POST", "/2018-06-01/runtime/invocation/1/response", 400},
		{"POST", "/2018-06-01/runtime/invocation/1/error", 400},
	} {
		req, err := http.NewRequestWithContext(t.Context(), tt.method, server.URL+tt.path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != tt.status || !json.Valid(body) {
			t.Errorf("%s %s: %d %s, want %d", tt.method, tt.path, resp.StatusCode, body, tt.status)
		}
	}
}

// What a process reports when it cannot start is the error of its invocations.
func TestAPIInitError(t *testing.T) {
	api := New("")
	server := httptest.NewServer(api)
	defer server.Close()
	resp, err := http.Post(server.URL+initErrorPath, "",
		strings.NewReader(`{"errorMessage":"no handler","errorType":"Runtime.NoSuchHandler"}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got, want := outcome(api.Invoke(t.Context(), nil)), "Runtime.NoSuchHandler: no handler"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
