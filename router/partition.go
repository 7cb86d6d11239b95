package router

import (
	"container/heap"
	"context"
	"sync"

	"example.com/sluice/decoder"
)

// Partition gets the records of one partition key in order, in slices of at most [WithBatchSize] records; a key's next
// slice only once the one before it is done. Keys are worked on side by side, by as many goroutines as [WithWorkers]
// says, those with the lowest positions first. A bad record stands in its key's order like the others. Key and records are
// valid until Partition returns.
type Partition func(ctx context.Context, key []byte, recs []decoder.Record) error

func (h Partition) isNil() bool { return h == nil }

func (h Partition) run(ctx context.Context, i *invocation) error {
	return i.partition(ctx, func(key []byte, recs []decoder.Record) int {
		return i.slice(recs, func(from, to int) error {
			part := recs[from:to:to]
			return i.call(ctx, part, func(ctx context.Context) error { return h(ctx, key, part) })
		})
	})
}

// partition groups the event's records by their key and works on the groups side by side. call returns how many records of
// its slice are done.
func (i *invocation) partition(ctx context.Context, call func(key []byte, recs []decoder.Record) int) error {
	return i.batch(func(b *decoder.Batch) error {
		g := groupings.Get().(*grouping)
		defer g.release()
		g.byKey(b)
		p := &parallel{i: i, call: call, ready: g.order}
		p.run(ctx, min(i.workers, len(g.groups)))
		for n := range g.groups {
			if left := &g.groups[n]; !left.empty() {
				i.stop(left.first())
			}
		}
		return nil
	})
}

// parallel is the work on groups by several goroutines. A group belongs to one of them from when it is taken from
// ready until it is put back. What a group still holds at the end is not done.
type parallel struct {
	i    *invocation
	call func(key []byte, recs []decoder.Record) int

	mu    sync.Mutex
	ready byPosition // a heap, the group with the lowest next record first
}

func (p *parallel) run(ctx context.Context, workers int) {
	heap.Init(&p.ready)
	if workers < 2 {
		p.work(ctx)
		return
	}
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() { p.work(ctx) })
	}
	wg.Wait()
}

// work takes the group with the lowest next record, does one step of it, and puts it back, until none is left.
func (p *parallel) work(ctx context.Context) {
	for {
		p.mu.Lock()
		if len(p.ready) == 0 {
			p.mu.Unlock()
			return
		}
		g := heap.Pop(&p.ready).(*group)
		p.mu.Unlock()
		if p.i.mayStart(g.first()) && p.step(ctx, g) && !g.empty() {
			p.mu.Lock()
			heap.Push(&p.ready, g)
			p.mu.Unlock()
		}
	}
}

// step works on one slice, or one bad record, of a group, takes from the group what is done, and reports whether that was
// all. Where a handler ends the goroutine it does not return, and the group keeps what it had.
func (p *parallel) step(ctx context.Context, g *group) bool {
	rest := g.items
	good, bad, flaw := rest.next(p.i.batchSize)
	if bad != nil {
		if !p.i.bad(ctx, bad, flaw) {
			return false
		}
		g.items = rest
		return true
	}
	done := p.call(g.key, good)
	g.good = g.good[done:]
	return done == len(good)
}

// byPosition is a heap of groups, the one with the lowest first record on top.
type byPosition []*group

func (h byPosition) Len() int           { return len(h) }
func (h byPosition) Less(a, b int) bool { return positionOf(h[a].first()) < positionOf(h[b].first()) }
func (h byPosition) Swap(a, b int)      { h[a], h[b] = h[b], h[a] }
func (h *byPosition) Push(g any)        { *h = append(*h, g.(*group)) }
func (h *byPosition) Pop() any {
	old := *h
	g := old[len(old)-1]
	*h = old[:len(old)-1]
	return g
}
