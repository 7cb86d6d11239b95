package routertest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

// function is a lambda.Handler made of a func.
type function func(ctx context.Context, event []byte) ([]byte, error)

func (f function) Invoke(ctx context.Context, event []byte) ([]byte, error) { return f(ctx, event) }

// numbered returns records with the sequence numbers 1, 2, … and the same key,
// which arrive together.
func numbered(n int) []decoder.Record {
	recs := make([]decoder.Record, n)
	for i := range recs {
		recs[i] = decoder.Record{PartitionKey: []byte("k"), SequenceNumber: []byte(strconv.Itoa(i + 1))}
	}
	return recs
}

// scripted gives its answers one after the other and repeats the last:
//
//	4       with a failure of the record with that sequence number, if the event holds it
//	error   with an error
//	panic   not at all
//	{…      with this text
func scripted(words ...string) function {
	var calls atomic.Int64
	return func(_ context.Context, event []byte) ([]byte, error) {
		word := words[min(int(calls.Add(1)), len(words))-1]
		switch {
		case word == "error":
			return nil, errors.New("boom")
		case word == "panic":
			panic("boom")
		case word != "" && strings.Trim(word, "0123456789") == "":
			if !strings.Contains(string(event), `"sequenceNumber":"`+word+`"`) {
				return []byte("{}"), nil
			}
			return []byte(`{"batchItemFailures":[{"itemIdentifier":"` + word + `"}]}`), nil
		}
		return []byte(word), nil
	}
}

// lines returns the text of a Log without the shard, to keep tables short.
func lines(log *routertest.Log) string {
	return strings.ReplaceAll(log.String(), " shardId-000000000000", "")
}

// Answers that were recorded with AWS, and others that a function could give.
func TestAnswers(t *testing.T) {
	const done, failed, partial = routertest.Succeeded, routertest.Failed, routertest.Partial
	for _, c := range []struct {
		answer string
		want   routertest.Outcome
		from   int // the index of the checkpoint, if there is one
		stray  bool
	}{
		// recorded: full success
		{`""`, done, 0, false},
		{`[]`, done, 0, false},
		{`null`, done, 0, false},
		{`{}`, done, 0, false},
		{`{"batchItemFailures":[]}`, done, 0, false},
		{`{"batchItemFailures":null}`, done, 0, false},
		// recorded: full failure
		{`{"batchItemFailures":[{"itemIdentifier":""}]}`, failed, 0, false},
		{`{"batchItemFailures":[{"itemIdentifier":null}]}`, failed, 0, false},
		{`{"batchItemFailures":[{"itemIdentifier":2}]}`, failed, 0, false},
		{`{"batchItemFailures":[{"foo":"2"}]}`, failed, 0, false},
		{`{"batchItemFailures":[{"foo":null}]}`, failed, 0, false},
		// the lowest number is the checkpoint, and numbers are compared as
		// numbers
		{`{"batchItemFailures":[{"itemIdentifier":"3"}]}`, partial, 2, false},
		{`{"batchItemFailures":[{"itemIdentifier":"10"},{"itemIdentifier":"9"}]}`, partial, 8, false},
		{`{"batchItemFailures":[{"itemIdentifier":"1"}]}`, failed, 0, false},
		// believed
		{`{"batchItemFailures":[{"itemIdentifier":"77"}]}`, failed, 0, true},
		{`{"batchItemFailures":[{"itemIdentifier":"3"},{"itemIdentifier":"77"}]}`, failed, 0, true},
		{`{"batchItemFailures":[{"itemIdentifier":"3"},{}]}`, failed, 0, false},
		{`{"batchItemFailures":5}`, failed, 0, false},
		{`{"batchItemFailures":`, failed, 0, false},
		{``, done, 0, false},
		{`"a word"`, done, 0, false},
	} {
		m := routertest.Mapping{ReportBatchItemFailures: true, MaximumRetryAttempts: new(0)}
		log := m.Run(scripted(c.answer), numbered(10))
		inv := log.Invocations[0]
		if len(log.Invocations) != 1 || inv.Outcome != c.want || inv.Stray != c.stray ||
			string(inv.Response) != c.answer {
			t.Errorf("%s: %v, stray %t; want %v, %t", c.answer, inv.Outcome, inv.Stray, c.want, c.stray)
		}
		for i := range 10 {
			want := routertest.Done
			if c.want != done && i >= c.from {
				want = routertest.GivenUp
			}
			if got := log.Fate(i); got != want {
				t.Errorf("%s: record %d is %v, want %v", c.answer, i, got, want)
			}
		}
		// Without ReportBatchItemFailures all answers are successes, which the
		// log does not pass over if they are meant to be none.
		ignored := log.Invocations[0].Cause
		log = routertest.Mapping{}.Run(scripted(c.answer), numbered(10))
		want := "1s [0-9]: done"
		switch {
		case c.want == done || c.answer == `{"batchItemFailures":`:
		case ignored != nil:
			want += "; " + ignored.Error()
		default:
			want += fmt.Sprintf("; the answer names %d", c.from)
		}
		if strings.Contains(want, ";") {
			want += ", which is not heeded without ReportBatchItemFailures"
		}
		line, cause := lines(log), log.Invocations[0].Cause
		if line != want+"\n" || (cause != nil) != strings.Contains(want, ";") ||
			cause != nil && !strings.HasSuffix(line, "; "+cause.Error()+"\n") {
			t.Errorf("%s without ReportBatchItemFailures: %s, %v", c.answer, line, cause)
		}
	}
}

// A pipe identifies records by event id, a mapping by number; to each, an id of
// the other kind is not in the batch.
func TestPipeAnswers(t *testing.T) {
	const id = "shardId-000000000000:"
	for answer, want := range map[string][2]string{ // of the pipe, of the mapping
		`{"batchItemFailures":[{"itemIdentifier":"` + id + `3"}]}`: {
			"1s [0-4]: again from 2\n",
			"1s [0-4]: again from 0 (stray)\n",
		},
		`{"batchItemFailures":[{"itemIdentifier":"3"}]}`: {
			"1s [0-4]: again from 0 (stray)\n",
			"1s [0-4]: again from 2\n",
		},
		`{"batchItemFailures":[{"itemIdentifier":"` + id + `4"},{"itemIdentifier":"` + id + `2"}]}`: {
			"1s [0-4]: again from 1\n", "1s [0-4]: again from 0 (stray)\n",
		},
		`{"batchItemFailures":[{"itemIdentifier":""}]}`: {
			"1s [0-4]: again from 0: the answer has a failure without an itemIdentifier\n",
			"1s [0-4]: again from 0: the answer has a failure without an itemIdentifier\n",
		},
		`{"batchItemFailures":[]}`: {"1s [0-4]: done\n", "1s [0-4]: done\n"},
		``:                         {"1s [0-4]: done\n", "1s [0-4]: done\n"},
	} {
		for i, m := range []routertest.Mapping{{Pipe: true}, {ReportBatchItemFailures: true}} {
			m.MaximumRetryAttempts = new(0)
			recs := numbered(5)
			log := m.Run(function(func(_ context.Context, event []byte) ([]byte, error) {
				if (event[0] == '[') != m.Pipe {
					t.Errorf("the event is %s", event)
				}
				for rec, err := range decoder.Records(event) {
					if err != nil || string(rec.SequenceNumber) != string(recs[rec.Index].SequenceNumber) {
						t.Errorf("record %+v, %v", rec, err)
					}
				}
				return []byte(answer), nil
			}), recs)
			got, _, _ := strings.Cut(lines(log), "\n")
			if got += "\n"; got != strings.ReplaceAll(want[i], " (stray)",
				": the answer names a record that is not in the event") ||
				log.Invocations[0].Stray != strings.Contains(want[i], "stray") {
				t.Errorf("%s, pipe %t: %s, stray %t; want %s", answer, m.Pipe, got, log.Invocations[0].Stray, want[i])
			}
		}
	}
}

// The rules of batches, retries and splits. The function answers according to
// the script.
func TestRules(t *testing.T) {
	type M = routertest.Mapping
	for _, c := range []struct {
		rule    string
		mapping M
		records int
		script  string
		want    string
	}{
		{"all that has come is a batch", M{}, 3, "{}", "1s [0-2]: done\n"},
		{"a batch has a size", M{BatchSize: 2}, 5, "{}", "1s [0 1]: done\n1s [2 3]: done\n1s [4]: done\n"},
		{
			"an error brings the whole batch again",
			M{},
			3, "error error {}",
			"1s [0-2]: error: boom\n2s [0-2] retry 1: error: boom\n4s [0-2] retry 2: done\n",
		},
		{
			"a crash brings the whole batch again",
			M{},
			3, "panic {}",
			"1s [0-2]: crashed: panic: boom\n2s [0-2] retry 1: done\n",
		},
		{
			"a failed batch holds up its shard",
			M{BatchSize: 2},
			4, "error {}",
			"1s [0 1]: error: boom\n2s [0 1] retry 1: done\n2s [2 3]: done\n",
		},
		{
			"from the checkpoint on all comes again",
			M{ReportBatchItemFailures: true},
			5, "4 {}",
			"1s [0-4]: again from 3\n2s [3 4] retry 1: done\n",
		},
		{
			"retries: none",
			M{MaximumRetryAttempts: new(0)},
			2, "error",
			"1s [0 1]: error: boom\n1s [0 1] given up: RetryAttemptsExhausted\n",
		},
		{
			"retries: two",
			M{MaximumRetryAttempts: new(2), BatchSize: 2},
			3, "error error error {}",
			"1s [0 1]: error: boom\n2s [0 1] retry 1: error: boom\n4s [0 1] retry 2: error: boom\n" +
				"4s [0 1] given up: RetryAttemptsExhausted\n4s [2]: done\n",
		},
		{
			"counting every failure, progress uses up retries",
			M{ReportBatchItemFailures: true, MaximumRetryAttempts: new(2)},
			6, "2 3 4 5",
			"1s [0-5]: again from 1\n2s [1-5] retry 1: again from 2\n3s [2-5] retry 2: again from 3\n" +
				"3s [3-5] given up: RetryAttemptsExhausted\n",
		},
		{
			"counting anew on progress",
			M{ReportBatchItemFailures: true, MaximumRetryAttempts: new(1), RetryCounting: routertest.ResetOnProgress},
			5, "2 3 4 4 4",
			"1s [0-4]: again from 1\n2s [1-4]: again from 2\n3s [2-4]: again from 3\n4s [3 4]: again from 3\n" +
				"6s [3 4] retry 1: again from 3\n6s [3 4] given up: RetryAttemptsExhausted\n",
		},
		{
			"counting errors only",
			M{ReportBatchItemFailures: true, MaximumRetryAttempts: new(0), RetryCounting: routertest.CountErrorsOnly},
			4, "3 3 error",
			"1s [0-3]: again from 2\n2s [2 3]: again from 2\n4s [2 3]: error: boom\n" +
				"4s [2 3] given up: RetryAttemptsExhausted\n",
		},
		{
			"a bad identifier is no answer that names a record",
			M{ReportBatchItemFailures: true, MaximumRetryAttempts: new(0), RetryCounting: routertest.CountErrorsOnly},
			2,
			`{"batchItemFailures":[{"itemIdentifier":""}]}`,
			"1s [0 1]: again from 0: the answer has a failure without an itemIdentifier\n" +
				"1s [0 1] given up: RetryAttemptsExhausted\n",
		},
		{
			"bisect halves the batch of an error, at once and without a retry",
			M{BisectBatchOnFunctionError: true, MaximumRetryAttempts: new(0)},
			5, "error {} error error {}",
			"1s [0-4]: error: boom\n1s [0 1]: done\n1s [2-4]: error: boom\n1s [2]: error: boom\n" +
				"1s [2] given up: RetryAttemptsExhausted\n1s [3 4]: done\n",
		},
		{
			"bisect splits at the checkpoint, without a retry",
			M{BisectBatchOnFunctionError: true, ReportBatchItemFailures: true, MaximumRetryAttempts: new(0)},
			5,
			"3 4 4 {}",
			"1s [0-4]: again from 2\n1s [2-4]: again from 3\n1s [3 4]: again from 3\n1s [3]: done\n1s [4]: done\n",
		},
		{
			"a batch of one cannot be split",
			M{BisectBatchOnFunctionError: true, MaximumRetryAttempts: new(1)},
			1,
			"error",
			"1s [0]: error: boom\n2s [0] retry 1: error: boom\n2s [0] given up: RetryAttemptsExhausted\n",
		},
		{
			"records become too old",
			M{MaximumRecordAge: time.Minute},
			2, "error",
			"1s [0 1]: error: boom\n2s [0 1] retry 1: error: boom\n4s [0 1] retry 2: error: boom\n" +
				"8s [0 1] retry 3: error: boom\n" +
				"16s [0 1] retry 4: error: boom\n32s [0 1] retry 5: error: boom\n" +
				"1m4s [0 1] given up: RecordAgeExceeded\n",
		},
	} {
		t.Run(c.rule, func(t *testing.T) {
			recs := numbered(c.records)
			for i := range recs {
				recs[i].ApproximateArrivalTimestamp = time.UnixMilli(1_700_000_000_000)
			}
			if got := lines(c.mapping.Run(scripted(strings.Fields(c.script)...), recs)); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

// When a batch is large enough.
func TestBatchingWindow(t *testing.T) {
	second := func(n ...int) []decoder.Record {
		recs := numbered(len(n))
		for i := range recs {
			recs[i].ApproximateArrivalTimestamp = time.Unix(1_700_000_000+int64(n[i]), 0)
		}
		return recs
	}
	big := second(0, 0, 0)
	for i := range big {
		big[i].Data = make([]byte, 2_500_000) // two of these exceed 6 MB in base64
	}
	for _, c := range []struct {
		rule    string
		mapping routertest.Mapping
		recs    []decoder.Record
		want    string
	}{
		{
			"without a window a shard is read once a second",
			routertest.Mapping{},
			second(0, 0, 1, 5),
			"1s [0 1]: done\n2s [2]: done\n6s [3]: done\n",
		},
		{
			"the window ends",
			routertest.Mapping{MaximumBatchingWindow: 10 * time.Second},
			second(0, 3, 9, 12, 20),
			"11s [0-2]: done\n23s [3 4]: done\n",
		},
		{
			"the batch is full",
			routertest.Mapping{MaximumBatchingWindow: 10 * time.Second, BatchSize: 2},
			second(0, 3, 9, 12, 20),
			"4s [0 1]: done\n13s [2 3]: done\n31s [4]: done\n",
		},
		{
			"6 MB are full",
			routertest.Mapping{MaximumBatchingWindow: 10 * time.Second},
			big,
			"1s [0]: done\n1s [1]: done\n11s [2]: done\n",
		},
		{"6 MB are full without a window", routertest.Mapping{}, big, "1s [0]: done\n1s [1]: done\n1s [2]: done\n"},
	} {
		if got := lines(c.mapping.Run(scripted("{}"), c.recs)); got != c.want {
			t.Errorf("%s: got\n%swant\n%s", c.rule, got, c.want)
		}
	}
	big[0].Data = make([]byte, 5_000_000)
	panics(t, "does not fit", func() { routertest.Mapping{}.Run(scripted("{}"), big) })
}

func TestExpiry(t *testing.T) {
	log := routertest.Mapping{OnFailure: routertest.SQS}.Run(scripted("error"), numbered(1))
	if log.Fate(0) != routertest.Expired || len(log.Discarded) > 0 || log.Deliveries(0) < 1440 ||
		log.Deliveries(0) > 1450 {
		t.Errorf("a record that fails for a day is %v, %d times delivered, %d reports", log.Fate(0), log.Deliveries(0),
			len(log.Discarded))
	}
}

// With a parallelization factor, the records of a key stay in order in one
// shard lane while other keys go on.
func TestParallelization(t *testing.T) {
	var lock sync.Mutex
	next := map[string]int{}
	recs := routertest.Event{
		Records: 400, Keys: 40, Interval: 100 * time.Millisecond,
		Data: func(i int) []byte { return strconv.AppendInt(nil, int64(i), 10) },
	}.All()
	h := function(func(_ context.Context, event []byte) ([]byte, error) {
		lock.Lock()
		defer lock.Unlock()
		for rec := range decoder.Records(event) {
			n, _ := strconv.Atoi(string(rec.Data))
			if string(rec.Data) == "13" && next["13"] < 2 {
				next["13"]++
				return nil, errors.New("boom")
			}
			if key := string(rec.PartitionKey); n < next[key] {
				t.Errorf("key %s: record %d after %d", key, n, next[key])
			} else {
				next[key] = n
			}
		}
		return nil, nil
	})
	log := routertest.Mapping{ParallelizationFactor: 4}.Run(h, recs)
	lanes := map[string]int{}
	var used [4]int
	for _, inv := range log.Invocations {
		used[inv.ShardLane]++
		for _, rec := range inv.Records {
			if lane, ok := lanes[string(rec.PartitionKey)]; ok && lane != inv.ShardLane {
				t.Fatalf("key %s in the shard lanes %d and %d", rec.PartitionKey, lane, inv.ShardLane)
			}
			lanes[string(rec.PartitionKey)] = inv.ShardLane
		}
	}
	for lane, n := range used {
		if n < 30 {
			t.Errorf("shard lane %d was used %d times, as if another had waited for it", lane, n)
		}
	}
}

// The producer library gives every aggregate the key "a", so all go through one
// shard lane.
func TestParallelizationOfAggregates(t *testing.T) {
	recs := routertest.Event{Records: 100, Interval: time.Second, Key: func(int) string { return "a" }}.All()
	log := routertest.Mapping{ParallelizationFactor: 10}.Run(scripted("{}"), recs)
	for _, inv := range log.Invocations {
		if inv.ShardLane != log.Invocations[0].ShardLane {
			t.Fatalf("shard lanes %d and %d", inv.ShardLane, log.Invocations[0].ShardLane)
		}
	}
}

func TestDestinations(t *testing.T) {
	recs := routertest.Event{Records: 2, Shard: 6, Size: 10}.All()
	run := func(d routertest.Destination, m routertest.Mapping, script ...string) *routertest.Discarded {
		m.OnFailure = d
		log := m.Run(scripted(script...), recs)
		if len(log.Discarded) != 1 {
			t.Fatalf("%d batches were given up", len(log.Discarded))
		}
		return log.Discarded[0]
	}
	twice := routertest.Mapping{MaximumRetryAttempts: new(2), ReportBatchItemFailures: true}
	info := `"version":"1.0","timestamp":"2024-11-18T10:09:19.987Z",` +
		`"KinesisBatchInfo":{"shardId":"shardId-000000000006",` +
		`"startSequenceNumber":"` + string(recs[0].SequenceNumber) + `","endSequenceNumber":"` +
		string(recs[1].SequenceNumber) + `",` +
		`"approximateArrivalOfFirstRecord":"2024-11-18T10:09:15.987Z","approximateArrivalOfLastRecord":"` +
		recs[1].ApproximateArrivalTimestamp.Format("2006-01-02T15:04:05.000Z") + `","batchSize":2,` +
		`"streamArn":"arn:aws:kinesis:us-east-1:123456789012:stream/orders"}`
	request := `{"requestContext":{"requestId":"00000000-0000-4000-8000-000000000002",` +
		`"functionArn":"arn:aws:lambda:us-east-1:123456789012:function:consumer",` +
		`"condition":"RetryAttemptsExhausted","approximateInvokeCount":3},`
	response := func(functionError string) string {
		return `"responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":` + functionError + `},`
	}
	for _, d := range []routertest.Destination{routertest.SQS, routertest.SNS} {
		if got, want := string(run(d, twice, "error").Message), request+response(`"Unhandled"`)+info+"}"; got != want {
			t.Errorf("after an error:\n%s\nwant\n%s", got, want)
		}
	}
	first := `{"batchItemFailures":[{"itemIdentifier":"` + string(recs[0].SequenceNumber) + `"}]}`
	if got, want := string(run(routertest.SQS, twice, first).Message), request+response("null")+info+"}"; got != want {
		t.Errorf("after an answer:\n%s\nwant\n%s", got, want)
	}
	if d := run(routertest.NoDestination, twice, "error"); d.Message != nil || d.Key != "" {
		t.Errorf("without a destination: %s", d.Message)
	}

	object := run(routertest.S3, twice, "error")
	var members struct{ Payload string }
	if err := json.Unmarshal(object.Message, &members); err != nil {
		t.Fatal(err)
	}
	if want := string(routertest.Event{Records: 2, Shard: 6, Size: 10}.Bytes()); members.Payload != want {
		t.Errorf("payload %s, want the event as a string", members.Payload)
	}
	const want = "aws/lambda/7e2f0a4c-5d1b-4c3e-8f60-2b9d1a6c4e58/shardId-000000000006/2024/11/18/" +
		"2024-11-18T10.09.19-00000000-0000-4000-8000-000000000001"
	if object.Key != want {
		t.Errorf("key %s, want %s", object.Key, want)
	}

	// A batch that is too old before its first invocation has no response.
	late := routertest.Event{Records: 2}.All()
	late[1].ApproximateArrivalTimestamp = late[0].ApproximateArrivalTimestamp.Add(time.Second)
	log := routertest.Mapping{
		OnFailure: routertest.SQS, MaximumRecordAge: time.Minute,
		BatchSize: 1,
	}.Run(scripted("error"), late)
	if got := string(log.Discarded[1].Message); log.Deliveries(1) != 0 || strings.Contains(got, "responseContext") ||
		!strings.Contains(got, `"condition":"RecordAgeExceeded","approximateInvokeCount":0`) {
		t.Errorf("never delivered: %s", got)
	}
}

// The state of a tumbling window goes from invocation to invocation, until its
// final invocation closes it.
func TestTumbling(t *testing.T) {
	at := func(n ...int) []decoder.Record {
		recs := numbered(len(n))
		for i := range recs {
			// 1,700,000,000 is 20 s before a minute
			recs[i].ApproximateArrivalTimestamp = time.Unix(1_700_000_000+int64(n[i])-20, 0)
		}
		return recs
	}
	type seen struct {
		Records                                         []json.RawMessage
		Window                                          struct{ Start, End string }
		State                                           json.RawMessage
		ShardID, EventSourceARN                         string
		IsFinalInvokeForWindow, IsWindowTerminatedEarly bool
	}
	for _, c := range []struct {
		rule    string
		mapping routertest.Mapping
		recs    []decoder.Record
		script  string
		want    string // state, number of records, flags
	}{
		{
			"state goes on, and a new window begins with none",
			routertest.Mapping{},
			at(41, 45, 61),
			`{"state":1} {"state":{"a":2}} {"state":3} {"state":4}`, "{} 1; 1 1; {\"a\":2} 0 final; {} 1; 4 0 final",
		},
		{
			"an error brings the state before it again",
			routertest.Mapping{},
			at(41, 45),
			`{"state":1} error {"state":2}`, "{} 1; 1 1; 1 1; 2 0 final",
		},
		{
			"an answer without a state has failed",
			routertest.Mapping{},
			at(41), `{} {"state":2}`,
			"{} 1; {} 1; 2 0 final",
		},
		{
			"what is given up leaves no state",
			routertest.Mapping{MaximumRetryAttempts: new(0)},
			at(41, 45),
			`error {"state":2}`, "{} 1; {} 1; 2 0 final",
		},
		{
			"the final call is made until it succeeds",
			routertest.Mapping{MaximumRetryAttempts: new(0)},
			at(41, 61),
			`{"state":1} error error {"state":2}`, "{} 1; 1 0 final; 1 0 final; 1 0 final; {} 1; 2 0 final",
		},
		{
			"the last records with the final call",
			routertest.Mapping{FinalInvokeWithRecords: true},
			at(41, 59),
			`{"state":1}`, "{} 1; 1 1 final",
		},
		{
			"if its records are given up, it is made without them",
			routertest.Mapping{FinalInvokeWithRecords: true, MaximumRetryAttempts: new(0)},
			at(41, 59),
			`{"state":1} error {"state":1}`,
			"{} 1; 1 1 final; 1 0 final",
		},
		{
			"no batching window outlasts the window",
			routertest.Mapping{MaximumBatchingWindow: time.Minute},
			at(41, 59, 61),
			`{"state":1} {"state":2} {"state":3}`, "{} 2; 1 0 final; {} 1; 3 0 final",
		},
		{
			"both halves get the state",
			routertest.Mapping{BisectBatchOnFunctionError: true},
			at(41, 41),
			`error {"state":1} {"state":2}`, "{} 2; {} 1; 1 1; 2 0 final",
		},
		{
			"state and failures: the state is taken",
			routertest.Mapping{ReportBatchItemFailures: true},
			at(41, 41),
			`{"state":1,"batchItemFailures":[{"itemIdentifier":"2"}]} {"state":2}`, "{} 2; 1 1; 2 0 final",
		},
	} {
		var calls []string
		h := scripted(strings.Fields(c.script)...)
		c.mapping.TumblingWindow = time.Minute
		c.mapping.Run(function(func(ctx context.Context, event []byte) ([]byte, error) {
			var e seen
			if err := json.Unmarshal(event, &e); err != nil || e.ShardID != "shardId-000000000000" ||
				!strings.HasSuffix(e.EventSourceARN, "/orders") {
				t.Errorf("event %s: %v", event, err)
			}
			if e.Window.Start > e.Window.End || !strings.HasSuffix(e.Window.Start, ":00Z") {
				t.Errorf("window %v", e.Window)
			}
			call := fmt.Sprintf("%s %d", e.State, len(e.Records))
			if e.IsFinalInvokeForWindow {
				call += " final"
			}
			calls = append(calls, call)
			return h(ctx, event)
		}), c.recs)
		if got := strings.Join(calls, "; "); got != c.want {
			t.Errorf("%s: got %s, want %s", c.rule, got, c.want)
		}
	}
}

// Even a final invocation that never succeeds comes to an end.
func TestTumblingNeverEnds(t *testing.T) {
	log := routertest.Mapping{TumblingWindow: time.Minute}.Run(scripted(`{"state":1}`, "error"), numbered(1))
	if last := log.Invocations[len(log.Invocations)-1]; log.Fate(0) != routertest.Done ||
		!last.Window.IsFinalInvokeForWindow ||
		last.Began.Sub(last.Window.End) < 23*time.Hour {
		t.Errorf("the record is %v, and the last invocation was at %v", log.Fate(0), last.Began)
	}
}

// Windows are aligned to the epoch in every year, even beyond an int64 of
// nanoseconds.
func TestTumblingFarAway(t *testing.T) {
	for _, year := range []int{1650, 1969, 2024, 2264, 9999} {
		start := time.Date(year, 1, 2, 3, 0, 0, 0, time.UTC)
		start = start.Add(-time.Duration((start.Unix()%420 + 420) % 420 * 1e9))
		log := routertest.Mapping{TumblingWindow: 7 * time.Minute}.Run(scripted(`{"state":1}`),
			routertest.Event{Records: 2, Start: start.Add(time.Second)}.All())
		w := log.Invocations[0].Window
		if len(log.Invocations) != 2 || !w.Start.Equal(start) || !w.End.Equal(start.Add(7*time.Minute)) {
			t.Errorf("%d: %d invocations, the window is %v to %v, want it from %v on", year, len(log.Invocations),
				w.Start, w.End, start)
		}
	}
}

func TestTumblingEndsEarly(t *testing.T) {
	large := `{"state":"` + strings.Repeat("x", 1<<20) + `"}`
	var calls []string
	script := scripted(large, `{"state":0}`, `{"state":1}`)
	h := function(func(ctx context.Context, event []byte) ([]byte, error) {
		w, err := decoder.Decoder{}.Window(event)
		if err != nil {
			t.Fatal(err)
		}
		calls = append(calls, fmt.Sprintf("%d bytes, final %t, early %t", len(w.State), w.IsFinalInvokeForWindow,
			w.IsWindowTerminatedEarly))
		return script(ctx, event)
	})
	routertest.Mapping{TumblingWindow: time.Minute, BatchSize: 1}.Run(h, routertest.Event{Records: 2}.All())
	want := "2 bytes, final false, early false; 1048578 bytes, final true, early true; 2 bytes, final false, early " +
		"false; 1 bytes, final true, early false"
	if got := strings.Join(calls, "; "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Lambda accepts no answer above its limit, whatever it contains.
func TestAnswerLimit(t *testing.T) {
	const limit = 6<<20 + 100
	for size, want := range map[int]routertest.Outcome{
		limit: routertest.Succeeded, limit + 1: routertest.FunctionError,
	} {
		padding := strings.Repeat(" ", size-len(`{"state":1}`))
		for _, m := range []routertest.Mapping{{}, {TumblingWindow: time.Minute}, {ReportBatchItemFailures: true}} {
			m.MaximumRetryAttempts = new(0)
			inv := m.Run(scripted(`{"state":1}`+padding, `{"state":1}`), numbered(1)).Invocations[0]
			if inv.Outcome != want || (inv.Err == nil) != (want == routertest.Succeeded) {
				t.Errorf("%d bytes: %v, %v; want %v", size, inv.Outcome, inv.Err, want)
			}
		}
	}
}

// counter returns a function that remembers how often it was called, and which
// of its processes was first.
type counter struct {
	calls atomic.Int64
	call  func(ctx context.Context, n int64) ([]byte, error)
}

func (c *counter) Invoke(ctx context.Context, _ []byte) ([]byte, error) {
	return c.call(ctx, c.calls.Add(1))
}

// A crash or a timeout ends the process, with all that it remembers; an error
// does not.
func TestProcesses(t *testing.T) {
	ends := map[string]func(context.Context) ([]byte, error){
		"error":   func(context.Context) ([]byte, error) { return nil, errors.New("boom") },
		"panic":   func(context.Context) ([]byte, error) { panic("boom") },
		"crash":   func(ctx context.Context) ([]byte, error) { routertest.Crash(ctx); return nil, nil },
		"timeout": func(ctx context.Context) ([]byte, error) { time.Sleep(10 * time.Second); return nil, nil },
		"at once": func(ctx context.Context) ([]byte, error) { <-ctx.Done(); return nil, nil },
	}
	for name, want := range map[string]string{
		"error":   "1s [0]: error: boom\n2s [0] retry 1: done\n; processes 1, calls 2",
		"panic":   "1s [0]: crashed: panic: boom\n2s [0] retry 1: done\n; processes 2, calls 1 1",
		"crash":   "1s [0]: crashed\n2s [0] retry 1: done\n; processes 2, calls 1 1",
		"timeout": "1s [0]: timed out\n5s [0] retry 1: done\n; processes 2, calls 1 1",
		"at once": "1s [0]: timed out\n5s [0] retry 1: done\n; processes 2, calls 1 1",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var processes []*counter
				first := true
				m := routertest.Mapping{Synctest: true, ColdStart: func() lambda.Handler {
					c := &counter{call: func(ctx context.Context, _ int64) ([]byte, error) {
						if first {
							first = false
							return ends[name](ctx)
						}
						return nil, nil
					}}
					processes = append(processes, c)
					return c
				}}
				log := m.Run(nil, numbered(1))
				got := fmt.Sprintf("%s; processes %d, calls", lines(log), log.Processes)
				for _, p := range processes {
					got += fmt.Sprint(" ", p.calls.Load())
				}
				if got != want {
					t.Errorf("got %s\nwant %s", got, want)
				}
			})
		})
	}
}

// Several invocations run at once in a process, and fail together.
func TestMaxConcurrency(t *testing.T) {
	for _, how := range []string{"crash", "panic"} {
		t.Run(how, func(t *testing.T) { goDownTogether(t, how, false) })
		t.Run(how+" in a bubble", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { goDownTogether(t, how, true) })
		})
	}
}

func goDownTogether(t *testing.T, how string, bubble bool) {
	var all sync.WaitGroup
	all.Add(3)
	var crashed atomic.Bool
	h := function(func(ctx context.Context, event []byte) ([]byte, error) {
		if crashed.Load() {
			return nil, nil
		}
		all.Done()
		all.Wait() // all three are here
		if strings.Contains(string(event), "shardId-000000000001") {
			crashed.Store(true)
			if how == "panic" {
				panic("boom")
			}
			routertest.Crash(ctx)
		}
		<-ctx.Done()
		if !errors.Is(context.Cause(ctx), routertest.ErrProcessGone) {
			t.Errorf("cause %v", context.Cause(ctx))
		}
		return nil, nil
	})
	var recs []decoder.Record
	for shard := range 3 {
		recs = append(recs, routertest.Event{Records: 1, Shard: shard}.All()...)
	}
	log := routertest.Mapping{MaxConcurrency: 3, Synctest: bubble}.Run(h, recs)
	if log.Count(routertest.Crashed) != 3 || log.Count(routertest.Succeeded) != 3 || log.Processes != 2 {
		t.Errorf("%d processes\n%s", log.Processes, log)
	}
}

// Shards do not wait for each other, and time passes as handlers take it.
func TestTimeInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := function(func(ctx context.Context, event []byte) ([]byte, error) {
			deadline, _ := ctx.Deadline()
			if left := time.Until(deadline); left != 30*time.Second {
				t.Errorf("%v left", left)
			}
			if strings.Contains(string(event), "shardId-000000000001") {
				time.Sleep(29 * time.Second)
			} else {
				time.Sleep(4 * time.Second)
			}
			return nil, nil
		})
		var recs []decoder.Record
		for shard := range 2 {
			recs = append(recs, routertest.Event{Records: 3, Shard: shard, Interval: 3 * time.Second}.All()...)
		}
		start := time.Now()
		log := routertest.Mapping{Timeout: 30 * time.Second, BatchSize: 2, Synctest: true}.Run(h, recs)
		const want = "1s shardId-000000000000 [0]: done\n1s shardId-000000000001 [3]: done\n" +
			"5s shardId-000000000000 [1]: done\n" +
			"9s shardId-000000000000 [2]: done\n30s shardId-000000000001 [4 5]: done\n"
		if got := log.String(); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
		if took := time.Until(recs[0].ApproximateArrivalTimestamp); took != -59*time.Second {
			t.Errorf("the run began at %v, the first record arrived at %v, and now it is %v", start,
				recs[0].ApproximateArrivalTimestamp, time.Now())
		}
	})
}

// The memory of the event is reused, which catches a handler that keeps it.
func TestEventIsReused(t *testing.T) {
	var kept []byte
	routertest.Mapping{}.Run(function(func(_ context.Context, event []byte) ([]byte, error) {
		kept = event
		return nil, nil
	}), numbered(1))
	if strings.Trim(string(kept), "#") != "" {
		t.Errorf("kept %s", kept)
	}
}

// A day of traffic takes no effort.
func TestDay(t *testing.T) {
	recs := routertest.Event{Records: 86_400, Size: 20, Keys: 100, Interval: time.Second}.All()
	log := routertest.Mapping{MaximumBatchingWindow: 10 * time.Second}.Run(scripted("{}"), recs)
	last := log.Invocations[len(log.Invocations)-1]
	if lasted := last.Ended.Sub(recs[0].ApproximateArrivalTimestamp); lasted < 24*time.Hour ||
		lasted > 24*time.Hour+time.Minute {
		t.Errorf("the day lasted %v", lasted)
	}
	for i := range recs {
		if log.Fate(i) != routertest.Done || log.Deliveries(i) != 1 {
			t.Fatalf("record %d is %v, delivered %d times", i, log.Fate(i), log.Deliveries(i))
		}
	}
}

func TestMappingLimits(t *testing.T) {
	for name, m := range map[string]routertest.Mapping{
		"BatchSize":             {BatchSize: 10_001},
		"MaximumBatchingWindow": {MaximumBatchingWindow: 301 * time.Second},
		"ParallelizationFactor": {ParallelizationFactor: 11},
		"MaximumRetryAttempts":  {MaximumRetryAttempts: new(10_001)},
		"MaximumRecordAge":      {MaximumRecordAge: time.Second},
		"TumblingWindow":        {TumblingWindow: 901 * time.Second},
		"cannot be simulated":   {TumblingWindow: time.Second, ParallelizationFactor: 2},
		"OnFailure":             {OnFailure: 4},
		"a Pipe has no":         {Pipe: true, OnFailure: routertest.SQS},
		"a Pipe has no Tumb":    {Pipe: true, TumblingWindow: time.Second},
		"Timeout":               {Timeout: time.Millisecond},
		"MaxConcurrency":        {MaxConcurrency: -1},
		"Retention":             {Retention: time.Hour},
		"RetryCounting":         {RetryCounting: 3},
	} {
		panics(t, name, func() { m.Run(scripted("{}"), nil) })
	}
	panics(t, "without the context", func() { routertest.Crash(context.Background()) })
}

// Records that no shard can hold are refused, unless that is meant.
func TestSequenceNumbersRise(t *testing.T) {
	one := func(shard, number string) decoder.Record {
		return decoder.Record{SequenceNumber: []byte(number), Source: &decoder.Source{ShardID: shard}}
	}
	aggregate := routertest.Aggregate(*routertest.NewRecord("k", nil))
	for name, recs := range map[string][]decoder.Record{
		"made by NewRecord": {*routertest.NewRecord("k", nil), *routertest.NewRecord("k", nil)},
		"aggregates":        {aggregate, aggregate},
		"events one after the other": append(routertest.Event{Records: 2}.All(),
			routertest.Event{Records: 2}.All()...),
		"falling":                        {one("a", "100"), one("a", "99")},
		"equal as numbers":               {one("a", "9"), one("a", "09")},
		"with another shard between":     {one("a", "5"), one("b", "7"), one("a", "5")},
		"a default after one of its own": {one("a", "1"), {Source: &decoder.Source{ShardID: "a"}}, one("a", "2")},
	} {
		t.Run(name, func(t *testing.T) {
			panics(t, "do not rise", func() { routertest.Mapping{}.Run(scripted("{}"), recs) })
			for _, factor := range []int{1, 10} {
				log := routertest.Mapping{
					AnySequenceNumbers:    true,
					ParallelizationFactor: factor,
				}.Run(scripted("{}"), recs)
				for i := range recs {
					if log.Fate(i) != routertest.Done {
						t.Errorf("record %d is %v", i, log.Fate(i))
					}
				}
			}
		})
	}
	for name, recs := range map[string][]decoder.Record{
		"rising":     {one("a", "99"), one("a", "100")},
		"two shards": {one("a", "5"), one("b", "5"), one("b", "6"), one("a", "6")},
		"defaults":   {{}, {}, {}},
		"aggregates": {routertest.Aggregate(decoder.Record{Data: []byte("1")}), routertest.Aggregate(decoder.Record{})},
	} {
		if log := (routertest.Mapping{}).Run(scripted("{}"), recs); log.Fate(len(recs)-1) != routertest.Done {
			t.Errorf("%s: %s", name, log)
		}
	}
	// Of records with one number the first is meant.
	m := routertest.Mapping{AnySequenceNumbers: true, ReportBatchItemFailures: true}
	log := m.Run(scripted("7", "{}"), []decoder.Record{one("a", "3"), one("a", "7"), one("a", "7")})
	if first := log.Invocations[0].Checkpoint; first == nil || first.Index != 1 {
		t.Errorf("%s", log)
	}
}

func TestRunNeedsAHandler(t *testing.T) {
	panics(t, "without a handler", func() { routertest.Mapping{}.Run(nil, numbered(1)) })
	m := routertest.Mapping{ColdStart: func() lambda.Handler { return nil }}
	panics(t, "no handler", func() { m.Run(scripted("{}"), numbered(1)) })
}

// A call that the router's guard has abandoned does not outlive Run in a
// bubble, which would be a deadlock, in any handler shape.
func TestAbandonedCallsInABubble(t *testing.T) {
	slow := func() error {
		time.Sleep(10 * time.Minute)
		return nil
	}
	for name, h := range map[string]router.Handler{
		"Each":  router.Each(func(context.Context, *decoder.Record) error { return slow() }),
		"Batch": router.Batch(func(context.Context, []decoder.Record) error { return slow() }),
		"Partition": router.Partition(func(context.Context, []byte, []decoder.Record) error {
			return slow()
		}),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := routertest.Mapping{ReportBatchItemFailures: true, MaximumRetryAttempts: new(1), Synctest: true}
				log := m.Run(router.New(h, quiet), routertest.Event{Records: 3}.All())
				if len(log.Invocations) != 2 || log.Fate(0) != routertest.GivenUp ||
					log.Count(routertest.TimedOut) > 0 {
					t.Errorf("%s", log)
				}
			})
		})
	}
}

func panics(t *testing.T, says string, f func()) {
	t.Helper()
	defer func() {
		if v := recover(); !strings.Contains(fmt.Sprint(v), says) {
			t.Errorf("panics with %v, want %q", v, says)
		}
	}()
	f()
}
