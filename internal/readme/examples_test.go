package readme

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/doc"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestExamplesRun: each Example of the library is a whole program on a page of
// documentation, which shows the helpers that it uses, and prints there what it
// says. go/doc makes the program; where an Example uses what stands in another
// file, or reads one, it cannot.
func TestExamplesRun(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the go command is not in the PATH")
	}
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	temp := t.TempDir()
	replace := make(map[string]string)
	programs := make(map[string]*doc.Example)
	var packages []string
	for _, pkg := range []string{"decoder", "router", "router/routertest", "payload/cwlogs", "payload/dynamodb", "payload/glue"} {
		examples := examplesOf(t, filepath.Join(root, pkg))
		if len(examples) == 0 {
			t.Errorf("%s has no Examples", pkg)
		}
		for name, e := range examples {
			if e.Play == nil {
				t.Errorf("%s: Example%s cannot be run as it stands: it uses what its file does not have", pkg, e.Name)
				continue
			}
			path := strings.ReplaceAll(pkg, "/", "_") + "_" + e.Name
			file := filepath.Join(temp, path+".go")
			if err := os.WriteFile(file, []byte(name), 0o600); err != nil {
				t.Fatal(err)
			}
			replace[filepath.Join(dir, path, "main.go")] = file
			packages = append(packages, "./"+path)
			programs[path] = e
		}
	}
	if testing.Short() {
		return
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(temp, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(temp, "bin") + string(filepath.Separator)
	if out, err := exec.Command("go", append([]string{"build", "-o", bin, "-ldflags=-s -w", "-overlay", file}, packages...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for path, e := range programs {
		cmd := exec.Command(filepath.Join(bin, path))
		cmd.Dir = temp // where nothing of the repository is
		out, err := cmd.Output()
		if got, want := strings.TrimSpace(string(out)), strings.TrimSpace(e.Output); err != nil || got != want && !e.Unordered {
			t.Errorf("%s prints, with %v,\n%s\nnot\n%s", path, err, got, want)
		}
	}
}

// examplesOf returns the Examples of a package, by their programs.
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
