// Command sluice is the tool for what a Kinesis function leaves behind and
// lives on: saved events, failed batches, and a sample to size a stream by. It
// is a module of its own, so that the library does not depend on what a
// terminal needs. make sluice builds it as bin/sluice, and go install . in this
// directory puts it into the path.
//
//	sluice view event.json
//	sluice view -json failed-batches/
//	aws … | sluice view -
//
// takes each file as the event of one invocation. It shows the records, then
// the answer that Lambda would get from a
// [example.com/sluice/router.Router] with default settings whose handler finds
// nothing wrong, and what the router counted. A bad record is a failure here,
// as it is by default. At the end come the sizes of all records and the
// partition keys with the most of them. What is wrong goes to standard error
// with the file, the record and the offset. A file may also be something that
// events are found in, such as an object of an on-failure bucket or the output
// of aws kinesis get-records: sluice view -help lists those, and the flags.
// The word view may be left out.
//
//	sluice size -rate 2000 -handler-time 2ms event.json
//
// takes the events of files as a sample and says how many shards the stream
// needs and how to configure the mapping and the function, with reasons,
// sources, and what a million records cost.
//
//	sluice redrive -function orders failed-batches/
//	sluice redrive -bootstrap ./bootstrap -yes failed-batches/
//
// hands failed batches to a function again: one in AWS, one behind another URL,
// or a program on this machine. It says what it would do, and does it with
// -yes. What came of each batch is noted in a journal, so that repeating the
// command hands over only what is not done, down to the record that a
// function's answer has named.
//
// The exit status is 0 if all is well; 1 if an invocation would fail or would
// ask for records again, if a batch is not done, or if a file cannot be read;
// and 2 for wrong usage. Under go run it is 1 for both: use the program.
//
// # JSON
//
// With -json each line of view is an object whose member type says what it is.
// Members with a question mark are left out where there is nothing to say.
//
// Type record:
//
//   - file, part? (of a file that holds several events: "line 3"), index,
//     subSequenceNumber? (of a user record in an aggregate)
//   - stream?, shard?, sequenceNumber, partitionKey, explicitHashKey?,
//     arrived? (RFC 3339)
//   - either error; or bytes, and the data, decompressed where -codec is given,
//     as text where it is UTF-8, else as base64
//   - logs? of CloudWatch Logs: {group, stream, owner,
//     events [{id, timestamp, message}]}
//   - change? of DynamoDB: {event, table, time?, keys, new?, old?}
//
// Type invocation:
//
//   - file, part?, from? (what the event was found in)
//   - records, processed, skipped, failed, bad, bytes
//   - checkpoint? (what the response names), response (what Lambda gets; null
//     where the invocation fails), error?
//   - window? {start?, end?, state, final, terminatedEarly}
//   - onFailure? {condition, invocations, requestId, functionArn, timestamp}
//
// Type summary:
//
//   - files, records, bad, bytes
//   - sizes [{from, to, records}] (in bytes, both included)
//   - keys [{partitionKey, records}] (the 10 with the most), otherKeys,
//     otherRecords
package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"example.com/sluice/cmd/sluice/internal/command"
	"example.com/sluice/cmd/sluice/internal/redrive"
	"example.com/sluice/cmd/sluice/internal/screen"
	"example.com/sluice/cmd/sluice/internal/size"
	"example.com/sluice/cmd/sluice/internal/view"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// commands are the words that may follow sluice, all but help. run gets the
// arguments behind the word and returns the exit status.
var commands = []struct {
	name, about string
	run         func(args []string, stdin io.Reader, stdout, stderr io.Writer) int
}{
	{"view", "shows events: their records, and what Lambda would be answered", view.Run},
	{"redrive", "hands failed batches to a function again", redrive.Run},
	{"size", "says how to configure a stream like a sample, and why", size.Run},
}

// run runs the command that args name. Where they name none they are for view;
// a file that is called like a command is given as ./NAME.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		io.WriteString(stderr, help())
		return command.Usage
	}
	word, rest := args[0], args[1:]
	asked := word == "help" || word == "-h" || word == "-help" || word == "--help"
	switch {
	case asked && len(rest) == 0:
		if _, err := io.WriteString(stdout, help()); err != nil {
			return command.Failed
		}
		return command.OK
	case asked:
		word, rest = rest[0], []string{"-help"}
	}
	for _, c := range commands {
		if c.name == word {
			return c.run(rest, stdin, stdout, stderr)
		}
	}
	if problem := noCommand(word, asked); problem != "" {
		fmt.Fprintln(stderr, problem)
		return command.Usage
	}
	return view.Run(args, stdin, stdout, stderr)
}

func help() string {
	var b strings.Builder
	b.WriteString(`usage: sluice COMMAND [flags] FILE...

The tool for saved events of Amazon Kinesis, failed batches, and sizing.

`)
	for _, c := range commands {
		fmt.Fprintf(&b, "  %-9s%s\n", c.name, c.about)
	}
	b.WriteString(`  help     lists the commands; sluice help COMMAND says more of one

FILE is an event, or what events are found in; sluice FILE... shows it.
`)
	return b.String()
}

// noCommand says what is wrong with a word that is no command. It returns "" if
// the word may be a file or a flag instead.
func noCommand(word string, asked bool) string {
	file := strings.Trim(word, "abcdefghijklmnopqrstuvwxyz") != "" || word == ""
	if _, err := os.Stat(word); (file || err == nil) && !asked {
		return ""
	}
	names := []string{"help"}
	for _, c := range commands {
		names = append(names, c.name)
	}
	what := "there is no command " + screen.Word(word)
	if !asked {
		what += ", nor a file of that name"
	}
	if near := command.Nearest(word, names); near != "" {
		return fmt.Sprintf("%s; is it %s?", what, near)
	}
	return fmt.Sprintf("%s; the commands are %s", what, strings.Join(names, ", "))
}
