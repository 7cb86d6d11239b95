package main

import (
	"fmt"
	"io"
	"time"

	"example.com/sluice/decoder"
)

// This file shows what is found as plain lines, for a pipe: the first word of each says what it is about.

type linesView struct {
	out    io.Writer
	source *decoder.Source // that has been shown last
}

func (v *linesView) begin(name string, d *document) {
	v.source = nil
	fmt.Fprintf(v.out, "file %s\n", printable(name))
	if d.part != "" {
		fmt.Fprintf(v.out, "part %s\n", d.part)
	}
	if d.form != "" {
		fmt.Fprintf(v.out, "from %s\n", d.form)
	}
	if about := d.about; about != nil {
		how := "failed"
		if about.succeeded() {
			how = "done"
		}
		fmt.Fprintf(v.out, how+" %s  invocations %d  request %s  function %s  at %s\n", text(about.RequestContext.Condition),
			about.RequestContext.ApproximateInvokeCount, text(about.RequestContext.RequestID),
			text(about.RequestContext.FunctionARN), text(about.Timestamp))
	}
}

func (v *linesView) record(rec *decoder.Record, inside *payload, bad error) {
	if v.source == nil || v.source.StreamName != rec.StreamName || v.source.ShardID != rec.ShardID {
		v.source = rec.Source
		fmt.Fprintf(v.out, "stream %s shard %s\n", text(rec.StreamName), text(rec.ShardID))
	}
	fmt.Fprintf(v.out, "record %s  sequence %s  key %s  arrived %s  ",
		position(rec), text(string(rec.SequenceNumber)), quote(rec.PartitionKey, keyShown), moment(rec.ApproximateArrivalTimestamp))
	if bad != nil {
		fmt.Fprintln(v.out, "bad")
		return
	}
	fmt.Fprintf(v.out, "bytes %d  data %s\n", len(rec.Data), preview(rec.Data))
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
		fmt.Fprintf(v.out, "response %s\n", printable(string(o.answer)))
	}
	s := &o.stats
	fmt.Fprintf(v.out, "counters records=%d processed=%d skipped=%d failed=%d bad=%d bytes=%d",
		s.Records, s.Processed, s.Skipped, s.Failed, s.Bad, s.Bytes)
	if s.Checkpoint != "" {
		fmt.Fprintf(v.out, " checkpoint=%s", printable(s.Checkpoint))
	}
	fmt.Fprintln(v.out)
}

func (v *linesView) summary(t *totals) {
	fmt.Fprintf(v.out, "total files=%d records=%d bad=%d bytes=%d keys=%d\n", t.files, t.records, t.bad, t.bytes, len(t.keys))
	for _, s := range t.bySize() {
		fmt.Fprintf(v.out, "size %d to %d  records %d\n", s.From, s.To, s.Records)
	}
	most, others, records := t.byKey()
	for _, k := range most {
		fmt.Fprintf(v.out, "key %s  records %d\n", quote([]byte(k.Key), keyShown), k.Records)
	}
	if records > 0 {
		fmt.Fprintf(v.out, "keys others=%d records=%d\n", others, records)
	}
}

// position is a record's place in its event: its index, and for a user record of an aggregate its place in that.
func position(rec *decoder.Record) string {
	if rec.Aggregated {
		return fmt.Sprintf("%d/%d", rec.Index, rec.SubSequenceNumber)
	}
	return fmt.Sprint(rec.Index)
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format("2006-01-02T15:04:05.000Z07:00")
}
