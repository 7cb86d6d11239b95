package decoder_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/valyala/fastjson"

	"example.com/sluice/decoder"
	"example.com/sluice/internal/jsonscan"
)

func TestText(t *testing.T) {
	for _, c := range []struct {
		data string
		bad  int // the byte that is not UTF-8; -1 where all is
	}{
		{"", -1},
		{"hello", -1},
		{"café 😀 \ufffd", -1},
		{"\xff", 0},
		{"caf\xc3", 3},
		{"a\ufffd\xc0\xaf", 4},
		{"\xed\xa0\x80", 0},
	} {
		rec := decoder.Record{Index: 3, SequenceNumber: []byte("101"), Data: []byte(c.data)}
		text, err := rec.Text()
		if c.bad < 0 {
			if text != c.data || err != nil {
				t.Errorf("%q: %q, %v", c.data, text, err)
			}
			continue
		}
		var e *decoder.Error
		if !errors.As(err, &e) || !errors.Is(err, decoder.ErrUTF8) || e.Index != 3 || e.SequenceNumber != "101" ||
			e.Field != "data" || text != "" ||
			!strings.Contains(err.Error(), fmt.Sprintf("invalid UTF-8 at byte %d", c.bad)) {
			t.Errorf("%q: %q, %v", c.data, text, err)
		}
	}
}

func TestRecordJSON(t *testing.T) {
	for _, c := range []struct {
		data, want string
		err        error
	}{
		{`{"a":[1,2,{"b":"c"}]}`, `{"a":[1,2,{"b":"c"}]}`, nil},
		{" 7\n", "7", nil},
		{`"\ud83d\ude00 \ud800"`, `"😀 ` + "\ufffd" + `"`, nil},
		{strings.Repeat("[", 300) + strings.Repeat("]", 300), strings.Repeat("[", 300) + strings.Repeat("]", 300), nil},
		{
			strings.Repeat("[", 299) + "1" + strings.Repeat("]", 299),
			strings.Repeat("[", 299) + "1" + strings.Repeat("]", 299), nil,
		},
		{strings.Repeat("[", 300) + "1" + strings.Repeat("]", 300), "", decoder.ErrTooLarge},
		{"", "", decoder.ErrSyntax},
		{"hello", "", decoder.ErrSyntax},
		{"{} {}", "", decoder.ErrSyntax},
		{"01", "", decoder.ErrSyntax},
		{`"\q"`, "", decoder.ErrSyntax},
		{"\"a\tb\"", "", decoder.ErrSyntax},
		{"nan", "", decoder.ErrSyntax},
		{strings.Repeat("[", 301) + strings.Repeat("]", 301), "", decoder.ErrTooLarge},
		{"[" + strings.Repeat("0,", 1<<20) + "0]", "", decoder.ErrTooLarge},
	} {
		rec := decoder.Record{Index: 3, SequenceNumber: []byte("101"), Data: []byte(c.data)}
		called := false
		err := rec.JSON(func(v *fastjson.Value) error {
			called = true
			v.Type() // which makes a string unescaped
			if got := v.String(); got != c.want {
				t.Errorf("%.50q gives %.50s, want %.50s", c.data, got, c.want)
			}
			return nil
		})
		if !errors.Is(err, c.err) || called != (c.err == nil) {
			t.Errorf("%.50q: %v, called %t", c.data, err, called)
		}
		if string(rec.Data) != c.data {
			t.Errorf("%.50q has changed", c.data)
		}
	}
	rec := decoder.Record{Data: []byte("7")}
	if err := rec.JSON(func(*fastjson.Value) error { return errors.ErrUnsupported }); err != errors.ErrUnsupported {
		t.Errorf("the function's error becomes %v", err)
	}
}

// FuzzJSON holds the scanner and the tree to encoding/json.
func FuzzJSON(f *testing.F) {
	for _, text := range []string{`{"a":[1,2.5e3,true,null,"\u00e9\\"]}`, "[[[]]]", "01", `"\ud800"`, "{}{}", "7 "} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		rec := decoder.Record{Data: data}
		var got string
		err := rec.JSON(func(v *fastjson.Value) error { got = v.String(); return nil })
		if !bytes.Equal(data, before) {
			t.Fatal("the data has changed")
		}
		if errors.Is(err, decoder.ErrTooLarge) {
			return
		}
		if (err == nil) != json.Valid(data) {
			t.Fatalf("%q: %v", data, err)
		}
		if err != nil {
			return
		}
		end, err := jsonscan.Scan(data)
		if err != nil || len(bytes.TrimLeft(data[end:], " \t\r\n")) > 0 {
			t.Errorf("%q ends at %d, %v", data, end, err)
		}
		if !json.Valid([]byte(got)) {
			t.Errorf("%q gives %q", data, got)
		}
	})
}

func TestAppendDecompressed(t *testing.T) {
	plain := strings.Repeat(poem, 100)
	for name, data := range map[string][]byte{
		"gzip": gzipped([]byte(plain)), "zlib": zlibbed([]byte(plain)), "zstd": zstdded([]byte(plain)),
		"auto": []byte(plain),
	} {
		for _, room := range []int{0, 7, 100, 1 << 20} {
			dst := append(make([]byte, 0, room+7), "before "...)
			got, err := codecs[name].AppendDecompressed(dst, data, len(plain))
			if err != nil || string(got) != "before "+plain {
				t.Errorf("%s into %d bytes: %d bytes, %v", name, room, len(got), err)
			}
			got, err = codecs[name].AppendDecompressed(dst, data, len(plain)-1)
			if !errors.Is(err, decoder.ErrTooLarge) || string(got) != "before " {
				t.Errorf("%s, limit: %d bytes, %v", name, len(got), err)
			}
			got, err = codecs[name].AppendDecompressed(dst, data[:len(data)/2], len(plain))
			if name != "auto" && (!errors.Is(err, decoder.ErrCompressed) || string(got) != "before ") {
				t.Errorf("%s, cut off: %d bytes, %v", name, len(got), err)
			}
		}
	}
}
