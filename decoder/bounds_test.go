package decoder_test

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"testing"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"

	"example.com/sluice/decoder"
)

// What decompressing may take, in memory and in work, whether its result is
// kept or refused.

// holdingNumbered are n records, numbered by index, with the data that of
// gives.
func holdingNumbered(n int, of func(i int) []byte) []byte {
	records := make([]string, n)
	for i := range records {
		records[i] = holding(i, of(i))
	}
	return []byte(event(records...))
}

// blowups are the codecs with data that is some bytes of zeros, and data that
// is not sound behind it.
var blowups = []struct {
	name  string
	codec decoder.Codec
	make  func([]byte) []byte
}{
	{"gzip", decoder.Gzip, gzipped},
	{"gzip with a byte behind it", decoder.Gzip, func(b []byte) []byte { return append(gzipped(b), 'x') }},
	{"zlib", decoder.Zlib, zlibbed},
	{"zlib with a byte behind it", decoder.Zlib, func(b []byte) []byte { return append(zlibbed(b), 'x') }},
	{"zlib with a byte behind it, found out", decoder.Auto, func(b []byte) []byte { return append(zlibbed(b), 'x') }},
	{"zstd", decoder.Zstd, zstdStreamed},
	{"zstd, found out", decoder.Auto, zstdStreamed},
	{"zstd that says its size", decoder.Zstd, zstdded},
	{"zstd cut off", decoder.Zstd, func(b []byte) []byte { b = zstdStreamed(b); return b[:len(b)-1] }},
	{"framed snappy", decoder.Snappy, framed},
	{"snappy", decoder.Snappy, func(b []byte) []byte { return snappy.Encode(nil, b) }},
}

// TestLiveMemoryOfBatches: whatever becomes of the records, a batch holds
// MaxBatch and one record's data at the most, beside what the event itself
// needs.
func TestLiveMemoryOfBatches(t *testing.T) {
	if scribbled || short() {
		t.Skip("memory is not what it is elsewhere")
	}
	const maxData, maxBatch = 1 << 20, 8 << 20
	large, fits, half := make([]byte, maxData+1), make([]byte, maxData), make([]byte, maxData/2+1)
	for _, c := range blowups {
		bad, good, middling := c.make(large), c.make(fits), c.make(half)
		for name, of := range map[string]func(int) []byte{
			"refused":           func(int) []byte { return bad },
			"sound":             func(int) []byte { return good },
			"sound and refused": func(i int) []byte { return [][]byte{good, bad}[i%2] },
			"of many sizes": func(i int) []byte {
				return [][]byte{middling, bad, []byte("not compressed"), good}[i%4]
			},
		} {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				ev := holdingNumbered(60, of)
				d := newProcess().in(decoder.Decoder{Codec: c.codec, MaxData: maxData, MaxBatch: maxBatch})
				runtime.GC()
				runtime.GC()
				before := liveHeap()
				read := 0
				err := d.BatchUntil(ev, nil, func(b *decoder.Batch) error {
					read = len(b.Records()) + len(b.Bad())
					// The event is held once, as what is compressed, and
					// records take some.
					if live, limit := above(before), uint64(maxBatch+maxData+2*len(ev)+1<<20); live > limit {
						t.Errorf("%d bytes are in use for %d records, want %d at the most", live, read, limit)
					}
					return nil
				})
				if err != nil || read == 0 {
					t.Errorf("%d records: %v", read, err)
				}
				runtime.KeepAlive(ev)
			})
		}
	}
}

// TestBatchOfRefused is the event as it was found: each record a little above
// the limit.
func TestBatchOfRefused(t *testing.T) {
	if scribbled || short() {
		t.Skip("memory is not what it is elsewhere")
	}
	bomb := gzipped(make([]byte, 10<<20+1))
	ev := holdingNumbered(40, func(int) []byte { return bomb })
	d := newProcess().in(decoder.Decoder{Codec: decoder.Gzip})
	before := liveHeap()
	err := d.Batch(ev, func(b *decoder.Batch) error {
		if live := above(before); live > 24<<20 {
			t.Errorf("%d bytes are in use", live)
		}
		if len(b.Bad()) != 40 || len(b.Records()) != 0 {
			t.Errorf("%d records are bad", len(b.Bad()))
		}
		for i, e := range b.Failed() {
			if e.Index != i || !errors.Is(e, decoder.ErrTooLarge) || !bytes.Equal(b.Bad()[i].Data, bomb) {
				t.Fatal(e)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	runtime.KeepAlive(ev)
}

// TestBatchUntil: wherever reading is stopped, the batch holds what was read,
// and Unread says what was not.
func TestBatchUntil(t *testing.T) {
	data := gzipped(make([]byte, 1<<20))
	ev := holdingNumbered(6, func(i int) []byte {
		switch i {
		case 1:
			return []byte("not compressed")
		case 3:
			return seal(append(msg("1:k"), userRecords(data, []byte("nor this"), data)...))
		}
		return data
	})
	d := decoder.Decoder{Codec: decoder.Gzip, Deaggregate: true}
	whole := batch(t, d, ev)
	if whole.broken != nil || len(whole.records) != 8 {
		t.Fatal(whole.String())
	}
	ends := make(map[string]bool)
	for allowed := range 10 {
		asked := 0
		err := d.BatchUntil(ev, func() bool { asked++; return asked > allowed }, func(b *decoder.Batch) error {
			good, bad := b.Records(), b.Bad()
			read := len(good) + len(bad)
			if read == 0 {
				t.Errorf("nothing was read")
			}
			u := b.Unread()
			if u == nil {
				ends["end"] = true
				if read != 8 {
					t.Errorf("%d records, and none is unread", read)
				}
				return nil
			}
			ends[fmt.Sprint(u.Index)] = true
			next := whole.records[read]
			if !errors.Is(u, decoder.ErrStopped) || u.Index != next.Index ||
				u.SequenceNumber != string(next.SequenceNumber) {
				t.Errorf("%d records, unread is %s, want record %d", read, describeError(u), next.Index)
			}
			if b.Window() != nil {
				t.Error("a window of a part")
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	for _, end := range []string{"1", "3", "5", "end"} {
		if !ends[end] {
			t.Errorf("reading never ended at %s: %v", end, ends)
		}
	}
}

// TestBatchUntilLimits: a limit of the whole event ends reading like stop does,
// but a broken event is broken.
func TestBatchUntilLimits(t *testing.T) {
	data := gzipped(make([]byte, 1000))
	ev := holdingNumbered(4, func(i int) []byte {
		if i == 1 {
			return seal(append(msg("1:k"), userRecords(data, data)...))
		}
		return data
	})
	for _, c := range []struct {
		d    decoder.Decoder
		read int // -1: the event is broken
		at   int
	}{
		{decoder.Decoder{MaxBatch: 999}, -1, 0},
		{decoder.Decoder{MaxBatch: 1000}, 1, 1},
		{decoder.Decoder{MaxBatch: 2999}, 2, 1},
		{decoder.Decoder{MaxBatch: 3000}, 3, 2},
		{decoder.Decoder{MaxBatch: 5000}, 5, 4},
		{decoder.Decoder{MaxRecords: 1}, 1, 1},
		{decoder.Decoder{MaxRecords: 2}, 2, 1},
		{decoder.Decoder{MaxRecords: 4}, 4, 3},
		{decoder.Decoder{MaxRecords: 5}, 5, 4},
	} {
		c.d.Codec, c.d.Deaggregate = decoder.Gzip, true
		err := c.d.BatchUntil(ev, nil, func(b *decoder.Batch) error {
			u, read := b.Unread(), len(b.Records())
			if read != c.read || (u == nil) != (read == 5) ||
				u != nil && (u.Index != c.at || u.SequenceNumber != sequence(c.at) ||
					!errors.Is(u, decoder.ErrTooLarge)) {
				t.Errorf("%+v: %d records, %v", c.d, read, u)
			}
			return nil
		})
		if (err != nil) != (c.read < 0) || err != nil && !errors.Is(err, decoder.ErrTooLarge) {
			t.Errorf("%+v: %v", c.d, err)
		}
	}
	broken := string(ev[:len(ev)-2]) + ",]}"
	err := decoder.Decoder{}.BatchUntil([]byte(broken), nil, func(*decoder.Batch) error {
		t.Error("called")
		return nil
	})
	if !errors.Is(err, decoder.ErrSyntax) {
		t.Error(err)
	}
}

// TestBatchUntilReadsNoMore: what stands behind the end of reading may take
// long, and is not looked into.
func TestBatchUntilReadsNoMore(t *testing.T) {
	first, next := gzipped(make([]byte, 2<<20)), gzipped(make([]byte, 3<<20))
	d := decoder.Decoder{Codec: decoder.Gzip, MaxBatch: 4 << 20} // which the next one would pass
	three := holdingNumbered(3, func(i int) []byte { return [][]byte{first, next, next}[i] })
	err := d.BatchUntil(three, func() bool { return true },
		func(b *decoder.Batch) error {
			u := b.Unread()
			if len(b.Records()) != 1 || u == nil || !errors.Is(u, decoder.ErrStopped) ||
				u.SequenceNumber != sequence(1) {
				t.Errorf("%d records, unread is %v", len(b.Records()), u)
			}
			return nil
		})
	if err != nil {
		t.Error(err)
	}
}

// TestDecompressedInVain: what is refused has a limit too.
func TestDecompressedInVain(t *testing.T) {
	if scribbled || short() {
		t.Skip("it takes long")
	}
	bomb := zstdStreamed(make([]byte, 100<<20))
	ev := holdingNumbered(100, func(int) []byte { return bomb })
	n := 0
	for rec, err := range (decoder.Decoder{Codec: decoder.Auto, MaxData: 80 << 20}).Records(ev) {
		var e *decoder.Error
		if !errors.As(err, &e) || !errors.Is(e, decoder.ErrTooLarge) || e.Index != n {
			t.Fatal(err)
		}
		if rec == nil {
			if e.SequenceNumber != sequence(n) {
				t.Error(describeError(e))
			}
			break
		}
		n++
	}
	if n != 4<<10/80 { // 80 MiB of each are in vain
		t.Errorf("it ends behind %d records", n)
	}
}

// zstdStreamed is a frame that does not say its size.
func zstdStreamed(plain []byte) []byte {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b)
	if err == nil {
		_, err = w.Write(plain)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err)
	}
	return b.Bytes()
}
