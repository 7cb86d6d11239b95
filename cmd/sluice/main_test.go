package main

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/sluice/cmd/sluice/internal/command"
	"example.com/sluice/cmd/sluice/internal/input"
	"example.com/sluice/cmd/sluice/internal/screen"
	"example.com/sluice/decoder"
	"example.com/sluice/internal/eventtest"
)

const patience = time.Minute

// processTest is a command line and what the program says.
type processTest struct {
	name           string
	args           []string
	stdin          string
	status         int
	stdout, stderr string // parts; "" where there should be nothing
	lines          int    // of standard error; 0 is any number
}

func (tt *processTest) run(t *testing.T, tool string) {
	t.Helper()
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
}

// TestProcess runs the program as a process.
func TestProcess(t *testing.T) {
	tool, err := eventtest.Build(t.TempDir(), "sluice", ".", ".")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	fine := file("fine.json", eventtest.Event(eventtest.Good(1)))
	wrong := file("wrong.json", eventtest.Event(eventtest.Bad(1)))
	missing := filepath.Join(dir, "missing.json")
	empty := t.TempDir()
	for _, tt := range append(usageTests(fine), []processTest{
		{name: "view", args: []string{"view", fine}, stdout: "response " + eventtest.AllDone},
		{name: "file", args: []string{fine}, stdout: "response " + eventtest.AllDone},
		{
			name: "standard input", args: []string{"-"}, stdin: string(eventtest.Event(eventtest.Good(7))),
			stdout: eventtest.Sequence(7),
		},
		{
			name: "bad", args: []string{wrong}, status: command.Failed, stdout: "response ",
			stderr: "wrong.json: record 0 ",
		},
		{
			name: "bad before fine", args: []string{wrong, fine}, status: command.Failed, stdout: eventtest.AllDone,
			stderr: "wrong.json: record 0 ",
		},
		{
			name: "missing", args: []string{missing, fine}, status: command.Failed, stdout: eventtest.AllDone,
			stderr: "missing.json: ",
		},
		{
			name: "directory", args: []string{dir}, status: command.Failed, stdout: "total files=2 records=2 bad=1 ",
			stderr: wrong + ": record 0 ",
		},
		{name: "empty directory", args: []string{empty}, status: command.Failed, stderr: empty + ": no files"},
	}...) {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, tool) })
	}
}

// usageTests are about help, and about wrong command lines.
func usageTests(fine string) []processTest {
	return []processTest{
		{name: "no argument", status: command.Usage, stderr: "usage: sluice COMMAND "},
		{name: "-h", args: []string{"-h"}, stdout: "usage: sluice COMMAND "},
		{name: "-help", args: []string{"-help"}, stdout: "usage: sluice COMMAND "},
		{
			name: "unknown flag", args: []string{"-x", fine}, status: command.Usage,
			stderr: "no such flag: -x (sluice view -help says more)\n", lines: 1,
		},
		{
			name: "misspelt flag", args: []string{"-jsn", fine}, status: command.Usage,
			stderr: "no such flag: -jsn; is it -json? (sluice view -help says more)\n", lines: 1,
		},
		{
			name: "misspelt flag of a command", args: []string{"size", "-rat", "1", fine}, status: command.Usage,
			stderr: "no such flag: -rat; is it -rate? (sluice size -help says more)\n", lines: 1,
		},
		{
			name: "no file", args: []string{"-json"}, status: command.Usage,
			stderr: "no FILE is given (sluice view -help says more)\n", lines: 1,
		},
		{name: "flag behind a file", args: []string{fine, "-json"}, stdout: `{"type":"record",`},
		{name: "flag-like file", args: []string{"--", "-json"}, status: command.Failed, stderr: "-json: no such file"},
		{
			name: "misspelt command", args: []string{"redirve", fine}, status: command.Usage,
			stderr: "there is no command redirve, nor a file of that name; is it redrive?\n", lines: 1,
		},
		{
			name: "unknown command", args: []string{"console", fine}, status: command.Usage,
			stderr: "there is no command console, nor a file of that name; the commands are help, view, redrive, " +
				"size\n", lines: 1,
		},
		{name: "help", args: []string{"help"}, stdout: "\n  redrive  hands failed batches to a function again\n"},
		{name: "help of view", args: []string{"help", "view"}, stdout: "usage: sluice [view] [flags] FILE"},
		{name: "help of redrive", args: []string{"help", "redrive"}, stdout: "usage: sluice redrive "},
		{name: "help of size", args: []string{"help", "size"}, stdout: "usage: sluice size "},
		{
			name: "help of nothing", args: []string{"help", "vieuw"}, status: command.Usage,
			stderr: "there is no command vieuw; is it view?\n", lines: 1,
		},
		{
			name: "command without arguments", args: []string{"view"}, status: command.Usage,
			stderr: "usage: sluice [view] [flags] FILE",
		},
	}
}

// Every help fits a terminal of 80 columns.
func TestHelpFits(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"help", "view"}, {"help", "redrive"}, {"help", "size"}} {
		var stdout strings.Builder
		if status := run(args, nil, &stdout, &stdout); status != command.OK || stdout.Len() == 0 {
			t.Errorf("%q: exit status %d", args, status)
		}
		for line := range strings.Lines(stdout.String()) {
			if n := len(strings.TrimSuffix(line, "\n")); n > screen.DefaultWidth {
				t.Errorf("%q: %d columns: %s", args, n, line)
			}
		}
	}
}

func checkPart(t *testing.T, what, got, part string) {
	t.Helper()
	if (got == "") != (part == "") || !strings.Contains(got, part) {
		t.Errorf("%s is %q, want %q in it", what, got, part)
	}
}

// Each command reads what is recognised, or says what it is.
func TestInputsOfCommands(t *testing.T) {
	dir := t.TempDir()
	paths, err := filepath.Glob("../../testdata/inputs/*")
	if err != nil || len(paths) < 30 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		name := filepath.Base(path)
		got := 0
		endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			got++
			io.WriteString(w, eventtest.AllDone)
		}))
		defer endpoint.Close()
		// What is in the file is what TestRecognise makes sure of.
		documents, err := input.File{Name: path}.Documents(nil, func(int) {}, input.Origin{})
		if err != nil {
			t.Fatal(err)
		}
		records, events, made, complaint, first := 0, 0, false, "", ""
		for _, d := range documents {
			n, problem := recordsOf(d)
			if problem != "" {
				complaint = problem
			} else if records += n; !d.About.Succeeded() {
				events++
			}
			first = cmp.Or(first, complaint)
			made = made || d.Made
		}
		want := command.OK
		if complaint != "" {
			want = command.Failed
		}
		var stdout, stderr strings.Builder
		status := run([]string{path}, nil, &stdout, &stderr)
		if status != want ||
			!strings.Contains(stderr.String(), screen.Printable(complaint)) {
			t.Errorf("view %s: exit status %d, want %d and %q in %s", name, status, want, complaint, &stderr)
		}
		if records > 0 && !strings.Contains(stdout.String(), fmt.Sprintf(" records=%d bad=0 ", records)) {
			t.Errorf("view %s: want %d records in\n%s", name, records, &stdout)
		}

		stdout.Reset()
		stderr.Reset()
		status = run([]string{"size", "-rate", "10", "-handler-time", "1ms", path}, nil, &stdout, &stderr)
		if complaint == "" && records > 0 &&
			(status != command.OK || !strings.Contains(stdout.String(),
				"sample: "+screen.Count(records, "record"))) ||
			complaint != "" && (status != command.Failed ||
				!strings.Contains(stderr.String(), screen.Printable(first))) {
			t.Errorf("size %s: exit status %d\n%s%s", name, status, &stdout, &stderr)
		}

		args := []string{"-yes", "-endpoint", endpoint.URL, "-journal", filepath.Join(dir, name)}
		if made {
			args = append(args, "-stream", "arn:aws:kinesis:us-east-2:123456789012:stream/orders", "-shard",
				"shardId-000000000006")
		}
		if documents[0].About.Succeeded() {
			want, complaint = command.Failed, "its function has done it"
		}
		stdout.Reset()
		stderr.Reset()
		status = run(append(append([]string{"redrive"}, args...), path), nil, &stdout, &stderr)
		if status != want || !strings.Contains(stderr.String(), screen.Printable(complaint)) || got != events {
			t.Errorf("redrive %s: exit status %d, want %d; %d events, want %d, and %q in\n%s%s",
				name, status, want, got, events, complaint, &stdout, &stderr)
		}
	}
}

// recordsOf returns how many records a document has, or what is wrong with it.
func recordsOf(d input.Document) (n int, problem string) {
	if d.Err != nil {
		return 0, d.Err.Error()
	}
	for _, err := range decoder.Records(d.Event) {
		if err != nil {
			return 0, input.Place(err)
		}
		n++
	}
	return n, ""
}
