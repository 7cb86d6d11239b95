// Package router gives the records of a Kinesis event to handlers and tells Lambda which are not done. A [Router] is a
// lambda.Handler:
//
//	func main() {
//		lambda.Start(router.New(router.JSON(func(ctx context.Context, rec *decoder.Record, o *Order) error {
//			return save(ctx, o)
//		})))
//	}
//
// The event source mapping must have FunctionResponseTypes [ReportBatchItemFailures]; without it use
// [WithWholeBatch], since Lambda then takes every answer for a success.
//
// # Shapes
//
// A handler is one of a closed set of shapes: [Each] for one record at a time, [Batch] for slices of them, [Partition] for
// the records of one partition key in order with keys side by side, [ByTime] for windows of arrival time within an event, [Tumbling] for
// Lambda's tumbling windows with their state; and [Typed], [JSON], [TypedBatch] and [TypedPartition] for payloads that are decoded
// first. All but Partition make one call at a time, in order. One Router serves concurrent invocations.
//
// # Failures
//
// A record is done when its handler has returned nil or [Skip] for it, and not otherwise. The answer names the first record that is
// not done, and Lambda delivers that one and all behind it again.
//
//   - A plain error is a [Retry]: deliver again from this record on. A panic is one too, with its stack logged.
//   - [Skip] gives a record up: it is logged, counted, and done with.
//   - [Fail] fails the whole invocation.
//   - In slice shapes [At] says which record is meant: those before it are done. Without it the slice's first one is.
//   - Nothing is started behind a failure, since it will come again anyway; what runs is finished, and other keys still get their
//     records before the failure.
//   - A bad record (one that does not decode) goes to [WithOnBad], whose answer counts like a handler's; by default it is a Retry.
//     In a Partition it holds back its own key, as a failed record does.
//   - A broken event (invalid JSON) fails the invocation; it is never answered as a success. So does a record that
//     would have to be named but has no decimal sequence number.
//   - On an event of a tumbling window every failure fails the invocation, so that records and state come again together; on
//     success the state goes back, unchanged but by [Tumbling].
//
// Delivery is at least once: what is behind a failure comes again even if it was done.
//
// # Watching
//
// [WithStats] hands out what was counted in an invocation, [WithEMF] writes it as CloudWatch metrics, and [WithCallHook] is called around
// each call of a handler, for traces. None of them costs anything where it is not set.
package router
