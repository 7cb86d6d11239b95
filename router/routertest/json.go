package routertest

import (
	"encoding/base64"
	"strconv"
	"time"

	"example.com/sluice/decoder"
)

// template is the text of a record around its five slots, whose order is
// partition key, sequence number, data, arrival, event id.
type template struct {
	toKey, toEventID, toEnd []byte // the segments that depend on the source
}

const (
	toSequence = `,"sequenceNumber":`
	toData     = `,"data":"`
	toTime     = `","approximateArrivalTimestamp":`
)

// templateOf returns the template of records with this source: that of an event
// source mapping or, if flat, of EventBridge Pipes, whose records have no
// object kinesis.
func templateOf(src *decoder.Source, flat bool) template {
	var t template
	begin, end := `{"kinesis":{`, `}`
	if flat {
		begin, end = `{`, ``
	}
	member := func(dst []byte, name, value string) []byte {
		dst = append(dst, name...)
		return appendString(dst, value)
	}
	t.toKey = member(t.toKey, begin+`"kinesisSchemaVersion":`, src.KinesisSchemaVersion)
	t.toKey = append(t.toKey, `,"partitionKey":`...)
	if src.EncryptionType != "" {
		t.toEventID = member(t.toEventID, `,"encryptionType":`, src.EncryptionType)
	}
	t.toEventID = member(t.toEventID, end+`,"eventSource":`, src.EventSource)
	t.toEventID = member(t.toEventID, `,"eventVersion":`, src.EventVersion)
	t.toEventID = append(t.toEventID, `,"eventID":`...)
	t.toEnd = member(t.toEnd, `,"eventName":`, src.EventName)
	t.toEnd = member(t.toEnd, `,"invokeIdentityArn":`, src.InvokeIdentityARN)
	t.toEnd = member(t.toEnd, `,"awsRegion":`, src.AWSRegion)
	t.toEnd = member(t.toEnd, `,"eventSourceARN":`, src.EventSourceARN)
	t.toEnd = append(t.toEnd, '}')
	return t
}

// size is the length of all segments.
func (t *template) size() int {
	return len(t.toKey) + len(toSequence) + len(toData) + len(toTime) + len(t.toEventID) + len(t.toEnd)
}

// append appends a record that has the template's source.
func (t *template) append(dst []byte, rec *decoder.Record) []byte {
	dst = append(dst, t.toKey...)
	dst = appendString(dst, rec.PartitionKey)
	dst = append(dst, toSequence...)
	dst = appendString(dst, rec.SequenceNumber)
	dst = append(dst, toData...)
	dst = base64.StdEncoding.AppendEncode(dst, rec.Data)
	dst = append(dst, toTime...)
	dst = appendSeconds(dst, rec.ApproximateArrivalTimestamp)
	dst = append(dst, t.toEventID...)
	dst = appendString(dst, rec.EventID)
	return append(dst, t.toEnd...)
}

// appendString appends s as a JSON string. It escapes only what JSON requires.
func appendString[T string | []byte](dst []byte, s T) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	done := 0
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[done:i]...)
		done = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	dst = append(dst, s[done:]...)
	return append(dst, '"')
}

// appendSeconds appends t in seconds since the epoch, with three decimals as
// Lambda does, or with as many more as t needs.
func appendSeconds(dst []byte, t time.Time) []byte {
	sec, nsec := t.Unix(), int64(t.Nanosecond())
	if sec < 0 {
		dst = append(dst, '-')
		if sec = -sec; nsec > 0 { // counts up from sec
			sec, nsec = sec-1, 1e9-nsec
		}
	}
	dst = strconv.AppendInt(dst, sec, 10)
	dst = append(dst, '.')
	for place, i := int64(1e8), 0; i < 3 || nsec > 0; place, i = place/10, i+1 {
		dst = append(dst, '0'+byte(nsec/place))
		nsec %= place
	}
	return dst
}

// eventWriter writes an event record by record.
type eventWriter struct {
	dst     []byte
	pipe    bool
	started bool // at least one record is written
}

func newEventWriter(dst []byte, pipe bool) eventWriter {
	if pipe {
		return eventWriter{dst: append(dst, '['), pipe: true}
	}
	return eventWriter{dst: append(dst, `{"Records":[`...)}
}

func (w *eventWriter) record(t *template, rec *decoder.Record) {
	if w.started {
		w.dst = append(w.dst, ',')
	}
	w.started = true
	w.dst = t.append(w.dst, rec)
}

// end returns the whole event. The window may be nil; a pipe has none.
func (w *eventWriter) end(window *decoder.Window) []byte {
	w.dst = append(w.dst, ']')
	if window != nil {
		w.dst = appendWindow(w.dst, window)
	}
	if w.pipe {
		return w.dst
	}
	return append(w.dst, '}')
}

// appendWindow appends the members of a tumbling window.
func appendWindow(dst []byte, w *decoder.Window) []byte {
	dst = append(dst, `,"window":{"start":"`...)
	dst = w.Start.UTC().AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, `","end":"`...)
	dst = w.End.UTC().AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, `"},"state":`...)
	dst = append(dst, w.State...)
	dst = append(dst, `,"shardId":`...)
	dst = appendString(dst, w.ShardID)
	dst = append(dst, `,"eventSourceARN":`...)
	dst = appendString(dst, w.EventSourceARN)
	dst = append(dst, `,"isFinalInvokeForWindow":`...)
	dst = strconv.AppendBool(dst, w.IsFinalInvokeForWindow)
	dst = append(dst, `,"isWindowTerminatedEarly":`...)
	return strconv.AppendBool(dst, w.IsWindowTerminatedEarly)
}
