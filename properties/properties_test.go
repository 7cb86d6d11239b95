// Package properties runs handlers of all shapes behind a simulated event
// source mapping, in scenarios drawn at random, and holds the router to what
// must be so whatever happens. See README.md.
package properties

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-lambda-go/lambda"
	"pgregory.net/rapid"

	"example.com/sluice/router/routertest"
)

var scenarios = flag.Int("scenarios", 0, "scenarios that TestProperties runs, over all shapes; 0: a few seconds' worth")

func TestProperties(t *testing.T) {
	n := *scenarios
	switch {
	case n > 0:
	case testing.Short():
		n = 900
	default:
		n = 9000
	}
	if testing.Short() {
		n *= 5 // of which package rapid then takes a fifth
	}
	setFlag(t, "rapid.checks", strconv.Itoa((n+len(shapes)-1)/len(shapes)))
	setFlag(t, "rapid.nofailfile", "true")
	setFlag(t, "rapid.shrinktime", "3s")
	for _, shape := range shapes {
		t.Run(shape, func(t *testing.T) {
			t.Parallel()
			var sum figures
			rapid.Check(t, func(rt *rapid.T) {
				s := draw(rt, shape)
				w, log := s.run(t)
				sum.add(w, log)
				if len(w.broken) > 0 {
					rt.Fatalf("%s%s\n%v%v", brokenMark, w.broken[0], s, log)
				}
			})
			t.Log(sum)
		})
	}
}

// brokenMark begins what is said about a property that does not hold.
const brokenMark = "BROKEN: "

// setFlag sets a flag of package rapid, if the command line does not.
func setFlag(t *testing.T, name, value string) {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	if given {
		return
	}
	if err := flag.Set(name, value); err != nil {
		t.Fatal(err)
	}
}

// run runs the scenario, in simulated time.
func (s *scenario) run(t *testing.T) (w *world, log *routertest.Log) {
	w = newWorld(s)
	synctest.Test(t, func(*testing.T) {
		m := s.mapping
		m.ColdStart = func() lambda.Handler { return &watched{w, w.router()} }
		log = m.Run(nil, w.input)
		w.allCalls.Wait()
	})
	w.conclude(log)
	return w, log
}

// conclude looks at what has become of everything.
func (w *world) conclude(log *routertest.Log) {
	for i := range w.input {
		switch log.Fate(i) {
		case routertest.Done:
			for n := w.first[i]; n < w.end(i); n++ {
				if w.records[n].resolved == 0 {
					w.breaks("nothing is lost", "record %d is done for Lambda alone", n)
				}
			}
		case routertest.GivenUp:
			reported := slices.ContainsFunc(log.Discarded, func(d *routertest.Discarded) bool {
				return (d.Message != nil || w.mapping.Pipe) && d.Records[0].Index <= i &&
					i <= d.Records[len(d.Records)-1].Index
			})
			if !reported {
				w.breaks("nothing is lost", "record %d was given up without a report", i)
			}
		default:
			w.breaks("nothing is lost", "record %d is %v", i, log.Fate(i))
		}
	}
	w.concludeOrder()
	w.concludeRetries(log)
	for _, a := range w.answers {
		if string(a.answer) != a.text {
			w.breaks("an answer is final", "%s became %s", a.text, a.answer)
		}
	}
	for _, inv := range log.Invocations {
		if inv.Stray {
			w.breaks("the answer", "%s names no record of the event", inv.Response)
		}
		if inv.Outcome == routertest.TimedOut && w.margin() >= 0 {
			w.breaks("the guard", "an invocation has timed out in spite of a margin of %v", w.margin())
		}
	}
}

// concludeRetries wants no record to be delivered more often than the mapping
// allows.
func (w *world) concludeRetries(log *routertest.Log) {
	m := w.mapping
	if m.RetryCounting != routertest.CountEveryFailure || m.BisectBatchOnFunctionError || *m.MaximumRetryAttempts < 0 {
		return
	}
	for i := range w.input {
		if n := log.Deliveries(i); n > 1+*m.MaximumRetryAttempts {
			w.breaks("no more comes again than must", "record %d was delivered %d times", i, n)
		}
	}
}

// concludeOrder wants the records of each key to have been done, for the first
// time, in their order. Tumbling takes bad records first.
func (w *world) concludeOrder() {
	type lane struct{ shard, key int }
	last := map[lane]int{}
	for i, p := range w.scenario.records {
		n := w.records[i].resolved
		if n == 0 || p.bad && w.shape == "Tumbling" {
			continue
		}
		l := lane{p.shard, p.key}
		if n < last[l] {
			w.breaks("order", "record %d of key %d was done before one that came before it", i, p.key)
		}
		last[l] = n
	}
}

// figures are what has happened in all scenarios of a shape.
type figures struct {
	scenarios, invocations, records, failures, repetition, given, timeouts, crashes int
}

func (f *figures) add(w *world, log *routertest.Log) {
	f.scenarios++
	f.invocations += len(log.Invocations)
	f.records += len(w.records)
	f.failures += w.failures
	f.repetition += w.repetition
	for _, d := range log.Discarded {
		f.given += len(d.Records)
	}
	f.timeouts += log.Count(routertest.TimedOut)
	f.crashes += log.Count(routertest.Crashed)
}

func (f figures) String() string {
	return fmt.Sprintf("%d scenarios, %d records in %d invocations, %d timeouts, %d crashes; %d failures, %d "+
		"records handled again though done, %d given up",
		f.scenarios, f.records, f.invocations, f.timeouts, f.crashes, f.failures, f.repetition, f.given)
}
