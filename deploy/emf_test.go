package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"example.com/sluice/decoder"
	"example.com/sluice/internal/runtimeapi"
	"example.com/sluice/router"
	"example.com/sluice/router/emf"
	"example.com/sluice/router/routertest"
)

// This file checks lines of metrics against the schema of the embedded metric
// format, and against the rules that no schema can express.

// emfLine is a line's description of itself.
type emfLine struct {
	AWS struct {
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name string }
		}
	} `json:"_aws"`
	members map[string]any
}

// readEMF checks one line and returns it. Its error says which rule it breaks.
func readEMF(schema *jsonschema.Schema, text []byte) (*emfLine, error) {
	if len(text) > 256<<10 || bytes.Count(text, []byte("\n")) != 1 || text[len(text)-1] != '\n' {
		return nil, fmt.Errorf("not one line of at most 256 KB: %d bytes", len(text))
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	if err := schema.Validate(v); err != nil {
		return nil, err
	}
	l := new(emfLine)
	if err := json.Unmarshal(text, l); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &l.members); err != nil {
		return nil, err
	}
	for _, d := range l.AWS.CloudWatchMetrics {
		for _, set := range d.Dimensions {
			for _, name := range set {
				if s, ok := l.members[name].(string); !ok || s == "" || len([]rune(s)) > 1024 {
					return nil, fmt.Errorf("dimension %q has the value %v", name, l.members[name])
				}
			}
		}
		for _, m := range d.Metrics {
			if n, ok := l.members[m.Name].(float64); !ok || math.Abs(n) > 0x1p360 {
				return nil, fmt.Errorf("metric %q has the value %v", m.Name, l.members[m.Name])
			}
		}
	}
	return l, nil
}

// monitorOutput is what the function's process prints for events of many kinds.
var monitorOutput = sync.OnceValues(func() ([]byte, error) {
	path, err := lambdaProgram()
	if err != nil {
		return nil, err
	}
	var stdout bytes.Buffer
	f := &runtimeapi.Function{
		Path: path, Stdout: &stdout, Timeout: time.Minute,
		Env: []string{"SLUICE_DIMENSIONS=Stage=prod"},
	}
	for _, e := range [][]byte{
		routertest.Event{Records: 100, Size: 200, Keys: 5}.Bytes(),
		routertest.Event{Records: 3, Kind: routertest.Random, Size: 10, Consumer: "watch"}.Bytes(),
		routertest.Event{}.Bytes(),
		[]byte(`{"Records":[{"eventSource":"aws:sqs","body":"x"}]}`),
		[]byte(`no event`),
	} {
		f.Invoke(context.Background(), e) // some of them must fail
	}
	f.Close()
	return stdout.Bytes(), nil
})

// monitorLines are the metrics among that which are about a stream.
func monitorLines(t *testing.T) []*emfLine {
	t.Helper()
	out, err := monitorOutput()
	if err != nil {
		t.Fatal(err)
	}
	schema := schemaOf(t, "emf.schema.json", "")
	var lines []*emfLine
	for text := range bytes.Lines(out) {
		if !bytes.HasPrefix(text, []byte(`{"_aws"`)) {
			continue
		}
		l, err := readEMF(schema, text)
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		d := &l.AWS.CloudWatchMetrics[0].Dimensions[0]
		if n := len(*d); (*d)[n-1] == "Stage" { // asked for above
			*d = (*d)[:n-1]
		}
		if len(*d) == 2 {
			lines = append(lines, l)
		}
	}
	if len(lines) != 2 {
		t.Fatalf("%d lines about a stream, want 2:\n%s", len(lines), out)
	}
	return lines
}

func TestMonitorLines(t *testing.T) {
	for _, l := range monitorLines(t) {
		for _, name := range []string{"JSONRecords", "HotKeyRecordShare", "DecodeTime", "IteratorAge"} {
			if _, ok := l.members[name]; !ok {
				t.Errorf("no %s in %v", name, l.members)
			}
		}
	}
}

// lines keeps writes.
type lines struct{ all [][]byte }

func (w *lines) Write(p []byte) (int, error) {
	w.all = append(w.all, bytes.Clone(p))
	return len(p), nil
}

// The router's lines follow the format, up to its limits.
func TestRouterLines(t *testing.T) {
	schema := schemaOf(t, "emf.schema.json", "")
	many := map[string]string{}
	for i := range 28 {
		many[fmt.Sprintf(`d"%d%s`, i, strings.Repeat(`\`, 240))] = strings.Repeat(`"`, 1024)
	}
	h := router.Each(func(context.Context, *decoder.Record) error { return nil })
	for name, o := range map[string]emf.Options{
		"none": {},
		"largest": {
			Namespace: strings.Repeat("n", 255), Function: strings.Repeat("f", 1024), Dimensions: many,
			Metrics: func(_ context.Context, _ router.Stats, dst []emf.Metric) []emf.Metric {
				for i := range 200 {
					dst = append(dst, emf.Metric{
						Name: fmt.Sprintf("m%03d%s", i, strings.Repeat(`"`, 251)),
						Unit: "Terabytes/Second", Value: -0x1p360,
					})
				}
				return dst
			},
		},
	} {
		w := new(lines)
		r := router.New(h, router.WithStats(emf.New(w, o)))
		for _, e := range [][]byte{routertest.Event{Records: 5}.Bytes(), routertest.Event{}.Bytes(), nil} {
			r.Invoke(t.Context(), e)
		}
		if len(w.all) != 3 {
			t.Errorf("%s: %d lines, want 3", name, len(w.all))
		}
		for _, text := range w.all {
			if _, err := readEMF(schema, text); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// The check finds lines that break the format.
func TestEMFCheck(t *testing.T) {
	schema := schemaOf(t, "emf.schema.json", "")
	const good = `{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[["d"]],` +
		`"Metrics":[{"Name":"m","Unit":"Count"}]}]},"d":"v","m":1}` + "\n"
	if _, err := readEMF(schema, []byte(good)); err != nil {
		t.Fatal(err)
	}
	dimensions := `["d"` + strings.Repeat(`,"d"`, 30) + `]`
	metrics := strings.Repeat(`{"Name":"m"},`, 100)
	for _, change := range [][2]string{
		{`"Timestamp":1,`, ``},
		{`"Timestamp":1`, `"Timestamp":"1"`},
		{`"Namespace":"n",`, ``},
		{`"Namespace":"n"`, `"Namespace":"AWS/Lambda"`},
		{`"Count"`, `"Counts"`},
		{`["d"]`, dimensions},
		{`["d"]`, `["e"]`},
		{`[{"Name"`, `[` + metrics + `{"Name"`},
		{`"Name":"m"`, `"Name":"x"`},
		{`"m":1}`, `"m":"1"}`},
		{`"d":"v"`, `"d":1`},
		{`"d":"v"`, `"d":"` + strings.Repeat("v", 1025) + `"`},
		{`"d":"v"`, `"d":""`},
		{"\n", ""},
		{`"Unit"`, `"StorageResolution":5,"Unit"`},
		{`"d":"v"`, `"d":"v","x":"` + strings.Repeat("x", 256<<10) + `"`},
	} {
		if _, err := readEMF(schema, []byte(strings.Replace(good, change[0], change[1], 1))); err == nil {
			t.Errorf("passes with %.100s for %s", change[1], change[0])
		}
	}
}
