package router_test

import (
	"context"
	"crypto/md5"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

// This file is about KPL aggregates: grouping by the inner key, and answers
// that can only name the whole aggregate.

// aggregate packs user records with those keys, a letter each, into an
// aggregate. The data of each is the JSON number start, start+1, …. A "?"
// behind a letter makes its data no JSON, a "!" gives it a key index outside of
// the table.
func aggregate(start int, letters string) []byte {
	var keys, records []byte
	n := 0
	for i := 0; i < len(letters); i++ {
		keys = protowire.AppendTag(keys, 1, protowire.BytesType)
		keys = protowire.AppendString(keys, letters[i:i+1])
		index, text := uint64(n), strconv.Itoa(start+n)
		if i+1 < len(letters) && letters[i+1] == '!' {
			index = 99
			i++
		} else if i+1 < len(letters) && letters[i+1] == '?' {
			text = "no JSON"
			i++
		}
		n++
		var rec []byte
		rec = protowire.AppendTag(rec, 1, protowire.VarintType)
		rec = protowire.AppendVarint(rec, index)
		rec = protowire.AppendTag(rec, 3, protowire.BytesType)
		rec = protowire.AppendString(rec, text)
		records = protowire.AppendTag(records, 3, protowire.BytesType)
		records = protowire.AppendBytes(records, rec)
	}
	message := append(keys, records...)
	sum := md5.Sum(message)
	return slices.Concat([]byte{0xF3, 0x89, 0x9A, 0xC2}, message, sum[:])
}

// aggregates makes an event out of words: one letter is a plain record, more
// are an aggregate with those user records. The sequence numbers are those of
// event.
func aggregates(words ...string) []byte {
	recs := make([]decoder.Record, len(words))
	for i, word := range words {
		recs[i] = decoder.Record{
			PartitionKey: []byte("a"), SequenceNumber: []byte(numberOf(i)),
			ApproximateArrivalTimestamp: time.Unix(1600000000, 0),
		}
		if len(word) == 1 {
			recs[i].PartitionKey, recs[i].Data = []byte(word), []byte(strconv.Itoa(100*i))
		} else {
			recs[i].Data = aggregate(100*i, word)
		}
	}
	return routertest.EventOf(recs...)
}

func deaggregate() router.Option { return router.WithDecoder(decoder.Decoder{Deaggregate: true}) }

// placeOf is a record's index, with its subsequence number where it is a user
// record.
func placeOf(rec *decoder.Record) string {
	if rec.Aggregated {
		return fmt.Sprintf("%d.%d", rec.Index, rec.SubSequenceNumber)
	}
	return strconv.Itoa(rec.Index)
}

// TestAggregates: what is not done of an aggregate names it, whichever of its
// user records that is.
func TestAggregates(t *testing.T) {
	words := []string{"a", "aaa", "a", "aa"}
	for _, c := range []struct {
		name  string
		place string // of the error
		err   error
		first int
		each  string
		slice string
	}{
		{"none", "", nil, none, "0 1.0 1.1 1.2 2 3.0 3.1", "0,1.0,1.1,1.2,2,3.0,3.1"},
		{"the first user record", "1.0", errBoom, 1, "0 1.0", "0,1.0,1.1,1.2,2,3.0,3.1"},
		{"one in the middle", "1.1", errBoom, 1, "0 1.0 1.1", "0,1.0,1.1,1.2,2,3.0,3.1"},
		{"the last user record", "1.2", errBoom, 1, "0 1.0 1.1 1.2", "0,1.0,1.1,1.2,2,3.0,3.1"},
		{"the last of all", "3.1", errBoom, 3, "0 1.0 1.1 1.2 2 3.0 3.1", "0,1.0,1.1,1.2,2,3.0,3.1"},
		{"a plain one behind it", "2", errBoom, 2, "0 1.0 1.1 1.2 2", "0,1.0,1.1,1.2,2,3.0,3.1"},
		{"Skip", "1.1", skip, none, "0 1.0 1.1 1.2 2 3.0 3.1", "0,1.0,1.1,1.2,2,3.0,3.1 1.2,2,3.0,3.1"},
	} {
		for _, s := range shapes(single, sliced) {
			t.Run(c.name+"/"+s.name, func(t *testing.T) {
				var calls []string
				h := s.handler(func(recs []*decoder.Record) error {
					var places []string
					var err error
					for _, rec := range recs {
						places = append(places, placeOf(rec))
						if placeOf(rec) == c.place {
							err = router.At(rec, c.err)
						}
					}
					calls = append(calls, strings.Join(places, ","))
					return err
				})
				answer, err := router.New(h, quiet(), deaggregate()).Invoke(t.Context(), aggregates(words...))
				if c.first == none {
					answers(t, answer, err, allDone)
				} else {
					answers(t, answer, err, answerFrom(c.first))
				}
				want := c.slice
				if isSingle(s) {
					want = c.each
				}
				if got := strings.Join(calls, " "); got != want {
					t.Errorf("calls %s, want %s", got, want)
				}
			})
		}
	}
}

// TestAggregatesByKey: user records are grouped by their own key, across
// aggregates; a failure of one key leaves those of others before it done, and
// comes again with them.
func TestAggregatesByKey(t *testing.T) {
	var calls []string
	h := router.Partition(func(_ context.Context, key []byte, recs []decoder.Record) error {
		var places []string
		var err error
		for i := range recs {
			places = append(places, placeOf(&recs[i]))
			if placeOf(&recs[i]) == "1.2" {
				err = router.At(&recs[i], errBoom)
			}
		}
		calls = append(calls, string(key)+":"+strings.Join(places, ","))
		return err
	})
	r := router.New(h, quiet(), deaggregate(), router.WithWorkers(1))
	answer, err := r.Invoke(t.Context(), aggregates("a", "bcab", "c", "bb"))
	answers(t, answer, err, answerFrom(1))
	// a, whose first record is the lowest, fails first; b and c get only their
	// records before that.
	if got, want := strings.Join(calls, " "), "a:0,1.2 b:1.0 c:1.1"; got != want {
		t.Errorf("calls %s, want %s", got, want)
	}
}

// TestBadUserRecords: a user record that is bad does not take the others with
// it, and names the aggregate.
func TestBadUserRecords(t *testing.T) {
	for _, s := range shapes(single, sliced) {
		for _, c := range []struct {
			onBad func(error) error
			first int
		}{{router.Skip, none}, {router.Retry, 1}} {
			var j journal
			got := map[string]bool{}
			h := s.handler(func(recs []*decoder.Record) error {
				for _, rec := range recs {
					got[placeOf(rec)] = true
				}
				return nil
			})
			answer, err := router.New(h, quiet(), deaggregate(), j.onBad(c.onBad)).Invoke(t.Context(),
				aggregates("a", "aa!a", "a"))
			if c.first == none {
				answers(t, answer, err, allDone)
				if len(got) != 4 || got["1.1"] {
					t.Errorf("%s: got %v", s.name, got)
				}
			} else {
				answers(t, answer, err, answerFrom(c.first))
				// Its key is not known, so in a Partition it holds back no
				// other.
				if keyed := strings.Contains(s.name, "Partition"); !keyed && (!got["1.0"] || got["1.2"] || got["2"]) {
					t.Errorf("%s: got %v", s.name, got)
				}
			}
			j.got(t, "[bad 1]")
		}
	}
}

// TestAggregatesWithDeadline: the guard names the aggregate too.
func TestAggregatesWithDeadline(t *testing.T) {
	for _, s := range contextShapes {
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		h := s.handler(func(context.Context, int) error {
			if calls++; calls == 3 {
				cancel()
			}
			return nil
		})
		answer, err := router.New(h, append(oneByOneOptions(), deaggregate())...).Invoke(ctx,
			aggregates("a", "aaaa", "a"))
		if s.name == "ByTime" { // all in one call
			answers(t, answer, err, allDone)
			continue
		}
		answers(t, answer, err, answerFrom(1))
	}
	h := router.TypedPartition(json.Unmarshal, func(context.Context, []byte, []router.Item[int]) error { return nil })
	answer, err := router.New(h, quiet(), deaggregate()).Invoke(t.Context(), aggregates("a", "bc?b", "c"))
	answers(t, answer, err, answerFrom(1))
}
