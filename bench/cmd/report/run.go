package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The run of the benchmarks.

// suite is the benchmarks whose results share a file.
type suite struct {
	name    string
	matches string // the names of its benchmarks
	rest    bool   // instead: those in no other suite
	cores   int    // how many processors it needs
}

var suites = []suite{
	{name: "decode", matches: "Decode|Unlike|Hostile", cores: 1},
	{name: "invocation", matches: "Invocation.*", cores: 1},
	{name: "concurrent", matches: "Concurrent", cores: 2},
	{name: "formats", rest: true, cores: 1},
}

// file returns where the results are kept.
func (s suite) file(dir string) string { return filepath.Join(dir, s.name+".txt") }

type runner struct {
	rounds    int
	benchtime time.Duration
	only      string
}

// run runs the suites and writes their files.
func (r runner) run(dir string) error {
	only, err := regexp.Compile(r.only)
	if err != nil {
		return err
	}
	temp, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	test, err := program(temp)
	if err != nil {
		return err
	}
	names, err := exec.Command(test, "-test.list", "^Benchmark").Output()
	if err != nil {
		return err
	}
	for _, s := range suites {
		pattern := s.pattern(strings.Fields(string(names)))
		if pattern == "" || !only.MatchString(s.name) {
			continue
		}
		if err := r.runSuite(s, test, pattern, s.file(dir)); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// program builds the test program of the working directory.
func program(dir string) (string, error) {
	path := filepath.Join(dir, "bench.test")
	build := exec.Command("go", "test", "-c", "-o", path, ".")
	build.Stderr = os.Stderr
	return path, build.Run()
}

// pattern returns the argument of -test.bench, "" if there is nothing to run.
func (s suite) pattern(names []string) string {
	var mine []string
	for _, name := range names {
		taken := slices.ContainsFunc(suites, func(other suite) bool {
			return !other.rest && regexp.MustCompile("^Benchmark("+other.matches+")$").MatchString(name)
		})
		if s.rest && !taken || !s.rest && regexp.MustCompile("^Benchmark("+s.matches+")$").MatchString(name) {
			mine = append(mine, strings.TrimPrefix(name, "Benchmark"))
		}
	}
	if mine == nil {
		return ""
	}
	return "^Benchmark(" + strings.Join(mine, "|") + ")$"
}

func (r runner) runSuite(s suite, test, pattern, path string) error {
	args := append(pinned(s.cores), test,
		"-test.run=^$", "-test.bench="+pattern, "-test.benchtime="+r.benchtime.String(), "-test.timeout=20m")
	var out bytes.Buffer
	shown := slices.Clone(args)
	shown[slices.Index(shown, test)] = "./bench.test"
	fmt.Fprintf(&out, "command: %s (%d rounds)\n", strings.Join(quoted(shown), " "), r.rounds)
	fmt.Fprintf(&out, "go: %s\ncpus: %d\nmemory: %s\n", runtime.Version(), runtime.NumCPU(), memory())
	for round := range r.rounds {
		fmt.Fprintf(os.Stderr, "%s: round %d of %d\n", s.name, round+1, r.rounds)
		cmd := exec.Command(args[0], args[1:]...)
		var errors bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, io.MultiWriter(&errors, os.Stderr)
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%w\n%s", err, tail(out.Bytes()))
		}
	}
	return os.WriteFile(path, withoutVerdicts(out.Bytes()), 0o644)
}

// pinned returns the beginning of a command that has the last processor to
// itself, as far as this user may arrange that. A suite that needs several
// processors is not pinned.
func pinned(cores int) (args []string) {
	if _, err := exec.LookPath("nice"); err == nil && os.Geteuid() == 0 {
		args = append(args, "nice", "-n", "-15")
	}
	if cpus := runtime.NumCPU(); cores == 1 && cpus > 1 {
		if _, err := exec.LookPath("taskset"); err == nil {
			args = append(args, "taskset", "-c", strconv.Itoa(cpus-1))
		}
	}
	return args
}

func quoted(args []string) []string {
	quoted := slices.Clone(args)
	for i, arg := range quoted {
		if strings.ContainsAny(arg, "^$()|") {
			quoted[i] = "'" + arg + "'"
		}
	}
	return quoted
}

// withoutVerdicts drops what the test program prints at the end of a round.
func withoutVerdicts(out []byte) []byte {
	return regexp.MustCompile(`(?m)^PASS\n`).ReplaceAll(out, nil)
}

func tail(b []byte) []byte { return b[max(0, len(b)-2000):] }

// memory returns the size of the machine's memory.
func memory() string {
	info, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return "unknown"
	}
	m := regexp.MustCompile(`MemTotal:\s+(\d+) kB`).FindSubmatch(info)
	if m == nil {
		return "unknown"
	}
	kib, _ := strconv.ParseFloat(string(m[1]), 64) // digits
	return fmt.Sprintf("%.0f GiB", kib/(1<<20))
}
