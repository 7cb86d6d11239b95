package properties

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

// This file is what the handler does in one call.

// call is a call of the handler, and what it will say.
type call struct {
	*visit
	recs          []*decoder.Record
	ids           []int // of recs, as they read when the call began
	done, skipped []int
	failed        int // the first record that it fails; -1 where there is none
	errs          []error
	ends          func()
}

// handle is the handler of all shapes: it goes through the records of a call.
func (w *world) handle(ctx context.Context, recs []*decoder.Record) error {
	if len(recs) == 0 {
		return nil
	}
	v := ctx.Value(visitKey{}).(*visit)
	if !v.begin(recs) {
		return routertest.ErrProcessGone
	}
	c := &call{visit: v, recs: recs, failed: -1}
	for _, rec := range recs {
		c.ids = append(c.ids, w.unit(rec))
	}
	c.ends = sync.OnceFunc(func() { v.callEnds(c.ids[0]) })
	defer c.ends()
	for n := range recs {
		a := c.does(ctx, c.ids[n])
		c.reads(n)
		if err, over := c.takes(n, a); over {
			return err
		}
	}
	if c.failed < 0 && len(c.skipped) > 0 {
		c.done = before(c.done, c.skipped[len(c.skipped)-1]) // the others are handed over again
	}
	v.say(c.done, c.skipped, c.failed, false)
	return errors.Join(c.errs...)
}

// reads wants a record to read as it did when the call began.
func (c *call) reads(n int) {
	rec, i := c.recs[n], c.ids[n]
	if string(rec.Data) != string(c.dataOf(i)) || c.unit(rec) != i || string(rec.PartitionKey) != string(c.keyOf(i)) {
		c.mu.Lock()
		c.breaks("lifetimes", "record %d reads %q, key %q, number %q, while it is handled", i, rec.Data,
			rec.PartitionKey, rec.SequenceNumber)
		c.mu.Unlock()
	}
}

// takes notes what is to be said of a record, and reports whether the call is
// over with that, and its error.
func (c *call) takes(n int, a act) (err error, over bool) {
	rec, i := c.recs[n], c.ids[n]
	several := c.style == joined && len(c.recs) > 1
	switch a {
	case ok:
		if c.failed < 0 {
			c.done = append(c.done, i)
		}
		return nil, false
	case skip:
		err := router.At(rec, router.Skip(errPlanned))
		if !several {
			c.say(c.done, []int{i}, -1, false)
			return err, true
		}
		if c.failed < 0 {
			c.skipped = append(c.skipped, i)
		}
		c.errs = append(c.errs, err)
		return nil, false
	case panics, goexit:
		c.breaksOff(a)
	}
	err = errPlanned
	switch a {
	case fail:
		err = router.Fail(errPlanned)
	case refuse:
		err = router.Bad(errPlanned)
		if c.style != unnamed {
			return c.refuses(rec, i, err), true
		}
	}
	if c.style == unnamed {
		c.blameAlone()
		c.say(nil, nil, c.ids[0], a == fail)
		return err, true
	}
	c.errs = append(c.errs, router.At(rec, err))
	if c.failed < 0 {
		c.failed = i
		c.blame(i)
	}
	if several && a != fail {
		return nil, false
	}
	c.say(c.done, c.skipped, c.failed, a == fail)
	return errors.Join(c.errs...), true
}

// refuses ends the call with a record whose payload it calls bad: what becomes
// of that is for WithOnBad to say, unless an error before it counts.
func (c *call) refuses(rec *decoder.Record, i int, err error) error {
	if c.failed < 0 {
		c.mu.Lock()
		c.refused[i] = true
		c.mu.Unlock()
	}
	c.say(c.done, c.skipped, c.failed, false)
	return errors.Join(append(c.errs, router.At(rec, err))...)
}

// breaksOff ends the call without an answer.
func (c *call) breaksOff(a act) {
	c.blameAlone()
	c.say(nil, nil, c.ids[0], false)
	if a == panics {
		panic(errPlanned)
	}
	c.mu.Lock()
	c.lost = true
	c.mu.Unlock()
	runtime.Goexit()
}

// blameAlone blames the call's record, if there is but one.
func (c *call) blameAlone() {
	if len(c.ids) == 1 {
		c.blame(c.ids[0])
	}
}

// does acts on a record, as planned, until it is clear what is to be said of
// it. It may not return.
func (c *call) does(ctx context.Context, i int) act {
	c.mu.Lock()
	p, n := &c.scenario.records[i], c.world.records[i].handled
	c.world.records[i].handled++
	c.mu.Unlock()
	a := p.last
	if n < len(p.acts) {
		a = p.acts[n]
	}
	switch a {
	case short:
		time.Sleep(shortWait)
		return ok
	case long:
		time.Sleep(longWait)
		return ok
	case stall:
		<-ctx.Done()
		return retry
	case crashes:
		c.ends() // as the process does
		routertest.Crash(ctx)
	}
	return a
}

// before is those of the records that come before i.
func before(done []int, i int) []int {
	n := 0
	for n < len(done) && done[n] < i {
		n++
	}
	return done[:n]
}
