package fuzz

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
	"unsafe"

	"example.com/sluice/decoder"
	"example.com/sluice/internal/lab"
)

// This file reads an event and writes down all that comes of it, in a form of
// which two are equal exactly when nothing differs: as bytes, since a campaign
// compares millions of them.

// outcome is what reading an event has given.
type outcome struct {
	text    []byte
	source  *decoder.Source // of the record before
	event   []byte          // if records are detached from it
	matched int             // records that matched a template; no part of what is compared
}

const (
	tagRecord byte = iota
	tagBad
	tagBroken
	tagWindow
	tagSource
	tagBatch
	tagSame
)

// in returns the shot for the decoder of a process.
func (s *shot) in(process lab.Lab) *shot {
	bound := *s
	process.Use(&bound.Decoder)
	return &bound
}

// read reads the event of a shot anew.
func (o *outcome) read(s *shot, process lab.Lab) {
	o.text, o.source, o.event = o.text[:0], nil, nil
	s = s.in(process)
	if s.Detach {
		o.event = s.event
	}
	switch s.via {
	case viaRecords:
		o.loop(s)
	case viaWalk:
		o.walk(s)
	case viaBatch:
		o.batch(s)
	case viaSource:
		src, err := s.Source(s.event)
		o.noteSource(src)
		o.broken(err)
	case viaWindow:
		w, err := s.Window(s.event)
		o.window(w)
		o.broken(err)
	}
	o.matched = process.Matched()
}

func (o *outcome) walk(s *shot) {
	n := 0
	w, err := s.Walk(s.event, func(rec *decoder.Record, err error) bool {
		o.record(rec)
		o.bad(err)
		n++
		return n != s.stop
	})
	o.broken(err)
	o.window(w)
}

func (o *outcome) loop(s *shot) {
	n := 0
	for rec, err := range s.Records(s.event) {
		if rec == nil {
			o.broken(err)
			continue
		}
		o.record(rec)
		o.bad(err)
		if n++; n == s.stop {
			break
		}
	}
}

func (o *outcome) batch(s *shot) {
	called := 0
	err := s.Batch(s.event, func(b *decoder.Batch) error {
		called++
		for _, rec := range b.Records() {
			o.record(&rec)
		}
		o.text = append(o.text, tagBatch)
		bad := b.Bad()
		for i, err := range b.Failed() {
			o.record(&bad[i])
			o.bad(err)
		}
		o.window(b.Window())
		return nil
	})
	o.broken(err)
	o.text = append(o.text, byte(called))
}

func (o *outcome) number(n int64) { o.text = binary.LittleEndian.AppendUint64(o.text, uint64(n)) }

// bytes writes b down. Absent is not empty: a slice is nil exactly where the
// member is absent.
func (o *outcome) bytes(b []byte) {
	n := uint32(len(b)) + 1
	if b == nil {
		n = 0
	}
	o.text = binary.LittleEndian.AppendUint32(o.text, n)
	o.text = append(o.text, b...)
}

// detached panics if b is a view of an event of which no views are to be.
func (o *outcome) detached(b []byte) {
	if len(b) == 0 || len(o.event) == 0 {
		return
	}
	at, start := uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(&o.event[0]))
	if at >= start && at < start+uintptr(len(o.event)) {
		panic(fmt.Sprintf("a detached record is a view of the event: %q", b))
	}
}

func (o *outcome) str(s string) {
	o.text = binary.LittleEndian.AppendUint32(o.text, uint32(len(s)))
	o.text = append(o.text, s...)
}

func (o *outcome) time(t time.Time) {
	o.number(t.Unix())
	o.text = binary.LittleEndian.AppendUint32(o.text, uint32(t.Nanosecond()))
	utc := byte(0)
	if t.Location() == time.UTC {
		utc = 1
	}
	o.text = append(o.text, utc)
}

func (o *outcome) record(r *decoder.Record) {
	o.detached(r.PartitionKey)
	o.detached(r.SequenceNumber)
	o.detached(r.Data)
	o.detached(r.EventID)
	o.text = append(o.text, tagRecord)
	o.number(int64(r.Index))
	o.bytes(r.PartitionKey)
	o.bytes(r.SequenceNumber)
	o.bytes(r.Data)
	o.bytes(r.EventID)
	o.time(r.ApproximateArrivalTimestamp)
	o.noteSource(r.Source)
}

// noteSource writes down what a source says, not which one it is. One that says
// the same as that of the record before is so noted.
func (o *outcome) noteSource(src *decoder.Source) {
	if src == nil {
		o.text = append(o.text, 0)
		return
	}
	if o.source != nil && (src == o.source || *src == *o.source) {
		o.text = append(o.text, tagSame)
		return
	}
	o.source = src
	o.text = append(o.text, tagSource)
	for _, s := range [...]string{
		src.KinesisSchemaVersion, src.EncryptionType, src.EventSource, src.EventVersion, src.EventName,
		src.EventSourceARN,
		src.InvokeIdentityARN, src.AWSRegion, src.ShardID, src.StreamName,
	} {
		o.str(s)
	}
}

func (o *outcome) bad(err error)    { o.err(tagBad, err) }
func (o *outcome) broken(err error) { o.err(tagBroken, err) }

func (o *outcome) err(tag byte, err error) {
	if err == nil {
		return
	}
	o.text = append(o.text, tag)
	var e *decoder.Error
	if !errors.As(err, &e) || e == nil {
		panic(fmt.Sprintf("not an *Error: %T", err))
	}
	o.number(int64(e.Index))
	o.str(e.SequenceNumber)
	o.str(e.Field)
	o.number(e.Offset)
	o.str(e.Err.Error())
}

func (o *outcome) window(w *decoder.Window) {
	o.text = append(o.text, tagWindow)
	if w == nil {
		o.text = append(o.text, 0)
		return
	}
	o.text = append(o.text, 1)
	o.time(w.Start)
	o.time(w.End)
	o.bytes(w.State)
	o.str(w.ShardID)
	o.str(w.EventSourceARN)
	o.text = append(o.text, b2i(w.IsFinalInvokeForWindow), b2i(w.IsWindowTerminatedEarly))
}

func b2i(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// described is what a shot gives, for people. It stands beside outcome because
// what is quick to compare is hard to read.
func described(s *shot, process lab.Lab) (text string) {
	var b strings.Builder
	defer func() {
		if r := recover(); r != nil {
			text = fmt.Sprintf("%s  panic: %v\n", &b, r)
		}
	}()
	record := func(r *decoder.Record, err error) {
		if r != nil {
			fmt.Fprintf(&b, "  record %d: key %q sequence %q id %q time %s data %q, absent: %t\n    source %+v\n",
				r.Index, r.PartitionKey,
				r.SequenceNumber, r.EventID, r.ApproximateArrivalTimestamp.Format(time.RFC3339Nano), r.Data,
				r.Data == nil, *r.Source)
		}
		if err != nil {
			fmt.Fprintf(&b, "    error %q\n", err.Error())
		}
	}
	window := func(w *decoder.Window) {
		if w != nil {
			fmt.Fprintf(&b, "  window %+v\n", *w)
		}
	}
	s = s.in(process)
	n := 0
	next := func(rec *decoder.Record, err error) bool {
		record(rec, err)
		n++
		return n != s.stop
	}
	switch s.via {
	case viaRecords:
		s.Records(s.event)(next)
	case viaWalk:
		w, err := s.Walk(s.event, next)
		record(nil, err)
		window(w)
	case viaBatch:
		record(nil, s.Batch(s.event, func(bt *decoder.Batch) error {
			for _, r := range bt.Records() {
				record(&r, nil)
			}
			for i, err := range bt.Failed() {
				record(&bt.Bad()[i], err)
			}
			window(bt.Window())
			return nil
		}))
	case viaSource:
		src, err := s.Source(s.event)
		fmt.Fprintf(&b, "  source %+v\n", src)
		record(nil, err)
	case viaWindow:
		w, err := s.Window(s.event)
		window(w)
		record(nil, err)
	}
	fmt.Fprintf(&b, "  matched a template: %d\n", process.Matched())
	return b.String()
}
