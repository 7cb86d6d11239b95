package screen

import (
	"strings"
	"testing"
	"time"

	"github.com/rivo/uniseg"
)

func TestPreview(t *testing.T) {
	for _, tt := range []struct{ data, want string }{
		{"", `""`},
		{"a \"b\" \\", `"a \"b\" \\"`},
		{"héllo, 世界\n", `"héllo, 世界\n"`},
		{"a\x00", "0x6100"},
		{"a\xff", "0x61ff"},
		{"\x1b[31m", "0x1b5b33316d"},
		{"\u009b", "0xc29b"},
		{"a\u202eb\u200d", `"a\u202eb\u200d"`},
		{strings.Repeat("a", DataShown), `"` + strings.Repeat("a", DataShown) + `"`},
		{strings.Repeat("a", DataShown+1), `"` + strings.Repeat("a", DataShown) + `"...`},
		{strings.Repeat("a", DataShown-1) + "é", `"` + strings.Repeat("a", DataShown-1) + `"...`},
		{strings.Repeat("a", DataShown-3) + "😀", `"` + strings.Repeat("a", DataShown-3) + `"...`},
		{strings.Repeat("a", DataShown-4) + "😀", `"` + strings.Repeat("a", DataShown-4) + `😀"`},
		{strings.Repeat("\x80", DataShown+1), "0x" + strings.Repeat("80", DataShown) + "..."},
		{strings.Repeat("a", DataShown) + "\xff", `"` + strings.Repeat("a", DataShown) + `"...`},
	} {
		if got := Preview([]byte(tt.data)); got != tt.want {
			t.Errorf("Preview(%q) = %s, want %s", tt.data, got, tt.want)
		}
	}
}

func TestWord(t *testing.T) {
	long := strings.Repeat("1", textShown)
	for _, tt := range []struct{ s, want string }{
		{"", `""`},
		{"49590", "49590"},
		{"a b", `"a b"`},
		{`a"`, `"a\""`},
		{"a\x1b", `"a\x1b"`},
		{long, long},
		{long + "2", `"` + long + `"...`},
	} {
		if got := Word(tt.s); got != tt.want {
			t.Errorf("Word(%q) = %s, want %s", tt.s, got, tt.want)
		}
	}
}

func TestClip(t *testing.T) {
	for _, tt := range []struct {
		s       string
		columns int
		want    string
	}{
		{"abcdef", 6, "abcdef"},
		{"abcdefg", 6, "abc..."},
		{"注文番号", 8, "注文番号"},
		{"注文番号", 7, "注文..."},
		{"注文番号", 6, "注..."},
		{"e\u0301e\u0301e\u0301e\u0301e\u0301", 4, "e\u0301..."},
	} {
		if got := Clip(tt.s, tt.columns); got != tt.want {
			t.Errorf("Clip(%q, %d) = %q, want %q", tt.s, tt.columns, got, tt.want)
		}
	}
}

func TestGroup(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := Group(n); got != want {
			t.Errorf("Group(%d) = %s", n, got)
		}
	}
}

func TestFigure(t *testing.T) {
	for _, tt := range []struct {
		x      float64
		digits int
		want   string
	}{
		{0, 3, "0"},
		{1, 4, "1"},
		{2666.7, 3, "2,667"},
		{1234567.8, 6, "1,234,568"},
		{5.3333, 3, "5.33"},
		{0.1, 3, "0.1"},
		{0.000012345, 3, "0.0000123"},
		{999.96, 4, "1,000"},
		{1e18, 2, "1,000,000,000,000,000,000"},
	} {
		if got := Figure(tt.x, tt.digits); got != tt.want {
			t.Errorf("Figure(%v, %d) = %s, want %s", tt.x, tt.digits, got, tt.want)
		}
	}
}

func TestDuration(t *testing.T) {
	for _, want := range []string{"0s", "2ms", "10s", "12h", "12h10m", "10m", "10m10s", "1h0m1s", "-2h", "100h"} {
		d, err := time.ParseDuration(want)
		if got := Duration(d); err != nil || got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
}

// JSON looks the same wherever it is cut, and whatever its line breaks are.
func TestDataCell(t *testing.T) {
	const word = `"name": "Alice and Bob, who live in a street", `
	long := "{" + strings.Repeat(word, 20) + `"end":1}`
	for n := range KeyShown + 2 { // a space wherever the text is cut
		data := "{" + strings.Repeat("a", n) + " " + strings.Repeat("b", KeyShown) + "}"
		if got := DataCell([]byte(data)); !strings.HasPrefix(got, "{a") && n > 0 || strings.Contains(got, `"`) {
			t.Fatalf("with a space at %d: %s", n+1, got)
		}
		text := data[1:]
		if got := Cell([]byte(text)); n > 0 && (!strings.HasPrefix(got, "a") || !strings.HasSuffix(got, "...")) {
			t.Fatalf("text with a space at %d: %s", n, got)
		}
	}
	for _, tt := range []struct{ data, want string }{
		{`{"id":1}`, `{"id":1}`},
		{`{"id":1}` + "\n", `{"id":1}`},
		{"{\n  \"id\": 1,\r\n\t\"a  b\": [ ]\n}\n", `{ "id": 1, "a  b": [ ] }`},
		{"\n[1,\n2]", `[1, 2]`},
		{"{\"a\":\"\u202eb\u200d😀\"}", `{"a":"\u202eb\u200d😀"}`},
		{"{\"a\":\"\x00\"}", "0x7b2261223a2200227d"},
		{"{\"a\":\"\xff\"}", "0x7b2261223a22ff227d"},
		{"text ", `"text "`},
		{" text", `" text"`},
		{"two\nlines", `"two\nlines"`},
		{"", `""`},
		{long, string(shorten([]byte(long), KeyShown)) + "..."},
	} {
		if got := DataCell([]byte(tt.data)); got != tt.want {
			t.Errorf("DataCell(%q) = %s, want %s", tt.data, got, tt.want)
		}
	}
}

func TestClipMiddle(t *testing.T) {
	for _, tt := range []struct {
		s       string
		columns int
		want    string
	}{
		{"abcdefg", 7, "abcdefg"},
		{"abcdefgh", 7, "ab...gh"},
		{"abcdefghi", 8, "abc...hi"},
		{"注文番号注文番号", 10, "注文...号"},
		{"e\u0301e\u0301e\u0301e\u0301e\u0301", 4, "e\u0301..."},
		{"abcdefgh", 3, "..."},
	} {
		got := ClipMiddle(tt.s, tt.columns)
		if got != tt.want || uniseg.StringWidth(got) > tt.columns {
			t.Errorf("ClipMiddle(%q, %d) = %q, want %q", tt.s, tt.columns, got, tt.want)
		}
	}
}
