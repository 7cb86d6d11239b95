package main

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// The tables: ratios for the terminal, and Markdown for readers of the
// repository.

// ours is the contender that the others are compared to.
const ours = "sluice"

// ratios returns tables for the terminal: our time, and how many times as long
// the others take.
func ratios(res *results) string {
	var out strings.Builder
	for _, op := range res.operations {
		fmt.Fprintf(&out, "\n%s: %s\n\n", op.name, op.legend())
		w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
		for _, row := range op.table(func(value, times float64) string {
			if times == 0 {
				return digits(value)
			}
			return ratio(times)
		}) {
			fmt.Fprintln(w, strings.Join(row, "\t")+"\t")
		}
		w.Flush() // to memory
	}
	return out.String()
}

// legend explains the figures in an operation's table.
func (op *operation) legend() string {
	if slices.Contains(op.contenders(), ours) {
		return op.unit() + "; with ×, how many times what " + ours + " takes"
	}
	return op.unit()
}

// table returns a row for each contender and a column for each shape. cell gets
// a figure and how many times ours it is, 0 for our own.
func (op *operation) table(cell func(value, times float64) string) [][]string {
	return op.rows("", op.unit(), func(s *shapeResult, contender string, value float64) string {
		if contender == ours {
			return cell(value, 0)
		}
		times, _ := quotient(s.of(contender, op.unit()), s.of(ours, op.unit()))
		return cell(value, times)
	})
}

func (op *operation) rows(corner, unit string, cell func(*shapeResult, string, float64) string) [][]string {
	head := []string{corner}
	for _, s := range op.shapes {
		head = append(head, s.name)
	}
	rows := [][]string{head}
	for _, c := range op.contenders() {
		row := []string{c}
		for _, s := range op.shapes {
			text := ""
			if value, found := s.median(c, unit); found {
				text = cell(s, c, value)
			}
			row = append(row, text)
		}
		rows = append(rows, row)
	}
	return rows
}

// targetTable returns which targets are reached.
func targetTable(res *results) string {
	var out strings.Builder
	out.WriteString("\nTargets\n\n")
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, t := range targets(res) {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", t.what, t.where, t.goal(), t.measured(), t.verdict())
	}
	w.Flush() // to memory
	return out.String()
}

const picture = `<picture>
  <source media="(prefers-color-scheme: dark)" srcset="decode-dark.svg">
  <img src="decode-light.svg" ` +
	`alt="Time to read a record, by decoder and kind of event; the tables below have the figures.">
</picture>

`

// writeTables writes the README of the directory with the results.
func writeTables(path string, res *results) error {
	var out strings.Builder
	out.WriteString("# Results\n\n" +
		"Made by `make bench-report`; not to be edited. Beside this page are the raw results, for benchstat.\n" +
		"All is of one run on one machine: ratios carry over to other machines, times do not. Figures are medians " +
		"over\nthe rounds of the run, and ratios are medians of the ratios of figures of one round.\n\n")
	out.WriteString(picture)
	for _, key := range []string{"cpu", "cpus", "memory", "go", "goos", "goarch"} {
		if value := res.config[key]; value != "" {
			fmt.Fprintf(&out, "- %s: %s\n", key, value)
		}
	}
	for _, command := range res.commands {
		fmt.Fprintf(&out, "- `%s`\n", command)
	}
	out.WriteString("\n## Targets\n\n")
	rows := [][]string{{"", "where", "target", "measured", ""}}
	for _, t := range targets(res) {
		verdict := t.verdict()
		if verdict == notReached {
			verdict = "**" + verdict + "**"
		}
		rows = append(rows, []string{t.what, t.where, t.goal(), t.measured(), verdict})
	}
	out.WriteString(markdownTable(rows, strings.Repeat("|---", len(rows[0]))+"|"))
	for _, op := range res.operations {
		fmt.Fprintf(&out, "\n## %s\n\n%s.\n\n", op.name, op.legend())
		out.WriteString(markdown(op.table(func(value, times float64) string {
			if times == 0 {
				return "**" + digits(value) + "**"
			}
			return digits(value) + " (" + ratio(times) + ")"
		})))
		out.WriteString(op.others())
	}
	return os.WriteFile(path, []byte(out.String()), 0o644)
}

// others returns a table for each unit, other than those of time and
// throughput, that the operation has figures in.
func (op *operation) others() string {
	var units []string
	for _, s := range op.shapes {
		for _, c := range s.contenders {
			for unit := range s.samples[c] {
				if unit != op.unit() && unit != "ns/op" && unit != "MB/s" && !slices.Contains(units, unit) {
					units = append(units, unit)
				}
			}
		}
	}
	slices.Sort(units)
	var out strings.Builder
	for _, unit := range units {
		rows := op.rows(unit, unit, func(_ *shapeResult, _ string, value float64) string { return digits(value) })
		out.WriteString("\n" + markdown(rows))
	}
	return out.String()
}

// markdown returns a table whose columns, except the first, are right-aligned.
func markdown(rows [][]string) string {
	return markdownTable(rows, "|---|"+strings.Repeat("---:|", len(rows[0])-1))
}

func markdownTable(rows [][]string, rule string) string {
	var out strings.Builder
	for i, row := range rows {
		out.WriteString("| " + strings.Join(row, " | ") + " |\n")
		if i == 0 {
			out.WriteString(rule + "\n")
		}
	}
	return out.String()
}

// digits writes a figure to three digits, or to the unit if it is larger, with
// separators.
func digits(v float64) string {
	precision := 0
	switch {
	case v == 0:
	case math.Abs(v) < 10:
		precision = 2
	case math.Abs(v) < 100:
		precision = 1
	}
	s := strconv.FormatFloat(v, 'f', precision, 64)
	whole, fraction, _ := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	return whole
}

func ratio(v float64) string { return digits(v) + "×" }
