package router_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
)

// This file is about events of EventBridge Pipes: bare arrays of flat records,
// which an answer names by their event ids.

// pipeEvent is the event of these letters as a pipe sends it.
func pipeEvent(letters string) []byte { return piped(event(letters)) }

// piped is an event of the mapping as a pipe sends it.
func piped(event []byte) []byte {
	flat := strings.NewReplacer(`{"Records":[`, `[`, `]}`, `]`, `{"kinesis":{`, `{`, `},"eventSource"`,
		`,"eventSource"`)
	return []byte(flat.Replace(string(event)))
}

const pipeShard = "shardId-000000000006:"

// answerFromID is the answer that names the record with that index by its event
// id.
func answerFromID(index int) string {
	return `{"batchItemFailures":[{"itemIdentifier":"` + pipeShard + numberOf(index) + `"}]}`
}

// spaced is the event with spaces, in which no record is like the one before:
// the strict reader's.
func spaced(event []byte) []byte {
	return []byte(" \n" + strings.Replace(string(event), `,"data"`, ` ,"data"`, 1) + "\t")
}

// TestPipes: every outcome of every shape, through both readers.
func TestPipes(t *testing.T) {
	for _, c := range []struct {
		name, letters string
		react         reaction
		opts          []router.Option
		first         int
	}{
		{"done", "aaa", always(nil), nil, none},
		{"no records", "", always(nil), nil, none},
		{"the first fails", "aaa", at(0, errBoom), nil, 0},
		{"one fails", "aaa", at(1, errBoom), nil, 1},
		{"the last fails", "aaa", at(2, router.Retry(errBoom)), nil, 2},
		{"one is skipped", "aaa", at(1, skip), nil, none},
		{"a panic", "aaa", func([]*decoder.Record) error { panic("at the disco") }, nil, 0},
		{"a bad record", "aa!a", always(nil), nil, 1},
		{"a bad record without a sequence number", "aa-a", always(nil), nil, 1},
		{"a failure whose sequence number is not decimal", "aa~a", at(1, errBoom), nil, 1},
		{"a bad record is skipped", "aa!a", always(nil), []router.Option{router.WithOnBad(router.SkipBad)}, none},
		{"nothing is started", "aaa", always(nil), []router.Option{router.WithMargin(2 * time.Hour)}, 0},
	} {
		for _, s := range shapes(single, sliced) {
			t.Run(c.name+"/"+s.name, func(t *testing.T) {
				want := allDone
				if c.first != none {
					want = answerFromID(c.first)
				}
				ctx := t.Context()
				if c.name == "nothing is started" {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, time.Hour)
					defer cancel()
				}
				for _, e := range [][]byte{pipeEvent(c.letters), spaced(pipeEvent(c.letters))} {
					var got router.Stats
					opts := append(oneByOneOptions(), quiet(), router.WithStats(func(_ context.Context,
						s router.Stats,
					) {
						got = s
					}))
					answer, err := router.New(s.handler(c.react), append(opts, c.opts...)...).Invoke(ctx, e)
					answers(t, answer, err, want)
					if checkpoint := strings.TrimPrefix(got.Checkpoint, pipeShard); c.first != none &&
						checkpoint != numberOf(c.first) || c.first == none && checkpoint != "" {
						t.Errorf("the checkpoint is %q", got.Checkpoint)
					}
				}
				// The same records from the mapping, which knows sequence
				// numbers.
				if !strings.ContainsAny(c.letters, "-~") {
					if c.first != none {
						want = answerFrom(c.first)
					}
					answer, err := router.New(s.handler(c.react),
						append(oneByOneOptions(), append(c.opts, quiet())...)...).Invoke(ctx, event(c.letters))
					answers(t, answer, err, want)
				}
			})
		}
	}
}

// TestPipesFails: what a pipe would not know fails the invocation, as does what
// fails it in any event.
func TestPipesFails(t *testing.T) {
	id := `"eventID":"` + pipeShard + numberOf(1) + `",`
	with := func(member string) []byte { return []byte(strings.Replace(string(pipeEvent("aaa")), id, member, 1)) }
	for _, c := range []struct {
		name  string
		event []byte
		react reaction
		opt   router.Option
		says  string
	}{
		{"no event id", with(""), at(1, errBoom), quiet(), "record 1 is to be delivered again, but has no event id"},
		{"null", with(`"eventID":null,`), at(1, errBoom), quiet(), "no event id"},
		{"empty", with(`"eventID":"",`), at(1, errBoom), quiet(), "no event id"},
		{"no text", with(`"eventID":1,`), at(1, errBoom), quiet(), "no event id"},
		{"half of a character", with(`"eventID":"shard\ud800:1",`), at(1, errBoom), quiet(), "no valid text"},
		{"no UTF-8", with("\"eventID\":\"shard\xff:1\","), at(1, errBoom), quiet(), "no valid text"},
		{"Fail", pipeEvent("aaa"), at(1, router.Fail(errBoom)), quiet(), "boom"},
		{"whole batches", pipeEvent("aaa"), at(1, errBoom), router.WithWholeBatch(), "boom"},
		{"broken", pipeEvent("aaa")[:len(pipeEvent("aaa"))-1], always(nil), quiet(), "invalid JSON"},
		{
			"broken behind a failure", pipeEvent("aaa")[:len(pipeEvent("aaa"))-1], at(1, errBoom), quiet(),
			"invalid JSON",
		},
	} {
		for _, s := range shapes(single, sliced) {
			answer, err := router.New(s.handler(c.react),
				append(oneByOneOptions(), quiet(), c.opt)...).Invoke(t.Context(), c.event)
			fails(t, answer, err, c.says)
		}
	}
	answer, err := router.New(tumbling.handler(always(nil)), quiet()).Invoke(t.Context(), pipeEvent("a"))
	fails(t, answer, err, "not a tumbling-window event")
}

// TestPipesEventIDs: an id goes back as it came, whatever is in it; what is in
// a record beside it does not matter.
func TestPipesEventIDs(t *testing.T) {
	for written, want := range map[string]string{
		`"a b"`:                      `"a b"`,
		`"\u0041\/\"\\"`:             `"A/\"\\"`,
		`"é\n"`:                      `"é\n"`,
		`"x","state":{},"window":{}`: `"x"`,
	} {
		e := []byte(strings.Replace(string(pipeEvent("aa")), `"`+pipeShard+numberOf(1)+`"`, written, 1))
		answer, err := router.New(single[0].handler(at(1, errBoom)), quiet()).Invoke(t.Context(), e)
		answers(t, answer, err, `{"batchItemFailures":[{"itemIdentifier":`+want+`}]}`)
	}
}

// TestPipesAggregates: a user record is named by what it came in.
func TestPipesAggregates(t *testing.T) {
	e := piped(aggregates("a", "abc"))
	for _, s := range shapes(single[:1], chunked[:2]) {
		react := func(recs []*decoder.Record) error {
			for _, rec := range recs {
				if rec.SubSequenceNumber == 1 {
					return router.At(rec, errBoom)
				}
			}
			return nil
		}
		answer, err := router.New(s.handler(react), quiet(), deaggregate()).Invoke(t.Context(), e)
		answers(t, answer, err, `{"batchItemFailures":[{"itemIdentifier":"shardId-000000000000:`+numberOf(1)+`"}]}`)
	}
}

// TestPipesSamples: the sample of AWS's documentation, with each of its records
// failing.
func TestPipesSamples(t *testing.T) {
	for _, name := range []string{"pipes.json", "pipes-compact.json"} {
		e, err := os.ReadFile("../testdata/events/" + name)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for rec, err := range decoder.Records(e) {
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, string(rec.EventID))
		}
		for n, id := range ids {
			answer, err := router.New(single[0].handler(at(n, errors.New("no"))), quiet()).Invoke(t.Context(), e)
			answers(t, answer, err, `{"batchItemFailures":[{"itemIdentifier":"`+id+`"}]}`)
		}
	}
}
