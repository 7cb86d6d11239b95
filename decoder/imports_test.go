package decoder_test

import (
	"slices"
	"strings"
	"testing"
)

// Imports run one way: cmd/lambda, router, decoder.

// deps are the packages that a package is built from, itself included.
func deps(t *testing.T, pkg string) []string {
	return strings.Fields(goTool(t, "list", "-deps", pkg))
}

const module = "example.com/sluice"

func TestDecoderKnowsNoRuntimeAndNoHandler(t *testing.T) {
	all := deps(t, module+"/decoder")
	for _, dep := range all {
		if strings.HasPrefix(dep, "github.com/aws/") || dep == "net/http" ||
			strings.HasPrefix(dep, module+"/router") || strings.HasPrefix(dep, module+"/cmd") {
			t.Errorf("decoder imports %s", dep)
		}
	}
	if !slices.Contains(all, module+"/decoder") || len(all) < 20 {
		t.Errorf("the list of its imports is %q", all)
	}
}

func TestImportsRunOneWay(t *testing.T) {
	router := deps(t, module+"/router")
	if !slices.Contains(router, module+"/decoder") {
		t.Error("router does not import decoder")
	}
	for _, dep := range router {
		if strings.HasPrefix(dep, module+"/cmd") || dep == module+"/router/routertest" {
			t.Errorf("router imports %s", dep)
		}
	}
	program := deps(t, module+"/cmd/lambda")
	for _, want := range []string{"/decoder", "/router"} {
		if !slices.Contains(program, module+want) {
			t.Errorf("cmd/lambda does not import %s", want)
		}
	}
	if slices.Contains(program, "testing") {
		t.Error("cmd/lambda is built with package testing")
	}
}

// TestBuildsFor32Bits: an int of 32 bits holds every constant, in the tests
// too.
func TestBuildsFor32Bits(t *testing.T) {
	t.Setenv("GOARCH", "386")
	t.Setenv("CGO_ENABLED", "0")
	goTool(t, "vet", module+"/...")
}
