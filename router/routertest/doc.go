// Package routertest is for handlers of Kinesis records what net/http/httptest
// is for HTTP handlers. It builds events and records for tests, benchmarks and
// fuzzing, and simulates the event source mapping that invokes a Lambda
// function with them.
//
// # Events
//
// [Event] describes an event by its number of records, their size, their keys
// and so on. [EventOf] writes one from records that a test spells out, and
// [Payloads] from their data alone. [NewRecord] makes a record to call a
// handler with, without any event.
//
//	answer, err := r.Invoke(ctx, routertest.Event{Records: 100, Size: 256, Keys: 10}.Bytes())
//
// Events look as Lambda writes them: the same members in the same order,
// without spaces. They depend on their description alone, so the same
// description always gives the same bytes. Only compressed data may change,
// with the release of Go or of the module that compresses.
//
// By default the data of an [Event] is JSON that decodes into a
// struct{ ID, Item string }. For everything else that this library reads inside
// records there is a function that writes it: [Aggregate], [LogMessage],
// [Change], [Glue], and [Gzip], [Zlib], [Zstd] and [Snappy] for any data.
//
//	routertest.Event{Records: 100, Data: func(i int) []byte { return routertest.Gzip(orders[i]) }}.Bytes()
//
// # The event source mapping
//
// A [Mapping] invokes a handler as Lambda would: it retries, splits batches,
// gives up and reports it, carries the state of tumbling windows, and ends
// processes that run out of time. The [Log] says what happened to each record,
// and why.
//
//	log := routertest.Mapping{ReportBatchItemFailures: true}.Run(handler, routertest.Event{Records: 100}.All())
package routertest

// The files call each other in this order only:
//
//	mapping.go      a mapping's options; Run
//	simulation.go   the loop: what happens next
//	process.go      the function's processes, and the invocations in them
//	answer.go       what an answer says
//	batch.go        how batches form, and what becomes of them afterwards
//	tumbling.go     tumbling windows
//	destination.go  batches that are given up, and records that expire
//	wire.go         the events that are delivered
//	clock.go        simulated time
//	log.go          what happened
//
//	event.go        an event by its description
//	contents.go     data for what the library reads inside records
//	builder.go      the records of an event, one by one
//	record.go       records and their defaults, and events of given records
//	data.go         the data of an event's records
//	json.go         records and events as Lambda writes them
