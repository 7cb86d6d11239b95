package fuzz

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/internal/lab"
)

// This file holds what the decoder says about an event to the oracle.

// contradicts returns where the decoder of a process contradicts the oracle
// about an event, "" if nowhere.
func contradicts(s *shot, process lab.Lab) string {
	before := slices.Clone(s.event)
	v := judge(s)
	said := ""
	s = s.in(process)
	switch s.via {
	case viaRecords, viaWalk:
		said = v.aboutLoop(s)
	case viaBatch:
		said = v.aboutBatch(s)
	case viaSource:
		said = v.aboutSource(s)
	case viaWindow:
		w, err := s.Window(s.event)
		want, flaws := v.window()
		said = v.aboutEnd(err, len(v.ends) == 0, flaws)
		if said == "" && err == nil {
			said = aboutWindow(w, want)
		}
	}
	if said == "" && s.stop == 0 {
		said = v.aboutMatched(process.Matched())
	}
	if said != "" {
		return "the oracle says otherwise: " + said
	}
	if !bytes.Equal(before, s.event) {
		return "the event was written to"
	}
	return ""
}

// aboutMatched finds that more records matched a template than can have one.
func (v *verdict) aboutMatched(matched int) string {
	able := 0
	for i := range v.records {
		if !v.records[i].unlearned && len(v.records[i].flaws) == 0 {
			able++
		}
	}
	if matched > able {
		return fmt.Sprintf("%d records can have a template, not %d", able, matched)
	}
	return ""
}

func (v *verdict) aboutLoop(s *shot) string {
	n, said := 0, ""
	var broken error
	next := func(rec *decoder.Record, err error) bool {
		if rec == nil {
			broken = err
			return true
		}
		if n == len(v.records) || broken != nil {
			said = fmt.Sprintf("no record %d", n)
		} else {
			said = v.about(rec, err, n)
		}
		n++
		return said == "" && n != s.stop
	}
	var w *decoder.Window
	if s.via == viaWalk {
		w, broken = s.Walk(s.event, next)
	} else {
		s.Records(s.event)(next)
	}
	if said != "" || n == s.stop && n > 0 {
		return said
	}
	if n != len(v.records) {
		return fmt.Sprintf("%d records, not %d", len(v.records), n)
	}
	var want *decoder.Window
	var flaws []flaw
	if s.via == viaWalk {
		want, flaws = v.window()
	}
	if said := v.aboutEnd(broken, len(v.ends) == 0, flaws); said != "" || broken != nil {
		return said
	}
	return aboutWindow(w, want)
}

func (v *verdict) aboutBatch(s *shot) string {
	said, called := "", 0
	err := s.Batch(s.event, func(b *decoder.Batch) error {
		called++
		said = v.aboutRecords(b)
		return nil
	})
	want, flaws := v.window()
	if said != "" {
		return said
	}
	if said := v.aboutEnd(err, len(v.ends) == 0, flaws); said != "" {
		return said
	}
	if (err == nil) != (called == 1) || called > 1 {
		return fmt.Sprintf("the function was called %d times, with the error %v", called, err)
	}
	_ = s.Batch(s.event, func(b *decoder.Batch) error {
		said = aboutWindow(b.Window(), want)
		return nil
	})
	return said
}

func (v *verdict) aboutRecords(b *decoder.Batch) string {
	records, bad, failed := b.Records(), b.Bad(), b.Failed()
	if len(bad) != len(failed) || len(bad)+len(records) != len(v.records) {
		return fmt.Sprintf("%d records, not %d good and %d, %d bad ones", len(v.records), len(records), len(bad),
			len(failed))
	}
	for n := range v.records {
		var said string
		if len(v.records[n].flaws) > 0 {
			if len(bad) == 0 {
				return fmt.Sprintf("record %d is bad", n)
			}
			said = v.about(&bad[0], failed[0], n)
			bad, failed = bad[1:], failed[1:]
		} else {
			if len(records) == 0 {
				return fmt.Sprintf("record %d is good", n)
			}
			said = v.about(&records[0], nil, n)
			records = records[1:]
		}
		if said != "" {
			return said
		}
	}
	return ""
}

func (v *verdict) aboutSource(s *shot) string {
	src, err := s.Source(s.event)
	if len(v.records) > 0 {
		if err != nil || *src != v.records[0].source {
			return fmt.Sprintf("source %+v, not %+v, %v", v.records[0].source, src, err)
		}
		return ""
	}
	want, flaws := v.window()
	if said := v.aboutEnd(err, len(v.ends) == 0, flaws); said != "" || err != nil {
		return said
	}
	var source decoder.Source
	if want != nil {
		source.EventSourceARN, source.ShardID, source.StreamName = want.EventSourceARN, want.ShardID,
			streamOf(want.EventSourceARN)
	}
	if *src != source {
		return fmt.Sprintf("source %+v, not %+v", source, *src)
	}
	return ""
}

// about compares record n, and what the decoder says is wrong with it.
func (v *verdict) about(rec *decoder.Record, err error, n int) string {
	e := &v.records[n]
	for _, f := range []struct {
		name      string
		got, want []byte
	}{
		{"key", rec.PartitionKey, e.key},
		{"sequence number", rec.SequenceNumber, e.sequence},
		{"data", rec.Data, e.data},
		{"event id", rec.EventID, e.id},
	} {
		if !bytes.Equal(f.got, f.want) || (f.got == nil) != (f.want == nil) {
			return fmt.Sprintf("record %d: %s %q (absent: %t), not %q (%t)", n, f.name, f.want, f.want == nil, f.got,
				f.got == nil)
		}
	}
	if !rec.ApproximateArrivalTimestamp.Equal(e.at) || rec.ApproximateArrivalTimestamp.Location() != time.UTC {
		return fmt.Sprintf("record %d: time %s, not %s", n, e.at, rec.ApproximateArrivalTimestamp)
	}
	if rec.Index != n {
		return fmt.Sprintf("record %d: not %d", n, rec.Index)
	}
	if *rec.Source != e.source {
		return fmt.Sprintf("record %d: source %+v, not %+v", n, e.source, *rec.Source)
	}
	if err == nil {
		if len(e.flaws) > 0 {
			return fmt.Sprintf("record %d is bad: %v", n, e.flaws)
		}
		return ""
	}
	var bad *decoder.Error
	if !errors.As(err, &bad) || bad.Index != n || bad.SequenceNumber != string(e.sequence) {
		return fmt.Sprintf("record %d: error %#v", n, err)
	}
	if len(bad.Error()) > 512 {
		return fmt.Sprintf("record %d: an error of %d bytes", n, len(bad.Error()))
	}
	for _, f := range e.flaws {
		if bad.Field == f.field && errors.Is(bad, f.err) && int64(f.from) <= bad.Offset && bad.Offset <= int64(f.to) {
			return ""
		}
	}
	return fmt.Sprintf("record %d: flaws %v, not %v", n, e.flaws, bad)
}

// aboutEnd compares how an event ends: whole, or broken by a flaw of its
// window, or as the verdict says.
func (v *verdict) aboutEnd(err error, whole bool, flaws []flaw) string {
	if err == nil {
		if !whole || len(flaws) > 0 || !json.Valid(v.event) {
			return fmt.Sprintf("the event is broken: %v %v", v.ends, flaws)
		}
		return ""
	}
	var broken *decoder.Error
	if !errors.As(err, &broken) {
		return fmt.Sprintf("%T is no *Error", err)
	}
	if errors.Is(err, decoder.ErrSyntax) {
		if offset := syntaxOffset(v.event); offset != broken.Offset {
			return fmt.Sprintf("the syntax error is at offset %d, not %d", offset, broken.Offset)
		}
	}
	if broken.Index != -1 && broken.Index != len(v.records) && !v.skim {
		return fmt.Sprintf("record %d is broken, not %d", len(v.records), broken.Index)
	}
	if whole {
		for _, f := range flaws {
			if broken.Field == f.field && errors.Is(err, f.err) && int64(f.from) == broken.Offset {
				return ""
			}
		}
		return fmt.Sprintf("the event is whole, but for %v, not %v", flaws, err)
	}
	for _, end := range v.ends {
		if errors.Is(err, end) {
			return ""
		}
	}
	return fmt.Sprintf("the event ends with %v, not %v", v.ends, err)
}

// syntaxOffset is where encoding/json finds that a text is not JSON, and -1 if
// it is.
func syntaxOffset(b []byte) int64 {
	var raw json.RawMessage
	var syntax *json.SyntaxError
	if err := json.Unmarshal(b, &raw); !errors.As(err, &syntax) {
		return -1
	}
	// At the end encoding/json puts a space behind a text that might go on, and
	// may find fault with that.
	spaced := strings.HasPrefix(syntax.Error(), "invalid character ' '") && syntax.Offset == int64(len(b)) &&
		b[len(b)-1] != ' '
	if spaced || syntax.Error() == "unexpected end of JSON input" {
		return int64(len(b))
	}
	return syntax.Offset - 1 // which is behind the byte at fault
}

func aboutWindow(got, want *decoder.Window) string {
	if (got == nil) != (want == nil) {
		return fmt.Sprintf("window %+v, not %+v", want, got)
	}
	if got == nil || got.Start.Equal(want.Start) && got.End.Equal(want.End) && bytes.Equal(got.State, want.State) &&
		got.ShardID == want.ShardID &&
		got.EventSourceARN == want.EventSourceARN && got.IsFinalInvokeForWindow == want.IsFinalInvokeForWindow &&
		got.IsWindowTerminatedEarly == want.IsWindowTerminatedEarly && (got.State == nil) == (want.State == nil) {
		return ""
	}
	return fmt.Sprintf("window %+v, not %+v", *want, *got)
}

// window reads the members of a tumbling window.
func (v *verdict) window() (w *decoder.Window, flaws []flaw) {
	if len(v.ends) > 0 || !v.has("window", "isFinalInvokeForWindow", "isWindowTerminatedEarly", "state") {
		return nil, nil
	}
	b := v.event
	wrong := func(name string, at span) { flaws = append(flaws, flaw{name, decoder.ErrType, at.start, at.start}) }
	text := func(name string, at span, ok bool) string {
		if !ok {
			return ""
		}
		if b[at.start] != '"' {
			wrong(name, at)
			return ""
		}
		return string(unquoted(b[at.start:at.end]))
	}
	truth := func(name string) bool {
		at, ok := v.outer[name]
		if value := string(b[at.start:at.end]); ok && value != "true" && value != "false" {
			wrong(name, at)
		}
		return string(b[at.start:at.end]) == "true"
	}
	w = &decoder.Window{
		IsFinalInvokeForWindow:  truth("isFinalInvokeForWindow"),
		IsWindowTerminatedEarly: truth("isWindowTerminatedEarly"),
	}
	if at, ok := v.outer["state"]; ok {
		w.State = b[at.start:at.end]
	}
	at, ok := v.outer["shardId"]
	w.ShardID = text("shardId", at, ok)
	at, ok = v.outer["eventSourceARN"]
	w.EventSourceARN = text("eventSourceARN", at, ok)
	if at, ok = v.outer["window"]; !ok {
		return w, flaws
	}
	if b[at.start] != '{' {
		wrong("window", at)
		return w, flaws
	}
	bounds := map[string]span{}
	each(b, at.start, func(name []byte, _ bool, value span) {
		if b[value.start] != 'n' {
			bounds[string(name)] = value
		}
	})
	moment := func(name string) time.Time {
		at, ok := bounds[name]
		text := text("window."+name, at, ok)
		if text == "" {
			return time.Time{}
		}
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			wrong("window."+name, at)
		}
		return t
	}
	w.Start, w.End = moment("start"), moment("end")
	return w, flaws
}
