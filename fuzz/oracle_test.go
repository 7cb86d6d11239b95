package fuzz

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/sluice/decoder"
)

// This file is the oracle: it says what an event should give, from the grammar
// as the documentation has it and with encoding/json, encoding/base64 and
// math/big. It shares nothing with the decoder and is in no hurry.

// expected is what a record should be. Where it is bad, flaws are what may be
// said about it: the first of them that is found.
type expected struct {
	flaws                   []flaw
	key, sequence, data, id []byte
	at                      time.Time
	source                  decoder.Source
	place                   span
	unlearned               bool // it teaches no template: twins, escaped names, or too much text
}

// flaw is something wrong with a record: the error, the member, and between
// which offsets it is.
type flaw struct {
	field    string
	err      error
	from, to int
}

// verdict is what an event should give.
type verdict struct {
	event   []byte
	records []expected
	ends    []error // what may be said about a broken event, behind its records; none: it is whole
	outer   map[string]span

	elementsSeen int // of Records, the insides aside

	skim                bool // the insides of records do not matter
	skipData            bool
	maxData, maxRecords int
}

// judge says what an event should give.
func judge(s *shot) *verdict {
	v := &verdict{
		event: s.event, maxData: s.MaxData, maxRecords: s.MaxRecords, skim: s.via == viaWindow,
		skipData: s.via == viaSource,
	}
	if v.maxData <= 0 {
		v.maxData = 10 << 20
	}
	if v.maxRecords <= 0 {
		v.maxRecords = 1 << 18
	}
	b := v.event
	i := space(b, 0)
	switch at(b, i) {
	case '[':
		if i = v.elements(i+1, 1); i >= 0 {
			v.trailing(i)
		}
	case '{':
		v.members(i + 1)
	default:
		if v.ends = []error{decoder.ErrSyntax}; json.Valid(b) {
			v.ends = []error{decoder.ErrNotKinesis}
		}
	}
	return v
}

// end breaks the event off; -1 is for its callers to return.
func (v *verdict) end(err ...error) int {
	v.ends = err
	return -1
}

func (v *verdict) trailing(i int) bool {
	if i = space(v.event, i); i < len(v.event) {
		v.end(decoder.ErrSyntax)
		return false
	}
	return true
}

// value returns where the value at i ends; depth is how many containers are
// open around it.
func (v *verdict) value(i, depth int) int {
	end := extent(v.event, i)
	text := v.event[i:end]
	deep, valid := nesting(text)+depth > 300, json.Valid(text)
	switch {
	case deep && valid:
		return v.end(decoder.ErrTooLarge)
	case deep:
		return v.end(decoder.ErrTooLarge, decoder.ErrSyntax)
	case !valid:
		return v.end(decoder.ErrSyntax)
	}
	return end
}

// members reads the members of the event.
func (v *verdict) members(i int) {
	b := v.event
	v.outer = map[string]span{}
	entered, seen := false, false
	if i = space(b, i); at(b, i) == '}' {
		i++
	} else {
		for more := true; more; i++ {
			i = space(b, i)
			nameEnd := extent(b, i)
			if at(b, i) != '"' || !json.Valid(b[i:nameEnd]) || at(b, space(b, nameEnd)) != ':' {
				v.end(decoder.ErrSyntax)
				return
			}
			name := string(unquoted(b[i:nameEnd]))
			i = space(b, space(b, nameEnd)+1)
			if name == "Records" && seen {
				v.end(decoder.ErrDuplicate)
				return
			}
			seen = seen || name == "Records"
			if name == "Records" && at(b, i) == '[' {
				entered = true
				i = v.elements(i+1, 2)
			} else {
				i = v.member(name, i)
			}
			if i < 0 {
				return
			}
			if i = space(b, i); at(b, i) != ',' && at(b, i) != '}' {
				v.end(decoder.ErrSyntax)
				return
			}
			more = b[i] == ','
		}
	}
	if v.trailing(i) && v.elementsSeen == 0 {
		v.noRecords(entered)
	}
}

// member reads a member of the event that is no array of records.
func (v *verdict) member(name string, i int) int {
	end := v.value(i, 1)
	if end < 0 || v.event[i] == 'n' {
		return end
	}
	if name == "Records" {
		return v.end(decoder.ErrNotKinesis)
	}
	v.outer[name] = span{i, end}
	return end
}

// noRecords judges an event without records, of which only a window may lack
// the array.
func (v *verdict) noRecords(entered bool) {
	arn, named := v.outer["eventSourceARN"]
	if !entered && !v.has("window", "isFinalInvokeForWindow", "isWindowTerminatedEarly") ||
		named && !bytes.Contains(v.event[arn.start:arn.end], []byte(":kinesis:")) {
		v.end(decoder.ErrNotKinesis)
	}
}

func (v *verdict) has(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { _, ok := v.outer[name]; return ok })
}

// elements reads the array of records, of which i is the inside.
func (v *verdict) elements(i, depth int) int {
	b := v.event
	if i = space(b, i); at(b, i) == ']' {
		return i + 1
	}
	for index := 0; ; index++ {
		if index >= v.maxRecords && !v.skim {
			return v.end(decoder.ErrTooLarge)
		}
		end := v.value(i, depth)
		v.elementsSeen++
		if end < 0 || !v.skim && !v.element(i, end) {
			return -1
		}
		switch i = space(b, end); at(b, i) {
		case ']':
			return i + 1
		case ',':
			i = space(b, i+1)
		default:
			return v.end(decoder.ErrSyntax)
		}
	}
}

// element judges a record. It reports false where the event is not from
// Kinesis.
func (v *verdict) element(start, end int) bool {
	e := expected{place: span{start, end}}
	if v.event[start] != '{' {
		e.flaw("", decoder.ErrType, start, start)
		if len(v.records) == 0 {
			v.end(decoder.ErrNotKinesis)
			return false
		}
		v.records = append(v.records, e)
		return true
	}
	r := reader{verdict: v, expected: &e}
	r.collect()
	if !r.fromKinesis() {
		if len(v.records) == 0 {
			v.end(decoder.ErrNotKinesis)
			return false
		}
		e.flaw("eventSource", decoder.ErrNotKinesis, start, end)
	}
	r.read()
	literal := end - start
	for _, name := range []string{"sequenceNumber", "partitionKey", "data", "approximateArrivalTimestamp"} {
		value, _ := r.get(name)
		literal -= value.end - value.start
	}
	e.unlearned = e.unlearned || literal-len(e.sequence) > 4<<10
	v.records = append(v.records, e)
	return true
}

func (e *expected) flaw(field string, err error, from, to int) {
	e.flaws = append(e.flaws, flaw{field, err, from, to})
}

// reader reads one record.
type reader struct {
	*verdict
	*expected
	kinesis      span
	times        int // how often there is a member "kinesis"
	outer, inner map[string]span
}

// collect finds the members: the last of duplicates wins, and null is absent.
func (r *reader) collect() {
	r.outer, r.inner = map[string]span{}, map[string]span{}
	seen := map[string]bool{}
	each(r.event, r.place.start, func(name []byte, escaped bool, value span) {
		null := r.event[value.start] == 'n'
		r.twin(seen, fieldNames, name, escaped)
		if string(name) == "kinesis" {
			r.times++
			if !null {
				r.kinesis = value
			}
		} else if !null {
			r.outer[string(name)] = value
		}
	})
	if r.kinesis.end > 0 && r.event[r.kinesis.start] == '{' {
		seen := map[string]bool{}
		each(r.event, r.kinesis.start, func(name []byte, escaped bool, value span) {
			r.twin(seen, innerNames, name, escaped)
			if r.event[value.start] != 'n' {
				r.inner[string(name)] = value
			}
		})
	}
}

// twin notes what keeps a record from teaching a template: a member that
// matters stands twice, or a name with an escape.
func (r *reader) twin(seen map[string]bool, known []string, name []byte, escaped bool) {
	r.unlearned = r.unlearned || escaped || seen[string(name)] && slices.Contains(known, string(name))
	seen[string(name)] = true
}

// innerNames are the members that stand in "kinesis" where there is one.
var innerNames = []string{
	"sequenceNumber", "partitionKey", "data", "approximateArrivalTimestamp",
	"kinesisSchemaVersion", "encryptionType",
}

// get finds a member: some stand in "kinesis" where there is one.
func (r *reader) get(name string) (span, bool) {
	from := r.outer
	if r.kinesis.end > 0 && slices.Contains(innerNames, name) {
		from = r.inner
	}
	value, ok := from[name]
	return value, ok
}

// text returns a member that should be a string, nil where it is absent or
// none.
func (r *reader) text(name string) []byte {
	value, ok := r.get(name)
	if !ok {
		return nil
	}
	if r.event[value.start] != '"' {
		r.flaw(name, decoder.ErrType, value.start, value.start)
		return nil
	}
	return unquoted(r.event[value.start:value.end])
}

// fromKinesis is whether the record's event source says so or, where it is
// absent, it has what such a record has.
func (r *reader) fromKinesis() bool {
	if source, ok := r.outer["eventSource"]; ok && r.event[source.start] == '"' {
		return string(unquoted(r.event[source.start:source.end])) == "aws:kinesis"
	}
	has := func(name string) bool { _, ok := r.outer[name]; return ok }
	return r.times > 0 || has("sequenceNumber") || has("partitionKey") || has("data")
}

func (r *reader) read() {
	if r.times > 1 {
		r.flaw("kinesis", decoder.ErrDuplicate, r.place.start, r.place.end)
	} else if r.kinesis.end > 0 && r.event[r.kinesis.start] != '{' {
		r.flaw("kinesis", decoder.ErrType, r.kinesis.start, r.kinesis.start)
	}
	r.sequence, r.key, r.id = r.text("sequenceNumber"), r.text("partitionKey"), r.text("eventID")
	r.arrival()
	arn, id := string(r.text("eventSourceARN")), string(r.id)
	shard, _, colon := strings.Cut(id, ":")
	if !colon {
		shard = ""
	}
	r.source = decoder.Source{
		KinesisSchemaVersion: string(r.text("kinesisSchemaVersion")), EncryptionType: string(r.text("encryptionType")),
		EventSource: string(r.text("eventSource")), EventVersion: string(r.text("eventVersion")),
		EventName:      string(r.text("eventName")),
		EventSourceARN: arn, InvokeIdentityARN: string(r.text("invokeIdentityArn")),
		AWSRegion: string(r.text("awsRegion")),
		ShardID:   shard, StreamName: streamOf(arn),
	}
	for _, name := range []string{"sequenceNumber", "partitionKey", "data"} {
		if _, ok := r.get(name); !ok {
			r.flaw(name, decoder.ErrMissing, r.place.start, r.place.start)
		}
	}
	if !r.skipData {
		r.readData()
	}
}

var streamARN = regexp.MustCompile(`(?s)^arn:[^:]*:kinesis:[^:]*:[^:]*:stream/([^/]*)(/consumer/.+)?$`)

func streamOf(arn string) string {
	if m := streamARN.FindStringSubmatch(arn); m != nil {
		return m[1]
	}
	return ""
}

func (r *reader) readData() {
	value, _ := r.get("data")
	text := r.text("data")
	if text == nil {
		return
	}
	decoded, err := base64.StdEncoding.DecodeString(string(text))
	r.data = decoded
	var corrupt base64.CorruptInputError
	if errors.As(err, &corrupt) {
		from, to := value.start+1+int(corrupt), value.start+1+int(corrupt)
		if bytes.IndexByte(r.event[value.start:value.end], '\\') >= 0 {
			from, to = value.start+1, value.end-1
		}
		r.flaw("data", decoder.ErrBase64, from, to)
		r.data = text
	}
	if len(decoded) > r.maxData || err != nil && len(text)/4*3 > r.maxData {
		r.flaw("data", decoder.ErrTooLarge, value.start, value.start)
		r.data = text
	}
}

// arrival reads the arrival time.
func (r *reader) arrival() {
	const name = "approximateArrivalTimestamp"
	value, ok := r.get(name)
	if !ok {
		return
	}
	text := r.event[value.start:value.end]
	switch text[0] {
	case '"':
		text = unquoted(text)
	case '{', '[', 't', 'f':
		r.flaw(name, decoder.ErrType, value.start, value.start)
		return
	}
	if r.at, ok = seconds(string(text)); !ok {
		r.flaw(name, decoder.ErrType, value.start, value.start)
	}
}

// seconds reads a number of seconds since the epoch, cut off behind the
// nanosecond.
func seconds(text string) (time.Time, bool) {
	if !json.Valid([]byte(text)) || strings.Trim(text, "-+.eE0123456789") != "" {
		return time.Time{}, false
	}
	mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	if exponent != "" {
		zero := strings.Trim(mantissa, "-.0") == ""
		n, err := strconv.Atoi(exponent)
		huge := err != nil || max(n, -n) > 400+len(mantissa)
		if zero || huge && exponent[0] == '-' {
			return time.Unix(0, 0).UTC(), true
		}
		if huge {
			return time.Time{}, false
		}
	}
	value, ok := new(big.Rat).SetString(text)
	if !ok {
		return time.Time{}, false
	}
	value.Mul(value, big.NewRat(1e9, 1))
	nanos := new(big.Int).Quo(value.Num(), value.Denom()) // towards zero
	sec, nsec := new(big.Int).QuoRem(nanos, big.NewInt(1e9), new(big.Int))
	year10000 := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	if sec.CmpAbs(big.NewInt(year10000)) >= 0 {
		return time.Time{}, false
	}
	return time.Unix(sec.Int64(), nsec.Int64()).UTC(), true
}
