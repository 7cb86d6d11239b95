package cwlogs_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/payload/cwlogs"
	"example.com/sluice/router/routertest"
)

// message returns a message with these log events, as CloudWatch Logs writes
// it.
func message(events ...string) string {
	return `{"messageType":"DATA_MESSAGE","owner":"123456789012","logGroup":"/aws/lambda/orders",` +
		`"logStream":"2024/11/18/[$LATEST]0f",` +
		`"subscriptionFilters":["to-kinesis","all"],"logEvents":[` + strings.Join(events, ",") + `]}`
}

const (
	first = `{"id":"38637482910457291827364554637281920475639281746352819201","timestamp":1731924555137,` +
		`"message":"START RequestId: 7\n"}`
	// second has escapes in its message, and extracted fields.
	second = `{"id":"2","timestamp":1731924555138,"message":"{\"level\":\"info\",\"msg\":\"caf\u00e9 ` +
		`\ud83d\ude00\"}\n",` +
		`"extractedFields":{"level":"info","n":7,"none":null,"a \"name\"":"a\tvalue"}}`
	control = `{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"",` +
		`"subscriptionFilters":[],` +
		`"logEvents":[{"id":"","timestamp":1731924555000,"message":"CWL CONTROL MESSAGE: Checking health of ` +
		`destination Kinesis stream."}]}`
)

func gzipped(text string) []byte { return routertest.Gzip([]byte(text)) }

// describe returns what the data yields, as text.
func describe(data []byte) string {
	var b strings.Builder
	for e, err := range cwlogs.Events(data) {
		if e == nil {
			fmt.Fprintf(&b, "broken: %v\n", err)
			continue
		}
		fmt.Fprintf(&b, "%s %s %q", e.ID, e.Timestamp.Format(time.RFC3339Nano), e.Message)
		for name, value := range e.ExtractedFields() {
			fmt.Fprintf(&b, " %q=%q", name, value)
		}
		if err != nil {
			fmt.Fprintf(&b, " bad: %v", err)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestEvents(t *testing.T) {
	const (
		one = "38637482910457291827364554637281920475639281746352819201 2024-11-18T10:09:15.137Z \"START " +
			"RequestId: 7\\n\"\n"
		two = "2 2024-11-18T10:09:15.138Z \"{\\\"level\\\":\\\"info\\\",\\\"msg\\\":\\\"café 😀\\\"}\\n" +
			"\" \"level\"=\"info\" \"n\"=\"7\" \"a \\\"name\\\"\"=\"a\\tvalue\"\n"
		epoch = "1970-01-01T00:00:00.001Z"
		none  = "0001-01-01T00:00:00Z"
	)
	small := func(id string) string { return `{"id":"` + id + `","timestamp":1,"message":"m"}` }
	for _, c := range []struct{ name, text, want string }{
		{"one", message(first), one},
		{"two", message(first, second), one + two},
		{"none", message(), ""},
		{"a control message", control, ""},
		{"no data", "", ""},
		{"spaces alone", " \n", ""},
		{"several messages", message(first) + message(second), one + two},
		{"several messages on lines", message(first) + "\n" + control + "\r\n\n" + message(second) + "\n", one + two},
		{"members in another order", `{"logEvents":[` + first + `],"messageType":"DATA_MESSAGE"}`, one},
		{
			"spaces", " { \"messageType\" : \"DATA_MESSAGE\" , \"logEvents\" : [ { \"id\" : \"x\" , \"message\" : " +
				"\"m\" , \"timestamp\" : 1 } , " + small("y") + " ] } ",
			"x " + epoch + " \"m\"\ny " + epoch + " \"m\"\n",
		},
		{
			"unknown members",
			`{"a":{"logEvents":[1]},"messageType":"DATA_MESSAGE","logEvents":[{"x":[{"id":"no"}],"id":"x",` +
				`"timestamp":1,"message":"m"}],"z":1}`,
			"x " + epoch + " \"m\"\n",
		},
		{
			"escaped names",
			`{"message\u0054ype":"DATA_MESSAGE","log\u0045vents":[{"i\u0064":"x","timestamp":1,"message":"m"}]}`,
			"x " + epoch + " \"m\"\n",
		},
		{
			"the last of duplicates, but null",
			`{"messageType":"DATA_MESSAGE","logEvents":[1],"logEvents":[{"id":"w","id":"x","id":null,"timestamp":1,` +
				`"message":"m"}],"logEvents":null}`,
			"x " + epoch + " \"m\"\n",
		},
		{"a type that nobody knows yet", strings.Replace(message(first), "DATA_MESSAGE", "NEW_MESSAGE", 1), one},
		{
			"surrogates", message(`{"id":"x","timestamp":1,"message":"\ud800 \ude00\ud83d x \uD83D\uDE00"}`),
			"x " + epoch + " \"\ufffd \ufffd\ufffd x 😀\"\n",
		},
		{
			"all escapes", message(`{"id":"x","timestamp":1,"message":"\"\\\/\b\f\n\r\t\u0041\\"}`),
			"x " + epoch + " \"\\\"\\\\/\\b\\f\\n\\r\\tA\\\\\"\n",
		},
		{"empty text", message(`{"id":"","timestamp":-1,"message":""}`), " 1969-12-31T23:59:59.999Z \"\"\n"},

		{
			"timestamps by their value", message(`{"id":"a","timestamp":1732638456000.0,"message":"m"}`,
				`{"id":"b","timestamp":1.732638456E12,"message":"m"}`,
				`{"id":"c","timestamp":1732638456000000e-3,"message":"m"}`,
				`{"id":"d","timestamp":253402300799999,"message":"m"}`,
				`{"id":"e","timestamp":253402300800000,"message":"m"}`),
			"a 2024-11-26T16:27:36Z \"m\"\nb 2024-11-26T16:27:36Z \"m\"\nc 2024-11-26T16:27:36Z \"m\"\n" +
				"d 9999-12-31T23:59:59.999Z \"m\"\n" +
				"e " + none +
				" \"m\" bad: CloudWatch Logs message at byte 0: log event 4: timestamp: member of the wrong " +
				"type: not a time before the year 10000\n",
		},
		{
			"bad log events", message(`7`, `{"timestamp":1,"message":"m"}`, `{"id":"x","message":"m"}`,
				`{"id":"x","timestamp":1}`, small("x"),
				`{"id":7,"timestamp":1,"message":"m"}`, `{"id":"x","timestamp":"1","message":"m"}`,
				`{"id":"x","timestamp":1.5,"message":"m"}`,
				`{"id":"x","timestamp":1,"message":{}}`, `{"id":"x","timestamp":92233720368547758079,"message":"m"}`,
				small("y")),
			" " + none + " \"\" bad: CloudWatch Logs message at byte 0: log event 0: member of the wrong type: not " +
				"an object\n" +
				" " + epoch + " \"m\" bad: CloudWatch Logs message at byte 0: log event 1: id: missing member\n" +
				"x " + none +
				" \"m\" bad: CloudWatch Logs message at byte 0: log event 2: timestamp: missing member\n" +
				"x " + epoch + " \"\" bad: CloudWatch Logs message at byte 0: log event 3: message: missing member\n" +
				"x " + epoch + " \"m\"\n" +
				" " + epoch +
				" \"m\" bad: CloudWatch Logs message at byte 0: log event 5: id: member of the wrong type: not " +
				"a string\n" +
				"x " + none +
				" \"m\" bad: CloudWatch Logs message at byte 0: log event 6: timestamp: member of the wrong " +
				"type: not a whole number of milliseconds\n" +
				"x " + none +
				" \"m\" bad: CloudWatch Logs message at byte 0: log event 7: timestamp: member of the wrong " +
				"type: not a whole number of milliseconds\n" +
				"x " + epoch +
				" \"\" bad: CloudWatch Logs message at byte 0: log event 8: message: member of the wrong type: " +
				"not a string\n" +
				"x " + none +
				" \"m\" bad: CloudWatch Logs message at byte 0: log event 9: timestamp: member of the wrong " +
				"type: not a whole number of milliseconds\n" +
				"y " + epoch + " \"m\"\n",
		},
		{"not JSON", "hello", "broken: CloudWatch Logs message at byte 0: invalid JSON at byte 0\n"},
		{
			"not JSON behind a message", control + " hello",
			fmt.Sprintf("broken: CloudWatch Logs message at byte %d: invalid JSON at byte 0\n", len(control)+1),
		},
		{"cut off", message(first)[:100], "broken: CloudWatch Logs message at byte 0: invalid JSON at byte 100\n"},
		{"no object", "[]", "broken: CloudWatch Logs message at byte 0: member of the wrong type: not an object\n"},
		{"other JSON", `{"order":1}`, "broken: CloudWatch Logs message at byte 0: messageType: missing member: it " +
			"is no message of CloudWatch Logs\n"},
		{
			"no log events", `{"messageType":"DATA_MESSAGE"}`,
			"broken: CloudWatch Logs message at byte 0: logEvents: missing member\n",
		},
		{
			"log events of a wrong type", `{"messageType":"DATA_MESSAGE","logEvents":{}}`,
			"broken: CloudWatch Logs message at byte 0: logEvents: member of the wrong type: not an array\n",
		},
		{
			"an envelope of a wrong type", `{"messageType":"DATA_MESSAGE","owner":7,"logEvents":[]}`,
			"broken: CloudWatch Logs message at byte 0: owner: member of the wrong type: not a string\n",
		},
		{
			"nested too deep", strings.Repeat("[", 301),
			"broken: CloudWatch Logs message at byte 0: too large: nested more than 300 deep at byte 300\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			for how, data := range map[string][]byte{"JSON": []byte(c.text), "gzip": gzipped(c.text)} {
				if got := describe(data); got != c.want {
					t.Errorf("of %s:\n%swant\n%s", how, got, c.want)
				}
			}
		})
	}
	if got := describe(gzipped(message(first))[:60]); got != "broken: invalid compressed data: gzip: unexpected EOF\n" {
		t.Errorf("cut off gzip: %s", got)
	}
}

// TestMaxData: the limit is exact, the option sets it, and the error says so.
func TestMaxData(t *testing.T) {
	text := message(first)
	for _, c := range []struct{ limit, size int }{
		{0, 10 << 20},
		{-1, 10 << 20},
		{len(text), len(text)},
		{16 << 20, 16 << 20},
	} {
		for over := range 2 {
			n := 0
			var last error
			for _, err := range (cwlogs.Reader{MaxData: c.limit}).Events(gzipped(text + strings.Repeat(" ",
				c.size+over-len(text)))) {
				n++
				last = err
			}
			if large := errors.Is(last, decoder.ErrTooLarge); n != 1 || large != (over > 0) ||
				large && !strings.Contains(last.Error(), "MaxData") {
				t.Errorf("limit %d, %d bytes: %d log events, %v", c.limit, c.size+over, n, last)
			}
		}
	}
}

func TestEnvelope(t *testing.T) {
	var last *cwlogs.Envelope
	other := strings.Replace(message(first), "orders", "caf\\u00e9", 1)
	withLevel := strings.Replace(message(first), `"owner"`, `"policyLevel":"ACCOUNT_LEVEL_POLICY","owner"`, 1)
	var envelopes []*cwlogs.Envelope
	for e, err := range cwlogs.Events([]byte(message(first, second) + message(first) + other + withLevel)) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Envelope != last {
			envelopes = append(envelopes, e.Envelope)
		}
		last = e.Envelope
	}
	orders := cwlogs.Envelope{
		MessageType: "DATA_MESSAGE", Owner: "123456789012", LogGroup: "/aws/lambda/orders",
		LogStream: "2024/11/18/[$LATEST]0f", SubscriptionFilters: []string{"to-kinesis", "all"},
	}
	café, leveled := orders, orders
	café.LogGroup = "/aws/lambda/café"
	leveled.PolicyLevel = "ACCOUNT_LEVEL_POLICY"
	want := []cwlogs.Envelope{orders, café, leveled}
	if len(envelopes) != len(want) {
		t.Fatalf("%d envelopes, want %d", len(envelopes), len(want))
	}
	for i, e := range envelopes {
		if !reflect.DeepEqual(*e, want[i]) {
			t.Errorf("%+v, want %+v", *e, want[i])
		}
	}
}

func TestClone(t *testing.T) {
	var kept []cwlogs.Event
	for e := range cwlogs.Events(gzipped(message(second, first, second))) {
		kept = append(kept, e.Clone())
	}
	describe(gzipped(message(first, first, first, first)))
	if len(kept) != 3 || string(kept[0].Message) != "{\"level\":\"info\",\"msg\":\"café 😀\"}\n" ||
		!bytes.Equal(kept[0].Message, kept[2].Message) {
		t.Fatalf("%d events, message %q", len(kept), kept[0].Message)
	}
	names := ""
	for name := range kept[2].ExtractedFields() {
		names += string(name) + ","
	}
	if names != `level,n,a "name",` {
		t.Error(names)
	}
}

// The loop may end at any log event.
func TestBreak(t *testing.T) {
	data := gzipped(message(first, second) + message(first))
	for stop := range 4 {
		n := 0
		for range cwlogs.Events(data) {
			if n++; n > stop {
				break
			}
		}
		if got := strings.Count(describe(data), "\n"); got != 3 {
			t.Errorf("after a loop of %d: %d events", stop, got)
		}
	}
}
