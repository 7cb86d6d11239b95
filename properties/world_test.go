package properties

import (
	"context"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

// This file is a scenario's world: the handler, which acts as planned, and what
// is known of each record. What it knows does not come from the router.

// world is what has happened so far.
type world struct {
	*scenario
	input []decoder.Record
	first []int // the scenario's record that input[n] is, or the first of those in it

	mu         sync.Mutex
	records    []known
	resolved   int // so many records have been
	answers    []kept
	broken     []string // properties, with what broke them
	allCalls   sync.WaitGroup
	failures   int // words that fail a record
	repetition int // records that were handled again although they were done
}

// known is what is known of a record.
type known struct {
	handled  int        // how often the handler has come to it
	resolved int        // the how-manieth it was to be done or skipped; 0: it is not
	failed   int        // how often the handler has failed this very record
	given    int        // how often it was to be given up
	by       []*watched // the processes that were told that it is done or skipped
}

// kept is an answer, and what it was when it was given.
type kept struct {
	answer []byte
	text   string
}

// visit is one invocation of the function.
type visit struct {
	*world
	process *watched
	ctx     context.Context
	began   time.Time
	batch   map[int]bool // the records of the event
	window  *decoder.Window
	ended   bool
	said    map[int]act     // what the handler has said of a record in this invocation, and was heard: ok or skip
	order   []int           // the records that it said ok of
	fails   map[int]failure // the records that it failed
	keys    map[int]bool    // that are worked on
	refused map[int]bool    // the records that the handler has called bad
	bad     int             // calls of WithOnBad
	calls   int             // that have not ended
	fatal   bool            // the handler failed the invocation
	lost    bool            // the handler ended a goroutine, and what that would have done next is not begun
	stats   *router.Stats
	lines   logLines
}

// failure is when a record was failed, and whether the whole event with it.
type failure struct {
	at  time.Time
	all bool
}

type visitKey struct{}

// number is the sequence number of the n-th record of the input, index the way
// back.
func number(i int) []byte { return strconv.AppendInt(nil, int64(1_000_000+i), 10) }

func index(number []byte) int {
	n, err := strconv.Atoi(string(number))
	if err != nil {
		return -1
	}
	return n - 1_000_000
}

// namedBy is the n-th record of the input for an answer's word, -1 where it is
// none. A pipe knows a record by its event id.
func (w *world) namedBy(word string) int {
	if !w.mapping.Pipe {
		return index([]byte(word))
	}
	shard, number, _ := strings.Cut(word, ":")
	n := index([]byte(number))
	if n < 0 || n >= len(w.input) || shard != w.input[n].ShardID {
		return -1
	}
	return n
}

// unit is which of the scenario's records a handler was given, -1 where it is
// none.
func (w *world) unit(rec *decoder.Record) int {
	n := index(rec.SequenceNumber)
	if n < 0 || n >= len(w.first) || rec.SubSequenceNumber >= w.end(n)-w.first[n] {
		return -1
	}
	return w.first[n] + rec.SubSequenceNumber
}

// end is the first of the scenario's records behind those in input[n].
func (w *world) end(n int) int {
	if n+1 < len(w.first) {
		return w.first[n+1]
	}
	return len(w.scenario.records)
}

func newWorld(s *scenario) *world {
	w := &world{scenario: s, records: make([]known, len(s.records))}
	for i, p := range s.records {
		if !p.joins {
			w.first = append(w.first, i)
		}
	}
	at := time.Date(2024, 11, 18, 10, 9, 0, 0, time.UTC)
	for n, i := range w.first {
		p := s.records[i]
		at = at.Add(p.gap)
		rec := decoder.Record{
			Source:       &decoder.Source{ShardID: fmt.Sprintf("shardId-%012d", p.shard)},
			PartitionKey: w.keyOf(i), SequenceNumber: number(n), Data: w.dataOf(i), ApproximateArrivalTimestamp: at,
		}
		if w.end(n) > i+1 {
			rec.PartitionKey, rec.Data = []byte("a"), w.aggregate(i, w.end(n))
		}
		w.input = append(w.input, rec)
	}
	return w
}

func (w *world) keyOf(i int) []byte {
	return fmt.Appendf(nil, "%d.%d", w.scenario.records[i].key, w.scenario.names)
}

// aggregate makes a KPL aggregate of some of the scenario's records: the field
// numbers are those of its AggregatedRecord.
func (w *world) aggregate(from, to int) []byte {
	field := func(dst []byte, number uint64, content []byte) []byte {
		dst = binary.AppendUvarint(dst, number<<3|2)
		dst = binary.AppendUvarint(dst, uint64(len(content)))
		return append(dst, content...)
	}
	var message []byte
	for i := from; i < to; i++ {
		message = field(message, 1, w.keyOf(i))
	}
	for i := from; i < to; i++ {
		user := binary.AppendUvarint([]byte{1 << 3}, uint64(i-from))
		message = field(message, 3, field(user, 3, w.dataOf(i)))
	}
	sum := md5.Sum(message)
	return append(append([]byte("\xf3\x89\x9a\xc2"), message...), sum[:]...)
}

const maxData = 1000

// dataOf is a record's data: its place in the scenario, as JSON, or what is too
// long to be decoded, or no JSON where that is asked for.
func (w *world) dataOf(i int) []byte {
	switch {
	case !w.scenario.records[i].bad:
		return strconv.AppendInt(nil, int64(i), 10)
	case i%2 == 1 && (w.shape == "JSON" || strings.HasPrefix(w.shape, "Typed")):
		return []byte("none")
	}
	return make([]byte, maxData+1)
}

// breaks notes that a property does not hold. The lock is held.
func (w *world) breaks(property, format string, args ...any) {
	w.broken = append(w.broken, property+": "+fmt.Sprintf(format, args...))
}

// router makes the router of a process.
func (w *world) router() lambda.Handler {
	return router.New(w.handler(), w.maybe(w.options.wholeBatch, router.WithWholeBatch()),
		w.maybe(w.options.poison > 0, router.WithPoison(w.options.poison, w.giveUp)),
		router.WithRedeliveryMemory(w.options.memory),
		router.WithDecoder(decoder.Decoder{MaxData: maxData, Deaggregate: true}),
		router.WithBatchSize(w.options.batchSize), router.WithWorkers(w.options.workers),
		router.WithMargin(w.options.margin),
		router.WithOnBad(w.onBad), router.WithLogger(slog.New(lineCounter{})), router.WithLogLimit(logLimit),
		router.WithStats(func(ctx context.Context, s router.Stats) { ctx.Value(visitKey{}).(*visit).stats = &s }))
}

// maybe is an option, or one that does nothing.
func (w *world) maybe(wanted bool, o router.Option) router.Option {
	if wanted {
		return o
	}
	return router.WithStats(nil)
}

// giveUp is what WithPoison is given.
func (w *world) giveUp(ctx context.Context, rec *decoder.Record, _ error) error {
	v := ctx.Value(visitKey{}).(*visit)
	if v.gone() {
		return routertest.ErrProcessGone
	}
	i := w.unit(rec)
	v.mu.Lock()
	if n := w.records[i].failed; n < w.options.poison {
		v.breaks("poison", "record %d is given up after %d failures, not %d", i, n, w.options.poison)
	}
	w.records[i].given++
	first := w.records[i].given == 1
	if !first || w.options.poisonFirst == ok {
		delete(v.fails, i)
		v.mu.Unlock()
		v.say(nil, []int{i}, -1, false)
		return nil
	}
	v.mu.Unlock()
	if w.options.poisonFirst == panics {
		panic(errPlanned)
	}
	return errPlanned
}

// onBad is what WithOnBad is given: it says the same of all bad records.
func (w *world) onBad(ctx context.Context, rec *decoder.Record, flaw error) error {
	v := ctx.Value(visitKey{}).(*visit)
	if !v.begin([]*decoder.Record{rec}) {
		return routertest.ErrProcessGone
	}
	i := w.unit(rec)
	defer v.callEnds(i)
	w.mu.Lock()
	v.bad++
	if refused := v.refused[i]; !w.scenario.records[i].bad && !refused || refused != errors.Is(flaw, errPlanned) {
		w.breaks("what is handed over", "record %d is not bad: %v", i, flaw)
	}
	w.mu.Unlock()
	switch w.badAct() {
	case short:
		time.Sleep(shortWait)
		v.say([]int{i}, nil, -1, false)
		return nil
	case skip:
		v.say(nil, []int{i}, -1, false)
		return router.Skip(flaw)
	case ok:
		v.say([]int{i}, nil, -1, false)
		return nil
	}
	v.blame(i)
	v.say(nil, nil, i, false)
	return flaw
}

// gone is whether the invocation's process is.
func (v *visit) gone() bool { return errors.Is(context.Cause(v.ctx), routertest.ErrProcessGone) }

// begin notes that a call begins, and reports whether its process still exists.
func (v *visit) begin(recs []*decoder.Record) bool {
	if v.gone() {
		return false
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.allCalls.Add(1)
	v.calls++
	now := time.Now()
	if v.ended {
		v.breaks("an answer is final", "a call with record %d begins after it", v.unit(recs[0]))
	}
	if m := v.margin(); m >= 0 && now.After(v.began.Add(v.mapping.Timeout-m)) {
		v.breaks("the guard", "a call with record %d begins %v after the invocation, with a margin of %v",
			v.unit(recs[0]), now.Sub(v.began), m)
	}
	if v.calls > v.mostCalls() {
		v.breaks("calls", "%d at once, not %d", v.calls, v.mostCalls())
	}
	if len(recs) > v.options.batchSize && v.chunked() {
		v.breaks("calls", "one with %d records, not %d", len(recs), v.options.batchSize)
	}
	before := -1
	for _, rec := range recs {
		i := v.unit(rec)
		if !v.batch[i] || i <= before {
			v.breaks("what is handed over", "record %d is not in the event, or out of order", i)
			return true
		}
		before = i
		if _, again := v.said[i]; again {
			v.breaks("what is handed over", "record %d comes again in one invocation although it was done", i)
		}
		for at, f := range v.fails {
			if (i >= at || f.all) && (v.mostCalls() == 1 || f.at.Before(now)) {
				v.breaks("nothing is started behind a failure", "record %d, behind %d", i, at)
			}
		}
		if string(rec.Data) != string(v.dataOf(i)) && !v.scenario.records[i].bad {
			v.breaks("what is handed over", "record %d with the data %q", i, rec.Data)
		}
	}
	if key := v.scenario.records[before].key; v.keyed() {
		if v.keys[key] {
			v.breaks("order", "two calls at once for key %d", key)
		}
		v.keys[key] = true
	}
	return true
}

func (w *world) keyed() bool { return w.shape == "Partition" || w.shape == "TypedPartition" }

// callEnds notes that a call has ended.
func (v *visit) callEnds(i int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.keys, v.scenario.records[i].key)
	v.calls--
	v.allCalls.Done()
}

// say notes what the handler is about to say: of which records it is done,
// which it skips, and from which on it fails, with -1 for none, or the whole
// invocation.
func (v *visit) say(done, skipped []int, failed int, fatal bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ended || v.gone() {
		return // nobody hears it
	}
	settle := func(i int, a act) {
		v.said[i] = a
		v.world.records[i].by = append(v.world.records[i].by, v.process)
		if v.world.records[i].resolved == 0 {
			v.resolved++
			v.world.records[i].resolved = v.resolved
		} else if a == ok {
			v.repetition++
		}
	}
	for len(done)+len(skipped) > 0 {
		if len(done) == 0 || len(skipped) > 0 && skipped[0] < done[0] {
			settle(skipped[0], skip)
			skipped = skipped[1:]
			continue
		}
		if settle(done[0], ok); !v.scenario.records[done[0]].bad && !v.refused[done[0]] {
			v.order = append(v.order, done[0])
		}
		done = done[1:]
	}
	if failed >= 0 {
		v.failures++
		v.fatal = v.fatal || fatal
		v.fails[failed] = failure{time.Now(), fatal || v.options.wholeBatch}
	}
}

// blame notes that the handler fails this very record.
func (v *visit) blame(i int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.world.records[i].failed++
}

var errPlanned = errors.New("as planned")
