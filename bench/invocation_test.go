package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/sluice/bench/internal/sum"
	"example.com/sluice/bench/internal/sum/record"
	"example.com/sluice/decoder"
	"example.com/sluice/internal/runtimeapi"
	"example.com/sluice/router"
)

// Whole functions: programs as they are deployed, in processes of their own
// that get their events over HTTP from a Runtime API on the loopback interface.

// done is the answer that all records are done.
const done = `{"batchItemFailures":[]}`

// functions are the directories of the programs.
var functions = []string{"sluice", "events", "transport"}

var programs struct {
	sync.Once
	dir string
	err error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if programs.dir != "" {
		os.RemoveAll(programs.dir)
	}
	os.Exit(code)
}

// programOf builds the programs as AWS's documentation says, and returns the
// path of one.
func programOf(tb testing.TB, function string) string {
	programs.Do(func() {
		if programs.dir, programs.err = os.MkdirTemp("", "functions"); programs.err != nil {
			return
		}
		build := exec.Command("go", "build", "-tags", "lambda.norpc", "-trimpath", "-ldflags", "-s -w",
			"-o", programs.dir+string(filepath.Separator), "./functions/...")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			programs.err = fmt.Errorf("%w\n%s", err, out)
		}
	})
	if programs.err != nil {
		tb.Fatal(programs.err)
	}
	return filepath.Join(programs.dir, function)
}

// process is a function's process.
type process struct {
	*runtimeapi.API
	cmd    *exec.Cmd
	output strings.Builder
	ended  chan struct{}
	server *http.Server

	started   time.Time
	asked     chan time.Time // when it first asked for an event
	firstOnce sync.Once
}

// start runs a function.
func start(tb testing.TB, function string, env ...string) *process {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &process{
		API:   runtimeapi.New(""),
		cmd:   exec.Command(programOf(tb, function)),
		ended: make(chan struct{}),
		asked: make(chan time.Time, 1),
	}
	p.server = &http.Server{Handler: p}
	go p.server.Serve(listener) // until stop closes it
	p.cmd.Env = append(env, "AWS_LAMBDA_RUNTIME_API="+listener.Addr().String())
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	p.started = time.Now()
	if err := p.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	go func() {
		p.Close(fmt.Errorf("the function has ended: %v", p.cmd.Wait()))
		close(p.ended)
	}()
	return p
}

func (p *process) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.firstOnce.Do(func() { p.asked <- time.Now() })
	p.API.ServeHTTP(w, r)
}

func (p *process) stop() {
	p.cmd.Process.Kill()
	<-p.ended
	p.server.Close()
}

// invoke has the function handle the event, and expects the answer that all
// records are done.
func (p *process) invoke(tb testing.TB, event []byte) {
	answer, err := p.Invoke(context.Background(), event)
	if string(answer) != done || err != nil {
		tb.Fatalf("the function answers %.200q, %v\n%s", answer, err, p.output.String())
	}
}

// peak returns the largest resident size that the process has had, in bytes.
func (p *process) peak(tb testing.TB) float64 {
	status, err := os.Open(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if errors.Is(err, os.ErrNotExist) {
		tb.Skip("this system does not tell the memory of a process")
	}
	if err != nil {
		tb.Fatal(err)
	}
	defer status.Close()
	lines := bufio.NewScanner(status)
	for lines.Scan() {
		if rest, found := strings.CutPrefix(lines.Text(), "VmHWM:"); found {
			kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			if err != nil {
				tb.Fatal(err)
			}
			return kib * 1024
		}
	}
	tb.Fatal("no VmHWM")
	return 0
}

// TestFunctionsAgree: both functions read all records.
func TestFunctionsAgree(t *testing.T) {
	for _, name := range []string{"1x256B", "100x256B", "7500x200B"} {
		s := shapeNamed(name)
		var want sum.Sum
		for range 2 {
			for i := range s.records {
				record.Add(&want, &s.records[i])
			}
		}
		for _, function := range []string{"sluice", "events"} {
			p := start(t, function, "PRINT_SUM=1")
			p.invoke(t, s.event)
			p.invoke(t, s.event)
			p.stop()
			lines := strings.Fields(p.output.String())
			if len(lines) != 2 || lines[1] != strconv.FormatUint(uint64(want), 10) {
				t.Errorf("%s, %s: sums %q, want %d last", s.name, function, lines, want)
			}
		}
	}
}

// BenchmarkInvocation measures an invocation from the moment that its event can
// be fetched until it is answered, and the peak memory of the process. Between
// invocations the transport alone gets the same event, so that a disturbance of
// the machine affects both; beyond-ns is the difference of their medians.
func BenchmarkInvocation(b *testing.B) {
	for _, name := range []string{"1x256B", "100x256B", "1000x1KiB", "7500x200B", "10000x60B", "40x100KiB"} {
		b.Run(name, func(b *testing.B) {
			s := shapeNamed(name)
			for _, function := range functions {
				b.Run(function, func(b *testing.B) { measureInvocations(b, function, s.event) })
			}
		})
	}
}

func measureInvocations(b *testing.B, function string, event []byte) {
	p := start(b, function)
	defer p.stop()
	transport := start(b, "transport")
	defer transport.stop()
	var own, alone []float64
	invoke := func() {
		begin := time.Now()
		p.invoke(b, event)
		middle := time.Now()
		transport.invoke(b, event)
		own = append(own, float64(middle.Sub(begin)))
		alone = append(alone, float64(time.Since(middle)))
	}
	for range 10 { // until memory does not grow any more
		invoke()
	}
	own, alone = own[:0], alone[:0]
	for b.Loop() {
		invoke()
	}
	for len(own) < 15 {
		invoke()
	}
	b.ReportMetric(median(own), "ns/op")
	b.ReportMetric(median(own)-median(alone), "beyond-ns")
	b.ReportMetric(p.peak(b), "peak-B")
}

func median(samples []float64) float64 {
	slices.Sort(samples)
	n := len(samples)
	return (samples[(n-1)/2] + samples[n/2]) / 2
}

// BenchmarkInvocationStart measures the time from the start of the process
// until it first asks for an event, and reports the size of the program.
func BenchmarkInvocationStart(b *testing.B) {
	b.Run("cold", func(b *testing.B) {
		for _, function := range functions {
			b.Run(function, func(b *testing.B) {
				info, err := os.Stat(programOf(b, function))
				if err != nil {
					b.Fatal(err)
				}
				var total time.Duration
				for b.Loop() {
					p := start(b, function)
					select {
					case asked := <-p.asked:
						total += asked.Sub(p.started)
					case <-p.ended:
						b.Fatalf("the function has ended: %s", p.output.String())
					}
					p.stop()
				}
				b.ReportMetric(float64(total.Nanoseconds())/float64(b.N), "ns/start")
				b.ReportMetric(float64(info.Size()), "program-B")
			})
		}
	})
}

// BenchmarkConcurrent measures how simultaneous invocations in one process get
// in each other's way: the time for each of them overall, with one worker and
// with two. It needs two otherwise idle processors.
func BenchmarkConcurrent(b *testing.B) {
	for _, name := range []string{"100x256B", "7500x200B", "40x100KiB"} {
		s := shapeNamed(name)
		r := router.New(router.Each(func(_ context.Context, rec *decoder.Record) error {
			var own sum.Sum
			record.Add(&own, rec)
			if own == 0 {
				return errors.New("nothing was read")
			}
			return nil
		}))
		b.Run(s.name, func(b *testing.B) {
			for workers, name := range []string{"none", "one", "two"} {
				if workers > 0 {
					b.Run(name, func(b *testing.B) { invokeAtOnce(b, workers, r, s.event) })
				}
			}
		})
	}
}

func invokeAtOnce(b *testing.B, workers int, r *router.Router, event []byte) {
	var left atomic.Int64
	left.Store(int64(b.N))
	var all sync.WaitGroup
	b.SetBytes(int64(len(event)))
	b.ReportAllocs()
	for range workers {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				if answer, err := r.Invoke(context.Background(), event); string(answer) != done || err != nil {
					b.Errorf("the answer is %.200q, %v", answer, err)
					return
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N), "ns/invocation")
}
