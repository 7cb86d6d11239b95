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

// The processes of a function.

// killDelay is how long the pipes of a killed process may stay open, in case it
// left children behind.
const killDelay = 2 * time.Second

// Function is a function's program on this machine, together with the Runtime
// API that it talks to. It is a lambda.Handler. Only Path is required, fields
// must not change after the first call of Invoke, and Close ends it.
type Function struct {
	Path string   // the program, which Lambda calls bootstrap
	Args []string // its arguments
	Env  []string // "NAME=value", added to the environment of this process

	// Stdout and Stderr get what the processes write, which is discarded if
	// they are nil. Several processes may write at once, so lines may mix
	// unless the writer prevents it.
	Stdout, Stderr io.Writer

	// Timeout is how long an invocation may take; 0 means 3 seconds, Lambda's
	// default. After that the process is killed and the invocation fails with
	// Sandbox.Timedout.
	Timeout time.Duration

	// Name is the function's name, by default the one in DefaultARN.
	Name string

	mu     sync.Mutex
	idle   []*process
	count  int // processes started so far
	closed bool
}

// process is an execution environment.
type process struct {
	api    *API
	server *http.Server
	cmd    *exec.Cmd
	ended  chan struct{} // closed when the process has ended
	used   bool          // it has answered an event
}

// Invoke has a process handle the event: an idle one or, if there is none, a
// new one, so there are as many processes as simultaneous invocations. It
// returns the function's answer, which belongs to the caller. The error is a
// [*FunctionError] if the function fails, crashes or times out, and another one
// if the program cannot be started or ctx ends.
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

// invoke has this process handle the event. gone reports that the process ended
// after its previous answer, before it took the event, as a Go function does
// that has panicked.
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

// Close kills the idle processes and waits for their end. No invocation may be
// under way.
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

// start starts a process. If that fails later on, its invocation gets the
// error.
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

// kill ends the process and waits until it has ended.
func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.ended
	p.server.Close()
}
