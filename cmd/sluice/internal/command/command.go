// Package command reads a command line: flags before and behind the files, what
// a misspelt word may have been meant for, and one line where it is wrong.
package command

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"example.com/sluice/cmd/sluice/internal/screen"
)

// The exit statuses of every command.
const (
	OK     = iota
	Failed // something that was given is wrong, or not done
	Usage  // the command line is wrong
)

// Parse reads a command's arguments, flags before and behind the files, and
// returns the files. If the command has nothing more to do it returns the exit
// status, and not ok. Help is usage and more.
func Parse(flags *flag.FlagSet, args []string, usage, more string, stdout, stderr io.Writer) (
	files []string, status int, ok bool,
) {
	flags.SetOutput(io.Discard)
	given := len(args)
	for {
		err := flags.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			if _, err := io.WriteString(stdout, usage+more); err != nil {
				return nil, Failed, false
			}
			return nil, OK, false
		}
		if err != nil {
			return nil, Misused(stderr, flags.Name(), explained(flags, err)), false
		}
		rest := flags.Args()
		if n := len(args) - len(rest); len(rest) == 0 || n > 0 && args[n-1] == "--" {
			files = append(files, rest...)
			break
		}
		files, args = append(files, rest[0]), rest[1:]
	}
	switch err := finite(flags); {
	case err != nil:
		return nil, Misused(stderr, flags.Name(), err), false
	case len(files) > 0:
		return files, OK, true
	case given > 0:
		return nil, Misused(stderr, flags.Name(), errors.New("no FILE is given")), false
	}
	io.WriteString(stderr, usage)
	return nil, Usage, false
}

// Misused says in one line what is wrong with a command's arguments and where
// to read about them. It returns the exit status.
func Misused(stderr io.Writer, name string, err error) int {
	fmt.Fprintf(stderr, "%s (sluice %s -help says more)\n", screen.Printable(err.Error()), name)
	return Usage
}

// wrongValue is how package flag words an error about a value.
var wrongValue = regexp.MustCompile(`(?s)^invalid (?:boolean )?value ("(?:[^"\\]|\\.)*") for (?:flag )?-(.*?): (.*)$`)

// explained says of a wrong flag what is wanted instead: a value of another
// form, or a flag with nearly that name.
func explained(flags *flag.FlagSet, err error) error {
	if m := wrongValue.FindStringSubmatch(err.Error()); m != nil {
		value, _ := strconv.Unquote(m[1])
		if m[3] == "value out of range" {
			return fmt.Errorf("-%s: %.64q is out of range", m[2], value)
		}
		return fmt.Errorf("-%s: %s, not %.64q", m[2], wanted(flags.Lookup(m[2]), m[3]), value)
	}
	const unknown = "flag provided but not defined: -"
	name, ok := strings.CutPrefix(err.Error(), unknown)
	if !ok {
		return err
	}
	var names []string
	flags.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	if near := Nearest(name, names); near != "" {
		return fmt.Errorf("no such flag: -%s; is it -%s?", name, near)
	}
	return fmt.Errorf("no such flag: -%s", name)
}

// wanted is what a flag's value must be; a flag of a form of its own says it
// itself.
func wanted(f *flag.Flag, reason string) string {
	if g, ok := f.Value.(flag.Getter); ok {
		switch g.Get().(type) {
		case time.Duration:
			return "want a time such as 2ms"
		case float64:
			return "want a number"
		case int:
			return "want a whole number"
		case bool:
			return "want true or false"
		}
	}
	return reason
}

// finite refuses NaN and infinity, which package flag takes for numbers.
func finite(flags *flag.FlagSet) (err error) {
	flags.Visit(func(f *flag.Flag) {
		if g, ok := f.Value.(flag.Getter); ok {
			if x, _ := g.Get().(float64); math.IsNaN(x) || math.IsInf(x, 0) {
				err = fmt.Errorf("-%s: want a number, not %v", f.Name, x)
			}
		}
	})
	return err
}

// Nearest returns the name that a misspelt word may mean, "" if none is near.
func Nearest(word string, names []string) string {
	best, least := "", min(len(word)/2, 3)+1
	for _, name := range names {
		if d := distance(word, name); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance is how many letters must be added, dropped, changed or swapped with
// the next one to turn a into b.
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
