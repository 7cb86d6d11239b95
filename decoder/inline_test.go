package decoder_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The loop costs nothing beyond the reading only where the compiler puts
// Records into its caller: then neither the sequence nor the loop's body is
// allocated.

// goTool runs the go tool.
func goTool(t *testing.T, args ...string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("it runs the go tool")
	}
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("there is no go tool")
	}
	out, err := exec.Command(tool, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestRecordsIsInlinable(t *testing.T) {
	out := goTool(t, "build", "-gcflags=-m", ".")
	for _, want := range []string{"Records", "Decoder.Records"} {
		if !regexp.MustCompile(`can inline ` + regexp.QuoteMeta(want) + `\n`).MatchString(out) {
			t.Errorf("the compiler does not inline %s", want)
		}
	}
}

// TestLoopBodyIsNotAllocated compiles a caller and looks at what escapes from
// it.
func TestLoopBodyIsNotAllocated(t *testing.T) {
	dir, err := os.MkdirTemp(".", "inline-*") // it must be within the module
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	const program = `package caller

import "example.com/sluice/decoder"

func Sum(event []byte) (n int, err error) {
	for rec, e := range decoder.Records(event) {
		if e != nil {
			return n, e
		}
		n += len(rec.Data)
	}
	return n, nil
}
`
	if err := os.WriteFile(filepath.Join(dir, "caller.go"), []byte(program), 0o666); err != nil {
		t.Fatal(err)
	}
	out := goTool(t, "build", "-gcflags=-m", "./"+filepath.Base(dir))
	if !strings.Contains(out, "inlining call to decoder.Records") {
		t.Errorf("the call is not inlined:\n%s", out)
	}
	if strings.Contains(out, "escapes to heap") || strings.Contains(out, "moved to heap") {
		t.Errorf("something is allocated:\n%s", out)
	}
}
