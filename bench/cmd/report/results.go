package main

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// Results, read as `go test -bench` writes them and benchstat reads them.

// results are figures by operation, shape and contender, in the order of their
// measurement.
type results struct {
	operations []*operation
	config     map[string]string // "cpu", "command" and so on, of the last file that has them
	commands   []string
}

type operation struct {
	name   string
	shapes []*shapeResult
}

type shapeResult struct {
	name       string
	contenders []string
	samples    map[string]map[string][]float64 // by contender and unit
}

// readResults reads benchmarks named Benchmark<Operation>/<shape>/<contender>.
func readResults(files []string) (*results, error) {
	res := &results{config: map[string]string{}}
	in := &benchfmt.Files{Paths: files}
	for in.Scan() {
		switch rec := in.Result().(type) {
		case *benchfmt.SyntaxError:
			return nil, rec
		case *benchfmt.Result:
			base, parts := rec.Name.Parts()
			if len(parts) < 2 {
				return nil, fmt.Errorf("not named Operation/shape/contender: Benchmark%s", rec.Name)
			}
			shape := strings.TrimPrefix(string(parts[0]), "/")
			contender := strings.TrimPrefix(string(parts[1]), "/")
			s := res.place(string(base), shape)
			for _, v := range rec.Values {
				if v.OrigUnit != "" {
					v.Value, v.Unit = v.OrigValue, v.OrigUnit
				}
				s.add(contender, v.Unit, v.Value)
			}
			for _, c := range rec.Config {
				res.config[c.Key] = string(c.Value)
			}
			if command := rec.GetConfig("command"); !slices.Contains(res.commands, command) {
				res.commands = append(res.commands, command)
			}
		}
	}
	return res, in.Err()
}

// operation returns the operation of this name, without figures if there is
// none.
func (r *results) operation(name string) *operation {
	for _, op := range r.operations {
		if op.name == name {
			return op
		}
	}
	return &operation{name: name}
}

// shape returns the shape of this name, without figures if there is none.
func (op *operation) shape(name string) *shapeResult {
	for _, s := range op.shapes {
		if s.name == name {
			return s
		}
	}
	return &shapeResult{name: name, samples: map[string]map[string][]float64{}}
}

// place returns an operation's shape that is part of the results.
func (r *results) place(operation, shape string) *shapeResult {
	op := r.operation(operation)
	if !slices.Contains(r.operations, op) {
		r.operations = append(r.operations, op)
	}
	s := op.shape(shape)
	if !slices.Contains(op.shapes, s) {
		op.shapes = append(op.shapes, s)
	}
	return s
}

func (s *shapeResult) add(contender, unit string, value float64) {
	if s.samples[contender] == nil {
		s.samples[contender] = map[string][]float64{}
		s.contenders = append(s.contenders, contender)
	}
	s.samples[contender][unit] = append(s.samples[contender][unit], value)
}

// of returns the figures, one for each round.
func (s *shapeResult) of(contender, unit string) []float64 { return s.samples[contender][unit] }

// median returns the median of the figures, and false if there are none.
func (s *shapeResult) median(contender, unit string) (float64, bool) {
	return median(s.of(contender, unit))
}

// beyond returns by how much the figures exceed those of the transport.
func (s *shapeResult) beyond(contender, unit string) []float64 {
	return pairwise(s.of(contender, unit), s.of("transport", unit), func(a, b float64) float64 { return a - b })
}

// of returns the figures of one contender.
func (r *results) of(operation, shape, contender, unit string) []float64 {
	return r.operation(operation).shape(shape).of(contender, unit)
}

func median(samples []float64) (float64, bool) {
	samples = slices.Sorted(slices.Values(samples))
	n := len(samples)
	if n == 0 {
		return 0, false
	}
	return (samples[(n-1)/2] + samples[n/2]) / 2, true
}

// quotient returns the median of a/b over the rounds. Whatever slowed down the
// machine for a while slowed down both.
func quotient(a, b []float64) (float64, bool) {
	return median(pairwise(a, b, func(a, b float64) float64 { return a / b }))
}

func pairwise(a, b []float64, f func(a, b float64) float64) []float64 {
	var all []float64
	for i := range min(len(a), len(b)) {
		all = append(all, f(a[i], b[i]))
	}
	return all
}

// contenders returns an operation's contenders in the order of their
// measurement.
func (op *operation) contenders() []string {
	var all []string
	for _, s := range op.shapes {
		for _, c := range s.contenders {
			if !slices.Contains(all, c) {
				all = append(all, c)
			}
		}
	}
	return all
}

// unit returns the unit of an operation's times: that of its parts, such as
// "ns/record", if it has parts.
func (op *operation) unit() string {
	for _, s := range op.shapes {
		for _, c := range s.contenders {
			for unit := range s.samples[c] {
				if strings.HasPrefix(unit, "ns/") && unit != "ns/op" {
					return unit
				}
			}
		}
	}
	return "ns/op"
}
