package routertest

import (
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/sluice/decoder"
)

// Mapping simulates an event source mapping: what reads a stream's shards and
// invokes a Lambda function with their records, again and again where it fails.
// It is to a function what an httptest.Server is to a client:
//
//	log := routertest.Mapping{ReportBatchItemFailures: true}.Run(handler, records)
//
// The zero value is a mapping with Lambda's defaults. The options have Lambda's
// names, defaults and limits; Run panics where a limit is passed.
//
// # Time
//
// Records arrive when their arrival timestamps say, in simulated time that
// jumps from one event to the next: a day takes as long as its invocations
// take. Each shard is read once a second, beginning a second after the first
// record's arrival. Without Synctest an invocation takes no simulated time, and
// its context's deadline is Timeout ahead on the real clock. A handler that
// waits is tested with Synctest, in a bubble of package testing/synctest, where
// its waiting is simulated too:
//
//	synctest.Test(t, func(t *testing.T) {
//		m := routertest.Mapping{Timeout: 30 * time.Second, ReportBatchItemFailures: true, Synctest: true}
//		log := m.Run(router.New(slowHandler), routertest.Event{Records: 100}.All())
//		if n := log.Count(routertest.TimedOut); n > 0 {
//			t.Errorf("%d timeouts\n%s", n, log)
//		}
//	})
//
// # Limits
//
// An answer of more than 6 MB, to the byte 6,291,556, is an error of the
// function, as in Lambda. A window whose state has passed 1 MB is closed early.
//
// # What Lambda leaves open
//
// Where neither Lambda's documentation nor recordings of it say what happens,
// the simulation takes the reading that is worse for the function, or has an
// option for it. An answer that names a record that is not in the batch is a
// failure of the whole batch. Of EventBridge Pipes nothing is documented but
// what names a record; all else is taken to be as with the mapping, what
// becomes of the records behind it too. A whole batch that fails is delivered
// again after 1 s, 2 s, 4 s and so on up to a minute; parts of one that was
// split are delivered at once. With BisectBatchOnFunctionError an answer that
// names a batch's first record halves the batch as an error does. Of an answer
// of a window with state and failures the state is taken. A window's final
// invocation is made again until it succeeds, however many retries there are,
// but not beyond the stream's retention.
type Mapping struct {
	// Pipe makes it a pipe of EventBridge Pipes, whose target the function is:
	// events are bare arrays of flat records, and an answer names a record by
	// its eventID, which needs no ReportBatchItemFailures. A pipe has no
	// TumblingWindow; what its dead-letter queue gets is not simulated, so
	// there is no OnFailure.
	Pipe bool

	// BatchSize is how many records an invocation gets at most: 1 to 10,000,
	// 100 by default. An event never exceeds 6 MB.
	BatchSize int

	// MaximumBatchingWindow is how long the mapping waits for a batch to become
	// full: up to 300 s, 0 by default.
	MaximumBatchingWindow time.Duration

	// ParallelizationFactor is how many batches of one shard are worked on at
	// once: 1 to 10, 1 by default. All records of a partition key go through
	// the same of these lanes, in order.
	ParallelizationFactor int

	// ReportBatchItemFailures is what FunctionResponseTypes may hold. Without
	// it every answer is a success.
	ReportBatchItemFailures bool

	// BisectBatchOnFunctionError splits a batch whose invocation fails in two,
	// and one whose answer names a record at that record. A split uses up no
	// retry.
	BisectBatchOnFunctionError bool

	// MaximumRetryAttempts is how often a batch is delivered again: 0 to
	// 10,000, or -1 until its records expire. nil is the default, -1; new(3) is
	// 3.
	MaximumRetryAttempts *int

	// MaximumRecordAge is the age from which on a record is not delivered any
	// more: 60 s to 7 days. 0 is the default, no limit.
	MaximumRecordAge time.Duration

	// TumblingWindow is the width of windows of arrival time, up to 900 s,
	// whose invocations hand a state on from one to the next. 0 is the default:
	// none. It cannot be simulated together with a ParallelizationFactor.
	TumblingWindow time.Duration

	// OnFailure is where batches are reported that are given up. By default
	// they vanish.
	OnFailure Destination

	// Timeout is the function's: 1 s to 900 s, 3 s by default. The context's
	// deadline is that far ahead. An invocation that has not returned before
	// has failed, and its process is gone.
	Timeout time.Duration

	// MaxConcurrency is how many invocations run at once in one process, as
	// AWS_LAMBDA_MAX_CONCURRENCY says: 1 by default. A process that is gone
	// takes all of them down.
	MaxConcurrency int

	// ColdStart makes the handler of each process. By default the handler that
	// was given to Run serves them all, and so keeps what it remembers when its
	// process is gone.
	ColdStart func() lambda.Handler

	// Retention is how long the stream keeps records: 24 hours by default.
	// Records that are not done by then are lost without a report.
	Retention time.Duration

	// RetryCounting says what uses up a retry.
	RetryCounting RetryCounting

	// FinalInvokeWithRecords delivers the last records of a window in its final
	// invocation. By default that has none.
	FinalInvokeWithRecords bool

	// Synctest says that Run is called in a bubble of package testing/synctest
	// and that time is the bubble's. The bubble begins in the year 2000, and
	// Run waits there for the first record to arrive. At the end it waits for
	// the invocations that were left behind by a timeout; their context is
	// cancelled.
	Synctest bool
}

// RetryCounting says which failures use up one of MaximumRetryAttempts.
// Lambda's documentation does not. Errors, timeouts, and answers that make the
// whole batch fail always do.
type RetryCounting uint8

const (
	// CountEveryFailure counts answers that name a record too, whether they
	// make progress or not. LocalStack does so.
	CountEveryFailure RetryCounting = iota
	// ResetOnProgress begins to count anew when an answer names a record that
	// is not the batch's first.
	ResetOnProgress
	// CountErrorsOnly counts no answer that names a record.
	CountErrorsOnly
)

// String returns the constant's name.
func (c RetryCounting) String() string {
	if names := [...]string{"CountEveryFailure", "ResetOnProgress", "CountErrorsOnly"}; int(c) < len(names) {
		return names[c]
	}
	return fmt.Sprintf("RetryCounting(%d)", uint8(c))
}

const (
	pollInterval = time.Second
	maxEvent     = 6 << 20     // bytes
	maxAnswer    = 6<<20 + 100 // bytes, as Lambda's runtime interface emulator has it
	maxState     = 1 << 20     // bytes of a window's state
	firstBackoff = time.Second
	maxBackoff   = time.Minute
)

// Run lets records arrive and invokes h with them until each is done, discarded
// or expired, and every window closed. Then it returns what happened. Fields
// that a record leaves empty have the defaults of [EventOf]; of records of one
// shard the order stays as it is given, and their sequence numbers and arrivals
// should rise. All are of one stream. What [Event.All] returns will do:
//
//	log := m.Run(handler, routertest.Event{Records: 86_400, Interval: time.Second}.All())
//
// As in aws-lambda-go, the memory of an event is used again once its invocation
// has ended.
func (m Mapping) Run(h lambda.Handler, records []decoder.Record) *Log {
	m = m.withDefaults()
	s := newSimulation(m, h, records)
	s.run()
	return s.log
}

func (m Mapping) withDefaults() Mapping {
	def(&m.BatchSize, 100)
	def(&m.ParallelizationFactor, 1)
	def(&m.Timeout, 3*time.Second)
	def(&m.MaxConcurrency, 1)
	def(&m.Retention, 24*time.Hour)
	if m.MaximumRetryAttempts == nil {
		m.MaximumRetryAttempts = new(-1)
	}
	inRange("BatchSize", m.BatchSize, 1, 10_000)
	inRange("MaximumBatchingWindow", m.MaximumBatchingWindow, 0, 300*time.Second)
	inRange("ParallelizationFactor", m.ParallelizationFactor, 1, 10)
	inRange("MaximumRetryAttempts", *m.MaximumRetryAttempts, -1, 10_000)
	if m.MaximumRecordAge != 0 {
		inRange("MaximumRecordAge", m.MaximumRecordAge, time.Minute, 7*24*time.Hour)
	}
	inRange("TumblingWindow", m.TumblingWindow, 0, 900*time.Second)
	inRange("OnFailure", m.OnFailure, NoDestination, S3)
	inRange("Timeout", m.Timeout, time.Second, 900*time.Second)
	inRange("MaxConcurrency", m.MaxConcurrency, 1, 1000)
	inRange("Retention", m.Retention, 24*time.Hour, 365*24*time.Hour)
	inRange("RetryCounting", m.RetryCounting, CountEveryFailure, CountErrorsOnly)
	if m.Pipe {
		if m.TumblingWindow > 0 || m.OnFailure != NoDestination {
			panic("routertest: a Pipe has no TumblingWindow, and no OnFailure that is simulated")
		}
		m.ReportBatchItemFailures = true
	}
	if m.TumblingWindow > 0 && m.ParallelizationFactor > 1 {
		panic("routertest: TumblingWindow and ParallelizationFactor cannot be simulated together")
	}
	return m
}

func def[T comparable](field *T, value T) {
	if zero := *new(T); *field == zero {
		*field = value
	}
}

func inRange[T int | time.Duration | Destination | RetryCounting](name string, value, low, high T) {
	if value < low || value > high {
		panic(fmt.Sprintf("routertest: %s is %v, not from %v to %v", name, value, low, high))
	}
}
