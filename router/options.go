package router

import (
	"context"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/sluice/decoder"
)

// Option changes how a [Router], or one of its streams, works. If [New] gets an
// option twice, the last one counts; an option of [WithStream] overrides the
// same one of New.
//
// Hooks that only watch add up instead: every [WithStats] and [WithCallHook] in
// a list of options counts, in the order of the list. If a stream has such
// hooks of its own, they replace New's hooks of the same kind; it can repeat
// those. [WithStream] adds up too.
//
// Where 0 has no meaning of its own, it means the option's default. A value
// that makes no sense, such as a size below 0 or a nil function, makes New
// panic.
type Option func(*config)

type config struct {
	decoder    decoder.Decoder
	batchSize  int
	workers    int
	onBad      func(context.Context, *decoder.Record, error) error
	onBadGiven bool
	wholeBatch bool
	copies     bool
	margin     time.Duration   // 0: the default; below: no guard
	poison     *poison         // nil: no record is given up
	remember   int             // for how many records there is memory
	memory     *recent[uint64] // the digests of records that are done
	hooks
	logger      *slog.Logger // nil: the default, looked up at each use
	loggerGiven bool
	logLimit    int // how many lines of a kind an invocation may have
	logKeys     func(key []byte) string
	advised     *recent[struct{}] // bad records on which there was advice; nil where none is due

	streams   []stream
	fallbacks []lambda.Handler // of which the last counts
}

// hooks are the hooks that watch, in the order in which they are called. A nil
// list means that none was given, an empty one that none is wanted.
type hooks struct {
	stats     []func(context.Context, Stats)
	callHooks []callHook
}

type callHook func(context.Context, CallInfo) (context.Context, func(error))

// or returns h, with other's lists in place of those that were not given.
func (h hooks) or(other hooks) hooks {
	if h.stats == nil {
		h.stats = other.stats
	}
	if h.callHooks == nil {
		h.callHooks = other.callHooks
	}
	return h
}

const (
	defaultBatchSize = 100
	defaultWorkers   = 16
)

// configOf applies lists of options: those of New, and behind them those of a
// stream, which has no streams of its own. It panics if one is wrong.
func configOf(lists ...[]Option) config {
	c := config{logLimit: defaultLogLimit}
	for n, opts := range lists {
		before := c
		c.hooks, c.streams, c.fallbacks = hooks{}, nil, nil
		for _, o := range opts {
			if o == nil {
				panic("router: nil Option")
			}
			o(&c)
		}
		c.hooks = c.hooks.or(before.hooks)
		if n > 0 && len(c.streams)+len(c.fallbacks) > 0 {
			panic("router: WithStream or WithFallback among the options of WithStream")
		}
	}
	if err := c.validate(); err != nil {
		panic("router: " + err.Error())
	}
	c.complete()
	return c
}

// complete fills in defaults for what is not set.
func (c *config) complete() {
	if c.batchSize == 0 {
		c.batchSize = defaultBatchSize
	}
	if c.workers == 0 {
		c.workers = defaultWorkers
	}
	if c.onBad == nil {
		c.onBad = retryBad
	}
	if !c.onBadGiven && c.poison == nil { // otherwise an option says what becomes of a bad record
		c.advised = newRecent[struct{}](maxAdvised)
	}
	if p := c.poison; p != nil {
		c.poison = &poison{failures: p.failures, giveUp: p.giveUp, counts: newRecent[int](maxSuspects)}
	}
	if c.remember > 0 {
		c.memory = newRecent[uint64](c.remember)
	}
}

func retryBad(_ context.Context, _ *decoder.Record, err error) error { return Retry(err) }

// WithDecoder sets how events are read.
func WithDecoder(d decoder.Decoder) Option {
	return func(c *config) { c.decoder = d }
}

// WithBatchSize sets how many records [Batch], [Partition] and their typed
// forms get at most in one call; 0 means 100.
func WithBatchSize(n int) Option {
	return func(c *config) { c.batchSize = n }
}

// WithWorkers sets how many calls of a [Partition] run at once in one
// invocation; 0 means 16, since handlers mostly wait for networks. The other
// shapes run one call at a time.
func WithWorkers(n int) Option {
	return func(c *config) { c.workers = n }
}

// WithOnBad sets what becomes of bad records: those that the decoder yields
// with an error, and those whose payload a handler refuses: a typed handler
// that cannot decode it, or any handler by [Bad] (an error that is
// [decoder.ErrDecode]). What f returns counts like a handler's error, nil for
// done. err is a *decoder.Error.
//
// The default is Retry, since giving data up is for you to say: such a record
// is delivered again, and its shard lane waits, until the mapping's limits of
// age or retries are used up; the log says so once. [SkipBad] carries on
// without such records. A function that puts them elsewhere first, and then
// returns Skip(err), loses nothing.
func WithOnBad(f func(ctx context.Context, rec *decoder.Record, err error) error) Option {
	return func(c *config) { c.onBad, c.onBadGiven = f, true }
}

// WithCopies gives handlers records that they may keep, for those who need no
// views: each call, of [WithOnBad], [WithPoison] and [WithCallHook] too, gets
// copies that it may keep and write to, except for the Source, which is shared.
// So is the key of a [Partition]. What [Typed] and the like decode may point
// into the record's data. The tree of [JSONValue] is still valid until f
// returns.
//
// Each copy allocates the record's bytes, once; the records of a call are one
// slice more. Keeping any of a record's bytes keeps all of them in memory, and
// keeping a pointer into a slice keeps the slice. The router's own time for a
// record becomes four to five times as long. That is about 0.7 µs more for a
// record of 200 bytes and 3 µs more for one of 4 KB (BenchmarkCopies), much of
// it in the garbage collector. Where few records are kept,
// [decoder.Record.Clone] costs less.
func WithCopies() Option {
	return func(c *config) { c.copies = true }
}

// WithMargin sets how long before the deadline of Invoke's context the work
// stops, so that what is done stays done and the answer arrives in time: the
// handlers' contexts are cancelled, nothing more is started, and calls that
// have not returned within half of the margin are abandoned. See the package
// documentation, which also says what to set in the event source mapping.
//
// The default, which 0 stands for, is 500 ms, but at most a quarter of the time
// that there is when Invoke is called. A margin that is set is taken as it is.
// One that is longer than the function's timeout leaves no time for any record,
// which is logged. It should be longer than twice the time that a handler takes
// to notice that it is cancelled. With a negative margin there is no guard: new
// work is started until the context is done.
func WithMargin(margin time.Duration) Option {
	return func(c *config) { c.margin = margin }
}

// WithWholeBatch is for event source mappings without ReportBatchItemFailures,
// where Lambda takes every answer for a success. The first failure stops the
// work and is an error of the invocation, so that the whole batch comes again.
func WithWholeBatch() Option {
	return func(c *config) { c.wholeBatch = true }
}

// WithStats adds a hook that gets the counters of each invocation, just before
// Invoke returns. It is called from concurrent invocations at once. Several
// hooks are called one after the other, in the order in which they are given; a
// nil hook removes those given before it. Package router/emf has one that
// writes CloudWatch metrics.
func WithStats(hook func(ctx context.Context, s Stats)) Option {
	return func(c *config) { c.stats = added(c.stats, hook, hook == nil) }
}
