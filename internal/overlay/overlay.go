// Package overlay changes source files for the go command alone, so that a test
// can see whether other tests notice.
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

// Write changes the place in the sources below dir that is marked with a name:
// behind "//mutant:the-name", the name in small letters with hyphens for all
// else, which stands once in them, and on whose line or below old is replaced
// by new. What stands behind a form feed in new goes to the end of the file. It
// returns the name of the list that makes the go command take the changed copy
// for the file (go test -overlay). Both are gone when the test ends.
func Write(t *testing.T, dir, name, old, new string) string {
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
	new, declarations, _ := strings.Cut(new, "\f")
	text = text[:start+n] + new + text[start+n+len(old):] + "\n" + declarations
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

// reach is how far behind its mark a change may be, in bytes.
const reach = 1000

// Mark is the comment that marks the place of a change.
func Mark(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	return "//mutant:" + strings.Join(words, "-")
}

// find looks for a mark in the sources below dir.
func find(t *testing.T, dir, mark string) (file, text string, at int) {
	t.Helper()
	end := regexp.MustCompile(regexp.QuoteMeta(mark) + `(\s|$)`)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || !slices.Contains([]string{".go", ".s"}, filepath.Ext(path)) {
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
// without the command, and under the race detector, which would only make it
// slow.
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
