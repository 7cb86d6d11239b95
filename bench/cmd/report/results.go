package main

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// This file reads results, as `go test -bench` writes them and as benchstat reads them.

// results are figures by operation, shape and contender, in the order in which they were measured.
type results struct {
	operations []*operation
	config     map[string]string // of the last file that says it: "cpu", "command", …
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

// readResults reads what is named Benchmark<Operation>/<shape>/<contender>.
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
				return nil, fmt.Errorf("Benchmark%s is not named Operation/shape/contender", rec.Name)
			}
			shape := strings.TrimPrefix(string(parts[0]), "/")
			contender := strings.TrimPrefix(string(parts[1]), "/")
			s := res.operation(string(base)).shape(shape)
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

func (r *results) operation(name string) *operation {
	for _, op := range r.operations {
		if op.name == name {
			return op
		}
	}
	op := &operation{name: name}
	r.operations = append(r.operations, op)
	return op
}

func (op *operation) shape(name string) *shapeResult {
	for _, s := range op.shapes {
		if s.name == name {
			return s
		}
	}
	s := &shapeResult{name: name, samples: map[string]map[string][]float64{}}
	op.shapes = append(op.shapes, s)
	return s
}

func (s *shapeResult) add(contender, unit string, value float64) {
	if s.samples[contender] == nil {
		s.samples[contender] = map[string][]float64{}
		s.contenders = append(s.contenders, contender)
	}
	s.samples[contender][unit] = append(s.samples[contender][unit], value)
}

// median returns the median of what was measured, and whether there is anything.
func (s *shapeResult) median(contender, unit string) (float64, bool) {
	samples := slices.Sorted(slices.Values(s.samples[contender][unit]))
	n := len(samples)
	if n == 0 {
		return 0, false
	}
	return (samples[(n-1)/2] + samples[n/2]) / 2, true
}

// beyond returns how much more it is than the transport's.
func (s *shapeResult) beyond(contender, unit string) (float64, bool) {
	all, found := s.median(contender, unit)
	alone, both := s.median("transport", unit)
	return all - alone, found && both
}

// find returns the median of one figure.
func (r *results) find(operation, shape, contender, unit string) (float64, bool) {
	return r.operation(operation).shape(shape).median(contender, unit)
}

// contenders are all of an operation, in the order in which they were measured.
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

// unit is what an operation's time is told in: that of its parts, "ns/record" or the like, where it has such parts.
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
