package router

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"example.com/sluice/decoder"
)

// invocation is one event on its way through one route. Once the work has
// begun, nobody writes to it. Only the progress and the log change, and they do
// their own locking.
type invocation struct {
	*route
	caller    context.Context // of Invoke
	ctx       context.Context // the handlers', which ends at the margin
	event     []byte
	decoder   decoder.Decoder
	guarded   time.Duration // how long before the deadline it ends
	readUntil time.Time     // when to stop reading the event as a whole; zero if there is no hurry
	suspects  bool          // whether failures of records are remembered

	progress progress
	lines    recordLines
}

// invoke handles one event. An event from another service is not counted if the
// fallback gets it.
func (rt *route) invoke(ctx context.Context, event []byte, foreignElsewhere bool) ([]byte, error) {
	inv := &invocation{route: rt, caller: ctx, ctx: ctx, event: event, decoder: rt.decoder}
	inv.progress.begin(len(rt.stats) > 0)
	inv.suspects = rt.poison != nil && !rt.poison.counts.empty()
	if deadline, ok := ctx.Deadline(); ok && rt.margin >= 0 {
		inv.guard(ctx, deadline)
	} else {
		inv.run()
	}
	inv.progress.seal()
	answer, checkpoint, err := inv.answer()
	inv.logMore()
	inv.logInvocation(checkpoint != "")
	if len(rt.stats) > 0 && !(foreignElsewhere && isForeign(err)) {
		inv.report(inv.progress.tally.result(checkpoint, err))
	}
	return answer, err
}

// run works on the event, until all is done or it must stop. A panic that it
// recovers is not a handler's.
func (inv *invocation) run() {
	inv.progress.finish(recovered(func() error { return inv.handler.run(inv) }))
}

// report hands out the Stats of an invocation. A hook that panics must not make
// Lambda deliver again what is done.
func (inv *invocation) report(s Stats) {
	for _, hook := range inv.stats {
		if err := recovered(func() error { hook(inv.caller, s); return nil }); err != nil {
			inv.logLine(inv.caller, slog.LevelError, "stats hook panicked", slog.Any("error", &logError{err, -1}))
		}
	}
}

// isForeign reports whether err says that the event is from another service. It
// is the decoder's own error, before any handler was called: one that a handler
// returns is wrapped in another.
func isForeign(err error) bool {
	e, ok := err.(*decoder.Error)
	return ok && errors.Is(e.Err, decoder.ErrNotKinesis)
}
