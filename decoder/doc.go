// Package decoder reads the Kinesis event of one Lambda invocation: bytes in,
// records out, one at a time, without copying what can be read in place.
//
//	for rec, err := range decoder.Records(event) {
//		if rec == nil {
//			return err // the event is broken from here on
//		}
//		if err != nil {
//			log.Print(err) // this record is bad; the loop may go on
//			continue
//		}
//		use(rec.PartitionKey, rec.Data)
//	}
//
// # What it reads
//
// It reads the event that Lambda sends for a Kinesis event source mapping,
// {"Records":[…]} with the members of tumbling windows beside it, and the bare
// array of flat records that EventBridge Pipes sends. Members may stand in any
// order, with spaces, escapes and unknown members among them. An event is
// accepted exactly when encoding/json.Valid accepts it, it is nested at most
// 300 deep, and it has this form. Names are case-sensitive, null counts as
// absent, and the last of duplicate scalars wins; a repeated "kinesis" fails
// its record, a repeated "Records" ends the sequence. Invalid UTF-8 passes
// unchanged; a lone surrogate escape becomes U+FFFD. DIFFERENCES.md, beside
// this file, lists where encoding/json into events.KinesisEvent of
// aws-lambda-go differs.
//
// # What is broken
//
// A record with a missing or malformed member is yielded with an [*Error] that
// names the record, the member and its offset, and the loop goes on. Broken
// JSON ends the sequence with its offset, after the records before it. An event
// of another service ends it with [ErrNotKinesis].
//
// # Lifetimes
//
// Records are views. What a loop yields is valid until its next iteration, what
// [Decoder.Batch] hands over until its function returns. [Record.Clone] keeps a
// record, and a [Source] may be kept as it is. The decoder never writes to the
// event. The loop is the scope of its memory: break, return and panic release
// it, and there is nothing to close. Under the race detector, and with the
// build tag poison, the decoder works on a copy of the event and overwrites
// with '#' what is no longer valid, so that a test sees a view that was kept
// too long.
//
// # Limits
//
// Passing a limit is an error, never a panic: nesting of 300; data of
// [Decoder.MaxData] a record; [Decoder.MaxRecords] an event; [Decoder.MaxBatch]
// of decompressed data in a batch; 4 GiB of an event decompressed only to be
// refused. Beside the event, a loop takes at most four times the event's length
// in memory, and a batch that and the size of a [Record] for each record; each
// bad record takes up to 512 bytes more for its error. Decompressed, a loop
// holds the data of one record, a batch MaxBatch and one record, whether
// records are good or bad. Errors quote at most 64 bytes of the input at a
// place.
//
// # Files
//
// A file calls only those below it. What knows nothing of Kinesis lies in
// packages below internal.
//
//	decoder.go     Decoder and its loops
//	batch.go       all records at once
//	reader.go      all that reading one event takes, put together
//	pool.go        where readers come from, and go to
//	contents.go    into the data of records: aggregates and compression
//	element.go     one element of Records, by one of the two readers
//	walker.go      the event's outer members, and where the elements are
//	window.go      the members of a tumbling window
//	template.go    the template reader
//	learn.go       templates, and how they are learned
//	lambda.go      the template that Lambda itself writes
//	strict.go      the strict reader
//	members.go     which of a record's members count
//	describe.go    what an event of another service is
//	output.go      what is handed out, and its memory
//	json.go        data that is JSON or text
//	record.go      Record and Source
//	aggregate.go   the format of the Kinesis Producer Library
//	codec.go       how data is compressed
//	time.go        times in seconds
//	errors.go      what can be wrong
package decoder
