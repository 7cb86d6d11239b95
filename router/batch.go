package router

import (
	"context"

	"example.com/sluice/decoder"
)

// Batch gets the event's records in order, in slices of at most [WithBatchSize] records. A bad record ends the slice
// before it. The records are valid until Batch returns; [decoder.Record.Clone] keeps one.
type Batch func(ctx context.Context, recs []decoder.Record) error

func (h Batch) isNil() bool { return h == nil }

func (h Batch) run(ctx context.Context, i *invocation) error {
	return i.batch(func(b *decoder.Batch) error {
		i.inOrder(ctx, itemsOf(b), i.batchSize, func(recs []decoder.Record) int { return i.handOver(ctx, recs, h) })
		return nil
	})
}

// handOver gives recs to h and returns how many of the first are done.
func (i *invocation) handOver(ctx context.Context, recs []decoder.Record, h Batch) int {
	return i.slice(recs, func(from, to int) error {
		part := recs[from:to:to]
		return i.call(ctx, part, func(ctx context.Context) error { return h(ctx, part) })
	})
}

// items are records in their order: good ones, and bad ones with their flaws.
type items struct {
	good, bad []decoder.Record
	flaws     []*decoder.Error // of bad
}

func itemsOf(b *decoder.Batch) items { return items{b.Records(), b.Bad(), b.Failed()} }

// next returns the first items: either a slice of good records, size of them at most, or one bad record.
func (t *items) next(size int) (good []decoder.Record, bad *decoder.Record, flaw error) {
	n := min(size, len(t.good))
	if len(t.bad) > 0 {
		at := positionOf(&t.bad[0])
		for n > 0 && positionOf(&t.good[n-1]) > at {
			n--
		}
		if n == 0 {
			bad, flaw = &t.bad[0], t.flaws[0]
			t.bad, t.flaws = t.bad[1:], t.flaws[1:]
			return nil, bad, flaw
		}
	}
	good, t.good = t.good[:n:n], t.good[n:]
	return good, nil, nil
}

// first returns the item with the lowest position. There is one.
func (t *items) first() *decoder.Record {
	if len(t.bad) == 0 || len(t.good) > 0 && positionOf(&t.good[0]) < positionOf(&t.bad[0]) {
		return &t.good[0]
	}
	return &t.bad[0]
}

func (t *items) empty() bool { return len(t.good) == 0 && len(t.bad) == 0 }

// inOrder hands the items over one call at a time, and stops at the first record that does not get done. call returns how many
// records of its slice are done. It reports whether all are.
func (i *invocation) inOrder(ctx context.Context, t items, size int, call func([]decoder.Record) int) bool {
	for !t.empty() {
		good, bad, flaw := t.next(size)
		if bad != nil {
			if !i.mayStart(bad) || !i.bad(ctx, bad, flaw) {
				i.stop(bad)
				return false
			}
			continue
		}
		if done := call(good); done < len(good) {
			i.stop(&good[done])
			return false
		}
	}
	return true
}
