package routertest

import (
	"sync"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/sluice/decoder"
)

// This file is the clock of a Mapping: what happens next, and when.

// simulation is one run of a mapping. Its own goroutine alone changes it;
// invocations have goroutines of their own.
type simulation struct {
	Mapping
	handler   lambda.Handler
	log       *Log
	lanes     []*lane
	processes []*process // that are not gone
	running   []*running // in the order in which they began
	at        time.Time  // the time, without Synctest
	ended     chan struct{}
	over      chan struct{} // closed at the end of the run

	goroutines sync.WaitGroup // one for each invocation

	templates map[*decoder.Source]*template
}

// record is one record on its way through the mapping.
type record struct {
	decoder.Record
	visible    time.Time // when the mapping reads it from the shard
	size       int       // of its JSON
	fate       Fate
	deliveries int
}

func newSimulation(m Mapping, h lambda.Handler, records []decoder.Record) *simulation {
	s := &simulation{
		Mapping: m, handler: h, log: new(Log), ended: make(chan struct{}, 1), over: make(chan struct{}),
		templates: make(map[*decoder.Source]*template),
	}
	sources := make(map[decoder.Source]*decoder.Source)
	given := make(map[*decoder.Source]*decoder.Source)
	var scratch []byte
	for i, rec := range records {
		src := given[rec.Source]
		if src == nil {
			src = completeSource(rec.Source)
			if known := sources[*src]; known != nil {
				src = known
			}
			sources[*src], given[rec.Source] = src, src
		}
		rec.Source = src
		r := &record{Record: completeFrom(rec, i)}
		if i == 0 || r.ApproximateArrivalTimestamp.Before(s.log.start) {
			s.log.start = r.ApproximateArrivalTimestamp
		}
		scratch = s.template(r.Source).append(scratch[:0], &r.Record)
		if r.size = len(scratch) + 1; r.size+eventOverhead > maxEvent {
			panic("routertest: a record does not fit into an event of 6 MB")
		}
		s.log.records = append(s.log.records, r)
	}
	s.at = s.log.start
	s.deal()
	return s
}

// template is how records of that source are written.
func (s *simulation) template(src *decoder.Source) *template {
	t := s.templates[src]
	if t == nil {
		t = new(templateOf(src, s.Pipe))
		s.templates[src] = t
	}
	return t
}

// deal gives the records to their lanes.
func (s *simulation) deal() {
	shards := make(map[string][]*lane)
	for _, rec := range s.log.records {
		lanes := shards[rec.ShardID]
		if lanes == nil {
			for n := range s.ParallelizationFactor {
				lanes = append(lanes, &lane{shardID: rec.ShardID, number: n, source: rec.Source})
			}
			shards[rec.ShardID] = lanes
			s.lanes = append(s.lanes, lanes...)
		}
		l := lanes[laneOf(rec.PartitionKey, len(lanes))]
		rec.visible = s.visible(rec.ApproximateArrivalTimestamp)
		if n := len(l.queue); n > 0 && l.queue[n-1].visible.After(rec.visible) {
			rec.visible = l.queue[n-1].visible
		}
		l.queue = append(l.queue, rec)
	}
}

// visible is when a record that arrives at t is read from its shard.
func (s *simulation) visible(t time.Time) time.Time {
	return s.log.start.Add((t.Sub(s.log.start)/pollInterval + 1) * pollInterval)
}

func (s *simulation) now() time.Time {
	if s.Synctest {
		return time.Now()
	}
	return s.at
}

func (s *simulation) sleepUntil(t time.Time) {
	if s.Synctest {
		time.Sleep(time.Until(t))
		return
	}
	s.at = t
}

// run is the simulation's loop: begin what can begin, then wait for an end or
// for the next thing to happen.
func (s *simulation) run() {
	defer func() {
		for _, p := range s.processes {
			p.cancel(ErrProcessGone)
		}
		close(s.over)
		if s.Synctest {
			s.goroutines.Wait()
		}
	}()
	for {
		now := s.now()
		var next time.Time
		for _, l := range s.lanes {
			if b := s.next(l, now); b != nil {
				s.begin(l, b)
			} else if at := s.wake(l); !at.IsZero() && (next.IsZero() || at.Before(next)) {
				if next = at; !next.After(now) {
					panic("routertest: a batch is due but was not delivered")
				}
			}
		}
		switch {
		case len(s.running) > 0 && s.Synctest:
			s.wait(next)
			s.collect()
		case len(s.running) > 0:
			s.join()
			s.collect()
		case next.IsZero():
			return
		default:
			s.sleepUntil(next)
		}
	}
}

// wait returns, in a bubble, when an invocation has ended or is out of time, at
// next at the latest, and then only once everybody else waits as well: so the
// order in which goroutines run does not show.
func (s *simulation) wait(next time.Time) {
	for _, r := range s.running {
		if next.IsZero() || r.deadline.Before(next) {
			next = r.deadline
		}
	}
	timer := time.NewTimer(time.Until(next))
	select {
	case <-s.ended:
	case <-timer.C:
	}
	timer.Stop()
	synctest.Wait()
}

// join waits, on the real clock, for all invocations to end.
func (s *simulation) join() {
	for _, r := range s.running {
		select {
		case <-r.returned:
		case <-r.process.ctx.Done():
		case <-r.ctx.Done():
			// A return, which also ends the context, counts if it was first.
		}
	}
}

// collect settles the invocations that have ended.
func (s *simulation) collect() {
	now := s.now()
	still := s.running[:0]
	var ended []*running
	for _, r := range s.running {
		if r.hasEnded(now, s.Synctest) {
			ended = append(ended, r)
		} else {
			still = append(still, r)
		}
	}
	clear(s.running[len(still):])
	s.running = still
	for _, r := range ended {
		s.end(r, now)
	}
	alive := s.processes[:0]
	for _, p := range s.processes {
		if p.ctx.Err() == nil {
			alive = append(alive, p)
		}
	}
	s.processes = alive
}
