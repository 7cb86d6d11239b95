// Package overlay changes source files for the go command alone, so that a test can see whether other tests notice.
package overlay

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Write writes a copy of a source file in which old, which stands there once, is replaced by new, and the list that makes the go
// command take it for the file (go test -overlay). It returns the list's name. Both are gone when the test ends.
func Write(t *testing.T, file, old, new string) string {
	t.Helper()
	path, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), old); n != 1 {
		t.Fatalf("the change is out of date: %s holds %d times, not once:\n%s", file, n, old)
	}
	dir := t.TempDir()
	changed, list := filepath.Join(dir, filepath.Base(file)), filepath.Join(dir, "overlay.json")
	content, err := json.Marshal(map[string]map[string]string{"Replace": {path: changed}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(changed, []byte(strings.Replace(string(text), old, new, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(list, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return list
}

// Skip skips a test that runs the go command many times: in a short run, without the command, and under the race detector, which
// would only make it slow.
func Skip(t *testing.T) {
	t.Helper()
	switch {
	case testing.Short():
		t.Skip("each change takes a compilation and a run of the tests: not in a short run")
	case race:
		t.Skip("the changes are to code without the race detector")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the go command is not in the PATH")
	}
}

// slots are how many changes are tried at once.
var slots = make(chan bool, 2)

// Run runs f as a test beside the others of its kind, two at once.
func Run(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		slots <- true
		defer func() { <-slots }()
		f(t)
	})
}
