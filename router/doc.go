// Package router gives the records of a Kinesis event to handlers and tells
// Lambda which are not done. A [Router] is a lambda.Handler:
//
//	func main() {
//		lambda.Start(router.New(router.JSON(func(ctx context.Context, rec *decoder.Record, o *Order) error {
//			return save(ctx, o)
//		})))
//	}
//
// The event source mapping must have FunctionResponseTypes
// [ReportBatchItemFailures]; without it use [WithWholeBatch], since Lambda then
// takes every answer for a success.
//
// # Shapes
//
// A handler is one of a closed set of shapes: [Each] for one record at a time,
// [Batch] for slices of them, [Partition] for the records of one partition key
// in order with keys side by side, [ByTime] for windows of arrival time within
// an event, [Tumbling] for Lambda's tumbling windows with their state; and
// [Typed], [JSON], [JSONValue], [LogEvents], [TypedBatch] and [TypedPartition]
// for payloads that are decoded first. All but Partition make one call at a
// time, in order. One Router serves concurrent invocations.
//
// A handler's records are its own until it returns: copies of the decoder's,
// whose bytes are views. It may sort, filter and overwrite the slice it gets
// and the records in it, since the router keeps apart what it needs to know. It
// must not write to the bytes or to the Source, which records share, nor keep
// the bytes: [decoder.Record.Clone] does. With [WithCopies] bytes are the
// handler's own too, for good.
//
// # Failures
//
// A record is done when its handler has returned nil or [Skip] for it, and not
// otherwise. The answer names the first record that is not done, and Lambda
// delivers that one and all behind it again.
//
//   - A plain error is a [Retry]: deliver again from this record on. A panic is
//     one too, with its stack logged.
//   - [Skip] gives a record up: it is logged, counted, and done with.
//   - [Fail] fails the whole invocation.
//   - In slice shapes [At] says which record is meant: those before it are
//     done. Without it the slice's first one is.
//   - Nothing is started behind a failure, since it will come again anyway;
//     what runs is finished, and other keys still get their records before the
//     failure.
//   - A bad record (one that does not decode) goes to [WithOnBad], whose answer
//     counts like a handler's; by default it is a Retry. It then comes again
//     until it is too old for the mapping, and its shard's lane waits: the log
//     says so, once for each such record. In a Partition it holds back its own
//     key, as a failed record does.
//   - An event that passes a limit of the decoder as a whole (MaxRecords,
//     MaxBatch, what may be decompressed in vain) is handled up to there, which
//     is logged, and the answer names the first record that was not read. Where
//     that is the event's first, or with WithWholeBatch, the invocation fails.
//   - A broken event (invalid JSON) fails the invocation; it is never answered
//     as a success. So does a record that would have to be named but has no
//     decimal sequence number, or, from EventBridge Pipes, no event id.
//   - On an event of a tumbling window every failure fails the invocation, so
//     that records and state come again together; on success the state goes
//     back, unchanged but by [Tumbling]. A state with which Lambda would refuse
//     the answer for its size, from 6 MB on, fails the invocation too, and one
//     of 1 MB, where Lambda ends the window early, is logged.
//
// Delivery is at least once: what is behind a failure comes again even if it
// was done.
//
// An invocation that fails on account of a record fails with a [*RecordError].
// The router's own answers are never reused memory.
//
// # Who calls
//
// An answer is for whoever has made the event.
//
//   - The event source mapping sends an object with Records, and knows a record
//     by its sequence number.
//   - EventBridge Pipes sends a bare array of flat records, and knows a record
//     by its eventID, which is what the answer names then. A transformer of its
//     input must leave eventID in. That an answer names a record is as far as
//     its documentation goes: it does not say what becomes of the records
//     behind that one, where the mapping delivers them again, nor what an id
//     does that Pipes does not know. The router never names one that is not in
//     the event, and takes it that what is behind comes again, since a pipe
//     keeps the order of its stream. Who does not want to rely on that uses
//     [WithWholeBatch]. A router is for a pipe's target; as its enrichment,
//     what it answers would go to the target.
//   - Who invokes the function with an event of either form gets the same
//     answer, and has to look at it: a failure is no error of the call. Nobody
//     sees it where the call is asynchronous; [WithWholeBatch] is for that too.
//
// # Deadlines
//
// Where the context has a deadline, as it has in Lambda, the work stops before
// it, by a margin ([WithMargin]). A function that just runs into its timeout
// gets the whole batch again; with the guard, what is done stays done.
//
//   - At the deadline less the margin the handlers' contexts are cancelled, and
//     nothing more is started, in no shape: no record, no slice, no key, no
//     window, no call of WithOnBad. Nor is it after the context is cancelled
//     for another reason. The answer names the first record that is not done.
//   - Calls that are running then have half of the margin to return. What they
//     return counts as ever. In a [Partition] that holds for each of the calls
//     side by side.
//   - A call that has not returned by then is abandoned: its records count as
//     not done, and the answer goes out without it. What it does later changes
//     nothing, neither the answer nor the counters; once it returns, its
//     goroutine ends. What it holds stays valid until it returns. It may run
//     beside later invocations, and on the very records that it has in hand,
//     since these are delivered again. A handler that heeds its context is
//     never abandoned. A panic of an abandoned call is logged.
//   - The shapes that read the event as a whole ([Batch], [Partition], [ByTime]
//     and their typed forms) read for three quarters of the time there is until
//     the margin at the most. What was read by then is handled; the answer
//     names the first record that was not read. Where an answer cannot name a
//     record they read until the margin.
//   - In [Typed] and the like a call includes the decoding of its payloads; in
//     [ByTime], asking for the watermark is a call.
//   - Where an answer cannot name a record ([Tumbling], any event of a window,
//     [WithWholeBatch]) the invocation fails, and all comes again.
//
// Lambda may count an answer that names a record as one of the mapping's
// retries, even if it made progress. So that a slow consumer does not use them
// up and lose records, give the mapping MaximumRetryAttempts -1 and limit the
// age of records instead (MaximumRecordAgeInSeconds).
//
// With a deadline handlers run on another goroutine than the one that calls
// Invoke, one for each invocation and more for a Partition, and records hold no
// views of the event. Without one, all but Partition run on the caller's; a
// handler that ends its goroutine (runtime.Goexit) ends that then, and fails
// its record otherwise.
//
// # Aggregates
//
// With [decoder.Decoder.Deaggregate] the user records of an aggregate are
// records like others, and Partition groups them by their own keys. But all of
// them have the aggregate's sequence number, which is all that an answer can
// name. So where one of them is not done, the whole aggregate is delivered
// again, and a handler sees again: those user records before the failed one,
// which were done; the failed one; those behind it, and all records behind the
// aggregate. Their Index may be another then, since the batch starts elsewhere;
// SequenceNumber and SubSequenceNumber together stay the same, and are what to
// tell duplicates by. [WithRedeliveryMemory] spares a handler most of what was
// done. A user record with a bad index is a bad record by itself; see
// [WithOnBad].
//
// # What is remembered
//
// Each event is handled by itself. Two options make a Router remember records
// from one invocation to the next, both in the memory of the process alone,
// both bounded, both no more than an improvement on what the mapping does in
// any case: [WithPoison] puts records aside that keep failing,
// [WithRedeliveryMemory] passes over records that were done behind a failure.
//
// # Watching
//
// [WithStats] hands out what was counted in an invocation, which package
// router/emf writes as CloudWatch metrics, and [WithCallHook] is called around
// each call of a handler, for traces. Neither costs anything where it is not
// set.
//
// What becomes of records that are not simply done is logged: see [WithLogger]
// for where, and what a line holds, [WithLogLimit] for how many lines there
// are, and [WithLogKeys] for partition keys, which are left out by default.
package router
