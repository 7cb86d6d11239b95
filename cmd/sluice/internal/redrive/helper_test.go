package redrive

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"example.com/sluice/internal/eventtest"
)

// Short names for what most tests need.
const (
	secretKey  = eventtest.SecretKey
	secretData = eventtest.SecretData
	allDone    = eventtest.AllDone
)

var (
	event    = eventtest.Event
	windowed = eventtest.Windowed
	sequence = eventtest.Sequence
	good     = eventtest.Good
	bad      = eventtest.Bad
	piped    = eventtest.Piped
	names    = eventtest.NotDone
	namesID  = eventtest.NotDoneID
)

// onFailureFile writes what a mapping leaves in its bucket for a batch.
func onFailureFile(t *testing.T, payload string, records ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "2024-11-18T10.20.05-5d0e6f3a")
	writeFile(t, name, eventtest.OnFailure(payload, records...))
	return name
}

// bootstrap is the function's program.
var bootstrap string

func TestMain(m *testing.M) {
	os.Exit(build(m))
}

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "redrive")
	if err == nil {
		defer os.RemoveAll(dir)
		bootstrap, err = eventtest.Build(dir, "bootstrap", ".", "example.com/sluice/cmd/lambda")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}
