package fuzz

import (
	"slices"

	"example.com/sluice/decoder"
)

// This file makes pairs: events that are decoded first, and the one whose
// outcome must not depend on them.

// via is which of the decoder's functions reads an event.
type via uint8

const (
	viaRecords via = iota
	viaBatch
	viaWalk
	viaSource
	viaWindow
	vias
)

func (v via) String() string {
	return [...]string{"Records", "Batch", "Walk", "Source", "Window"}[v]
}

// how is the way in which an event is read.
type how struct {
	via  via
	stop int // the loop breaks off behind so many records; 0: never
	decoder.Decoder
}

// packed is h as a number, and unpackedHow its reverse: a fuzzer's corpus knows
// no structures.
func (h how) packed() uint16 {
	n := uint16(h.via) | uint16(h.stop)<<3 | uint16(h.MaxData)<<6 | uint16(h.MaxRecords)<<11
	if h.Detach {
		n |= 1 << 14
	}
	return n
}

func unpackedHow(n uint16) how {
	return how{
		via: via(n&7) % vias, stop: int(n >> 3 & 7),
		Decoder: decoder.Decoder{MaxData: int(n >> 6 & 31), MaxRecords: int(n >> 11 & 7), Detach: n>>14&1 != 0},
	}
}

// shot is an event and how it is read.
type shot struct {
	event []byte
	how
}

// pair is events to be read first, in this order, and the one that matters.
type pair struct {
	warm []shot
	last shot
}

// maker makes pairs, one at a time, in memory that it reuses.
type maker struct {
	grammar
	pair pair
	bufs [][]byte
}

// make makes a pair by choices. It is valid until the next call.
func (m *maker) make(c choices) *pair {
	m.begin(c)
	m.pair.warm = m.pair.warm[:0]
	n := 1
	if m.chance(24) {
		n = 1 + m.below(4)
	}
	if m.chance(5) {
		n = 10
	}
	switch trap := m.octet(); {
	case trap > 246:
		m.trap()
		return &m.pair
	case trap > 244:
		m.deepTrap()
		return &m.pair
	}
	for i := range n {
		event := m.event(m.buf(i), true)
		if m.chance(10) {
			event = m.mangle(event)
		}
		if n > 1 && m.chance(128) { // the next one is of another template
			m.templates[0].make(&m.choices)
		}
		m.warm(i, event)
	}
	event := m.event(m.buf(n), false)
	if m.chance(46) {
		event = m.mangle(event)
	}
	m.bufs[n] = event[:0]
	m.pair.last = shot{event, m.how()}
	return &m.pair
}

// buf returns the memory for an event.
func (m *maker) buf(i int) []byte {
	for len(m.bufs) <= i {
		m.bufs = append(m.bufs, make([]byte, 0, 8<<10))
	}
	return m.bufs[i]
}

func (m *maker) warm(i int, event []byte) {
	m.bufs[i] = event[:0]
	w := how{stop: m.below(3) * m.below(2) * m.below(2)}
	if m.chance(32) {
		w = m.how()
	}
	m.pair.warm = append(m.pair.warm, shot{event, w})
}

// how chooses how an event is read.
func (m *maker) how() how {
	var h how
	switch n := m.octet(); {
	case n < 120:
		h.via = viaRecords
	case n < 190:
		h.via = viaBatch
	case n < 246:
		h.via = viaWalk
	case n < 252:
		h.via = viaSource
	default:
		h.via = viaWindow
	}
	h.Detach = m.chance(64)
	if m.chance(16) {
		h.MaxData = 1 + m.below(31)
	}
	if m.chance(8) {
		h.MaxRecords = 1 + m.below(6)
	}
	if m.chance(12) {
		h.stop = 1 + m.below(6)
	}
	return h
}

// trap makes a pair in which the length of a value, guessed from the event
// before, leads to the end of the same value of a later record: what follows
// there is as it should be, and only what stands between is not.
func (m *maker) trap() {
	t := &m.templates[0]
	if t.made = m.chance(200); t.made {
		t.lambdaMembers(m.origin())
		t.render(&m.choices, false, spacesNone, true)
	}
	m.trapping = true
	event := m.event(m.buf(1), true)
	h := slotKey + slot(m.below(3))
	m.force, m.forced = h, 8
	if n := len(m.spots); n > 1 {
		j := m.below(n - 1)
		k := j + 1 + m.below(n-1-j)
		from, to := m.spots[j][h].start, m.spots[k][h].end
		if m.forced = max(0, to-from-2); h == slotData && m.forced%4 != 0 && m.spots[k][slotKey].end > 0 {
			pad := 4 - m.forced%4
			event = slices.Insert(event, m.spots[k][slotKey].start+1, []byte("kkk"[:pad])...)
			m.forced += pad
		}
	}
	if m.chance(16) {
		event = m.mangle(event)
	}
	m.bufs[1] = event[:0]
	w := m.how()
	if m.chance(100) {
		w = how{via: viaSource}
	}
	m.pair.last = shot{event, w}
	m.warm(0, m.event(m.buf(0), true))
}

// deepTrap makes a pair with records that are nested just deep enough for one
// envelope, and too deep for another.
func (m *maker) deepTrap() {
	t := &m.templates[0]
	t.made = true
	t.lambdaMembers(m.origin())
	n := 298 - m.below(2)*m.below(3)
	t.insert(m.below(len(t.members)), member{name: "x", value: deepValue[deepMost-n : deepMost+n]})
	t.render(&m.choices, true, spacesNone, !m.chance(40))
	pipes := envelope{`[`, `,`, `]`}
	first, second := &pipes, &plainEnvelope
	if m.chance(40) {
		first, second = second, first
	}
	m.forcedEnvelope = first
	m.warm(0, m.event(m.buf(0), true))
	m.forcedEnvelope = second
	if m.chance(128) { // another template is the last one
		m.templates[0], m.templates[1] = m.templates[1], m.templates[0]
		m.warm(1, m.event(m.buf(1), true))
		m.templates[0], m.templates[1] = m.templates[1], m.templates[0]
	}
	event := m.event(m.buf(2), m.chance(128))
	m.bufs[2] = event[:0]
	m.pair.last = shot{event, m.how()}
}
