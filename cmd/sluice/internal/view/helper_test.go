package view

import (
	"os"
	"path/filepath"
	"testing"

	"example.com/sluice/internal/eventtest"
)

// Short names for what most tests need.
const (
	secretKey = eventtest.SecretKey
	allDone   = eventtest.AllDone
)

var (
	record   = eventtest.Record
	event    = eventtest.Event
	windowed = eventtest.Windowed
	sequence = eventtest.Sequence
	good     = eventtest.Good
	bad      = eventtest.Bad
	piped    = eventtest.Piped
	namesID  = eventtest.NotDoneID
)

// onFailureFile writes what a mapping leaves in its bucket for a batch.
func onFailureFile(t *testing.T, payload string, records ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "2024-11-18T10.20.05-5d0e6f3a")
	if err := os.WriteFile(name, eventtest.OnFailure(payload, records...), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
