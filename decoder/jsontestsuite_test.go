package decoder_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"example.com/sluice/decoder"
)

// JSONTestSuite in every place that an event has for JSON: as the event itself,
// as a member's value and its name, as an element of Records, beside Records,
// and as a record's data. What encoding/json takes is taken, to a depth of 300.

// suiteCase is one text of the suite.
type suiteCase struct{ name, text string }

// suite reads testdata/jsontestsuite/cases.txt; the README beside it says how
// it is written.
func suite(t *testing.T) []suiteCase {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("..", "testdata", "jsontestsuite", "cases.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []suiteCase
	for line := range strings.Lines(string(file)) {
		name, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		text, rest := unquotePrefix(t, rest)
		if rest != "" {
			count, tail, _ := strings.Cut(rest, " ")
			n, err := strconv.Atoi(count)
			if err != nil {
				t.Fatal(err)
			}
			text = strings.Repeat(text, n)
			if tail != "" {
				tail, _ = unquotePrefix(t, tail)
			}
			text += tail
		}
		cases = append(cases, suiteCase{name, text})
	}
	return cases
}

func unquotePrefix(t *testing.T, s string) (text, rest string) {
	t.Helper()
	quoted, err := strconv.QuotedPrefix(s)
	if err != nil {
		t.Fatalf("%v in %.80s", err, s)
	}
	text, err = strconv.Unquote(quoted)
	if err != nil {
		t.Fatal(err)
	}
	return text, strings.TrimPrefix(s[len(quoted):], " ")
}

// nesting is how deep text is nested, where it is JSON.
func nesting(text string) int {
	depth, deepest := 0, 0
	inString := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}

// checkJSON reads the event in every way and asserts that what encoding/json
// takes, to a depth of 300, is taken as JSON, and that the rest is refused.
func checkJSON(t *testing.T, ev string) *outcome {
	t.Helper()
	got := read(t, decoder.Decoder{}, ev)
	valid := json.Valid([]byte(ev))
	var err error // nil where got.broken is
	if got.broken != nil {
		err = got.broken
	}
	switch sound := valid && nesting(ev) <= 300; {
	case sound && (errors.Is(err, decoder.ErrSyntax) || errors.Is(err, decoder.ErrTooLarge)):
		t.Errorf("it is JSON, but %v: %.200q", err, ev)
	case !sound && err == nil:
		t.Errorf("it passes, but encoding/json takes it: %t: %.200q", valid, ev)
	case valid && !sound && errors.Is(err, decoder.ErrSyntax):
		t.Errorf("it is JSON and too deep, but %v: %.200q", err, ev)
	}
	return got
}

func TestJSONTestSuite(t *testing.T) {
	cases := suite(t)
	count := map[byte]int{}
	accepted := 0
	for _, c := range cases {
		count[c.name[0]]++
		valid := json.Valid([]byte(c.text))
		if valid != (c.name[0] == 'y') && c.name[0] != 'i' {
			t.Errorf("%s: encoding/json takes it: %t", c.name, valid)
		}
		if valid {
			accepted++
		}
		t.Run(c.name, func(t *testing.T) { everyPlace(t, c.text) })
	}
	if accepted == 0 || count['y'] != 95 || count['n'] != 188 || count['i'] != 35 {
		t.Errorf("the suite has %d texts to take, %d to refuse and %d others, want 95, 188 and 35", count['y'],
			count['n'], count['i'])
	}
	t.Logf("%d of %d texts are JSON", accepted, len(cases))
}

// places are where an event has JSON.
var places = map[string]struct{ before, behind string }{
	"as a member of a record": {`{"Records":[` + strings.TrimSuffix(brief, "}") + `,"x":`, `}]}`},
	"as a member of kinesis":  {`{"Records":[` + strings.TrimSuffix(brief, "}}") + `,"x":`, `}}]}`},
	"as data":                 {`{"Records":[{"kinesis":{"partitionKey":"k","sequenceNumber":"1","data":`, `}}]}`},
	"as an arrival time": {`{"Records":[{"kinesis":{"partitionKey":"k","sequenceNumber":"1","data":"",` +
		`"approximateArrivalTimestamp":`, `}}]}`},
	"as kinesis":               {`{"Records":[{"partitionKey":"k","kinesis":`, `}]}`},
	"as a name":                {`{"Records":[{` + strings.TrimSuffix(brief[1:], "}") + `,`, `:0}]}`},
	"as the first record":      {`{"Records":[`, `,` + brief + `]}`},
	"as a later record":        {`{"Records":[` + brief + `,`, `]}`},
	"before Records":           {`{"x":`, `,"Records":[` + brief + `]}`},
	"behind Records":           {`{"Records":[` + brief + `],"x":`, `}`},
	"as the name of Records":   {`{`, `:[` + brief + `]}`},
	"as a window's state":      {`{"Records":[],"window":{},"state":`, `}`},
	"as a window":              {`{"Records":[],"state":0,"window":`, `}`},
	"as Records":               {`{"Records":`, `}`},
	"in a Pipes array":         {`[{"partitionKey":"k","sequenceNumber":"1","data":"aGVsbG8=","x":`, `}]`},
	"before the event":         {``, event(brief)},
	"behind the event":         {event(brief), ``},
	"behind Lambda's records":  {event(plain(1), plain(2)), ``},
	"between Lambda's records": {`{"Records":[` + plain(1) + `,` + plain(2), plain(3) + `]}`},
	"within a record of Lambda": {
		`{"Records":[` + plain(1) + `,` + strings.TrimSuffix(plain(2), "}") + `,"x":`,
		`},` + plain(3) + `]}`,
	},
}

// everyPlace puts text wherever an event has JSON.
func everyPlace(t *testing.T, text string) {
	if got := checkJSON(t, text); got.broken == nil && strings.Join(strings.Fields(text), "") != "[]" {
		t.Error("as an event it passes") // what Pipes sends is an array of records, and may be empty
	}
	n := len(text)
	for place, p := range places {
		if n++; n%4 == 0 || !short() {
			t.Run(place, func(t *testing.T) { checkJSON(t, p.before+text+p.behind) })
		}
	}
	asData(t, text)
}

// asData carries text as a record's data, where nothing of it matters.
func asData(t *testing.T, text string) {
	rec := read(t, decoder.Decoder{}, event(plain(1),
		withData(2, base64.StdEncoding.EncodeToString([]byte(text))))).good(t)[1]
	if string(rec.Data) != text {
		t.Errorf("as data it becomes %.100q", rec.Data)
	}
}

// TestJSONTestSuiteStrings gives each string of the suite as a partition key:
// it becomes what encoding/json makes of it, except that invalid UTF-8 stays as
// it is.
func TestJSONTestSuiteStrings(t *testing.T) {
	n := 0
	for _, c := range suite(t) {
		inner, found := strings.CutPrefix(strings.TrimSpace(c.text), `["`)
		inner, ends := strings.CutSuffix(inner, `"]`)
		if !found || !ends || !json.Valid([]byte(`["`+inner+`"]`)) || strings.Contains(inner, `","`) {
			continue
		}
		n++
		var decoded [1]string
		if err := json.Unmarshal([]byte(`["`+inner+`"]`), &decoded); err != nil {
			t.Fatal(err)
		}
		want := decoded[0]
		if !utf8.ValidString(inner) {
			want = inner // no such text has escapes
		}
		rec := read(t, decoder.Decoder{}, event(withKey(1, inner), plain(2))).good(t)[0]
		if string(rec.PartitionKey) != want {
			t.Errorf("%s: the key is %q, want %q", c.name, rec.PartitionKey, want)
		}
	}
	if n < 50 {
		t.Errorf("only %d strings", n)
	}
	t.Logf("%d strings", n)
}
