package routertest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"example.com/sluice/internal/cause"
)

// The function of a Mapping: its processes, and the invocations in them.

// ErrProcessGone is the cause (see [context.Cause]) of contexts whose process
// is gone because an invocation in it crashed or timed out. In Lambda, a
// handler would not run beyond that point. A context that ended earlier for a
// reason of its own, such as a router's deadline guard, keeps that cause.
var ErrProcessGone = errors.New("routertest: the process is gone")

// process is an instance of the function.
type process struct {
	number  int
	handler lambda.Handler
	used    int             // invocations running in it
	ctx     context.Context // done when the process is gone
	cancel  context.CancelCauseFunc
}

// running is an invocation under way.
type running struct {
	*Invocation
	lane     *shardLane
	batch    *batch
	process  *process
	event    []byte
	ctx      context.Context
	deadline time.Time
	returned chan struct{} // closed when Invoke has returned or panicked; guards the four below
	at       time.Time     // when it did
	response []byte
	err      error
	crashed  bool

	told told
}

// told is what a router has told of an invocation. Once sealed, it takes
// nothing more.
type told struct {
	mu      sync.Mutex
	sealed  bool
	notDone error
	skipped []error
}

func (t *told) sink() *cause.Sink {
	unlessSealed := func(f func()) {
		t.mu.Lock()
		defer t.mu.Unlock()
		if !t.sealed {
			f()
		}
	}
	return &cause.Sink{
		NotDone: func(err error) { unlessSealed(func() { t.notDone = err }) },
		Skipped: func(err error) { unlessSealed(func() { t.skipped = append(t.skipped, err) }) },
	}
}

func (t *told) seal() (skipped []error, notDone error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sealed = true
	return t.skipped, t.notDone
}

// explain notes why the invocation ended as it did.
func (r *running) explain(a answer) {
	skipped, notDone := r.told.seal()
	r.Skipped = skipped
	if r.Cause = cmp.Or(r.Err, a.why); r.Outcome == Partial || r.Outcome == Failed {
		r.Cause = cmp.Or(r.Cause, notDone)
	}
	if r.Outcome == Succeeded && a.ignored != nil {
		if r.Cause = a.ignored; notDone != nil {
			r.Cause = fmt.Errorf("%w: %w", a.ignored, notDone)
		}
	}
}

type runningKey struct{}

// Crash ends the process that the invocation of ctx runs in, as os.Exit would:
// all invocations in that process fail, its memory is lost, and Crash does not
// return. It panics if ctx does not come from an invocation by a [Mapping].
func Crash(ctx context.Context) {
	c, ok := ctx.Value(runningKey{}).(crasher)
	if !ok {
		panic("routertest: Crash without the context of an invocation")
	}
	c.process.cancel(ErrProcessGone)
	c.sim.signal()
	<-c.sim.over // deferred functions must not run before the end of the simulation
	runtime.Goexit()
}

type crasher struct {
	sim     *simulation
	process *process
}

// begin starts an invocation with the batch.
func (s *simulation) begin(l *shardLane, b *batch) {
	p := s.place()
	p.used++
	l.busy = true
	b.invocations++
	inv := &Invocation{
		RequestID: uuid(int64(len(s.log.Invocations))), ShardID: l.shardID, ShardLane: l.number,
		Process: p.number, Retry: b.retries, Began: s.now(), Window: b.window,
	}
	for _, rec := range b.recs {
		rec.deliveries++
		inv.Records = append(inv.Records, &rec.Record)
	}
	s.log.Invocations = append(s.log.Invocations, inv)
	b.last = inv
	r := &running{Invocation: inv, lane: l, batch: b, process: p, event: s.event(b), returned: make(chan struct{})}
	r.deadline = time.Now().Add(s.Timeout)
	ctx := context.WithValue(p.ctx, runningKey{}, crasher{s, p})
	sink := r.told.sink()
	sink.Abandoned = s.outlived
	ctx = cause.With(ctx, sink)
	ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{
		AwsRequestID: inv.RequestID, InvokedFunctionArn: functionARN,
	})
	var cancel context.CancelFunc
	r.ctx, cancel = context.WithDeadlineCause(ctx, r.deadline, ErrProcessGone)
	s.running = append(s.running, r)
	s.goroutines.Go(func() {
		defer s.signal()
		defer cancel()
		r.invoke()
		close(r.returned) // first: whoever sees the process gone sees why
		if r.crashed {
			p.cancel(ErrProcessGone)
		}
	})
}

// outlived takes note of calls that a router has abandoned. In a bubble nothing
// may outlive Run.
func (s *simulation) outlived(returned <-chan struct{}) {
	if s.Synctest { //mutant:run-leaves-abandoned-calls-behind
		s.goroutines.Go(func() { <-returned })
	}
}

// place returns a process with room for an invocation; it starts one if there
// is none.
func (s *simulation) place() *process {
	for _, p := range s.processes {
		if p.used < s.MaxConcurrency {
			return p
		}
	}
	p := &process{number: s.log.Processes, handler: s.handler}
	s.log.Processes++
	if s.ColdStart != nil {
		if p.handler = s.ColdStart(); p.handler == nil {
			panic("routertest: ColdStart returned no handler")
		}
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

// signal tells the loop of the simulation that an invocation has ended.
func (s *simulation) signal() {
	select {
	case s.ended <- struct{}{}:
	default:
	}
}

// hasReturned reports whether Invoke has returned or panicked.
func (r *running) hasReturned() bool {
	select {
	case <-r.returned:
		return true
	default:
		return false
	}
}

// hasEnded reports whether there is nothing left to wait for. Without a bubble,
// join has waited already.
func (r *running) hasEnded(now time.Time, bubble bool) bool {
	return !bubble || r.hasReturned() || r.process.ctx.Err() != nil || !now.Before(r.deadline)
}

// end settles an invocation by what the function said, if it was in time.
func (s *simulation) end(r *running, now time.Time) {
	r.Ended = now
	r.process.used--
	r.lane.busy = false
	returned := r.hasReturned()
	var a answer
	switch {
	case returned && r.crashed:
		r.Outcome, r.Err = Crashed, r.err
		r.process.cancel(ErrProcessGone)
	case r.process.ctx.Err() != nil: //mutant:a-crash-takes-nobody-along
		r.Outcome, r.Err = Crashed, ErrProcessGone
	case !returned || !r.at.Before(r.deadline): //mutant:the-deadline-may-be-met
		r.Outcome, r.Err = TimedOut, fmt.Errorf("timed out after %v", s.Timeout)
		r.process.cancel(ErrProcessGone) //mutant:a-process-outlives-its-timeout
	case r.err != nil:
		r.Outcome, r.Err = FunctionError, r.err
	case len(r.response) > maxAnswer: //mutant:answers-of-any-size
		r.Outcome = FunctionError
		r.Err = fmt.Errorf("the answer has %d bytes, and Lambda takes no more than %d", len(r.response), maxAnswer)
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
			r.event[i] = '#' // the runtime reuses the memory //mutant:the-event-is-not-used-again
		}
	}
	s.settle(r.lane, r.batch, r.Invocation, a)
}
