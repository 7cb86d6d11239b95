package decoder

import "iter"

// Decoder holds the options for reading events. The zero value is ready to use,
// copies are cheap, and concurrent use is safe.
type Decoder struct {
	// Deaggregate splits the aggregates of the Kinesis Producer Library into
	// their user records. Each becomes a [Record] with its own partition key,
	// explicit hash key and data, and with Aggregated set; Index,
	// SequenceNumber, EventID and arrival time are those of the record that
	// held the aggregate. Data that is not an aggregate to its last byte passes
	// unchanged: data without the magic number, with 16 bytes or fewer after
	// it, with a wrong MD5, or with a malformed message. An aggregate without
	// user records yields none.
	//
	// The magic number and the MD5 leave no doubt, so what a proto3 writer
	// omits gets its default: a missing key index is 0, missing data is empty.
	// A missing explicit hash key index means no hash key.
	//
	// A user record whose index lies outside its table is bad, with
	// ErrAggregate; the others are good. If there is no table of explicit hash
	// keys at all, an index into it is ignored and the user record has no hash
	// key. Hash-key ranges are not checked, since the event does not contain
	// the shard's: after a shard was split, user records that belong to the
	// other half are yielded like the rest.
	Deaggregate bool

	// Detach makes records hold no views of the event: their bytes are copied
	// to the decoder's memory. Lifetimes stay the same. Use it if the event's
	// memory may be reused while a record is still in use, for example by a
	// handler that outlives its invocation.
	Detach bool

	// Codec is how data is compressed: Identity, Auto, Gzip, Zlib, Zstd,
	// Snappy, or a codec from ZstdDict. Aggregates are split first, and the
	// data of each user record is decompressed on its own.
	Codec Codec

	// MaxData is the largest size of one record's data, in bytes; 0 means 10
	// MiB. A larger record is bad, with ErrTooLarge. The limit applies to what
	// is yielded: user records, and data after decompression. Before that, an
	// aggregate or compressed data may have 10 MiB, or MaxData if that is more.
	MaxData int

	// MaxRecords is the largest number of records of an event, user records
	// included; 0 means 1<<18. The record after the last ends the sequence with
	// ErrTooLarge.
	MaxRecords int

	// MaxBatch is the largest total size, in bytes, of the decompressed data of
	// a [Batch]; 0 means 256 MiB. An event beyond it is broken, with
	// ErrTooLarge. A loop holds one record's data at a time and has no such
	// limit.
	MaxBatch int

	lab *laboratory // in tests; nil in what users make
}

// Records returns the records of the event, read with the zero [Decoder]. See
// [Decoder.Records].
func Records(event []byte) iter.Seq2[*Record, error] {
	return Decoder{}.Records(event)
}

// Records returns the records of the event in their order. Each iteration
// yields one of
//
//	rec, nil     a record, valid until the next iteration; Clone keeps it
//	rec, *Error  a bad record, set as far as known; the loop may go on
//	nil, *Error  the event is broken from here; the sequence ends
//
// The error is always an [*Error]. The event is read as the loop goes on, so a
// fault near its end shows only after the records before it. The sequence may
// be ranged over several times.
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

// Walk calls yield for each record like a loop over [Decoder.Records], and
// reads the window members of the event in the same pass. At the end it returns
// what [Decoder.Window] would return. If the event is broken it returns the
// [*Error], after yielding the records before the fault; unlike the loop, it
// never yields a nil record. If yield returns false, Walk stops and returns
// nil, nil.
func (d Decoder) Walk(event []byte, yield func(*Record, error) bool) (*Window, error) {
	r := d.open(event, false)
	defer r.release()
	if !r.each(yield) {
		return nil, nil
	}
	return r.window()
}

// Window returns the tumbling-window members of the event, or nil if it has
// none. It reads the whole event and reports faults anywhere outside of single
// records. [Decoder.Walk] and [Batch.Window] return the same without a second
// reading.
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

// Source returns the Source of the event's first record, without reading the
// data of any. If there are no records, it is made from the members of a
// tumbling window. The error is that of an event that is broken before its
// first record. The Source may be kept.
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
