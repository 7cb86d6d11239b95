// Package readme tests that what the README shows is true: its Go compiles, and
// its commands print what it says.
package readme

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/sluice/internal/eventtest"
)

const root = "../.."

// block is a fenced block of the README.
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

// TestGoCompiles: each block of Go is a whole file that compiles.
func TestGoCompiles(t *testing.T) {
	sources := make(map[string]string)
	for _, b := range blocks(t) {
		if b.language == "go" && !isTest(b) {
			sources[fmt.Sprintf("line%d", b.line)] = b.text
		}
	}
	if len(sources) == 0 {
		t.Fatal("the README holds no Go")
	}
	build(t, sources)
}

func isTest(b block) bool { return strings.Contains(b.text, `"testing"`) }

// TestTestsPass: a block of Go that is a test passes with the block before it,
// and fails if that one's handler does.
func TestTestsPass(t *testing.T) {
	var program string
	ran := 0
	for _, b := range blocks(t) {
		switch {
		case b.language != "go":
		case !isTest(b):
			program = b.text
		default:
			ran++
			broken := strings.Replace(program, "\t\t\treturn nil", "\t\t\treturn os.ErrInvalid", 1)
			if broken == program {
				t.Fatalf("README.md:%d: no handler to break before it", b.line)
			}
			for text, passes := range map[string]bool{program: true, broken: false} {
				bin := compile(t, map[string]string{"main/main.go": text, "main/main_test.go": b.text}, "test", "-c",
					"-vet=off")
				out, err := exec.Command(filepath.Join(bin, "main.test")).CombinedOutput()
				if passed := err == nil; passed != passes || !passed && !bytes.Contains(out, []byte("--- FAIL: Test")) {
					t.Errorf("README.md:%d: passes %t, want %t\n%s", b.line, passed, passes, out)
				}
			}
		}
	}
	if ran == 0 {
		t.Error("the README shows no test")
	}
}

// build builds programs from their sources, by name, and returns the directory
// that they are in.
func build(t *testing.T, sources map[string]string) string {
	t.Helper()
	files := make(map[string]string)
	for name, text := range sources {
		files[name+"/main.go"] = text
	}
	return compile(t, files, "build")
}

// compile compiles files, by their paths below this directory, and returns the
// directory that the binaries are in. The files are in an overlay, so that they
// can import the library.
func compile(t *testing.T, files map[string]string, command ...string) string {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the go command is not in the PATH")
	}
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	temp := t.TempDir()
	list, bin := filepath.Join(temp, "overlay.json"), filepath.Join(temp, "bin")+string(filepath.Separator)
	args := append(command, "-o", bin, "-ldflags=-s -w", "-overlay", list)
	replace := make(map[string]string)
	for name, text := range files {
		file := filepath.Join(temp, strings.ReplaceAll(name, "/", "_"))
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(dir, name)] = file
		if pkg := "./" + filepath.Dir(name); !slices.Contains(args, pkg) {
			args = append(args, pkg)
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

// TestReplace: what the README says to do in another module makes the library a
// dependency of it, even while there is nothing to download.
func TestReplace(t *testing.T) {
	for _, b := range blocks(t) {
		edit, _, ok := strings.Cut(b.text, " && go mod tidy")
		if !ok {
			continue
		}
		clone, err := filepath.Abs(root)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		for name, text := range map[string]string{
			"go.mod":  "module example.com/mine\n\ngo 1.26\n",
			"main.go": "package main\n\nimport _ \"example.com/sluice/decoder\"\n\nfunc main() {}\n",
		} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o600); err != nil {
			t.Fatal(err)
		}
		// go build fetches what go mod tidy would, but not what tests need.
		edit = strings.ReplaceAll(edit, "../sluice", clone) + " && go build -mod=mod ."
		cmd := exec.Command("sh", "-c", edit)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("README.md:%d: %v\n%s", b.line, err, out)
		}
		return
	}
	t.Error("the README does not say how to use a clone")
}

// TestCommandsPrint: a block of the language console is "$ ", a command, and
// what it prints.
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

// TestTargetsExist: the targets, tests and files that the papers of the
// repository name exist, and those that the READMEs of its directories name.
func TestTargetsExist(t *testing.T) {
	var papers []string
	for _, pattern := range []string{"*.md", "*/*.md", "*/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(found) < 2 {
			t.Fatalf("papers: %q, %v", found, err)
		}
		papers = append(papers, found...)
	}
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	for _, paper := range papers {
		text, err := os.ReadFile(paper)
		if err != nil {
			t.Fatal(err)
		}
		checkNames(t, paper, text, makefile)
	}
}

func checkNames(t *testing.T, paper string, text, makefile []byte) {
	for _, m := range regexp.MustCompile("`make ([a-z0-9-]+)").FindAllSubmatch(text, -1) {
		if !bytes.Contains(makefile, append([]byte("\n"), append(m[1], ':')...)) {
			t.Errorf("%s names make %s, which the Makefile does not have", paper, m[1])
		}
	}
	for _, m := range regexp.MustCompile(`\]\(([^)#:]+)[)#]|src(?:set)?="([^":]+)"`).FindAllSubmatch(text, -1) {
		link := string(m[1]) + string(m[2])
		if _, err := os.Stat(filepath.Join(filepath.Dir(paper), link)); err != nil {
			t.Errorf("%s links to %s: %v", paper, link, err)
		}
	}
	for _, m := range regexp.MustCompile("`([a-z]+/[a-z/]+\\.go)`").FindAllSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join(root, string(m[1]))); err != nil {
			t.Errorf("%s names %s: %v", paper, m[1], err)
		}
	}
	for _, m := range regexp.MustCompile("`((?:Test|Example|Fuzz|Benchmark)[A-Za-z0-9_]+)`").FindAllSubmatch(text, -1) {
		grep := exec.Command("grep", "-rqE", `^func `+string(m[1])+`\(`, "--include=*_test.go", root)
		if err := grep.Run(); err != nil {
			t.Errorf("%s names %s, which no test file has", paper, m[1])
		}
	}
}
