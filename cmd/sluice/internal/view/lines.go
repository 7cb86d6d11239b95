package view

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"example.com/sluice/cmd/sluice/internal/input"
	"example.com/sluice/cmd/sluice/internal/screen"
	"example.com/sluice/decoder"
)

// This file prints plain lines, for a pipe: the first word of each says what it
// is about.

type linesView struct {
	out    io.Writer
	source *decoder.Source // that has been shown last
}

func (v *linesView) begin(name string, d *input.Document) {
	v.source = &decoder.Source{}
	fmt.Fprintf(v.out, "file %s\n", screen.Printable(name))
	if d.Part != "" {
		fmt.Fprintf(v.out, "part %s\n", d.Part)
	}
	if d.Form != "" {
		fmt.Fprintf(v.out, "from %s\n", d.Form)
	}
	if about := d.About; about != nil {
		how := "failed"
		if about.Succeeded() {
			how = "done"
		}
		fmt.Fprintln(v.out, how+labelled(" ", about.RequestContext.Condition)+
			labelled("  invocations ", about.Invocations())+
			labelled("  request ", about.RequestContext.RequestID)+
			labelled("  function ", about.RequestContext.FunctionARN)+labelled("  at ", about.Timestamp))
	}
}

func (v *linesView) record(rec *decoder.Record, inside *payload, bad error) {
	if v.source.StreamName != rec.StreamName || v.source.ShardID != rec.ShardID {
		v.source = rec.Source
		fmt.Fprintln(v.out, origin(v.source, " shard "))
	}
	fmt.Fprintf(v.out, "record %s%s  key %s  arrived %s  ",
		position(rec), labelled("  sequence ", string(rec.SequenceNumber)),
		screen.Quote(rec.PartitionKey, screen.KeyShown),
		moment(rec.ApproximateArrivalTimestamp))
	if bad != nil {
		fmt.Fprintln(v.out, "bad")
		return
	}
	fmt.Fprintf(v.out, "bytes %d  data %s\n", len(rec.Data), screen.Preview(rec.Data))
	if inside != nil {
		inside.writeLines(v.out, position(rec))
	}
}

func (v *linesView) window(w *decoder.Window) {
	fmt.Fprintf(v.out, "window %s to %s  state bytes %d  final %t  terminated early %t\n",
		moment(w.Start), moment(w.End), len(w.State), w.IsFinalInvokeForWindow, w.IsWindowTerminatedEarly)
}

func (v *linesView) end(o outcome) {
	if o.err != nil {
		fmt.Fprintln(v.out, "response none: the invocation fails")
	} else {
		fmt.Fprintf(v.out, "response %s\n", screen.Printable(string(o.answer)))
	}
	s := &o.stats
	fmt.Fprintf(v.out, "counters records=%d processed=%d skipped=%d failed=%d bad=%d bytes=%d",
		s.Records, s.Processed, s.Skipped, s.Failed, s.Bad, s.Bytes)
	if s.Checkpoint != "" {
		fmt.Fprintf(v.out, " checkpoint=%s", screen.Printable(s.Checkpoint))
	}
	fmt.Fprintln(v.out)
}

func (v *linesView) summary(t *totals) {
	fmt.Fprintf(v.out, "total files=%d records=%d bad=%d bytes=%d keys=%d\n", t.files, t.records, t.bad, t.bytes,
		len(t.keys))
	for _, s := range t.bySize() {
		fmt.Fprintf(v.out, "size %d to %d  records %d\n", s.From, s.To, s.Records)
	}
	most, others, records := t.byKey()
	for _, k := range most {
		fmt.Fprintf(v.out, "key %s  records %d\n", screen.Quote([]byte(k.Key), screen.KeyShown), k.Records)
	}
	if records > 0 {
		fmt.Fprintf(v.out, "keys others=%d records=%d\n", others, records)
	}
}

// position is a record's index in its event, with its place in the aggregate if
// it is a user record.
func position(rec *decoder.Record) string {
	if rec.Aggregated {
		return fmt.Sprintf("%d/%d", rec.Index, rec.SubSequenceNumber)
	}
	return strconv.Itoa(rec.Index)
}

// labelled is a value behind its label, and nothing where it is not known.
func labelled(label, value string) string {
	if value == "" {
		return ""
	}
	return label + screen.Word(value)
}

// origin names a record's stream and shard.
func origin(s *decoder.Source, between string) string {
	switch {
	case s.StreamName == "" && s.ShardID == "":
		return "stream not known"
	case s.StreamName == "":
		return "shard " + screen.Word(s.ShardID)
	}
	return "stream " + screen.Word(s.StreamName) + labelled(between, s.ShardID)
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format("2006-01-02T15:04:05.000Z07:00")
}
