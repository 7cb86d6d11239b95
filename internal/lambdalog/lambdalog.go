// Package lambdalog is where a library logs in Lambda if nobody has said so:
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

// Default is slog.Default(). But where the function's LogFormat is JSON, and
// nobody has led slog's lines elsewhere, it writes lines that Lambda's filter
// understands: Lambda takes one that is no JSON for INFO, whatever it says, and
// drops it if the function's level is above that.
func Default() *slog.Logger {
	l := slog.Default()
	if os.Getenv("AWS_LAMBDA_LOG_FORMAT") != "JSON" || !isUnset(l) {
		return l
	}
	return lambdaLogger()
}

// isUnset is whether l is what slog begins with, writing to where it does.
func isUnset(l *slog.Logger) bool {
	return fmt.Sprintf("%T", l.Handler()) == "*slog.defaultHandler" && log.Writer() == os.Stderr
}

var lambdaLogger = sync.OnceValue(func() *slog.Logger { return lambdacontext.NewLogger() })
