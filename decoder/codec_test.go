package decoder_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/snappy/xerial"
	"github.com/klauspost/compress/zstd"

	"example.com/sluice/decoder"
)

var codecs = map[string]decoder.Codec{
	"gzip": decoder.Gzip, "zlib": decoder.Zlib, "zstd": decoder.Zstd, "snappy": decoder.Snappy, "auto": decoder.Auto,
}

// compressions is testdata/formats/compressed.json.
type compressions struct {
	Texts map[string][]byte
	Cases []struct {
		Text, By, Codec string
		Data            []byte
	}
}

func (c *compressions) read(t testing.TB) {
	t.Helper()
	text, err := os.ReadFile("../testdata/formats/compressed.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, c); err != nil || len(c.Cases) == 0 {
		t.Fatal(len(c.Cases), err)
	}
}

// What other implementations have compressed is what they were given: by its
// codec and, where it has a mark, by Auto; as records and within aggregates.
func TestCodecs(t *testing.T) {
	var all compressions
	all.read(t)
	writers := map[string][]int{}
	for i, c := range all.Cases {
		writers[c.By] = append(writers[c.By], i)
	}
	for writer, cases := range writers {
		codec := all.Cases[cases[0]].Codec
		ways := map[string]decoder.Codec{codec: codecs[codec]}
		if codec != "snappy" || strings.Contains(writer, "framed") {
			ways["auto"] = decoder.Auto
		}
		records, texts := []string{withData(0, "")}, []string{""}
		for _, i := range cases {
			data := all.Cases[i].Data
			records = append(records, holding(1, data), holding(2,
				seal(append(msg("1:k"), userRecords(data, data)...))))
			plain := string(all.Texts[all.Cases[i].Text])
			texts = append(texts, plain, plain, plain)
		}
		for name, codec := range ways {
			t.Run(writer+"/"+name, func(t *testing.T) {
				recs := read(t, decoder.Decoder{Codec: codec, Deaggregate: true}, event(records...)).good(t)
				if len(recs) != len(texts) {
					t.Fatalf("%d records, want %d", len(recs), len(texts))
				}
				for i, r := range recs {
					if string(r.Data) != texts[i] {
						t.Errorf("record %d: %d bytes, want %d", i, len(r.Data), len(texts[i]))
					}
				}
			})
		}
	}
}

// userRecords are the fields of user records with that data and the first key.
func userRecords(data ...[]byte) []byte {
	var b []byte
	for _, d := range data {
		u := append([]byte{0x08, 0x00, 0x1a}, binary.AppendUvarint(nil, uint64(len(d)))...)
		u = append(u, d...)
		b = append(append(append(b, 0x1a), binary.AppendUvarint(nil, uint64(len(u)))...), u...)
	}
	return b
}

// TestUnknownCodec has codecs that are not of this package: records are bad,
// and nothing is passed on as if it had been decompressed.
func TestUnknownCodec(t *testing.T) {
	for _, codec := range []decoder.Codec{
		"lz4", "GZIP", "zstd with a dictionary\xff\xff\xff\xff",
		"zstd with a dictionary\x7f",
	} {
		o := read(t, decoder.Decoder{Codec: codec}, event(holding(1, zstdded([]byte(poem)))))
		if !errors.Is(o.errs[0], decoder.ErrCompressed) || !bytes.Equal(o.records[0].Data, zstdded([]byte(poem))) {
			t.Errorf("%q: %v, data %q", codec, o.errs[0], o.records[0].Data)
		}
		if _, err := codec.AppendDecompressed(nil, []byte(poem), 100); !errors.Is(err, decoder.ErrCompressed) {
			t.Errorf("%q: %v", codec, err)
		}
	}
}

func TestZstdDict(t *testing.T) {
	text, err := os.ReadFile("../testdata/formats/zstd-dictionaries.json")
	if err != nil {
		t.Fatal(err)
	}
	var dictionaries map[string]struct {
		Dictionary []byte
		Cases      []struct{ Data, Plain []byte }
	}
	if err := json.Unmarshal(text, &dictionaries); err != nil {
		t.Fatal(err)
	}
	trained, raw := dictionaries["trained"], dictionaries["text"]
	both := decoder.ZstdDict(trained.Dictionary, raw.Dictionary)
	for name, codec := range map[string]decoder.Codec{
		"trained": decoder.ZstdDict(trained.Dictionary),
		"text":    decoder.ZstdDict(raw.Dictionary),
	} {
		for i, c := range dictionaries[name].Cases {
			for _, codec := range []decoder.Codec{codec, both} {
				if r := read(t, decoder.Decoder{Codec: codec},
					event(holding(1, c.Data), holding(2, c.Data))).good(t)[1]; !bytes.Equal(r.Data, c.Plain) {
					t.Errorf("%s %d: %q, want %q", name, i, r.Data, c.Plain)
				}
			}
			for without, codec := range map[string]decoder.Codec{
				"Zstd": decoder.Zstd, "Auto": decoder.Auto,
				"another": decoder.ZstdDict([]byte("something else")),
			} {
				if o := read(t, decoder.Decoder{Codec: codec},
					event(holding(1, c.Data))); !errors.Is(o.errs[0], decoder.ErrCompressed) {
					t.Errorf("%s %d by %s: %v", name, i, without, o.errs[0])
				}
			}
		}
	}
	var all compressions
	all.read(t)
	for _, c := range all.Cases {
		if c.Codec == "zstd" {
			if r := read(t, decoder.Decoder{Codec: both},
				event(holding(1, c.Data))).one(t); !bytes.Equal(r.Data, all.Texts[c.Text]) {
				t.Errorf("%s by %s: without a dictionary it is not read", c.Text, c.By)
			}
		}
	}
	same := decoder.ZstdDict(trained.Dictionary, raw.Dictionary)
	if both != same || both == decoder.ZstdDict(trained.Dictionary) || both == decoder.Zstd {
		t.Error("codecs do not compare as the documentation says")
	}
	defer func() {
		if p := recover(); p == nil || !strings.Contains(fmt.Sprint(p), "dictionary 1") {
			t.Errorf("a broken dictionary: %v", p)
		}
	}()
	decoder.ZstdDict(trained.Dictionary, trained.Dictionary[:20])
}

func gzipped(plain []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(plain)
	w.Close()
	return b.Bytes()
}

func zlibbed(plain []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write(plain)
	w.Close()
	return b.Bytes()
}

func zstdded(plain []byte) []byte {
	w, _ := zstd.NewWriter(nil)
	return w.EncodeAll(plain, nil)
}

func framed(plain []byte) []byte {
	var b bytes.Buffer
	w := snappy.NewBufferedWriter(&b)
	w.Write(plain)
	w.Close()
	return b.Bytes()
}

// withHeader gives a member of gzip all that a header may have.
func withHeader(member, extra []byte, name, comment string) []byte {
	b := bytes.Clone(member[:10])
	b[3] = 0x1f
	b = append(binary.LittleEndian.AppendUint16(b, uint16(len(extra))), extra...)
	b = append(b, name+"\x00"+comment+"\x00"...)
	b = binary.LittleEndian.AppendUint16(b, uint16(crc32.ChecksumIEEE(b)))
	return append(b, member[10:]...)
}

// frame is a frame of zstd with that descriptor of its window, and these
// blocks.
func frame(window byte, blocks string) []byte {
	return []byte("\x28\xb5\x2f\xfd\x00" + string([]byte{window}) + blocks)
}

// hadoop is a frame of Hadoop's snappy with these blocks.
func hadoop(blocks ...[]byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(join(blocks...))))
	for _, plain := range blocks {
		block := snappy.Encode(nil, plain)
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(block))), block...)
	}
	return b
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

const poem = "so much depends upon a red wheel barrow glazed with rain water"

// same says that data passes unchanged.
const same = "(same)"

// Every odd payload has its answer: what it decompresses to, that it passes as
// it is, or the error it gives.
func TestOddPayloads(t *testing.T) {
	a, b := []byte(poem), []byte("beside the white chickens")
	gz, zl, zs, fr, bl := gzipped(a), zlibbed(a), zstdded(a), framed(a), snappy.Encode(nil, a)
	skippable := []byte("\x50\x2a\x4d\x18\x03\x00\x00\x00abc")
	damaged := func(data []byte, at int, bits ...byte) []byte {
		data = bytes.Clone(data)
		if at < 0 {
			at += len(data)
		}
		if data[at] ^= 1; len(bits) > 0 {
			data[at] ^= 1 ^ bits[0]
		}
		return data
	}
	long := join(withHeader(gz, bytes.Repeat([]byte{1}, 65535), strings.Repeat("n", 70_000),
		strings.Repeat("\xe9", 512)), withHeader(gzipped(b), nil, "", ""))
	both := string(a) + string(b)
	for _, c := range []struct {
		name  string
		codec string // several are parted by a space
		data  []byte
		want  string // same, what it decompresses to, or else an error that says so behind "!"
	}{
		{"no data", "gzip zlib zstd snappy auto", nil, ""},
		{"nothing in it", "gzip auto", gzipped(nil), ""},
		{"nothing in it", "zlib auto", zlibbed(nil), ""},
		{"nothing in it", "zstd auto", zstdded([]byte{}), ""},
		{"nothing in it", "snappy", []byte{0}, ""},
		{"nothing in it, framed", "snappy auto", []byte("\xff\x06\x00\x00sNaPpY"), ""},

		{"two members", "gzip auto", join(gz, gzipped(b)), both},
		{"two members, one of them empty", "gzip auto", join(gzipped(nil), gz), poem},
		{"two streams", "zlib", join(zl, zlibbed(b)), "!zlib: bytes behind the end"},
		{"two streams", "auto", join(zl, zlibbed(b)), same},
		{"two frames", "zstd auto", join(zs, zstdded(b)), both},
		{"skippable frames", "zstd", join(skippable, zs, skippable, zstdded(b), skippable), both},
		{"a skippable frame first", "auto", join(skippable, zs), poem},
		{"skippable frames first", "zstd auto", join(skippable, skippable[:4], make([]byte, 4), zs, skippable), poem},
		{"skippable frames alone", "zstd", skippable, ""},
		{"skippable frames alone", "auto", join(skippable, skippable), same},
		{"a skippable frame before something else", "auto", join(skippable, gz), same},
		{"a skippable frame that is cut off", "auto", skippable[:10], same},
		{"a skippable frame before damage", "zstd auto", join(skippable, damaged(zs, -1)), "!zstd: CRC check failed"},
		{"a window of 1 GiB", "zstd auto", frame(0xa0, "\x29\x00\x00hello"), "hello"},
		{"repeated bytes", "zstd auto", frame(0, "\x2b\x00\x00a"), "aaaaa"},
		{"two framed streams", "snappy auto", join(fr, framed(b)), both},
		{"xerial", "snappy auto", xerial.Encode(nil, a), poem},
		{"two streams of xerial", "snappy auto", join(xerial.Encode(nil, a), xerial.Encode(nil, b)), both},
		{"xerial, nothing in it", "snappy auto", xerial.Encode(nil, nil), ""},
		{"xerial, blocks of nothing", "snappy auto", join(xerial.Encode(nil, nil), []byte("\x00\x00\x00\x01\x00")), ""},
		{"xerial, a byte behind", "snappy auto", join(xerial.Encode(nil, a), []byte{7}), "!snappy: unexpected EOF"},
		{"xerial, text behind", "snappy auto", join(xerial.Encode(nil, a), b), "!snappy: unexpected EOF"},
		{"xerial, cut off in its header", "snappy auto", xerial.Encode(nil, a)[:15], "!snappy: unexpected EOF"},
		{"xerial, damaged", "snappy auto", damaged(xerial.Encode(nil, a), 21), "!snappy: corrupt input"},
		{"half a mark of xerial", "auto", []byte("\x82SNAPPY"), same},
		{"Hadoop", "snappy", hadoop(a), poem},
		{"Hadoop", "auto", hadoop(a), same},
		{"Hadoop, two frames", "snappy", join(hadoop(a), hadoop(b)), both},
		{"Hadoop, two blocks", "snappy", hadoop(a, b), both},
		{"Hadoop, nothing in it, twice", "snappy", join(hadoop(), hadoop()), "!snappy: corrupt input"},
		{"Hadoop, zeros behind", "snappy", join(hadoop(a), make([]byte, 4)), "!snappy: corrupt input"},
		{"Hadoop, zeros alone", "snappy", make([]byte, 1<<10), "!snappy: corrupt input"},
		{"Hadoop, an empty stream", "snappy", make([]byte, 4), ""},
		{"Hadoop, a byte behind", "snappy", join(hadoop(a), []byte{0}), "!snappy: unexpected EOF"},
		{"Hadoop, more than the frame says", "snappy", damaged(hadoop(a), 3, 0x20), "!snappy: corrupt input"},
		{"Hadoop, less than the frame says", "snappy", damaged(hadoop(b), 3, 0x06), "!snappy: unexpected EOF"},
		{"Hadoop, much more than it can hold", "snappy", damaged(hadoop(b), 1, 0x10), "!snappy: corrupt input"},

		{"a byte behind", "gzip auto", join(gz, []byte{7}), "!gzip: bytes behind the end"},
		{"zeros behind", "gzip auto", join(gz, make([]byte, 32)), "!gzip: bytes behind the end"},
		{"text behind", "gzip auto", join(gz, b), "!gzip: bytes behind the end"},
		{"a line break behind", "gzip auto", join(gz, []byte("\n")), "!gzip: bytes behind the end"},
		{"zeros behind two members", "gzip auto", join(gz, gz, make([]byte, 2)), "!gzip: bytes behind the end"},
		{"a member cut off behind", "gzip auto", join(gz, gz[:1]), "!gzip: unexpected EOF"},
		{"half a member behind", "gzip auto", join(gz, gz[:20]), "!gzip: unexpected EOF"},
		{"another method behind", "gzip auto", join(gz, damaged(gz, 2)), "!gzip: invalid header"},
		{"a reserved flag", "gzip auto", damaged(gz, 3, 0x20), "!gzip: invalid header"},
		{"all that a header may hold", "gzip auto", long, both},
		{"a header with a damaged checksum", "gzip auto", damaged(long, 30), "!gzip: invalid header"},
		{"a byte behind", "zlib", join(zl, []byte{7}), "!zlib: bytes behind the end"},
		{"a byte behind", "auto", join(zl, []byte{7}), same},
		{"a byte behind", "zstd auto", join(zs, []byte{7}), "!zstd: bytes behind the end"},
		{"zeros behind", "zstd auto", join(zs, make([]byte, 32)), "!zstd: bytes behind the end"},
		{"text behind", "zstd auto", join(zs, b), "!zstd: bytes behind the end"},
		{
			"zeros behind skippable frames", "zstd auto", join(skippable, zs, skippable, make([]byte, 5)),
			"!zstd: bytes behind the end",
		},
		{
			"text behind a frame of other blocks", "zstd", join(frame(0, "\x02\x00\x00a\x23\x00\x00bcde"), b),
			"!zstd: bytes behind the end",
		},
		{"half a frame behind", "zstd auto", join(zs, zs[:3]), "!zstd: unexpected EOF"},
		{"half a skippable frame behind", "zstd auto", join(zs, skippable[:9]), "!zstd: unexpected EOF"},
		{"damage, and text behind", "zstd auto", join(damaged(zs, -1), b), "!zstd: CRC check failed"},
		{"a byte behind", "snappy", join(bl, []byte{7}), "!snappy: "},
		{"a byte behind, framed", "snappy auto", join(fr, []byte{7}), "!snappy: "},
		{"text behind, framed", "snappy auto", join(fr, b), "!snappy: "},

		{"a damaged checksum", "gzip auto", damaged(gz, -5), "!gzip: invalid checksum"},
		{"a damaged length", "gzip auto", damaged(gz, -1), "!gzip: invalid checksum"},
		{"a damaged checksum", "zlib", damaged(zl, -1), "!zlib: invalid checksum"},
		{"a damaged checksum", "auto", damaged(zl, -1), same},
		{"a damaged checksum", "zstd auto", damaged(zs, -1), "!zstd: CRC check failed"},
		{"a damaged checksum, framed", "snappy auto", damaged(fr, 14), "!snappy: "},
		{"another method", "gzip", damaged(gz, 2), "!gzip: invalid header"},
		{"another method", "auto", damaged(gz, 2), same},
		{
			"a preset dictionary", "zlib", []byte("\x78\xbb\x00\x00\x00\x02\x03\x00\x00\x00\x00\x01"),
			"!zlib: invalid dictionary",
		},
		{"a preset dictionary", "auto", []byte("\x78\xbb\x00\x00\x00\x02\x03\x00\x00\x00\x00\x01"), same},
		{"a length of four gigabytes", "snappy", []byte("\xff\xff\xff\xff\x0f\x00a"), "!snappy: "},
		{"a repeated offset, which is not snappy", "snappy", []byte("\x06\x00a\x11\x00"), "!snappy: "},

		{"not compressed", "gzip", a, "!gzip: invalid header"},
		{"not compressed", "zlib", a, "!zlib: invalid header"},
		{"not compressed", "zstd", a, "!zstd: invalid input: magic number mismatch"},
		{"not compressed", "snappy", a, "!snappy: "},
		{"not compressed", "auto", a, same},
		{"one byte", "gzip zlib zstd snappy", []byte("{"), "!"},
		{"one byte", "auto", []byte("{"), same},
		{"half a mark", "auto", []byte("\x1f\x8b"), same},
		{"half a mark of zstd", "auto", []byte("\x28\xb5\x2f"), same},
		{"a mark alone", "gzip auto", []byte("\x1f\x8b\x08"), "!gzip: unexpected EOF"},
		{"a mark alone", "zstd auto", []byte("\x28\xb5\x2f\xfd"), "!zstd: unexpected EOF"},
		{"text that begins like zlib", "auto", []byte("x^2 + y^2 = z^2"), same},
		{"text that begins like zlib", "auto", []byte("x^" + strings.Repeat("2", 1000)), same},
		{"a block", "auto", bl, same},
	} {
		for name := range strings.FieldsSeq(c.codec) {
			t.Run(name+"/"+c.name, func(t *testing.T) {
				o := read(t, decoder.Decoder{Codec: codecs[name]},
					event(withData(1, ""), holding(2, c.data), withData(3, "")))
				if len(o.records) != 3 || o.broken != nil {
					t.Fatal(o)
				}
				got, e := o.records[1].Data, o.errs[1]
				if says, bad := strings.CutPrefix(c.want, "!"); bad {
					if e == nil || !errors.Is(e, decoder.ErrCompressed) ||
						!strings.Contains(e.Error(), "invalid compressed data: "+says) {
						t.Fatalf("%q, %v; want an error that says %q", got, e, says)
					}
					if e.Index != 1 || e.Field != "data" || e.SequenceNumber != sequence(2) ||
						!bytes.Equal(got, c.data) {
						t.Errorf("data %x, want %x, error %s", got, c.data, describeError(e))
					}
					return
				}
				want := c.want
				if want == same {
					want = string(c.data)
				}
				if detected := decoder.Detect(c.data); name == "auto" &&
					(detected == decoder.Identity) != (c.want == same) && detected != decoder.Zlib && len(c.data) > 0 {
					t.Errorf("Detect says %s", detected)
				}
				if e != nil || string(got) != want {
					t.Errorf("%q, %v; want %q", got, e, want)
				}
			})
		}
	}
}

// A stream that is cut off anywhere is an error, but where a format has no end
// of its own.
func TestCutOffStreams(t *testing.T) {
	plain := []byte(strings.Repeat(poem, 50))
	for name, data := range map[string][]byte{
		"gzip": gzipped(plain), "zlib": zlibbed(plain), "zstd": zstdded(plain), "snappy": snappy.Encode(nil, plain),
		"framed": framed(plain),
	} {
		codec, known := codecs[name]
		if !known {
			codec = decoder.Snappy
		}
		for n := 1; n < len(data); n++ {
			var got []byte
			for rec, err := range (decoder.Decoder{Codec: codec}).Records([]byte(event(holding(1, data[:n])))) {
				if !errors.Is(err, decoder.ErrCompressed) && !(name == "framed" && n == 10 && err == nil) {
					t.Errorf("%s, %d bytes of %d: %v", name, n, len(data), err)
				}
				got = bytes.Clone(rec.Data)
			}
			if !bytes.Equal(got, data[:n]) && n != 10 {
				t.Errorf("%s, %d bytes of %d: data %x", name, n, len(data), got)
			}
		}
	}
}

// bombs decompress to 64 MiB of zeros; the block of snappy, which cannot do
// that, says that it does.
func bombs() map[string][]byte {
	zeros := make([]byte, 64<<20)
	return map[string][]byte{
		"gzip": gzipped(zeros), "zlib": zlibbed(zeros), "zstd": zstdded(zeros),
		"framed": framed(zeros),
	}
}

func TestBombs(t *testing.T) {
	if testing.Short() {
		t.Skip("it makes hundreds of megabytes")
	}
	for name, bomb := range bombs() {
		list := []decoder.Codec{codecs[name], decoder.Auto}
		if name == "framed" {
			list[0] = decoder.Snappy
		}
		for _, codec := range list {
			t.Run(fmt.Sprintf("%s/%s", name, codec), func(t *testing.T) {
				ev := []byte(event(plain(1), holding(2, bomb), plain(3)))
				bad := 0
				mem := memoryOf(func() {
					for rec, err := range (decoder.Decoder{Codec: codec}).Records(ev) {
						if rec.Index != 1 {
							continue
						}
						bad++
						if !errors.Is(err, decoder.ErrTooLarge) || !bytes.Equal(rec.Data, bomb) {
							t.Errorf("%d bytes, %v", len(rec.Data), err)
						}
					}
				})
				if bad != 1 {
					t.Errorf("%d bad records", bad)
				}
				if most := uint64(40<<20 + 2*len(ev)); mem > most {
					t.Errorf("it takes %d bytes, want %d at most", mem, most)
				}
			})
		}
	}
}

// The limit is exact, with and without a length that is told in advance.
func TestDecompressedLimit(t *testing.T) {
	rng := rand.New(rand.NewChaCha8([32]byte{}))
	for _, size := range []int{1, 511, 512, 513, 1024, 70000} {
		plain := make([]byte, size)
		for i := range plain {
			plain[i] = byte(rng.IntN(4))
		}
		for name, data := range map[string][]byte{
			"gzip": gzipped(plain), "zlib": zlibbed(plain), "zstd": zstdded(plain), "snappy": snappy.Encode(nil, plain),
			"auto":             zlibbed(plain),
			"snappy by frames": framed(plain), "snappy by xerial": xerial.Encode(nil, plain),
			"snappy by Hadoop": hadoop(plain[:size/3], plain[size/3:]),
		} {
			name, _, _ := strings.Cut(name, " ")
			text := event(holding(1, data), holding(2, seal(append(msg("1:k"), userRecords(data)...))))
			for _, limit := range []int{size - 1, size, size + 1} {
				if limit == 0 {
					continue
				}
				o := read(t, decoder.Decoder{Codec: codecs[name], MaxData: limit, Deaggregate: true}, text)
				for i, r := range o.records {
					if limit >= size && (o.errs[i] != nil || !bytes.Equal(r.Data, plain)) {
						t.Errorf("%s of %d bytes, limit %d: %v", name, size, limit, o.errs[i])
					}
					if limit < size && (!errors.Is(o.errs[i], decoder.ErrTooLarge) || !bytes.Equal(r.Data, data)) {
						t.Errorf("%s of %d bytes, limit %d: %v, data %q", name, size, limit, o.errs[i], r.Data)
					}
				}
				if len(o.records) != 2 {
					t.Fatalf("%d records", len(o.records))
				}
			}
		}
	}
}

// Text that begins like zlib and is no such stream is not too large because a
// part of it can be read as one.
func TestAutoBelievesNoPart(t *testing.T) {
	data := zlibbed([]byte(strings.Repeat(poem, 20)))
	data = data[:len(data)-1]
	d := decoder.Decoder{Codec: decoder.Auto, MaxData: len(data)}
	if r := read(t, d, event(holding(1, data))).one(t); !bytes.Equal(r.Data, data) {
		t.Errorf("%q", r.Data)
	}
}

// A batch has a limit for all that is decompressed, a loop needs none.
func TestMaxBatch(t *testing.T) {
	data := gzipped(make([]byte, 1000))
	text := []byte(event(holding(1, data), holding(2, seal(append(msg("1:k"), userRecords(data, data)...))),
		holding(3, data)))
	for limit, want := range map[int]int{4000: -1, 3999: 2, 3000: 2, 2999: 1, 999: 0} {
		d := decoder.Decoder{Codec: decoder.Gzip, Deaggregate: true, MaxBatch: limit}
		err := d.Batch(text, func(b *decoder.Batch) error {
			if len(b.Records()) != 4 || len(b.Bad()) != 0 {
				t.Errorf("%d records", len(b.Records()))
			}
			return nil
		})
		if want < 0 {
			if err != nil {
				t.Errorf("limit %d: %v", limit, err)
			}
			continue
		}
		var e *decoder.Error
		if !errors.As(err, &e) || !errors.Is(e, decoder.ErrTooLarge) || e.Index != want {
			t.Errorf("limit %d: %v, want one at record %d", limit, err, want)
		}
		if recs := loop(t, d, text).good(t); len(recs) != 4 {
			t.Errorf("limit %d: a loop gives %d records", limit, len(recs))
		}
	}
}

// Flaws of user records say which one it is.
func TestDamageInAggregates(t *testing.T) {
	good := gzipped([]byte("good"))
	data := seal(append(msg("1:k"), userRecords(good, []byte("damaged data"), good, nil)...))
	o := read(t, decoder.Decoder{Codec: decoder.Gzip, Deaggregate: true}, event(holding(1, data), holding(2, good)))
	if o.in() != "k//good k//damaged data! k//good k// plain" {
		t.Fatal(o.in())
	}
	if e := o.errs[1]; !errors.Is(e, decoder.ErrCompressed) ||
		!strings.Contains(e.Error(), "user record 1: invalid compressed data: gzip: invalid header") {
		t.Error(e)
	}
}

// In a loop a user record's data takes the place of the one before it.
func TestMemoryOfAggregates(t *testing.T) {
	bomb := gzipped(make([]byte, 1<<20))
	ev := []byte(event(holding(1, seal(append(msg("1:k"), userRecords(bytesList(bomb, 100)...)...))), plain(2)))
	n := 0
	mem := memoryOf(func() {
		for rec, err := range (decoder.Decoder{Codec: decoder.Auto, Deaggregate: true}).Records(ev) {
			if err != nil || rec.Aggregated && len(rec.Data) != 1<<20 {
				t.Fatal(len(rec.Data), err)
			}
			n++
		}
	})
	if n != 101 || mem > 8<<20 && !scribbled {
		t.Errorf("%d records in %d bytes", n, mem)
	}
}

func bytesList(b []byte, n int) [][]byte {
	list := make([][]byte, n)
	for i := range list {
		list[i] = b
	}
	return list
}

// TestEmptyDataIsNotAbsent: data that is there is never nil, whatever has made
// it empty, in a new process too.
func TestEmptyDataIsNotAbsent(t *testing.T) {
	empty := map[string]string{
		"no text": withData(1, ""), "line breaks": withData(1, `\r\n`), "a line break": withData(1, `\u000a`),
		"an aggregate":  holding(1, seal(append(msg("1:k"), userRecords(nil)...))),
		"data left out": holding(1, seal(msg("1:k 3{ }"))),
	}
	for name, data := range map[string][]byte{
		"gzip": gzipped(nil), "zlib": zlibbed(nil), "zstd": zstdded([]byte{}), "framed": framed(nil), "snappy": {0},
	} {
		empty[name] = holding(1, data)
	}
	for name, record := range empty {
		d := decoder.Decoder{Codec: decoder.Auto, Deaggregate: true}
		if name == "snappy" {
			d.Codec = decoder.Snappy
		}
		ev := event(record, record, plain(2), record)
		if d.Codec == decoder.Snappy {
			ev = event(record, record, withData(2, ""), record)
		}
		for way, reading := range map[string]func() *outcome{
			"a loop":            func() *outcome { return loop(t, newProcess().in(d), []byte(ev)) },
			"the strict reader": func() *outcome { return loopWindow(t, strictly(d), []byte(ev)) },
			"a batch":           func() *outcome { return batch(t, newProcess().in(d), []byte(ev)) },
			"a detached loop": func() *outcome {
				d := newProcess().in(d)
				d.Detach = true
				return loop(t, d, []byte(ev))
			},
		} {
			for i, r := range reading().good(t) {
				if r.Data == nil || i != 2 && len(r.Data) > 0 {
					t.Errorf("%s by %s: record %d has data %s", name, way, i, orNil(r.Data))
				}
			}
		}
		read(t, d, ev)
	}
}

// TestWindows: a frame of zstd may ask for any window, since none takes memory;
// but for what an int cannot hold.
func TestWindows(t *testing.T) {
	for descriptor := range 256 {
		base := uint64(1) << (10 + descriptor>>3)
		window := base + base/8*uint64(descriptor&7)
		ev := event(holding(1, frame(byte(descriptor), "\x29\x00\x00hello")))
		if window > math.MaxInt {
			if e := read(t, decoder.Decoder{Codec: decoder.Zstd}, ev).errs[0]; !errors.Is(e, decoder.ErrTooLarge) ||
				!strings.Contains(e.Error(), "window") {
				t.Errorf("a window of %d bytes: %v", window, e)
			}
			continue
		}
		var r decoder.Record
		mem := memoryOf(func() { r = read(t, decoder.Decoder{Codec: decoder.Zstd}, ev).one(t) })
		if string(r.Data) != "hello" || mem > 16<<20 {
			t.Errorf("a window of %d bytes: %q, %d bytes of memory", window, r.Data, mem)
		}
	}
}

// TestCodecErrorsNameTheirCodecOnce, whatever the library says.
func TestCodecErrorsNameTheirCodecOnce(t *testing.T) {
	for name, whole := range map[string][]byte{
		"gzip": gzipped([]byte(poem)), "zlib": zlibbed([]byte(poem)), "zstd": zstdded([]byte(poem)),
		"snappy":           snappy.Encode(nil, []byte(poem)),
		"snappy by frames": framed([]byte(poem)), "snappy by xerial": xerial.Encode(nil, []byte(poem)),
	} {
		name, _, _ := strings.Cut(name, " ")
		n := 0
		for at := range 2 * len(whole) {
			data := bytes.Clone(whole)
			if at < len(whole) {
				data[at] ^= 0xff
			} else {
				data = data[:at-len(whole)]
			}
			_, err := codecs[name].AppendDecompressed(nil, data, 1000)
			if err == nil {
				continue
			}
			n++
			if strings.Count(err.Error(), name) > 1 || strings.Contains(err.Error(), "s2") ||
				strings.HasSuffix(err.Error(), "EOF: EOF") {
				t.Errorf("%s, byte %d: %v", name, at, err)
			}
		}
		if n < len(whole) {
			t.Errorf("%s: %d errors in all", name, n)
		}
	}
}
