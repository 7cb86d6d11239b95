package router

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"example.com/sluice/decoder"
)

// This file calls the user's code, and no other does. That code may panic, end
// its goroutine, or not return in time; no lock is held across it.

// errNotCalled stands for the result of a call that must not begin, or that has
// returned too late. The time is up, so nobody acts on it.
var errNotCalled = errors.New("the invocation is over")

// PanicError is what a handler's panic becomes. It is a [Retry].
type PanicError struct {
	Value any    // what was given to panic; nil where the handler called runtime.Goexit
	Stack []byte // of the goroutine that panicked
}

func (p *PanicError) Error() string {
	if p.Value == nil {
		return "the handler ended its goroutine"
	}
	return fmt.Sprintf("panic: %v", p.Value)
}

// Unwrap returns the panic's value where it is an error.
func (p *PanicError) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// catch calls f. If f panics, catch returns what caught makes of that. If f
// ends its goroutine, there is nobody to return to, but caught is called all
// the same, with a PanicError that has no value.
func catch(f func() error, caught func(*PanicError) error) (err error) {
	returned := false
	defer func() {
		if !returned {
			err = caught(&PanicError{Value: recover(), Stack: debug.Stack()})
		}
	}()
	err = f()
	returned = true
	return err
}

// recovered calls f and turns its panic into an error.
func recovered(f func() error) error {
	return catch(f, func(p *PanicError) error { return p })
}

// callUserCode makes a call that the progress has started. If f returns nil,
// that many records are done: the entries or, in Each, the record that was
// started. rec is the first record that the call is about, nil if there is
// none. A panic is logged and becomes a Retry. If f ends its goroutine, rec
// fails.
func (inv *invocation) callUserCode(rec *decoder.Record, records int, entries []entry, f func() error) (err error) {
	returned := false
	defer func() {
		if !returned {
			p := &PanicError{Value: recover(), Stack: debug.Stack()}
			err = inv.didNotReturn(rec, p) //mutant:a-panic-counts-as-done
		}
	}()
	err = f()
	processed := records
	if err != nil {
		processed = 0
		askError(err)
	}
	returned = true
	if !inv.progress.leave(processed, entries) {
		return errNotCalled
	}
	return err
}

// askError calls the methods of an error once. They are user code too: one that
// blocks does so while its call is still running, where the guard can abandon
// it.
func askError(err error) {
	if r, ok := err.(*refusal); ok {
		err = errors.Join(r.err, r.handled)
	}
	_ = recovered(func() error {
		_ = directivesOf(err)
		_ = err.Error()
		return nil
	})
}

// didNotReturn deals with a call that has panicked or ended its goroutine.
func (inv *invocation) didNotReturn(rec *decoder.Record, p *PanicError) error {
	if !inv.progress.leave(0, nil) {
		inv.stragglerPanicked(p)
		return errNotCalled
	}
	inv.logRecord(recordPanicked, rec, nil, p, 0)
	if p.Value == nil {
		inv.fail(rec, retry, nil, p)
	}
	return Retry(p)
}

// enterUserCode makes a call that does not complete any record.
func (inv *invocation) enterUserCode(rec *decoder.Record, f func() error) error {
	if !inv.progress.enter(true) {
		return errNotCalled
	}
	return inv.callUserCode(rec, 0, nil, f)
}

// callLogger calls the user's logger during the work. If it panics, there is
// nobody to tell.
func (inv *invocation) callLogger(f func()) {
	if !inv.progress.enter(false) {
		return
	}
	_ = catch(func() error {
		f()
		inv.progress.leave(0, nil)
		return nil
	}, func(p *PanicError) error {
		if inv.progress.leave(0, nil) && p.Value == nil {
			inv.progress.failWhole(p)
		}
		return nil
	})
}

// stragglerPanicked logs the panic of a call that was abandoned.
func (inv *invocation) stragglerPanicked(p *PanicError) {
	if p.Value != nil {
		inv.logLine(inv.caller, slog.LevelError, "abandoned handler call panicked",
			slog.Any("error", &logError{p, -1}), slog.String("stack", string(p.Stack)))
	}
}
