package sizing

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

const ms = time.Millisecond

// Each row is calculated by hand from the page that the formula names.
func TestFormulas(t *testing.T) {
	for _, tt := range []struct {
		name      string
		got, want any
	}{
		// 1 MB/s or 1,000 records/s in.
		{"in, by bytes", ShardsIn(1000, 5000, 0), 5.0},
		{"in, by records", ShardsIn(3500, 100, 0), 3.5},
		{"in, with headroom", ShardsIn(3000, 100, 0.25), 4.0},
		// 2 MB/s or 2,000 records/s out, shared by all consumers.
		{"out, one consumer", ShardsOut(1000, 5000, 1, 0), 2.5},
		{"out, three sharing", ShardsOut(1000, 5000, 3, 0), 7.5},
		{"out, by records", ShardsOut(4000, 10, 1, 0.5), 4.0},
		// 1,000 records/s of 2 ms each are 2 s of work a second.
		{"lanes", Lanes(1000, PerRecord(2*ms, 0, 1, 100), 0), 2.0},
		{"lanes of 16 workers", Lanes(1000, PerRecord(32*ms, 0, 16, 100), 0), 2.0},
		{"lanes with overhead", Lanes(1000, PerRecord(2*ms, 100*ms, 1, 100), 0), 3.0},
		{"factor", Factor(5.1, 2, MaxFactor(false, 0), 0), 3},
		{"factor, whole", Factor(6, 2, 10, 0), 3},
		{"factor, least", Factor(0.1, 2, 10, 0), 1},
		{"factor, most", Factor(1000, 2, 10, 0), 10},
		{"factor in a window", Factor(1000, 2, MaxFactor(true, 0), 0), 1},
		// Half of the work in one lane: 4 lanes share the rest, and the busiest
		// has 1/2 + 1/8 of it.
		{"factor of use, half in one lane", MaxFactor(false, 0.5), 2},
		{"factor of use, a twentieth in one lane", MaxFactor(false, 0.05), 10},
		{"factor of use, nearly all in one lane", MaxFactor(false, 0.99), 1},
		{"worth", Worth(4, 0), 4.0},
		{"worth, half in one lane", Worth(4, 0.5), 1.6},
		{"worth, all in one lane", Worth(4, 1), 1.0},
		{"factor, half in one lane", Factor(3, 2, 10, 0.5), 3},
		// 6 MB / 1,000 bytes; 30 s / 10 ms; 10,000 records.
		{"batch, by size", BatchSize(1000, ms, 0, 1, 0, time.Minute), 6000},
		{"batch, with headroom", BatchSize(1000, ms, 0, 1, 0.25, time.Minute), 4500},
		{"batch, by time", BatchSize(100, 10*ms, 0, 1, 0, 30*time.Second), 3000},
		{"batch, by time with workers", BatchSize(100, 10*ms, 10*time.Second, 2, 0, 30*time.Second), 4000},
		{"batch, most", BatchSize(10, time.Microsecond, 0, 1, 0, time.Minute), 10000},
		{"batch, least", BatchSize(5e6, time.Minute, 0, 1, 0.25, time.Second), 1},
		{"batch, no time", BatchSize(100, ms, time.Minute, 1, 0, time.Second), 1},
		{"window, by latency", Window(10000, 100, 5*time.Second), 5},
		{"window, by batch", Window(300, 100, 5*time.Second), 3},
		{"window, none", Window(300, 1000, 5*time.Second), 0},
		{"window, most", Window(10000, 1, time.Hour), 300},
		// A shard is read once a second.
		{"records, shared", Records(10000, 0, 250, false), 250.0},
		{"records, fan-out", Records(10000, 0, 250, true), 1.0},
		{"records, window", Records(10000, 3, 250, true), 750.0},
		{"records, a batch", Records(100, 3, 250, false), 100.0},
		{"records, few", Records(100, 0, 0.1, false), 1.0},
		{"duration", Duration(250, 2*ms, 100*ms, 1), 600 * ms},
		{"duration with workers", Duration(33, 2*ms, 0, 16), 6 * ms},
		{"timeout", Timeout(4700 * ms), 11},
		{"timeout, least", Timeout(ms), 3},
		{"timeout, most", Timeout(time.Hour), 900},
		// 64 MB + 6 × 1 MB, up to a multiple of 64; 1,769 MB a vCPU.
		{"memory, least", Memory(100, 100, 0), 128},
		{"memory, by events", Memory(10000, 600, 0), 128},
		{"memory, by CPU", Memory(1, 100, 0.5), 896},
		{"memory, one vCPU", Memory(1, 100, 1), 1792},
		// 100 shards with a factor of 2 are 200 invocations: the example of the
		// documentation.
		{"concurrency", Concurrency(100, 2), 200},
		{"retention, least", Retention(12 * time.Hour), 24},
		{"retention", Retention(48 * time.Hour), 61},
		{"retention, most", Retention(10000 * time.Hour), 8760},
		{"age", RecordAge(24), 82800},
		{"age, most", RecordAge(8760), 604800},
		// Half of the capacity is free: an hour's backlog takes an hour.
		{"catch up", CatchUp(time.Hour, 0.5), time.Hour},
		{"catch up, slowly", CatchUp(time.Hour, 0.75), 3 * time.Hour},
		{"catch up, never", CatchUp(time.Hour, 1), time.Duration(math.MaxInt64)},
	} {
		if got, want := fmt.Sprintf("%.6g", tt.got), fmt.Sprintf("%.6g", tt.want); got != want {
			t.Errorf("%s: %s, want %s", tt.name, got, want)
		}
	}
}

// typical is a load for tests to change.
func typical() Load {
	return Load{
		Rate: 2000, RecordBytes: 500, EventBytes: 1000, HandlerTime: 2 * ms, Workers: 1, CPU: 0.2,
		Consumers: 1, Headroom: 0.25, Latency: time.Second, MaxDuration: 30 * time.Second, Outage: 12 * time.Hour,
	}
}

func TestFor(t *testing.T) {
	p, err := For(typical())
	if err != nil {
		t.Fatal(err)
	}
	// Shards: 2,000/s / 1,000/s / 0.75 = 2.67. Lanes: 2,000/s × 2 ms / 0.75 =
	// 5.33 on 3 shards. Batch: 6 MB × 0.75 / 1,000 bytes. A shard lane has 333
	// records/s. Timeout: 2 × 4,500 × 2 ms + 1 s. Memory: 0.2 × 1,769 MB = 354.
	const want = "ShardCount=3 RetentionHours=24 BatchSize=4500 BatchingWindow=1 ParallelizationFactor=2 " +
		"MaximumRecordAge=82800 " +
		"Timeout=19 MemorySize=384 ReservedConcurrency=6"
	if got := p.Overrides(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(p.Warnings) > 0 {
		t.Errorf("warnings %q", p.Warnings)
	}
	if p.Duration != 668*ms || math.Abs(p.Records-333.333) > 0.01 {
		t.Errorf("%v records in %v", p.Records, p.Duration)
	}
	for _, s := range p.Settings {
		if s.Why == "" || !strings.HasPrefix(s.Doc, "https://docs.aws.amazon.com/") {
			t.Errorf("%s: %q, %q", s.Name, s.Why, s.Doc)
		}
	}
}

func TestWarnings(t *testing.T) {
	for _, tt := range []struct {
		want   string
		change func(*Load)
	}{
		{"times what its shard can take", func(l *Load) { l.HotShare = 0.8; l.HandlerTime = 100 * time.Microsecond }},
		{"handled in their order", func(l *Load) { l.HotShare = 0.4 }},
		{"does nothing, and shards or workers must do instead", func(l *Load) { l.Aggregated = 1 }},
		{
			"25 % of the work is in KPL aggregates with one outer key, which keeps a shard's in one lane: a " +
				"parallelization factor of 3 is worth 2, and 10 would be worth 3.08",
			func(l *Load) { l.Aggregated = 0.25 },
		},
		{"reads a second", func(l *Load) { l.Consumers = 6 }},
		{"come in parts", func(l *Load) { l.LargestByte = 100e3 }},
		{"go to the on-failure bucket unseen", func(l *Load) { l.Outage = 200 * time.Hour }},
		{"to catch up", func(l *Load) { l.Outage = 100 * time.Hour; l.Headroom = 0.1 }},
		{"billed by the GB", func(l *Load) { l.Outage = 140 * time.Hour }},
		{"reserved concurrency", func(l *Load) { l.Rate, l.HandlerTime = 1e5, 10*ms }},
		{"twice a full batch", func(l *Load) { l.MaxDuration = 800 * time.Second; l.HandlerTime = 200 * ms }},
	} {
		l := typical()
		tt.change(&l)
		p, err := For(l)
		if err != nil {
			t.Fatal(err)
		}
		if all := strings.Join(p.Warnings, "\n"); !strings.Contains(all, tt.want) {
			t.Errorf("no warning with %q in %q", tt.want, all)
		}
	}
}

func TestForInvalid(t *testing.T) {
	for want, change := range map[string]func(*Load){
		"rate":                   func(l *Load) { l.Rate = math.NaN() },
		"no records":             func(l *Load) { l.RecordBytes = 0 },
		"never gets it":          func(l *Load) { l.LargestByte = 7e6 },
		"handler's time must":    func(l *Load) { l.HandlerTime = 0 },
		"too long for Lambda":    func(l *Load) { l.HandlerTime = 450 * time.Second },
		"must not be negative":   func(l *Load) { l.Latency = -1 },
		"one worker":             func(l *Load) { l.Workers = 0 },
		"shares":                 func(l *Load) { l.CPU = 1.1 },
		"from 0 to 1":            func(l *Load) { l.CPU = math.NaN() },
		"must be from 0":         func(l *Load) { l.Aggregated = math.NaN() },
		"headroom":               func(l *Load) { l.Headroom = 1 },
		"duration of an invocat": func(l *Load) { l.MaxDuration = 0 },
	} {
		l := typical()
		change(&l)
		if _, err := For(l); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
}

// A plan for aggregates of one outer key is the plan for a single shard lane,
// in every line of it.
func TestAggregatesHaveOneLane(t *testing.T) {
	aggregates, window := typical(), typical()
	aggregates.Aggregated, window.Tumbling = 1, true
	got, err := For(aggregates)
	if err != nil {
		t.Fatal(err)
	}
	want, err := For(window)
	if err != nil {
		t.Fatal(err)
	}
	// 5.33 lanes.
	if got.Shards != 6 || got.Factor != 1 || len(got.Warnings) != 1 {
		t.Errorf("%s, %q", got.Overrides(), got.Warnings)
	}
	if got.Warnings = nil; fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	aggregates.HandlerTime = 100 * time.Microsecond // 0.3 lanes
	if got, err := For(aggregates); err != nil || len(got.Warnings) > 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

// Whatever the load, a plan is within the limits of Lambda and Kinesis, and
// keeps what it promises.
func TestPlansHold(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	log := func(low, high float64) float64 { return low * math.Pow(high/low, r.Float64()) }
	for range 20000 {
		l := Load{
			Rate: log(0.01, 1e5), RecordBytes: log(1, 1e6), HandlerTime: time.Duration(log(1e3, 1e9)),
			Workers: 1 + r.IntN(32), CPU: r.Float64(),
			Overhead: time.Duration(log(1, 1e9)), Consumers: 1 + r.IntN(8), FanOut: r.IntN(2) == 0,
			Tumbling: r.IntN(4) == 0, Headroom: r.Float64() * 0.9,
			Latency: time.Duration(log(1, 1e12)), MaxDuration: time.Duration(log(1e9, 9e11)),
			Outage: time.Duration(log(1, 1e15)), Aggregated: min(r.Float64()*float64(r.IntN(3)), 1),
		}
		l.EventBytes = l.RecordBytes*1.4 + 400
		p, err := For(l)
		if err != nil {
			t.Fatalf("%+v: %v", l, err)
		}
		shard := l.Rate / float64(p.Shards)
		// The busiest lane has the aggregates and its part of the rest.
		used := shard * PerRecord(l.HandlerTime, l.Overhead, l.Workers, p.BatchSize) *
			(l.Aggregated + (1-l.Aggregated)/float64(p.Factor))
		const rounding = 1 + 1e-9
		switch free := (1 - l.Headroom) * rounding; {
		case shard > shardInRecords*free, shard*l.RecordBytes > shardInBytes*free:
			t.Fatalf("%+v: a shard of %d gets %v records/s", l, p.Shards, shard)
		case !l.FanOut && shard*l.RecordBytes*float64(l.Consumers) > shardOutBytes*free:
			t.Fatalf("%+v: a shard of %d gives too much", l, p.Shards)
		case used > free:
			t.Fatalf("%+v: %d batches of %d shards are busy for %v of the time", l, p.Factor, p.Shards, used)
		case p.BatchSize > 1 && float64(p.BatchSize)*l.EventBytes > payload*rounding:
			t.Fatalf("%+v: %d records pass 6 MB", l, p.BatchSize)
		case p.BatchSize < 1 || p.BatchSize > 10000 || p.Window < 0 || p.Window > 300 || p.Factor < 1 ||
			p.Factor > 10 ||
			p.Timeout < 3 || p.Timeout > 900 || p.Memory < 128 || p.Memory > 10240 || p.Retention < 24 ||
			p.Retention > 8760 ||
			p.RecordAge < 60 || p.RecordAge > 604800 || p.RecordAge >= p.Retention*3600:
			t.Fatalf("%+v: beyond a limit: %s", l, p.Overrides())
		case p.Concurrency != p.Shards*p.Factor, (l.Tumbling || l.Aggregated > 0.5) && p.Factor > 1:
			t.Fatalf("%+v: %s", l, p.Overrides())
		case p.Timeout < 900 && Duration(float64(p.BatchSize), l.HandlerTime, l.Overhead,
			l.Workers) > time.Duration(p.Timeout)*time.Second:
			t.Fatalf("%+v: a full batch takes longer than %d s", l, p.Timeout)
		}
	}
}

func TestUseAndBill(t *testing.T) {
	l := typical()
	l.Outage = 48 * time.Hour
	l.FanOut = true
	l.RecordBytes = 30 * 1024
	l.EventBytes = 42e3
	l.Rate = 10
	p, err := For(l)
	if err != nil {
		t.Fatal(err)
	}
	// One shard; a window of a second gives 10 records, 20 ms; 384 MB.
	u := p.Use(l)
	hours := 1e6 / 10 / 3600.0
	want := Usage{
		Requests: 1e5, GBSeconds: 1e5 * 0.020 * 384 / 1024, ShardHours: hours, PutUnits: 2e6,
		FanOutShardHours: hours, FanOutGB: 1e6 * 30 * 1024 / (1 << 30), ExtendedShardHours: hours,
	}
	if fmt.Sprintf("%.9g", u) != fmt.Sprintf("%.9g", want) {
		t.Errorf("got  %+v\nwant %+v", u, want)
	}
	items, total, complete := Bill(u,
		Prices{
			MillionRequests: 2, GBSecond: 0.5, ShardHour: 1, MillionPutUnits: 3, FanOutShardHour: 4, FanOutGB: 5,
			ExtendedShardHour: 6,
		})
	sum := 0.1*2 + 750*0.5 + hours*1 + 2*3 + hours*4 + want.FanOutGB*5 + hours*6
	if len(items) != 7 || math.Abs(total-sum) > 1e-6 || !complete {
		t.Errorf("%v, %t: %+v; want %v", total, complete, items, sum)
	}
	if _, total, complete := Bill(u, Prices{GBSecond: 0.5}); total != 375 || complete {
		t.Errorf("with one price: %v, complete %t", total, complete)
	}
	l = typical()
	p, _ = For(l)
	if items, _, _ := Bill(p.Use(l), Prices{}); len(items) != 4 {
		t.Errorf("without fan-out and with a day's retention: %+v", items)
	}
	for _, v := range []float64{-1, math.NaN(), math.Inf(1)} {
		if (Prices{FanOutGB: v}).Check() == nil {
			t.Errorf("%v passes for a price", v)
		}
	}
}
