package main

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Built elsewhere, the packages are the same bytes.
func TestPackagesAreReproducible(t *testing.T) {
	elsewhere := filepath.Join(t.TempDir(), "somewhere", "else")
	copyModule(t, elsewhere)
	first, second := t.TempDir(), t.TempDir()
	var out strings.Builder
	if err := packAll(&out, "..", first); err != nil {
		t.Fatal(err)
	}
	if err := packAll(io.Discard, elsewhere, second); err != nil {
		t.Fatal(err)
	}
	for _, a := range architectures {
		name := packageName(a.lambda)
		one, err := os.ReadFile(filepath.Join(first, name))
		if err != nil {
			t.Fatal(err)
		}
		other, err := os.ReadFile(filepath.Join(second, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(one, other) {
			t.Errorf("%s differs", name)
		}
		checkPackage(t, one, a.goarch)
		if !strings.Contains(out.String(), name+"  ") {
			t.Errorf("no size of %s in %q", name, &out)
		}
	}
}

// copyModule copies what git tracks, without tests.
func copyModule(t *testing.T, to string) {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "-z", "--", ".", ":!*_test.go", ":!*testdata*")
	cmd.Dir = ".."
	list, err := cmd.Output()
	if err != nil {
		t.Skipf("git does not say which files belong to the module: %v", err)
	}
	for name := range strings.SplitSeq(strings.Trim(string(list), "\x00"), "\x00") {
		content, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(to, filepath.Dir(name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, name), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// checkPackage checks that a package is what Lambda takes: one executable
// program for its architecture.
func checkPackage(t *testing.T, content []byte, goarch string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	if len(z.File) != 1 || z.File[0].Name != program || z.File[0].Mode() != fs.FileMode(0o755) {
		t.Fatalf("the package has %d files", len(z.File))
	}
	f, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	code, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	e, err := elf.NewFile(bytes.NewReader(code))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]elf.Machine{"arm64": elf.EM_AARCH64, "amd64": elf.EM_X86_64}[goarch]
	if e.Machine != want || e.Section(".interp") != nil {
		t.Errorf("a program for %v, linked dynamically: %t", e.Machine, e.Section(".interp") != nil)
	}
	// Lambda's limits of a package: 50 MB, and 250 MB unpacked.
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	if len(content) > 50e6 || len(code) > 250e6 {
		t.Errorf("%d bytes, %d unpacked", len(content), len(code))
	}
}
