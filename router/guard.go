package router

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"time"

	"example.com/sluice/decoder"
)

// This file is the door between the router and the code of its user, which may panic, end its goroutine, or not return in time.
//
// Where an invocation has a deadline, or several goroutines, its lock is held by whoever works on it, reads its event included, and is
// given up only for the time of a call of user code. When such a call takes too long, the guard takes the lock, and with it the
// invocation: a straggler that comes back finds it gone and ends its goroutine there, without having touched anything.

// errNotStarted is why a record is not done that was not started for want of time.
var errNotStarted = errors.New("not started: the invocation's deadline is near")

// errStraggler is why a record is not done whose call did not return in time.
var errStraggler = errors.New("its call did not return before the invocation's deadline")

const defaultMargin = 500 * time.Millisecond

// marginOf returns how long before the deadline the work stops, where there is so much time left at the beginning.
func (c *config) marginOf(left time.Duration) time.Duration {
	if c.margin > 0 {
		return c.margin
	}
	return max(0, min(defaultMargin, left/4))
}

// guarded works on the event on another goroutine, and returns when it is done or has been given up.
func (i *invocation) guarded(ctx context.Context, deadline time.Time) {
	left := time.Until(deadline)
	margin := i.marginOf(left)
	i.readUntil = deadline.Add(-margin - (left-margin)/2) // half of the time is for what was read
	ctx, cancel := context.WithDeadline(ctx, deadline.Add(-margin))
	defer cancel()
	i.ctx = ctx
	i.decoder.Detach = true //mutant:stragglers-hold-views-of-the-event
	i.shared = true
	ended := make(chan struct{})
	go func() {
		growStack(0)
		defer close(ended)
		i.lock()
		defer i.unlock()
		i.run()
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
			if i.abandon() {
				return
			}
			grace.Reset(time.Millisecond)
		}
	}
}

// growStack makes the stack of a new goroutine large enough for the decoder and most handlers while there is nothing on it. Growing it step by
// step further in, with all that is on it to be moved, would take longer than the work on a small event.
//
//go:noinline
func growStack(n int) byte {
	var room [8 << 10]byte
	return room[n]
}

// abandon takes the invocation from the goroutines that are in user code. Where none is, the work is about to end.
func (i *invocation) abandon() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.calling == 0 {
		return false
	}
	i.abandoned = true
	i.tally.Abandoned = i.calling
	i.tally.handled()
	i.noteNotDone()
	i.work = nil // which is the straggler's //mutant:the-call-that-the-guard-gives-up-counts-as-done
	return true
}

// reportGuard logs what the guard has done that is not in the order of things.
func (i *invocation) reportGuard() {
	switch {
	case i.abandoned:
		i.report(slog.LevelError, "handler call abandoned", slog.Any("error", i.abandonedError()))
	case i.tripped && !i.started:
		i.report(slog.LevelError, "nothing was started: the margin before the deadline leaves no time", slog.Duration("margin", i.margin))
	}
}

// abandonedError is what there is to say of the handler calls that were abandoned.
func (i *invocation) abandonedError() error {
	if i.notDone == beyond {
		return errStraggler
	}
	return fmt.Errorf("record %d: %w", i.notDone.index(), errStraggler)
}

// share makes the invocation one of several goroutines. The caller then has its lock.
func (i *invocation) share() {
	if !i.shared {
		i.shared = true
		i.mu.Lock()
	}
}

// lock takes the invocation's lock. If it has been given up meanwhile, lock does not return: nothing behind it may happen.
func (i *invocation) lock() {
	i.mu.Lock()
	if i.abandoned {
		i.mu.Unlock()
		runtime.Goexit()
	}
}

// unlock gives the lock up that lock has taken. It is for defer too, where lock may not have returned.
func (i *invocation) unlock() {
	if !i.abandoned {
		i.mu.Unlock()
	}
}

// outside calls user code: without the lock, and with its panic made an error that is a Retry. rec is the first record that the
// call is about, nil where there is none. Where the code ends its goroutine there is nobody left to return to: rec is
// noted as failed, and the goroutine ends, with the lock held.
func (i *invocation) outside(rec *decoder.Record, f func() error) error {
	p, err := i.callOutside(rec, f)
	if p != nil {
		i.reportPanic(rec, p)
		return Retry(p) //mutant:a-panic-counts-as-done
	}
	return err
}

func (i *invocation) callOutside(rec *decoder.Record, f func() error) (*PanicError, error) {
	i.started = true
	if !i.shared {
		return i.protect(rec, f, false)
	}
	i.calling++
	i.mu.Unlock()
	p, err := i.protect(rec, f, true)
	i.mu.Lock()
	if i.abandoned {
		i.mu.Unlock()
		i.endStraggler(p)
	}
	i.calling--
	return p, err
}

// endStraggler ends the goroutine of a call that was abandoned. If it panicked, that is not passed over in silence.
func (i *invocation) endStraggler(p *PanicError) {
	if p != nil {
		_, _ = i.protect(nil, func() error {
			i.log().LogAttrs(i.ctx, slog.LevelError, "abandoned handler call panicked", slog.Any("error", p), slog.String("stack", string(p.Stack)))
			return nil
		}, true)
	}
	runtime.Goexit()
}

func (i *invocation) protect(rec *decoder.Record, f func() error, shared bool) (p *PanicError, err error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		p = &PanicError{Value: recover(), Stack: debug.Stack()}
		if p.Value == nil {
			i.goroutineEnds(rec, p, shared)
		}
	}()
	err = f()
	returned = true
	return nil, err
}

// goroutineEnds notes that user code has ended its goroutine, and leaves the lock with that, for what is deferred.
func (i *invocation) goroutineEnds(rec *decoder.Record, p *PanicError, shared bool) {
	if shared {
		i.mu.Lock()
		if i.abandoned {
			i.mu.Unlock()
			return
		}
		i.calling--
	}
	i.reportPanic(rec, p)
	i.fail(rec, retry, nil, p)
}

func (i *invocation) reportPanic(rec *decoder.Record, p *PanicError) {
	i.logRecord(recordPanicked, rec, nil, p, 0)
}
