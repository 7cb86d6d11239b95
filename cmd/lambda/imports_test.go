package main

import (
	"os/exec"
	"strings"
	"testing"
)

// packages lists what packages are built from.
func packages(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-deps"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	list := strings.Fields(string(out))
	if len(list) < 50 {
		t.Fatalf("the list is %q", list)
	}
	return list
}

// The library, the function and their tests need nothing of a terminal. What
// does is the tool, a module of its own.
func TestNoTerminal(t *testing.T) {
	for _, pkg := range packages(t, "-test", "example.com/sluice/...") {
		for _, foreign := range []string{
			"golang.org/x/term", "github.com/rivo/uniseg", "github.com/schollz/",
			"example.com/sluice/cmd/sluice",
		} {
			if strings.HasPrefix(pkg, foreign) {
				t.Errorf("%s is among the module's packages", pkg)
			}
		}
	}
}

// The function is the monitor and nothing else.
func TestFunctionAlone(t *testing.T) {
	for _, pkg := range packages(t, ".") {
		switch name, ours := strings.CutPrefix(pkg, "example.com/sluice/"); {
		case pkg == "flag", pkg == "testing":
			t.Errorf("the function is built with %s", pkg)
		case !ours, name == "cmd/lambda":
		case strings.HasPrefix(name, "cmd/"), name == "internal/runtimeapi", name == "internal/sigv4",
			name == "internal/eventtest":
			t.Errorf("the function is built with %s", pkg)
		}
	}
}
