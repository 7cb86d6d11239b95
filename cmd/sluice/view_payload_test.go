package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/rivo/uniseg"
)

// This file is about how a record's data looks: JSON, log events, changes of items, and the keys beside them.

// JSON looks the same wherever its text is cut, and whatever its lines are.
func TestBareData(t *testing.T) {
	const word = `"name": "Alice and Bob, who live in a street", `
	long := "{" + strings.Repeat(word, 20) + `"end":1}`
	for n := range keyShown + 2 { // a space wherever the text is cut
		data := "{" + strings.Repeat("a", n) + " " + strings.Repeat("b", keyShown) + "}"
		if got := bareData([]byte(data)); !strings.HasPrefix(got, "{a") && n > 0 || strings.Contains(got, `"`) {
			t.Fatalf("with a space at %d: %s", n+1, got)
		}
		text := data[1:]
		if got := bare([]byte(text)); n > 0 && (!strings.HasPrefix(got, "a") || !strings.HasSuffix(got, "...")) {
			t.Fatalf("text with a space at %d: %s", n, got)
		}
	}
	for _, tt := range []struct{ data, want string }{
		{`{"id":1}`, `{"id":1}`},
		{`{"id":1}` + "\n", `{"id":1}`},
		{"{\n  \"id\": 1,\r\n\t\"a  b\": [ ]\n}\n", `{ "id": 1, "a  b": [ ] }`},
		{"\n[1,\n2]", `[1, 2]`},
		{"{\"a\":\"\u202eb\u200d😀\"}", `{"a":"\u202eb\u200d😀"}`},
		{"{\"a\":\"\x00\"}", "0x7b2261223a2200227d"},
		{"{\"a\":\"\xff\"}", "0x7b2261223a22ff227d"},
		{"text ", `"text "`},
		{" text", `" text"`},
		{"two\nlines", `"two\nlines"`},
		{"", `""`},
		{long, string(shorten([]byte(long), keyShown)) + "..."},
	} {
		if got := bareData([]byte(tt.data)); got != tt.want {
			t.Errorf("bareData(%q) = %s, want %s", tt.data, got, tt.want)
		}
	}
}

func TestClipMiddle(t *testing.T) {
	for _, tt := range []struct {
		s       string
		columns int
		want    string
	}{
		{"abcdefg", 7, "abcdefg"},
		{"abcdefgh", 7, "ab...gh"},
		{"abcdefghi", 8, "abc...hi"},
		{"注文番号注文番号", 10, "注文...号"},
		{"e\u0301e\u0301e\u0301e\u0301e\u0301", 4, "e\u0301..."},
		{"abcdefgh", 3, "..."},
	} {
		got := clipMiddle(tt.s, tt.columns)
		if got != tt.want || uniseg.StringWidth(got) > tt.columns {
			t.Errorf("clipMiddle(%q, %d) = %q, want %q", tt.s, tt.columns, got, tt.want)
		}
	}
}

// Keys that differ at their ends alone look different, in rows and in the histogram, and have more room on a wide screen.
func TestLongKeys(t *testing.T) {
	var records []string
	for n := range 7 {
		key := fmt.Sprintf("tenant-3f1c/region-eu-central-1/device-%04d", n)
		records = append(records, strings.Replace(good(n), secretKey, key, 1))
	}
	for width, row := range map[int]string{80: "tenant-3f1c...evice-0006", 160: "tenant-3f1c/region-...tral-1/device-0006", 200: "tenant-3f1c/region-eu-central-1/device-0006"} {
		got := onTerminal(screen{width: width}, 0, event(records...), "-")
		if !strings.Contains(got, "  "+row+"  ") {
			t.Errorf("no key %s at %d columns:\n%s", row, width, got)
		}
		if !strings.Contains(got, "\ntenant-3f1c/region-eu-central-1/device-0006        1  ####") {
			t.Errorf("no whole key in the histogram at %d columns:\n%s", width, got)
		}
	}
}

// logMessage is what CloudWatch Logs sends: n log events, as gzip.
func logMessage(t *testing.T, n int) string {
	t.Helper()
	var events []string
	for i := range n {
		events = append(events, fmt.Sprintf(`{"id":"%d","timestamp":%d,"message":"GET /orders/%d 200\n"}`, i, 1731924555000+int64(i), i))
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	fmt.Fprintf(w, `{"messageType":"DATA_MESSAGE","owner":"123456789012","logGroup":"/aws/lambda/orders","logStream":"2024/11/18","subscriptionFilters":["all"],"logEvents":[%s]}`,
		strings.Join(events, ","))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const itemChange = `{"awsRegion":"us-east-2","eventID":"9d0a4c1f","eventName":"MODIFY","userIdentity":null,"recordFormat":"application/json","tableName":"orders",` +
	`"dynamodb":{"ApproximateCreationDateTime":1731924555370,"Keys":{"id":{"S":"17"}},"NewImage":{"id":{"S":"17"},"state":{"S":"paid"}},` +
	`"OldImage":{"id":{"S":"17"},"state":{"S":"new"}},"SizeBytes":38},"eventSource":"aws:dynamodb"}`

// What other services put into records is shown as what it is, by every view.
func TestPayloads(t *testing.T) {
	broken := logMessage(t, 2)
	broken = broken[:len(broken)-9]
	e := event(record(sequence(0), encoded(logMessage(t, 5))), record(sequence(1), encoded(itemChange)), record(sequence(2), encoded(broken)))
	table := onTerminal(screen{width: 160}, 20, e, "-")
	for _, want := range []string{
		"  /aws/lambda/orders: 5 log events\n    2024-11-18T10:09:15.000Z GET /orders/0 200\n",
		"    2024-11-18T10:09:15.002Z GET /orders/2 200\n    and 2 more log events\n",
		"  MODIFY orders\n    keys {\"id\":{\"S\":\"17\"}}\n    new  {\"id\":{\"S\":\"17\"},\"state\":{\"S\":\"paid\"}}\n    old  {\"id\":{\"S\":\"17\"},\"state\":{\"S\":\"new\"}}\n",
		"  0x1f8b08",
		"1 record looks compressed",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("no %q in\n%s", want, table)
		}
	}
	all := onTerminal(screen{width: 80}, 0, e, "-")
	for _, want := range []string{"\n    /aws/lambda/orders: 5 log events\n    2024-", "GET /orders/4 200"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}

	_, lines, _ := onEvent(e)
	for _, want := range []string{
		"\nlog 0  group /aws/lambda/orders  stream 2024/11/18  at 2024-11-18T10:09:15.004Z  message \"GET /orders/4 200\\n\"\n",
		"\nchange 1  MODIFY  table orders  at 2024-11-18T10:09:15.370Z  keys \"{\\\"id\\\":{\\\"S\\\":\\\"17\\\"}}\"  new \"{",
	} {
		if !strings.Contains(lines, want) {
			t.Errorf("no %q in\n%s", want, lines)
		}
	}
	if strings.Count(lines, "\nlog ") != 5 || strings.Count(lines, "\nchange ") != 1 {
		t.Errorf("not five log events and a change:\n%s", lines)
	}

	for _, args := range [][]string{{"-json", "-"}, {"-json", "-codec", "auto", "-"}} {
		var stdout, stderr strings.Builder
		local(args, bytes.NewReader(e), &stdout, &stderr)
		var recs [3]jsonRecord
		for i, line := range strings.SplitN(stdout.String(), "\n", 4)[:3] {
			if err := json.Unmarshal([]byte(line), &recs[i]); err != nil {
				t.Fatal(err)
			}
		}
		if l := recs[0].Logs; l == nil || l.Group != "/aws/lambda/orders" || len(l.Events) != 5 || l.Events[4].Message != "GET /orders/4 200\n" {
			t.Errorf("log events: %+v", l)
		}
		if c := recs[1].Change; c == nil || c.Event != "MODIFY" || c.Table != "orders" || string(c.Keys) != `{"id":{"S":"17"}}` || c.New == nil || c.Old == nil {
			t.Errorf("change: %+v", c)
		}
		if recs[2].Logs != nil || recs[2].Change != nil {
			t.Errorf("broken data: %+v", recs[2])
		}
	}
}

// What is decompressed to look into it is bounded, however many records an event has.
func TestPayloadsBounded(t *testing.T) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(make([]byte, 1<<20))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	o := opener{left: 5 << 19} // two and a half of them
	for range 10 {
		if o.open(b.Bytes()) != nil {
			t.Error("zeros are taken for something")
		}
	}
	if o.left != 1<<19 || cap(o.plain) > 4<<20 {
		t.Errorf("%d bytes are left, %d are held", o.left, cap(o.plain))
	}
}
