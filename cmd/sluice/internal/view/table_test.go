package view

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/rivo/uniseg"

	"example.com/sluice/cmd/sluice/internal/command"
	"example.com/sluice/cmd/sluice/internal/input"
	"example.com/sluice/cmd/sluice/internal/screen"
)

// This file tests tables, JSON and histograms.

// onTerminal shows files, or an event from standard input, as on a terminal.
func onTerminal(s screen.Screen, most int, stdin []byte, names ...string) string {
	var all strings.Builder
	out := bufio.NewWriter(&all)
	p := &printer{out: out, errors: &all, view: &tableView{out: out, screen: s, most: most}, late: true}
	for _, in := range input.Files(names) {
		p.file(in, bytes.NewReader(stdin))
	}
	p.view.summary(&p.totals)
	p.flush()
	return all.String()
}

func encoded(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func TestTable(t *testing.T) {
	e := event(good(1), bad(2), record(sequence(10), encoded("注文\x00")),
		record(sequence(4), encoded(strings.Repeat("abcd,", 40))))
	got := onTerminal(screen.Screen{Width: 90}, 0, e, "-")
	want := `-
stream orders, shardId-000000000006, 2018-12-17
#  sequence number  partition key      arrived (UTC)  bytes  data
0  ...980000000001  alice@example.com  22:10:50.987      11  the payload
1  ...980000000002  alice@example.com  22:10:50.987       -  bad: see below
2  ...980000000010  alice@example.com  22:10:50.987       7  0xe6b3a8e6968700
3  ...980000000004  alice@example.com  22:10:50.987     200  abcd,abcd,abcd,abcd,abcd,a...
response {"batchItemFailures":[{"itemIdentifier":"` + sequence(2) + `"}]}
Lambda delivers again from that record on; 1 record before it done
-: record 1 (sequence number ` + sequence(2) + fmt.Sprintf(`): data: invalid base64 at offset %d

1 event, 4 records, 218 bytes, 1 bad

     bytes  records
    4 to 7        1  ########################################
   8 to 15        1  ########################################
  16 to 31        0
  32 to 63        0
 64 to 127        0
128 to 255        1  ########################################

partition key      records
alice@example.com        4  ########################################
`, bytes.IndexByte(e, '*'))
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTableWide(t *testing.T) {
	got := onTerminal(screen.Screen{Width: wide, Colors: true, Blocks: true}, 1, event(good(1), good(2)), "-")
	for _, want := range []string{
		sequence(1) + "  alice@example.com  ",
		"and 1 more: ",
		"\x1b[1m-\x1b[0m\n",
		"\x1b[32mall done: 2 records, 22 bytes\x1b[0m\n",
		"\x1b[32m" + strings.Repeat("█", barCells) + "\x1b[0m\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, sequence(2)) {
		t.Errorf("more than one row:\n%s", got)
	}
}

// No line of a table is wider than the screen, and none has anything that a
// terminal takes for a command.
func TestTableFits(t *testing.T) {
	for _, width := range []int{80, 100, 200} {
		got := onTerminal(screen.Screen{Width: width}, 0, nil, "../../../../testdata/events",
			"../../../../testdata/bad")
		table := false
		rows := 0
		for line := range strings.Lines(got) {
			line = strings.TrimSuffix(line, "\n")
			if screen.Printable(line) != line {
				t.Errorf("%q", line)
			}
			if strings.Contains(line, "sequence number  ") {
				table = true
			} else if strings.HasPrefix(line, "response") || strings.HasPrefix(line, "the invocation") {
				table = false
			}
			if table {
				rows++
				if n := uniseg.StringWidth(line); n > width {
					t.Errorf("%d columns of %d: %s", n, width, line)
				}
			}
		}
		if rows < 100 {
			t.Errorf("%d rows at %d columns", rows, width)
		}
	}
}

// Every line of JSON is of a documented kind and has no other members.
func TestJSON(t *testing.T) {
	var stdout, stderr strings.Builder
	status := Run([]string{
		"-json", "../../../../testdata/events", "../../../../testdata/bad",
		onFailureFile(t, "string", good(7)),
	}, nil, &stdout, &stderr)
	if status != command.Failed {
		t.Errorf("exit status %d", status)
	}
	seen := map[string]int{}
	for line := range strings.Lines(stdout.String()) {
		var kind struct{ Type string }
		if err := json.Unmarshal([]byte(line), &kind); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		seen[kind.Type]++
		into := map[string]any{
			"record": &jsonRecord{}, "invocation": &jsonInvocation{},
			"summary": &jsonSummary{},
		}[kind.Type]
		if into == nil {
			t.Errorf("no such type: %s", line)
			continue
		}
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(into); err != nil {
			t.Errorf("%v in %s", err, line)
		}
	}
	if seen["record"] < 100 || seen["invocation"] < 80 || seen["summary"] != 1 {
		t.Errorf("lines: %v", seen)
	}
}

func TestJSONLines(t *testing.T) {
	e := windowed(`{ "n": 12345678901234567890 }`, good(1), record(sequence(2), encoded("\xff")), bad(3))
	var stdout, stderr strings.Builder
	Run([]string{"-json", "-"}, bytes.NewReader(e), &stdout, &stderr)
	common := func(n int) string {
		return fmt.Sprintf(`{"type":"record","file":"-","index":%d,"stream":"orders","shard":"shardId-000000000006",`+
			`"sequenceNumber":"%s",`+
			`"partitionKey":"alice@example.com","arrived":"2018-12-17T22:10:50.987Z",`, n-1, sequence(n))
	}
	fault := fmt.Sprintf(`record 2 (sequence number %s): data: invalid base64 at offset %d`, sequence(3),
		bytes.IndexByte(e, '*'))
	want := common(1) + `"bytes":11,"text":"the payload"}` + "\n" +
		common(2) + `"bytes":1,"base64":"/w=="}` + "\n" +
		common(3) + `"error":"` + fault + `"}` + "\n" +
		`{"type":"invocation","file":"-","records":3,"processed":2,"skipped":0,"failed":1,"bad":1,"bytes":12,` +
		`"response":null,"error":"` + fault +
		`","window":{"start":"2020-12-09T07:04:00Z","end":"2020-12-09T07:06:00Z",` +
		`"state":{"n":12345678901234567890},"final":false,"terminatedEarly":false}}` + "\n" +
		`{"type":"summary","files":1,"records":3,"bad":1,"bytes":12,"sizes":[{"from":1,"to":1,"records":1},` +
		`{"from":2,"to":3,"records":0},` +
		`{"from":4,"to":7,"records":0},{"from":8,"to":15,"records":1}],` +
		`"keys":[{"partitionKey":"alice@example.com","records":3}],"otherKeys":0,"otherRecords":0}` + "\n"
	got := stdout.String()
	for i, line := range strings.SplitAfter(want, "\n") {
		if g := strings.SplitAfter(got, "\n"); i >= len(g) || g[i] != line {
			t.Errorf("line %d of\n%swant\n%s", i+1, got, line)
			break
		}
	}
}

func TestOnFailure(t *testing.T) {
	for _, form := range []string{"string", "object"} {
		var stdout, stderr strings.Builder
		status := Run([]string{onFailureFile(t, form, good(1), good(2))}, nil, &stdout, &stderr)
		if status != command.OK || stderr.Len() > 0 {
			t.Errorf("%s: exit status %d, %s", form, status, &stderr)
		}
		for _, want := range []string{
			"failed RetryAttemptsExhausted  invocations 3  request 5d0e6f3a-41b7-4c8e-9a55-0c6f7b1d2e93  function ",
			recordLine(0)[len("record 0  sequence ")+len(sequence(0)):] + `bytes 11  data "the payload"`,
			"counters records=2 processed=2 ",
		} {
			if !strings.Contains(stdout.String(), want) {
				t.Errorf("%s: no %q in\n%s", form, want, &stdout)
			}
		}
		table := onTerminal(screen.Screen{Width: 80}, 0, nil, onFailureFile(t, form, good(1)))
		if want := "\ngiven up by Lambda: RetryAttemptsExhausted after 3 invocations, " +
			"request\n5d0e6f3a-41b7-4c8e-9a55-0c6f7b1d2e93\n"; !strings.Contains(table, want) {
			t.Errorf("%s: no %q in\n%s", form, want, table)
		}
	}
	var stdout, stderr strings.Builder
	name := onFailureFile(t, "none")
	status := Run([]string{name}, nil, &stdout, &stderr)
	if want := name + ": describes a failed batch without its records: only S3 as the destination gets them. They " +
		"are in shardId-000000000006, sequence numbers 1 to 2. While the stream has them, this fetches them "; status !=
		command.Failed || !strings.HasPrefix(stderr.String(), want) || strings.Count(stderr.String(), "\n") != 1 {
		t.Errorf("exit status %d, %q, want %q", status, &stderr, want)
	}
}

func TestLinesSummary(t *testing.T) {
	var records []string
	for i := range 13 {
		for range i + 1 {
			records = append(records, fmt.Sprintf(`{"kinesis":{"partitionKey":"k%02d","sequenceNumber":"1","data":""}}`,
				i))
		}
	}
	_, stdout, _ := onEvent(event(records...))
	_, got, _ := strings.Cut(stdout, "total ")
	want := "files=1 records=91 bad=0 bytes=0 keys=13\nsize 0 to 0  records 91\n"
	for i := 12; i > 2; i-- {
		want += fmt.Sprintf("key \"k%02d\"  records %d\n", i, i+1)
	}
	want += "keys others=3 records=6\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	var alone, stderr strings.Builder
	Run([]string{"-summary", "-"}, bytes.NewReader(event(records...)), &alone, &stderr)
	if alone.String() != "total "+want {
		t.Errorf("-summary shows\n%s", &alone)
	}
}

// Aggregates and compressed data are shown as they are, with a hint, and opened
// with the flags.
func TestCodecAndDeaggregate(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte(`{"id":1}`)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	message := "\x0a\x02k1\x0a\x02k2" + // partition keys
		"\x1a\x08\x08\x00\x1a\x04left" + "\x1a\x09\x08\x01\x1a\x05right" // records
	sum := md5.Sum([]byte(message))
	e := event(record(sequence(1), encoded(packed.String())),
		record(sequence(2), encoded("\xf3\x89\x9a\xc2"+message+string(sum[:]))))

	for _, want := range []string{
		"1 record looks compressed: -codec auto ",
		"1 record looks aggregated: -deaggregate ",
	} {
		if got := onTerminal(screen.Screen{Width: 80}, 0, e, "-"); !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	var stdout, stderr strings.Builder
	if status := Run([]string{"-codec", "auto", "-deaggregate", "-"}, bytes.NewReader(e), &stdout,
		&stderr); status != command.OK {
		t.Errorf("exit status %d, %s", status, &stderr)
	}
	for _, want := range []string{
		"record 0  ", `bytes 8  data "{\"id\":1}"`,
		`record 1/0  sequence ` + sequence(2) + `  key "k1"`, `data "left"`, `record 1/1  `, `key "k2"`, `data "right"`,
		"counters records=3 ", "total files=1 records=3 ",
	} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("no %q in\n%s", want, &stdout)
		}
	}
	if status := Run([]string{"-codec", "lz4", "-"}, nil, &stdout, &stderr); status != command.Usage ||
		stderr.String() != `-codec: want one of auto, gzip, zlib, zstd, snappy, identity, not "lz4" `+
			`(sluice view -help says more)`+"\n" {
		t.Errorf("exit status %d, %s", status, &stderr)
	}
}
