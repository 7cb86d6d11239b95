package sizing

import (
	"fmt"
	"strings"
	"time"

	"example.com/sluice/cmd/sluice/internal/screen"
)

// Setting is one line of a plan: a name, its value, and why.
type Setting struct {
	Name  string `json:"name"` // as in the templates of deploy/
	Value int    `json:"value"`
	Unit  string `json:"unit,omitempty"`
	Why   string `json:"why"`
	Doc   string `json:"doc"`
}

// Plan is what to configure for a [Load].
type Plan struct {
	Shards      int
	Retention   int // hours
	BatchSize   int
	Window      int // seconds
	Factor      int
	RecordAge   int // seconds
	Timeout     int // seconds
	Memory      int // MB
	Concurrency int

	Settings []Setting // all of the above, in that order
	Warnings []string

	Records  float64       // in an invocation at the peak
	Duration time.Duration // of such an invocation
	CatchUp  time.Duration // after the outage
}

// For returns the plan for a load, or what makes no sense in the load.
func For(l Load) (*Plan, error) {
	if err := l.validate(); err != nil {
		return nil, err
	}
	p := new(Plan)
	p.BatchSize = BatchSize(l.EventBytes, l.HandlerTime, l.Overhead, l.Workers, l.Headroom, l.MaxDuration)
	lanes := Lanes(l.Rate, PerRecord(l.HandlerTime, l.Overhead, l.Workers, p.BatchSize), l.Headroom)
	most := MaxFactor(l.Tumbling, l.Aggregated)
	why := p.shards(l, lanes, most)
	p.Factor = Factor(lanes, p.Shards, most, l.Aggregated)
	laneRate := l.Rate / float64(p.Shards*p.Factor)
	p.Window = Window(p.BatchSize, laneRate, l.Latency)
	p.Records = Records(p.BatchSize, p.Window, laneRate, l.FanOut)
	p.Duration = Duration(p.Records, l.HandlerTime, l.Overhead, l.Workers)
	full := Duration(float64(p.BatchSize), l.HandlerTime, l.Overhead, l.Workers)
	p.Timeout = Timeout(full)
	p.Memory = Memory(p.BatchSize, l.EventBytes, l.CPU)
	p.Concurrency = Concurrency(p.Shards, p.Factor)
	p.Retention = Retention(l.Outage)
	p.RecordAge = RecordAge(p.Retention)
	p.CatchUp = CatchUp(l.Outage, lanes*(1-l.Headroom)/(float64(p.Shards)*Worth(p.Factor, l.Aggregated)))

	p.Settings = []Setting{
		{"ShardCount", p.Shards, "", why, DocStream},
		{
			"RetentionHours", p.Retention, "h",
			fmt.Sprintf("an outage of %s and a quarter more, and an hour above the age limit; %d to %d",
				screen.Duration(l.Outage), minRetention, maxRetention), DocRetention,
		},
		{
			"BatchSize", p.BatchSize, "records",
			fmt.Sprintf("the least of: 6 MB less %.0f %% / %.0f bytes a record; %s / %s a record × %d at once; %d",
				100*l.Headroom, l.EventBytes, screen.Duration(l.MaxDuration), screen.Duration(l.HandlerTime), l.Workers,
				maxBatch), DocBatching,
		},
		{
			"BatchingWindow", p.Window, "s",
			fmt.Sprintf("until a batch is full at %s records/s, but at most %s", screen.Figure(laneRate, 4),
				screen.Duration(l.Latency)), DocBatching,
		},
		{
			"ParallelizationFactor", p.Factor, "",
			fmt.Sprintf("%s/s × %s / %d at once, less headroom, takes %s of %s; at most %d",
				screen.Figure(l.Rate, 4), screen.Duration(l.HandlerTime), l.Workers,
				screen.Plural(screen.Figure(lanes, 3), "shard lane"), screen.Count(p.Shards, "shard"), most),
			DocBatching,
		},
		{
			"MaximumRecordAge", p.RecordAge, "s",
			"an hour below the retention: what is older goes to the on-failure bucket instead of vanishing",
			DocMapping,
		},
		{"Timeout", p.Timeout, "s", fmt.Sprintf("twice the %s of a full batch, and 1 s; %d to %d", round(full),
			minTimeout, maxTimeout), DocTimeout},
		{
			"MemorySize", p.Memory, "MB",
			fmt.Sprintf("the greater of: 64 MB and six times the event; %.0f %% of the %d MB that come with a vCPU",
				100*l.CPU, vCPU), DocMemory,
		},
		{"ReservedConcurrency", p.Concurrency, "", "shards × parallelization factor", DocConcurrency},
	}
	p.warn(l, lanes, full)
	return p, nil
}

// shards returns the number of shards, and why.
func (p *Plan) shards(l Load, lanes float64, factor int) string {
	sharing := l.Consumers
	if l.FanOut {
		sharing = 1
	}
	in := ShardsIn(l.Rate, l.RecordBytes, l.Headroom)
	out := ShardsOut(l.Rate, l.RecordBytes, sharing, l.Headroom)
	worth := Worth(factor, l.Aggregated)
	handler := lanes / worth
	p.Shards = max(1, ceil(max(in, out, handler)))
	reading := fmt.Sprintf("shared by %d", sharing)
	if l.FanOut {
		reading = "by enhanced fan-out"
	}
	each := screen.Count(factor, "shard lane") + " each"
	if worth < float64(factor) {
		each += ", worth " + screen.Figure(worth, 3)
	}
	return fmt.Sprintf("the greatest of: %s to take in (1 MB/s and 1,000 records/s each), %s to give out (2 "+
		"MB/s and 2,000 records/s each, %s), %s for the handler (%s)",
		screen.Figure(in, 3), screen.Figure(out, 3), reading, screen.Figure(handler, 3), each)
}

func (p *Plan) warn(l Load, lanes float64, full time.Duration) {
	warn := func(format string, args ...any) { p.Warnings = append(p.Warnings, fmt.Sprintf(format, args...)) }
	if hot := l.Rate * l.HotShare; hot > 0 {
		if need := ShardsIn(hot, l.RecordBytes, 0); need > 1 {
			warn("one partition key has %.1f %% of the records: that is %s times what its shard can take, and no "+
				"number of shards helps", 100*l.HotShare, screen.Figure(need, 2))
		}
		if busy := hot * l.HandlerTime.Seconds(); busy > 1 {
			warn("one partition key has %.1f %% of the records: handled in their order they take %s s a second, "+
				"and no parallelization factor helps", 100*l.HotShare, screen.Figure(busy, 2))
		}
	}
	switch {
	case l.Tumbling || lanes <= 1 || Worth(maxFactor, l.Aggregated) > 0.9*maxFactor:
	case l.Aggregated == 1:
		warn("the records are KPL aggregates with one outer key, which keeps a shard's in one lane: a " +
			"parallelization factor does nothing, and shards or workers must do instead")
	default:
		warn("%.0f %% of the work is in KPL aggregates with one outer key, which keeps a shard's in one lane: a "+
			"parallelization factor of %d is worth %s, and %d would be worth %s", 100*l.Aggregated, p.Factor,
			screen.Figure(Worth(p.Factor, l.Aggregated), 3), maxFactor,
			screen.Figure(Worth(maxFactor, l.Aggregated), 3))
	}
	if !l.FanOut && l.Consumers > shardReads {
		warn("%d consumers share a shard's %d reads a second: give some of them enhanced fan-out", l.Consumers,
			shardReads)
	}
	if l.LargestByte > 0 && l.LargestByte*float64(p.BatchSize) > payload {
		warn("a batch of the largest records passes 6 MB: such batches come in parts")
	}
	if 2*full.Seconds()+1 > maxTimeout {
		warn("twice a full batch takes longer than Lambda's %d s", maxTimeout)
	}
	if cpu := l.CPU * vCPU; cpu > float64(p.Memory) {
		warn("%d MB come with less CPU than the handler's time was measured with", p.Memory)
	}
	if p.RecordAge < int(l.Outage.Seconds()) {
		warn("after an outage of %s records are older than the age limit of %d s can be, and go to the on-failure "+
			"bucket unseen", screen.Duration(l.Outage), maxRecordAge)
	}
	if p.CatchUp > 7*24*time.Hour {
		warn("after an outage of %s it takes %s to catch up: more headroom, shards or workers",
			screen.Duration(l.Outage), screen.Duration(p.CatchUp.Round(time.Hour)))
	}
	if p.Retention > longRetention {
		warn("a retention above %d h is billed by the GB kept as well, which the costs leave out", longRetention)
	}
	if p.Concurrency > 900 {
		warn("a reserved concurrency of %d is above what an account has at first (1,000, of which 100 stay unreserved)",
			p.Concurrency)
	}
}

// Overrides are the settings as parameters of the templates of deploy/:
// Name=Value, in the plan's order.
func (p *Plan) Overrides() string {
	words := make([]string, len(p.Settings))
	for i, s := range p.Settings {
		words[i] = fmt.Sprintf("%s=%d", s.Name, s.Value)
	}
	return strings.Join(words, " ")
}

func round(d time.Duration) string {
	if d > time.Second {
		return screen.Duration(d.Round(10 * time.Millisecond))
	}
	return screen.Duration(d.Round(10 * time.Microsecond))
}
