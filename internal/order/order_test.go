// Package order tests that the files of a package call each other one way: in
// the order in which its doc.go lists them.
package order

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestOrder: no file uses a function of a file above it in the list of doc.go,
// whose lines are names of files, with commas between, and what they are for. A
// line with "…" has the files that no line names. Packages without a list are
// not tested.
func TestOrder(t *testing.T) {
	docs, err := filepath.Glob("../../*/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	nested, err := filepath.Glob("../../*/*/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	tested := 0
	for _, doc := range append(docs, nested...) {
		text, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		places := make(map[string]int)
		for i, m := range regexp.MustCompile(`(?m)^//\s+(\w+\.go(?:, \w+\.go)*(?:, …)?)\s`).FindAllSubmatch(text, -1) {
			for name := range strings.SplitSeq(string(m[1]), ", ") {
				places[name] = i
			}
		}
		if len(places) > 0 {
			tested++
			t.Run(filepath.Base(filepath.Dir(doc)), func(t *testing.T) { check(t, filepath.Dir(doc), places) })
		}
	}
	if tested == 0 {
		t.Error("no doc.go lists its files")
	}
}

func check(t *testing.T, dir string, places map[string]int) {
	fset := token.NewFileSet()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	for _, name := range names {
		rest, found := places["…"]
		if _, listed := places[filepath.Base(name)]; found && !listed {
			places[filepath.Base(name)] = rest
		}
	}
	fileOf := func(p token.Pos) string { return filepath.Base(fset.Position(p).Filename) }
	// Functions of the package resolve without its imports, and a function that
	// differs between platforms is declared twice, so errors do not matter.
	config := types.Config{Importer: noImports{}, Error: func(error) {}}
	info := &types.Info{Uses: make(map[*ast.Ident]types.Object)}
	pkg, _ := config.Check("p", fset, files, info)
	for _, f := range files {
		for _, d := range f.Decls {
			if _, ok := d.(*ast.FuncDecl); ok {
				if _, listed := places[fileOf(d.Pos())]; !listed {
					t.Errorf("%s is not in the list", fileOf(d.Pos()))
					break
				}
			}
		}
	}
	exceptions := maps.Clone(upward[filepath.Base(dir)])
	for id, object := range info.Uses {
		if f, ok := object.(*types.Func); ok && f.Pkg() == pkg {
			from, to := fileOf(id.Pos()), fileOf(f.Pos())
			use := from + " " + f.Name()
			// A call through an interface goes to the implementation, not to
			// the file that declares the interface.
			recv := f.Signature().Recv()
			if places[to] >= places[from] || recv != nil && types.IsInterface(recv.Type()) {
				continue
			}
			if _, known := exceptions[use]; !known {
				t.Errorf("%s uses %s of %s, which is above it in the list", fset.Position(id.Pos()), f.Name(), to)
			} else {
				exceptions[use] = true
			}
		}
	}
	for use, found := range exceptions {
		if !found {
			t.Errorf("%s does not go upward any more: take it off the exceptions", use)
		}
	}
}

type noImports struct{}

func (noImports) Import(string) (*types.Package, error) { return nil, errors.New("not imported") }

// upward are the uses that still go the other way, by package: a file, and the
// function that it uses. Turn them round, and add none.
var upward = map[string]map[string]bool{
	"router": {
		"directive.go recovered": false, "door.go fail": false, "door.go logLine": false, "door.go logRecord": false,
		"validate.go name": false,
	},
}
