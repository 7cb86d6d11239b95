package routertest

import (
	"fmt"
	"sync"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/sluice/decoder"
)

// The loop of a Mapping: what happens next.

// simulation is one run of a mapping. Only the goroutine of run changes it;
// invocations have goroutines of their own and tell it through signal.
type simulation struct {
	Mapping
	handler   lambda.Handler
	log       *Log
	lanes     []*shardLane
	processes []*process    // still alive
	running   []*running    // in the order in which they began
	at        time.Time     // simulated time, without Synctest
	ended     chan struct{} // holds a signal when an invocation has ended
	over      chan struct{} // closed at the end of the run

	goroutines sync.WaitGroup // one for each invocation

	templates map[*decoder.Source]*template
}

// record is a record on its way through the mapping.
type record struct {
	decoder.Record
	visible    time.Time // when it is read from the shard
	size       int       // in bytes of JSON
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
	last := make(map[string]*record) // of each shard
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
		if !m.AnySequenceNumbers { //mutant:sequence-numbers-of-any-kind
			r.mustFollow(last[src.ShardID])
			last[src.ShardID] = r
		}
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

// mustFollow panics if the record cannot come after another of its shard.
func (r *record) mustFollow(other *record) {
	if other != nil && decoder.CompareSequenceNumbers(other.SequenceNumber, r.SequenceNumber) >= 0 {
		panic(fmt.Sprintf("routertest: the sequence numbers of %.64s do not rise: record %d has %.64s, record %d has "+
			"%.64s; give each record a number of its own, or set AnySequenceNumbers", r.ShardID,
			other.Index, other.SequenceNumber, r.Index, r.SequenceNumber))
	}
}

// deal distributes the records among the shard lanes.
func (s *simulation) deal() {
	shards := make(map[string][]*shardLane)
	for _, rec := range s.log.records {
		lanes := shards[rec.ShardID]
		if lanes == nil {
			for n := range s.ParallelizationFactor {
				lanes = append(lanes, &shardLane{shardID: rec.ShardID, number: n, source: rec.Source})
			}
			shards[rec.ShardID] = lanes
			s.lanes = append(s.lanes, lanes...)
		}
		l := lanes[shardLaneOf(rec.PartitionKey, len(lanes))]
		rec.visible = s.visible(rec.ApproximateArrivalTimestamp)
		if n := len(l.queue); n > 0 && l.queue[n-1].visible.After(rec.visible) {
			rec.visible = l.queue[n-1].visible
		}
		l.queue = append(l.queue, rec)
	}
}

// run begins every invocation that can begin, then waits until one ends or
// another can begin, until nothing is left.
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

// wait waits, in a synctest bubble, until an invocation has ended or has run
// out of time, or until next unless that is zero. It returns only once all
// other goroutines are blocked, so the order in which they were scheduled has
// no effect.
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

// join waits, in real time, for all invocations to end.
func (s *simulation) join() {
	for _, r := range s.running {
		select {
		case <-r.returned:
		case <-r.process.ctx.Done():
		case <-r.ctx.Done():
			// A return ends the context as well. It counts if it was first.
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
