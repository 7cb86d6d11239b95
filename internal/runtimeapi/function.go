package runtimeapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// This file runs a function's program.

// killDelay is how long the pipes of a killed process may stay open, in case it
// has left children behind.
const killDelay = 2 * time.Second

// Function is a function's program on this machine, with the Runtime API that
// it asks for events. It is a lambda.Handler. The zero value but for Path is
// ready, and Close ends it. Its fields are not to be changed once Invoke has
// been called.
type Function struct {
	Path string   // of the program: what Lambda calls bootstrap
	Args []string // what it is started with
	Env  []string // added to this process's environment, as "NAME=value"

	// Stdout and Stderr get what the processes write; nil discards it. Several
	// processes may write at once, and lines of different ones may mix where
	// the writer does not see to that.
	Stdout, Stderr io.Writer

	// Timeout is how long an invocation may take; 0 is Lambda's default of 3
	// seconds. Then the process is killed, and the invocation fails with
	// Sandbox.Timedout.
	Timeout time.Duration

	// Name is the function's name; "" is the end of DefaultARN.
	Name string

	mu     sync.Mutex
	idle   []*process
	count  int // processes that have been started
	closed bool
}

// process is one execution environment.
type process struct {
	api    *API
	server *http.Server
	cmd    *exec.Cmd
	ended  chan struct{} // closed when it has ended
	used   bool          // whether it has answered an event
}

// Invoke has a process handle the event: an idle one, or a new one where none
// is, so that as many run as invocations at once. It returns the function's
// answer, which is the caller's. The error is a [*FunctionError] where the
// function fails, crashes or times out, and another one where the program
// cannot be started or ctx ends.
func (f *Function) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	for {
		p, err := f.take()
		if err != nil {
			return nil, err
		}
		answer, gone, err := f.invoke(ctx, p, event)
		if !gone {
			return answer, err
		}
	}
}

// invoke has this process handle the event. gone says that it has ended after
// its last answer, before it got the event, as Go functions do that have
// panicked.
func (f *Function) invoke(ctx context.Context, p *process, event []byte) (answer []byte, gone bool, err error) {
	limited, cancel := context.WithTimeout(ctx, f.timeout())
	defer cancel()
	inv := &Invocation{Event: event}
	answer, err = p.api.Do(limited, inv)
	switch {
	case p.api.isClosed():
		gone = !inv.taken && p.used && limited.Err() == nil
	case ctx.Err() != nil:
	case errors.Is(err, context.DeadlineExceeded):
		err = &FunctionError{
			Type:    "Sandbox.Timedout",
			Message: fmt.Sprintf("Task timed out after %.2f seconds", f.timeout().Seconds()),
		}
	default:
		p.used = true
		f.put(p)
		return answer, false, err
	}
	p.kill()
	return answer, gone, err
}

// Processes returns how many processes have been started so far.
func (f *Function) Processes() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

// Close kills the processes that are idle and waits for their end. No
// invocation may be under way.
func (f *Function) Close() {
	f.mu.Lock()
	idle := f.idle
	f.idle, f.closed = nil, true
	f.mu.Unlock()
	for _, p := range idle {
		p.kill()
	}
}

func (f *Function) timeout() time.Duration {
	if f.Timeout <= 0 {
		return 3 * time.Second
	}
	return f.Timeout
}

// take returns a process that waits for an event.
func (f *Function) take() (*process, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.idle) > 0 {
		p := f.idle[len(f.idle)-1]
		f.idle = f.idle[:len(f.idle)-1]
		if !p.api.isClosed() {
			return p, nil
		}
		p.kill()
	}
	if f.closed {
		return nil, errors.New("the function is closed")
	}
	f.count++
	return f.start()
}

func (f *Function) put(p *process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.idle = append(f.idle, p)
}

// start starts a process. What goes wrong in it later is the error of its
// invocation.
func (f *Function) start() (*process, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	name := f.Name
	if name == "" {
		name = DefaultARN[strings.LastIndexByte(DefaultARN, ':')+1:]
	}
	api := New(strings.TrimSuffix(DefaultARN, "local") + name)
	p := &process{
		api:    api,
		server: &http.Server{Handler: api},
		cmd:    exec.Command(f.Path, f.Args...),
		ended:  make(chan struct{}),
	}
	p.cmd.Env = append(slices.Concat(os.Environ(), f.Env),
		"AWS_LAMBDA_RUNTIME_API="+listener.Addr().String(),
		"AWS_LAMBDA_FUNCTION_NAME="+name,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
	)
	p.cmd.Stdout, p.cmd.Stderr = f.Stdout, f.Stderr
	p.cmd.WaitDelay = killDelay
	if err := p.cmd.Start(); err != nil {
		listener.Close()
		return nil, err
	}
	go p.server.Serve(listener) // until kill closes it
	go func() {
		defer close(p.ended)
		how := "exit status 0"
		if err := p.cmd.Wait(); err != nil {
			how = err.Error()
		}
		api.Close(&FunctionError{Type: "Runtime.ExitError", Message: "Runtime exited with error: " + how})
	}()
	return p, nil
}

// kill ends the process and waits for that.
func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.ended
	p.server.Close()
}
