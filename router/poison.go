package router

import (
	"context"

	"example.com/sluice/decoder"
)

// WithPoison gives a poison record, one that keeps failing, to f once it has
// failed that many times, 1 or more. If f returns nil, the record is done
// with as if its handler had skipped it: logged, counted, not delivered again.
// If f fails, the record is retried, and given to f again when it fails the
// next time. f is for keeping such a record, in a queue, a bucket or a log:
// without this option it blocks its shard until it expires.
//
// A failure counts if it is this record's own: in a shape of single records,
// its error or panic; in a slice shape, an error with [At] that names it; for a
// bad record, the error of [WithOnBad]. What does not count: a slice's error
// without At, a slice's panic, [Fail], and whatever comes once the handler's
// context is done.
//
// Failures are counted in the memory of this process, of some thousand records.
// Lambda runs several processes at once and ends them when it likes, and a
// retry may go to any of them. So a record may fail more often than that before
// it is given to f, and never comes to it where each retry meets a new process.
// The mapping's own limits of retries and age stay the ones to rely on.
//
// The record is valid until f returns; err is what the handler returned. f runs
// within the handlers' time (see [WithMargin]).
func WithPoison(failures int, f func(ctx context.Context, rec *decoder.Record, err error) error) Option {
	return func(c *config) { c.poison = &poison{failures: failures, giveUp: f} }
}

// poison is the count of failures, by record.
type poison struct {
	failures int
	giveUp   func(ctx context.Context, rec *decoder.Record, err error) error
	counts   *recent[int]
}

// maxSuspects is how many records failures are counted for. A shard mostly has
// one at a time.
const maxSuspects = 4096
