package router

import (
	"context"
	"errors"
	"time"

	"example.com/sluice/internal/cause"
)

// This file guards the deadline. If there is one, the work is done on another
// goroutine, and the guard seals the progress when its calls take too long. A
// straggler that returns then finds nothing left to do.

// errNotStarted is why a record is not done if there was no time for it.
var errNotStarted = errors.New("not started: the invocation's deadline is near")

// errStraggler is why a record is not done if its call was abandoned.
var errStraggler = errors.New("its call did not return before the invocation's deadline")

const defaultMargin = 500 * time.Millisecond

// marginOf returns how long before the deadline the work stops. left is how
// much time there is at the beginning.
func (c *config) marginOf(left time.Duration) time.Duration {
	if c.margin > 0 {
		return c.margin
	}
	return max(0, min(defaultMargin, left/4))
}

// guard works on the event on another goroutine, and returns when that is done
// or abandoned.
func (inv *invocation) guard(ctx context.Context, deadline time.Time) {
	left := time.Until(deadline)
	margin := inv.marginOf(left)
	inv.readUntil = deadline.Add(-margin - (left-margin)/4) // a quarter of the time is for what was read
	ctx, cancel := context.WithDeadline(ctx, deadline.Add(-margin))
	defer cancel()
	inv.ctx, inv.guarded = ctx, margin
	inv.decoder.Detach = true //mutant:stragglers-hold-views-of-the-event
	inv.progress.share()
	ended := make(chan struct{})
	go func() {
		growStack(0)
		defer close(ended)
		inv.run()
	}()
	select {
	case <-ended:
		return
	case <-ctx.Done():
	}
	// From here on nothing is started. Running calls have a grace period to
	// return.
	grace := time.NewTimer(margin / 2) //mutant:the-guard-waits-for-its-stragglers
	defer grace.Stop()
	for {
		select {
		case <-ended:
			return
		case <-grace.C:
			if inv.progress.abandon() {
				cause.Abandoned(ctx, ended)
				return
			}
			grace.Reset(time.Millisecond)
		}
	}
}
