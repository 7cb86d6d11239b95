package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const sample = `command: x
goos: linux
cpu: c
BenchmarkDecode/1x256B/sluice   10  100 ns/op  100 ns/record  0 B/op  0 allocs/op
BenchmarkDecode/1x256B/encoding-json   10  5000 ns/op  5000 ns/record  9 B/op  3 allocs/op
BenchmarkDecode/1x256B/sonic   10  1500 ns/op  1500 ns/record  9 B/op  3 allocs/op
BenchmarkDecode/1x256B/floor   10  50 ns/op  50 ns/record  9 B/op  3 allocs/op
BenchmarkDecode/1x256B/sluice   10  300 ns/op  300 ns/record  0 B/op  0 allocs/op
BenchmarkDecode/1x256B/encoding-json   10  9000 ns/op  9000 ns/record  9 B/op  3 allocs/op
BenchmarkDecode/1x256B/sonic   10  3600 ns/op  3600 ns/record  9 B/op  3 allocs/op
BenchmarkDecode/1x256B/floor   10  300 ns/op  300 ns/record  9 B/op  3 allocs/op
BenchmarkInvocation/7500x200B/sluice   10  3000 ns/op  2000 beyond-ns  1100 peak-B
BenchmarkInvocation/7500x200B/events   10  20000 ns/op  19000 beyond-ns  2000 peak-B
BenchmarkInvocation/7500x200B/transport   10  1000 ns/op  0 beyond-ns  1000 peak-B
BenchmarkConcurrent/7500x200B/one-2   10  3000 ns/op  3000 ns/invocation
BenchmarkConcurrent/7500x200B/two-2   10  2000 ns/op  2000 ns/invocation
`

func readSample(t *testing.T) *results {
	path := filepath.Join(t.TempDir(), "sample.txt")
	if err := os.WriteFile(path, []byte(sample), 0o644); err != nil {
		t.Fatal(err)
	}
	res, err := readResults([]string{path})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestFiguresAreMedians(t *testing.T) {
	s := readSample(t).operation("Decode").shape("1x256B")
	if got, _ := s.median("sluice", "ns/record"); got != 200 {
		t.Errorf("the median of 100 and 300 is %v", got)
	}
	if _, found := s.median("goccy", "ns/record"); found {
		t.Error("there is a figure of what was not measured")
	}
	if got, _ := quotient(s.of("encoding-json", "ns/record"), s.of("sluice", "ns/record")); got != 40 {
		t.Errorf("the median of 5000/100 and 9000/300 is %v", got)
	}
}

func TestVerdicts(t *testing.T) {
	var got []string
	for _, target := range targets(readSample(t)) {
		if !target.missing {
			got = append(got, strings.Join([]string{target.what, target.where, target.measured(), target.verdict()},
				", "))
		}
	}
	want := []string{
		"encoding/json takes, 1x256B, 40×, reached",
		"the fastest other that fills a struct takes, 1x256B, 13.5× (sonic), reached",
		"of the floor's time, 1x256B, 1.5×, reached",
		"allocations an event, sluice, the worst shape, 0 (1x256B), reached",
		"an invocation with events.KinesisEvent takes, beyond the transport, 7500x200B, 9.5×, reached",
		"peak memory beyond the transport's, of that with events.KinesisEvent, 7500x200B, 0.1×, reached",
		"two invocations at once on two processors, of one, 7500x200B, 1.5×, not reached",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTablesHoldWhatWasMeasured(t *testing.T) {
	path := filepath.Join(t.TempDir(), "README.md")
	if err := writeTables(path, readSample(t)); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"| sluice | **200** |",
		"| encoding-json | 7,000 (40.0×) |",
		"| events | 20,000 (6.67×) |",
		"| beyond-ns | 7500x200B |",
		"| events | 19,000 |",
		"| one | **3,000** |",
		"## Concurrent\n\nns/invocation.",
	} {
		if !strings.Contains(string(page), line+"\n") {
			t.Errorf("there is no line %q", line)
		}
	}
}

func TestSummaryStandsBetweenItsMarks(t *testing.T) {
	res := readSample(t)
	path := filepath.Join(t.TempDir(), "README.md")
	for _, c := range []struct{ before, after string }{
		{"a\n" + summaryBegin + "old\n" + summaryEnd + "b\n", "a\n" + summaryBegin + summary(res) + summaryEnd + "b\n"},
		{"a\n" + summaryEnd + summaryBegin, "a\n" + summaryEnd + summaryBegin},
		{"a\n", "a\n"},
	} {
		if err := os.WriteFile(path, []byte(c.before), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := writeSummary(path, res); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(path); string(got) != c.after {
			t.Errorf("%q becomes %q, want %q", c.before, got, c.after)
		}
	}
	for _, want := range []string{
		"| 1 × 256 B | 200 ns | 40.0× | 13.5× (sonic) | 0× | 0.75× |\n", "takes 2.00 µs with sluice and 19.0 µs with",
	} {
		if !strings.Contains(summary(res), want) {
			t.Errorf("%q is not in\n%s", want, summary(res))
		}
	}
}

func TestEveryBenchmarkIsInOneSuite(t *testing.T) {
	names := []string{
		"BenchmarkDecode", "BenchmarkInvocation", "BenchmarkInvocationStart", "BenchmarkConcurrent",
		"BenchmarkDecodeLogs",
	}
	var patterns []string
	for _, s := range suites {
		patterns = append(patterns, s.pattern(names))
	}
	want := []string{
		"^Benchmark(Decode)$", "^Benchmark(Invocation|InvocationStart)$", "^Benchmark(Concurrent)$",
		"^Benchmark(DecodeLogs)$",
	}
	if !slices.Equal(patterns, want) {
		t.Errorf("got %q, want %q", patterns, want)
	}
}

func TestDigits(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.294: "0.29", 9.126: "9.13", 94.31: "94.3", 285.4: "285", 5768793: "5,768,793", 1000: "1,000",
		-12345: "-12,345",
	} {
		if got := digits(v); got != want {
			t.Errorf("%v: got %q, want %q", v, got, want)
		}
	}
	for ns, want := range map[float64]string{
		94.31: "94.3 ns", 999.6: "1.00 µs", 12345: "12.3 µs", 5.77e6: "5.77 ms",
		2e9: "2.00 s",
	} {
		if got := timeOf(ns); got != want {
			t.Errorf("%v: got %q, want %q", ns, got, want)
		}
	}
}
