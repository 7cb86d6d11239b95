package router

import (
	"context"
	"errors"
	"time"

	"example.com/sluice/internal/cause"
)

// This file is the deadline guard. Where an invocation has a deadline the work
// is done on another goroutine. When its calls take too long the guard seals
// the progress: a straggler that comes back finds nothing left to do.

// errNotStarted is why a record is not done that was not started for want of
// time.
var errNotStarted = errors.New("not started: the invocation's deadline is near")

// errStraggler is why a record is not done whose call did not return in time.
var errStraggler = errors.New("its call did not return before the invocation's deadline")

const defaultMargin = 500 * time.Millisecond

// marginOf returns how long before the deadline the work stops, where there is
// so much time left at the beginning.
func (c *config) marginOf(left time.Duration) time.Duration {
	if c.margin > 0 {
		return c.margin
	}
	return max(0, min(defaultMargin, left/4))
}

// guard works on the event on another goroutine, and returns when it is done or
// has been given up.
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
	// From here on nothing is started. What runs has the grace to return.
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

// growStack makes the stack of a new goroutine large enough for the decoder and
// most handlers while there is nothing on it. Growing it step by step further
// in, with all that is on it to be moved, would take longer than the work on a
// small event.
//
//go:noinline
func growStack(n int) byte {
	var room [8 << 10]byte
	return room[n]
}
