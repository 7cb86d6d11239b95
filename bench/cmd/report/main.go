// Command report runs the benchmarks of the directory that it is started in and prints how the decoder compares with its
// peers, and which targets it reaches. With -write it also keeps the raw results, tables and charts.
//
// It builds the test program once and runs it several times, so that what disturbs the machine for a while disturbs all
// contenders. Figures are medians over these rounds; ratios are of figures of the same run.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

func main() {
	var r runner
	flag.IntVar(&r.rounds, "rounds", 3, "how often to run each benchmark")
	flag.DurationVar(&r.benchtime, "benchtime", 100*time.Millisecond, "how long to run each benchmark in a round")
	flag.StringVar(&r.only, "only", "", "run the suites whose name matches this regular expression")
	write := flag.String("write", "", "write the results to this directory")
	reuse := flag.Bool("reuse", false, "with -write: run nothing, take the raw results that are there")
	flag.Parse()
	if err := report(r, *write, *reuse); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func report(r runner, dir string, reuse bool) error {
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
	files, err := filepath.Glob(filepath.Join(work, "*.txt"))
	if err != nil {
		return err
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
	return drawCharts(dir, res)
}

// program builds the test program of the current directory.
func program(dir string) (string, error) {
	path := filepath.Join(dir, "bench.test")
	build := exec.Command("go", "test", "-c", "-o", path, ".")
	build.Stderr = os.Stderr
	return path, build.Run()
}
