package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"example.com/sluice/cmd/sluice/internal/screen"
	"example.com/sluice/decoder"
	"example.com/sluice/payload/cwlogs"
	"example.com/sluice/payload/dynamodb"
)

// This file shows log events and changes of items, which the readers below
// payload/ find in a record's data.

// payloadShown is how many log events of a record a table shows.
const payloadShown = 3

// maxOpened is how many bytes of an event are decompressed to look for log
// events.
const maxOpened = 64 << 20

// payload is what a reader found in a record's data, valid until the next one:
// log events or a change.
type payload struct {
	log    []byte // a message of CloudWatch Logs, decompressed
	events int    // log events in it
	from   cwlogs.Envelope
	change *dynamodb.Change
}

// opener looks for payloads.
type opener struct {
	plain []byte
	left  int // bytes that may still be decompressed
}

// open returns what is in data, nil if no reader knows it.
func (o *opener) open(data []byte) *payload {
	if bytes.HasPrefix(data, []byte("\x1f\x8b")) {
		var err error
		if o.plain, err = decoder.Gzip.AppendDecompressed(o.plain[:0], data, o.left); err != nil {
			return nil
		}
		data, o.left = o.plain, o.left-len(o.plain)
	}
	switch {
	case bytes.Contains(data, []byte(`"messageType"`)) && bytes.Contains(data, []byte(`"logEvents"`)):
		p := &payload{log: data}
		for e, err := range cwlogs.Events(data) {
			if e == nil || err != nil {
				return nil // shown as it is: nothing of it is hidden
			}
			p.from = *e.Envelope
			p.events++
		}
		return p
	case bytes.Contains(data, []byte(`"tableName"`)) && bytes.Contains(data, []byte(`"dynamodb"`)):
		p := &payload{change: new(dynamodb.Change)}
		if p.change.Parse(data) == nil {
			return p
		}
	}
	return nil
}

// title is the payload in a few words.
func (p *payload) title() string {
	switch {
	case p.change != nil:
		return p.change.EventName + " " + p.change.TableName
	case p.events == 0:
		return "CloudWatch Logs: no log events"
	}
	return p.from.LogGroup + ": " + screen.Count(p.events, "log event")
}

// rows are the lines below a record in a table, with at most so many log
// events; 0 is all of them.
func (p *payload) rows(most int) []string {
	var rows []string
	if c := p.change; c != nil {
		for _, image := range []struct {
			name string
			json []byte
		}{{"keys", c.Keys}, {"new ", c.NewImage}, {"old ", c.OldImage}} {
			if image.json != nil {
				rows = append(rows, image.name+" "+screen.DataCell(image.json))
			}
		}
		return rows
	}
	for e := range cwlogs.Events(p.log) {
		if most > 0 && len(rows) >= most {
			return append(rows, "and "+screen.Count(p.events-most, "more log event"))
		}
		rows = append(rows, moment(e.Timestamp)+" "+screen.DataCell(bytes.TrimRight(e.Message, screen.Spaces)))
	}
	return rows
}

// writeLines prints a line for each log event, or for the change.
func (p *payload) writeLines(w io.Writer, position string) {
	if c := p.change; c != nil {
		fmt.Fprintf(w, "change %s  %s  table %s  at %s  keys %s", position, screen.Word(c.EventName),
			screen.Word(c.TableName), moment(c.Time), screen.Quote(c.Keys, screen.KeyShown))
		if c.NewImage != nil {
			fmt.Fprintf(w, "  new %s", screen.Quote(c.NewImage, screen.KeyShown))
		}
		if c.OldImage != nil {
			fmt.Fprintf(w, "  old %s", screen.Quote(c.OldImage, screen.KeyShown))
		}
		fmt.Fprintln(w)
	}
	if p.log == nil {
		return
	}
	for e := range cwlogs.Events(p.log) {
		fmt.Fprintf(w, "log %s  group %s  stream %s  at %s  message %s\n",
			position, screen.Word(e.LogGroup), screen.Word(e.LogStream), moment(e.Timestamp),
			screen.Quote(e.Message, screen.KeyShown))
	}
}

type jsonLogs struct {
	Group  string         `json:"group"`
	Stream string         `json:"stream"`
	Owner  string         `json:"owner"`
	Events []jsonLogEvent `json:"events"`
}

type jsonLogEvent struct {
	ID        string    `json:"id"`
	Timestamp time.Time `json:"timestamp"`
	Message   string    `json:"message"`
}

type jsonChange struct {
	Event string          `json:"event"`
	Table string          `json:"table"`
	Time  *time.Time      `json:"time,omitempty"`
	Keys  json.RawMessage `json:"keys"`
	New   json.RawMessage `json:"new,omitempty"`
	Old   json.RawMessage `json:"old,omitempty"`
}

// json returns the members logs and change; one of them is nil.
func (p *payload) json() (*jsonLogs, *jsonChange) {
	if c := p.change; c != nil {
		raw := func(b []byte) json.RawMessage { return bytes.ToValidUTF8(b, []byte("\ufffd")) }
		return nil, &jsonChange{c.EventName, c.TableName, set(c.Time), raw(c.Keys), raw(c.NewImage), raw(c.OldImage)}
	}
	logs := &jsonLogs{Group: p.from.LogGroup, Stream: p.from.LogStream, Owner: p.from.Owner, Events: []jsonLogEvent{}}
	for e := range cwlogs.Events(p.log) {
		logs.Events = append(logs.Events, jsonLogEvent{string(e.ID), e.Timestamp, string(e.Message)})
	}
	return logs, nil
}
