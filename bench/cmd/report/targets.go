package main

import (
	"fmt"
	"strings"
)

// The targets that the decoder is to reach.

// target is a bound for a figure, or for the ratio of two.
type target struct {
	what, where string
	least       bool // the bound is a minimum, not a maximum
	bound       float64
	unit        string
	value       float64
	against     string // whose the other figure is, unless what says so
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
	return notReached
}

const notReached = "not reached"

// fillers are the contenders that fill a struct, as Go functions usually get
// it.
var fillers = []string{"go-json-experiment", "sonic", "segmentio", "goccy", "jsoniter", "easyjson"}

func targets(res *results) []target {
	var all []target
	all = append(all, decodeTargets(res)...)
	all = append(all, scaleTargets(res)...)
	return append(all, invocationTargets(res)...)
}

// decodeTargets compares the decoder with its peers and the floor, shape by
// shape.
func decodeTargets(res *results) []target {
	var all []target
	add := func(what, shape string, least bool, bound, value float64, against string, found bool) {
		all = append(all, target{
			what: what, where: shape, least: least, bound: bound, unit: "×", value: value, against: against,
			missing: !found,
		})
	}
	times := func(shape, contender string) (float64, bool) {
		return quotient(res.of("Decode", shape, contender, "ns/record"), res.of("Decode", shape, ours, "ns/record"))
	}
	for _, c := range []struct {
		shape string
		least float64
	}{
		{"1x256B", 40},
		{"100x60B", 60},
		{"100x256B", 60},
		{"1000x1KiB", 60},
		{"7500x200B", 60},
		{"10000x60B", 60},
		{"1000x256B-odd", 60},
	} {
		value, found := times(c.shape, "encoding-json")
		add("encoding/json takes", c.shape, true, c.least, value, "", found)
	}
	for _, c := range []struct {
		shape string
		least float64
	}{
		{"1x256B", 10},
		{"100x60B", 10},
		{"100x256B", 10},
		{"7500x200B", 10},
		{"10000x60B", 10},
		{"1000x256B-odd", 10},
		{"1000x1KiB", 8},
		{"40x100KiB", 2.5},
		{"1x1MiB", 2.5},
		{"1x4MiB", 2.5},
	} {
		peer, value := fastest(res.operation("Decode").shape(c.shape))
		add("the fastest other that fills a struct takes", c.shape, true, c.least, value, peer, peer != "")
	}
	for _, c := range []struct {
		shape string
		most  float64
	}{
		{"1x256B", 1.5},
		{"100x256B", 1.5},
		{"7500x200B", 1.5},
		{"1000x1KiB", 1.2},
		{"40x100KiB", 1},
		{"1x1MiB", 1},
		{"1x4MiB", 1},
	} {
		value, found := quotient(res.of("Decode", c.shape, ours, "ns/record"),
			res.of("Decode", c.shape, "floor", "ns/record"))
		add("of the floor's time", c.shape, false, c.most, value, "", found)
	}
	return all
}

// scaleTargets compares the decoder with itself.
func scaleTargets(res *results) []target {
	growth, found := quotient(res.of("Decode", "10000x60B", ours, "ns/record"),
		res.of("Decode", "100x60B", ours, "ns/record"))
	all := []target{{
		what: "time a record, of that at 100x60B", where: "10000x60B", bound: 1.3, unit: "×", value: growth,
		missing: !found,
	}}
	for _, s := range res.operation("Unlike").shapes {
		value, found := quotient(s.of(ours, "ns/record"), s.of("sluice-strict", "ns/record"))
		all = append(all, target{
			what: "every record of another template, of the strict reader alone", where: s.name, bound: 1.1, unit: "×",
			value: value, missing: !found,
		})
	}
	all = append(all, worst(res.operation("Hostile").shapes, func(s *shapeResult) (float64, bool) {
		return quotient(s.of("6144KiB", "ns/byte"), s.of("1536KiB", "ns/byte"))
	}, target{what: "hostile input: time a byte at 6 MiB, of that at a quarter", bound: 1.5, unit: "×"}))
	for _, contender := range []string{ours, "sluice-batch"} {
		all = append(all, worst(res.operation("Decode").shapes, func(s *shapeResult) (float64, bool) {
			return s.median(contender, "allocs/op")
		}, target{what: "allocations an event, " + contender}))
	}
	return all
}

// worst returns the target for the shape that is furthest from reaching it; its
// bound is a maximum.
func worst(shapes []*shapeResult, value func(*shapeResult) (float64, bool), t target) target {
	t.where, t.missing = "the worst shape", true
	for _, s := range shapes {
		v, found := value(s)
		if found && (t.missing || v > t.value) {
			t.value, t.against, t.missing = v, s.name, false
		}
	}
	return t
}

// invocationTargets is about whole functions, beyond what the transport takes
// by itself.
func invocationTargets(res *results) []target {
	const shape = "7500x200B"
	invocation := res.operation("Invocation").shape(shape)
	time, a := quotient(invocation.of("events", "beyond-ns"), invocation.of(ours, "beyond-ns"))
	peak, b := quotient(invocation.beyond(ours, "peak-B"), invocation.beyond("events", "peak-B"))
	atOnce, c := quotient(res.of("Concurrent", shape, "one", "ns/invocation"),
		res.of("Concurrent", shape, "two", "ns/invocation"))
	return []target{
		{
			what: "an invocation with events.KinesisEvent takes, beyond the transport", where: shape, least: true,
			bound: 8, unit: "×",
			value: time, missing: !a,
		},
		{
			what: "peak memory beyond the transport's, of that with events.KinesisEvent", where: shape, bound: 0.3,
			unit:  "×",
			value: peak, missing: !b,
		},
		{
			what: "two invocations at once on two processors, of one", where: shape, least: true, bound: 1.8, unit: "×",
			value: atOnce, missing: !c,
		},
	}
}
