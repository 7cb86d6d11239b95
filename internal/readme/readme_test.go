// Package readme holds the README to what it shows: its Go compiles, and its
// commands print what it says they do.
package readme

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.com/sluice/internal/eventtest"
)

const root = "../.."

// block is fenced text of the README.
type block struct {
	language, text string
	line           int
}

func blocks(t *testing.T) []block {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var list []block
	var open *block
	for n, line := range strings.SplitAfter(string(text), "\n") {
		switch fence, ok := strings.CutPrefix(line, "```"); {
		case ok && open == nil:
			open = &block{language: strings.TrimSpace(fence), line: n + 1}
		case ok:
			list, open = append(list, *open), nil
		case open != nil:
			open.text += line
		}
	}
	if open != nil {
		t.Fatalf("README.md:%d: a block without an end", open.line)
	}
	return list
}

// TestGoCompiles: each block of Go is a whole file that go vet has nothing against.
func TestGoCompiles(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the go command is not in the PATH")
	}
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	temp := t.TempDir()
	replace := make(map[string]string)
	var packages []string
	for _, b := range blocks(t) {
		if b.language != "go" {
			continue
		}
		name := fmt.Sprintf("line%d", b.line)
		file := filepath.Join(temp, name+".go")
		if err := os.WriteFile(file, []byte(b.text), 0o600); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(dir, name, "main.go")] = file
		packages = append(packages, "./"+name)
	}
	if len(packages) == 0 {
		t.Fatal("the README holds no Go")
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(temp, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	// The packages are in the overlay alone, where go vet does not look; go build does.
	if out, err := exec.Command("go", append([]string{"build", "-o", os.DevNull, "-overlay", file}, packages...)...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestCommandsPrint: a block of the language console begins with "$ " and a command, and goes on with what that prints.
func TestCommandsPrint(t *testing.T) {
	tool, err := eventtest.Build(t.TempDir(), "sluice", filepath.Join(root, "cmd", "sluice"), ".")
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, b := range blocks(t) {
		if b.language != "console" {
			continue
		}
		command, want, _ := strings.Cut(b.text, "\n")
		command, ok := strings.CutPrefix(command, "$ ")
		if !ok {
			t.Errorf("README.md:%d: no command", b.line)
			continue
		}
		ran++
		cmd := exec.Command("sh", "-c", strings.ReplaceAll(command, "bin/sluice", tool))
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "COLUMNS=120")
		out, _ := cmd.CombinedOutput() // some fail, and show it
		if got := string(bytes.TrimSpace(out)); got != strings.TrimSpace(want) {
			t.Errorf("README.md:%d: %s prints\n%s\nnot\n%s", b.line, command, got, want)
		}
	}
	if ran == 0 {
		t.Error("the README shows no command")
	}
}

// TestTargetsExist: every "make x" that the README names is a target, and every file that it links to is there.
func TestTargetsExist(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("`make ([a-z0-9-]+)").FindAllSubmatch(text, -1) {
		if !bytes.Contains(makefile, append([]byte("\n"), append(m[1], ':')...)) {
			t.Errorf("the README names make %s, which the Makefile does not have", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`\]\(([^)#:]+)[)#]|src(?:set)?="([^":]+)"`).FindAllSubmatch(text, -1) {
		link := string(m[1]) + string(m[2])
		if _, err := os.Stat(filepath.Join(root, link)); err != nil {
			t.Errorf("the README links to %s: %v", link, err)
		}
	}
	for _, m := range regexp.MustCompile("`((?:Test|Example|Fuzz|Benchmark)[A-Za-z0-9_]+)`").FindAllSubmatch(text, -1) {
		if err := exec.Command("grep", "-rqE", `^func `+string(m[1])+`\(`, "--include=*_test.go", root).Run(); err != nil {
			t.Errorf("the README names %s, which no test file has", m[1])
		}
	}
}
