// Package router hands the records of a Kinesis event to handlers and tells
// Lambda which of them are not done. A [Router] is a lambda.Handler:
//
//	func main() {
//		lambda.Start(router.New(router.JSON(func(ctx context.Context, rec *decoder.Record, o *Order) error {
//			return save(ctx, o)
//		})))
//	}
//
// The event source mapping must have FunctionResponseTypes
// [ReportBatchItemFailures]. Without it Lambda takes every answer for a
// success: use [WithWholeBatch] then.
//
// # Shapes
//
// A handler has one of a closed set of shapes. [Each] gets one record at a
// time, [Batch] slices of them. [Partition] gets the records of one partition
// key in order, with keys side by side. [ByTime] gets windows of arrival time
// within an event, [Tumbling] Lambda's tumbling windows with their state.
// [Typed], [JSON], [JSONValue], [TypedBatch] and [TypedPartition] decode
// payloads first; package cwlogs has a handler of log events. All but Partition
// make one call at a time, in order. One Router serves concurrent invocations.
//
// Until it returns, a handler's records are its own: copies of the decoder's,
// whose bytes are views. It may sort, filter and overwrite its slice and the
// records in it. It must not write to the bytes or to the Source, which records
// share, and it must not keep the bytes; [decoder.Record.Clone] makes a copy to
// keep. With [WithCopies] the bytes are the handler's too, for good.
//
// # Failures
//
// A record is done when its handler has returned nil or [Skip] for it, and not
// otherwise. The answer names the first record that is not done, and Lambda
// delivers that one and all behind it again.
//
//   - A plain error is a [Retry]: deliver again from this record on. So is a
//     panic, whose stack is logged.
//   - [Skip] gives a record up: it is logged, counted, and done with.
//   - [Bad] says that a record's payload is bad, and [WithOnBad] what becomes
//     of it.
//   - [Fail] fails the whole invocation.
//   - In slice shapes [At] says which record is meant: those before it are
//     done. Without it the slice's first one is.
//   - Nothing after a failure is started, since it will be delivered again
//     anyway. Running calls are allowed to finish, and other keys still get
//     their records that come before the failure.
//   - A bad record, one that does not decode, goes to [WithOnBad], whose answer
//     counts like a handler's; by default it is a Retry. The record then comes
//     again until it is too old for the mapping, and its shard lane waits. The
//     log says so, once for each such record. In a Partition it holds back its
//     own key, as a failed record does.
//   - An event that passes a limit of the decoder as a whole (MaxRecords,
//     MaxBatch, what may be decompressed in vain) is handled up to there, which
//     is logged, and the answer names the first record that was not read. If
//     that is the event's first, or with WithWholeBatch, the invocation fails.
//   - A broken event (invalid JSON) fails the invocation; it is never answered
//     as a success. So does a record that would have to be named but cannot be,
//     because it has no decimal sequence number or, from EventBridge Pipes, no
//     event id of its own.
//   - On an event of a tumbling window every failure fails the invocation, so
//     that records and state come again together. On success the state goes
//     back, unchanged but by [Tumbling]. A state so large that Lambda would
//     reject the answer, which has at most 6 MB, fails the invocation. A state
//     of 1 MB, at which Lambda ends the window early, is logged.
//
// Delivery is at least once: records after a failure are delivered again even
// if they were done.
//
// An invocation that fails on account of a record fails with a [*RecordError].
// The router never reuses the memory of an answer.
//
// # Who calls
//
// The answer suits whoever made the event.
//
//   - The event source mapping sends an object with Records, and knows a record
//     by its sequence number.
//   - EventBridge Pipes sends a bare array of flat records, and knows a record
//     by its eventID, so the answer names that. A transformer of the pipe's
//     input must leave eventID in. The documentation of Pipes only says that an
//     answer names a record. It does not say what becomes of the records behind
//     that one, which the mapping delivers again, nor what happens with an id
//     that Pipes does not know. The router never names one that is not in the
//     event, and assumes that what is behind comes again, since a pipe keeps
//     the order of its stream. If you do not want to rely on that, use
//     [WithWholeBatch]. A router is for a pipe's target; as its enrichment, its
//     answer would go to the target.
//   - A caller that invokes the function itself, with an event of either form,
//     gets the same answer and has to look at it: a failed record is not an
//     error of the call. Nobody sees the answer of an asynchronous call; use
//     [WithWholeBatch] there too.
//
// # Deadlines
//
// If the context has a deadline, as it has in Lambda, the work stops before it,
// by a margin ([WithMargin]). A function that runs into its timeout gets the
// whole batch again; with this guard, what is done stays done.
//
//   - At the deadline less the margin the handlers' contexts are cancelled, and
//     nothing more is started: no record, slice, key or window, and no call of
//     WithOnBad. The same holds once the context is cancelled for another
//     reason. The answer names the first record that is not done.
//   - Calls that are running then have half of the margin to return, each of
//     them in a [Partition]. What they return counts as ever.
//   - A call that has not returned by then is abandoned: its records count as
//     not done, and the answer goes out without it. What it does later changes
//     nothing, neither the answer nor the counters. What it holds stays valid
//     until it returns. It may run beside later invocations, and on records
//     that these have as well, since Lambda delivers them again. A handler that
//     heeds its context is never abandoned. A panic of an abandoned call is
//     logged.
//   - The shapes that read the event as a whole ([Batch], [Partition], [ByTime]
//     and their typed forms) read for at most three quarters of the time until
//     the margin. What was read by then is handled; the answer names the first
//     record that was not read. Where an answer cannot name a record they read
//     until the margin.
//   - A record is read as a whole, decompressed if a Codec is set, before the
//     time is looked at again. MaxData of [decoder.Decoder] bounds how long
//     that takes, and with it how late the answer may be.
//   - In [Typed] and the like a call includes the decoding of its payloads. In
//     [ByTime], asking for the watermark is a call.
//   - Where an answer cannot name a record ([Tumbling], any event of a window,
//     [WithWholeBatch]) the invocation fails, and all comes again.
//
// Lambda may count an answer that names a record as one of the mapping's
// retries, even if it made progress. So that a slow consumer does not use them
// up and lose records, give the mapping MaximumRetryAttempts -1, and limit the
// age of records instead (MaximumRecordAgeInSeconds).
//
// With a deadline, handlers do not run on the goroutine that calls Invoke: an
// invocation has one of its own, and a Partition more, and records hold no
// views of the event. Without a deadline all shapes but Partition run on the
// caller's. A handler that ends its goroutine (runtime.Goexit) then ends the
// caller's. Otherwise its record fails, and that goroutine starts nothing more.
//
// # Aggregates
//
// With [decoder.Decoder.Deaggregate] the user records of an aggregate are
// records like others, and Partition groups them by their own keys. But all of
// them have the aggregate's sequence number, which is all that an answer can
// name. So if one of them is not done, the whole aggregate is delivered again,
// with all records behind it, and a handler also sees the user records again
// that were done. Their Index may be different then, since the batch starts
// elsewhere. SequenceNumber and SubSequenceNumber stay the same; together they
// identify duplicates. [WithRedeliveryMemory] spares a handler most of what was
// done. A user record with a bad index is a bad record by itself; see
// [WithOnBad].
//
// # What is remembered
//
// Each event is handled by itself. Two options make a Router remember records
// from one invocation to the next: [WithPoison] gives records up that keep
// failing, [WithRedeliveryMemory] passes over records that were done behind a
// failure. Both are bounded and live only in the memory of the process. If that
// memory is lost, no record is.
//
// # Watching
//
// [WithStats] hands out what was counted in an invocation, which package
// router/emf writes as CloudWatch metrics, and [WithCallHook] is called around
// each call of a handler, for traces. Neither costs anything if it is not set.
//
// What becomes of records that are not simply done is logged: see [WithLogger]
// for where, and for what a line holds, [WithLogLimit] for how many lines there
// are, and [WithLogKeys] for partition keys, which are left out by default.
package router

// The order in which files call, from the top down:
//
//	router.go, streams.go      which event goes to which handler
//	options.go, validate.go    what a Router is made of
//	invocation.go, guard.go    one event on its way, and its deadline
//	answer.go                  what Lambda is told of it
//	each.go, batch.go, …       the shapes
//	reading.go, redelivery.go  which records there are to handle
//	worker.go                  a goroutine that works through a group of them
//	failures.go                what becomes of a record that has an error
//	log.go                     what is logged of it
//	door.go                    the user's code is called here, and nowhere else
//	directive.go               what a handler's error says
//	progress.go                what is done; its lock, and its seal
//	grouping.go, records.go    the records of an event, and which belong together
//	callbuffer.go, recent.go   memory: of a call's records, and between events
//	stats.go                   counters
