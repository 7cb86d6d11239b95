package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"example.com/sluice/internal/eventtest"
	"example.com/sluice/router/routertest"
)

// This file holds the templates to what "sluice size" prints.

// sluiceProgram is the path of the tool, built for this machine.
var sluiceProgram = sync.OnceValues(func() (string, error) {
	return eventtest.Build(temporary, "sluice", filepath.Join("..", "cmd", "sluice"), ".")
})

// sized runs sluice size on records of 500 bytes, data and key, and returns its
// overrides.
func sized(t *testing.T, args ...string) map[string]any {
	t.Helper()
	event := routertest.Event{Records: 200, Size: 489, Keys: 50}.Bytes()
	out := output(t, sluiceProgram, string(event), append(append([]string{"size"}, args...), "-")...)
	const before = "--parameter-overrides "
	_, overrides, ok := strings.Cut(out, before) // lines end in backslashes
	if !ok {
		t.Fatalf("no %q in\n%s", before, out)
	}
	values := map[string]any{}
	for word := range strings.FieldsSeq(overrides) {
		if name, value, ok := strings.Cut(word, "="); ok {
			values[name] = json.Number(value)
		}
	}
	return values
}

// The templates' defaults are what sluice size prints for the load in their
// comments.
func TestDefaultsAreSized(t *testing.T) {
	for name, args := range map[string][]string{
		"monitor.yaml": {"-rate", "500", "-handler-time", "50us"},
		"handler.yaml": {"-rate", "500", "-handler-time", "2ms"},
	} {
		template, err := readTemplate(name)
		if err != nil {
			t.Fatal(err)
		}
		for parameter, want := range sized(t, args...) {
			p, ok := template.Parameters[parameter]
			switch {
			case !ok && name == "monitor.yaml" &&
				(parameter == "ShardCount" || parameter == "RetentionHours" || parameter == "MaximumRecordAge"):
				// The monitor does not make the stream, and what it misses is
				// no loss.
			case !ok:
				t.Errorf("%s has no parameter %s", name, parameter)
			case parameter == "ReservedConcurrency":
				if p.Default != 0 { // a choice: what is reserved is taken from the account's other functions
					t.Errorf("%s reserves %v", name, p.Default)
				}
			case fmt.Sprint(p.Default) != fmt.Sprint(want):
				t.Errorf("%s: %s is %v, size prints %v", name, parameter, p.Default, want)
			}
		}
	}
}

// The handler's template takes whatever sluice size prints, and stays within
// the limits of its resources.
func TestOverridesAreTaken(t *testing.T) {
	template, err := readTemplate("handler.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"-rate", "0.1", "-handler-time", "1us", "-latency", "10m"},
		{"-rate", "1000000", "-handler-time", "5ms", "-workers", "16", "-fan-out"},
		{"-rate", "5000", "-handler-time", "2ms", "-tumbling"},
		{"-rate", "10", "-handler-time", "200s", "-max-duration", "800s", "-cpu", "1", "-outage", "9000h"},
	} {
		given := sized(t, args...)
		s, err := template.deploy(given)
		if err != nil {
			t.Errorf("%v: %v", args, err)
			continue
		}
		resources, err := s.resources()
		if err != nil {
			t.Fatal(err)
		}
		for name, r := range resources {
			if err := check(t, r); err != nil {
				t.Errorf("%v: %s: %v", args, name, err)
			}
		}
	}
}
