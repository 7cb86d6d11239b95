package readme

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/doc"
	"go/format"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestExamplesRun: on its page of documentation each Example is a whole
// program, with the helpers that it uses, and prints what the page says. go/doc
// makes that program, which it cannot do if the Example uses anything from
// another file or reads one.
func TestExamplesRun(t *testing.T) {
	sources := make(map[string]string)
	programs := make(map[string]*doc.Example)
	for _, pkg := range []string{
		"decoder", "router", "router/routertest", "payload/cwlogs", "payload/dynamodb", "payload/glue",
	} {
		examples := examplesOf(t, filepath.Join(root, pkg))
		if len(examples) == 0 {
			t.Errorf("%s has no Examples", pkg)
		}
		for text, e := range examples {
			if e.Play == nil {
				t.Errorf("%s: Example%s cannot be run as it stands: it uses what its file does not have", pkg, e.Name)
				continue
			}
			name := strings.ReplaceAll(pkg, "/", "_") + "_" + e.Name
			sources[name], programs[name] = text, e
		}
	}
	if testing.Short() {
		return
	}
	bin := build(t, sources)
	for name, e := range programs {
		cmd := exec.Command(filepath.Join(bin, name))
		cmd.Dir = bin // where nothing of the repository is
		out, err := cmd.Output()
		got, want := strings.TrimSpace(string(out)), strings.TrimSpace(e.Output)
		if err != nil || got != want && !e.Unordered {
			t.Errorf("%s prints, with %v,\n%s\nnot\n%s", name, err, got, want)
		}
	}
}

// examplesOf returns the Examples of a package by their programs.
func examplesOf(t *testing.T, dir string) map[string]*doc.Example {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		f, err := parser.ParseFile(set, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	programs := make(map[string]*doc.Example)
	for _, e := range doc.Examples(files...) {
		text := fmt.Sprintf("// %s cannot be made a program", e.Name)
		if e.Play != nil {
			var b bytes.Buffer
			if err := format.Node(&b, set, e.Play); err != nil {
				t.Fatal(err)
			}
			text = b.String()
		}
		programs[text] = e
	}
	return programs
}
