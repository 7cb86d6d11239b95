package fuzz

import "strings"

// This file makes templates: what stands around the changing values of the
// records of one producer.

// slot is a value that changes from record to record.
type slot uint8

const (
	slotNone slot = iota
	slotKey
	slotSequence
	slotData
	slotTime
	slotEventID
	slotOther // of a member that is no record's
	slots
)

// member is a member of a record: its value is text, or a slot.
type member struct {
	name, value string
	slot        slot
	inner       bool // stands in "kinesis"
}

// segment is literal text and the slot behind it.
type segment struct {
	text []byte
	slot slot
}

// template is the text of a record, with slots.
type template struct {
	segments []segment
	shard    string
	made     bool
	text     []byte // of the segments
	members  []member
}

// origin is where the records of a template come from.
type origin struct{ arn, shard, region, role, version, encryption string }

var (
	arns = []string{
		"arn:aws:kinesis:eu-west-1:123456789012:stream/a",
		"arn:aws:kinesis:eu-west-1:123456789012:stream/b",
		"arn:aws:kinesis:us-east-2:123456789012:stream/a/consumer/c:1",
		`arn:aws:kinesis:eu-west-1:123456789012:stream\/a`,
		"a",
	}
	shards      = []string{"shardId-000000000006", "shardId-000000000007", "s", "", "1", `s\u002d1`}
	regions     = []string{"eu-west-1", "us-east-2", ""}
	roles       = []string{"arn:aws:iam::123456789012:role/r", "r"}
	versions    = []string{"1.0", "1", "2.0"}
	encryptions = []string{"", "", "NONE", "KMS"}
)

func (c *choices) origin() origin {
	if !c.chance(100) {
		return origin{arns[0], shards[0], regions[0], roles[0], versions[0], ""}
	}
	return origin{
		arns[c.below(len(arns))*c.below(2)], shards[c.below(len(shards))*c.below(2)], c.oneOf(regions), c.oneOf(roles),
		versions[c.below(len(versions))*c.below(2)], c.oneOf(encryptions),
	}
}

// lambdaMembers sets the members as Lambda writes them.
func (t *template) lambdaMembers(o origin) {
	t.shard = o.shard
	t.members = append(t.members[:0], member{name: "kinesisSchemaVersion", value: quoted(o.version), inner: true},
		member{name: "partitionKey", slot: slotKey, inner: true},
		member{name: "sequenceNumber", slot: slotSequence, inner: true},
		member{name: "data", slot: slotData, inner: true},
		member{name: "approximateArrivalTimestamp", slot: slotTime, inner: true},
	)
	if o.encryption != "" {
		t.members = append(t.members, member{name: "encryptionType", value: quoted(o.encryption), inner: true})
	}
	t.members = append(t.members, member{name: "eventSource", value: `"aws:kinesis"`},
		member{name: "eventVersion", value: `"1.0"`},
		member{name: "eventID", slot: slotEventID},
		member{name: "eventName", value: `"aws:kinesis:record"`},
		member{name: "invokeIdentityArn", value: quoted(o.role)},
		member{name: "awsRegion", value: quoted(o.region)},
		member{name: "eventSourceARN", value: quoted(o.arn)},
	)
}

// quoted puts quotes around text that is free of what would need escapes,
// without allocating for what is known.
func quoted(text string) string {
	if q, ok := quotedTexts[text]; ok {
		return q
	}
	return `"` + text + `"`
}

var quotedTexts = func() map[string]string {
	m := map[string]string{}
	for _, list := range [][]string{arns, shards, regions, roles, versions, encryptions} {
		for _, text := range list {
			m[text] = `"` + text + `"`
		}
	}
	return m
}()

// make sets a template: mostly what Lambda writes today, else with one change
// or several.
func (t *template) make(c *choices) {
	t.lambdaMembers(c.origin())
	flat, style, keepOrder := false, spacesNone, true
	if c.chance(56) {
		flat = c.chance(50)
		style = spaces(c.below(int(spacesKinds)) * c.below(2))
		keepOrder = !c.chance(90)
		for range c.below(3) {
			t.change(c)
		}
	}
	t.render(c, flat, style, keepOrder)
}

// change makes the members a little different.
func (t *template) change(c *choices) {
	at := c.below(len(t.members))
	m := &t.members[at]
	switch c.below(16) {
	case 0, 1, 2, 3, 4, 5: // a member that is no record's
		t.insert(at, member{name: c.oneOf(otherNames), value: c.oneOf(otherValues), inner: m.inner})
	case 6, 7: // one is absent
		t.members = append(t.members[:at], t.members[at+1:]...)
	case 8: // null, or of another type
		m.value, m.slot = c.oneOf(oddValues), slotNone
	case 9:
		t.insert(at, member{name: c.oneOf(otherNames), slot: slotOther, inner: m.inner})
	case 10: // twice
		twin := *m
		if c.chance(128) {
			twin.value, twin.slot = c.oneOf(oddValues), slotNone
		}
		t.insert(c.below(len(t.members)), twin)
	case 11: // where it does not belong
		twin := *m
		twin.inner = !twin.inner
		t.insert(c.below(len(t.members)), twin)
	case 12:
		m.name = escapedName(m.name)
	case 13:
		if m.slot == slotNone {
			m.value = c.oneOf(constants)
		}
	case 14:
		t.insert(at, member{name: c.oneOf(otherNames), value: c.deep(), inner: m.inner})
	case 15: // one of Records' names
		t.insert(at, member{name: fieldNames[c.below(len(fieldNames))], value: c.oneOf(oddValues), inner: m.inner})
	}
}

var (
	otherNames = []string{
		"x", "", "Kinesis", "Data", "data ", "Records", "eventId", "partitionkey", `a\u0062`, "\xff", "é", `\ud800`,
		"sequenceNumber\x7f",
	}
	otherValues = []string{
		`1`, `"x"`, `{}`, `[]`, `null`, `true`, `false`, `-0.5e-7`, `""`, `"\u0041\n"`, `{"data":"AAAA"}`,
		`[{"a":[1,{"b":null}]},2]`, `"\ud83d\ude00\ud800"`, "\"\xff\xc0\"", `"\""`, `"\\"`, `{"kinesis":{"data":1}}`,
	}
	oddValues = []string{
		`null`, `1`, `"x"`, `true`, `{}`, `[]`, `""`, `"1.0"`, `"AAAA"`, `[1]`, `-1e5`,
		`{"data":"AAAA"}`,
	}
	constants = []string{
		`"x"`, `""`, `"aws:kinesis"`, `"\u0061ws:kinesis"`, `"aws:s3"`, `"1.\u0030"`, `"é"`,
		"\"\xe9\"", `"\ud800"`, `"\/"`,
	}
	fieldNames = []string{
		"kinesis", "data", "partitionKey", "sequenceNumber", "approximateArrivalTimestamp", "kinesisSchemaVersion",
		"encryptionType", "eventID", "eventSource", "eventVersion", "eventName", "eventSourceARN",
		"invokeIdentityArn", "awsRegion",
	}
)

// escapedName writes a name's first letter as an escape.
func escapedName(name string) string {
	if name == "" {
		return name
	}
	const hex = "0123456789abcdef"
	return `\u00` + string(hex[name[0]>>4]) + string(hex[name[0]&15]) + name[1:]
}

// deep is a value that is nested so deep that it matters, or wide, or long.
func (c *choices) deep() string {
	switch c.below(8) {
	case 5, 6:
		return wideValue
	case 7:
		return longValue
	}
	n := 294 + c.below(8)
	return deepValue[deepMost-n : deepMost+n]
}

const deepMost = 302

var (
	deepValue = strings.Repeat("[", deepMost) + strings.Repeat("]", deepMost)
	wideValue = "[0" + strings.Repeat(",0", 520) + "]"
	longValue = `"` + strings.Repeat("x", 4<<10) + `"`
)

func (t *template) insert(at int, m member) {
	t.members = append(t.members, member{})
	copy(t.members[at+1:], t.members[at:])
	t.members[at] = m
}

// spaces is how white space is written.
type spaces uint8

const (
	spacesNone   spaces = iota
	spacesPython        // behind colons and commas
	spacesPretty        // lines
	spacesRandom
	spacesKinds
)

func (s spaces) colon() string { return [...]string{"", " ", " ", ""}[s] }
func (s spaces) comma() string { return [...]string{"", " ", "\n    ", ""}[s] }

// render writes the members out. A flat record has no object "kinesis".
func (t *template) render(c *choices, flat bool, style spaces, keepOrder bool) {
	t.segments, t.text = t.segments[:0], t.text[:0]
	if !keepOrder {
		for i := range t.members {
			j := c.below(i + 1)
			t.members[i], t.members[j] = t.members[j], t.members[i]
		}
	}
	start := 0
	t.text = append(t.text, '{')
	if flat {
		for i := range t.members {
			start = t.renderMember(c, style, &t.members[i], i == 0, start)
		}
	} else {
		start = t.renderNested(c, style, keepOrder, start)
	}
	t.text = append(t.text, '}')
	t.segments = append(t.segments, segment{t.text[start:], slotNone})
}

// renderNested writes the object "kinesis" among the other members.
func (t *template) renderNested(c *choices, style spaces, keepOrder bool, start int) int {
	at, outer, first := 0, 0, true
	if !keepOrder {
		at = c.below(8)
	}
	kinesis := func() {
		t.renderName(c, style, "kinesis", first)
		first = false
		t.text = append(t.text, '{')
		firstInner := true
		for i := range t.members {
			if t.members[i].inner {
				start = t.renderMember(c, style, &t.members[i], firstInner, start)
				firstInner = false
			}
		}
		t.text = append(t.text, '}')
	}
	for i := range t.members {
		if t.members[i].inner {
			continue
		}
		if outer == at {
			kinesis()
		}
		outer++
		start = t.renderMember(c, style, &t.members[i], first, start)
		first = false
	}
	if outer <= at {
		kinesis()
	}
	return start
}

func (t *template) renderName(c *choices, style spaces, name string, first bool) {
	if !first {
		t.text = append(t.text, ',')
		t.text = append(t.text, style.comma()...)
	}
	t.space(c, style)
	t.text = append(t.text, '"')
	t.text = append(t.text, name...)
	t.text = append(t.text, '"')
	t.space(c, style)
	t.text = append(t.text, ':')
	t.text = append(t.text, style.colon()...)
	t.space(c, style)
}

// renderMember writes a member. It returns where the literal text that is not
// yet in a segment begins.
func (t *template) renderMember(c *choices, style spaces, m *member, first bool, start int) int {
	t.renderName(c, style, m.name, first)
	if m.slot == slotNone {
		t.text = append(t.text, m.value...)
	} else {
		// A later append may move t.text; the bytes of this segment stay as
		// they are.
		t.segments = append(t.segments, segment{t.text[start:], m.slot})
		start = len(t.text)
	}
	t.space(c, style)
	return start
}

func (t *template) space(c *choices, style spaces) {
	if style == spacesRandom && c.chance(64) {
		t.text = append(t.text, c.oneOf([]string{" ", "\n", "\t", "\r", "  ", "\r\n\t "})...)
	}
}
