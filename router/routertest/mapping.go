package routertest

import (
	"cmp"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/sluice/decoder"
)

// Mapping simulates an event source mapping, which reads a stream's shards and
// invokes a Lambda function with their records, again and again if it fails. It
// is for a function what an httptest.Server is for a client:
//
//	log := routertest.Mapping{ReportBatchItemFailures: true}.Run(handler, records)
//
// The zero value is a mapping with Lambda's defaults. Options have Lambda's
// names, defaults and limits, and Run panics if one is outside its limits.
//
// # Time
//
// Records arrive at their arrival timestamps, in simulated time that jumps from
// one event to the next, so a simulated day takes no longer than its
// invocations. Each shard is read once a second, first a second after the first
// arrival. Without Synctest an invocation takes no simulated time, and its
// context's deadline is Timeout ahead on the real clock. Test a handler that
// waits with Synctest, in a bubble of package testing/synctest, which simulates
// its waiting too:
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
// An answer of more than 6 MB (6,291,556 bytes) is an error of the function, as
// in Lambda. A window whose state exceeds 1 MB is closed early. Run panics if a
// single record does not fit into an event of 6 MB.
//
// # What Lambda leaves open
//
// Where neither Lambda's documentation nor recordings of it say what happens,
// the simulation takes the reading that is worse for the function, or has an
// option:
//
//   - An answer that names a record outside the batch fails the whole batch.
//   - For EventBridge Pipes it is only documented how an answer names a record.
//     Everything else is simulated as for a mapping, including the records
//     behind the named one.
//   - A batch that fails as a whole is delivered again after 1 s, 2 s, 4 s and
//     so on up to a minute. The parts of a batch that was split are delivered
//     at once.
//   - With BisectBatchOnFunctionError, an answer that names the first record of
//     a batch halves it, as an error does.
//   - If the answer for a tumbling window has both a state and failures, the
//     state counts.
//   - The final invocation of a window is repeated until it succeeds,
//     regardless of the number of retries, but not beyond the stream's
//     retention.
type Mapping struct {
	_ struct{} // more fields may come

	// Pipe makes it a pipe of EventBridge Pipes with the function as its
	// target: events are bare arrays of flat records, and an answer names a
	// record by its eventID, which needs no ReportBatchItemFailures.
	// TumblingWindow and OnFailure must not be set, because a pipe has no
	// windows and its dead-letter queue is not simulated.
	Pipe bool

	// BatchSize is the maximum number of records of an invocation: 1 to 10,000,
	// 100 by default. Independently of it, an event never exceeds 6 MB.
	BatchSize int

	// MaximumBatchingWindow is how long the mapping waits for a full batch: up
	// to 300 s, 0 by default.
	MaximumBatchingWindow time.Duration

	// ParallelizationFactor is the number of shard lanes, which is how many
	// batches of a shard can be in progress at once: 1 to 10, 1 by default. The
	// records of a partition key all take the same shard lane, in order.
	ParallelizationFactor int

	// ReportBatchItemFailures is the value of that name in
	// FunctionResponseTypes. Without it every answer is a success, even one
	// that names a record; the Log then says that it does.
	ReportBatchItemFailures bool

	// BisectBatchOnFunctionError halves a batch whose invocation fails, and
	// splits one whose answer names a record at that record. Splitting uses up
	// no retry.
	BisectBatchOnFunctionError bool

	// MaximumRetryAttempts is how often a batch is delivered again: 0 to
	// 10,000, or -1 for as long as its records live. nil means -1, the default.
	// Write new(3) for 3.
	MaximumRetryAttempts *int

	// MaximumRecordAge is the age beyond which a record is not delivered any
	// more: 60 s to 7 days, or 0 for no limit, the default.
	MaximumRecordAge time.Duration

	// TumblingWindow is the width of windows of arrival time, within which each
	// invocation hands its state to the next: up to 900 s, or 0 for no windows,
	// the default. It cannot be combined with a ParallelizationFactor above 1.
	TumblingWindow time.Duration

	// OnFailure is where batches that are given up are reported. By default
	// they vanish.
	OnFailure Destination

	// Timeout is the function's: 1 s to 900 s, 3 s by default. The context's
	// deadline is that far ahead. An invocation that has not returned by then
	// has failed, and its process is gone.
	Timeout time.Duration

	// MaxConcurrency is how many invocations run at once in a process, as
	// AWS_LAMBDA_MAX_CONCURRENCY says: 1 to 1,000, 1 by default. If the process
	// is gone, all of them have failed.
	MaxConcurrency int

	// ColdStart makes the handler of a new process. By default the handler
	// given to Run serves all processes, so what it remembers survives their
	// end.
	ColdStart func() lambda.Handler

	// Retention is how long the stream retains records: 24 hours to 365 days,
	// 24 hours by default. Records that are not done by then are lost without a
	// report.
	Retention time.Duration

	// RetryCounting says what uses up a retry.
	RetryCounting RetryCounting

	// FinalInvokeWithRecords makes the invocation that delivers a window's last
	// records its final one, if the window is over by then: its end has passed,
	// or a record of a later window has come in. That is so if records arrived
	// in the window's last second, or have waited, for a MaximumBatchingWindow
	// or behind a failure. Otherwise, and by default, the final invocation has
	// no records.
	FinalInvokeWithRecords bool

	// AnySequenceNumbers lets Run take records of a shard whose sequence
	// numbers do not rise, as saved events may have them. An answer that names
	// a number that several records of a batch have is taken for the first.
	AnySequenceNumbers bool

	// Synctest says that Run is called in a bubble of package testing/synctest
	// and uses the bubble's time. The bubble begins in the year 2000, and Run
	// waits there until the first record arrives. Before it returns, Run waits
	// for invocations that have outlived their timeout, and for calls that a
	// router.Router has abandoned near its deadline. The contexts of all of
	// them are cancelled.
	Synctest bool
}

// RetryCounting says which failures use up one of MaximumRetryAttempts, since
// Lambda's documentation does not. Errors, timeouts, and answers that fail the
// whole batch always do.
type RetryCounting uint8

const (
	// CountEveryFailure counts answers that name a record as well, whether or
	// not they make progress. LocalStack does so.
	CountEveryFailure RetryCounting = iota
	// ResetOnProgress starts counting anew when an answer names a record other
	// than the batch's first.
	ResetOnProgress
	// CountErrorsOnly does not count answers that name a record.
	CountErrorsOnly
)

// String returns the name of the constant.
func (c RetryCounting) String() string {
	return nameOf(c, "RetryCounting", "CountEveryFailure", "ResetOnProgress", "CountErrorsOnly")
}

const (
	maxEvent     = 6 << 20     // bytes
	maxAnswer    = 6<<20 + 100 // bytes, as in Lambda's runtime interface emulator
	maxState     = 1 << 20     // bytes of a window's state
	firstBackoff = time.Second
	maxBackoff   = time.Minute
)

// Run lets the records arrive and invokes h with them until each is done, given
// up or expired, and every window is closed. Then it returns what happened.
// Fields that a record leaves empty have the defaults of [EventOf]. The records
// of a shard are delivered in the given order, in which their sequence numbers
// must rise, unless AnySequenceNumbers is set, and their arrivals should. All
// belong to one stream. [Event.All] makes suitable ones:
//
//	log := m.Run(handler, routertest.Event{Records: 86_400, Interval: time.Second}.All())
//
// As in aws-lambda-go, the memory of an event is reused once its invocation has
// ended. Run panics if an option is outside its limits, if options exclude each
// other, if sequence numbers do not rise, and if h is nil without a ColdStart.
func (m Mapping) Run(h lambda.Handler, records []decoder.Record) *Log {
	if h == nil && m.ColdStart == nil {
		panic("routertest: Run without a handler")
	}
	m = m.withDefaults()
	s := newSimulation(m, h, records)
	s.run()
	return s.log
}

func (m Mapping) withDefaults() Mapping {
	m.BatchSize = cmp.Or(m.BatchSize, 100)
	m.ParallelizationFactor = cmp.Or(m.ParallelizationFactor, 1)
	m.Timeout = cmp.Or(m.Timeout, 3*time.Second)
	m.MaxConcurrency = cmp.Or(m.MaxConcurrency, 1)
	m.Retention = cmp.Or(m.Retention, 24*time.Hour)
	m.MaximumRetryAttempts = cmp.Or(m.MaximumRetryAttempts, new(-1))
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

func inRange[T int | time.Duration | Destination | RetryCounting](name string, value, low, high T) {
	if value < low || value > high {
		panic(fmt.Sprintf("routertest: %s is %v, not from %v to %v", name, value, low, high))
	}
}
