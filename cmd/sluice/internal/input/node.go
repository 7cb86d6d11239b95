package input

import (
	"bytes"
	"strings"

	"example.com/sluice/cmd/sluice/internal/screen"
	"example.com/sluice/internal/jsonscan"
	"example.com/sluice/internal/jsonview"
)

// node is a JSON value, and the parts of it that kinds look at.
type node struct {
	raw   []byte // with the spaces around it: an event stays as it is
	value []byte
	top   map[string][]byte // an object's members, of the names in knownMembers
	list  []byte            // an array: the value, or its member Records, Messages or Contents
	first map[string][]byte // the members of list's first element
}

var knownMembers = func() map[string]bool {
	known := map[string]bool{}
	for name := range strings.FieldsSeq(`Records Messages Contents window kinesis
		KinesisBatchInfo DDBStreamBatchInfo KafkaBatchInfo SQSBatchInfo payload requestContext requestPayload
		detail detail-type Type Message Sns messageId body MessageId Body
		SequenceNumber Data PartitionKey ApproximateArrivalTimestamp EncryptionType
		NextShardIterator MillisBehindLatest ShardIterator ETag ContentLength s3 eventSource data`) {
		known[name] = true
	}
	return known
}()

// isWhole reports whether text is one valid JSON value.
func isWhole(text []byte) bool {
	n, err := jsonscan.Scan(text)
	return err == nil && len(bytes.Trim(text[n:], screen.Spaces)) == 0
}

// newNode looks at valid JSON.
func newNode(raw []byte) *node {
	value := bytes.Trim(raw, screen.Spaces)
	n := &node{raw: raw, value: value, top: membersOf(value)}
	for _, list := range [][]byte{value, n.top["Records"], n.top["Messages"], n.top["Contents"]} {
		if len(list) > 0 && list[0] == '[' {
			n.list = list
			jsonview.Elements(list, func(v []byte) bool { n.first = membersOf(v); return false })
			break
		}
	}
	return n
}

// membersOf returns an object's known members, nil for any other value. Null
// counts as absent, and the last of duplicates wins, as in the decoder.
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

func (n *node) text(member string) string { return string(textOf(n.top[member])) }

// textOf is a string's text, nil for any other value.
func textOf(value []byte) []byte {
	if len(value) == 0 {
		return nil
	}
	var memory []byte
	text, _ := jsonview.Text(value, &memory)
	return text
}

// has, hasOne and firstHas are conditions of kinds: on the names of members at
// the top, and in the list's first element.
func has(names ...string) func(*node) bool {
	return func(n *node) bool { return hasAll(n.top, names) }
}

func hasOne(names ...string) func(*node) bool {
	return func(n *node) bool {
		for _, name := range names {
			if n.top[name] != nil {
				return true
			}
		}
		return false
	}
}

func firstHas(names ...string) func(*node) bool {
	return func(n *node) bool { return hasAll(n.first, names) }
}

func hasAll(members map[string][]byte, names []string) bool {
	for _, name := range names {
		if members[name] == nil {
			return false
		}
	}
	return true
}

// isEvent reports whether a value surely is an event of Lambda or of
// EventBridge Pipes.
func isEvent(n *node) bool {
	return n.top["Records"] != nil && n.first["kinesis"] != nil || n.top["window"] != nil || isPipes(n)
}

func isPipes(n *node) bool {
	return n.top == nil && n.list != nil && n.first["eventSource"] != nil && n.first["data"] != nil
}

// line is a JSON value, and the number of the line that it begins on.
type line struct {
	number int
	value  []byte
}

// splitLines takes text apart into JSON values that each begin on a line of
// their own, as in JSON Lines. A broken one ends before the next line that is
// a whole object or array. Other text is not split.
func splitLines(text []byte) []line {
	var all []line
	for at, number := 0, 1; len(all) <= maxDocuments; {
		start := len(text) - len(bytes.TrimLeft(text[at:], screen.Spaces))
		number += bytes.Count(text[at:start], []byte("\n"))
		if start == len(text) {
			break
		}
		n, err := jsonscan.Scan(text[start:])
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

// endsLine reports whether nothing but spaces stands before the line's end.
func endsLine(text []byte) bool {
	rest := bytes.TrimLeft(text, " \t\r")
	return len(rest) == 0 || rest[0] == '\n'
}

// nextWhole returns where the next line begins that is a whole object or array;
// without one, the end.
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

// areRecords reports whether all values are records that stand alone, as
// jq '.Records[]' writes them.
func areRecords(values []line) bool {
	for _, l := range values {
		if !isWhole(l.value) {
			return false
		}
		m := membersOf(bytes.Trim(l.value, screen.Spaces))
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
