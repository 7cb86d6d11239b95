package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// This file is the choice of what the program does outside Lambda.

// A command runs with the arguments behind its name and returns the exit status.
type command func(args []string, stdin io.Reader, stdout, stderr io.Writer) int

// commands are those with a name; without one the arguments are files to show. A file of such a name is shown as ./NAME.
var commands = map[string]command{}

func init() {
	commands["view"] = local
	commands["help"] = func(_ []string, stdin io.Reader, stdout, stderr io.Writer) int {
		return local([]string{"-help"}, stdin, stdout, stderr)
	}
}

// run runs the command that args name.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		if c := commands[args[0]]; c != nil {
			return c(args[1:], stdin, stdout, stderr)
		}
		if problem := noCommand(args[0]); problem != "" {
			fmt.Fprintln(stderr, problem)
			return exitUsage
		}
	}
	return local(args, stdin, stdout, stderr)
}

// noCommand says what is wrong with a first argument that looks like a command and is neither one nor a file; "" where it is not so.
func noCommand(word string) string {
	if strings.Trim(word, "abcdefghijklmnopqrstuvwxyz") != "" || word == "" {
		return ""
	}
	if _, err := os.Stat(word); err == nil {
		return ""
	}
	names := slices.Sorted(maps.Keys(commands))
	if near := nearest(word, names); near != "" {
		return fmt.Sprintf("there is no command %s, nor a file of that name; is it %s?", word, near)
	}
	return fmt.Sprintf("there is no command %s, nor a file of that name; the commands are %s", word, strings.Join(names, ", "))
}

// nearest returns the name that a word may be misspelt for, "" where none is near.
func nearest(word string, names []string) string {
	best, least := "", min(len(word)/2, 3)+1
	for _, name := range names {
		if d := distance(word, name); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance is how many letters are to be put in, left out, changed or swapped with the next one to make b of a.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	before, last, now := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		now[0] = i + 1
		for j := range len(b) {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			now[j+1] = min(change, last[j+1]+1, now[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				now[j+1] = min(now[j+1], before[j-1]+1)
			}
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}
