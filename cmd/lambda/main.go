// Command lambda is a Lambda function that watches a Kinesis stream. It is
// useful as it stands, and it is the example to start a function from.
//
//	GOOS=linux go build -tags lambda.norpc -o bootstrap ./cmd/lambda
//
// makes the one file that a function with a provided.* runtime consists of.
// Its event source mapping should have
// FunctionResponseTypes [ReportBatchItemFailures].
//
// The function reads every record and writes two lines of JSON an invocation.
// One is for people: stream and shard, how many records and bytes, how old
// they are, how long reading them took, what the data is (JSON, text or
// binary; compressed or not; user records in aggregates), and which partition
// keys are hot. The other has the same as numbers, as CloudWatch metrics in the
// embedded metric format. Data is never logged, and partition keys only as
// hashes unless the settings say otherwise.
//
// The settings are environment variables; lambda -help lists them. With a bad
// one the function does not start, and says why.
//
// The function only looks at the stream, so it must never hold the stream up:
// a record that the decoder cannot read is logged and skipped, where a router
// would by default have it delivered again. An event that is broken as a
// whole, or not from Kinesis, is an error of its invocation.
//
// The tool for saved events and failed batches is
// example.com/sluice/cmd/sluice.
package main

import (
	"io"
	"os"
	"slices"
)

func main() {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		serve(os.Stdout)
	}
	os.Exit(explain(os.Args[1:], os.Stdout, os.Stderr))
}

const usage = `This is a Lambda function: it logs what it sees of a Kinesis stream, in two
lines of JSON an invocation, and answers that all records are done. Lambda
starts it and sets AWS_LAMBDA_RUNTIME_API, which is not set here; make local
runs it on this machine. The tool for saved events is sluice, in cmd/sluice.
`

// explain is the program outside of Lambda. It returns the exit status.
func explain(args []string, stdout, stderr io.Writer) int {
	if len(args) == 1 && slices.Contains([]string{"-h", "-help", "--help", "help"}, args[0]) {
		if _, err := io.WriteString(stdout, usage+settingsHelp()); err != nil {
			return 1
		}
		return 0
	}
	io.WriteString(stderr, usage+"lambda -help lists its settings.\n")
	return 2
}
