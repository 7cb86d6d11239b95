package fuzz

import (
	"bytes"
	"slices"
)

// This file makes a pair with a finding small, so that people can see what it
// is about.

// mostTries is how often a pair is read to make it smaller.
const mostTries = 50_000

type minimiser struct {
	checker
	kind  string // what the finding begins with: it is to stay the same one
	pair  *pair
	tries int
}

// minimised returns a small pair with the same finding as p, which it leaves as
// it is.
func (p *pair) minimised() *pair {
	m := minimiser{pair: p.clone()}
	if m.kind = kindOf(m.guarded(p, true)); m.kind == "" {
		return p
	}
	for size := -1; size != m.pair.size() && m.tries < mostTries; {
		size = m.pair.size()
		m.dropEvents()
		m.plainly()
		m.cutAll()
		for i := range len(m.pair.warm) + 1 {
			m.cut(i)
		}
	}
	return m.pair
}

func kindOf(finding string) string { return finding[:min(len(finding), 12)] }

func (p *pair) clone() *pair {
	c := *p
	c.warm = slices.Clone(c.warm)
	for i := range c.warm {
		c.warm[i].event = bytes.Clone(c.warm[i].event)
	}
	c.last.event = bytes.Clone(c.last.event)
	return &c
}

func (p *pair) size() int {
	n := len(p.last.event)
	for i := range p.warm {
		n += 1 + len(p.warm[i].event)
	}
	return n
}

// shot is the i-th event of a pair, the last one included.
func (p *pair) shot(i int) *shot {
	if i < len(p.warm) {
		return &p.warm[i]
	}
	return &p.last
}

// try takes a change over if the finding stays.
func (m *minimiser) try(change func(*pair)) bool {
	if m.tries++; m.tries > mostTries {
		return false
	}
	c := m.pair.clone()
	change(c)
	if kindOf(m.guarded(c, true)) != m.kind {
		return false
	}
	m.pair = c
	return true
}

func (m *minimiser) dropEvents() {
	for i := len(m.pair.warm) - 1; i >= 0; i-- {
		m.try(func(p *pair) { p.warm = slices.Delete(p.warm, i, i+1) })
	}
}

// plainly reads the events as plainly as it can.
func (m *minimiser) plainly() {
	for i := range len(m.pair.warm) + 1 {
		if m.try(func(p *pair) { p.shot(i).how = how{} }) {
			continue
		}
		m.try(func(p *pair) { p.shot(i).stop = 0 })
		m.try(func(p *pair) { p.shot(i).Detach = false })
		m.try(func(p *pair) { p.shot(i).MaxData = 0 })
		m.try(func(p *pair) { p.shot(i).MaxRecords = 0 })
		m.try(func(p *pair) { p.shot(i).via = viaRecords })
	}
}

// cut takes parts out of an event.
func (m *minimiser) cut(i int) {
	for n := len(m.pair.shot(i).event); n > 0; n /= 2 {
		for at := 0; at < len(m.pair.shot(i).event); {
			end := min(at+n, len(m.pair.shot(i).event))
			if !m.try(func(p *pair) { p.shot(i).event = slices.Delete(p.shot(i).event, at, end) }) {
				at = end
			}
		}
	}
}

// cutAll takes texts out of all events at once, since a template's text stands
// in all of them.
func (m *minimiser) cutAll() {
	for n := 256; n > 0; n /= 2 {
		for at := 0; at < len(m.pair.last.event); {
			text := m.pair.last.event[at:min(at+n, len(m.pair.last.event))]
			if !m.try(func(p *pair) {
				for i := range len(p.warm) + 1 {
					p.shot(i).event = bytes.ReplaceAll(p.shot(i).event, text, nil)
				}
			}) {
				at += n
			}
		}
	}
}
