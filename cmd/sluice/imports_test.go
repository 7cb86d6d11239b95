package main

import (
	"os/exec"
	"strings"
	"testing"
)

// Imports run one way: main, a command, then input, command, screen. No command
// knows another.
func TestImportsRunOneWay(t *testing.T) {
	const internal = "example.com/sluice/cmd/sluice/internal/"
	for pkg, below := range map[string]string{
		"screen": "", "sizing": "screen",
		"command": "screen", "input": "screen",
		"view": "screen command input", "redrive": "screen command input", "size": "screen command input sizing",
	} {
		out, err := exec.Command("go", "list", "-deps", internal+pkg).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for dep := range strings.FieldsSeq(string(out)) {
			name, ours := strings.CutPrefix(dep, internal)
			allowed := !ours || name == pkg || strings.Contains(" "+below+" ", " "+name+" ")
			if !allowed || strings.HasSuffix(dep, "/cmd/lambda") {
				t.Errorf("%s imports %s", pkg, dep)
			}
		}
	}
}
