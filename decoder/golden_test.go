package decoder_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/sluice/decoder"
)

// Every event below testdata has a golden: what reading it gives, in every way
// there is to read it, down to the offsets and the words of its errors. After a
// change that is meant, go test ./decoder -run Goldens -update writes them
// anew.

var update = flag.Bool("update", false, "write the goldens anew")

// goldenOf is where the golden of an event is.
func goldenOf(path string) string {
	dir, name := filepath.Split(path)
	return filepath.Join("..", "testdata", "golden", filepath.Base(dir), strings.TrimSuffix(name, ".json")+".txt")
}

func TestGoldens(t *testing.T) {
	for _, dir := range []string{"events", "bad"} {
		for path, text := range files(t, dir+"/*.json") {
			t.Run(dir+"/"+filepath.Base(path), func(t *testing.T) {
				got := read(t, decoder.Decoder{}, text)
				if dir == "events" {
					got.good(t)
				} else if !got.faulty() {
					t.Error("it is read without an error")
				}
				compareGolden(t, goldenOf(path), got.String())
			})
		}
	}
}

func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("no golden (-update writes it): %v", err)
	}
	if got != string(want) {
		t.Errorf("it gives\n%swhere its golden says\n%s", got, want)
	}
}

// TestGoldensHaveEvents asserts that no golden is left of an event that is
// gone.
func TestGoldensHaveEvents(t *testing.T) {
	events := map[string]bool{}
	for _, pattern := range []string{"events/*.json", "bad/*.json"} {
		for path := range files(t, pattern) {
			events[filepath.ToSlash(goldenOf(path))] = true
		}
	}
	for path := range files(t, "golden/*/*") {
		if !events[path] {
			t.Errorf("%s belongs to no event", path)
		}
	}
}

// TestFilesAreListed asserts that the README of testdata names each event, and
// no other.
func TestFilesAreListed(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "testdata", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(readme)) {
		if cell, found := strings.CutPrefix(line, "| `"); found {
			cell, _, _ = strings.Cut(cell, "` |")
			for name := range strings.SplitSeq(cell, "`, `") {
				listed[name] = true
			}
		}
	}
	there := map[string]bool{}
	for _, pattern := range []string{"events/*", "bad/*", "inputs/*"} {
		for path := range files(t, pattern) {
			there[filepath.Base(path)] = true
		}
	}
	for name := range there {
		if !listed[name] {
			t.Errorf("%s is not listed", name)
		}
	}
	for name := range listed {
		if !there[name] {
			t.Errorf("%s is listed, but not there", name)
		}
	}
}
