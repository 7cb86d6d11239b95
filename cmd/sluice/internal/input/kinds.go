package input

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"example.com/sluice/cmd/sluice/internal/screen"
	"example.com/sluice/decoder"
	"example.com/sluice/internal/jsonview"
)

// kind is one of the things that people hand to the tool. testdata/inputs has a
// fixture of each.
type kind struct {
	name string
	is   func(n *node) bool
	// open finds the events inside. Where it is nil there are none, and advice
	// says what to do instead.
	open   func(n *node, t trail, r *recogniser)
	advice string
}

// kinds lists them; the first that fits counts. What fits none is taken for an
// event, so that the decoder says what is wrong with it.
func kinds() []kind {
	return []kind{
		{"event", isEvent, func(n *node, t trail, r *recogniser) { r.add(t, Document{Event: n.raw}) }, ""},
		{"on-failure record", has("KinesisBatchInfo"), openFailedBatch, ""},
		{
			"on-failure record of another event source", hasOne("DDBStreamBatchInfo", "KafkaBatchInfo", "SQSBatchInfo"),
			nil,
			"only batches of Kinesis are read here",
		},
		{"asynchronous invocation's record", has("requestContext", "requestPayload"), openInvocation, ""},
		{"EventBridge event of an invocation", func(n *node) bool {
			return strings.HasPrefix(n.text("detail-type"), "Lambda Function Invocation Result") &&
				n.top["detail"] != nil
		}, openMember("detail"), ""},
		{"SNS notification", func(n *node) bool {
			return n.text("Type") == "Notification" && n.text("Message") != ""
		}, openMember("Message"), ""},
		{"SNS subscription's confirmation", func(n *node) bool {
			return strings.HasSuffix(n.text("Type"), "Confirmation")
		}, nil, "no message is in it"},
		{"SNS event", firstHas("Sns"), openList("message", "Sns", "Message"), ""},
		{"SQS event", firstHas("messageId", "body"), openList("message", "body"), ""},
		{"aws sqs receive-message output", firstHas("MessageId", "Body"), openList("message", "Body"), ""},
		{"aws kinesis get-records output", func(n *node) bool {
			return n.first["SequenceNumber"] != nil && n.first["Data"] != nil ||
				n.list != nil && (n.top["NextShardIterator"] != nil || n.top["MillisBehindLatest"] != nil)
		}, openGetRecords, ""},
		{
			"aws kinesis get-shard-iterator output", has("ShardIterator"), nil,
			"give the iterator to aws kinesis get-records --shard-iterator; its output is read here",
		},
		{
			"aws s3api get-object output", has("ETag", "ContentLength"), nil,
			"the object is in the file that this command was told to write",
		},
		{
			"list of objects in a bucket", has("Contents"), nil,
			"fetch the objects (aws s3 cp --recursive s3://BUCKET/PREFIX DIRECTORY), then name the directory",
		},
		{
			"S3 event", firstHas("s3"), nil,
			"fetch the objects that it names (aws s3 cp s3://BUCKET/KEY FILE), then name the file",
		},
		{"Records of an event", firstHas("kinesis"), func(n *node, t trail, r *recogniser) {
			r.add(t, Document{Event: joined(`{"Records":`, n.list, `}`)})
		}, ""},
		{"JSON in a string", func(n *node) bool { return n.value[0] == '"' }, func(n *node, t trail, r *recogniser) {
			r.read(textOf(n.value), t, false)
		}, ""},
		{"array", func(n *node) bool { return n.list != nil && n.top == nil && !isPipes(n) }, openList("element"), ""},
	}
}

// maxInside is how deep things may stand in each other. Object, notification,
// message and event come to five.
const maxInside = 12

// maxDocuments is how many events a file may hold.
const maxDocuments = 1 << 18

// trail is the way to a value.
type trail struct {
	parts, forms []string
	depth        int
}

func (t trail) part(format string, args ...any) trail {
	t.parts = append(slices.Clip(t.parts), fmt.Sprintf(format, args...))
	return t
}

func (t trail) form(name string) trail {
	t.forms = append(slices.Clip(t.forms), name)
	return t
}

// recogniser collects the documents of one file.
type recogniser struct {
	kinds []kind
	from  Origin
	found []Document // never more than one above maxDocuments, which says so
}

// recognise returns the events in a file's content, in their order, at least
// one. Offsets in errors about an event are offsets in that event.
func recognise(content []byte, from Origin) []Document {
	r := recogniser{kinds: kinds(), from: from}
	content, t, err := plainText(content)
	if err != nil {
		r.add(t, Document{Err: err})
	} else {
		r.read(content, t, false)
	}
	return r.found
}

func (r *recogniser) add(t trail, d Document) {
	if r.full() {
		return
	}
	d.Part, d.Form = strings.Join(t.parts, ", "), strings.Join(t.forms, ", ")
	if r.found = append(r.found, d); len(r.found) == maxDocuments {
		r.found = append(r.found, Document{
			Err: fmt.Errorf("more than %d events in one file: what follows is left out", maxDocuments),
		})
	}
}

func (r *recogniser) full() bool { return len(r.found) > maxDocuments }

// read finds the documents in text. Text of no known kind is taken for an
// event, which the decoder will refuse; strict leaves it out instead.
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

func (r *recogniser) value(value []byte, t trail, strict bool) {
	if t.depth++; t.depth <= maxInside && isWhole(value) {
		n := newNode(value)
		for _, k := range r.kinds {
			switch {
			case !k.is(n):
				continue
			case k.open == nil:
				r.add(t.form(k.name), Document{
					Err: fmt.Errorf("not a Kinesis event, but %s: %s", article(k.name), k.advice),
				})
			case k.name == "event" || k.name == "on-failure record":
				k.open(n, t, r) // what is shown of these says what they are
			default:
				k.open(n, t.form(k.name), r)
			}
			return
		}
	}
	if !strict {
		r.add(t, Document{Event: value})
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

// openMember reads a member, which may be JSON or a string that holds it.
func openMember(name string) func(*node, trail, *recogniser) {
	return func(n *node, t trail, r *recogniser) {
		value := n.top[name]
		if value[0] == '"' {
			value = textOf(value)
		}
		r.read(value, t, false)
	}
}

// openList reads each element of the list, or the member of it that path leads
// to. Where an array, or an event of another service, has no element of a known
// kind, the whole is taken for an event, and the decoder says what it is.
func openList(part string, path ...string) func(*node, trail, *recogniser) {
	return func(n *node, t trail, r *recogniser) {
		number, before, known := 0, len(r.found), 0
		jsonview.Elements(n.list, func(v []byte) bool {
			number++
			for _, name := range path {
				v = membersOf(v)[name]
			}
			if len(v) > 0 && v[0] == '"' {
				v = textOf(v)
			}
			at, found := t.part("%s %d", part, number), len(r.found)
			if r.read(v, at, true); len(r.found) > found {
				known++
			} else {
				shown := screen.Preview(v[:min(len(v), screen.DataShown)])
				r.add(at, Document{Err: errors.New("neither an event nor an on-failure record: " + shown)})
			}
			return !r.full()
		})
		if known == 0 && n.top["Messages"] == nil {
			r.found = append(r.found[:before], Document{Event: n.raw, Part: strings.Join(t.parts, ", ")})
		}
	}
}

// openFailedBatch reads what an event source mapping leaves behind when it
// gives a batch up (Lambda developer guide, "Retain discarded batch records",
// for Kinesis). Lambda writes the payload as a string, some emulators as an
// object.
func openFailedBatch(n *node, t trail, r *recogniser) {
	about, event := failedBatch(n.value), n.top["payload"]
	switch {
	case about == nil:
		r.add(t, Document{Event: n.raw})
	case event == nil:
		r.add(t, Document{About: about, Err: about.noPayload()})
	case event[0] == '"':
		r.add(t, Document{About: about, Event: textOf(event)})
	default:
		r.add(t, Document{About: about, Event: event})
	}
}

// openInvocation reads the record that an asynchronous invocation leaves at a
// destination (Lambda developer guide, "Retaining records of asynchronous
// invocations").
func openInvocation(n *node, t trail, r *recogniser) {
	before := len(r.found)
	openMember("requestPayload")(n, t, r)
	about := failedBatch(n.value)
	for i := range r.found[before:] {
		if d := &r.found[before+i]; d.About == nil {
			d.About = about
		}
	}
}

// openGetRecords makes an event of records in the form of the Kinesis API
// (GetRecords). Strings are copied as they stand, so that the event's records
// are these, byte for byte.
func openGetRecords(n *node, t trail, r *recogniser) {
	b, comma := []byte(`{"Records":[`), ""
	jsonview.Elements(n.list, func(v []byte) bool {
		b = append(b, comma...)
		b = r.from.appendRecord(b, v)
		comma = ","
		return true
	})
	r.add(t, Document{Event: append(b, "]}"...), Made: true})
}

// appendRecord appends a record of an event. A value that is no record is left
// to the decoder.
func (o Origin) appendRecord(b, value []byte) []byte {
	m := membersOf(value)
	if m == nil {
		return append(b, value...)
	}
	b = append(b, `{"kinesis":{"kinesisSchemaVersion":"1.0"`...)
	for _, name := range []string{
		"PartitionKey", "SequenceNumber", "Data", "ApproximateArrivalTimestamp",
		"EncryptionType",
	} {
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
	if number := m["SequenceNumber"]; o.ShardID != "" && number != nil && number[0] == '"' {
		b = append(append(append(append(b, `,"eventID":"`...), o.ShardID...), ':'), number[1:]...)
	}
	if o.StreamARN != "" {
		region := strings.SplitN(o.StreamARN, ":", 5)
		b = fmt.Appendf(b, `,"awsRegion":"%s","eventSourceARN":"%s"`, region[3], o.StreamARN)
	}
	return append(b, '}')
}

// seconds returns a time in the form that events have. The AWS CLI writes ISO
// 8601 since version 2, and seconds before that or where cli_timestamp_format
// is wire. Any other value is left for the decoder to refuse.
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

// plainText undoes what a whole file may be: compressed, or UTF-16, which
// PowerShell writes when output is redirected. A byte order mark is dropped: it
// is the editor's, not the event's.
func plainText(content []byte) ([]byte, trail, error) {
	var t trail
	for range maxInside {
		plain, err := decoder.Auto.AppendDecompressed(nil, content, maxFile)
		if err != nil {
			return nil, t.form(decoder.Detect(content).String()), err
		}
		if bytes.Equal(plain, content) {
			break
		}
		content, t = plain, t.form(decoder.Detect(content).String())
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
