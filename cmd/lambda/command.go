package main

import "io"

// This file is the choice of what the program does outside Lambda.

// A command runs with the arguments behind its name and returns the exit status.
type command func(args []string, stdin io.Reader, stdout, stderr io.Writer) int

// commands are those with a name; without one the arguments are files to show. A file of such a name is shown as ./NAME.
var commands = map[string]command{}

// run runs the command that args name.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		if c := commands[args[0]]; c != nil {
			return c(args[1:], stdin, stdout, stderr)
		}
	}
	return local(args, stdin, stdout, stderr)
}
