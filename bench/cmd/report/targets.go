package main

import (
	"fmt"
	"strings"
)

// This file holds what the decoder is meant to reach.

// target is a bound on a ratio of two figures, or on a figure.
type target struct {
	what, where string
	least       bool // the bound is the least, not the most
	bound       float64
	unit        string
	value       float64
	against     string // who the other figure is of, where that is not said in what
	missing     bool
}

func (t target) goal() string {
	if t.least {
		return "≥ " + t.number(t.bound)
	}
	return "≤ " + t.number(t.bound)
}

func (t target) measured() string {
	if t.missing {
		return "not measured"
	}
	s := t.number(t.value)
	if t.against != "" {
		s += " (" + t.against + ")"
	}
	return s
}

func (t target) number(v float64) string {
	if t.unit == "×" {
		return fmt.Sprintf("%.3g×", v)
	}
	return strings.TrimSpace(fmt.Sprintf("%.3g %s", v, t.unit))
}

func (t target) verdict() string {
	switch {
	case t.missing:
		return ""
	case t.least && t.value >= t.bound || !t.least && t.value <= t.bound:
		return "reached"
	}
	return "**not reached**"
}

// fillers are the contenders that fill a struct, as the usual function in Go has it filled.
var fillers = []string{"go-json-experiment", "sonic", "segmentio", "goccy", "jsoniter", "easyjson"}

func targets(res *results) []target {
	var all []target
	all = append(all, decodeTargets(res)...)
	all = append(all, scaleTargets(res)...)
	return append(all, invocationTargets(res)...)
}

// decodeTargets are those against peers and floor, shape by shape.
func decodeTargets(res *results) []target {
	var all []target
	add := func(what, shape string, least bool, bound, value float64, against string, found bool) {
		all = append(all, target{
			what: what, where: shape, least: least, bound: bound, unit: "×", value: value, against: against, missing: !found,
		})
	}
	times := func(shape, contender string) (float64, bool) {
		own, found := res.find("Decode", shape, ours, "ns/record")
		other, both := res.find("Decode", shape, contender, "ns/record")
		return other / own, found && both
	}
	for _, c := range []struct {
		shape string
		least float64
	}{
		{"1x256B", 40}, {"100x60B", 60}, {"100x256B", 60}, {"1000x1KiB", 60}, {"7500x200B", 60}, {"10000x60B", 60},
		{"1000x256B-odd", 60},
	} {
		value, found := times(c.shape, "encoding-json")
		add("encoding/json takes", c.shape, true, c.least, value, "", found)
	}
	for _, c := range []struct {
		shape string
		least float64
	}{
		{"1x256B", 10}, {"100x60B", 10}, {"100x256B", 10}, {"7500x200B", 10}, {"10000x60B", 10}, {"1000x256B-odd", 10}, {"1000x1KiB", 8},
		{"40x100KiB", 2.5}, {"1x1MiB", 2.5}, {"1x4MiB", 2.5},
	} {
		fastest, least := "", 0.0
		for _, peer := range fillers {
			if value, found := times(c.shape, peer); found && (fastest == "" || value < least) {
				fastest, least = peer, value
			}
		}
		add("the fastest other that fills a struct takes", c.shape, true, c.least, least, fastest, fastest != "")
	}
	for _, c := range []struct {
		shape string
		most  float64
	}{
		{"1x256B", 1.5}, {"100x256B", 1.5}, {"7500x200B", 1.5}, {"1000x1KiB", 1.2},
		{"40x100KiB", 1}, {"1x1MiB", 1}, {"1x4MiB", 1},
	} {
		value, found := times(c.shape, "floor")
		add("of the floor's time", c.shape, false, c.most, 1/value, "", found)
	}
	return all
}

// scaleTargets are those of the decoder against itself.
func scaleTargets(res *results) []target {
	large, found := res.find("Decode", "10000x60B", ours, "ns/record")
	small, both := res.find("Decode", "100x60B", ours, "ns/record")
	all := []target{{
		what: "time a record, of that at 100x60B", where: "10000x60B", bound: 1.3, unit: "×", value: large / small, missing: !found || !both,
	}}
	for _, s := range res.operation("Unlike").shapes {
		with, found := s.median(ours, "ns/record")
		without, both := s.median("sluice-general", "ns/record")
		all = append(all, target{
			what: "every record of another shape, of the general lane alone", where: s.name, bound: 1.1, unit: "×",
			value: with / without, missing: !found || !both,
		})
	}
	for _, s := range res.operation("Hostile").shapes {
		large, found := s.median("6144KiB", "ns/byte")
		small, both := s.median("1536KiB", "ns/byte")
		all = append(all, target{
			what: "hostile input: time a byte at 6 MiB, of that at a quarter", where: s.name, bound: 1.5, unit: "×",
			value: large / small, missing: !found || !both,
		})
	}
	for _, contender := range []string{ours, "sluice-batch"} {
		for _, s := range res.operation("Decode").shapes {
			value, found := s.median(contender, "allocs/op")
			all = append(all, target{
				what: "allocations an event, " + contender, where: s.name, value: value, missing: !found,
			})
		}
	}
	return all
}

// invocationTargets are those of whole functions, beyond what the transport takes alone.
func invocationTargets(res *results) []target {
	const shape = "7500x200B"
	invocation := res.operation("Invocation").shape(shape)
	ownTime, a := invocation.beyond(ours, "ns/op")
	time, b := invocation.beyond("events", "ns/op")
	ownPeak, c := invocation.beyond(ours, "peak-B")
	peak, d := invocation.beyond("events", "peak-B")
	one, e := res.find("Concurrent", shape, "one", "ns/invocation")
	two, f := res.find("Concurrent", shape, "two", "ns/invocation")
	return []target{
		{what: "an invocation with events.KinesisEvent takes, beyond the transport", where: shape, least: true, bound: 8, unit: "×",
			value: time / ownTime, missing: !(a && b)},
		{what: "peak memory beyond the transport's, of that with events.KinesisEvent", where: shape, bound: 0.3, unit: "×",
			value: ownPeak / peak, missing: !(c && d)},
		{what: "two invocations at once on two processors, of one", where: shape, least: true, bound: 1.8, unit: "×",
			value: one / two, missing: !(e && f)},
	}
}
