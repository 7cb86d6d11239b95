package fuzz

import (
	"encoding/base64"
	"strconv"
)

// This file makes events: envelopes, records by a template, and the values in
// its slots, most of them such that the template reader takes them, some of
// them odd.

// span is a part of an event.
type span struct{ start, end int }

// spot is where the values in a record's slots stand, quotes included.
type spot [slots]span

// grammar makes events by choices.
type grammar struct {
	choices
	templates [3]template

	// How the event is that is being made.
	text         []byte
	spots        []spot
	length       [slots]int // common lengths of the values
	serial       uint64     // of the last sequence number
	oneSequence  bool       // all records have the same
	oddRecord    int        // the record with an odd value, and which one it is; -1: none
	oddSlot      slot
	allOdd       bool
	changing     int
	sequenceText []byte // of the record that is being made
	scratch      []byte

	// What the next event is to be like, whatever style says; see trap.
	trapping bool
	force    slot // which value has the forced length
	forced   int

	forcedEnvelope *envelope
}

// begin makes ready for the events of one execution.
func (g *grammar) begin(c choices) {
	g.choices = c
	g.changing, g.serial = 0, 0
	g.trapping, g.force, g.forcedEnvelope = false, slotNone, nil
	for i := range g.templates {
		g.templates[i].made = false
	}
}

// template returns a template, which is the same for all events of an
// execution.
func (g *grammar) template(i int) *template {
	t := &g.templates[i]
	if !t.made {
		t.made = true
		t.make(&g.choices)
	}
	return t
}

// event makes an event of records of the first template, or of others too. It
// is appended to dst.
func (g *grammar) event(dst []byte, plain bool) []byte {
	g.text, g.spots = dst, g.spots[:0]
	if !plain && g.chance(2) {
		return append(dst, g.oneOf(oddEvents)...)
	}
	g.style()
	n := 1 + g.below(3)
	if !plain {
		if n = 2 + g.below(5); g.chance(16) {
			n = g.below(2)
		}
	}
	g.oddities(n, plain)
	which, change := 0, -1
	if !plain && g.chance(24) {
		which = 1
	}
	if !plain && g.chance(24) {
		change = g.below(n + 1)
	}
	alternate := !plain && g.chance(8)
	e := g.envelope(plain)
	g.text = append(g.text, e.before...)
	for i := range n {
		if i > 0 {
			g.text = append(g.text, e.comma...)
		}
		if i == change || alternate && i > 0 {
			which = 1 - which
		}
		if i == g.oddRecord && g.oddSlot == slotNone {
			g.oddElement()
			continue
		}
		g.record(g.template(which), i)
	}
	g.text = append(g.text, e.after...)
	return g.text
}

// style decides how long the values of an event usually are.
func (g *grammar) style() {
	g.length = [slots]int{slotKey: 6, slotSequence: 20, slotData: 8, slotOther: 3}
	if g.chance(100) {
		g.length[slotKey] = g.below(24)
		g.length[slotSequence] = []int{56, 56, 56, 56, 56, 56, 56, 56, 56, 55, 57, 20, 33, 7, 0, 12}[g.below(16)]
		g.length[slotData] = 4 * g.below(40)
	}
	g.serial = uint64(g.octet()) * 0x0123456789abcd
	g.oneSequence = g.chance(16) || g.trapping
}

// oddities decides which values are odd.
func (g *grammar) oddities(n int, plain bool) {
	g.oddRecord, g.allOdd = -1, false
	if g.chance(5) {
		g.allOdd = true
	}
	if plain && !g.chance(20) || !g.chance(112) || n == 0 {
		return
	}
	g.oddRecord = g.below(n)
	g.oddSlot = slot(1 + g.below(int(slots)-1))
	if g.chance(20) {
		g.oddSlot = slotNone // the record itself
	}
}

// record writes a record of template t, the i-th of its event.
func (g *grammar) record(t *template, i int) {
	var s spot
	if !g.oneSequence || i == 0 {
		g.serial += 1 + uint64(g.below(16))
		g.sequenceText = g.digits(g.sequenceText[:0], g.size(slotSequence))
	}
	for n := range t.segments {
		seg := &t.segments[n]
		g.text = append(g.text, seg.text...)
		if seg.slot == slotNone {
			continue
		}
		start := len(g.text)
		odd := i == g.oddRecord && seg.slot == g.oddSlot
		if g.allOdd && g.chance(100) {
			odd = true
		}
		if odd && g.chance(24) {
			g.text = append(g.text, g.oneOf(oddValues)...)
		} else {
			g.value(seg.slot, t, odd)
		}
		s[seg.slot] = span{start, len(g.text)}
	}
	g.spots = append(g.spots, s)
}

// value writes the value in a slot.
func (g *grammar) value(h slot, t *template, odd bool) {
	if h == slotTime {
		g.time(odd)
		return
	}
	g.text = append(g.text, '"')
	switch h {
	case slotKey:
		g.key(odd)
	case slotSequence:
		g.number(odd)
	case slotData:
		g.data(odd)
	case slotEventID:
		g.eventID(t, odd)
	case slotOther:
		g.changing++
		g.text = strconv.AppendInt(g.text, int64(g.changing)&0xff, 10)
	}
	g.text = append(g.text, '"')
}

// size is how long a value is: mostly as style says.
func (g *grammar) size(h slot) int {
	if h == g.force {
		return g.forced
	}
	if g.chance(40) {
		return g.below(2*g.length[h] + 8)
	}
	return g.length[h]
}

var keys = []string{
	`1.0`, `1`, ``, `aws:kinesis`, `shardId-000000000006`, `é`, `日本語日本語日本語`, "\xff\xfe", "\xc3", `\"`, `\\`, `\/`,
	`\u0041`, `\ud83d\ude00`, `\ud800`, `a\ud800\u0041`, `\n`, "\n", "\x00", "\x1f", "\x7f", `"`, `a"`, `","`, `\`,
	`\u12`, `\q`, "abcdefg\x01", "abcdefgh\x01", "\x01bcdefghi", `abcdefg\n`, `abcdefgh\n`, `a":"b`,
	`\","sequenceNumber":"1`, "\xa2\xdc\x9f", "abc\xa2defg\\n", "\x80", `null`, `{}`,
}

func (g *grammar) key(odd bool) {
	if odd {
		g.text = append(g.text, keys[g.below(len(keys))]...)
		if g.chance(128) {
			g.letters(g.below(12))
		}
		return
	}
	if g.force != slotKey && g.chance(24) {
		g.text = append(g.text, keys[g.below(7)]...)
		return
	}
	g.letters(g.size(slotKey))
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// letters writes n letters that differ from call to call.
func (g *grammar) letters(n int) {
	at := int(g.octet())
	for i := range n {
		g.text = append(g.text, alphabet[(at+i)&31])
	}
}

var numbers = []string{
	`12345678901234567890:`, `x`, `a2345678901234567890`, ``, `01`, `-1`, `1.5`, `1e5`, ` 1`, `\u0031`, `12345678\n`,
	"1234567\x018", "\x01", "12345678\x80", `0000000000000000000000000000000000000000000000000000000001`,
	`99999999999999999999999999999999999999999999999999999999999999999999999999`, `12345678"`, `"`,
	"\xb1\xb2\xb3\xb4\xb5\xb6\xb7\xb8", `:::::::::`, "1234567:", "123456781234567/", "????????", "/",
	"\n\n\n\n\n\n\n\n", `"""""""",""`,
}

// number writes the sequence number.
func (g *grammar) number(odd bool) {
	if n := len(g.sequenceText); odd && n > 0 && g.chance(100) {
		g.sequenceText[g.below(n)] = special[g.below(len(special))]
	} else if odd {
		g.sequenceText = append(g.sequenceText[:0], numbers[g.below(len(numbers))]...)
		if g.chance(128) {
			g.sequenceText = g.digits(g.sequenceText, g.below(20))
		}
	}
	g.text = append(g.text, g.sequenceText...)
}

// digits appends n digits, of which the last count up.
func (g *grammar) digits(dst []byte, n int) []byte {
	start := len(dst)
	for i := range n {
		dst = append(dst, "4957112038469501827364655463728190"[i%34])
	}
	for i, v := len(dst)-1, g.serial; i >= start && v > 0; i, v = i-1, v/10 {
		dst[i] = byte('0' + v%10)
	}
	return dst
}

// eventID writes an event id: what fits the sequence number or, if odd, not
// quite.
func (g *grammar) eventID(t *template, odd bool) {
	n := -1
	if odd {
		n = g.below(15)
	}
	switch n {
	case 0:
		g.text = append(g.text, g.oneOf(shards)...)
	default:
		g.text = append(g.text, t.shard...)
	}
	if n == 1 {
		g.text = append(g.text, g.sequenceText...) // no colon
		return
	}
	g.text = append(g.text, ':')
	start := len(g.text)
	g.text = append(g.text, g.sequenceText...)
	number := g.text[start:]
	at := g.below(max(1, len(number)))
	if g.oddSlot == slotSequence && g.chance(40) {
		for i, c := range number { // what tests of many bytes at once may take for the same
			if c < '0' || c > '9' {
				number[i] |= 0x80
			}
		}
	}
	switch {
	case n == 2 && len(number) > 0:
		number[at] ^= 1 << g.below(8)
	case n == 3:
		g.text = append(g.text, g.oneOf([]string{"0", ":", `\n`, `\u0031`, `"`, "\x01", "x"})...)
	case n == 4 && len(number) > 0:
		g.text = g.text[:len(g.text)-1]
	case n == 5:
		g.text = append(g.text[:start], numbers[g.below(len(numbers))]...)
	case n == 6:
		for i := range number { // what carries and high bits may hide
			number[i] |= 0x80
		}
	case n == 7 && len(number) > 0:
		number[at] = g.octet()
	case n == 8 && len(number) > 0:
		number[at] |= 0x80
	case n == 9:
		g.text = append(append(g.text[:start], ':'), g.sequenceText...)
	case n == 10 && len(number) > 1:
		number[0], number[len(number)-1] = number[len(number)-1], number[0]
	case n == 11:
		g.text = append(append(g.text[:start], '0'), g.sequenceText...)
	case n == 12:
		g.text = g.text[:start]
	}
}

var times = []string{
	`01`, `1.`, `1.5e3`, `-0`, `"1480641523.477"`, `1e400`, `1480641523`, `1480641523.4770`, `1480641523.4`, `.5`,
	`+1`, `1e`, `253402300799.999`, `253402300800`, `-1.5`, `0`, `0480641523.477`, `0123456789.123`,
	`1480641523.477 `, ` 1480641523.477`, `148064152a.477`, `1480641523,477`, `1480641523.47:`, `1480641523.477e0`,
	`14806415230.477`, `9999999999.999`, `1.4806415E9`, `1480641523.4771234567891`, `1e-400`, `0e999999999999`,
	`-1480641523.477`, `""`, `"x"`, `"1480641523"`, `148064152:.477`, `/480641523.477`, `1480641523.47/`,
	`148064152.3477`, `1480641523.477]`, `-`, `-480641523.477`, `1480641523.477}`, "148064152\xb3.477",
	"148064\xb2523.477", `1480641:23.477`, `148064.1523477`, `true`, `1E0001`, `0.0000000019`,
	`253402300799.9999999999`, `-253402300800`, `"01"`, `"1 "`, `1480641523.477,`, `1480641523e477`,
}

func (g *grammar) time(odd bool) {
	if odd && g.chance(160) {
		g.text = append(g.text, times[g.below(len(times))]...)
		return
	}
	start := len(g.text)
	g.text = append(g.text, "1480641523.000"...)
	ms := g.wide(1000)
	text := g.text[start:]
	if g.chance(60) {
		text[9] = byte('0' + g.below(10)) // another second
	}
	text[11], text[12], text[13] = byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10)
	switch {
	case odd && g.chance(128):
		text[11+g.below(3)] = special[g.below(len(special))]
	case odd:
		text[g.below(len(text))] = g.octet()
	}
}

// data writes base64.
func (g *grammar) data(odd bool) {
	n := g.size(slotData)
	if g.force != slotData && g.chance(2) {
		n = g.wide(4000)
	}
	start := len(g.text)
	g.letters(n / 4 * 4)
	text := g.text[start:]
	for range 2 {
		if len(text) > 0 {
			text[g.wide(len(text))] = alphabet[g.octet()&63]
		}
	}
	if len(text) > 0 && g.chance(128) {
		text[len(text)-1] = '='
		if g.chance(128) {
			text[len(text)-2] = '='
		}
	}
	if odd {
		g.oddData(start)
	}
}

var oddTexts = []string{
	`=`, `==`, `===`, `====`, `A===`, `AA=A`, `AA==AA==`, `AA==A`, `AB==`, `AAB=`, `-_-_`, `AAA`, `A`, `\n`, `\r\n`,
	`\/`, `\u0041`, "\n", "\r", "\r\n", "\n\n\n\n", `"`, `\`, ` `, "\x00", "\x80", "\xc3\xa9", `*`, `\nAAA`, `AA\n==`,
	`AA=\n=`, `=\n`, `\/\/\/\/`, `AAAA\n`, `\n\n\n\n`, `AAAA"AAA`, `\"`, `\t`, `{}`, `\ud83d\ude00`, `\ud83d`,
}

// oddData spoils the base64 that begins at start, at its end or somewhere
// within.
func (g *grammar) oddData(start int) {
	bad := g.oneOf(oddTexts)
	if g.chance(64) {
		bad = string(rune(g.octet()))
	}
	at := start
	if n := len(g.text) - start; n > 0 {
		switch g.below(4) {
		case 0:
			at = len(g.text)
		case 1:
			at += g.wide(n)
		case 2: // instead of what stands there
			at += g.wide(n)
			copy(g.text[at:], bad)
			return
		case 3:
			at = start + n/4*4 - 4*min(n/4, g.below(3))
		}
	}
	g.scratch = append(g.scratch[:0], g.text[at:]...)
	g.text = append(append(g.text[:at], bad...), g.scratch...)
	if g.chance(32) {
		g.scratch = base64.StdEncoding.AppendEncode(g.scratch[:0], g.text[at:])
		g.text = append(g.text[:at], g.scratch...)
	}
}

var oddElements = []string{
	`null`, `5`, `"x"`, `[]`, `{}`, `true`, `{"kinesis":{}}`, `{"kinesis":null}`, `{"kinesis":5}`,
	`{"eventSource":"aws:s3"}`, `{"data":"AAAA"}`, ``, `,`, `]`, `}`,
	`{"kinesis":{"sequenceNumber":"1","partitionKey":"k","data":"AAAA"}}`, `{"eventSource":"aws:kinesis"}`,
	`{"eventSource":"aws:sqs","body":"x"}`, `{`, `[{}]`,
	`{"kinesis":{"sequenceNumber":"1","partitionKey":"k","data":"AAAA"},"kinesis":{"sequenceNumber":"2",` +
		`"partitionKey":"l","data":"BBBB"}}`,
	`{,}`, `{"a"}`, `{"kinesis":{"sequenceNumber":"1","partitionKey":"k","data":"AAAA"},"kinesis":null}`, `{"a":}`,
	`{"a":1,}`, `{"a":1 "b":2}`, `[1,]`, `nul`, `{a:1}`,
	`{"kinesis":{"sequenceNumber":"1"},"data":"AAAA","partitionKey":"k","eventID":"s:1"}`,
	`{"sequenceNumber":"1","partitionKey":"k","data":"AAAA"}`,
}

// oddElement writes an element that is no record by a template, or one by a
// template of its own.
func (g *grammar) oddElement() {
	if g.chance(80) {
		g.templates[2].make(&g.choices)
		g.record(&g.templates[2], -2)
		return
	}
	g.text = append(g.text, g.oneOf(oddElements)...)
}

var oddEvents = []string{
	``, ` `, `5`, `"x"`, `nul`, `{}`, ` { } `, `[]`, `[[5]]`, `[5,{}]`, `{"Records":[]}`, `{"Records":null}`,
	`{"isFinalInvokeForWindow":true}`, `{"state":1}`,
	`{"isFinalInvokeForWindow":true,"eventSourceARN":"arn:aws:sqs:x","Records":null}`,
	`{"window":{},"eventSourceARN":"arn:aws:kinesis:a:1:stream/x"}`, `{"awslogs":{"data":"x"}}`,
	`{"detail-type":"x"}`, `{"Records":[{"cf":{}}]}`, `{"Records":[{"EventSource":"aws:sns"}]}`,
	`{"Records":[{"eventSource":"x:y"}]}`, `{"Records":[{"eventSource":5}]}`,
	`[{"eventSource":"aws:sqs"},{"data":"AAAA"}]`, `{"window":null,"state":null,"isFinalInvokeForWindow":null}`, `{]`,
	`{"Records":5}`,
}

// envelope is what stands around the records of an event.
type envelope struct{ before, comma, after string }

var plainEnvelope = envelope{`{"Records":[`, `,`, `]}`}

const (
	windowMembers = `"window":{"start":"2020-12-09T07:04:00Z","end":"2020-12-09T07:06:00Z"},"state":{"1":282,` +
		`"2":[715]},"shardId":"shardId-000000000006",` +
		`"eventSourceARN":"arn:aws:kinesis:us-east-1:123456789012:stream/a","isFinalInvokeForWindow":false,` +
		`"isWindowTerminatedEarly":true`
	oddWindow = `"window":{"start":"2020-12-09T07:04:00.5+02:00","end":null,"end":"x"},"state":null,` +
		`"state":"\u0041","shardId":5`
)

var envelopes = []envelope{
	{`[`, `,`, `]`},
	{`[`, `,`, `]`},
	{`[`, `,`, `]`},
	{`{` + windowMembers + `,"Records":[`, `,`, `]}`},
	{`{"Records":[`, `,`, `],` + windowMembers + `}`},
	{`{"Records":[`, `,`, `],` + windowMembers + `}`},
	{`{"Records":[`, `,`, `],` + oddWindow + `}`},
	{`{"isFinalInvokeForWindow":true,"Records":[`, `,`, `]}`},
	{`{"Records":[`, `,`, `],"window":{}}`},
	{`{"Records":[`, `,`, `],"window":[],"state":[1, 2 ]}`},
	{`{"Records":[`, `,`, `],"isFinalInvokeForWindow":1}`},
	{`{"st\u0061te":"x","Records":[`, `,`, `]}`},
	{`{"Records": [`, `, `, `]}`},
	{" {\n\"Records\" : [ ", " , ", " ] }\n"},
	{"{\n  \"Records\": [\n    ", ",\n    ", "\n  ]\n}\n"},
	{`{"Records":[`, " ,", `] }`},
	{`{"Rec\u006frds":[`, `,`, `]}`},
	{`{"x":[{}],"Records":[`, `,`, `],"y":{"Records":[]}}`},
	{`{"Records":null,"Records":[`, `,`, `]}`},
	{`{"Records":[`, `,`, `],"Records":[]}`},
	{`{"Records":[`, `,`, `],"Records":null}`},
	{`{"Records":[`, `,`, `]}}`},
	{`{"Records":[`, `,`, `]} x`},
	{`{"Records":[`, `,`, `]`},
	{`{"Records":[`, `,`, ``},
	{`{"Records":[`, `,`, `,]}`},
	{`{"Records":[`, `,`, `],}`},
	{`{"Records":[`, ``, `]}`},
	{`{"Records":[`, `,,`, `]}`},
	{`{"Records":{"a":`, `,`, `}}`},
	{`{"records":[`, `,`, `]}`},
	{`[[`, `,`, `]]`},
	{`{"Records":[[`, `,`, `]]}`},
	{"\xef\xbb\xbf{\"Records\":[", `,`, `]}`},
	{`{"Records":[`, `,`, `]],`},
	{`{"Records":[`, `,`, "]}\x00"},
	{`[`, `,`, `]}`},
	{`{"Records":[`, `,`, `}}`},
	{`{"state":"` + "\x01" + `","Records":[`, `,`, `]}`},
	{`{"Records":[`, `,`, `],"state":01}`},
	{`{"Records":[`, `,`, `],"eventSourceARN":"arn:aws:sqs:x"}`},
}

func (g *grammar) envelope(plain bool) envelope {
	if g.forcedEnvelope != nil {
		return *g.forcedEnvelope
	}
	if plain && !g.chance(24) || !g.chance(56) {
		return plainEnvelope
	}
	return envelopes[g.below(len(envelopes))]
}
