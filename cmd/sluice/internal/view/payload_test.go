package view

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"example.com/sluice/cmd/sluice/internal/screen"
)

// This file tests how a record's data looks: JSON, log events, changes of
// items, and the keys beside them.

// Keys that differ only at their ends look different, in rows and in the
// histogram, and have more room on a wide screen.
func TestLongKeys(t *testing.T) {
	var records []string
	for n := range 7 {
		key := fmt.Sprintf("tenant-3f1c/region-eu-central-1/device-%04d", n)
		records = append(records, strings.Replace(good(n), secretKey, key, 1))
	}
	for width, row := range map[int]string{
		80:  "tenant-3f1c...evice-0006",
		160: "tenant-3f1c/region-...tral-1/device-0006", 200: "tenant-3f1c/region-eu-central-1/device-0006",
	} {
		got := onTerminal(screen.Screen{Width: width}, 0, event(records...), "-")
		if !strings.Contains(got, "  "+row+"  ") {
			t.Errorf("no key %s at %d columns:\n%s", row, width, got)
		}
		if !strings.Contains(got, "\ntenant-3f1c/region-eu-central-1/device-0006        1  ####") {
			t.Errorf("no whole key in the histogram at %d columns:\n%s", width, got)
		}
	}
}

// logMessage is what CloudWatch Logs sends: n log events, in gzip.
func logMessage(t *testing.T, n int) string {
	t.Helper()
	var events []string
	for i := range n {
		events = append(events, fmt.Sprintf(`{"id":"%d","timestamp":%d,"message":"GET /orders/%d 200\n"}`, i,
			1731924555000+int64(i), i))
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	fmt.Fprintf(w, `{"messageType":"DATA_MESSAGE","owner":"123456789012","logGroup":"/aws/lambda/orders",`+
		`"logStream":"2024/11/18",`+
		`"subscriptionFilters":["all"],"logEvents":[%s]}`,
		strings.Join(events, ","))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const itemChange = `{"awsRegion":"us-east-2","eventID":"9d0a4c1f","eventName":"MODIFY","userIdentity":null,` +
	`"recordFormat":"application/json","tableName":"orders",` +
	`"dynamodb":{"ApproximateCreationDateTime":1731924555370,` +
	`"Keys":{"id":{"S":"17"}},"NewImage":{"id":{"S":"17"},"state":{"S":"paid"}},` +
	`"OldImage":{"id":{"S":"17"},"state":{"S":"new"}},"SizeBytes":38},"eventSource":"aws:dynamodb"}`

// Every view shows what other services put into records.
func TestPayloads(t *testing.T) {
	broken := logMessage(t, 2)
	broken = broken[:len(broken)-9]
	e := event(record(sequence(0), encoded(logMessage(t, 5))), record(sequence(1), encoded(itemChange)),
		record(sequence(2), encoded(broken)))
	table := onTerminal(screen.Screen{Width: 160}, 20, e, "-")
	for _, want := range []string{
		"  /aws/lambda/orders: 5 log events\n    2024-11-18T10:09:15.000Z GET /orders/0 200\n",
		"    2024-11-18T10:09:15.002Z GET /orders/2 200\n    and 2 more log events\n",
		"  MODIFY orders\n    keys {\"id\":{\"S\":\"17\"}}\n    new  " +
			"{\"id\":{\"S\":\"17\"},\"state\":{\"S\":\"paid\"}}\n    old  " +
			"{\"id\":{\"S\":\"17\"},\"state\":{\"S\":\"new\"}}\n",
		"  0x1f8b08",
		"1 record looks compressed",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("no %q in\n%s", want, table)
		}
	}
	all := onTerminal(screen.Screen{Width: 80}, 0, e, "-")
	for _, want := range []string{"\n    /aws/lambda/orders: 5 log events\n    2024-", "GET /orders/4 200"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}

	_, lines, _ := onEvent(e)
	for _, want := range []string{
		"\nlog 0  group /aws/lambda/orders  stream 2024/11/18  at 2024-11-18T10:09:15.004Z  message \"GET /orders/4 " +
			"200\\n\"\n",
		"\nchange 1  MODIFY  table orders  at 2024-11-18T10:09:15.370Z  keys " +
			"\"{\\\"id\\\":{\\\"S\\\":\\\"17\\\"}}\"  new \"{",
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
		Run(args, bytes.NewReader(e), &stdout, &stderr)
		var recs [3]jsonRecord
		for i, line := range strings.SplitN(stdout.String(), "\n", 4)[:3] {
			if err := json.Unmarshal([]byte(line), &recs[i]); err != nil {
				t.Fatal(err)
			}
		}
		if l := recs[0].Logs; l == nil || l.Group != "/aws/lambda/orders" || len(l.Events) != 5 ||
			l.Events[4].Message != "GET /orders/4 200\n" {
			t.Errorf("log events: %+v", l)
		}
		if c := recs[1].Change; c == nil || c.Event != "MODIFY" || c.Table != "orders" ||
			string(c.Keys) != `{"id":{"S":"17"}}` || c.New == nil || c.Old == nil {
			t.Errorf("change: %+v", c)
		}
		if recs[2].Logs != nil || recs[2].Change != nil {
			t.Errorf("broken data: %+v", recs[2])
		}
	}
}

// However many records an event has, only so much is decompressed to look
// inside.
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
