// Package hotkeys finds the keys that carry the most weight in a stream, in
// memory that does not grow with the stream.
//
// It is the Space-Saving algorithm with weights. Metwally, Agrawal, El Abbadi:
// "Efficient Computation of Frequent and Top-k Elements in Data Streams", ICDT
// 2005, https://doi.org/10.1007/978-3-540-30570-5_27; for weights: Cormode,
// Hadjieleftheriou: "Methods for Finding Frequent Items in Data Streams", VLDB
// Journal 2010.
package hotkeys

import (
	"cmp"
	"math"
	"slices"
)

// Counter is what is known about a key: it weighs at most Count and at least
// Count-Error.
type Counter struct {
	Key          string
	Count, Error int64
}

// AtLeast is what the key weighs for certain.
func (c Counter) AtLeast() int64 { return c.Count - c.Error }

// Sketch holds a fixed number of counters. With k of them, and a weight of W in
// all,
//
//   - no Error exceeds W/k, and
//   - each key whose weight exceeds W/k has a counter.
//
// It is exact as long as there are at most k keys. Make one with [New]. It is
// not safe for concurrent use.
type Sketch struct {
	counters []Counter
	index    map[string]int32 // a key's place in counters
	heap     []int32          // places in counters, the smallest Count on top
	place    []int32          // each counter's place in heap
	total    int64
}

// New returns a Sketch of k counters; below 1 it is one.
func New(k int) *Sketch {
	k = max(k, 1)
	return &Sketch{
		counters: make([]Counter, 0, k),
		index:    make(map[string]int32, k),
		heap:     make([]int32, 0, k),
		place:    make([]int32, 0, k),
	}
}

// Add counts a key, which it does not keep. A weight below 1 does nothing.
func (s *Sketch) Add(key []byte, weight int64) {
	if weight < 1 {
		return
	}
	s.total += weight
	if id, ok := s.index[string(key)]; ok {
		s.counters[id].Count += weight
		s.down(int(s.place[id]))
		return
	}
	if id := len(s.counters); id < cap(s.counters) {
		s.counters = append(s.counters, Counter{Key: string(key), Count: weight})
		s.index[s.counters[id].Key] = int32(id)
		s.heap, s.place = append(s.heap, int32(id)), append(s.place, int32(id))
		s.up(id)
		return
	}
	// The new key takes over the smallest counter. All of that count may have
	// been another key's, so it is the error.
	id := s.heap[0]
	c := &s.counters[id]
	delete(s.index, c.Key)
	*c = Counter{Key: string(key), Count: c.Count + weight, Error: c.Count}
	s.index[c.Key] = id
	s.down(0)
}

// Total is the weight of all keys.
func (s *Sketch) Total() int64 { return s.total }

// HottestShare is the share of the total that the hottest key has for certain.
func (s *Sketch) HottestShare() float64 {
	most := int64(0)
	for _, c := range s.counters {
		most = max(most, c.AtLeast())
	}
	return Share(most, s.total)
}

// Share is a part of a whole, rounded to four digits; 0 where there is none.
func Share(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return math.Round(float64(part)/float64(whole)*1e4) / 1e4
}

// Top returns the n counters with the highest Count, highest first, then by
// key.
func (s *Sketch) Top(n int) []Counter {
	top := slices.Clone(s.counters)
	slices.SortFunc(top, func(a, b Counter) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Key, b.Key))
	})
	return top[:max(0, min(n, len(top)))]
}

// Reset forgets all keys and keeps the memory.
func (s *Sketch) Reset() {
	clear(s.counters)
	s.counters, s.heap, s.place = s.counters[:0], s.heap[:0], s.place[:0]
	clear(s.index)
	s.total = 0
}

func (s *Sketch) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if s.count(parent) <= s.count(i) {
			return
		}
		s.swap(i, parent)
		i = parent
	}
}

func (s *Sketch) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(s.heap); child++ {
			if s.count(child) < s.count(least) {
				least = child
			}
		}
		if least == i {
			return
		}
		s.swap(i, least)
		i = least
	}
}

// count is that of the counter at a place in the heap.
func (s *Sketch) count(i int) int64 { return s.counters[s.heap[i]].Count }

func (s *Sketch) swap(i, j int) {
	s.heap[i], s.heap[j] = s.heap[j], s.heap[i]
	s.place[s.heap[i]], s.place[s.heap[j]] = int32(i), int32(j)
}
