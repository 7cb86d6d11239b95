package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Paths are right wherever the user stands, in the repository or in e2e, and a
// wrong flag gets one line.
func TestPaths(t *testing.T) {
	program := filepath.Join(t.TempDir(), "local.exe")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for dir, failed := range map[string]string{
		filepath.Join("..", ".."): filepath.Join("bin", "failed"),
		"..":                      filepath.Join("..", "bin", "failed"),
	} {
		cmd := exec.Command(program, "-help")
		cmd.Dir = dir
		if out, err := cmd.Output(); err != nil || !strings.Contains(string(out), "(default \""+failed+"\")") {
			t.Errorf("in %s: %v, no %s in\n%s", dir, err, failed, out)
		}
		t.Run(dir, func(t *testing.T) {
			t.Chdir(dir)
			c := config{root: root(), failures: failed}
			if _, err := os.Stat(filepath.Join(c.root, "cmd", "lambda")); err != nil {
				t.Error(err)
			}
			if got := c.failuresFromRoot(); got != filepath.Join("bin", "failed") {
				t.Errorf("in the repository it is called %s", got)
			}
		})
	}
	for _, args := range [][]string{{"-x"}, {"-shards", "many"}, {"-shards", "0"}, {"a", "b"}} {
		out, err := exec.Command(program, args...).CombinedOutput()
		if err == nil || strings.Count(string(out), "\n") != 1 ||
			!strings.Contains(string(out), "-help lists the flags") {
			t.Errorf("%q: %v\n%s", args, err, out)
		}
	}
}
