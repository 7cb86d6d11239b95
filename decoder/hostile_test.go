package decoder_test

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"example.com/sluice/decoder"
)

// Events made to hurt: as large as Lambda delivers them, and all of one thing.
// Reading them must take memory within the documented limits, and time and
// allocations in proportion to their size. Times are printed, and nothing is
// asserted of them.

const megabyte = 1 << 20

// fill repeats unit up to a size of n bytes, with what stands around it
// included.
func fill(n int, before, unit, behind string) []byte {
	times := (n - len(before) - len(behind)) / len(unit)
	return []byte(before + strings.Repeat(unit, times) + behind)
}

// count is fill with a counter in each unit.
func count(n int, before, format, behind string) []byte {
	var b strings.Builder
	b.WriteString(before)
	for i := 0; b.Len() < n-len(behind); i++ {
		fmt.Fprintf(&b, format, i)
	}
	b.WriteString(behind)
	return []byte(b.String())
}

const (
	open    = `{"Records":[`
	shut    = `]}`
	inBrief = `{"kinesis":{"partitionKey":"k","sequenceNumber":"1","data":"aGVsbG8="},` // and a member to come
	inKey   = `{"kinesis":{"sequenceNumber":"1","data":"aGVsbG8=","partitionKey":"`
	inData  = `{"kinesis":{"sequenceNumber":"1","partitionKey":"k","data":"`
	outOf   = `"}}`
)

// hostile are the events: of n bytes, or some less. want is the error of the
// event, or that of its first bad record if there is one.
var hostile = []struct {
	name string
	make func(n int) []byte
	want error
}{
	{"arrays opened", func(n int) []byte { return fill(n, "", "[", "") }, decoder.ErrTooLarge},
	{"arrays opened in a record", func(n int) []byte {
		return fill(n, open+inBrief+`"x":`, "[", "")
	}, decoder.ErrTooLarge},
	{"objects opened", func(n int) []byte { return fill(n, "", `{"a":`, "") }, decoder.ErrTooLarge},
	{"arrays as records", func(n int) []byte { return fill(n, open+brief+",", "[[]],", brief+shut) }, decoder.ErrType},
	{"arrays in arrays in a record", func(n int) []byte {
		return fill(n, open+inBrief+`"x":[`, "[[]],", "0]}"+shut)
	}, nil},
	{"objects in a record", func(n int) []byte { return fill(n, open+inBrief+`"x":[`, `{"a":{}},`, "0]}"+shut) }, nil},
	{"commas", func(n int) []byte { return fill(n, open, ",", "") }, decoder.ErrSyntax},
	{"commas behind a record", func(n int) []byte { return fill(n, open+brief, ",", "") }, decoder.ErrSyntax},
	{"empty records", func(n int) []byte { return fill(n, open+brief+",", "{},", brief+shut) }, decoder.ErrNotKinesis},
	{"null records", func(n int) []byte { return fill(n, open+brief+",", "null,", brief+shut) }, decoder.ErrType},
	{"records of other services", func(n int) []byte {
		return fill(n, open+brief+",", `{"eventSource":"aws:sqs"},`, brief+shut)
	}, decoder.ErrNotKinesis},
	{"records of one member", func(n int) []byte {
		return fill(n, open+brief+",", `{"data":""},`, brief+shut)
	}, decoder.ErrMissing},
	{"short records", func(n int) []byte { return fill(n, open, brief+",", brief+shut) }, nil},
	{"records all of other forms", func(n int) []byte {
		return count(n, open, strings.TrimSuffix(brief, "}")+`,"x%d":0},`, brief+shut)
	}, nil},
	{"unknown members in a record", func(n int) []byte { return fill(n, open+inBrief, `"x":1,`, `"y":0}`+shut) }, nil},
	{"unknown members in kinesis", func(n int) []byte {
		return fill(n, open+strings.TrimSuffix(brief, "}}")+",", `"x":"",`, `"y":0}}`+shut)
	}, nil},
	{"duplicate members in a record", func(n int) []byte {
		return fill(n, open+inBrief, `"eventID":"s:1",`, `"eventID":"s:1"}`+shut)
	}, nil},
	{"kinesis over and over", func(n int) []byte {
		return fill(n, open+inBrief, `"kinesis":{},`, `"y":0}`+shut)
	}, decoder.ErrDuplicate},
	{"unknown members with escaped names", func(n int) []byte {
		return fill(n, open+inBrief, `"\u0078":1,`, `"y":0}`+shut)
	}, nil},
	{"unknown members of the event", func(n int) []byte { return fill(n, "{", `"x":1,`, event(brief)[1:]) }, nil},
	{"escaped names in the event", func(n int) []byte { return fill(n, "{", `"\u0078":1,`, event(brief)[1:]) }, nil},
	{"names of an event in records, escaped", func(n int) []byte {
		return fill(n, open, strings.ReplaceAll(brief, `"data"`, `"\u0064ata"`)+",", brief+shut)
	}, nil},
	{"records of escaped names, each other ones", func(n int) []byte {
		return count(n, open, strings.TrimSuffix(brief, "}")+`,"\u0078%d":0},`, brief+shut)
	}, nil},
	{"long escaped names in the event", func(n int) []byte {
		return fill(n, "{", `"`+strings.Repeat(`\u0078`, 20)+`":1,`, event(brief)[1:])
	}, nil},
	{"an escaped name of the event", func(n int) []byte {
		return fill(n, `{"`, `\u0078`, `":1,`+event(brief)[1:])
	}, nil},
	{"escaped names in a window", func(n int) []byte {
		return fill(n, `{"window":{`, `"\u0078":1,`, `"end":null},"Records":[]}`)
	}, nil},
	{"an aggregate of bad user records", func(n int) []byte {
		one := userRecords(make([]byte, 14))
		one[3] = 9 // the key's index, of a table of one
		ev := event(holding(1, seal(append(msg("1:k"), bytes.Repeat(one, min(n/4*3/len(one)-50, 1<<18))...))))
		return []byte(ev + strings.Repeat(" ", n-len(ev)))
	}, decoder.ErrAggregate},
	{"unknown members of no event", func(n int) []byte {
		return fill(n, "{", `"x":1,`, `"y":0}`)
	}, decoder.ErrNotKinesis},
	{"members of a window", func(n int) []byte {
		return fill(n, `{"window":{`, `"start":null,`, `"end":null},"Records":[]}`)
	}, nil},
	{"state of a window", func(n int) []byte {
		return fill(n, `{"window":{},"Records":[],"state":[`, `0,`, `0]}`)
	}, nil},
	{"digits", func(n int) []byte { return fill(n, open+inBrief+`"x":`, "1", "}"+shut) }, nil},
	{"digits of an arrival time", func(n int) []byte {
		return fill(n, open+strings.TrimSuffix(brief, "}}")+`,"approximateArrivalTimestamp":1.`, "1", "}}"+shut)
	}, nil},
	{"zeros of an arrival time", func(n int) []byte {
		return fill(n, open+strings.TrimSuffix(brief, "}}")+`,"approximateArrivalTimestamp":1`, "0", "}}"+shut)
	}, decoder.ErrType},
	{"exponent of an arrival time", func(n int) []byte {
		return fill(n, open+strings.TrimSuffix(brief, "}}")+`,"approximateArrivalTimestamp":1e`, "9", "}}"+shut)
	}, decoder.ErrType},
	{"spaces before the event", func(n int) []byte { return fill(n, "", " ", event(brief)) }, nil},
	{"spaces among records", func(n int) []byte { return fill(n, open+brief, " \n", ","+brief+shut) }, nil},
	{"spaces and no more", func(n int) []byte { return fill(n, "", " ", "") }, decoder.ErrSyntax},
	{"a key", func(n int) []byte { return fill(n, open+inKey, "k", outOf+shut) }, nil},
	{"a key of quotes", func(n int) []byte { return fill(n, open+inKey, `\"`, outOf+shut) }, nil},
	{"a key of quotes without end", func(n int) []byte { return fill(n, open+inKey, `\"`, "") }, decoder.ErrSyntax},
	{"a key of backslashes", func(n int) []byte { return fill(n, open+inKey, `\\`, outOf+shut) }, nil},
	{"a key of escapes", func(n int) []byte { return fill(n, open+inKey, `\u00e9`, outOf+shut) }, nil},
	{"a key of lone surrogates", func(n int) []byte { return fill(n, open+inKey, `\ud800`, outOf+shut) }, nil},
	{"a key of control bytes", func(n int) []byte {
		return fill(n, open+inKey, "\x01", outOf+shut)
	}, decoder.ErrSyntax},
	{"a key of bytes that are no UTF-8", func(n int) []byte { return fill(n, open+inKey, "\xff", outOf+shut) }, nil},
	{"a name", func(n int) []byte { return fill(n, open+inBrief+`"`, "n", `":0}`+shut) }, nil},
	{"a sequence number", func(n int) []byte {
		return fill(n, open+`{"data":"","partitionKey":"k","sequenceNumber":"`, "9", `"}`+shut)
	}, nil},
	{"a number of a bad record", func(n int) []byte {
		return fill(n, open+`{"data":"*","partitionKey":"k","sequenceNumber":"`, "9", `"}`+shut)
	}, decoder.ErrBase64},
	{"a stream's ARN", func(n int) []byte {
		return fill(n, open+inBrief+`"eventSourceARN":"arn:`, ":stream/", `"}`+shut)
	}, nil},
	{"an event id of colons", func(n int) []byte { return fill(n, open+inBrief+`"eventID":"`, ":", `"}`+shut) }, nil},
	{"an event source", func(n int) []byte {
		return fill(n, open+brief+`,{"eventSource":"`, "x", `"}`+shut)
	}, decoder.ErrNotKinesis},
	{"an event source of the first record", func(n int) []byte {
		return fill(n, open+`{"eventSource":"`, "x", `"}`+shut)
	}, decoder.ErrNotKinesis},
	{"data", func(n int) []byte { return fill(n, open+inData, "aGVs", outOf+shut) }, nil},
	{"data with escapes", func(n int) []byte { return fill(n, open+inData, `aGV\/`, outOf+shut) }, nil},
	{"data with line breaks", func(n int) []byte { return fill(n, open+inData, `aGVs\n`, outOf+shut) }, nil},
	{"data of line breaks", func(n int) []byte { return fill(n, open+inData, `\r\n`, outOf+shut) }, nil},
	{"data that goes bad", func(n int) []byte {
		return fill(n, open+inData, "aGVs", "*"+outOf+shut)
	}, decoder.ErrBase64},
	{"data with escapes that goes bad", func(n int) []byte {
		return fill(n, open+inData, `\/`, "*"+outOf+shut)
	}, decoder.ErrBase64},
	{"data of padding", func(n int) []byte { return fill(n, open+inData, "=", outOf+shut) }, decoder.ErrBase64},
	{"a string beside data", func(n int) []byte { return fill(n, open+inBrief+`"x":"`, "x", `"}`+shut) }, nil},
}

// reader is how they are read: what looks like an aggregate is one.
var reader = decoder.Decoder{Deaggregate: true}

// usage is what reading an event has used.
type usage struct {
	time    time.Duration
	mallocs uint64 // allocations
	bytes   uint64 // what they were of, garbage included
	live    uint64 // the most memory in use beside the event
	records int    // bad ones included
	bad     int
	err     error // the first
}

// liveHeap is the memory in use.
func liveHeap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func mallocs() (n, bytes uint64) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs, m.TotalAlloc
}

// emptyPools takes back what the decoder has kept from the events before.
func emptyPools() {
	reader = newProcess().in(reader)
	if short() {
		return
	}
	runtime.GC()
	runtime.GC()
}

// above returns the memory in use above what there was before.
func above(before uint64) uint64 {
	if now := liveHeap(); now > before {
		return now - before
	}
	return 0
}

// useOfLoop reads the event with the loop, twice: for the time and the
// allocations, then for the memory in use at the first record, at the last, and
// at the end.
func useOfLoop(ev []byte) usage {
	emptyPools()
	var u usage
	start := time.Now()
	before, bytes := mallocs()
	for rec, err := range reader.Records(ev) {
		if err != nil {
			u.bad++
		}
		if err != nil && u.err == nil {
			u.err = err
		}
		if rec != nil {
			u.records++
		}
	}
	u.time = time.Since(start)
	after, bytesAfter := mallocs()
	u.mallocs, u.bytes = after-before, bytesAfter-bytes
	if short() {
		return u // of memory there is not enough to measure
	}
	emptyPools()
	live := liveHeap()
	n := 0
	for range reader.Records(ev) {
		if n++; n == 1 || n == u.records {
			u.live = max(u.live, above(live))
		}
	}
	u.live = max(u.live, above(live))
	runtime.KeepAlive(ev)
	return u
}

// useOfBatch is useOfLoop for Batch; its memory counts while the function runs.
func useOfBatch(ev []byte) usage {
	emptyPools()
	var u usage
	live := liveHeap()
	before, _ := mallocs()
	start := time.Now()
	took := func() {
		u.time = time.Since(start)
		u.mallocs, _ = mallocs()
		u.mallocs -= before
	}
	u.err = reader.Batch(ev, func(b *decoder.Batch) error {
		took()
		u.records, u.bad = len(b.Records())+len(b.Bad()), len(b.Bad())
		if !short() {
			u.live = above(live)
		}
		return nil
	})
	if u.err != nil {
		took()
	}
	runtime.KeepAlive(ev)
	return u
}

func TestHostileEvents(t *testing.T) {
	sizes := []int{6 * megabyte / 4, 6 * megabyte}
	if short() {
		sizes = []int{megabyte / 32, megabyte / 8}
	}
	for _, h := range hostile {
		t.Run(h.name, func(t *testing.T) {
			var loops, batches []usage
			for _, n := range sizes {
				ev := h.make(n)
				if len(ev) > n+200 || len(ev) < n-200 {
					t.Fatalf("the event has %d bytes, want %d", len(ev), n)
				}
				u, v := useOfLoop(ev), useOfBatch(ev)
				if !errors.Is(u.err, h.want) {
					t.Errorf("it gives %v, want %v", u.err, h.want)
				}
				if u.err != nil && len(u.err.Error()) > 300 {
					t.Errorf("the error has %d bytes: %.400s", len(u.err.Error()), u.err)
				}
				checkMemory(t, ev, u, v)
				loops, batches = append(loops, u), append(batches, v)
			}
			checkGrowth(t, "a loop", loops)
			checkGrowth(t, "a batch", batches)
			for i, u := range loops {
				t.Logf("%5.3f MB: loop %9v, %8d allocations of %6.2f MB, %6.2f MB in use; batch "+
					"%9v, %6.2f MB; %d records",
					float64(sizes[i])/megabyte, u.time.Round(time.Microsecond), u.mallocs, float64(u.bytes)/megabyte,
					float64(u.live)/megabyte,
					batches[i].time.Round(time.Microsecond), float64(batches[i].live)/megabyte, u.records)
			}
		})
	}
}

// checkMemory asserts the documented limits. Some room is for what is there
// anyway: templates, readers, the test's own.
func checkMemory(t *testing.T, ev []byte, loop, batch usage) {
	t.Helper()
	if scribbled {
		return // it copies the event, and the race detector keeps books
	}
	const anyway = 256 << 10
	limit := uint64(4*len(ev) + anyway)
	if loop.live > limit {
		t.Errorf("the loop uses %d bytes for an event of %d", loop.live, len(ev))
	}
	// Garbage counts as well, but buffers grow by doubling.
	if limit := 2*limit + 512*uint64(loop.bad); loop.bytes > limit {
		t.Errorf("the loop allocates %d bytes for an event of %d", loop.bytes, len(ev))
	}
	// Room for records grows by doubling, and each bad one has its error.
	perRecord := uint64(2 * (unsafe.Sizeof(decoder.Record{}) + 8))
	if limit += uint64(batch.records)*perRecord + 512*uint64(batch.bad); batch.live > limit {
		t.Errorf("the batch uses %d bytes for an event of %d and %d records", batch.live, len(ev), batch.records)
	}
}

// checkGrowth asserts that an event of four times the size takes little more
// than four times the allocations.
func checkGrowth(t *testing.T, way string, uses []usage) {
	t.Helper()
	if a, b := uses[0].mallocs, uses[1].mallocs; b > a*9/2+1000 {
		t.Errorf("%s allocates %d times for an event, and %d times for one of four times its size", way, a, b)
	}
}

// TestNestedArrays has ten thousand of them, wherever an event has JSON.
func TestNestedArrays(t *testing.T) {
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	everyPlace(t, deep)
	everyPlace(t, strings.Repeat(`{"":`, 10_000)+"0"+strings.Repeat("}", 10_000))
	e := read(t, decoder.Decoder{}, open+inBrief+`"x":`+deep+"}"+shut).broken
	if !errors.Is(e, decoder.ErrTooLarge) || e.Offset != int64(len(open+inBrief+`"x":`)+297) || e.Index != 0 {
		t.Errorf("arrays in a record give %s", describeError(e))
	}
}
