package routertest

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"example.com/sluice/decoder"
)

// builder makes the records of an event one by one, in memory that it reuses.
type builder struct {
	event  Event
	rec    decoder.Record // the one that next made last
	made   int            // how many records next has made
	first  time.Time      // arrival of the first record
	short  bool           // First has too few digits for steps of 2^80
	keys   []int32        // the number of each record's key; nil if Event.Key makes them
	random rand.PCG
	filler filler
}

func newBuilder(e Event) *builder {
	e.check()
	e.First = cmp.Or(e.First, defaultFirst)
	e.Size = cmp.Or(e.Size, defaultSize)
	b := &builder{event: e, first: time.UnixMilli(defaultStart).UTC(), short: len(e.First) <= 25}
	if !e.Start.IsZero() {
		b.first = time.UnixMilli(e.Start.UnixMilli()).UTC()
	}
	src := decoder.Source{
		EncryptionType: e.EncryptionType,
		EventSourceARN: streamARN(defaultRegion, cmp.Or(e.Stream, defaultStream)),
		ShardID:        shardID(e.Shard),
	}
	if e.Consumer != "" {
		src.EventSourceARN += "/consumer/" + e.Consumer + ":1700000000"
	}
	b.rec.Source = completeSource(&src)
	b.random.Seed(e.Seed, 0)
	if e.Key == nil {
		b.deal()
	}
	return b
}

// check panics if the description makes no sense.
func (e *Event) check() {
	for _, n := range []struct {
		name  string
		value int
	}{{"Records", e.Records}, {"Size", e.Size}, {"Keys", e.Keys}, {"Shard", e.Shard}} {
		if n.value < 0 {
			panic(fmt.Sprintf("routertest: %s is %d", n.name, n.value))
		}
	}
	if e.Pipe && e.Window != nil {
		panic("routertest: Pipe and Window: a pipe has no tumbling windows")
	}
	if e.Kind > Compressed {
		panic("routertest: Kind is " + e.Kind.String())
	}
	for _, c := range []byte(e.First) {
		if c < '0' || c > '9' {
			panic(fmt.Sprintf("routertest: First is %q, not a decimal number", e.First))
		}
	}
}

// deal gives each record its key, as from a shuffled deck that holds each key
// equally often.
func (b *builder) deal() {
	n := b.event.Records
	keys := b.event.Keys
	if keys == 0 || keys > n {
		keys = n
	}
	b.keys = make([]int32, n)
	for i := range b.keys {
		b.keys[i] = int32(i % keys)
	}
	// Use another generator, so that sequence numbers and times are the same
	// whether Event.Key is set or not.
	shuffle := rand.NewPCG(b.event.Seed, math.MaxUint64)
	for i := n - 1; i > 0; i-- {
		j := below(shuffle, uint64(i)+1)
		b.keys[i], b.keys[j] = b.keys[j], b.keys[i]
	}
}

// next makes the next record and reports false after the last.
func (b *builder) next() bool {
	i := b.made
	if i == b.event.Records {
		return false
	}
	b.made++
	rec := &b.rec
	rec.Index = i
	if i == 0 {
		rec.SequenceNumber = append(rec.SequenceNumber, b.event.First...)
		rec.ApproximateArrivalTimestamp = b.first
	} else {
		b.advance()
	}
	rec.EventID = appendEventID(rec.EventID[:0], rec.ShardID, rec.SequenceNumber)
	if b.event.Key != nil {
		rec.PartitionKey = append(rec.PartitionKey[:0], b.event.Key(i)...)
	} else {
		rec.PartitionKey = appendKey(rec.PartitionKey[:0], int(b.keys[i]))
	}
	if b.event.Data != nil {
		rec.Data = append(rec.Data[:0], b.event.Data(i)...)
	} else {
		rec.Data = b.filler.fill(rec.Data[:0], &b.event, i)
	}
	// Where there is nothing the decoder yields an empty slice.
	if rec.PartitionKey == nil {
		rec.PartitionKey = []byte{}
	}
	if rec.Data == nil {
		rec.Data = []byte{}
	}
	return true
}

// advance moves the sequence number and the arrival on to the next record.
func (b *builder) advance() {
	rec := &b.rec
	if gap := below(&b.random, 1e18); b.short {
		rec.SequenceNumber = addDecimal(rec.SequenceNumber, 1+gap%9, 0)
	} else {
		// 2^80 is 1.208925…e24.
		rec.SequenceNumber = addDecimal(rec.SequenceNumber, gap, 0)
		rec.SequenceNumber = addDecimal(rec.SequenceNumber, 1208925*(1+below(&b.random, 3)), 18)
	}
	wait := time.Duration(1+below(&b.random, 7)) * time.Millisecond
	if b.event.Interval > 0 {
		wait = b.event.Interval
	}
	rec.ApproximateArrivalTimestamp = rec.ApproximateArrivalTimestamp.Add(wait)
}

// window returns the event's tumbling window with its defaults, nil if it has
// none.
func (b *builder) window() *decoder.Window {
	if b.event.Window == nil {
		return nil
	}
	w := *b.event.Window
	if w.Start.IsZero() {
		w.Start = b.first.Truncate(time.Minute)
	}
	if w.End.IsZero() {
		w.End = w.Start.Add(time.Minute)
	}
	if w.State == nil {
		w.State = []byte("{}")
	}
	w.ShardID = cmp.Or(w.ShardID, b.rec.ShardID)
	w.EventSourceARN = cmp.Or(w.EventSourceARN, b.rec.EventSourceARN)
	return &w
}
