// Command report runs the benchmarks in its working directory and prints how
// the decoder compares with its peers and which targets it reaches. With -write
// it also keeps the raw results, tables and charts.
//
// It builds the test program once and runs it several times, so that a
// disturbance of the machine affects all contenders. Figures are medians over
// these rounds, and so are ratios, each between two figures of the same round.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

func main() {
	var r runner
	flag.IntVar(&r.rounds, "rounds", 3, "how often to run each benchmark")
	flag.DurationVar(&r.benchtime, "benchtime", 100*time.Millisecond, "how long to run each benchmark in a round")
	flag.StringVar(&r.only, "only", "", "run the suites whose name matches this regular expression")
	write := flag.String("write", "", "write the results to this directory")
	readme := flag.String("readme", "", "with -write: put a summary into this page, where it has the marks for it")
	reuse := flag.Bool("reuse", false, "with -write: run nothing, take the raw results that are there")
	flag.Parse()
	if err := report(r, *write, *readme, *reuse); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func report(r runner, dir, readme string, reuse bool) error {
	work := dir
	if work == "" {
		var err error
		if work, err = os.MkdirTemp("", "bench"); err != nil {
			return err
		}
		defer os.RemoveAll(work)
	}
	if err := os.MkdirAll(work, 0o755); err != nil {
		return err
	}
	if !reuse {
		if err := r.run(work); err != nil {
			return err
		}
	}
	var files []string
	for _, s := range suites {
		if path := s.file(work); exists(path) {
			files = append(files, path)
		}
	}
	res, err := readResults(files)
	if err != nil {
		return err
	}
	os.Stdout.WriteString(ratios(res))
	os.Stdout.WriteString(targetTable(res))
	if dir == "" {
		return nil
	}
	if err := writeTables(filepath.Join(dir, "README.md"), res); err != nil {
		return err
	}
	if readme != "" {
		if err := writeSummary(readme, res); err != nil {
			return err
		}
	}
	return drawCharts(dir, res)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
