package routertest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"example.com/sluice/internal/cause"
)

// This file is the function of a Mapping: its processes, and the invocations in
// them.

// ErrProcessGone is the cause (see [context.Cause]) of contexts of a process
// that is gone, by a crash or a timeout of an invocation in it. What a handler
// still does then, no real one would do. A context that has had an end of its
// own before, as that of a router's deadline guard, keeps the cause of that.
var ErrProcessGone = errors.New("routertest: the process is gone")

// process is one instance of the function.
type process struct {
	number  int
	handler lambda.Handler
	used    int             // invocations that run in it
	ctx     context.Context // done when the process is gone
	cancel  context.CancelCauseFunc
}

// running is an invocation under way.
type running struct {
	*Invocation
	lane     *lane
	batch    *batch
	process  *process
	event    []byte
	ctx      context.Context
	deadline time.Time
	returned chan struct{} // closed when Invoke has returned or panicked; what follows is set then
	at       time.Time
	response []byte
	err      error
	crashed  bool

	told struct {
		sync.Mutex
		over    bool // nothing counts any more
		again   error
		skipped []error
	}
}

// sink takes what a router says of the invocation, until that has ended.
func (r *running) sink() *cause.Sink {
	say := func(f func()) {
		r.told.Lock()
		defer r.told.Unlock()
		if !r.told.over {
			f()
		}
	}
	return &cause.Sink{
		Again:   func(err error) { say(func() { r.told.again = err }) },
		Skipped: func(err error) { say(func() { r.told.skipped = append(r.told.skipped, err) }) },
	}
}

// explain notes why the invocation ended as it did.
func (r *running) explain(a answer) {
	r.told.Lock()
	defer r.told.Unlock()
	r.told.over = true
	r.Skipped = r.told.skipped
	switch r.Cause = cmp.Or(r.Err, a.why); r.Outcome {
	case Partial, Failed:
		r.Cause = cmp.Or(r.Cause, r.told.again)
	}
}

type runningKey struct{}

// Crash ends the process that the invocation of ctx runs in, as os.Exit would:
// all invocations in it have failed, what it remembers is gone, and Crash does
// not return. It panics if ctx is not of a [Mapping]'s invocation.
func Crash(ctx context.Context) {
	c, ok := ctx.Value(runningKey{}).(crasher)
	if !ok {
		panic("routertest: Crash without the context of an invocation")
	}
	c.process.cancel(ErrProcessGone)
	c.sim.signal()
	<-c.sim.over // deferred functions do not run while it counts
	runtime.Goexit()
}

type crasher struct {
	sim     *simulation
	process *process
}

// begin starts an invocation with the batch.
func (s *simulation) begin(l *lane, b *batch) {
	p := s.place()
	p.used++
	l.busy = true
	b.invocations++
	inv := &Invocation{
		RequestID: uuid(int64(len(s.log.Invocations))), ShardID: l.shardID, Lane: l.number, Process: p.number, Retry: b.retries,
		Began: s.now(), Window: b.window,
	}
	for _, rec := range b.recs {
		rec.deliveries++
		inv.Records = append(inv.Records, &rec.Record)
	}
	s.log.Invocations = append(s.log.Invocations, inv)
	b.last = inv
	r := &running{Invocation: inv, lane: l, batch: b, process: p, event: s.event(nil, b), returned: make(chan struct{})}
	r.deadline = time.Now().Add(s.Timeout)
	ctx := context.WithValue(p.ctx, runningKey{}, crasher{s, p})
	ctx = cause.With(ctx, r.sink())
	ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: inv.RequestID, InvokedFunctionArn: functionARN})
	var cancel context.CancelFunc
	r.ctx, cancel = context.WithDeadlineCause(ctx, r.deadline, ErrProcessGone)
	s.running = append(s.running, r)
	s.goroutines.Go(func() {
		defer s.signal()
		defer cancel()
		defer close(r.returned)
		if r.invoke(); r.crashed {
			p.cancel(ErrProcessGone)
		}
	})
}

// place finds a process with room, or starts one.
func (s *simulation) place() *process {
	for _, p := range s.processes {
		if p.used < s.MaxConcurrency {
			return p
		}
	}
	p := &process{number: s.log.Processes, handler: s.handler}
	s.log.Processes++
	if s.ColdStart != nil {
		p.handler = s.ColdStart()
	}
	p.ctx, p.cancel = context.WithCancelCause(context.Background())
	s.processes = append(s.processes, p)
	return p
}

func (r *running) invoke() {
	r.crashed = true // unless it returns
	defer func() {
		r.at = time.Now()
		if v := recover(); v != nil {
			r.err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		} else if r.crashed {
			r.err = errors.New("the invocation ended its goroutine")
		}
	}()
	r.response, r.err = r.process.handler.Invoke(r.ctx, r.event)
	r.crashed = false
}

// signal tells the loop of the simulation that something has ended.
func (s *simulation) signal() {
	select {
	case s.ended <- struct{}{}:
	default:
	}
}

// hasReturned is whether Invoke has.
func (r *running) hasReturned() bool {
	select {
	case <-r.returned:
		return true
	default:
		return false
	}
}

// hasEnded reports whether there is nothing to wait for any more. Without a
// bubble all is joined before.
func (r *running) hasEnded(now time.Time, bubble bool) bool {
	return !bubble || r.hasReturned() || r.process.ctx.Err() != nil || !now.Before(r.deadline)
}

// end settles an invocation: what the function has said, if it was in time.
func (s *simulation) end(r *running, now time.Time) {
	r.Ended = now
	r.process.used--
	r.lane.busy = false
	returned := r.hasReturned()
	var a answer
	switch {
	case returned && r.crashed:
		r.Outcome, r.Err = Crashed, r.err
	case r.process.ctx.Err() != nil: //mutant:a-crash-takes-nobody-along
		r.Outcome, r.Err = Crashed, ErrProcessGone
	case !returned || !r.at.Before(r.deadline): //mutant:the-deadline-may-be-met
		r.Outcome, r.Err = TimedOut, fmt.Errorf("timed out after %v", s.Timeout)
		r.process.cancel(ErrProcessGone) //mutant:a-process-outlives-its-timeout
	case r.err != nil:
		r.Outcome, r.Err = FunctionError, r.err
	case len(r.response) > maxAnswer: //mutant:answers-of-any-size
		r.Outcome, r.Err = FunctionError, fmt.Errorf("the answer has %d bytes, and Lambda takes no more than %d", len(r.response), maxAnswer)
	default:
		r.Response = r.response
		a = s.readAnswer(r.response, r.batch.recs)
		r.Outcome, r.Stray = a.outcome, a.stray
		if r.batch.window != nil && a.state == nil { //mutant:a-window-s-answer-needs-no-state
			r.Outcome, a.from = Failed, 0 // the answer must have a state
			a.why = cmp.Or(a.why, errNoState)
		}
	}
	r.explain(a)
	if returned {
		for i := range r.event {
			r.event[i] = '#' // the memory is the runtime's, and is used again //mutant:the-event-is-not-used-again
		}
	}
	s.settle(r.lane, r.batch, r.Invocation, a)
}

// event appends the batch's event to dst.
func (s *simulation) event(dst []byte, b *batch) []byte {
	size := eventOverhead
	for _, rec := range b.recs {
		size += rec.size
	}
	dst = slices.Grow(dst, size)
	dst = appendBegin(dst, s.Pipe)
	for i, rec := range b.recs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = s.template(rec.Source).append(dst, &rec.Record)
	}
	if s.Pipe {
		return append(dst, ']')
	}
	dst = append(dst, ']')
	if b.window != nil {
		dst = appendWindow(dst, b.window)
	}
	return append(dst, '}')
}
