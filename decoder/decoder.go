package decoder

import "iter"

// Decoder is how events are read. It is plain options: the zero value is ready, copies are cheap, and
// concurrent use is safe.
type Decoder struct {
	// Deaggregate splits the aggregates of the Kinesis Producer Library into their user records. Each is a [Record] with its own
	// partition key, explicit hash key and data, and with Aggregated set; Index, SequenceNumber, EventID and arrival time are those of
	// the record that the aggregate came in. Whatever is not an aggregate to its last byte passes unchanged: without the magic, with 16
	// bytes or fewer behind it, with a wrong MD5, or with a message that is not sound. An aggregate without user records yields
	// none.
	//
	// Magic and MD5 leave no doubt, so what a writer of proto3 leaves out is read as it means it: no key index is index 0, no data is
	// data without a byte. No index of an explicit hash key is no hash key.
	//
	// A user record whose index points outside of its table is bad, with ErrAggregate; the others stand. Where there is no table of
	// explicit hash keys at all, an index to one is passed over: the user record is sound, and has no hash key. No hash-key range is
	// looked at: the event does not say which one the shard has, so after a shard was split, a user record that belongs to
	// the other half is yielded like the rest.
	Deaggregate bool

	// Detach makes records hold no views of the event: what would be one is copied to the decoder's memory.
	// Lifetimes stay as they are. It serves who must give the event back while a record is still in use, such
	// as a handler that outlives its invocation.
	Detach bool

	// Codec is how data is compressed: Identity, Auto, Gzip, Zlib, Zstd, Snappy, or what ZstdDict returns. Data is decompressed after
	// an aggregate is split, each user record on its own.
	Codec Codec

	// MaxData is the most bytes that one record's data may have; 0 means 10 MiB. A larger record is bad, with
	// ErrTooLarge. It is held to what a record is yielded with: user records, and data as it is decompressed. An aggregate, and
	// compressed data, may have 10 MiB in any case.
	MaxData int

	// MaxRecords is the most records that an event may yield, user records included; 0 means 1<<18. With more of them the
	// sequence ends with ErrTooLarge.
	MaxRecords int

	// MaxBatch is the most bytes that the data of a [Batch] may have where it is decompressed; 0 means 256 MiB. Beyond it the event is
	// broken, with ErrTooLarge. A loop holds one record's data at a time and needs no such limit.
	MaxBatch int

	lab *laboratory // in tests; nil in what users make
}

// Records returns the records of the event, read with the zero [Decoder]. See [Decoder.Records].
func Records(event []byte) iter.Seq2[*Record, error] {
	return Decoder{}.Records(event)
}

// Records returns the records of the event in their order. Each turn of the loop gives one of
//
//	rec, nil     a record, valid until the next iteration; Clone keeps it
//	rec, *Error  this record is bad; its other fields are set as far as known, and the loop may go on
//	nil, *Error  the event is broken from here; the sequence ends
//
// The error is always an [*Error]. The event is read as the loop goes on, so a fault near its end shows
// only after the records before it. The sequence may be ranged over several times.
func (d Decoder) Records(event []byte) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) { d.loop(event, yield) }
}

func (d Decoder) loop(event []byte, yield func(*Record, error) bool) {
	r := d.open(event, false)
	defer r.release()
	if r.each(yield) && r.walker.broken != nil {
		yield(nil, r.walker.broken)
	}
}

// Walk is [Decoder.Records] with a function instead of a loop. It returns what
// [Decoder.Window] would, having read the event once, and nil for an event that
// is no tumbling window's or that was not read to its end because yield returned
// false. Where the event is broken it returns the [*Error], after it has yielded
// the records before that.
func (d Decoder) Walk(event []byte, yield func(*Record, error) bool) (*Window, error) {
	r := d.open(event, false)
	defer r.release()
	if !r.each(yield) {
		return nil, nil
	}
	return r.window()
}

// Window returns the tumbling-window members of the event, and nil where it has none. It reads the whole event, and reports
// what is broken anywhere in it outside of single records; [Decoder.Walk] and [Batch.Window] come with the reading of
// the records.
func (d Decoder) Window(event []byte) (*Window, error) {
	r := d.open(event, false)
	defer r.release()
	w := &r.walker
	for {
		start, more := w.next()
		if !more {
			break
		}
		el, sound := w.scanElement(start)
		if !sound {
			break
		}
		w.passed(el.End)
	}
	return r.window()
}

// Source returns what the records of the event share, from the first of them, without reading their data; it may be
// kept. Where there are no records it is what the members of a tumbling window say. The error is that of an
// event that is broken before its first record.
func (d Decoder) Source(event []byte) (*Source, error) {
	d.Deaggregate, d.Codec = false, Identity
	r := d.open(event, false)
	defer r.release()
	r.out.leaveData()
	if r.next() {
		return r.out.rec.Source, nil
	}
	w, err := r.window()
	if err != nil {
		return nil, err
	}
	src := &Source{}
	if w != nil {
		src.EventSourceARN, src.ShardID = w.EventSourceARN, w.ShardID
		src.StreamName = StreamName(src.EventSourceARN)
	}
	return src, nil
}
