package base64

import (
	"bytes"
	"encoding/base64"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"example.com/sluice/decoder/internal/memory"
)

// The SIMD decoder is held to encoding/base64: what it accepts, what it writes
// and where, and the place of the fault.

// guards is what stands around the room that is decoded into, and must still
// stand there afterwards.
var guards = bytes.Repeat([]byte{0xa5}, 2048)

// exhaustive skips a test that goes through very many texts where the race
// detector has nothing to see in it but takes its time.
func exhaustive(t *testing.T) {
	t.Helper()
	if memory.Scribble {
		t.Skip("one goroutine, no pools: it is for the builds without race detector")
	}
}

// checker decodes with both and compares. Its buffers are long enough for what
// the tests have.
type checker struct {
	src, dst, want [2048]byte
	decoded        int // how often
	refused        int // how often both have refused
}

// check decodes text with its first byte at that alignment, into memory of that
// alignment.
func (c *checker) check(t *testing.T, text []byte, srcAlign, dstAlign int) {
	t.Helper()
	src := c.src[srcAlign : srcAlign+len(text) : srcAlign+len(text)]
	copy(src, text)
	wantN, err := base64.StdEncoding.Decode(c.want[:], text)
	wantFault := -1
	var corrupt base64.CorruptInputError
	if errors.As(err, &corrupt) {
		wantFault = int(corrupt)
		c.refused++
	}
	c.decoded++

	room := DecodedLen(len(text))
	dst := c.dst[:dstAlign+room+64]
	copy(dst, guards)
	n, fault := Decode(dst[dstAlign:dstAlign+room:dstAlign+room], src)
	if fault != wantFault || fault < 0 && n != wantN {
		t.Fatalf("Decode(%q) = %d, %d, want %d, %d (alignments %d, %d)", text, n, fault, wantN, wantFault,
			srcAlign, dstAlign)
	}
	if fault < 0 && !bytes.Equal(dst[dstAlign:dstAlign+n], c.want[:n]) {
		t.Fatalf("Decode(%q) gives %x, want %x (alignments %d, %d)", text, dst[dstAlign:dstAlign+n], c.want[:n],
			srcAlign, dstAlign)
	}
	c.untouched(t, text, dst, dstAlign, room)

	n = DecodeQuads(dst[dstAlign:dstAlign+room:dstAlign+room], src)
	wantFast := wantN
	if wantFault >= 0 || len(text) == 0 || bytes.ContainsAny(text, "\r\n") {
		wantFast = -1
	}
	if n != wantFast || n >= 0 && !bytes.Equal(dst[dstAlign:dstAlign+n], c.want[:n]) {
		t.Fatalf("DecodeQuads(%q) = %d, want %d (alignments %d, %d)", text, n, wantFast, srcAlign, dstAlign)
	}
	c.untouched(t, text, dst, dstAlign, room)
	if !bytes.Equal(src, text) {
		t.Fatalf("decoding %q has changed it to %q", text, src)
	}
}

func (c *checker) untouched(t *testing.T, text, dst []byte, align, room int) {
	t.Helper()
	if !bytes.HasPrefix(guards, dst[:align]) || !bytes.HasPrefix(guards, dst[align+room:]) {
		t.Fatalf("decoding %q writes outside of its room of %d bytes: %x", text, room, dst)
	}
}

func (c *checker) log(t *testing.T) {
	t.Helper()
	t.Logf("decoded %d texts, %d of them refused", c.decoded, c.refused)
}

// payload is n bytes in which all values come up.
func payload(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*167 + i>>3)
	}
	return b
}

func encoded(n int) []byte { return base64.StdEncoding.AppendEncode(nil, payload(n)) }

func TestBase64LengthsAndAlignments(t *testing.T) {
	exhaustive(t)
	var c checker
	for n := range 301 {
		text := encoded(n)
		for srcAlign := range 32 {
			c.check(t, text, srcAlign, (srcAlign*7+n)%32)
		}
		for dstAlign := range 32 {
			c.check(t, text, (dstAlign*5+n)%32, dstAlign)
		}
		for cut := range text {
			if cut > len(text)-9 || cut < 9 {
				c.check(t, text[:cut], n%32, cut%32) // no whole quads, or no padding
			}
		}
	}
	c.log(t)
}

func TestBase64EveryPairOfAlignments(t *testing.T) {
	exhaustive(t)
	var c checker
	for _, n := range []int{1, 2, 3, 12, 24, 25, 47, 48, 49, 95, 96, 97, 200} {
		for srcAlign := range 32 {
			for dstAlign := range 32 {
				c.check(t, encoded(n), srcAlign, dstAlign)
			}
		}
	}
	c.log(t)
}

// corruptions are bytes that stand next to those of the alphabet, or mean
// something to JSON or to other forms of base64.
var corruptions = []byte("\x00\t\n\r !\"\\*,-.:;<=>@[]^_`{~\x7f\x80\xaf\xc1\xff")

func TestBase64EveryCorruptPosition(t *testing.T) {
	exhaustive(t)
	var c checker
	for n := range 301 {
		if n > 64 && n%40 > 2 || testing.Short() && n%8 > 2 {
			continue
		}
		text := encoded(n)
		for i := range text {
			was := text[i]
			for _, bad := range corruptions {
				text[i] = bad
				c.check(t, text, (n+i)%32, i%32)
			}
			text[i] = was
		}
	}
	c.log(t)
}

func TestBase64EveryByteAtEveryPosition(t *testing.T) {
	exhaustive(t)
	var c checker
	for _, n := range []int{1, 2, 3, 4, 48, 73, 74, 75} {
		text := encoded(n)
		for i := range text {
			was := text[i]
			for b := range 256 {
				text[i] = byte(b)
				c.check(t, text, 0, 0)
			}
			text[i] = was
		}
	}
	c.log(t)
}

// TestBase64Forms has the forms that encoding/base64 takes and those that it
// does not; what it makes of each is checked with it.
func TestBase64Forms(t *testing.T) {
	long := string(encoded(96))
	var c checker
	for _, form := range []struct {
		text string
		ok   bool
	}{
		{"", true},
		{"aGVsbG8=", true},
		{"aGVsbG8", false},
		{"aGVsbG8==", false},
		{"aGVsbG8= ", false},
		{" aGVsbG8=", false},
		{"YQ==", true},
		{"YR==", true}, // bits behind the last byte do not matter
		{"YWI=", true},
		{"YWJ=", true},
		{"Y===", false},
		{"====", false},
		{"=", false},
		{"A", false},
		{"AA", false},
		{"AAA", false},
		{"AAAA", true},
		{"AAAAA", false},
		{"YQ==YQ==", false},
		{"YQ=Y", false},
		{"Y=Q=", false},
		{"-_-_", false},
		{"+/+/", true},
		{"\n", true},
		{"\r\n\r\n", true},
		{"YQ==\n", true},
		{"\nYQ==", true},
		{"Y\nQ\n=\n=\n", true},
		{"YQ\r=\n=", true},
		{"YQ=\n", false},
		{"YQ==\nY", false},
		{"AA\nAA", true},
		{"AAAA\n", true},
		{"AAA\nA", true},
		{"\n\n\n\n", true},
		{long + "\n", true},
		{"\n" + long, true},
		{long[:76] + "\r\n" + long[76:], true},
		{long[:76] + "\r\n" + long[76:] + "*", false},
		{long[:76] + "\n" + long[76:100] + "*" + long[101:], false},
		{strings.Repeat("\n", 200) + "YQ==", true},
		{"YQ==" + strings.Repeat("\r", 200), true},
		{long + "YQ==" + long, false},
		{strings.Repeat("A\n", 128), true},
		{strings.Repeat("A\n", 127), false},
	} {
		_, err := base64.StdEncoding.DecodeString(form.text)
		if (err == nil) != form.ok {
			t.Errorf("encoding/base64 gives %v for %q", err, form.text)
		}
		for align := range 32 {
			c.check(t, []byte(form.text), align, 31-align)
		}
	}
	c.log(t)
}

// TestBase64Mangled decodes texts with several faults and line breaks at random
// places, from a fixed seed.
func TestBase64Mangled(t *testing.T) {
	exhaustive(t)
	var c checker
	r := rand.New(rand.NewPCG(1, 2))
	times := 50_000
	if testing.Short() {
		times = 5_000
	}
	for range times {
		text := encoded(r.IntN(301))
		for range r.IntN(5) {
			at := r.IntN(len(text) + 1)
			bad := corruptions[r.IntN(len(corruptions))]
			switch r.IntN(4) {
			case 0:
				text = append(text[:at:at], append([]byte{bad}, text[at:]...)...)
			case 1:
				text = append(text[:at:at], append([]byte("\r\n"), text[at:]...)...)
			case 2:
				text = text[:at]
			case 3:
				if at < len(text) {
					text[at] = bad
				}
			}
		}
		c.check(t, text, r.IntN(32), r.IntN(32))
	}
	c.log(t)
	if c.refused < c.decoded/4 || c.refused > c.decoded*3/4 {
		t.Errorf("%d of %d texts are refused: neither side is tested well", c.refused, c.decoded)
	}
}

// TestBase64Quads compares the table with the alphabet as encoding/base64 has
// it, at each place of a quad.
func TestBase64Quads(t *testing.T) {
	for place := range quads {
		for b := range 256 {
			text := [4]byte{'A', 'A', 'A', 'A'}
			text[place] = byte(b)
			want, err := base64.StdEncoding.DecodeString(string(text[:]))
			got := decodeQuad(&text)
			if b == '=' {
				err = base64.CorruptInputError(place) // padding is not the table's affair
			}
			if (err == nil) != (got&notBase64 == 0) {
				t.Errorf("%q at place %d: %#x, where encoding/base64 says %v", byte(b), place, got, err)
			}
			if err == nil && got != uint32(want[0])|uint32(want[1])<<8|uint32(want[2])<<16 {
				t.Errorf("%q at place %d: %#x, where encoding/base64 gives %x", byte(b), place, got, want)
			}
		}
	}
}
