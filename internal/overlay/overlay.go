// Package overlay breaks source files for the go command alone, so that a test
// can check that other tests notice.
package overlay

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Write replaces old by broken at the mark of a mutant in the sources below
// dir. The mark, "//mutant:" and the name in lower case with hyphens, must
// appear exactly once in them, and old on its line or below. Text after a form
// feed in broken is appended to the file. Write returns the name of the list
// for go test -overlay, which makes the go command read the changed copy
// instead of the file. Both are removed when the test ends.
func Write(t *testing.T, dir, name, old, broken string) string {
	t.Helper()
	file, text, at := find(t, dir, Mark(name))
	path, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	start := strings.LastIndexByte(text[:at], '\n') + 1
	n := strings.Index(text[start:min(len(text), at+reach)], old)
	if n < 0 {
		t.Fatalf("the change is out of date: near its mark in %s there is no\n%s", file, old)
	}
	broken, declarations, _ := strings.Cut(broken, "\f")
	text = text[:start+n] + broken + text[start+n+len(old):] + "\n" + declarations
	temp := t.TempDir()
	changed, list := filepath.Join(temp, filepath.Base(file)), filepath.Join(temp, "overlay.json")
	content, err := json.Marshal(map[string]map[string]string{"Replace": {path: changed}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(changed, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(list, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return list
}

// reach is how far below its mark a change may be, in bytes.
const reach = 1000

// Mark returns the comment that marks the place of a mutant.
func Mark(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name),
		func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	return "//mutant:" + strings.Join(words, "-")
}

// find returns the place of a mark in the sources below dir.
func find(t *testing.T, dir, mark string) (file, text string, at int) {
	t.Helper()
	end := regexp.MustCompile(regexp.QuoteMeta(mark) + `(\s|$)`)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") ||
			!slices.Contains([]string{".go", ".s"}, filepath.Ext(path)) {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, place := range end.FindAllIndex(content, -1) {
			if file != "" {
				t.Fatalf("%s stands in %s, and again in %s", mark, file, path)
			}
			file, text, at = path, string(content), place[0]
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if file == "" {
		t.Fatalf("%s stands nowhere below %s", mark, dir)
	}
	return file, text, at
}

// Skip skips a test that runs the go command many times: in a short run,
// without the go command, and under the race detector, which would only slow it
// down.
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

// turns is how many mutants are tried at once.
var turns = make(chan bool, 2)

// Run runs f as a parallel test, at most two at once.
func Run(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		turns <- true
		defer func() { <-turns }()
		f(t)
	})
}
