package router

import (
	"context"

	"example.com/sluice/decoder"
)

// Each gets one record at a time, in order, while the event is still being read. The record is valid until Each
// returns; [decoder.Record.Clone] keeps it.
type Each func(ctx context.Context, rec *decoder.Record) error

func (h Each) mustBeWrappedInEachBatchOrPartition() bool { return h == nil }

func (h Each) run(i *invocation) error {
	return i.each(i.hooked(h))
}

// each reads the event record by record and stops at the first that does not get done.
func (i *invocation) each(h Each) error {
	hands := i.hands()
	var again map[string]bool // the keys that have had a record handled, where any is to be recognised
	if i.memory != nil && !i.memory.empty() {
		again = make(map[string]bool)
	}
	last := nowhere
	aggregate := -1 // the index of the one that is being read
	for rec, flaw := range i.decoder.RecordsWindow(i.event, &i.window) {
		if rec == nil {
			hands.release()
			if i.readInPart(flaw, last) {
				return nil
			}
			return flaw
		}
		last = positionOf(rec)
		i.tally.read(rec, flaw)
		i.tally.decoded()
		if rec.Index != aggregate {
			aggregate, i.behind = rec.Index, i.behind[:0]
		}
		i.notDone = positionOf(rec)
		if !(again != nil && rec.Aggregated && !again[string(rec.PartitionKey)] && i.recognised(rec)) {
			if again != nil {
				again[string(rec.PartitionKey)] = true
			}
			if !i.mayStart(i.notDone) || !i.eachOne(h, hands, rec, flaw) {
				i.tally.handled()
				hands.release()
				return nil
			}
			i.cleared(rec)
		}
		if i.memory != nil && rec.Aggregated {
			i.noteDone(rec)
		}
		i.notDone = beyond
		i.tally.handled()
	}
	i.tally.decoded()
	hands.release()
	return nil
}

// eachOne hands a record to h, or to WithOnBad, and reports whether it is done.
func (i *invocation) eachOne(h Each, hands *hands, rec *decoder.Record, flaw error) bool {
	if flaw != nil {
		return i.bad(hands, rec, flaw)
	}
	given := hands.give(rec)
	err := i.outside(rec, func() error { return h(i.ctx, given) })
	if err == nil {
		i.tally.Processed++
		return true
	}
	if r, ok := err.(*refusal); ok {
		return i.bad(hands, rec, undecodable(rec, r.err))
	}
	return i.one(hands, rec, nil, err)
}
