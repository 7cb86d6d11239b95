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
// Exceeding a limit is an error, never a panic. The limits are 300 levels of
// nesting, [Decoder.MaxData] bytes of data in a record, [Decoder.MaxRecords]
// records in an event, [Decoder.MaxBatch] bytes of decompressed data in a
// batch, and 4 GiB that an event has decompressed only to be rejected. Besides
// the event itself, a loop takes at most four times the event's length in
// memory; a batch takes that plus the size of a [Record] for each record. Each
// bad record adds up to 512 bytes for its error. Of decompressed data, a loop
// holds one record's and a batch holds MaxBatch plus one record's, whether the
// records are good or bad. An error quotes at most 64 bytes of the input in any
// one place.
//
// # Files
//
// A file calls only files below it in this list. Code that knows nothing about
// Kinesis is in packages under internal.
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
