package fuzz

import (
	"bytes"
	"fmt"
	"strings"

	"example.com/sluice/internal/lane"
)

// This file holds the lanes to each other.

// checker reads pairs in three ways and compares what comes of them.
type checker struct {
	hot, fresh, general outcome
}

// differs returns what is wrong with a pair, "" if nothing is: the event must give the same behind the events of the pair as it
// gives in a new process, and as it gives without the shape lane.
func (c *checker) differs(p *pair) string {
	lane.Forget()
	c.fresh.read(&p.last)
	lane.GeneralOnly.Store(true)
	c.general.read(&p.last)
	lane.GeneralOnly.Store(false)
	lane.Forget()
	for i := range p.warm {
		c.hot.read(&p.warm[i])
	}
	c.hot.read(&p.last)
	if !bytes.Equal(c.fresh.text, c.general.text) {
		return "the shape lane gives something else than the general lane"
	}
	if !bytes.Equal(c.hot.text, c.fresh.text) {
		return "what was read before changes what an event gives"
	}
	return ""
}

// corpus is a pair as FuzzRaw has it in its corpus.
func (p *pair) corpus() string {
	before := shot{}
	if len(p.warm) > 0 {
		before = p.warm[len(p.warm)-1]
	}
	return fmt.Sprintf("go test fuzz v1\n[]byte(%q)\nuint16(%d)\n[]byte(%q)\nuint16(%d)\n", before.event, before.packed(), p.last.event, p.last.packed())
}

// report tells people about a pair with a difference.
func (p *pair) report() string {
	var b strings.Builder
	for i := range p.warm {
		fmt.Fprintf(&b, "before: %s\n", &p.warm[i])
	}
	fmt.Fprintf(&b, "event:  %s\n", &p.last)
	lane.Forget()
	fmt.Fprintf(&b, "in a new process:\n%s", described(&p.last))
	lane.GeneralOnly.Store(true)
	fmt.Fprintf(&b, "without the shape lane:\n%s", described(&p.last))
	lane.GeneralOnly.Store(false)
	lane.Forget()
	for i := range p.warm {
		described(&p.warm[i])
	}
	fmt.Fprintf(&b, "behind the events before:\n%s", described(&p.last))
	if len(p.warm) < 2 {
		fmt.Fprintf(&b, "as a file for testdata/fuzz/FuzzRaw:\n%s", p.corpus())
	}
	return b.String()
}

func (s *shot) String() string {
	return fmt.Sprintf("%s, stop %d, MaxData %d, MaxRecords %d, Detach %t\n  %q", s.via, s.stop, s.MaxData, s.MaxRecords, s.Detach, s.event)
}
