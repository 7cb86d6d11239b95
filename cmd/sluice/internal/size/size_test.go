package size

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/rivo/uniseg"

	"example.com/sluice/cmd/sluice/internal/command"
	"example.com/sluice/cmd/sluice/internal/screen"
	"example.com/sluice/router/routertest"
)

func sizeOf(event []byte, args ...string) (status int, stdout, stderr string) {
	var out, errs strings.Builder
	status = Run(append(args, "-"), bytes.NewReader(event), &out, &errs)
	return status, out.String(), errs.String()
}

// sampleEvent has 200 records of 489 bytes of data and 11 of key.
func sampleEvent() []byte { return routertest.Event{Records: 200, Size: 489, Keys: 50}.Bytes() }

func TestSize(t *testing.T) {
	status, stdout, stderr := sizeOf(sampleEvent(), "-rate", "2000", "-handler-time", "2ms", "-cpu", "0.1",
		"-price-requests", "2", "-price-puts", "3")
	if status != command.OK || stderr != "" {
		t.Errorf("exit status %d, standard error %q", status, stderr)
	}
	stdout = unwrapped(t, stdout)
	// An event's record has 652 characters of data, 11 of key and some 410
	// beside.
	for _, want := range []string{
		"sample: 200 records of 1 event, 500 bytes of data and key each, ",
		"the most frequent key has 2.0 %",
		"assumed, where no flag says otherwise: -consumers 1 -deaggregate false -fan-out false -headroom 0.25 " +
			"-latency 1s -max-duration 30s -outage 12h -overhead 0s -tumbling false -workers 1 ShardCount 3 the " +
			"greatest of: ",
		"[1] docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html [2] docs.",
		"× 2 = 0.006000",
		"1 million units of 25 KB × 3 = 3.000000 [",
		"no price given",
		"total of what has a price: 3.006000 ",
		" BatchingWindow=1 \\ ParallelizationFactor=2 MaximumRecordAge=82800 Timeout=",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
}

// unwrapped returns the page's words with single spaces. No line may be wider
// than 80 columns.
func unwrapped(t *testing.T, page string) string {
	t.Helper()
	for line := range strings.Lines(page) {
		if n := uniseg.StringWidth(line); n > screen.DefaultWidth {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	return strings.Join(strings.Fields(page), " ")
}

func TestSizeJSON(t *testing.T) {
	var got struct {
		Sample struct {
			Records, Bad, Bytes, EventBytes, Largest int
			HotShare                                 float64
		}
		Settings []struct {
			Name  string
			Value int
			Doc   string
		}
		Warnings []string
		Million  struct {
			Total    float64
			Complete bool
		}
	}
	event := sampleEvent()
	pretty := new(bytes.Buffer)
	if err := json.Indent(pretty, event, "", "   "); err != nil {
		t.Fatal(err)
	}
	args := []string{
		"-json", "-rate", "10", "-handler-time", "1ms", "-price-requests", "1", "-price-gb-second", "1",
		"-price-shard-hour", "1", "-price-puts", "1",
	}
	status, stdout, stderr := sizeOf(pretty.Bytes(), args...)
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || status != command.OK || stderr != "" {
		t.Fatalf("exit status %d, %v, standard error %q: %s", status, err, stderr, stdout)
	}
	// Spaces do not count.
	if s := got.Sample; s.Records != 200 || s.Bytes != 200*500 || s.EventBytes != len(event) ||
		s.Largest < len(event)/200 || s.Largest > len(event)/200+2 || s.HotShare != 0.02 {
		t.Errorf("%+v of %d bytes", s, len(event))
	}
	if len(got.Settings) != 9 || got.Settings[0].Name != "ShardCount" || got.Settings[0].Value != 1 ||
		!got.Million.Complete || got.Million.Total < 27 {
		t.Errorf("%+v", got)
	}
}

func TestSizeBadRecords(t *testing.T) {
	_, stdout, _ := sizeOf(event(good(0), bad(1), good(2)), "-rate", "1", "-handler-time", "1ms")
	if stdout = unwrapped(t, stdout); !strings.Contains(stdout, "sample: 2 records of 1 event, 28 bytes") ||
		!strings.Contains(stdout, "; 1 bad record left out ") {
		t.Errorf("got %s", stdout)
	}
}

// A hot key, which no setting can spread, gets a warning if the sample is large
// enough to tell.
func TestSizeWarnings(t *testing.T) {
	one := routertest.Event{Records: 200, Size: 10, Keys: 1}
	if _, stdout, _ := sizeOf(one.Bytes(), "-rate", "2000", "-handler-time", "1ms"); strings.Count(stdout,
		"warning: one partition key has 100.0 %") != 2 {
		t.Errorf("got %s", stdout)
	}
	one.Records = 50
	if _, stdout, _ := sizeOf(one.Bytes(), "-rate", "2000", "-handler-time", "1ms"); strings.Contains(stdout,
		"partition key") {
		t.Errorf("got %s", stdout)
	}
}

// Aggregates with one outer key get shards instead of a parallelization factor.
// The keys of their user records say what is hot.
func TestSizeAggregates(t *testing.T) {
	e := routertest.Event{
		Records: 200,
		Data:    func(int) []byte { return aggregate([]byte("one"), []byte("two")) },
		Key:     func(int) string { return "a" },
	}
	const hint = "warning: 200 of 200 records are KPL aggregates: if the handler gets the user records"
	args := []string{"-rate", "500", "-handler-time", "5ms"}
	for _, deaggregate := range []bool{false, true} {
		if deaggregate {
			args = append(args, "-deaggregate")
		}
		_, stdout, _ := sizeOf(e.Bytes(), args...)
		stdout = unwrapped(t, stdout)
		for _, want := range []string{
			"ParallelizationFactor 1 ", " ParallelizationFactor=1 ", "; the most frequent key has 50.0 %",
			"warning: the records are KPL aggregates with one outer key",
		} {
			if !strings.Contains(stdout, want) {
				t.Errorf("no %q in %s", want, stdout)
			}
		}
		if strings.Contains(stdout, hint) == deaggregate {
			t.Errorf("%t: %s", deaggregate, stdout)
		}
	}
	// The keys of another aggregator spread them, and so does half of plain
	// records.
	e.Key = nil
	if _, stdout, _ := sizeOf(e.Bytes(), args...); !strings.Contains(stdout, " ParallelizationFactor=7 ") ||
		strings.Contains(stdout, "KPL") {
		t.Errorf("with keys of their own: %s", stdout)
	}
	e.Key = func(i int) string { return [...]string{"a", fmt.Sprint(i)}[i%2] }
	e.Data = func(i int) []byte { return [...][]byte{aggregate([]byte("one"), []byte("two")), nil}[i%2] }
	if _, stdout, _ := sizeOf(e.Bytes(), args...); !strings.Contains(unwrapped(t, stdout),
		"warning: 67 % of the work is in KPL aggregates") || !strings.Contains(stdout, " ParallelizationFactor=1 ") {
		t.Errorf("with plain records: %s", stdout)
	}
}

// What stands at the end is a command for a shell, with the template's name and
// no line that a terminal breaks.
func TestSizeCommandRuns(t *testing.T) {
	_, stdout, _ := sizeOf(sampleEvent(), "-rate", "2000", "-handler-time", "2ms", "-cpu", "0.1")
	unwrapped(t, stdout)
	_, lines, ok := strings.Cut(stdout, "\nsam deploy ")
	if !ok {
		t.Fatal(stdout)
	}
	script := "sam() { echo \"$@\"; }\nsam deploy " + lines
	cmd := exec.CommandContext(t.Context(), "sh", "-e")
	cmd.Stdin = strings.NewReader(script)
	out, err := cmd.CombinedOutput()
	const want = "deploy --template-file deploy/handler.yaml --stack-name orders --capabilities CAPABILITY_IAM " +
		"--resolve-s3 --parameter-overrides ShardCount=3 RetentionHours=24 BatchSize="
	if err != nil || !strings.HasPrefix(string(out), want) || strings.Count(string(out), "\n") != 1 {
		t.Errorf("%v: %s", err, out)
	}
	if _, err := os.Stat("../../../../deploy/handler.yaml"); err != nil {
		t.Error(err)
	}
}

// Numbers and times are written as people write them.
func TestSizeWords(t *testing.T) {
	for _, args := range [][]string{
		{"-rate", "0.001", "-handler-time", "1us", "-price-puts", "0.000001"},
		{"-rate", "1000000", "-handler-time", "7ms"},
		{"-rate", "1", "-handler-time", "100s", "-max-duration", "100s"},
		{"-rate", "1e9", "-handler-time", "1ms", "-latency", "1h"},
	} {
		_, stdout, _ := sizeOf(sampleEvent(), args...)
		if wrong := regexp.MustCompile(`\de[-+]\d|[^.,\d]1 (records|shards|shard lanes)\b|m0s|h0m`).FindString(
			stdout); wrong != "" || stdout == "" {
			t.Errorf("%q: %q in %s", args, wrong, stdout)
		}
	}
}

// With -deaggregate the handler's time is that of one user record.
func TestSizeDeaggregates(t *testing.T) {
	e := routertest.Event{Records: 4, Data: func(i int) []byte {
		if i == 0 {
			return []byte("plain")
		}
		return aggregate([]byte("one"), []byte("two"))
	}}
	_, stdout, _ := sizeOf(e.Bytes(), "-rate", "100", "-handler-time", "8ms", "-deaggregate")
	stdout = unwrapped(t, stdout)
	if want := "; 1.75 user records to each, which take 14ms "; !strings.Contains(stdout, want) ||
		!strings.Contains(stdout, "100/s × 14ms") {
		t.Errorf("no %q in\n%s", want, stdout)
	}
}

func TestSizeFails(t *testing.T) {
	broken := event(good(0))
	for _, tt := range []struct {
		event  []byte
		args   []string
		status int
		stderr string
	}{
		{nil, []string{"-handler-time", "1ms"}, command.Usage, "-rate is missing (sluice size -help says more)\n"},
		{nil, []string{"-rate", "1"}, command.Usage, "-handler-time is missing (sluice size -help says more)\n"},
		{nil, []string{"-rate", "many"}, command.Usage, "many"},
		{nil, []string{"-rate", "1", "-handler-time", "1ms", "-price-puts", "-1"}, command.Usage, "-1 is no price"},
		{
			broken[:len(broken)-1],
			[]string{"-rate", "1", "-handler-time", "1ms"},
			command.Failed,
			fmt.Sprintf("-: invalid JSON at offset %d", len(broken)-1),
		},
		{event(), []string{"-rate", "1", "-handler-time", "1ms"}, command.Failed, "the sample has no records\n"},
		{
			event(good(0)),
			[]string{"-rate", "1", "-handler-time", "0s"},
			command.Failed,
			"the handler's time must be above 0\n",
		},
	} {
		status, stdout, stderr := sizeOf(tt.event, tt.args...)
		if status != tt.status || stdout != "" || !strings.Contains(stderr, tt.stderr) {
			t.Errorf("%v: exit status %d, standard output %q, standard error %q; want %q", tt.args, status, stdout,
				stderr, tt.stderr)
		}
	}
	if status := Run([]string{"-rate", "1", "-handler-time", "1ms", "no such file"}, nil, new(strings.Builder),
		new(strings.Builder)); status != command.Failed {
		t.Errorf("exit status %d", status)
	}
	var out strings.Builder
	if status := Run([]string{"-h"}, nil, &out, &out); status != command.OK ||
		!strings.Contains(unwrapped(t, out.String()), "-price-fan-out-gb PRICE price of a GB read") {
		t.Errorf("exit status %d, %s", status, &out)
	}
	if status := Run([]string{"-rate", "1", "-handler-time", "1ms", "-"}, bytes.NewReader(event(good(0))), unwritable{},
		new(strings.Builder)); status != command.Failed {
		t.Errorf("exit status %d", status)
	}
}
