// Command lambda watches a Kinesis stream: a Lambda function that is useful as it is, and the example to start one's own
// from. The same program reads saved events from files, and hands batches that have failed to a function again.
//
// # In Lambda
//
//	GOOS=linux go build -tags lambda.norpc -o bootstrap ./cmd/lambda
//
// makes the file that a function with a provided.* runtime consists of; its event source mapping should have
// FunctionResponseTypes [ReportBatchItemFailures]. The function reads each record and writes two lines of JSON per invocation. One is
// for people: which stream and shard, how many records and bytes, how old they are, how long reading them took, what their data is (JSON,
// text or binary; compressed or not; user records in aggregates), and which partition keys are hot. The other is the same in numbers,
// as CloudWatch metrics in the embedded metric format. Data is never logged, and of partition keys a hash, unless the settings allow
// more.
//
// The settings are environment variables; -help lists them. With a bad one the function does not start, and says why.
//
// The function only looks at the stream, so it must never be what holds the stream up: a bad record (one that the decoder
// cannot read) is logged and skipped, where a router would by default have it delivered again. An event that is broken as
// a whole, or not from Kinesis, is an error of its invocation.
//
// # On files
//
//	go run ./cmd/lambda event.json
//	go run ./cmd/lambda -json failed-batches/
//	aws … | go run ./cmd/lambda -
//
// takes each file as the event of one invocation. It shows the records, then the answer that Lambda would get from a
// [example.com/sluice/router.Router] with default settings whose handler finds nothing wrong, and what the router counted. Here a bad
// record is a failure, as it is by default. At the end come the sizes of all records and the partition keys with the most of them.
// What is wrong goes to standard error with the file, the record and the offset. A file may also be what events are found in, such as an
// object of an on-failure bucket or the output of aws kinesis get-records: -help lists that, and the flags.
//
// # How large
//
//	go run ./cmd/lambda size -rate 2000 -handler-time 2ms event.json
//
// takes the events of files as a sample and says how many shards the stream needs and how to configure the mapping and the function, with
// reasons, sources and what a million records cost.
//
// The exit status is 0 if all is well, 1 if an invocation would fail or would ask for records again, or a file cannot be
// read, and 2 for wrong usage.
//
// # Failed batches, again
//
//	go run ./cmd/lambda redrive -function orders failed-batches/
//	go run ./cmd/lambda redrive -bootstrap ./bootstrap -yes failed-batches/
//
// hands such batches to a function: to one in AWS, one behind another URL, or a program on this machine. It says what it would do, and does it
// with -yes. What has come of each batch is noted in a journal, so that repeating it hands over only what is not done, down to the
// record that a function's answer has named. redrive -help says more.
//
// # JSON
//
// With -json each line is an object whose member type says what it is. Members that are marked with a question mark are left out
// where there is nothing to say.
//
//	record      file, part? (of a file that holds several events: "line 3"), index, subSequenceNumber? (of a user record in an aggregate), stream, shard, sequenceNumber, partitionKey,
//	            explicitHashKey?, arrived? (RFC 3339), and either error, or bytes and the data, decompressed where -codec is given: text where it
//	            is UTF-8, else base64; of CloudWatch Logs logs? {group, stream, owner, events [{id, timestamp, message}]}, of
//	            DynamoDB change? {event, table, time?, keys, new?, old?}
//	invocation  file, part?, from? (what the event was found in), records, processed, skipped, failed, bad, bytes, checkpoint? (what the response names), response (what
//	            Lambda gets; null where the invocation fails), error?,
//	            window? {start?, end?, state, final, terminatedEarly},
//	            onFailure? {condition, invocations, requestId, functionArn, timestamp}
//	summary     files, records, bad, bytes, sizes [{from, to, records}] (in bytes, both included), keys [{partitionKey, records}] (the 10
//	            with the most), otherKeys, otherRecords
package main

import "os"

func main() {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		serve(os.Stdout)
	}
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
