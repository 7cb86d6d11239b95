// Package sizing computes how to configure a Kinesis stream, the mapping that
// reads it, and the function behind it, from what is known about records and
// handler. Each formula stands alone and names the page of AWS's documentation
// that its limits are from; [For] puts them together.
package sizing

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// The pages that limits and formulas are from.
const (
	DocStream      = "https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html"
	DocFanOut      = "https://docs.aws.amazon.com/streams/latest/dev/enhanced-consumers.html"
	DocRetention   = "https://docs.aws.amazon.com/streams/latest/dev/kinesis-extended-retention.html"
	DocMapping     = "https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html"
	DocBatching    = "https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html"
	DocWindows     = "https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html"
	DocTimeout     = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html"
	DocMemory      = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"
	DocConcurrency = "https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html"
	DocLambdaPrice = "https://aws.amazon.com/lambda/pricing/"
	DocStreamPrice = "https://aws.amazon.com/kinesis/data-streams/pricing/"
)

// Limits. AWS's MB is taken for 10^6 bytes, which is the smaller reading.
const (
	shardInBytes    = 1e6  // a second; DocStream
	shardInRecords  = 1000 // a second; DocStream
	shardOutBytes   = 2e6  // a second, for all shared consumers, or for each with enhanced fan-out; DocStream
	shardOutRecords = 2000 // a second, likewise; DocStream
	shardReads      = 5    // GetRecords calls a second, of all shared consumers; DocStream

	minRetention  = 24   // hours; DocRetention
	longRetention = 168  // hours, above which it is billed by what is kept; DocStreamPrice
	maxRetention  = 8760 // hours; DocRetention

	payload      = 6e6    // bytes of an event; DocBatching
	maxBatch     = 10000  // records; DocMapping
	maxWindow    = 300    // seconds; DocBatching
	maxFactor    = 10     // batches of a shard at once; DocBatching
	maxRecordAge = 604800 // seconds; DocMapping
	minRecordAge = 60     // seconds; DocMapping
	poll         = 1      // seconds between two reads of a shard with a shared consumer; DocBatching

	minTimeout = 3    // seconds: Lambda's own default; DocTimeout
	maxTimeout = 900  // seconds; DocTimeout
	minMemory  = 128  // MB; DocMemory
	maxMemory  = 3008 // MB of this package's plans; Lambda allows 10,240; DocMemory
	vCPU       = 1769 // MB that come with one vCPU; DocMemory

	putUnit = 25 * 1024 // bytes of a PUT payload unit; DocStreamPrice
)

// Load is what is known about the records and the handler, and what is wanted.
type Load struct {
	Rate        float64 // records a second at the peak, over all shards
	RecordBytes float64 // of a record, data and partition key, on average: what Kinesis counts
	EventBytes  float64 // of a record in an event, on average: what counts against the 6 MB
	LargestByte float64 // EventBytes of the largest record; 0 where not known
	HotShare    float64 // the share of the records that have the most frequent partition key; 0 where not known
	// the share of the handler's work in KPL aggregates of one outer key, which
	// Lambda keeps in one shard lane: 0 to 1
	Aggregated  float64
	HandlerTime time.Duration // of one record, measured where it is to run
	Overhead    time.Duration // of an invocation, whatever is in it
	// how many records of an invocation are handled at once: 1, or the
	// router.WithWorkers of a Partition
	Workers int
	CPU     float64 // the part of HandlerTime in which the handler computes and does not wait: 0 to 1

	// how many share the stream's throughput, the function included; those with
	// fan-out do not count
	Consumers int
	FanOut    bool    // the function has enhanced fan-out
	Tumbling  bool    // the mapping has a tumbling window, and so a parallelization factor of 1
	Headroom  float64 // the part of each limit that shall stay free: 0 to below 1

	Latency     time.Duration // how long a record may wait for others
	MaxDuration time.Duration // how long an invocation should take at most
	Outage      time.Duration // how long the function may be down without a loss
}

// validate rejects what cannot be sized.
func (l Load) validate() error {
	switch {
	case !(l.Rate > 0) || l.Rate > 1e9:
		return errors.New("the rate must be above 0 and at most 1e9 records a second")
	case !(l.RecordBytes > 0) || !(l.EventBytes > 0):
		return errors.New("the sample has no records")
	case l.EventBytes > payload || l.LargestByte > payload:
		return fmt.Errorf("a record takes %.0f bytes of an event, more than its %.0f: the function never gets it",
			max(l.EventBytes, l.LargestByte), payload)
	case l.HandlerTime <= 0:
		return errors.New("the handler's time must be above 0")
	case l.HandlerTime+l.Overhead >= maxTimeout*time.Second/2:
		return errors.New("the handler takes too long for Lambda: an invocation ends after 900 s, and half of that " +
			"is left for slow calls")
	case l.Overhead < 0 || l.Latency < 0 || l.Outage < 0 || l.MaxDuration <= 0:
		return errors.New("times must not be negative, and the duration of an invocation must be above 0")
	case l.Workers < 1 || l.Consumers < 1:
		return errors.New("there must be one worker and one consumer at least")
	case !isShare(l.CPU) || !isShare(l.HotShare) || !isShare(l.Aggregated):
		return errors.New("shares must be from 0 to 1")
	case !(l.Headroom >= 0 && l.Headroom < 1):
		return errors.New("the headroom must be at least 0 and below 1")
	}
	return nil
}

func isShare(x float64) bool { return x >= 0 && x <= 1 }

// ShardsIn is how many shards it takes to write the records: 1 MB and 1,000
// records a second each. DocStream.
func ShardsIn(rate, recordBytes, headroom float64) float64 {
	return max(rate*recordBytes/shardInBytes, rate/shardInRecords) / (1 - headroom)
}

// ShardsOut is how many shards it takes to read them: 2 MB and 2,000 records a
// second each, shared by all consumers but those with enhanced fan-out.
// DocStream, DocFanOut.
func ShardsOut(rate, recordBytes float64, sharing int, headroom float64) float64 {
	return max(rate*recordBytes/shardOutBytes, rate/shardOutRecords) * float64(sharing) / (1 - headroom)
}

// PerRecord is how many seconds of an invocation one record of a full batch
// takes.
func PerRecord(handlerTime, overhead time.Duration, workers, batchSize int) float64 {
	return handlerTime.Seconds()/float64(workers) + overhead.Seconds()/float64(batchSize)
}

// Lanes is how many batches must be processed at once, over all shards, for the
// function to keep up. It is the time it takes to process what arrives in a
// second.
func Lanes(rate, perRecord, headroom float64) float64 { return rate * perRecord / (1 - headroom) }

// MaxFactor is the largest parallelization factor that is of use: 1 with a
// tumbling window, else 10, or what keeps two thirds of the lanes busy where a
// share of the work stays in one. DocBatching, DocWindows.
func MaxFactor(tumbling bool, oneLane float64) int {
	if tumbling {
		return 1
	}
	return int(min(1+0.5/oneLane, maxFactor))
}

// Worth is how many evenly loaded shard lanes a parallelization factor is worth
// where a share of the work stays in one lane. DocBatching: a key's records are
// never in two batches at once.
func Worth(factor int, oneLane float64) float64 {
	return 1 / (oneLane + (1-oneLane)/float64(factor))
}

// Factor is the least parallelization factor that is worth that many shard
// lanes: 1 to most. DocBatching.
func Factor(lanes float64, shards, most int, oneLane float64) int {
	factor := 1
	for factor < most && Worth(factor, oneLane) < lanes/float64(shards) {
		factor++
	}
	return factor
}

// BatchSize is how many records fit both into an event of 6 MB and into the
// duration: 1 to 10,000. DocBatching, DocMapping.
func BatchSize(eventBytes float64, handlerTime, overhead time.Duration, workers int, headroom float64,
	maxDuration time.Duration,
) int {
	bySize := payload * (1 - headroom) / eventBytes
	byTime := float64(maxDuration-overhead) / float64(handlerTime) * float64(workers)
	return clamp(int(max(0, min(bySize, byTime, maxBatch))), 1, maxBatch)
}

// Window is the batching window in seconds: until a batch is full, but no
// longer than the latency. 0 to 300. DocBatching.
func Window(batchSize int, laneRate float64, latency time.Duration) int {
	return clamp(int(min(latency.Seconds(), float64(batchSize)/laneRate)), 0, maxWindow)
}

// Records is how many records an invocation gets when its shard lane has that
// rate: what arrives within the window, or between two polls, but at most a
// batch. DocBatching.
func Records(batchSize, window int, laneRate float64, fanOut bool) float64 {
	gather := float64(window)
	if !fanOut {
		gather = max(gather, poll)
	}
	return min(max(laneRate*gather, 1), float64(batchSize))
}

// Duration is how long an invocation of n records takes.
func Duration(n float64, handlerTime, overhead time.Duration, workers int) time.Duration {
	return overhead + time.Duration(math.Ceil(n/float64(workers))*float64(handlerTime))
}

// Timeout is the function's, in seconds: twice the time of a full batch, and a
// second to answer. 3 to 900. DocTimeout.
func Timeout(fullBatch time.Duration) int {
	return clamp(ceil(2*fullBatch.Seconds()+1), minTimeout, maxTimeout)
}

// Memory is the function's, in MB: the event as received, four times that for
// the decoder, as much as the event for the handler, and 64 MB for the program;
// or what it takes to get the CPU. A multiple of 64. DocMemory.
func Memory(batchSize int, eventBytes, cpu float64) int {
	byEvents := 64 + 6*min(float64(batchSize)*eventBytes, payload)/1e6
	mb := max(byEvents, cpu*vCPU, minMemory)
	return clamp((ceil(mb)+63)/64*64, minMemory, maxMemory)
}

// Concurrency is how many invocations run at once, which is what to reserve.
// DocBatching, DocConcurrency.
func Concurrency(shards, factor int) int { return shards * factor }

// Retention is the stream's, in hours: the outage, a quarter more to notice it,
// and the hour that records must live longer than their age limit. 24 to 8,760.
// DocRetention.
func Retention(outage time.Duration) int {
	return clamp(ceil(outage.Hours()*1.25)+1, minRetention, maxRetention)
}

// RecordAge is the mapping's limit, in seconds: an hour before records leave
// the stream, so that they still reach the on-failure destination. 60 to
// 604,800. DocMapping.
func RecordAge(retentionHours int) int {
	return clamp((retentionHours-1)*3600, minRecordAge, maxRecordAge)
}

// CatchUp is how long it takes to work off an outage while new records arrive:
// the backlog over the spare capacity.
func CatchUp(outage time.Duration, used float64) time.Duration {
	if used >= 1 {
		return math.MaxInt64
	}
	return time.Duration(min(float64(outage)*used/(1-used), math.MaxInt64/2))
}

func ceil(x float64) int { return int(math.Ceil(min(x, 1e12))) }

func clamp(n, least, most int) int { return max(least, min(n, most)) }
