package router

import (
	"slices"

	"example.com/sluice/decoder"
)

// This file keeps records from being handled twice.

// WithRedeliveryMemory makes the router remember so many records that are done but lie behind the checkpoint, so that they are not handled twice when
// Lambda delivers them again. Below 1 nothing is remembered, which is the default.
//
// Behind a checkpoint there are done records where keys are handled side by side ([Partition], [TypedPartition]), and in all shapes inside an
// aggregate whose first user records are done: it comes again as a whole. [ByTime] and [Tumbling], whose calls are about all
// records of a window at once, get every record again; there the option does nothing. Nor does it where the whole invocation fails, by [Fail],
// with [WithWholeBatch], or in a window.
//
// It is best effort: the memory is this process's, and Lambda may deliver to another, which handles the records again. So it saves work, and
// handlers must be idempotent all the same. It loses nothing: a record is passed over only if it was done here, and stream, shard, sequence
// number, subsequence number, partition key and data are all the same. It keeps the order: behind a record that is handled, none of its key is
// passed over. What is recognised is forgotten, unless it lies behind a checkpoint again.
// A record that the event holds twice is not recognised. [Stats] counts what is (Redelivered).
func WithRedeliveryMemory(records int) Option {
	return func(c *config) { c.remember = records }
}

// recognise takes the records from the work that are known to be done.
func (i *invocation) recognise(g *grouping) {
	if i.memory == nil {
		return
	}
	i.remembering = true
	if i.memory.empty() {
		return
	}
	occurs := make(map[string]int)
	for _, e := range g.order {
		if i.isKnown(g.record(e)) {
			occurs[string(i.identity)]++
		}
	}
	if len(occurs) == 0 {
		return
	}
	again := make(map[string]bool) // the keys that have a record to be handled
	left := g.order[:0]
	for _, e := range g.order {
		rec := g.record(e)
		if again[string(rec.PartitionKey)] || !i.isKnown(rec) || occurs[string(i.identity)] > 1 || !i.recognised(rec) {
			again[string(rec.PartitionKey)] = true
			left = append(left, e)
			continue
		}
		g.known = append(g.known, e)
	}
	g.order = left
}

// isKnown is whether there is a memory of the record's identity, which it leaves in i.identity.
func (i *invocation) isKnown(rec *decoder.Record) bool {
	if i.identity = appendIdentity(i.identity[:0], rec); len(i.identity) == 0 {
		return false
	}
	_, known := i.memory.get(i.identity)
	return known
}

// recognised is whether the record is known to be done. If so, it is forgotten and counted.
func (i *invocation) recognised(rec *decoder.Record) bool {
	i.identity = appendIdentity(i.identity[:0], rec)
	if len(i.identity) == 0 {
		return false
	}
	if d, known := i.memory.get(i.identity); !known || d != digest(rec) {
		return false
	}
	i.memory.forget(i.identity)
	i.tally.Redelivered++
	return true
}

// doneBehind notes which records are done although they come again with the one that is not.
func (i *invocation) doneBehind(g *grouping) {
	if !i.remembering || !g.grouped || i.notDone == beyond {
		return
	}
	left := make(map[entry]bool)
	for n := range g.groups {
		for _, e := range g.groups[n].left {
			left[e] = true
		}
	}
	occurs := make(map[string]int)
	all := slices.Concat(g.order, g.known)
	for _, e := range all {
		i.identity = appendIdentity(i.identity[:0], g.record(e))
		occurs[string(i.identity)]++
	}
	for _, e := range all {
		rec := g.record(e)
		i.identity = appendIdentity(i.identity[:0], rec)
		if !left[e] && rec.Index >= i.notDone.index() && occurs[string(i.identity)] == 1 { //mutant:what-is-not-done-is-remembered-as-done
			i.noteDone(rec)
		}
	}
}

// doneRecord is a record that is to be remembered.
type doneRecord struct {
	identity string
	digest   uint64
}

func (i *invocation) noteDone(rec *decoder.Record) {
	if id := appendIdentity(nil, rec); len(id) > 0 {
		i.behind = append(i.behind, doneRecord{string(id), digest(rec)})
	}
}

// rememberDone remembers what is done behind the checkpoint that is answered. The last come first, so that of a key those are forgotten
// first that come last.
func (i *invocation) rememberDone() {
	for _, d := range slices.Backward(i.behind) {
		i.memory.put([]byte(d.identity), d.digest)
	}
}
