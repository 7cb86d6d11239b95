package router

import (
	"fmt"
	"log"
	"log/slog"
	"os"
	"sync"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// This file is what the router logs to in Lambda where nobody has said so:
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html

// lambdaFilters is whether this is a function whose LogFormat is JSON. Lambda takes a line that is no JSON for one of level INFO then, and drops
// it if the function's level is above that, whatever the line says.
func lambdaFilters() bool { return os.Getenv("AWS_LAMBDA_LOG_FORMAT") == "JSON" }

// isUnset is whether l is what slog begins with, and nobody has led its lines elsewhere.
func isUnset(l *slog.Logger) bool {
	return fmt.Sprintf("%T", l.Handler()) == "*slog.defaultHandler" && log.Writer() == os.Stderr
}

// lambdaLogger writes lines that Lambda's filter understands.
var lambdaLogger = sync.OnceValue(func() *slog.Logger { return lambdacontext.NewLogger() })
