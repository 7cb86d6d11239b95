package router

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"log/slog"
	"strings"
	"sync"
	"unicode/utf8"

	"example.com/sluice/decoder"
	"example.com/sluice/internal/lambdalog"
)

// This file does the logging: a bounded number of short lines for each
// invocation, and one more that sums up the rest.

// WithLogger sets where the router logs; the default is slog.Default().
//
// In a function whose LogFormat is JSON, and which has set neither slog's
// default nor the output of package log, the default is
// [lambdacontext.NewLogger]. Lambda cannot tell the level of a line that is not
// JSON: it takes every such line for INFO and, at level WARN, drops it even if
// it is an error.
//
// It logs what needs attention. There is a line for a record: "record failed"
// and "handler panicked" are errors, "record skipped" and "poison record given
// up" warnings. [WithLogLimit] says how many lines of each kind an invocation
// has; one more line, "more records", sums up the others. A line has the
// record's index, its sequence number, in an aggregate its subsequence number,
// and at most 1 KiB of the error's text. The first line of an invocation also
// has the stream's ARN and the shard. Data is never logged, partition keys only
// where [WithLogKeys] says so.
//
// There is at most one line of each kind for an invocation: errors where a call
// was abandoned, or where the margin before the deadline left no time for
// anything, and what reading, states and hooks have to warn of. A call that
// panics after it was abandoned has a line of its own, beyond the limit; there
// are no more of those than [WithWorkers]. If all is well nothing is logged,
// and a level that the logger is not enabled for costs nothing.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) { c.logger, c.loggerGiven = l, true }
}

// WithLogLimit sets how many lines of each kind about records an invocation
// logs at most; see [WithLogger]. What is beyond that is summed up in one line:
// how many records, by what became of them and why, and the first and the last
// of them by their position; one that panicked and was given up counts for
// both. With 0 there is only that line, apart from the advice on a bad record
// (see [WithOnBad]). The default is 5.
func WithLogLimit(n int) Option {
	return func(c *config) { c.logLimit = n }
}

// WithLogKeys sets how lines about records name the partition key: by what show
// returns for it, 1 KiB of that at most. [PlainKeys] logs it as it is,
// [HashedKeys] a name that tells keys apart. With nil, as by default, it is
// left out: keys are often names of people or devices. show is called from
// several goroutines at once.
func WithLogKeys(show func(key []byte) string) Option {
	return func(c *config) { c.logKeys = show }
}

// PlainKeys is for [WithLogKeys]: partition keys as they are.
func PlainKeys(key []byte) string { return string(key) }

// HashedKeys is for [WithLogKeys]: "sha256:" and the first 16 hexadecimal
// digits of the key's SHA-256, or with a secret "hmac-sha256:" and those of its
// HMAC-SHA-256. A key always has the same name, so lines can be compared, and
// whoever knows a key can look for it. Without a secret, anybody who has the
// log can find out whether a key is in it.
func HashedKeys(secret []byte) func(key []byte) string {
	return func(key []byte) string {
		var h hash.Hash
		kind := "sha256:"
		if h = sha256.New(); len(secret) > 0 {
			h, kind = hmac.New(sha256.New, secret), "hmac-sha256:"
		}
		h.Write(key)
		return kind + hex.EncodeToString(h.Sum(nil)[:8])
	}
}

const (
	defaultLogLimit = 5
	maxLogText      = 1 << 10 // bytes of an error's text, or of a key
	maxLogNumber    = 64      // bytes of a sequence number, which may be anything if Lambda has not written it
)

// kind is what a line about a record says of it.
type kind uint8

const (
	recordFailed kind = iota
	recordSkipped
	recordGivenUp
	recordPanicked
	kinds
)

var kindOf = [kinds]struct {
	level         slog.Level
	message, name string // the name is that in a sum
}{
	{slog.LevelError, "record failed", "failed"},
	{slog.LevelWarn, "record skipped", "skipped"},
	{slog.LevelWarn, "poison record given up", "givenUp"},
	{slog.LevelError, "handler panicked", "panicked"},
}

// causes are the reasons why a record is bad, with their names in a sum.
// ErrDecode comes first: errors.Is finds it before it looks into an error of
// the user's, whose methods must not run under the lock.
var causes = [...]struct {
	err  error
	name string
}{
	{decoder.ErrDecode, "decode"},
	{decoder.ErrBase64, "base64"},
	{decoder.ErrCompressed, "compressed"},
	{decoder.ErrAggregate, "aggregate"},
	{decoder.ErrTooLarge, "tooLarge"},
	{decoder.ErrDuplicate, "duplicate"},
	{decoder.ErrMissing, "missing"},
	{decoder.ErrType, "type"},
	{nil, "bad"},     // for another reason
	{nil, "handler"}, // the record is sound, but its handler returned an error
}

func causeOf(flaw error) int {
	if flaw == nil {
		return len(causes) - 1
	}
	n := 0
	for causes[n].err != nil && !errors.Is(flaw, causes[n].err) {
		n++
	}
	return n
}

// recordLines counts what an invocation has logged of records, and sums up what
// it has not. It does its own locking, and never holds the lock while the
// logger is called.
type recordLines struct {
	mu             sync.Mutex
	asked, enabled [2]bool // whether the logger was asked if it wants warnings and errors, and what it said
	*logged                // nil where nothing was to be logged
}

// logged is what recordLines holds if there is anything to log.
type logged struct {
	source  *decoder.Source // of the first record
	sourced bool            // whether a line names it
	advised bool            // whether one says what becomes of a bad record
	lines   [kinds]int      // how many there are of each kind

	more        int                     // how many there would be beside them
	count       [kinds][len(causes)]int // those, by kind and cause
	level       slog.Level              // the highest of theirs
	first, last struct {                // of the records that they are about
		at  position
		rec loggedRecord
	}
}

// loggedRecord is what tells which record is meant.
type loggedRecord struct {
	index, sub int
	aggregated bool
	number     []byte // its sequence number, in memory of its own
}

// known reports whether the logger wants lines of that level, if it was asked.
func (l *recordLines) known(level slog.Level) (enabled, asked bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := levelIndex(level)
	return l.enabled[n], l.asked[n]
}

// learn notes whether the logger wants lines of that level.
func (l *recordLines) learn(level slog.Level, enabled bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := levelIndex(level)
	l.asked[n], l.enabled[n] = true, enabled
	if enabled && l.logged == nil {
		l.logged = new(logged)
	}
}

func levelIndex(level slog.Level) int {
	if level >= slog.LevelError {
		return 1
	}
	return 0
}

// admit reports whether a record gets a line of its own, and returns the source
// that the line is to name. A record without a line is added to the sum. A line
// with advice may exceed the limit.
func (l *recordLines) admit(
	k kind, rec *decoder.Record, flaw error, limit int, advise bool,
) (source *decoder.Source, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if rec != nil && l.source == nil {
		l.source = rec.Source
	}
	if rec != nil && l.lines[k] >= limit && !advise { //mutant:each-record-has-a-line-in-the-log
		l.addUp(k, rec, flaw)
		return nil, false
	}
	l.lines[k]++
	l.advised = l.advised || advise
	return l.sourceOnce(), true
}

// isAdvised reports whether a line has given advice on a bad record.
func (l *recordLines) isAdvised() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.advised
}

// wanted reports whether the logger wants lines of that level. The logger is
// asked once for each level of an invocation, or once more for each goroutine
// that asks at the same time.
func (inv *invocation) wanted(level slog.Level) bool {
	enabled, asked := inv.lines.known(level)
	if !asked {
		inv.callLogger(func() { enabled = inv.log().Enabled(inv.ctx, level) })
		inv.lines.learn(level, enabled)
	}
	return enabled
}

// logRecord logs what has become of a record, or adds it up. rec is nil where a
// call was about none; flaw is why it is a bad one.
func (inv *invocation) logRecord(k kind, rec *decoder.Record, flaw, err error, failures int) {
	level := kindOf[k].level
	if !inv.wanted(level) {
		return
	}
	advise := k == recordFailed && flaw != nil && !inv.lines.isAdvised() && inv.isNewlyBad(rec)
	source, ok := inv.lines.admit(k, rec, flaw, inv.logLimit, advise)
	if !ok {
		return
	}
	inv.callLogger(func() {
		attrs := make([]slog.Attr, 0, 6)
		index := -1
		if rec != nil {
			index = rec.Index
			attrs = append(attrs, inv.recordAttr(rec))
		}
		attrs = append(attrs, slog.Any("error", &logError{err, index}))
		switch k {
		case recordGivenUp:
			attrs = append(attrs, slog.Int("failures", failures))
		case recordPanicked:
			attrs = append(attrs, slog.String("stack", string(err.(*PanicError).Stack)))
		}
		if advise {
			attrs = append(attrs, slog.String("advice", badAdvice))
		}
		if source != nil {
			attrs = append(attrs, sourceAttr(source))
		}
		inv.log().LogAttrs(inv.ctx, level, kindOf[k].message, attrs...)
	})
}

// logMore logs the sum of what has no line.
func (inv *invocation) logMore() {
	level, attrs := inv.lines.sum()
	if attrs != nil {
		inv.logLine(inv.caller, level, "more records", attrs...)
	}
}

// sum returns a line about the records that have none, nil if there are none.
func (l *recordLines) sum() (level slog.Level, attrs []slog.Attr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.logged == nil || l.more == 0 {
		return 0, nil
	}
	attrs = []slog.Attr{slog.Int("records", l.more)}
	for k, counts := range l.count {
		var why []slog.Attr
		for n, count := range counts {
			if count > 0 {
				why = append(why, slog.Int(causes[n].name, count))
			}
		}
		if why != nil {
			attrs = append(attrs, slog.GroupAttrs(kindOf[k].name, why...))
		}
	}
	attrs = append(attrs,
		slog.GroupAttrs("first", l.first.rec.attrs()...),
		slog.GroupAttrs("last", l.last.rec.attrs()...))
	if source := l.sourceOnce(); source != nil {
		attrs = append(attrs, sourceAttr(source))
	}
	return l.level, attrs
}

// logInvocation logs what went wrong with an invocation as a whole. named is
// whether the answer names a record.
func (inv *invocation) logInvocation(named bool) {
	p := &inv.progress
	if p.limited != nil && named { // else the event is broken there, or the error says it
		inv.logLine(inv.caller, slog.LevelWarn, "event read in part", slog.Any("error", p.limited))
	}
	if (p.outOfTime || p.abandoned) && named && p.pending > 0 && p.pending.index() == 0 {
		inv.logLine(inv.caller, slog.LevelError,
			"no progress: the time is too short for the first record, an aggregate, which comes again as a whole",
			slog.Int("fromSubSequenceNumber", p.pending.sub()))
	}
	switch {
	case p.abandoned:
		err := errStraggler
		if p.pending != beyond {
			err = fmt.Errorf("record %d: %w", p.pending.index(), err)
		}
		inv.logLine(inv.caller, slog.LevelError, "handler call abandoned", slog.Any("error", err))
	case p.outOfTime && !p.started && p.unread != beyond && p.limited == nil:
		inv.logLine(inv.caller, slog.LevelError, "nothing was started: reading the event took all the time",
			slog.Int("unreadFromIndex", p.unread.index()), slog.Duration("margin", inv.guarded))
	case p.outOfTime && !p.started:
		inv.logLine(inv.caller, slog.LevelError, "nothing was started: the margin before the deadline leaves no time",
			slog.Duration("margin", inv.guarded))
	}
}

// addUp counts a record that gets no line.
func (l *logged) addUp(k kind, rec *decoder.Record, flaw error) {
	at := positionOf(rec)
	if l.more == 0 || at < l.first.at {
		l.first.at = at
		l.first.rec.set(rec)
	}
	if l.more == 0 || at > l.last.at {
		l.last.at = at
		l.last.rec.set(rec)
	}
	l.more++
	l.count[k][causeOf(flaw)]++
	l.level = max(l.level, kindOf[k].level)
}

// sourceOnce is the source of the first record, for the first line that is
// about one.
func (l *logged) sourceOnce() *decoder.Source {
	if l.sourced || l.source == nil {
		return nil
	}
	l.sourced = true
	return l.source
}

func (r *loggedRecord) set(rec *decoder.Record) {
	r.index, r.sub, r.aggregated = rec.Index, rec.SubSequenceNumber, rec.Aggregated
	r.number = append(r.number[:0], rec.SequenceNumber[:min(len(rec.SequenceNumber), maxLogNumber)]...)
}

func (r *loggedRecord) attrs() []slog.Attr {
	attrs := make([]slog.Attr, 2, 4)
	attrs[0], attrs[1] = slog.Int("index", r.index), slog.String("sequenceNumber", string(r.number))
	if r.aggregated {
		attrs = append(attrs, slog.Int("subSequenceNumber", r.sub))
	}
	return attrs
}

// recordAttr names a record. It calls user code.
func (c *config) recordAttr(rec *decoder.Record) slog.Attr {
	var r loggedRecord
	r.set(rec)
	attrs := r.attrs()
	if c.logKeys != nil {
		var key string
		if err := recovered(func() error { key = c.logKeys(rec.PartitionKey); return nil }); err != nil {
			key = err.Error()
		}
		attrs = append(attrs, slog.String("partitionKey", cut(key, maxLogText)))
	}
	return slog.GroupAttrs("record", attrs...)
}

func sourceAttr(s *decoder.Source) slog.Attr {
	return slog.GroupAttrs("source",
		slog.String("eventSourceARN", cut(s.EventSourceARN, maxLogText)),
		slog.String("shardId", cut(s.ShardID, maxLogText)))
}

// logError is an error in a line that names its record: its text does not
// repeat that, and its length has a limit.
type logError struct {
	err   error
	index int // of the record
}

func (e *logError) Unwrap() error { return e.err }

func (e *logError) Error() string {
	err := bare(e.err)
	if d, ok := err.(*decoder.Error); ok && d != nil && d.Index == e.index {
		unnamed := *d
		unnamed.Index = -1
		return cut(strings.TrimPrefix(unnamed.Error(), "kinesis event: "), maxLogText)
	}
	return cut(err.Error(), maxLogText)
}

// cut shortens a text to at most that many bytes, followed by "...".
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "..."
}

// badAdvice is logged with a bad record if no option says what becomes of it.
const badAdvice = "Lambda delivers this record again and again, and its shard lane waits, until the record " +
	"is older than the mapping's MaximumRecordAgeInSeconds or has used up its MaximumRetryAttempts. " +
	"To go on without bad records, say so: router.WithOnBad(router.SkipBad), or a function of yours " +
	"that puts them into a dead-letter queue and returns router.Skip(err)."

// maxAdvised is how many bad records with advice are remembered.
const maxAdvised = 1024

// isNewlyBad reports whether advice is due on a bad record, which is the case
// once.
func (inv *invocation) isNewlyBad(rec *decoder.Record) bool {
	if inv.advised == nil {
		return false
	}
	key := appendIdentity(nil, rec)
	_, known := inv.advised.get(key)
	if !known {
		inv.advised.put(key, struct{}{})
	}
	return !known
}

func (c *config) log() *slog.Logger {
	if c.logger != nil {
		return c.logger
	}
	return lambdalog.Default()
}

// logLine logs a line that is not about a record, after the work.
func (c *config) logLine(ctx context.Context, level slog.Level, message string, attrs ...slog.Attr) {
	_ = recovered(func() error {
		c.log().LogAttrs(ctx, level, message, attrs...)
		return nil
	})
}
