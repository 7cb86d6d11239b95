package hotkeys

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
)

// stream makes keys and weights.
type stream struct {
	name   string
	key    func(*rand.Rand) int
	weight func(*rand.Rand) int64
}

func streams() []stream {
	one := func(*rand.Rand) int64 { return 1 }
	return []stream{
		{"uniform", func(r *rand.Rand) int { return r.IntN(2000) }, one},
		{"few keys", func(r *rand.Rand) int { return r.IntN(8) }, one},
		{"skewed", func(r *rand.Rand) int { return int(r.ExpFloat64() * r.ExpFloat64() * 40) }, one},
		{"one hot key", func(r *rand.Rand) int {
			if r.IntN(3) == 0 {
				return -1
			}
			return r.IntN(1 << 30)
		}, one},
		{
			"weights", func(r *rand.Rand) int { return int(r.ExpFloat64() * 100) },
			func(r *rand.Rand) int64 { return r.Int64N(1 << 20) },
		},
		{
			"rare and heavy", func(r *rand.Rand) int { return r.IntN(500) },
			func(r *rand.Rand) int64 { return 1 << r.IntN(30) },
		},
	}
}

// Sketch's promises hold after every key of every stream, for sketches of all
// sizes.
func TestErrorBound(t *testing.T) {
	for _, st := range streams() {
		for _, k := range []int{1, 2, 7, 16, 64} {
			t.Run(fmt.Sprintf("%s/%d", st.name, k), func(t *testing.T) {
				r := rand.New(rand.NewPCG(1, uint64(k)))
				s, exact := New(k), map[string]int64{}
				var total int64
				for n := range 3000 {
					key, weight := strconv.Itoa(st.key(r)), st.weight(r)
					s.Add([]byte(key), weight)
					if weight > 0 {
						exact[key] += weight
						total += weight
					}
					if n%100 == 99 || n < 2*k {
						check(t, s, k, exact, total)
					}
				}
			})
		}
	}
}

func check(t *testing.T, s *Sketch, k int, exact map[string]int64, total int64) {
	t.Helper()
	if s.Total() != total {
		t.Fatalf("the total is %d, want %d", s.Total(), total)
	}
	top := s.Top(k)
	counted := map[string]bool{}
	var sum int64
	for i, c := range top {
		counted[c.Key] = true
		sum += c.Count
		if c.Count < exact[c.Key] || c.AtLeast() > exact[c.Key] {
			t.Fatalf("key %s has %d, counted as %d with an error of %d", c.Key, exact[c.Key], c.Count, c.Error)
		}
		if c.Error*int64(k) > total {
			t.Fatalf("an error of %d with %d counters and a total of %d", c.Error, k, total)
		}
		if i > 0 && c.Count > top[i-1].Count {
			t.Fatalf("not in order: %v", top)
		}
		if len(exact) <= k && c.Error != 0 {
			t.Fatalf("not exact with %d keys for %d counters", len(exact), k)
		}
	}
	if sum != total || len(top) != min(k, len(exact)) {
		t.Fatalf("%d counters with a sum of %d, want %d with %d", len(top), sum, min(k, len(exact)), total)
	}
	for key, weight := range exact {
		if weight*int64(k) > total && !counted[key] {
			t.Fatalf("key %s of weight %d of %d is missing among %d", key, weight, total, k)
		}
	}
}

func TestReset(t *testing.T) {
	s := New(2)
	for _, key := range []string{"a", "b", "c"} {
		s.Add([]byte(key), 1)
	}
	s.Reset()
	if s.Total() != 0 || len(s.Top(5)) != 0 {
		t.Errorf("after a reset: %v of %d", s.Top(5), s.Total())
	}
	s.Add([]byte("d"), 3)
	s.Add([]byte("a"), 0)
	s.Add([]byte("a"), -1)
	if want := []Counter{{"d", 3, 0}}; !slices.Equal(s.Top(5), want) || len(s.Top(-1)) != 0 {
		t.Errorf("got %v, want %v", s.Top(5), want)
	}
}

// A key's bytes may change once it is counted, and counting a known key does
// not allocate.
func TestKeyIsNotKept(t *testing.T) {
	s, key := New(2), []byte("key")
	s.Add(key, 1)
	if n := testing.AllocsPerRun(100, func() { s.Add(key, 1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	key[0] = 'x'
	if got := s.Top(1)[0].Key; got != "key" {
		t.Errorf("the key is %q", got)
	}
}

func BenchmarkAdd(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	keys := make([][]byte, 4096)
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "user-%06d", int(r.ExpFloat64()*1000))
	}
	s := New(256)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.Add(keys[i%len(keys)], 1)
	}
}
