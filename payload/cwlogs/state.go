package cwlogs

import "sync"

// state is the memory for reading the data of a record. States are pooled
// together with their last envelope, since the next one is mostly the same.
type state struct {
	plain  []byte // decompressed data
	memory []byte // unescaped text of the current log event
	event  Event

	last       *Envelope
	lastValues [len(envelopeMembers)]string // the JSON that last was read from
}

var states = sync.Pool{New: func() any { return new(state) }}

// maxPooled is the size in bytes above which memory is not kept.
const maxPooled = 16 << 20

// expire ends the life of the views of the current log event.
func (s *state) expire() {
	overwrite(s.memory)
	s.memory = s.memory[:0]
}

func overwrite(released []byte) {
	for i := 0; scribble && i < len(released); i++ {
		released[i] = '#'
	}
}

func (s *state) release() {
	s.expire()
	overwrite(s.plain)
	if cap(s.plain) > maxPooled {
		s.plain = nil
	}
	if cap(s.memory) > maxPooled {
		s.memory = nil
	}
	s.event = Event{}
	states.Put(s)
}
