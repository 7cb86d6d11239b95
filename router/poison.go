package router

import (
	"context"
	"fmt"

	"example.com/sluice/decoder"
	"example.com/sluice/internal/cause"
)

// WithPoison gives a record that keeps failing to f, once it has failed that many times (at least once). If f returns nil, the record is done with as
// if its handler had skipped it: logged, counted, not delivered again. If f fails, the record is retried, and given to f again when it
// fails the next time. f is where such a record is kept, in a queue, a bucket or a log: without this option it blocks its shard
// until it expires.
//
// What counts is a failure that is this record's: its error in a shape of single records, a panic included; in slice shapes an error with
// [At] it; and that of [WithOnBad] for a bad record. What does not count: a slice's error without At, a slice's panic, [Fail], and whatever comes
// once the handler's context is done.
//
// Failures are counted in the memory of this process, of some thousand records. Lambda runs several processes at once and ends them when it
// likes, and a retry may go to any of them: so a record may fail more often than that before it is given to f, and never
// comes to it where each retry meets a new process. The mapping's own limits of retries and age stay the ones to rely on.
//
// The record is valid until f returns; err is what the handler returned. f's time is the handlers' (see [WithMargin]).
func WithPoison(failures int, f func(ctx context.Context, rec *decoder.Record, err error) error) Option {
	return func(c *config) { c.poison = &poison{failures: failures, giveUp: f} }
}

// poison is the count of failures, by record.
type poison struct {
	failures int
	giveUp   func(ctx context.Context, rec *decoder.Record, err error) error
	counts   *recent[int]
}

// maxSuspects is how many records failures are counted for. A shard mostly has one at a time.
const maxSuspects = 4096

// poisoned counts the failure of a record that is the record's own, and gives the record up if it has failed often enough. It reports
// whether the record is done with; the error is why not, or the one given.
func (i *invocation) poisoned(hands *hands, rec *decoder.Record, flaw, err error) (bool, error) {
	if i.poison == nil || i.ctx.Err() != nil {
		return false, err
	}
	key := appendIdentity(nil, rec)
	if len(key) == 0 {
		return false, err
	}
	counts := i.poison.counts
	n, _ := counts.get(key)
	counts.put(key, n+1)
	if n+1 < i.poison.failures { //mutant:poison-is-given-up-too-early
		return false, err
	}
	given := hands.give(rec)
	if e := i.outside(rec, func() error { return i.poison.giveUp(i.ctx, given, err) }); e != nil { //mutant:what-could-not-be-given-up-counts-as-given-up
		return false, fmt.Errorf("%w (failed %d times, and was not given up: %w)", err, n+1, e)
	}
	counts.forget(key)
	i.tally.Skipped++
	cause.Skipped(i.ctx, unmarked(err))
	i.logRecord(recordGivenUp, rec, flaw, err, n+1)
	return true, nil
}

// cleared forgets the failures of a record that is done.
func (i *invocation) cleared(rec *decoder.Record) {
	if i.suspects {
		i.identity = appendIdentity(i.identity[:0], rec)
		i.poison.counts.forget(i.identity)
	}
}
