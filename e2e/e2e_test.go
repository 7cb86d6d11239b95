// Package e2e runs functions on a real stream on this machine: a Kinesis server
// from npm, AWS's own client, the library's simulated event source mapping, and
// functions as processes that speak the Runtime API. Only Lambda is simulated.
//
//	make e2e     the test: every record that was produced is accounted for
//	make local   one's own function on a local stream, to watch
package e2e

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/e2e/stream"
	"example.com/sluice/internal/runtimeapi"
	"example.com/sluice/router/routertest"
)

const (
	shards    = 4
	each      = 300 // user records of each kind
	perPack   = 10  // of them in an aggregate
	keysEach  = 12  // partition keys of each kind
	readLimit = 100 // records of a GetRecords call: several calls a shard
)

// kinds are the forms in which records are produced.
var kinds = []string{"plain", "gzip", "kpl"}

// faultAt says which records of each kind fail, and how; see handler/.
var faultAt = map[int]string{
	20: "fail", 41: "poison", 63: "crash", 85: "slow", 107: "panic", 129: "freeze", 151: "fail", 173: "crash",
	195: "poison", 217: "fail",
}

// need skips a test if the server is not installed, or fails it under E2E=1.
func need(t *testing.T) {
	t.Helper()
	if err := stream.Installed("."); err != nil {
		if os.Getenv("E2E") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

// TestStream has a function that fails, crashes and times out handle records,
// hands over again what was given up, and accounts for every record.
func TestStream(t *testing.T) {
	need(t)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	server, err := stream.Start(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	st, err := server.Create(ctx, "orders", shards)
	if err != nil {
		t.Fatal(err)
	}
	ids, entries := produce()
	if err := st.Put(ctx, entries); err != nil {
		t.Fatal(err)
	}
	recs := readAll(t, ctx, st, len(entries))

	ledger := t.TempDir()
	handler := build(t, ".", "./handler")
	log, said := run(t, handler, ledger, recs)
	checkMapping(t, log, said)
	first := readLedger(t, ledger)
	checkOrder(t, first, givenUp(log))
	checkFates(t, log, recs, first)

	failures := t.TempDir()
	for _, d := range log.Discarded {
		name := filepath.Join(failures, filepath.FromSlash(d.Key))
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700),
			os.WriteFile(name, d.Message, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	redrive(t, handler, ledger, failures, len(log.Discarded))
	account(t, ids, log, first, readLedger(t, ledger))
}

// produce returns as many user records of each kind, as ids and as what goes
// into the stream.
func produce() (ids []string, entries []stream.Entry) {
	pack := []stream.Entry{}
	for i := range each {
		for _, kind := range kinds {
			id := fmt.Sprintf("%s-%04d", kind, i)
			ids = append(ids, id)
			e := stream.Entry{
				Key: fmt.Sprintf("%s-key-%02d", kind, i%keysEach),
				Data: fmt.Appendf(nil, `{"id":%q,"fault":%q,"text":%q}`, id, faultAt[i],
					strings.Repeat("order ", i%20)),
			}
			switch kind {
			case "gzip":
				e.Data = routertest.Gzip(e.Data)
			case "kpl":
				if pack = append(pack, e); len(pack) == perPack {
					entries = append(entries, stream.Aggregate(pack))
					pack = nil
				}
				continue
			}
			entries = append(entries, e)
		}
	}
	return ids, entries
}

// readAll reads all shards until want records have come.
func readAll(t *testing.T, ctx context.Context, st *stream.Stream, want int) []decoder.Record {
	t.Helper()
	var all []decoder.Record
	var readers []*stream.Reader
	for _, shard := range st.Shards {
		r, err := st.Reader(ctx, shard)
		if err != nil {
			t.Fatal(err)
		}
		readers = append(readers, r)
	}
	if len(readers) != shards {
		t.Fatalf("%d shards", len(readers))
	}
	for len(all) < want {
		for _, r := range readers {
			recs, err := r.Next(ctx, readLimit)
			if err != nil {
				t.Fatalf("%d of %d records have come: %v", len(all), want, err)
			}
			all = append(all, recs...)
		}
	}
	if len(all) != want {
		t.Fatalf("%d records in the stream, %d were put there", len(all), want)
	}
	return all
}

// build builds a program of the module in dir.
func build(t *testing.T, dir, path string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "bootstrap")
	cmd := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", program, path)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// run has the mapping deliver the records. It returns what came of them, and
// what the function printed.
func run(t *testing.T, handler, ledger string, recs []decoder.Record) (*routertest.Log, string) {
	t.Helper()
	said, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	f := &runtimeapi.Function{
		Path: handler, Env: []string{"LEDGER=" + ledger}, Stdout: said, Stderr: said,
		Timeout: time.Minute, // the mapping's is shorter
	}
	defer f.Close()
	log := routertest.Mapping{
		BatchSize:                  50,
		ParallelizationFactor:      2,
		ReportBatchItemFailures:    true,
		BisectBatchOnFunctionError: true,
		MaximumRetryAttempts:       new(3),
		OnFailure:                  routertest.S3,
		Timeout:                    2 * time.Second,
	}.Run(f, recs)
	text, err := os.ReadFile(said.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d invocations in %d processes", len(log.Invocations), f.Processes())
	return log, string(text)
}

// checkMapping checks that everything that can go wrong did.
func checkMapping(t *testing.T, log *routertest.Log, said string) {
	t.Helper()
	crashed := 0
	for _, inv := range log.Invocations {
		var failed *runtimeapi.FunctionError
		if errors.As(inv.Err, &failed) && failed.Type == "Runtime.ExitError" {
			crashed++
		} else if inv.Outcome == routertest.FunctionError {
			t.Errorf("an invocation failed otherwise than asked for: %v", inv.Err)
		}
		if inv.Stray {
			t.Errorf("an answer names a record that was not in the event: %s", inv.Response)
		}
	}
	for what, n := range map[string]int{
		"crashes":                        crashed,
		"timeouts":                       log.Count(routertest.TimedOut),
		"answers that name a record":     log.Count(routertest.Partial),
		"answers that stand for success": log.Count(routertest.Succeeded),
		"panics in the function's log":   strings.Count(said, "panic"),
		"batches that were given up":     len(log.Discarded),
	} {
		if n == 0 {
			t.Errorf("no %s", what)
		}
	}
}

// noted is a line of the ledger: a user record that was done.
type noted struct {
	key, shard, number string
	sub                int
	id                 string
}

func readLedger(t *testing.T, dir string) []noted {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "done"))
	if err != nil {
		t.Fatal(err)
	}
	var all []noted
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) != 5 {
			t.Fatalf("the ledger has a line %q", line)
		}
		sub, err := strconv.Atoi(f[3])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, noted{f[0], f[1], f[2], sub, f[4]})
	}
	return all
}

// times counts how often each user record was done.
func times(all []noted) map[string]int {
	m := map[string]int{}
	for _, n := range all {
		m[n.id]++
	}
	return m
}

// givenUp returns the sequence numbers of the records that were given up.
func givenUp(log *routertest.Log) map[string]bool {
	m := map[string]bool{}
	for _, d := range log.Discarded {
		for _, rec := range d.Records {
			m[rec.ShardID+string(rec.SequenceNumber)] = true
		}
	}
	return m
}

// checkOrder checks that each partition key's records were first done in the
// order of the stream. Records that were given up do not count: of an aggregate
// those before the fault are done.
func checkOrder(t *testing.T, ledger []noted, givenUp map[string]bool) {
	t.Helper()
	seen, last := map[string]bool{}, map[string]noted{}
	for _, n := range ledger {
		if seen[n.id] || givenUp[n.shard+n.number] {
			continue
		}
		seen[n.id] = true
		before, ok := last[n.key]
		if ok && cmp.Or(decoder.CompareSequenceNumbers([]byte(before.number), []byte(n.number)),
			cmp.Compare(before.sub, n.sub)) >= 0 {
			t.Errorf("key %s: %s was done before %s", n.key, before.id, n.id)
		}
		last[n.key] = n
	}
}

// checkFates checks that what the mapping takes for done is done.
func checkFates(t *testing.T, log *routertest.Log, recs []decoder.Record, ledger []noted) {
	t.Helper()
	done := map[string]int{} // user records by the number of the stream's record
	for id := range times(ledger) {
		i := slices.IndexFunc(ledger, func(n noted) bool { return n.id == id })
		done[ledger[i].shard+ledger[i].number]++
	}
	for i, rec := range recs {
		want := 1
		if string(rec.PartitionKey) == "a" {
			want = perPack
		}
		got := done[rec.ShardID+string(rec.SequenceNumber)]
		switch fate := log.Fate(i); {
		case fate == routertest.Done && got != want:
			t.Errorf("record %s counts as done, but %d of %d are", rec.SequenceNumber, got, want)
		case fate != routertest.Done && fate != routertest.GivenUp:
			t.Errorf("record %s is %v", rec.SequenceNumber, fate)
		}
	}
}

// redrive hands over what was given up, to a function that is healed by now;
// and once more, which must do nothing.
func redrive(t *testing.T, handler, ledger, failures string, batches int) {
	t.Helper()
	program := build(t, "../cmd/sluice", ".")
	journal := filepath.Join(t.TempDir(), "redrive.jsonl")
	for _, want := range []string{fmt.Sprintf("%d of %d done\n", batches, batches), "0 events handed over; "} {
		cmd := exec.Command(program, "redrive", "-yes", "-bootstrap", handler, "-journal", journal, failures)
		cmd.Env = append(os.Environ(), "LEDGER="+ledger, "HEALED=1")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("redrive: %v, want %q in\n%s", err, want, out)
		}
	}
}

// account prints what became of the user records of each kind, and fails for
// any that is not done in the end.
func account(t *testing.T, ids []string, log *routertest.Log, first, all []noted) {
	t.Helper()
	given := map[string]bool{} // user records
	decode := decoder.Decoder{Deaggregate: true}
	for _, d := range log.Discarded {
		for rec, err := range decode.Records(routertest.EventOf(values(d.Records)...)) {
			if err != nil {
				t.Fatal(err)
			}
			given[idOf(t, rec.Data)] = true
		}
	}
	before, after := times(first), times(all)
	type row struct{ produced, once, more, given, redriven, lost int }
	sums := map[string]*row{}
	for _, kind := range kinds {
		sums[kind] = &row{}
	}
	for _, id := range ids {
		kind, _, _ := strings.Cut(id, "-")
		r := sums[kind]
		r.produced++
		switch {
		case given[id] && after[id] > before[id]:
			r.given++
			r.redriven++
		case given[id]:
			r.given++
			r.lost++
			t.Errorf("%s was given up and not handed over again", id)
		case before[id] == 1:
			r.once++
		case before[id] > 1:
			r.more++
		default:
			r.lost++
			t.Errorf("%s is lost", id)
		}
		delete(after, id)
	}
	for _, id := range slices.Sorted(maps.Keys(after)) {
		t.Errorf("%s was done, but never produced", id)
	}
	fmt.Printf("\n%-6s %9s = %10s + %18s + %9s (redriven) + %5s\n", "kind", "produced", "done once",
		"done several times", "given up", "lost")
	for _, kind := range kinds {
		r := sums[kind]
		fmt.Printf("%-6s %9d   %10d   %18d   %9d %10d   %5d\n", kind, r.produced, r.once, r.more, r.given, r.redriven,
			r.lost)
	}
	fmt.Printf("\n%d invocations: %d done, %d partly done, %d done not at all, %d crashed, %d timed out; %d batches "+
		"given up\n\n",
		len(log.Invocations), log.Count(routertest.Succeeded), log.Count(routertest.Partial),
		log.Count(routertest.Failed),
		log.Count(routertest.FunctionError), log.Count(routertest.TimedOut), len(log.Discarded))
}

// TestLocal watches a function that works, and one that does not even start.
func TestLocal(t *testing.T) {
	need(t)
	program := build(t, ".", "./local")
	for _, tt := range []struct {
		name, ledger string
		said, unsaid string
	}{
		{"well", t.TempDir(), ": succeeded\n", " given up ("},
		{"ill", filepath.Join(t.TempDir(), "missing"), " given up (RetryAttemptsExhausted): ", ": succeeded\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			failures := t.TempDir()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, program, "-port", "0", "-rate", "20", "-for", "2500ms", "-retries", "1",
				"-mixed", "-failures", failures, "handler")
			cmd.Env = append(os.Environ(), "LEDGER="+tt.ledger)
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), tt.said) || strings.Contains(string(out), tt.unsaid) {
				t.Fatalf("%v, want %q and not %q in\n%s", err, tt.said, tt.unsaid, out)
			}
			left, err := filepath.Glob(filepath.Join(failures, "aws", "lambda", "*", "shardId-*", "*", "*", "*", "*"))
			if err != nil || (len(left) > 0) != (tt.name == "ill") {
				t.Errorf("%v, %d batches are left", err, len(left))
			}
		})
	}
}

func values(recs []*decoder.Record) []decoder.Record {
	all := make([]decoder.Record, len(recs))
	for i, rec := range recs {
		all[i] = *rec
	}
	return all
}

// idOf returns the id in a payload, which may be compressed.
func idOf(t *testing.T, data []byte) string {
	t.Helper()
	if bytes.HasPrefix(data, []byte("\x1f\x8b")) {
		var err error
		if data, err = decoder.Gzip.AppendDecompressed(nil, data, 1<<20); err != nil {
			t.Fatal(err)
		}
	}
	_, rest, _ := strings.Cut(string(data), `"id":"`)
	id, _, ok := strings.Cut(rest, `"`)
	if !ok {
		t.Fatalf("a payload without an id: %.64q", data)
	}
	return id
}
