package routertest

import (
	"cmp"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"example.com/sluice/decoder"
)

// builder makes the records of an event one after the other, in memory that it
// uses again for each.
type builder struct {
	event  Event
	rec    decoder.Record // the record that next has made
	made   int
	first  time.Time // arrival of the first record
	short  bool      // First has too few digits for gaps of 2^80
	keys   []int32   // the number of each record's key; nil where Key makes them
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

// deal gives each record its key: as from a shuffled deck in which each key is
// as often as the others.
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
	// A generator of its own, so that an event has the same numbers and times
	// with Key and without.
	shuffle := rand.NewPCG(b.event.Seed, math.MaxUint64)
	for i := n - 1; i > 0; i-- {
		j := below(shuffle, uint64(i)+1)
		b.keys[i], b.keys[j] = b.keys[j], b.keys[i]
	}
}

// next makes the next record, and reports false behind the last one.
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
	if rec.Data == nil {
		rec.Data = []byte{} // as the decoder has it
	}
	return true
}

// advance takes the sequence number and the arrival on to those of the next
// record.
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

// appendWindow appends the members of the tumbling window, with defaults for
// what is empty.
func (b *builder) appendWindow(dst []byte) []byte {
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
	return appendWindow(dst, &w)
}

// appendWindow appends the members of a tumbling window.
func appendWindow(dst []byte, w *decoder.Window) []byte {
	dst = append(dst, `,"window":{"start":"`...)
	dst = w.Start.UTC().AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, `","end":"`...)
	dst = w.End.UTC().AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, `"},"state":`...)
	dst = append(dst, w.State...)
	dst = append(dst, `,"shardId":`...)
	dst = appendString(dst, w.ShardID)
	dst = append(dst, `,"eventSourceARN":`...)
	dst = appendString(dst, w.EventSourceARN)
	dst = append(dst, `,"isFinalInvokeForWindow":`...)
	dst = strconv.AppendBool(dst, w.IsFinalInvokeForWindow)
	dst = append(dst, `,"isWindowTerminatedEarly":`...)
	return strconv.AppendBool(dst, w.IsWindowTerminatedEarly)
}

// appendKey appends the n-th partition key.
func appendKey(dst []byte, n int) []byte {
	dst = append(dst, "user-"...)
	for limit := 100_000; limit > max(n, 1); limit /= 10 {
		dst = append(dst, '0')
	}
	return strconv.AppendInt(dst, int64(n), 10)
}

// addDecimal adds n, with so many zeros behind it, to a decimal number that has
// at least as many digits, in place if there is room for a carry.
func addDecimal(digits []byte, n uint64, zeros int) []byte {
	for i := len(digits) - 1 - zeros; n > 0; i-- {
		if i < 0 {
			digits = slices.Insert(digits, 0, '0')
			i = 0
		}
		n += uint64(digits[i] - '0')
		digits[i] = '0' + byte(n%10)
		n /= 10
	}
	return digits
}

// below returns a pseudo-random number from 0 to n-1. It asks the generator
// itself, whose numbers are fixed; what package rand makes of them may change
// with its release.
func below(random *rand.PCG, n uint64) uint64 {
	high, _ := bits.Mul64(random.Uint64(), n)
	return high
}
