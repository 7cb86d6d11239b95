package decoder_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"example.com/sluice/decoder"
)

// Records with so much in them that they are not handed to the parser as they
// are, and events that are larger than what the pools keep.

// rest is unknown members, more than the parser is given.
var rest = strings.Repeat(`"x":[0,{"kinesis":{}}],"\u0079":"}",`, 200)

// TestCrowdedRecordsAreReadLikeOthers puts unknown members into records of all
// kinds, good and bad, in three places. But for the offsets, they must give
// what they give without.
func TestCrowdedRecordsAreReadLikeOthers(t *testing.T) {
	records := []string{
		brief, plain(1), `{"kinesis":null}`, `{"kinesis":null,"kinesis":null}`, `{"kinesis":7}`, `{"kinesis":[{},{}]}`,
		`{"kinesis":{}}`, `{"kinesis":{},"kinesis":{}}`,
		`{"partitionKey":"k","sequenceNumber":"1","data":"aGVsbG8="}`,
		`{"kinesis":null,"partitionKey":"k","sequenceNumber":"1","data":"aGVsbG8="}`,
		`{"eventSource":"aws:sqs"}`, withKey(1, `\ud800\u0041`), withData(1, "*"), withData(1, `aG\u0056sbG8\u003D*`),
		withTime(1, `"1.5"`), withTime(1, `{}`),
		with(plain(1), `"user-1"`, `{"a":[]}`), with(plain(1), `"user-1"`, `7,"partitionKey":"last"`),
		with(plain(1), `"user-1"`, `"first","partitionKey":null`),
		with(plain(1), `"`+stream+`"`, `[]`), with(plain(1), `"eventSource":`, `"kinesis":{"data":""},"eventSource":`),
	}
	ofWhat := func(o *outcome) string {
		o.window = nil
		for _, e := range o.errs {
			if e != nil {
				e.Offset = 0
			}
		}
		return o.String()
	}
	for _, record := range records {
		want := ofWhat(read(t, decoder.Decoder{}, event(plain(0), record, plain(2))))
		crowded := []string{"{" + rest + record[1:], strings.TrimSuffix(record, "}") + "," +
			strings.TrimSuffix(rest, ",") + "}"}
		if strings.Contains(record, `"kinesis":{"`) {
			crowded = append(crowded, strings.Replace(record, `"kinesis":{`, `"kinesis":{`+rest, 1))
		}
		for _, c := range crowded {
			if got := ofWhat(read(t, decoder.Decoder{}, event(plain(0), c, plain(2)))); got != want {
				t.Errorf("%s gives\n%s, and with more members\n%s", record, want, got)
			}
		}
	}
	for _, element := range []string{
		"[" + strings.Repeat("0,", 2000) + "0]",
		"[[" + strings.Repeat(`{},`, 2000) + "0]]",
	} {
		if got := read(t, decoder.Decoder{}, event(plain(0), element, plain(2))); got.broken != nil ||
			len(got.records) != 3 || !errors.Is(got.errs[1], decoder.ErrType) {
			t.Errorf("a long array as a record gives %s", got)
		}
	}
	if got := read(t, decoder.Decoder{}, "{"+rest+
		event(`{"eventSource":"aws:s3"}`)[1:]); !strings.Contains(got.String(), "it looks like an S3 event") {
		t.Errorf("behind many members an S3 event gives %s", got)
	}
}

// TestOutsizedMemoryIsDropped reads events that take more than the pools keep,
// in all ways, and looks at what stays.
func TestOutsizedMemoryIsDropped(t *testing.T) {
	if scribbled {
		t.Skip("the event is copied, and nothing is kept")
	}
	if testing.Short() {
		t.Skip("its events have 20 MB and more")
	}
	huge := strings.Repeat("aGVs", 20<<20/4)
	events := map[string]string{
		"data":                       event(withData(1, huge), plain(2)),
		"data with escapes":          event(withData(1, huge[:len(huge)-8]+`\u0041AAA`), plain(2)),
		"a key":                      event(withKey(1, huge), plain(2)),
		"a key with a surrogate":     event(withKey(1, huge+`\ud800`), plain(2)),
		"a hundred thousand records": event(strings.Repeat(brief+",", 100_000) + brief),
		"as many bad ones":           event(brief + strings.Repeat(`,{"kinesis":{}}`, 100_000)),
	}
	for name, text := range events {
		ev := []byte(text)
		for _, d := range []decoder.Decoder{{}, {Detach: true}, {MaxData: 32 << 20}} {
			emptyPools()
			d = newProcess().in(d)
			before := liveHeap()
			for range d.Records(ev) {
			}
			for range d.Records(ev) {
			}
			if err := d.Batch(ev, func(*decoder.Batch) error { return nil }); err != nil {
				t.Fatal(err)
			}
			// One collection leaves what the pools hold.
			if kept := above(before); kept > 17<<20 {
				t.Errorf("%s: %d bytes are kept with %+v", name, kept, d)
			}
			runtime.KeepAlive(ev)
		}
	}
}

// TestOffsetsOfEscapedBase64 has faults at every place of data in which escapes
// of all kinds stand before them.
func TestOffsetsOfEscapedBase64(t *testing.T) {
	good := base64.StdEncoding.EncodeToString([]byte("\xff\xff\xffhello\xfb\xff\xff"))
	escapes := []func(c byte) string{
		func(c byte) string { return string(c) },
		func(c byte) string { return fmt.Sprintf(`\u%04x`, c) },
		func(c byte) string { return strings.Replace(string(c), "/", `\/`, 1) },
		func(c byte) string { return `\r\n` + string(c) },
	}
	n := 0
	for at := range good {
		for seed := range 16 {
			var text strings.Builder
			want := 0
			for i := range len(good) {
				if i == at {
					want = text.Len()
					text.WriteString([]string{"*", `\u002a`, `\ud83d\ude00`, `\ud800`, "é"}[seed%5])
					continue
				}
				text.WriteString(escapes[(seed+i*seed/3)%4](good[i]))
			}
			ev := event(plain(0), withData(1, text.String()), plain(2))
			e := read(t, decoder.Decoder{}, ev).errs[1]
			begin := strings.Index(ev, `"`+text.String()+`"`) + 1
			if e == nil || !errors.Is(e, decoder.ErrBase64) || e.Offset != int64(begin+want) {
				t.Errorf("%s gives %v, want offset %d", text.String(), e, begin+want)
			}
			n++
		}
	}
	t.Logf("%d events", n)
}
