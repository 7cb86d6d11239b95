package view

import (
	"encoding/json"
	"io"
	"time"
	"unicode/utf8"

	"example.com/sluice/cmd/sluice/internal/input"
	"example.com/sluice/decoder"
)

// This file prints JSON, one object a line. The doc comment of cmd/sluice lists
// the members: change both.

type jsonView struct {
	encoder *json.Encoder
	file    string
	doc     *input.Document
	inside  *jsonWindow
}

func newJSONView(out io.Writer) *jsonView {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	return &jsonView{encoder: e}
}

type jsonRecord struct {
	Type              string      `json:"type"` // "record"
	File              string      `json:"file"`
	Part              string      `json:"part,omitempty"`
	Index             int         `json:"index"`
	SubSequenceNumber *int        `json:"subSequenceNumber,omitempty"`
	Stream            string      `json:"stream,omitempty"`
	Shard             string      `json:"shard,omitempty"`
	SequenceNumber    string      `json:"sequenceNumber"`
	PartitionKey      string      `json:"partitionKey"`
	ExplicitHashKey   string      `json:"explicitHashKey,omitempty"`
	Arrived           *time.Time  `json:"arrived,omitempty"`
	Bytes             *int        `json:"bytes,omitempty"`
	Text              *string     `json:"text,omitempty"`
	Base64            []byte      `json:"base64,omitempty"`
	Logs              *jsonLogs   `json:"logs,omitempty"`
	Change            *jsonChange `json:"change,omitempty"`
	Error             string      `json:"error,omitempty"`
}

type jsonInvocation struct {
	Type       string          `json:"type"` // "invocation"
	File       string          `json:"file"`
	Part       string          `json:"part,omitempty"`
	From       string          `json:"from,omitempty"`
	Records    int             `json:"records"`
	Processed  int             `json:"processed"`
	Skipped    int             `json:"skipped"`
	Failed     int             `json:"failed"`
	Bad        int             `json:"bad"`
	Bytes      int64           `json:"bytes"`
	Checkpoint string          `json:"checkpoint,omitempty"`
	Response   json.RawMessage `json:"response"`
	Error      string          `json:"error,omitempty"`
	Window     *jsonWindow     `json:"window,omitempty"`
	OnFailure  *jsonOnFailure  `json:"onFailure,omitempty"`
}

type jsonWindow struct {
	Start           *time.Time      `json:"start,omitempty"`
	End             *time.Time      `json:"end,omitempty"`
	State           json.RawMessage `json:"state"`
	Final           bool            `json:"final"`
	TerminatedEarly bool            `json:"terminatedEarly"`
}

type jsonOnFailure struct {
	Condition   string `json:"condition"`
	Invocations int    `json:"invocations"`
	RequestID   string `json:"requestId"`
	FunctionARN string `json:"functionArn"`
	Timestamp   string `json:"timestamp"`
}

type jsonSummary struct {
	Type         string      `json:"type"` // "summary"
	Files        int         `json:"files"`
	Records      int         `json:"records"`
	Bad          int         `json:"bad"`
	Bytes        int64       `json:"bytes"`
	Sizes        []sizeCount `json:"sizes"`
	Keys         []keyCount  `json:"keys"`
	OtherKeys    int         `json:"otherKeys"`
	OtherRecords int         `json:"otherRecords"`
}

// write prints one line. A failed write shows when the buffered writer is
// flushed.
func (v *jsonView) write(object any) { v.encoder.Encode(object) }

func (v *jsonView) begin(name string, d *input.Document) {
	v.file, v.doc, v.inside = name, d, nil
}

func (v *jsonView) record(rec *decoder.Record, inside *payload, bad error) {
	o := jsonRecord{
		Type: "record", File: v.file, Part: v.doc.Part,
		Index: rec.Index, Stream: rec.StreamName, Shard: rec.ShardID,
		SequenceNumber:  string(rec.SequenceNumber),
		PartitionKey:    string(rec.PartitionKey),
		ExplicitHashKey: string(rec.ExplicitHashKey),
		Arrived:         set(rec.ApproximateArrivalTimestamp),
	}
	if rec.Aggregated {
		o.SubSequenceNumber = &rec.SubSequenceNumber
	}
	if bad != nil {
		o.Error = input.Place(bad)
		v.write(o)
		return
	}
	size := len(rec.Data)
	o.Bytes = &size
	if utf8.Valid(rec.Data) {
		s := string(rec.Data)
		o.Text = &s
	} else {
		o.Base64 = rec.Data
	}
	if inside != nil {
		o.Logs, o.Change = inside.json()
	}
	v.write(o)
}

func (v *jsonView) window(w *decoder.Window) {
	v.inside = &jsonWindow{set(w.Start), set(w.End), w.State, w.IsFinalInvokeForWindow, w.IsWindowTerminatedEarly}
}

func (v *jsonView) end(o outcome) {
	s := &o.stats
	line := jsonInvocation{
		Type: "invocation", File: v.file, Part: v.doc.Part, From: v.doc.Form,
		Records: s.Records, Processed: s.Processed, Skipped: s.Skipped, Failed: s.Failed, Bad: s.Bad, Bytes: s.Bytes,
		Checkpoint: s.Checkpoint, Response: o.answer, Window: v.inside,
	}
	if o.err != nil {
		line.Error = input.Place(o.err)
	}
	if b := v.doc.About; b != nil {
		line.OnFailure = &jsonOnFailure{
			b.RequestContext.Condition, int(b.RequestContext.ApproximateInvokeCount),
			b.RequestContext.RequestID, b.RequestContext.FunctionARN, b.Timestamp,
		}
	}
	v.write(line)
}

func (v *jsonView) summary(t *totals) {
	most, others, records := t.byKey()
	v.write(jsonSummary{"summary", t.files, t.records, t.bad, t.bytes, t.bySize(), most, others, records})
}

// set returns nil for the zero time, so that it is left out.
func set(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
