package router_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/emf"
	"example.com/sluice/router/routertest"
)

// This file holds what is written to what Lambda does with a function's lines
// where its LogFormat is JSON.

// logLevels are Lambda's, from the most detailed to the least.
var logLevels = []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}

// drops is whether Lambda drops a line at an ApplicationLogLevel, as its
// developer guide has it ("Log-level filtering"): it sends lines of that level
// and of less detailed ones, and takes a line for INFO that is no JSON, or
// whose level is missing or not one of the six, or whose timestamp is not in
// the form of RFC 3339.
func drops(line, setting string) bool {
	info := slices.Index(logLevels, "INFO")
	var members map[string]any
	level := info
	if json.Unmarshal([]byte(line), &members) == nil {
		name, _ := members["level"].(string)
		at, _ := members["timestamp"].(string)
		level = slices.Index(logLevels, strings.ToUpper(name))
		if _, err := time.Parse(time.RFC3339, at); err != nil || level < 0 {
			level = info
		}
	}
	return level < slices.Index(logLevels, setting)
}

// TestDrops: the rule, on lines of which the guide says what becomes of them.
func TestDrops(t *testing.T) {
	const at = `"timestamp":"2024-11-02T16:51:31.587199Z"`
	for line, kept := range map[string]string{
		`{"level":"debug","msg":"my debug log",` + at + `}`: "TRACE DEBUG",
		`{"level":"ERROR",` + at + `}`:                      "TRACE DEBUG INFO WARN ERROR",
		`{"level":"FATAL",` + at + `}`:                      "TRACE DEBUG INFO WARN ERROR FATAL",
		`{"level":"FATAL"}`:                                 "TRACE DEBUG INFO",
		`{"level":"FATAL","timestamp":1730566291}`:          "TRACE DEBUG INFO",
		`{"level":"FATAL","timestamp":"yesterday"}`:         "TRACE DEBUG INFO",
		`{"level":"ERROR+4",` + at + `}`:                    "TRACE DEBUG INFO",
		`{` + at + `}`:                                      "TRACE DEBUG INFO",
		`2024/11/02 16:51:31 ERROR record failed`:           "TRACE DEBUG INFO",
	} {
		var got []string
		for _, setting := range logLevels {
			if !drops(line, setting) {
				got = append(got, setting)
			}
		}
		if strings.Join(got, " ") != kept {
			t.Errorf("%s is kept at %v, want %s", line, got, kept)
		}
	}
}

// TestEMFAtEveryLevel: no level of logging takes the metrics away, whatever
// comes of the invocation.
func TestEMFAtEveryLevel(t *testing.T) {
	w := new(writes)
	r := router.New(router.Each(func(_ context.Context, rec *decoder.Record) error {
		if string(rec.PartitionKey) == "x" {
			return errBoom
		}
		return nil
	}), quiet(), router.WithStats(emf.New(w, emf.Options{})))
	for _, e := range [][]byte{event("aab"), event("ax"), event("a!b"), event(""), nil} {
		r.Invoke(t.Context(), e)
	}
	if len(*w) != 5 {
		t.Fatalf("%d lines, want 5", len(*w))
	}
	for _, line := range *w {
		for _, setting := range logLevels {
			if drops(line, setting) {
				t.Errorf("at %s Lambda drops %s", setting, line)
			}
		}
		members := membersOf(t, line)
		at, err := time.Parse(time.RFC3339, fmt.Sprint(members["timestamp"]))
		stamp := members["_aws"].(map[string]any)["Timestamp"].(float64)
		if err != nil || at.UnixMilli() != int64(stamp) {
			t.Errorf("timestamp %v, of the metrics %v: %v", members["timestamp"], stamp, err)
		}
	}
}

// writes is a writer that keeps what it is given, write by write.
type writes []string

func (w *writes) Write(p []byte) (int, error) {
	*w = append(*w, string(p))
	return len(p), nil
}

// logVariable makes this program log, for TestLoggerInLambda, and says how.
const logVariable = "SLUICE_TEST_DEFAULT_LOGGER"

// TestLoggerInLambda: at WARN nothing that is logged of a failure is dropped.
// Loggers that somebody has set are used as they are.
func TestLoggerInLambda(t *testing.T) {
	if how := os.Getenv(logVariable); how != "" {
		switch how {
		case "slog":
			slog.SetDefault(slog.New(slog.NewTextHandler(os.Stdout, nil)))
		case "log":
			log.SetOutput(os.Stdout)
		}
		r := router.New(router.Each(func(context.Context, *decoder.Record) error { return errBoom }))
		if _, err := r.Invoke(t.Context(), routertest.Event{Records: 1}.Bytes()); err != nil {
			t.Error(err)
		}
		return
	}
	for _, c := range []struct {
		how, format, says string
		kept              bool
	}{
		{"nothing set", "JSON", `"message":"record failed"`, true},
		{"nothing set", "Text", "ERROR record failed", false},
		{"nothing set", "", "ERROR record failed", false},
		{"slog", "JSON", `level=ERROR msg="record failed"`, false},
		{"log", "JSON", "ERROR record failed", false},
	} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestLoggerInLambda$")
		cmd.Env = append(os.Environ(), logVariable+"="+c.how, "AWS_LAMBDA_LOG_FORMAT="+c.format)
		out, err := cmd.CombinedOutput()
		if errors.Is(err, syscall.ENOEXEC) {
			t.Skip("a test cannot start itself where its machine is emulated")
		}
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		found := 0
		for line := range bytes.Lines(out) {
			if !strings.Contains(string(line), "record failed") {
				continue
			}
			found++
			if drops(string(line), "WARN") == c.kept || !strings.Contains(string(line), c.says) {
				t.Errorf("%s, format %s: %s", c.how, c.format, line)
			}
		}
		if found != 1 {
			t.Errorf("%s, format %s: %d lines about the record, want 1:\n%s", c.how, c.format, found, out)
		}
	}
}
