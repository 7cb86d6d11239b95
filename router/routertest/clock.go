package routertest

import "time"

// pollInterval is how often a shard is read.
const pollInterval = time.Second

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

// visible returns when a record that arrives at t is read from its shard.
func (s *simulation) visible(t time.Time) time.Time {
	return s.log.start.Add((t.Sub(s.log.start)/pollInterval + 1) * pollInterval)
}
