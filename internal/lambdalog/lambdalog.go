// Package lambdalog has a library's logger in Lambda where its user chose none:
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
package lambdalog

import (
	"fmt"
	"log"
	"log/slog"
	"os"
	"sync"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// Default returns slog.Default(). But if the function's LogFormat is JSON and
// slog still has its original handler and output, Default returns a logger
// whose lines Lambda's filter understands. Lambda takes a line that is not JSON
// for INFO, whatever it says, and drops it if the level of the function is
// higher.
func Default() *slog.Logger {
	l := slog.Default()
	if os.Getenv("AWS_LAMBDA_LOG_FORMAT") != "JSON" || !isUnset(l) {
		return l
	}
	return lambdaLogger()
}

// isUnset reports whether l is the original logger of slog, with its original
// output.
func isUnset(l *slog.Logger) bool {
	return fmt.Sprintf("%T", l.Handler()) == "*slog.defaultHandler" && log.Writer() == os.Stderr
}

var lambdaLogger = sync.OnceValue(func() *slog.Logger { return lambdacontext.NewLogger() })
