package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// The summary in the README of the repository, between two marks.

const (
	summaryBegin = "<!-- begin of what make bench-report writes -->\n"
	summaryEnd   = "<!-- end of what make bench-report writes -->\n"
)

// events are the shapes and their names in the summary.
var events = []struct{ shape, title string }{
	{"1x256B", "1 × 256 B"},
	{"100x60B", "100 × 60 B"},
	{"100x256B", "100 × 256 B"},
	{"1000x1KiB", "1000 × 1 KiB"},
	{"7500x200B", "7500 × 200 B"},
	{"10000x60B", "10000 × 60 B"},
	{"40x100KiB", "40 × 100 KiB"},
	{"1x1MiB", "1 × 1 MiB"},
	{"1x4MiB", "1 × 4 MiB"},
	{"1000x256B-odd", "1000 × 256 B, 5 % odd"},
}

// writeSummary puts the summary into the page, if the page exists and has the
// marks.
func writeSummary(path string, res *results) error {
	page, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(page), summaryBegin)
	_, after, ends := strings.Cut(rest, summaryEnd)
	if !found || !ends {
		return nil
	}
	return os.WriteFile(path, []byte(before+summaryBegin+summary(res)+summaryEnd+after), 0o644)
}

func summary(res *results) string {
	rows := [][]string{{
		"records of an event", "a record takes", "encoding/json", "fastest other that fills a struct",
		"fastjson, field by field",
		"a copy and base64 alone",
	}}
	for _, e := range events {
		s := res.operation("Decode").shape(e.shape)
		own, found := s.median(ours, "ns/record")
		if !found {
			continue
		}
		times := func(contender string) string {
			value, _ := quotient(s.of(contender, "ns/record"), s.of(ours, "ns/record"))
			return ratio(value)
		}
		other, value := fastest(s)
		rows = append(rows, []string{
			e.title, timeOf(own), times("encoding-json"), ratio(value) + " (" + other + ")", times("fastjson"),
			times("floor"),
		})
	}
	out := markdown(rows)
	inv := res.operation("Invocation").shape("7500x200B")
	own, found := inv.median(ours, "beyond-ns")
	other, _ := inv.median("events", "beyond-ns")
	ownPeak, _ := median(inv.beyond(ours, "peak-B"))
	peak, _ := median(inv.beyond("events", "peak-B"))
	if found {
		out += fmt.Sprintf("\nA whole invocation of 7500 × 200 B takes %s with sluice and %s with "+
			"`func(ctx, events.KinesisEvent)`, and has the process "+
			"take up %.2g MB and %.2g MB of memory, beyond what a function takes that only fetches the event.\n",
			timeOf(own), timeOf(other), ownPeak/1e6, peak/1e6)
	}
	return out + fmt.Sprintf("\nMeasured on one processor (%s, %s); × is how many times what sluice takes.\n",
		res.config["cpu"], res.config["go"])
}

// fastest returns the fastest of the others that fill a struct, and how many
// times as long as ours it takes.
func fastest(s *shapeResult) (name string, times float64) {
	for _, peer := range fillers {
		value, found := quotient(s.of(peer, "ns/record"), s.of(ours, "ns/record"))
		if found && (name == "" || value < times) {
			name, times = peer, value
		}
	}
	return name, times
}
