// Package surface keeps what the library exports as text under api/, so that
// a commit that changes it shows that it does.
package surface

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write api/ anew")

const (
	root = "../.."
	dir  = root + "/api"
)

// TestSurface: the texts under api/ are what the packages export.
func TestSurface(t *testing.T) {
	want, err := filepath.Glob(dir + "/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range surfaces(t) {
		file := filepath.Join(dir, name)
		want = slices.DeleteFunc(want, func(w string) bool { return w == file })
		if *update {
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		old, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		if string(old) != text {
			t.Errorf("%s exports something else than api/%s says; if that is meant, run make api "+
				"and say so in CHANGELOG.md\n%s", strings.TrimSuffix(name, ".txt"), name, diff(string(old), text))
		}
	}
	for _, file := range want {
		if !*update {
			t.Errorf("%s: there is no such package; make api deletes it", file)
		} else if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
}

// listed is what the go command says about a package.
type listed struct {
	ImportPath, Name, Export string
	DepOnly                  bool
	Module                   *struct{ Path string }
}

// surfaces gives the text of each package that others can import, by the name
// of its file. Types come from the compiler's export data, so that they are
// seen as a user's compiler sees them.
func surfaces(t *testing.T) map[string]string {
	cmd := exec.Command("go", "list", "-deps", "-export", "-json=ImportPath,Name,Export,DepOnly,Module", "./...")
	cmd.Dir = root
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	export := make(map[string]string)
	var public []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		export[p.ImportPath] = p.Export
		if !p.DepOnly && p.Name != "main" && p.Export != "" &&
			!slices.Contains(strings.Split(p.ImportPath, "/"), "internal") {
			public = append(public, p)
		}
	}
	importer := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(export[path])
	})
	texts := make(map[string]string)
	for _, p := range public {
		pkg, err := importer.Import(p.ImportPath)
		if err != nil {
			t.Fatal(err)
		}
		if text := surface(pkg); text != "" {
			name := strings.TrimPrefix(p.ImportPath, p.Module.Path+"/")
			texts[strings.ReplaceAll(name, "/", ".")+".txt"] = text
		}
	}
	return texts
}

// surface is a line for each thing that a package exports.
func surface(pkg *types.Package) string {
	var lines []string
	qualify := func(p *types.Package) string {
		if p == pkg {
			return ""
		}
		return p.Name()
	}
	for _, name := range pkg.Scope().Names() {
		object := pkg.Scope().Lookup(name)
		if !object.Exported() {
			continue
		}
		switch object := object.(type) {
		case *types.Const:
			lines = append(lines, types.ObjectString(object, qualify)+" = "+object.Val().ExactString())
		case *types.TypeName:
			lines = append(lines, typeLines(object, qualify)...)
		default:
			lines = append(lines, types.ObjectString(object, qualify))
		}
	}
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}

// typeLines is the type, then its exported fields and methods, those of
// embedded types too, each a line that can be read by itself.
func typeLines(object *types.TypeName, qualify types.Qualifier) []string {
	if object.IsAlias() {
		return []string{types.ObjectString(object, qualify)}
	}
	name := object.Name()
	head := "type " + types.TypeString(object.Type(), qualify)
	var members []string
	hidden := false
	switch t := object.Type().Underlying().(type) {
	case *types.Struct:
		head += " struct"
		for f := range t.Fields() {
			switch kind := types.TypeString(f.Type(), qualify); {
			case !f.Exported():
				hidden = true
			case f.Embedded():
				members = append(members, fmt.Sprintf("embedded (%s) %s", name, kind))
			default:
				members = append(members, fmt.Sprintf("field (%s) %s %s", name, f.Name(), kind))
			}
		}
		if !types.Comparable(t) {
			head += ", not comparable"
		}
	case *types.Interface:
		head += " interface"
		for m := range t.Methods() {
			hidden = hidden || !m.Exported()
		}
	default:
		head += " " + types.TypeString(t, qualify)
	}
	if hidden {
		head += ", with unexported parts"
	}
	return append(append([]string{head}, members...), methodLines(object.Type(), name, qualify)...)
}

func methodLines(t types.Type, name string, qualify types.Qualifier) []string {
	values, all := types.NewMethodSet(t), types.NewMethodSet(types.NewPointer(t))
	if types.IsInterface(t) {
		all = values
	}
	var lines []string
	for method := range all.Methods() {
		if !method.Obj().Exported() {
			continue
		}
		receiver := name
		if values.Lookup(nil, method.Obj().Name()) == nil {
			receiver = "*" + name
		}
		signature := strings.TrimPrefix(types.TypeString(method.Type(), qualify), "func")
		lines = append(lines, fmt.Sprintf("method (%s) %s%s", receiver, method.Obj().Name(), signature))
	}
	return lines
}

// diff lists the lines that went and those that came.
func diff(old, now string) string {
	var b strings.Builder
	before, after := strings.Split(old, "\n"), strings.Split(now, "\n")
	for _, line := range before {
		if !slices.Contains(after, line) {
			fmt.Fprintf(&b, "- %s\n", line)
		}
	}
	for _, line := range after {
		if !slices.Contains(before, line) {
			fmt.Fprintf(&b, "+ %s\n", line)
		}
	}
	return b.String()
}
