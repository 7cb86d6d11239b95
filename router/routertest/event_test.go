package routertest

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/sluice/decoder"
)

// described are descriptions that use every field between them.
var described = map[string]Event{
	"zero":         {},
	"no data":      {Records: 3},
	"nothing":      {Records: 3, Key: func(int) string { return "" }, Data: func(int) []byte { return nil }},
	"small":        {Records: 10, Size: 100},
	"many":         {Records: 2000, Size: 64, Keys: 100, Seed: 7},
	"one key":      {Records: 20, Size: 30, Keys: 1},
	"random":       {Records: 10, Size: 1023, Kind: Random, Seed: 1},
	"compressed":   {Records: 10, Size: 5000, Kind: Compressed, Seed: 2},
	"large":        {Records: 2, Size: 1 << 20, Kind: Random},
	"named":        {Records: 3, Size: 9, Stream: "clicks", Shard: 41},
	"short first":  {Records: 30, First: "98"},
	"carry":        {Records: 30, First: strings.Repeat("9", 56)},
	"leading zero": {Records: 3, First: "007"},
	"early":        {Records: 3, Start: time.Unix(0, 2e6)},
	"before 1970":  {Records: 5, Start: time.Unix(-1, 995e6)},
	"fine start":   {Records: 3, Start: time.Unix(1731924555, 123_999_999)},
	"elsewhere":    {Records: 3, Start: time.Date(2024, 2, 29, 1, 2, 3, 4e6, time.FixedZone("", 3600))},
	"encrypted":    {Records: 3, EncryptionType: "KMS"},
	"fan-out":      {Records: 3, Consumer: "reader"},
	"data":         {Records: 4, Size: 99, Data: func(i int) []byte { return []byte(strings.Repeat("x", i)) }},
	"key":          {Records: 4, Keys: 1, Key: func(i int) string { return fmt.Sprint("é\"\\\n\x00", i) }},
	"window":       {Records: 3, Window: &decoder.Window{}},
	"empty window": {Window: &decoder.Window{IsFinalInvokeForWindow: true}},
}

func TestAWSReadsWhatAllSays(t *testing.T) {
	for name, e := range described {
		t.Run(name, func(t *testing.T) {
			text := e.Bytes()
			var event events.KinesisEvent
			if err := json.Unmarshal(text, &event); err != nil {
				t.Fatal(err)
			}
			all := e.All()
			if len(event.Records) != e.Records || len(all) != e.Records {
				t.Fatalf("%d records in the event, %d in All, want %d", len(event.Records), len(all), e.Records)
			}
			for i, got := range event.Records {
				compareWithAWS(t, i, &all[i], &got)
			}
		})
	}
}

func compareWithAWS(t *testing.T, i int, want *decoder.Record, got *events.KinesisEventRecord) {
	t.Helper()
	for _, f := range []struct{ name, want, got string }{
		{"partitionKey", string(want.PartitionKey), got.Kinesis.PartitionKey},
		{"sequenceNumber", string(want.SequenceNumber), got.Kinesis.SequenceNumber},
		{"data", string(want.Data), string(got.Kinesis.Data)},
		{"eventID", string(want.EventID), got.EventID},
		{"eventID, made of its parts", want.ShardID + ":" + string(want.SequenceNumber), got.EventID},
		{"kinesisSchemaVersion", want.KinesisSchemaVersion, got.Kinesis.KinesisSchemaVersion},
		{"encryptionType", want.EncryptionType, got.Kinesis.EncryptionType},
		{"eventSource", want.EventSource, got.EventSource},
		{"eventVersion", want.EventVersion, got.EventVersion},
		{"eventName", want.EventName, got.EventName},
		{"eventSourceARN", want.EventSourceARN, got.EventSourceArn},
		{"invokeIdentityArn", want.InvokeIdentityARN, got.InvokeIdentityArn},
		{"awsRegion", want.AWSRegion, got.AwsRegion},
	} {
		if f.got != f.want {
			t.Errorf("record %d: %s is %.99q in the event, %.99q in All", i, f.name, f.got, f.want)
		}
	}
	// aws-lambda-go reads times through a float64 and may lose a millisecond.
	apart := want.ApproximateArrivalTimestamp.Sub(got.Kinesis.ApproximateArrivalTimestamp.Time)
	if apart.Abs() > time.Millisecond {
		t.Errorf("record %d: arrival is %v in the event, %v in All", i, got.Kinesis.ApproximateArrivalTimestamp,
			want.ApproximateArrivalTimestamp)
	}
	if want.Index != i {
		t.Errorf("record %d: Index is %d", i, want.Index)
	}
}

func TestDecoderYieldsAll(t *testing.T) {
	for name, e := range described {
		t.Run(name, func(t *testing.T) {
			all := e.All()
			i := 0
			for rec, err := range decoder.Records(e.Bytes()) {
				if err != nil {
					t.Fatal(err)
				}
				if got := rec.Clone(); !reflect.DeepEqual(got, all[i]) {
					t.Fatalf("record %d: decoded\n%v\nAll has\n%v", i, got.LogValue(), all[i].LogValue())
				}
				i++
			}
			if i != len(all) {
				t.Errorf("%d records decoded, All has %d", i, len(all))
			}
		})
	}
}

func TestAllSharesOneSource(t *testing.T) {
	all := Event{Records: 3}.All()
	for i := range all {
		if all[i].Source == nil || all[i].Source != all[0].Source {
			t.Errorf("record %d has another source", i)
		}
	}
	all[0].Data = append(all[0].Data, "changed"...)
	all[0].SequenceNumber[0] = '7'
	if again := (Event{Records: 3}).All(); again[0].SequenceNumber[0] == '7' || all[1].SequenceNumber[0] == '7' {
		t.Error("a change of one record shows in another")
	}
}

// TestForm pins events byte for byte.
func TestForm(t *testing.T) {
	const head = `{"Records":[{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":`
	const role = `"eventName":"aws:kinesis:record","invokeIdentityArn":"arn:aws:iam::123456789012:role/lambda-role",` +
		`"awsRegion":"us-east-1",`
	for _, c := range []struct {
		name  string
		event Event
		want  string
	}{
		{"nothing", Event{}, `{"Records":[]}`},
		{
			"defaults", Event{Records: 1}, head + `"user-000000",` +
				`"sequenceNumber":"49658471032915763208146092357481206394817562039485716482",` +
				`"data":"eyJpZCI6IjEwMDAwMCIsIml0ZW0iOiJjaGFuZ2UgY2FycmllciBhY2NvdW50IGdpZnQgcGFydGlhbCJ9",` +
				`"approximateArrivalTimestamp":1731924555.987},` +
				`"eventSource":"aws:kinesis","eventVersion":"1.0",` +
				`"eventID":"shardId-000000000000:49658471032915763208146092357481206394817562039485716482",` + role +
				`"eventSourceARN":"arn:aws:kinesis:us-east-1:123456789012:stream/orders"}]}`,
		},
		{
			"everything",
			Event{
				Records: 1, Stream: "clicks", Shard: 12, First: "100", Start: time.Unix(1700000000, 0),
				EncryptionType: "KMS", Consumer: "reader",
				Data:   func(int) []byte { return []byte{0xff, 0, 0xfe} },
				Key:    func(int) string { return "a\"\\\t\r\n\x01b" },
				Window: &decoder.Window{State: []byte(`{"n":1}`), IsWindowTerminatedEarly: true},
			},
			head + `"a\"\\\t\r\n` +
				`\u0001b","sequenceNumber":"100","data":"/wD+","approximateArrivalTimestamp":1700000000.000,` +
				`"encryptionType":"KMS"},` +
				`"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"shardId-000000000012:100",` + role +
				`"eventSourceARN":"arn:aws:kinesis:us-east-1:123456789012:stream/clicks/consumer/reader:1700000000"}` +
				`],"window":{"start":"2023-11-14T22:13:00Z","end":"2023-11-14T22:14:00Z"},"state":{"n":1},` +
				`"shardId":"shardId-000000000012",` +
				`"eventSourceARN":"arn:aws:kinesis:us-east-1:123456789012:stream/clicks/consumer/reader:1700000000",` +
				`"isFinalInvokeForWindow":false,"isWindowTerminatedEarly":true}`,
		},
	} {
		if got := string(c.event.Bytes()); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

// TestBytesAreFixed: the promised bytes of events have not changed since the
// test was written, so that results of benchmarks can be compared over the
// years. Compressed data is exempt.
func TestBytesAreFixed(t *testing.T) {
	for _, c := range []struct {
		event Event
		sum   string
	}{
		{Event{Records: 100, Size: 256, Keys: 10}, "3b9140908341a8770e32f989c7aba599ec7be74f85188b07ced6426ad91abacd"},
		{
			Event{Records: 100, Size: 256, Kind: Random, Seed: 1},
			"d79b0103bfb2006035ac62044fd57d99bb42cb5657d0296995ac3cc8daff1f40",
		},
		{Event{Records: 100, First: "1"}, "fb548f3411d832bd314d4fc32ec34cde668efa8a63c50dd5a16d4a19c7c7a96b"},
	} {
		first := c.event.Bytes()
		if got := fmt.Sprintf("%x", sha256.Sum256(first)); got != c.sum {
			t.Errorf("%+v: sum is %s, was %s", c.event, got, c.sum)
		}
	}
	for name, e := range described {
		if !bytes.Equal(e.Bytes(), e.Bytes()) {
			t.Errorf("%s: two calls of Bytes differ", name)
		}
	}
}

// TestPipe: the event of a pipe has the same records, with members in the order
// of AWS's sample.
func TestPipe(t *testing.T) {
	sample, err := os.ReadFile("../../testdata/events/pipes.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, e := range described {
		if e.Window != nil {
			continue
		}
		e.Pipe = true
		text, all, n := e.Bytes(), e.All(), 0
		for rec, err := range decoder.Records(text) {
			if err != nil || !reflect.DeepEqual(rec.Clone(), all[n]) {
				t.Fatalf("%s: %v, record %+v; want %+v", name, err, rec, all[n])
			}
			n++
		}
		if n != e.Records || text[0] != '[' || text[len(text)-1] != ']' {
			t.Errorf("%s: %d records, want %d, in %.40s", name, n, e.Records, text)
		}
		if n > 0 && e.Key == nil && e.EncryptionType == "" {
			if got, want := membersOfFirst(t, text), membersOfFirst(t, sample); got != want {
				t.Errorf("%s: members %s, want %s", name, got, want)
			}
		}
	}
}

// membersOfFirst returns the names of the first record's members, in order.
func membersOfFirst(t *testing.T, array []byte) string {
	t.Helper()
	var records []json.RawMessage
	if err := json.Unmarshal(array, &records); err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(records[0]))
	var names []string
	for n := 0; ; n++ {
		token, err := d.Token()
		if err != nil {
			return strings.Join(names, " ")
		}
		if n%2 == 1 && token != json.Delim('}') {
			names = append(names, fmt.Sprint(token))
		}
	}
}

func TestAppendKeepsWhatIsThere(t *testing.T) {
	e := Event{Records: 2, Size: 10}
	if got, want := string(e.Append([]byte("before "))), "before "+string(e.Bytes()); got != want {
		t.Errorf("got %s", got)
	}
}

func TestSizes(t *testing.T) {
	for _, kind := range []Kind{JSON, Random} {
		for _, size := range []int{1, 2, 7, 8, 9, 24, 25, 26, 100, 1000, 1 << 20} {
			for i, rec := range (Event{Records: 3, Size: size, Kind: kind, Seed: 5}).All() {
				if len(rec.Data) != size {
					t.Errorf("%v of %d bytes: record %d has %d", kind, size, i, len(rec.Data))
				}
				if kind == JSON && !json.Valid(rec.Data) {
					t.Errorf("%d bytes: record %d is no JSON: %.99s", size, i, rec.Data)
				}
				if isObject := bytes.HasPrefix(rec.Data, []byte("{")); kind == JSON && isObject != (size >= 25) {
					t.Errorf("%d bytes: record %d is %.99s", size, i, rec.Data)
				}
			}
		}
	}
}

func TestNumbersHaveNoLeadingZero(t *testing.T) {
	for _, rec := range (Event{Records: 300, Size: 5}).All() {
		if !json.Valid(rec.Data) {
			t.Errorf("no JSON: %s", rec.Data)
		}
	}
}

func TestCompressed(t *testing.T) {
	e := Event{Records: 5, Size: 3000, Seed: 3}
	plain := e.All()
	e.Kind = Compressed
	for i, rec := range e.All() {
		if len(rec.Data) > 2000 {
			t.Errorf("record %d: 3000 bytes compress to %d only", i, len(rec.Data))
		}
		r, err := gzip.NewReader(bytes.NewReader(rec.Data))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, plain[i].Data) {
			t.Errorf("record %d: it decompresses to %.99s (%v), not to the JSON of the same event", i, got, err)
		}
	}
}

func TestRandomIsRandom(t *testing.T) {
	all := Event{Records: 2, Size: 64 << 10, Kind: Random}.All()
	if bytes.Equal(all[0].Data, all[1].Data) {
		t.Error("two records have the same data")
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(all[0].Data)
	_ = w.Close()
	if b.Len() < len(all[0].Data) {
		t.Errorf("%d bytes compress to %d", len(all[0].Data), b.Len())
	}
}

func TestKeys(t *testing.T) {
	for _, c := range []struct{ records, keys, distinct int }{
		{100, 0, 100}, {100, 1, 1}, {100, 10, 10}, {100, 33, 33}, {100, 100, 100}, {100, 101, 100}, {3, 1 << 30, 3},
	} {
		count := map[string]int{}
		inOrder := true
		last := ""
		for _, rec := range (Event{Records: c.records, Keys: c.keys}).All() {
			key := string(rec.PartitionKey)
			count[key]++
			inOrder = inOrder && last <= key
			last = key
		}
		if len(count) != c.distinct {
			t.Errorf("%d records, Keys %d: %d keys", c.records, c.keys, len(count))
		}
		for key, n := range count {
			if least := c.records / c.distinct; n < least || n > least+1 {
				t.Errorf("%d records, Keys %d: %s %d times", c.records, c.keys, key, n)
			}
		}
		if c.distinct > 3 && inOrder {
			t.Errorf("%d records, Keys %d: the keys are sorted", c.records, c.keys)
		}
	}
}

func TestSeed(t *testing.T) {
	e := Event{Records: 50, Size: 100, Keys: 5}
	f := e
	f.Seed = 1
	one, two := e.All(), f.All()
	same := func(field func(r *decoder.Record) any) (n int) {
		for i := range one {
			if reflect.DeepEqual(field(&one[i]), field(&two[i])) {
				n++
			}
		}
		return n
	}
	if n := same(func(r *decoder.Record) any { return r.PartitionKey }); n > 25 {
		t.Errorf("%d of 50 keys are the same", n)
	}
	if n := same(func(r *decoder.Record) any { return r.SequenceNumber }); n != 1 {
		t.Errorf("%d of 50 sequence numbers are the same, want the first", n)
	}
	if n := same(func(r *decoder.Record) any { return r.ApproximateArrivalTimestamp }); n > 25 {
		t.Errorf("%d of 50 arrivals are the same", n)
	}
	if n := same(func(r *decoder.Record) any { return r.Data }); n > 0 {
		t.Errorf("%d of 50 payloads are the same", n)
	}
}

func TestRecordsFollowEachOther(t *testing.T) {
	for name, e := range described {
		all := e.All()
		if len(all) > 0 && e.First != "" && string(all[0].SequenceNumber) != e.First {
			t.Errorf("%s: the first number is %s", name, all[0].SequenceNumber)
		}
		for i := 1; i < len(all); i++ {
			a, b := &all[i-1], &all[i]
			if decoder.CompareSequenceNumbers(a.SequenceNumber, b.SequenceNumber) >= 0 {
				t.Errorf("%s: sequence number %s is followed by %s", name, a.SequenceNumber, b.SequenceNumber)
			}
			gap := b.ApproximateArrivalTimestamp.Sub(a.ApproximateArrivalTimestamp)
			if gap < time.Millisecond || gap > 7*time.Millisecond || gap%time.Millisecond != 0 {
				t.Errorf("%s: record %d arrives %v after the one before it", name, i, gap)
			}
		}
	}
}

func TestKeyDoesNotChangeTheRest(t *testing.T) {
	e := Event{Records: 10, Size: 50}
	f := e
	f.Key = func(int) string { return "k" }
	one, two := e.All(), f.All()
	for i := range one {
		one[i].PartitionKey = []byte("k")
		if !reflect.DeepEqual(one[i], two[i]) {
			t.Errorf("record %d differs by more than its key", i)
		}
	}
}

func TestWindow(t *testing.T) {
	at := time.Date(2024, 11, 18, 10, 9, 0, 0, time.UTC)
	const arn = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
	for _, c := range []struct {
		name       string
		give, want decoder.Window
	}{
		{"defaults", decoder.Window{}, decoder.Window{
			Start: at, End: at.Add(time.Minute), State: []byte("{}"), ShardID: "shardId-000000000003",
			EventSourceARN: arn,
		}},
		{"start only", decoder.Window{Start: at.Add(time.Hour)}, decoder.Window{
			Start: at.Add(time.Hour), End: at.Add(time.Hour + time.Minute), State: []byte("{}"),
			ShardID: "shardId-000000000003", EventSourceARN: arn,
		}},
		{
			"all", decoder.Window{
				Start: at.In(time.FixedZone("", 3600)), End: at.Add(1500 * time.Millisecond),
				State: []byte(`[1, {"a":null}]`), ShardID: "s", EventSourceARN: `a"b`,
				IsFinalInvokeForWindow: true, IsWindowTerminatedEarly: true,
			}, decoder.Window{
				Start: at, End: at.Add(1500 * time.Millisecond), State: []byte(`[1, {"a":null}]`), ShardID: "s",
				EventSourceARN:         `a"b`,
				IsFinalInvokeForWindow: true, IsWindowTerminatedEarly: true,
			},
		},
	} {
		e := Event{Records: 1, Shard: 3, Window: &c.give}
		var got struct {
			Window                  struct{ Start, End time.Time }
			State                   json.RawMessage
			ShardID, EventSourceARN string
			IsFinalInvokeForWindow  bool
			IsWindowTerminatedEarly bool
		}
		if err := json.Unmarshal(e.Bytes(), &got); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		w := decoder.Window{
			Start: got.Window.Start, End: got.Window.End, State: got.State, ShardID: got.ShardID,
			EventSourceARN:         got.EventSourceARN,
			IsFinalInvokeForWindow: got.IsFinalInvokeForWindow, IsWindowTerminatedEarly: got.IsWindowTerminatedEarly,
		}
		if !reflect.DeepEqual(w, c.want) {
			t.Errorf("%s: got %+v, want %+v", c.name, w, c.want)
		}
		decoded, err := decoder.Decoder{}.Window(e.Bytes())
		if err != nil || !reflect.DeepEqual(*decoded, c.want) {
			t.Errorf("%s: decoded %+v (%v), want %+v", c.name, decoded, err, c.want)
		}
	}
	if bytes.Contains(Event{Records: 1}.Bytes(), []byte("indow")) {
		t.Error("an event without a window has its members")
	}
}

func TestNonsensePanics(t *testing.T) {
	for _, e := range []Event{
		{Records: -1},
		{Size: -1},
		{Keys: -1},
		{Shard: -1},
		{Kind: Compressed + 1},
		{First: "0x1"},
		{First: "-1"},
		{First: "１"},
	} {
		for name, f := range map[string]func(){
			"Bytes": func() { e.Bytes() }, "Append": func() { e.Append(nil) }, "All": func() { e.All() },
		} {
			func() {
				defer func() {
					if s, _ := recover().(string); !strings.HasPrefix(s, "routertest: ") {
						t.Errorf("%s of %+v: it panics with %q", name, e, s)
					}
				}()
				f()
			}()
		}
	}
}

func TestKindString(t *testing.T) {
	if got := fmt.Sprint(JSON, Random, Compressed, Kind(7)); got != "JSON Random Compressed Kind(7)" {
		t.Error(got)
	}
}

func TestAllocationsDoNotGrow(t *testing.T) {
	for _, kind := range []Kind{JSON, Random, Compressed} {
		count := func(records int) float64 {
			e := Event{Records: records, Size: 100, Kind: kind}
			dst := e.Bytes()
			return testing.AllocsPerRun(10, func() { dst = e.Append(dst[:0]) })
		}
		if few, many := count(10), count(1000); many > few+5 {
			t.Errorf("%v: %v allocations for 10 records, %v for 1000", kind, few, many)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, e := range []Event{
		{Records: 10_000, Size: 100},
		{Records: 1000, Size: 1 << 10},
		{Records: 10_000, Size: 100, Kind: Random},
		{Records: 1000, Size: 1 << 10, Kind: Compressed},
	} {
		b.Run(fmt.Sprintf("%dx%d/%v", e.Records, e.Size, e.Kind), func(b *testing.B) {
			dst := e.Bytes()
			b.SetBytes(int64(len(dst)))
			b.ReportAllocs()
			for b.Loop() {
				dst = e.Append(dst[:0])
			}
		})
	}
}
