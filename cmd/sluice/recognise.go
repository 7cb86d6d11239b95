package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf16"

	"example.com/sluice/decoder"
	"example.com/sluice/internal/jsonview"
)

// This file recognises what a file holds: an event, several of them, or what one finds an event in. inputKinds is the table of it, with a
// fixture of each kind under testdata/inputs.

// document is an event that a file holds, or why there is none.
type document struct {
	part  string       // where it stands in the file: "line 3, message 2"; "" where the file is this one event
	form  string       // what it was taken out of, from the outside in; "" where it stands as it is
	about *failedBatch // nil where nothing is said about how the event was handled
	event []byte
	made  bool // whether the event was made of records that do not say which stream and shard they are from
	err   error
}

// name is what the document of a file is called.
func (d *document) name(in input) string {
	if d.part == "" {
		return in.name
	}
	return in.name + ", " + d.part
}

// failedBatch is what Lambda says about an event that it has given up, in AWS's words. What nobody needs here is left out.
type failedBatch struct {
	RequestContext struct {
		RequestID              string `json:"requestId"`
		FunctionARN            string `json:"functionArn"`
		Condition              string `json:"condition"`
		ApproximateInvokeCount int    `json:"approximateInvokeCount"`
	} `json:"requestContext"`
	Timestamp        string `json:"timestamp"`
	KinesisBatchInfo struct {
		ShardID             string `json:"shardId"`
		StartSequenceNumber string `json:"startSequenceNumber"`
		EndSequenceNumber   string `json:"endSequenceNumber"`
		BatchSize           int    `json:"batchSize"`
		StreamARN           string `json:"streamArn"`
	} `json:"KinesisBatchInfo"`
}

// succeeded is whether the function has done the event: such records go to an on-success destination.
func (b *failedBatch) succeeded() bool { return b != nil && b.RequestContext.Condition == "Success" }

// origin is where records are from, for those that do not say it. It must be fit to stand in JSON.
type origin struct{ streamARN, shardID string }

// inputKind is one of the things that people hand to the tool.
type inputKind struct {
	name string
	is   func(s *shape) bool
	// open finds what there is inside. Where it is nil, advice says what to do instead.
	open   func(s *shape, t trail, r *recogniser)
	advice string
}

// inputKinds are tried in this order. What is none of them is taken for an event, and the decoder says what is wrong with it.
var inputKinds []inputKind

func init() { // open refers to the table again
	inputKinds = []inputKind{
		{"event", isEvent, func(s *shape, t trail, r *recogniser) { r.add(t, document{event: s.raw}) }, ""},
		{"on-failure record", has("KinesisBatchInfo"), openFailedBatch, ""},
		{"on-failure record of another event source", hasOne("DDBStreamBatchInfo", "KafkaBatchInfo", "SQSBatchInfo"), nil, "only batches of Kinesis are read here"},
		{"asynchronous invocation's record", has("requestContext", "requestPayload"), openInvocation, ""},
		{"EventBridge event of an invocation", func(s *shape) bool {
			return strings.HasPrefix(s.text("detail-type"), "Lambda Function Invocation Result") && s.top["detail"] != nil
		}, openMember("detail"), ""},
		{"SNS notification", func(s *shape) bool { return s.text("Type") == "Notification" && s.text("Message") != "" }, openMember("Message"), ""},
		{"SNS subscription's confirmation", func(s *shape) bool { return strings.HasSuffix(s.text("Type"), "Confirmation") }, nil, "no message is in it"},
		{"SNS event", firstHas("Sns"), openList("message", "Sns", "Message"), ""},
		{"SQS event", firstHas("messageId", "body"), openList("message", "body"), ""},
		{"aws sqs receive-message output", firstHas("MessageId", "Body"), openList("message", "Body"), ""},
		{"aws kinesis get-records output", func(s *shape) bool {
			return s.first["SequenceNumber"] != nil && s.first["Data"] != nil || s.list != nil && (s.top["NextShardIterator"] != nil || s.top["MillisBehindLatest"] != nil)
		}, openGetRecords, ""},
		{"aws kinesis get-shard-iterator output", has("ShardIterator"), nil, "give the iterator to aws kinesis get-records --shard-iterator; its output is read here"},
		{"aws s3api get-object output", has("ETag", "ContentLength"), nil, "the object is in the file that this command was told to write"},
		{"list of objects in a bucket", has("Contents"), nil, "fetch the objects (aws s3 cp --recursive s3://BUCKET/PREFIX DIRECTORY), then name the directory"},
		{"S3 event", firstHas("s3"), nil, "fetch the objects that it names (aws s3 cp s3://BUCKET/KEY FILE), then name the file"},
		{"Records of an event", firstHas("kinesis"), func(s *shape, t trail, r *recogniser) {
			r.add(t, document{event: joined(`{"Records":`, s.list, `}`)})
		}, ""},
		{"JSON in a string", func(s *shape) bool { return s.value[0] == '"' }, func(s *shape, t trail, r *recogniser) {
			r.read(textOf(s.value), t, false)
		}, ""},
		{"array", func(s *shape) bool { return s.list != nil && s.top == nil && !isPipes(s) }, openList("element"), ""},
	}
}

// maxInside is how deep things are looked for inside of each other. Object, notification, message and event come to five.
const maxInside = 12

// shape is a JSON value, and what of it the table looks at.
type shape struct {
	raw   []byte // with the spaces around it: an event stays as it is
	value []byte
	top   map[string][]byte // an object's members, of the names in knownMembers
	list  []byte            // an array: the value, or its member Records, Messages or Contents
	first map[string][]byte // the members of list's first element
}

var knownMembers = func() map[string]bool {
	known := map[string]bool{}
	for _, name := range strings.Fields(`Records Messages Contents window kinesis KinesisBatchInfo DDBStreamBatchInfo KafkaBatchInfo SQSBatchInfo payload
		requestContext requestPayload detail detail-type Type Message Sns messageId body MessageId Body SequenceNumber Data NextShardIterator
		MillisBehindLatest ShardIterator ETag ContentLength s3 eventSource data PartitionKey ApproximateArrivalTimestamp EncryptionType`) {
		known[name] = true
	}
	return known
}()

// spaces are what may stand around a JSON value.
const spaces = " \t\r\n"

// isWhole is whether text is one sound JSON value.
func isWhole(text []byte) bool {
	n, err := decoder.ScanJSON(text)
	return err == nil && len(bytes.Trim(text[n:], spaces)) == 0
}

// membersOf returns an object's known members, nil for another value. Null counts as absent, the last of duplicates wins.
func membersOf(value []byte) map[string][]byte {
	if len(value) == 0 || value[0] != '{' {
		return nil
	}
	all := map[string][]byte{}
	var memory []byte
	jsonview.Members(value, func(name, v []byte) bool {
		if name = jsonview.Unescape(name, &memory); knownMembers[string(name)] {
			if delete(all, string(name)); v[0] != 'n' {
				all[string(name)] = v
			}
		}
		memory = memory[:0]
		return true
	})
	return all
}

// shapeOf looks at sound JSON.
func shapeOf(raw []byte) *shape {
	value := bytes.Trim(raw, spaces)
	s := &shape{raw: raw, value: value, top: membersOf(value)}
	for _, list := range [][]byte{value, s.top["Records"], s.top["Messages"], s.top["Contents"]} {
		if len(list) > 0 && list[0] == '[' {
			s.list = list
			jsonview.Elements(list, func(v []byte) bool { s.first = membersOf(v); return false })
			break
		}
	}
	return s
}

func (s *shape) text(member string) string { return string(textOf(s.top[member])) }

// textOf is a string's text, nil for another value.
func textOf(value []byte) []byte {
	if len(value) == 0 {
		return nil
	}
	var memory []byte
	text, _ := jsonview.Text(value, &memory)
	return text
}

func has(names ...string) func(*shape) bool {
	return func(s *shape) bool { return hasAll(s.top, names) }
}

func hasOne(names ...string) func(*shape) bool {
	return func(s *shape) bool {
		for _, name := range names {
			if s.top[name] != nil {
				return true
			}
		}
		return false
	}
}

func firstHas(names ...string) func(*shape) bool {
	return func(s *shape) bool { return hasAll(s.first, names) }
}

func hasAll(m map[string][]byte, names []string) bool {
	for _, name := range names {
		if m[name] == nil {
			return false
		}
	}
	return true
}

// isEvent is whether a value is surely an event as Lambda or EventBridge Pipes sends it.
func isEvent(s *shape) bool {
	return s.top["Records"] != nil && s.first["kinesis"] != nil || s.top["window"] != nil || isPipes(s)
}

func isPipes(s *shape) bool {
	return s.top == nil && s.list != nil && s.first["eventSource"] != nil && s.first["data"] != nil
}

// trail is the way to a value.
type trail struct {
	parts, forms []string
	depth        int
}

func (t trail) part(format string, args ...any) trail {
	t.parts = append(t.parts[:len(t.parts):len(t.parts)], fmt.Sprintf(format, args...))
	return t
}

func (t trail) form(name string) trail {
	t.forms = append(t.forms[:len(t.forms):len(t.forms)], name)
	return t
}

// maxDocuments is how many a file may hold.
const maxDocuments = 1 << 18

// recogniser finds documents.
type recogniser struct {
	from  origin
	found []document // at most one more than maxDocuments, which says so
}

// recognise returns the events in a file's content, in their order, one at least. Records that do not say where they are from get the
// origin. Offsets in errors about an event are those in the event.
func recognise(content []byte, from origin) []document {
	r := recogniser{from: from}
	content, t, err := plainText(content)
	if err != nil {
		r.add(t, document{err: err})
	} else {
		r.read(content, t, false)
	}
	return r.found
}

func (r *recogniser) add(t trail, d document) {
	if r.full() {
		return
	}
	d.part, d.form = strings.Join(t.parts, ", "), strings.Join(t.forms, ", ")
	if r.found = append(r.found, d); len(r.found) == maxDocuments {
		r.found = append(r.found, document{err: fmt.Errorf("more than %d events in one file: what follows is left out", maxDocuments)})
	}
}

func (r *recogniser) full() bool { return len(r.found) > maxDocuments }

// read finds the documents in text. Where nothing is known the text is an event, which the decoder refuses; strict leaves it out.
func (r *recogniser) read(text []byte, t trail, strict bool) {
	values := splitLines(text)
	if areRecords(values) {
		values = []line{{1, joined(`[`, joinLines(values), `]`)}}
	}
	for _, l := range values {
		at := t
		if len(values) > 1 {
			at = t.part("line %d", l.number)
		}
		r.value(l.value, at, strict)
	}
}

// value finds the documents in one value.
func (r *recogniser) value(value []byte, t trail, strict bool) {
	if t.depth++; t.depth <= maxInside && isWhole(value) {
		s := shapeOf(value)
		for _, k := range inputKinds {
			switch {
			case !k.is(s):
				continue
			case k.open == nil:
				r.add(t.form(k.name), document{err: fmt.Errorf("not a Kinesis event, but %s: %s", article(k.name), k.advice)})
			case k.name == "event" || k.name == "on-failure record":
				k.open(s, t, r) // what is shown of it says so
			default:
				k.open(s, t.form(k.name), r)
			}
			return
		}
	}
	if !strict {
		r.add(t, document{event: value})
	}
}

func article(name string) string {
	switch {
	case strings.HasPrefix(name, "aws "):
		return "the output of " + strings.TrimSuffix(name, " output")
	case strings.ContainsRune("aeiouS", rune(name[0])): // S3, SNS, SQS
		return "an " + name
	}
	return "a " + name
}

// openMember reads what stands in a member, as text or as JSON.
func openMember(name string) func(*shape, trail, *recogniser) {
	return func(s *shape, t trail, r *recogniser) {
		value := s.top[name]
		if value[0] == '"' {
			value = textOf(value)
		}
		r.read(value, t, false)
	}
}

// openList reads what stands in each element of the list, or in the member that path leads to. Where none of an array or of another
// service's event is known the whole is taken for an event, and the decoder says what it is.
func openList(part string, path ...string) func(*shape, trail, *recogniser) {
	return func(s *shape, t trail, r *recogniser) {
		n, before, known := 0, len(r.found), 0
		jsonview.Elements(s.list, func(v []byte) bool {
			n++
			for _, name := range path {
				v = membersOf(v)[name]
			}
			if len(v) > 0 && v[0] == '"' {
				v = textOf(v)
			}
			at := len(r.found)
			if r.read(v, t.part("%s %d", part, n), true); len(r.found) > at {
				known++
			} else {
				unknown := fmt.Errorf("neither an event nor an on-failure record: %s", preview(v[:min(len(v), dataShown)]))
				r.add(t.part("%s %d", part, n), document{err: unknown})
			}
			return !r.full()
		})
		if known == 0 && s.top["Messages"] == nil {
			r.found = append(r.found[:before], document{event: s.raw, part: strings.Join(t.parts, ", ")})
		}
	}
}

// openFailedBatch reads what an event source mapping leaves behind when it gives a batch up: Lambda developer guide, "Retain discarded batch
// records", for Kinesis. Payload is the event: Lambda writes it as a string, some emulators as an object.
func openFailedBatch(s *shape, t trail, r *recogniser) {
	about, event := aboutOf(s.value), s.top["payload"]
	switch {
	case about == nil:
		r.add(t, document{event: s.raw})
	case event == nil:
		r.add(t, document{about: about, err: about.noPayload()})
	case event[0] == '"':
		r.add(t, document{about: about, event: textOf(event)})
	default:
		r.add(t, document{about: about, event: event})
	}
}

// openInvocation reads the record that an asynchronous invocation leaves at a destination: Lambda developer guide, "Retaining records of
// asynchronous invocations".
func openInvocation(s *shape, t trail, r *recogniser) {
	before := len(r.found)
	openMember("requestPayload")(s, t, r)
	about := aboutOf(s.value)
	for i := range r.found[before:] {
		if d := &r.found[before+i]; d.about == nil {
			d.about = about
		}
	}
}

// aboutOf reads what is said about an event, nil where that does not have its form.
func aboutOf(value []byte) *failedBatch {
	b := new(failedBatch)
	if json.Unmarshal(value, b) != nil {
		return nil
	}
	return b
}

// errNoPayload is what a queue or a topic gets: Lambda sends the event to S3 alone.
var errNoPayload = errors.New("describes a failed batch without its records: only S3 as the destination gets them")

// inShell is what may stand in a command as it is.
var inShell = regexp.MustCompile(`^[A-Za-z0-9:/_.-]{1,256}$`)

// noPayload says which records are meant, and how to get them while the stream has them.
func (b *failedBatch) noPayload() error {
	i := b.KinesisBatchInfo
	err := fmt.Errorf("%w; see %s %s to %s", errNoPayload, text(i.ShardID), text(i.StartSequenceNumber), text(i.EndSequenceNumber))
	for _, word := range []string{i.StreamARN, i.ShardID, i.StartSequenceNumber} {
		if !inShell.MatchString(word) {
			return err
		}
	}
	return fmt.Errorf(`%w. While the stream has them, this fetches them in a form that is read here: `+
		`aws kinesis get-records --limit %d --shard-iterator "$(aws kinesis get-shard-iterator --stream-arn %s --shard-id %s `+
		`--shard-iterator-type AT_SEQUENCE_NUMBER --starting-sequence-number %s --query ShardIterator --output text)" > FILE`,
		err, max(1, i.BatchSize), i.StreamARN, i.ShardID, i.StartSequenceNumber)
}

// openGetRecords makes an event of records as Kinesis itself gives them out (Kinesis API reference, GetRecords). Strings are copied as they
// stand, so that the event's records are these, byte for byte.
func openGetRecords(s *shape, t trail, r *recogniser) {
	b, comma := []byte(`{"Records":[`), ""
	jsonview.Elements(s.list, func(v []byte) bool {
		b = append(b, comma...)
		b = r.from.appendRecord(b, v)
		comma = ","
		return true
	})
	r.add(t, document{event: append(b, "]}"...), made: true})
}

// appendRecord appends a record of an event; what is no record it leaves to the decoder.
func (o origin) appendRecord(b, value []byte) []byte {
	m := membersOf(value)
	if m == nil {
		return append(b, value...)
	}
	b = append(b, `{"kinesis":{"kinesisSchemaVersion":"1.0"`...)
	for _, name := range []string{"PartitionKey", "SequenceNumber", "Data", "ApproximateArrivalTimestamp", "EncryptionType"} {
		v := m[name]
		if v == nil {
			continue
		}
		if name == "ApproximateArrivalTimestamp" {
			v = seconds(v)
		}
		b = append(append(b, `,"`...), strings.ToLower(name[:1])...)
		b = append(append(append(b, name[1:]...), `":`...), v...)
	}
	b = append(b, `},"eventSource":"aws:kinesis","eventVersion":"1.0","eventName":"aws:kinesis:record"`...)
	if number := m["SequenceNumber"]; o.shardID != "" && number != nil && number[0] == '"' {
		b = append(append(append(append(b, `,"eventID":"`...), o.shardID...), ':'), number[1:]...)
	}
	if o.streamARN != "" {
		region := strings.SplitN(o.streamARN, ":", 5)
		b = fmt.Appendf(b, `,"awsRegion":"%s","eventSourceARN":"%s"`, region[3], o.streamARN)
	}
	return append(b, '}')
}

// seconds returns a time as events have it. The AWS CLI writes ISO 8601 by default since its version 2, and seconds before that and where
// cli_timestamp_format is wire. Another value stays, for the decoder to refuse.
func seconds(value []byte) []byte {
	t, err := time.Parse(time.RFC3339Nano, string(textOf(value)))
	if err != nil || t.Unix() < 0 {
		return value
	}
	digits := fmt.Sprintf("%09d", t.Nanosecond())
	for len(digits) > 3 && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	return fmt.Appendf(nil, "%d.%s", t.Unix(), digits)
}

// plainText undoes what a file as a whole may be: compressed, or UTF-16, as PowerShell writes what is redirected to a file. A mark of
// the byte order is the editor's, not the event's.
func plainText(content []byte) ([]byte, trail, error) {
	var t trail
	for range maxInside {
		plain, err := decoder.Auto.AppendDecompressed(nil, content, maxEvent)
		if err != nil {
			return nil, t.form("compressed"), err
		}
		if bytes.Equal(plain, content) {
			break
		}
		content, t = plain, t.form("compressed")
	}
	if b, utf8 := bytes.CutPrefix(content, []byte("\xef\xbb\xbf")); utf8 {
		return b, t, nil
	}
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(content, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(content, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return content, t, nil
	}
	var units []uint16
	for b := content[2:]; len(b) > 1; b = b[2:] {
		units = append(units, order.Uint16(b))
	}
	return []byte(string(utf16.Decode(units))), t.form("UTF-16"), nil
}

// line is a JSON value, and the line that it begins at.
type line struct {
	number int
	value  []byte
}

// splitLines takes text apart into the JSON values that each begin on a line of their own, as in JSON Lines. A broken one ends where a
// line is a whole object or array by itself. Other text stays one.
func splitLines(text []byte) []line {
	var all []line
	for at, number := 0, 1; len(all) <= maxDocuments; {
		start := len(text) - len(bytes.TrimLeft(text[at:], spaces))
		number += bytes.Count(text[at:start], []byte("\n"))
		if start == len(text) {
			break
		}
		n, err := decoder.ScanJSON(text[start:])
		end := start + n
		if err != nil || !endsLine(text[end:]) {
			end = nextWhole(text, start)
		}
		all = append(all, line{number, text[start:end]})
		number += bytes.Count(text[start:end], []byte("\n"))
		at = end
	}
	if len(all) < 2 {
		return []line{{1, text}}
	}
	return all
}

// endsLine is whether text begins with nothing but spaces in its line.
func endsLine(text []byte) bool {
	rest := bytes.TrimLeft(text, " \t\r")
	return len(rest) == 0 || rest[0] == '\n'
}

// nextWhole returns where the next line behind at begins that is an object or an array, else the end.
func nextWhole(text []byte, at int) int {
	for {
		n := bytes.IndexByte(text[at:], '\n')
		if n < 0 {
			return len(text)
		}
		at += n + 1
		l, _, _ := bytes.Cut(text[at:], []byte("\n"))
		if len(l) > 0 && (l[0] == '{' || l[0] == '[') && isWhole(l) {
			return at
		}
	}
}

// areRecords is whether all values are records that stand alone, as jq '.Records[]' writes them.
func areRecords(values []line) bool {
	for _, l := range values {
		if !isWhole(l.value) {
			return false
		}
		m := membersOf(bytes.Trim(l.value, spaces))
		if m["kinesis"] == nil && (m["SequenceNumber"] == nil || m["Data"] == nil) {
			return false
		}
	}
	return true
}

func joinLines(values []line) []byte {
	parts := make([][]byte, len(values))
	for i, l := range values {
		parts[i] = l.value
	}
	return bytes.Join(parts, []byte(","))
}

func joined(before string, value []byte, behind string) []byte {
	return append(append([]byte(before), value...), behind...)
}
