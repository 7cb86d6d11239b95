package main

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"crypto/md5"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/encoding/protowire"

	"example.com/sluice/decoder"
	"example.com/sluice/internal/contents"
	"example.com/sluice/internal/eventtest"
	"example.com/sluice/internal/runtimeapi"
	"example.com/sluice/router/routertest"
)

// This file tests what the function says about records, and its settings.

// mixedEvent has ten records: JSON, lines of JSON, text, bytes and nothing.
// Four have the partition key secretKey.
func mixedEvent() []byte {
	data := []string{
		`{"id":1}`, ` [1, 2] `, "{\"a\":1}\n{\"a\":2}\n", "plain text", `"a word"`, "17", `{"torn":`,
		"\x00\x01", "\xff", "",
	}
	return routertest.Event{
		Records: len(data),
		Stream:  "orders",
		Data:    func(i int) []byte { return []byte(data[i]) },
		Key: func(i int) string {
			if i%3 == 0 {
				return secretKey
			}
			return fmt.Sprint("key-", i)
		},
	}.Bytes()
}

// lineOf is the one line of an invocation: its EMF line, or the other one.
func lineOf(t *testing.T, lines []map[string]any, id string, emf bool) map[string]any {
	t.Helper()
	var found []map[string]any
	for _, l := range lines {
		if l["requestId"] == id && (l["_aws"] != nil) == emf && (emf || l["message"] == "invocation") {
			found = append(found, l)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d lines of the invocation, want 1: %v", len(found), lines)
	}
	return found[0]
}

func TestFunctionReports(t *testing.T) {
	api := startFunction(t, 1)
	inv := api.send(mixedEvent())
	if got, want := api.wait(inv), (answer{"response", allDone}); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	lines := api.stop()
	log := lineOf(t, lines, inv.id, false)
	for name, want := range map[string]string{
		"data":        `{"binary":2,"empty":1,"json":3,"text":4,"unknown":0}`,
		"shares":      `{"binary":0.2,"empty":0.1,"json":0.3,"text":0.4,"unknown":0}`,
		"compressed":  `{"gzip":0,"snappy":0,"zlib":0,"zstd":0}`,
		"userRecords": "0",
		"aggregates":  "0",
	} {
		if got, _ := json.Marshal(log[name]); string(got) != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	// printf %s alice@example.com | sha256sum
	const hashed = "sha256:ff8d9819fc0e12bf"
	if got := fmt.Sprint(first(log["hotKeysByRecords"])); got != "map[atLeast:4 count:4 key:"+hashed+" share:0.4]" {
		t.Errorf("the hottest key is %s", got)
	}
	if got := fmt.Sprint(first(log["hotKeysByBytes"])); !strings.Contains(got, hashed) {
		t.Errorf("the hottest key by bytes is %s", got)
	}
	if strings.Contains(api.stdout.String(), secretKey) {
		t.Errorf("a key is in the log:\n%s", &api.stdout)
	}

	metrics := lineOf(t, lines, inv.id, true)
	for name, want := range map[string]any{
		"Records": 10.0, "Processed": 10.0, "Bad": 0.0, "JSONRecords": 3.0, "TextRecords": 4.0, "BinaryRecords": 2.0,
		"CompressedRecords": 0.0, "UserRecords": 0.0, "Aggregates": 0.0, "HotKeyRecordShare": 40.0,
		"InvocationErrors": 0.0,
		"FunctionName":     "local", "StreamName": "orders", "shardId": "shardId-000000000000",
	} {
		if metrics[name] != want {
			t.Errorf("%s is %v, want %v", name, metrics[name], want)
		}
	}
	for _, name := range []string{"IteratorAge", "OldestRecordAge", "DecodeTime", "HandleTime", "HotKeyByteShare"} {
		if v, _ := metrics[name].(float64); v <= 0 {
			t.Errorf("%s is %v", name, metrics[name])
		}
	}
}

// compressedEvent has a record in each compression that the function knows, a
// broken one, two that only begin like one, and an aggregate of two user
// records, one of them compressed.
func compressedEvent(t *testing.T) []byte {
	text := []byte(`{"id":1}`)
	compress := func(w io.WriteCloser, b *bytes.Buffer) []byte {
		if _, err := w.Write(text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	var g, z, zs, sn bytes.Buffer
	zstdWriter, err := zstd.NewWriter(&zs)
	if err != nil {
		t.Fatal(err)
	}
	data := [][]byte{
		compress(gzip.NewWriter(&g), &g), compress(zlib.NewWriter(&z), &z), compress(zstdWriter, &zs),
		compress(snappy.NewBufferedWriter(&sn), &sn),
		[]byte("\x1f\x8b\x08 and no more"), []byte("x^2 + y^2 = 1"), []byte("\x28\xb5"),
		eventtest.Aggregate(text, g.Bytes()),
	}
	return routertest.Event{Records: len(data), Data: func(i int) []byte { return data[i] }}.Bytes()
}

// Compressed data and aggregates are looked into, and broken ones hold nothing
// up.
func TestFunctionOpens(t *testing.T) {
	api := startFunction(t, 1, "SLUICE_KEYS=plain")
	inv := api.send(compressedEvent(t))
	if got, want := api.wait(inv), (answer{"response", allDone}); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	lines := api.stop()
	log := lineOf(t, lines, inv.id, false)
	for name, want := range map[string]string{
		"records":     "9",
		"data":        `{"binary":1,"empty":0,"json":6,"text":1,"unknown":1}`,
		"compressed":  `{"gzip":3,"snappy":1,"zlib":1,"zstd":1}`,
		"userRecords": "2",
		"aggregates":  "1",
		"level":       `"INFO"`,
	} {
		if got, _ := json.Marshal(log[name]); string(got) != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	keys := fmt.Sprint(log["hotKeysByRecords"])
	if !strings.Contains(keys, "key:two ") {
		t.Errorf("no user record's key among %s", keys)
	}
	metrics := lineOf(t, lines, inv.id, true)
	if got := fmt.Sprint(metrics["CompressedRecords"], metrics["UserRecords"], metrics["Aggregates"],
		metrics["JSONRecords"]); got != "6 2 1 6" {
		t.Errorf("compressed, user records, aggregates, JSON: %s", got)
	}
}

// No number of user records in an event stops the function.
func TestFunctionTakesManyUserRecords(t *testing.T) {
	const many = 1<<18 + 1000 // more than the decoder's default limit
	m := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "key")
	for range many {
		r := protowire.AppendBytes(protowire.AppendTag([]byte{8, 0}, 3, protowire.BytesType), nil)
		m = protowire.AppendBytes(protowire.AppendTag(m, 3, protowire.BytesType), r)
	}
	sum := md5.Sum(m)
	data := append(append([]byte(eventtest.AggregateMagic), m...), sum[:]...)
	e := routertest.Event{Records: 1, Data: func(int) []byte { return data }}.Bytes()
	if len(e) > 6<<20 {
		t.Fatalf("Lambda sends no event of %d bytes", len(e))
	}
	s, err := readSettings(nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	answer, err := newFunction(s, newLogger(io.Discard, &s), &out).Invoke(t.Context(), e)
	if err != nil || string(answer) != allDone {
		t.Errorf("answered %s, %v", answer, err)
	}
	if want := fmt.Sprintf(`"UserRecords":%d,"Aggregates":1,`, many); !strings.Contains(out.String(), want) {
		t.Errorf("no %s in %s", want, &out)
	}
}

// Decompression bombs are opened only up to the limits of a record and of an
// invocation.
func TestOpenIsBounded(t *testing.T) {
	bomb := func(size int) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Write(bytes.Repeat([]byte(" "), size))
		w.Close()
		return b.Bytes()
	}
	large, allowed := bomb(opened+1), bomb(opened)
	o := newObservation()
	see := func(data []byte) { o.see(&decoder.Record{Data: data, PartitionKey: []byte("k")}) }
	see(large)
	if o.kinds[contents.Unknown] != 1 || o.left != openedAll {
		t.Errorf("a record of more than %d bytes: %v, %d left", opened, o.kinds, o.left)
	}
	for range openedAll/opened + 3 {
		see(allowed)
	}
	if o.kinds[contents.Unknown] != 4 || o.kinds[contents.Text] != openedAll/opened || o.left != 0 {
		t.Errorf("got %v, %d left", o.kinds, o.left)
	}
	see([]byte("{}"))
	if o.kinds[contents.JSON] != 1 {
		t.Error("what is not compressed is not looked at any more")
	}
}

func first(list any) any {
	if l, _ := list.([]any); len(l) > 0 {
		return l[0]
	}
	return nil
}

// Settings in the environment take effect.
func TestFunctionSettings(t *testing.T) {
	for _, tt := range []struct {
		env  []string
		want string // of the first hot key and the metrics' namespace and stage
	}{
		{
			[]string{"SLUICE_KEYS=plain", "SLUICE_NAMESPACE=Watch/Streams", "SLUICE_DIMENSIONS=Stage=prod, Team=data"},
			secretKey + " Watch/Streams prod",
		},
		// printf %s alice@example.com | openssl dgst -sha256 -hmac
		// 0123456789abcdef
		{
			[]string{"SLUICE_KEY_SECRET=0123456789abcdef", "SLUICE_METRICS=off"},
			"hmac-sha256:f3d6ddc7dbf9be2e no metrics",
		},
		{[]string{"SLUICE_HOT_KEYS=0", "AWS_LAMBDA_LOG_LEVEL=INFO", "SLUICE_METRICS="}, "none Sluice <nil>"},
		{[]string{"AWS_LAMBDA_LOG_LEVEL=ERROR"}, "no line Sluice <nil>"},
	} {
		t.Run(strings.Join(tt.env, " "), func(t *testing.T) {
			api := startFunction(t, 1, tt.env...)
			inv := api.send(mixedEvent())
			api.wait(inv)
			line, metrics := "no line", "no metrics"
			for _, l := range api.stop() {
				if l["_aws"] != nil {
					d := l["_aws"].(map[string]any)["CloudWatchMetrics"].([]any)[0].(map[string]any)
					metrics = fmt.Sprint(d["Namespace"], " ", l["Stage"])
				} else if k, ok := first(l["hotKeysByRecords"]).(map[string]any); ok {
					line = fmt.Sprint(k["key"])
				} else {
					line = "none"
				}
			}
			if got := line + " " + metrics; got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// With bad settings the function tells Lambda, and the log, why it does not
// start.
func TestFunctionBadSettings(t *testing.T) {
	api := startFunction(t, 1, "SLUICE_HOT_KEYS=many", "SLUICE_KEYS=maybe")
	select {
	case <-api.exited:
	case <-time.After(patience):
		t.Fatal("it goes on")
	}
	if code := api.process.ProcessState.ExitCode(); code != 1 {
		t.Errorf("exit status %d, want 1", code)
	}
	_, err := api.api.Invoke(t.Context(), event())
	var posted *runtimeapi.FunctionError
	if !errors.As(err, &posted) || posted.Type != "Runtime.BadSettings" {
		t.Fatalf("the Runtime API got %v", err)
	}
	logged := ""
	if lines := api.log(); len(lines) == 1 {
		logged = fmt.Sprint(lines[0]["level"], " ", lines[0]["error"])
	}
	for _, want := range []string{
		"SLUICE_HOT_KEYS: \"many\": want a number from 0 to 50",
		"SLUICE_KEYS: \"maybe\": want one of hash, plain",
	} {
		if !strings.Contains(posted.Message, want) || !strings.Contains(logged, want) ||
			!strings.HasPrefix(logged, "ERROR") {
			t.Errorf("want %q in %q and in %q", want, posted.Message, logged)
		}
	}
}

func TestReadSettings(t *testing.T) {
	s, err := readSettings([]string{"PATH=/bin", "SLUICE_MAX_DATA=1000", "SLUICE_KEYS="})
	if err != nil || !s.metrics || s.emf.Namespace != "Sluice" || s.hotKeys != 5 || s.plainKeys || s.maxData != 1000 ||
		s.level != slog.LevelInfo {
		t.Errorf("got %+v, %v", s, err)
	}
	const secret = "short"
	for env, want := range map[string]string{
		"SLUICE_METRICS=yes":                   `"yes": want one of off, on`,
		"SLUICE_NAMESPACE=AWS/Kinesis":         `namespace "AWS/Kinesis"`,
		"SLUICE_DIMENSIONS=Stage":              `"Stage": want NAME=VALUE`,
		"SLUICE_DIMENSIONS=A=1,A=2":            `dimension "A" stands twice`,
		"SLUICE_DIMENSIONS=StreamName=x":       `dimension "StreamName": the name is taken`,
		"SLUICE_DIMENSIONS=A=":                 `dimension "A": value ""`,
		"SLUICE_HOT_KEYS=51":                   `"51": want a number from 0 to 50`,
		"SLUICE_HOT_KEYS=-1":                   `"-1": want`,
		"SLUICE_KEYS=show":                     `"show": want one of hash, plain`,
		"SLUICE_KEY_SECRET=" + secret:          "want 16 characters or more",
		"SLUICE_MAX_DATA=0":                    `"0": want a number from 1 to 67108864`,
		"SLUICE_NAMESPCE=x":                    "there is no such setting",
		"AWS_LAMBDA_LOG_LEVEL=verbose":         `"verbose": want one of DEBUG, ERROR, FATAL, INFO, TRACE, WARN`,
		"SLUICE_MAX_DATA=99999999999999999999": "want a number from 1",
	} {
		name, _, _ := strings.Cut(env, "=")
		_, err := readSettings([]string{env})
		if err == nil || !strings.HasPrefix(err.Error(), name+": ") || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v, want %q in it", env, err, want)
		}
	}
}

// The help lists every setting.
func TestSettingsHelp(t *testing.T) {
	var out bytes.Buffer
	if status := explain([]string{"-help"}, &out, &out); status != 0 {
		t.Errorf("exit status %d", status)
	}
	for _, k := range settingList {
		if strings.Count(out.String(), "\n  "+k.name+" ") != 1 {
			t.Errorf("%s is not in the help", k.name)
		}
	}
}

// Records from ahead of this machine's clock have the age zero, in both lines.
func TestMonitorAges(t *testing.T) {
	s, err := readSettings(nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	ahead := routertest.Event{Records: 2, Start: time.Now().Add(90 * time.Second)}.Bytes()
	if _, err := newFunction(s, newLogger(&out, &s), &out).Invoke(t.Context(), ahead); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"newestMillis", "oldestMillis", "IteratorAge", "OldestRecordAge"} {
		if strings.Count(out.String(), `"`+name+`":0,`)+strings.Count(out.String(), `"`+name+`":0}`) != 1 {
			t.Errorf("no %s of zero in\n%s", name, &out)
		}
	}
}

// Lambda drops lines below the function's level, and takes lines whose level or
// timestamp it does not understand for INFO ("Log-level filtering" in its
// developer guide). So every line has both, and that of the metrics has a level
// that is never dropped.
func TestMonitorLinesAtEveryLevel(t *testing.T) {
	levels := []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}
	for at, setting := range levels {
		s, err := readSettings([]string{"AWS_LAMBDA_LOG_LEVEL=" + setting})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		m := newFunction(s, newLogger(&out, &s), &out)
		for _, e := range [][]byte{event(good(1), bad(2)), event(good(1)), []byte("no event")} {
			m.Invoke(t.Context(), e)
		}
		metrics := 0
		for line := range bytes.Lines(out.Bytes()) {
			var l struct {
				Level, Timestamp string
				AWS              json.RawMessage `json:"_aws"`
			}
			if err := json.Unmarshal(line, &l); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			if _, err := time.Parse(time.RFC3339, l.Timestamp); err != nil || slices.Index(levels, l.Level) < at {
				t.Errorf("at %s Lambda drops %s", setting, line)
			}
			if l.AWS != nil {
				metrics++
			}
		}
		if metrics != 3 {
			t.Errorf("at %s: %d lines of metrics, want 3:\n%s", setting, metrics, &out)
		}
	}
}
