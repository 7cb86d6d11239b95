package cwlogs

import "sync"

// state is what reading one record's data takes. States are pooled.
type state struct {
	plain  []byte // what gzip has given
	memory []byte // text that is escaped in the message
	event  Event

	last       *Envelope
	lastValues [len(envelopeMembers)]string
}

var states = sync.Pool{New: func() any { return new(state) }}

// maxPooled is how large memory may be to be kept.
const maxPooled = 16 << 20

// expire takes back what the log event has of the memory.
func (s *state) expire() {
	if poison {
		for i := range s.memory {
			s.memory[i] = '#'
		}
	}
	s.memory = s.memory[:0]
}

func (s *state) release() {
	s.expire()
	if poison {
		for i := range s.plain {
			s.plain[i] = '#'
		}
	}
	if cap(s.plain) > maxPooled {
		s.plain = nil
	}
	if cap(s.memory) > maxPooled {
		s.memory = nil
	}
	s.event = Event{}
	states.Put(s)
}
