package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/sluice/internal/eventtest"
)

// bootstrap is the function's program, and tool this one.
var bootstrap, tool string

func TestMain(m *testing.M) {
	os.Exit(build(m))
}

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "sluice")
	if err == nil {
		defer os.RemoveAll(dir)
		bootstrap, err = eventtest.Build(dir, "bootstrap", ".", "example.com/sluice/cmd/lambda")
	}
	if err == nil {
		tool, err = eventtest.Build(dir, "sluice", ".", ".")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// What most tests need of package eventtest.
const (
	secretKey  = eventtest.SecretKey
	secretData = eventtest.SecretData
	allDone    = eventtest.AllDone
)

var (
	record    = eventtest.Record
	event     = eventtest.Event
	windowed  = eventtest.Windowed
	sequence  = eventtest.Sequence
	good      = eventtest.Good
	bad       = eventtest.Bad
	inJSON    = eventtest.Quote
	aggregate = eventtest.Aggregate
)

const patience = time.Minute

// TestProcess is about the program as a process.
func TestProcess(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	fine, wrong := file("fine.json", event(good(1))), file("wrong.json", event(bad(1)))
	missing := filepath.Join(dir, "missing.json")
	empty := t.TempDir()
	for _, tt := range []struct {
		name           string
		args           []string
		stdin          string
		status         int
		stdout, stderr string // parts; "" where there should be nothing
		lines          int    // of standard error; 0 is any number
	}{
		{name: "no argument", status: exitUsage, stderr: "usage: sluice COMMAND "},
		{name: "-h", args: []string{"-h"}, stdout: "usage: sluice COMMAND "},
		{name: "-help", args: []string{"-help"}, stdout: "usage: sluice COMMAND "},
		{name: "unknown flag", args: []string{"-x", fine}, status: exitUsage, stderr: "no such flag: -x (sluice view -help says more)\n", lines: 1},
		{name: "misspelt flag", args: []string{"-jsn", fine}, status: exitUsage, stderr: "no such flag: -jsn; is it -json? (sluice view -help says more)\n", lines: 1},
		{name: "misspelt flag of a command", args: []string{"size", "-rat", "1", fine}, status: exitUsage, stderr: "no such flag: -rat; is it -rate? (sluice size -help says more)\n", lines: 1},
		{name: "no file", args: []string{"-json"}, status: exitUsage, stderr: "no FILE is given (sluice view -help says more)\n", lines: 1},
		{name: "flag behind a file", args: []string{fine, "-json"}, stdout: `{"type":"record",`},
		{name: "flag-like file", args: []string{"--", "-json"}, status: exitBad, stderr: "-json: no such file"},
		{name: "misspelt command", args: []string{"redirve", fine}, status: exitUsage, stderr: "there is no command redirve, nor a file of that name; is it redrive?\n", lines: 1},
		{name: "unknown command", args: []string{"console", fine}, status: exitUsage, stderr: "there is no command console, nor a file of that name; the commands are help, view, redrive, size\n", lines: 1},
		{name: "view", args: []string{"view", fine}, stdout: "response " + allDone},
		{name: "help", args: []string{"help"}, stdout: "\n  redrive  hands failed batches to a function again\n"},
		{name: "help of view", args: []string{"help", "view"}, stdout: "usage: sluice [view] [flags] FILE"},
		{name: "help of redrive", args: []string{"help", "redrive"}, stdout: "usage: sluice redrive "},
		{name: "help of size", args: []string{"help", "size"}, stdout: "usage: sluice size "},
		{name: "help of nothing", args: []string{"help", "vieuw"}, status: exitUsage, stderr: "there is no command vieuw, nor a file of that name; is it view?\n", lines: 1},
		{name: "command without arguments", args: []string{"view"}, status: exitUsage, stderr: "usage: sluice [view] [flags] FILE"},
		{name: "file", args: []string{fine}, stdout: "response " + allDone},
		{name: "standard input", args: []string{"-"}, stdin: string(event(good(7))), stdout: sequence(7)},
		{name: "bad", args: []string{wrong}, status: exitBad, stdout: "response ", stderr: "wrong.json: record 0 "},
		{name: "bad before fine", args: []string{wrong, fine}, status: exitBad, stdout: allDone, stderr: "wrong.json: record 0 "},
		{name: "missing", args: []string{missing, fine}, status: exitBad, stdout: allDone, stderr: "missing.json: "},
		{name: "directory", args: []string{dir}, status: exitBad, stdout: "total files=2 records=2 bad=1 ", stderr: wrong + ": record 0 "},
		{name: "empty directory", args: []string{empty}, status: exitBad, stderr: empty + ": no files"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), tool, tt.args...)
			cmd.Env = []string{}
			cmd.WaitDelay = patience
			cmd.Stdin = strings.NewReader(tt.stdin)
			var stdout, stderr strings.Builder
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			timer := time.AfterFunc(patience, func() { cmd.Cancel() })
			defer timer.Stop()
			cmd.Run()
			if got := cmd.ProcessState.ExitCode(); got != tt.status {
				t.Errorf("exit status %d, want %d", got, tt.status)
			}
			checkPart(t, "standard output", stdout.String(), tt.stdout)
			checkPart(t, "standard error", stderr.String(), tt.stderr)
			if n := strings.Count(stderr.String(), "\n"); tt.lines > 0 && n != tt.lines {
				t.Errorf("%d lines of standard error: %s", n, &stderr)
			}
		})
	}
}

func checkPart(t *testing.T, what, got, part string) {
	t.Helper()
	if (got == "") != (part == "") || !strings.Contains(got, part) {
		t.Errorf("%s is %q, want %q in it", what, got, part)
	}
}
