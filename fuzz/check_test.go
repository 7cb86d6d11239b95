package fuzz

import (
	"bytes"
	"fmt"
	"strings"

	"example.com/sluice/internal/lab"
)

// This file holds the decoder's two readers to each other.

// checker reads pairs in three ways and compares what comes of them.
type checker struct {
	hot, fresh, strict outcome
	process            lab.Lab // in which hot was read
}

// differs returns what is wrong with a pair, "" if nothing is: the event must
// give the same behind the events of the pair as it gives in a new process, and
// as it gives without templates.
func (c *checker) differs(p *pair) string {
	c.fresh.read(&p.last, lab.New(false))
	c.strict.read(&p.last, lab.New(true))
	c.process = lab.New(false)
	for i := range p.warm {
		c.hot.read(&p.warm[i], c.process)
	}
	c.hot.read(&p.last, c.process)
	if !bytes.Equal(c.fresh.text, c.strict.text) {
		return "the template reader gives something else than the strict reader"
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
	return fmt.Sprintf("go test fuzz v1\n[]byte(%q)\nuint16(%d)\n[]byte(%q)\nuint16(%d)\n", before.event,
		before.packed(), p.last.event, p.last.packed())
}

// report tells people about a pair with a difference.
func (p *pair) report() string {
	var b strings.Builder
	for i := range p.warm {
		fmt.Fprintf(&b, "before: %s\n", &p.warm[i])
	}
	fmt.Fprintf(&b, "event:  %s\n", &p.last)
	fmt.Fprintf(&b, "in a new process:\n%s", described(&p.last, lab.New(false)))
	fmt.Fprintf(&b, "without templates:\n%s", described(&p.last, lab.New(true)))
	process := lab.New(false)
	for i := range p.warm {
		described(&p.warm[i], process)
	}
	fmt.Fprintf(&b, "behind the events before:\n%s", described(&p.last, process))
	if len(p.warm) < 2 {
		fmt.Fprintf(&b, "as a file for testdata/fuzz/FuzzRaw:\n%s", p.corpus())
	}
	return b.String()
}

func (s *shot) String() string {
	return fmt.Sprintf("%s, stop %d, MaxData %d, MaxRecords %d, Detach %t\n  %q", s.via, s.stop, s.MaxData,
		s.MaxRecords, s.Detach, s.event)
}
