package router

import (
	"slices"

	"example.com/sluice/decoder"
)

// This file keeps records from being handled twice.

// WithRedeliveryMemory makes the router remember up to so many records that are
// done but come after the record that the answer names, so that they are not
// handled twice when Lambda delivers them again. With 0, as by default, nothing
// is remembered.
//
// There are such records where keys are handled side by side ([Partition],
// [TypedPartition]), and in all shapes inside an aggregate whose first user
// records are done: it comes again as a whole. [ByTime] and [Tumbling], whose
// calls are about all records of a window at once, get every record again;
// there the option does nothing. Nor does it where the whole invocation fails,
// by [Fail], with [WithWholeBatch], or in a window.
//
// It is best effort: the memory is this process's, and Lambda may deliver to
// another, which handles the records again. So it saves work, and handlers must
// be idempotent all the same. It loses nothing: a record is passed over only if
// it was done here, and stream, shard, sequence number, subsequence number,
// partition key and data are all the same. It keeps the order: once a record is
// handled, no later record of its key is passed over. A record that is
// recognised is then forgotten, unless it once more comes after the record that
// the answer names. A record that the event holds twice is not recognised.
// [Stats] counts what is (Redelivered).
func WithRedeliveryMemory(records int) Option {
	return func(c *config) { c.remember = records }
}

// recognise removes the records that are known to be done from the records to
// be handled.
func (inv *invocation) recognise(g *grouping) {
	if inv.memory == nil {
		return
	}
	inv.progress.rememberDone()
	if inv.memory.empty() {
		return
	}
	w := inv.newWorker(&g.records)
	defer w.buffer.release()
	occurs := make(map[string]int)
	for _, e := range g.order {
		if w.isKnown(g.record(e)) {
			occurs[string(w.buffer.identity)]++
		}
	}
	if len(occurs) == 0 {
		return
	}
	handled := make(map[string]bool) // the keys that have a record to be handled
	var todo, known []entry
	for _, e := range g.order {
		rec := g.record(e)
		if handled[string(rec.PartitionKey)] || !w.isKnown(rec) ||
			occurs[string(w.buffer.identity)] > 1 || !w.recognised(rec) {
			handled[string(rec.PartitionKey)] = true
			todo = append(todo, e)
			continue
		}
		known = append(known, e)
	}
	g.keep(todo)
	inv.progress.advance(0, known)
}

// isKnown reports whether the record's identity is remembered, and leaves it in
// the buffer.
func (w *worker) isKnown(rec *decoder.Record) bool {
	identity := w.buffer.identify(rec)
	if len(identity) == 0 {
		return false
	}
	_, known := w.memory.get(identity)
	return known
}

// recognised reports whether the record is known to be done. If so, it is
// forgotten and counted.
func (w *worker) recognised(rec *decoder.Record) bool {
	identity := w.buffer.identify(rec)
	if len(identity) == 0 {
		return false
	}
	if d, known := w.memory.get(identity); !known || d != digest(rec) {
		return false
	}
	w.memory.forget(identity)
	w.progress.redelivered()
	return true
}

// rememberDone remembers what is done behind the record that the answer names.
// It goes backward, so that the first records of a key to be forgotten are its
// last.
func (inv *invocation) rememberDone() {
	for _, d := range slices.Backward(inv.progress.behind) {
		inv.memory.put([]byte(d.identity), d.digest)
	}
}
