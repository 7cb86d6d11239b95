package decoder

import (
	"sync"

	"github.com/valyala/fastjson"

	"example.com/sluice/decoder/internal/memory"
	"example.com/sluice/internal/jsonscan"
	"example.com/sluice/internal/lane"
)

// state is all that reading one event takes. States are pooled; what is in one stays private to it.
type state struct {
	Decoder
	event []byte
	scan  jsonscan.Scanner

	// Where the walk is; see event.go.
	at      stage
	i       int  // offset of what comes next
	depth   int  // containers open around an element
	index   int  // of the next element
	seen    bool // whether the member Records was passed
	members outerMembers

	// What next has read.
	rec     Record
	bad     *Error // what is wrong with rec
	broken  *Error // what is wrong with the event, from here on
	atLimit bool   // whether that is a limit of the whole event, and what was read before stands
	issued  Record // rec as it was handed out, where poison is on

	start     int // of the element that was read last
	dataLimit int // bytes that data may have as base64 decodes it
	contents  contents

	skipData bool // leave Data empty
	batching bool // records must outlive each other

	shape       *shape // the last that a record had
	cold        int    // how little use shapes have been of late; see shaped
	met         met    // texts that may be worth a shape
	tries       int    // records since shapes were cold
	hits        int    // records of this event that went through the shape lane
	dataLen     int    // length of the last data's base64, for a guess
	second      second // that of the last arrival time, likewise
	ready       bool   // the next record's comma, and its text up to the key, were read with the last record
	generalOnly bool

	parser  fastjson.Parser
	scratch []byte // text that is rewritten for the parser
	fields  fields
	parsed  bool    // whether fields holds anything
	source  *Source // the last one, kept from event to event
	arena   memory.Arena
	batch   Batch
}

var states = sync.Pool{New: func() any { return &state{second: noSecond} }}

const (
	defaultMaxData    = 10 << 20
	defaultMaxRecords = 1 << 18
	defaultMaxBatch   = 256 << 20
)

func newState(d *Decoder, event []byte) *state {
	s := states.Get().(*state)
	s.Decoder = *d
	if s.MaxData <= 0 {
		s.MaxData = defaultMaxData
	}
	if s.MaxRecords <= 0 {
		s.MaxRecords = defaultMaxRecords
	}
	if s.MaxBatch <= 0 {
		s.MaxBatch = defaultMaxBatch
	}
	if memory.Scribble {
		event = append([]byte(nil), event...)
	}
	s.want()
	s.generalOnly = lane.GeneralOnly.Load()
	s.event, s.scan.B = event, event
	return s
}

// expire ends the lifetime of the record that the loop has just seen.
func (s *state) expire() {
	s.expireViews()
	if s.contents.open() {
		s.contents.mark = s.arena.Rewind(s.contents.mark)
		return
	}
	s.arena.Reset()
}

// expireViews overwrites, where poison is on, what the slices of the record that was handed out point to: the event's
// private copy, the arena, the parser's memory. They are taken from issued, since rec was the caller's to change.
func (s *state) expireViews() {
	if memory.Scribble {
		memory.Overwrite(s.issued.PartitionKey)
		memory.Overwrite(s.issued.SequenceNumber)
		memory.Overwrite(s.issued.Data)
		memory.Overwrite(s.issued.EventID)
		memory.Overwrite(s.issued.ExplicitHashKey)
		s.parser = fastjson.Parser{} // what is overwritten of its memory stays so
		if !s.batching {
			s.contents.decompressor.Forget() // likewise
		}
	}
}

// release gives the state back. What it has handed out is no longer valid.
func (s *state) release() {
	if lane.Read != nil {
		lane.Read(s.hits)
	}
	s.hits, s.ready = 0, false //mutant:ready-stays-from-event-to-event
	if memory.Scribble {
		s.expireViews()
		memory.Overwrite(s.event)
		s.issued = Record{}
	}
	s.contents.release()
	s.arena.Reset()
	if s.batching {
		s.batch.reset()
	}
	if cap(s.scratch) > memory.MaxPooled {
		s.scratch = nil
	}
	if len(s.event) > memory.MaxPooled {
		s.parser = fastjson.Parser{} // it may have grown with the event
	}
	s.scan.Shed(memory.MaxPooled)
	s.scan.B = nil
	s.event = nil
	s.at, s.i, s.depth, s.index, s.seen = before, 0, 0, 0, false
	s.members = outerMembers{}
	s.rec = Record{}
	s.bad, s.broken, s.atLimit = nil, nil, false
	s.skipData, s.batching = false, false
	if s.parsed {
		s.fields, s.parsed = fields{}, false
	}
	states.Put(s)
}
