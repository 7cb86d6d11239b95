package router

import (
	"context"
	"log/slog"
	"time"

	"example.com/sluice/decoder"
)

// invocation is one event on its way through one route. Once the work has begun
// nobody writes to it: what changes is the progress and the log, which lock for
// themselves.
type invocation struct {
	*route
	caller    context.Context // of Invoke
	ctx       context.Context // the handlers', which ends at the margin
	event     []byte
	decoder   decoder.Decoder
	guarded   time.Duration // how long before the deadline it ends
	readUntil time.Time     // when to stop reading the event as a whole; zero where nothing presses
	suspects  bool          // whether failures of records are remembered

	progress progress
	lines    recordLines
}

// invoke handles one event. An event from another service is not counted if it
// is going to somebody else.
func (rt *route) invoke(ctx context.Context, event []byte, foreignElsewhere bool) ([]byte, error) {
	i := &invocation{route: rt, caller: ctx, ctx: ctx, event: event, decoder: rt.decoder}
	i.progress.begin(len(rt.stats) > 0)
	i.suspects = rt.poison != nil && !rt.poison.counts.empty()
	if deadline, ok := ctx.Deadline(); ok && rt.margin >= 0 {
		i.guard(ctx, deadline)
	} else {
		i.run()
	}
	i.progress.seal()
	answer, checkpoint, err := i.answer()
	i.logMore()
	i.logInvocation(checkpoint != "")
	if len(rt.stats) > 0 && !(foreignElsewhere && isForeign(err)) {
		i.report(i.progress.tally.result(checkpoint, err))
	}
	return answer, err
}

// run works on the event, until all is done or it must stop. A panic that comes
// out of it is not one of a handler.
func (i *invocation) run() {
	i.progress.finish(recovered(func() error { return i.handler.run(i) }))
}

// report hands the Stats of an invocation out. A hook that panics must not make
// Lambda deliver again what is done.
func (i *invocation) report(s Stats) {
	for _, hook := range i.stats {
		if err := recovered(func() error { hook(i.caller, s); return nil }); err != nil {
			i.logLine(i.caller, slog.LevelError, "stats hook panicked", slog.Any("error", &logError{err, -1}))
		}
	}
}
