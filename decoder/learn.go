package decoder

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"

	"example.com/sluice/internal/jsonscan"
)

// templateCache holds the templates that were learned, newest first, at most
// maxTemplates. A list is replaced and never changed, so readers need no lock.
type templateCache struct {
	list atomic.Pointer[[]*template]
	lock sync.Mutex // held while the list is replaced
}

const (
	maxTemplates    = 8
	maxTemplateText = 4 << 10 // literal text of one
)

func (c *templateCache) all() []*template {
	if list := c.list.Load(); list != nil {
		return *list
	}
	return nil
}

// add adds a template unless the cache has an equal one, and returns the one in
// the cache. last, which the caller used last, moves up right behind it.
func (c *templateCache) add(t, last *template) *template {
	c.lock.Lock()
	defer c.lock.Unlock()
	known := c.all()
	for _, other := range known {
		if other.depth == t.depth && slices.Equal(other.segments, t.segments) {
			return other
		}
	}
	list := append(make([]*template, 0, maxTemplates+2), t)
	if slices.Contains(known, last) {
		list = append(list, last)
	}
	for _, other := range known {
		if other != last {
			list = append(list, other)
		}
	}
	list = list[:min(len(list), maxTemplates)]
	c.list.Store(&list)
	return t
}

// learn learns the template of a good record that the strict reader has read.
// As long as nothing that it learns is useful, it learns less and less often.
func (t *templateReader) learn(b []byte, record span, source *Source, depth int) {
	if t.misses < mostMisses {
		t.misses++
	}
	if t.misses&(t.misses-1) != 0 || t.misses == mostMisses && t.tries%128 != 0 {
		return
	}
	slots, prefix := findSlots(b, record)
	if slots == nil || len(t.cache.all()) == maxTemplates && !t.rejects.has(b, record, slots) {
		return
	}
	if learned := newTemplate(b, record, slots); learned != nil {
		learned.source, learned.prefix, learned.depth = source, prefix, depth
		t.last = t.cache.add(learned, t.last)
	}
}

// recentRejects holds hashes of the last few texts that were not learned. While
// the cache is full, a text is learned only the second time it is seen;
// otherwise a few odd records would push out the template that all the others
// match.
type recentRejects struct {
	hashes [8]uint64
	next   int
}

var rejectsSeed = maphash.MakeSeed()

// has reports whether the text between the slots was rejected before, and notes
// it if not.
func (r *recentRejects) has(b []byte, record span, slots []found) bool {
	var h maphash.Hash
	h.SetSeed(rejectsSeed)
	at := record.Start
	for _, slot := range slots {
		h.Write(b[at:slot.Start])
		at = slot.End
	}
	sum := h.Sum64()
	if slices.Contains(r.hashes[:], sum) {
		return true
	}
	r.hashes[r.next%len(r.hashes)] = sum
	r.next++
	return false
}

// found is a slot and its place in the event.
type found struct {
	span
	slot slot
}

// findSlots returns the slots of a record in order and the prefix of its event
// id, or nil if a record like it could not match.
func findSlots(b []byte, record span) (slots []found, prefix string) {
	var p places
	p.find(b, record.Start)
	if p.odd { //mutant:twins-and-escaped-names-teach
		return nil, ""
	}
	slots = make([]found, 0, slotEnd+1)
	inside := func(f field, s slot) bool {
		at := p.get(f)
		if b[at.Start] != '"' || bytes.IndexByte(at.Of(b), '\\') >= 0 {
			// Similar records will have a backslash there too, and would not
			// match.
			return false
		}
		//mutant:a-value-is-searched-for-not-taken-from-the-scan
		slots = append(slots, found{jsonscan.Between(at.Start+1, at.End-1), s})
		return true
	}
	if !inside(fieldPartitionKey, slotKey) || !inside(fieldSequenceNumber, slotSequence) ||
		!inside(fieldData, slotData) {
		return nil, ""
	}
	if at := p.get(fieldArrival); !at.Absent() {
		if b[at.Start] == '"' {
			return nil, ""
		}
		slots = append(slots, found{at, slotTime})
	}
	if at := p.get(fieldEventID); !at.Absent() {
		sequence := slots[1].Of(b)
		id := b[at.Start+1 : at.End-1]
		shard, rest, colon := bytes.Cut(id, []byte{':'})
		//mutant:a-shard-with-an-escape-teaches
		if !colon || !bytes.Equal(rest, sequence) || bytes.IndexByte(id, '\\') >= 0 {
			return nil, ""
		}
		prefix = string(id[:len(shard)+1])
		slots = append(slots, found{jsonscan.Between(at.Start+1+len(prefix), at.End-1), slotEventID})
	}
	slices.SortFunc(slots, func(a, b found) int { return cmp.Compare(a.Start, b.Start) })
	return append(slots, found{jsonscan.Between(record.End, record.End), slotEnd}), prefix
}

// newTemplate returns the template with these slots, or nil if it would have
// too much text.
func newTemplate(b []byte, record span, slots []found) *template {
	t := &template{segments: make([]segment, 0, len(slots))}
	size, at := 0, record.Start
	for _, s := range slots {
		t.segments = append(t.segments, segment{string(b[at:s.Start]), s.slot})
		size += s.Start - at
		at = s.End
	}
	if size > maxTemplateText {
		return nil
	}
	t.lambda = lambdaLayoutOf(t.segments)
	return t
}
