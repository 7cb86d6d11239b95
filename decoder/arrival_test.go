package decoder_test

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"example.com/sluice/decoder"
)

// Arrival times: exact in every form that is known to be sent, and in those
// that JSON allows beside them.

var arrivals = []struct {
	text string
	want time.Time
}{
	// Forms that were seen.
	{`1480641523.477`, time.UnixMilli(1480641523477)},
	{`1607497475.000`, time.UnixMilli(1607497475000)},
	{`1428537600.0`, time.Unix(1428537600, 0)},
	{`1428537600`, time.Unix(1428537600, 0)},
	{`1.4285376E9`, time.Unix(1428537600, 0)},
	{`1.441215410867E9`, time.UnixMilli(1441215410867)},
	{`"1480641523.477"`, time.UnixMilli(1480641523477)},
	{`"1607497475.000"`, time.UnixMilli(1607497475000)},
	{`"1428537600.0"`, time.Unix(1428537600, 0)},
	{`"1428537600"`, time.Unix(1428537600, 0)},
	{`"1.4285376E9"`, time.Unix(1428537600, 0)},
	{`"1.441215410867E9"`, time.UnixMilli(1441215410867)},
	{`null`, time.Time{}},
	// Other exponents.
	{`1.441215410867e9`, time.UnixMilli(1441215410867)},
	{`1.441215410867e+9`, time.UnixMilli(1441215410867)},
	{`1.441215410867E+09`, time.UnixMilli(1441215410867)},
	{`1441215410867e-3`, time.UnixMilli(1441215410867)},
	{`1441215410867E-03`, time.UnixMilli(1441215410867)},
	{`0.000001441215410867e15`, time.UnixMilli(1441215410867)},
	{`14412154.10867E2`, time.UnixMilli(1441215410867)},
	{`1e9`, time.Unix(1e9, 0)},
	{`1e0`, time.Unix(1, 0)},
	// More or fewer decimals.
	{`1731924555.1`, time.UnixMilli(1731924555100)},
	{`1731924555.12`, time.UnixMilli(1731924555120)},
	{`1731924555.123456`, time.Unix(1731924555, 123456000)},
	{`1731924555.123456789`, time.Unix(1731924555, 123456789)},
	{`1731924555.1234567899`, time.Unix(1731924555, 123456789)}, // cut off
	{`1731924555.9999999999`, time.Unix(1731924555, 999999999)},
	{`1731924555.00000000000000000000000001`, time.Unix(1731924555, 0)},
	// The edges.
	{`0`, time.Unix(0, 0)},
	{`0.0`, time.Unix(0, 0)},
	{`-0`, time.Unix(0, 0)},
	{`0e999999999999999999999`, time.Unix(0, 0)},
	{`0.001`, time.UnixMilli(1)},
	{`1e-9`, time.Unix(0, 1)},
	{`1e-10`, time.Unix(0, 0)},
	{`1e-999999999999999999999`, time.Unix(0, 0)},
	{`9`, time.Unix(9, 0)},
	{`999999999.999`, time.UnixMilli(999999999999)},
	{`10000000000.001`, time.UnixMilli(10000000000001)},
	{`-1`, time.Unix(-1, 0)},
	{`-0.5`, time.Unix(-1, 5e8)},
	{`-1731924555.137`, time.UnixMilli(-1731924555137)},
	{`253402300799.999`, time.UnixMilli(253402300799999)}, // the last of the year 9999
	{`-253402300799.999`, time.UnixMilli(-253402300799999)},
	{`2534023007.99999e2`, time.UnixMilli(253402300799999)},
}

func TestArrivalTimes(t *testing.T) {
	for _, a := range arrivals {
		rec := read(t, decoder.Decoder{}, event(withTime(1, a.text))).one(t)
		if got := rec.ApproximateArrivalTimestamp; !got.Equal(a.want) || got.Location() != time.UTC {
			t.Errorf("%s is read as %v, want %v", a.text, got, a.want.UTC())
		}
	}
	absent := strings.Replace(plain(1), `,"approximateArrivalTimestamp":1731924555.001`, ``, 1)
	if rec := read(t, decoder.Decoder{}, event(absent)).one(t); !rec.ApproximateArrivalTimestamp.IsZero() {
		t.Errorf("an absent time is read as %v", rec.ApproximateArrivalTimestamp)
	}
}

// TestEveryMillisecond reads the thousand times of one second, in several forms
// and by both readers; through a float64 496 of them are a millisecond off.
func TestEveryMillisecond(t *testing.T) {
	for _, form := range []struct {
		name  string
		write func(ms int) string
	}{
		{"as Lambda writes it", func(ms int) string { return fmt.Sprintf("1731924555.%03d", ms) }},
		{"quoted", func(ms int) string { return fmt.Sprintf(`"1731924555.%03d"`, ms) }},
		{"with an exponent", func(ms int) string { return fmt.Sprintf("1.731924555%03dE9", ms) }},
		{"in milliseconds", func(ms int) string { return fmt.Sprintf("1731924555%03de-3", ms) }},
		{"without zeros at the end", func(ms int) string {
			return strings.TrimRight(fmt.Sprintf("1731924555.%03d", ms), "0") + "0"
		}},
	} {
		records := make([]string, 1000)
		for ms := range records {
			records[ms] = withTime(ms, form.write(ms))
		}
		ev := []byte(event(records...))
		for _, o := range []*outcome{
			loop(t, strictly(decoder.Decoder{}), ev), loop(t, decoder.Decoder{}, ev),
			loop(t, decoder.Decoder{}, ev),
		} {
			recs := o.good(t)
			if len(recs) != 1000 {
				t.Fatalf("%d records", len(recs))
			}
			for ms, rec := range recs {
				if want := time.UnixMilli(1731924555000 + int64(ms)).UTC(); rec.ApproximateArrivalTimestamp != want {
					t.Errorf("%s: %s is read as %v, want %v", form.name, form.write(ms),
						rec.ApproximateArrivalTimestamp, want)
				}
			}
		}
	}
}

// TestArrivalTimesAsFractions compares with exact fractions, for every number
// of digits before and behind the point and many exponents.
func TestArrivalTimesAsFractions(t *testing.T) {
	const digits = "17319245551372985406"
	var texts []string
	for before := 1; before <= 13; before++ {
		for behind := range 13 {
			for exponent := -14; exponent <= 12; exponent++ {
				text := digits[:before]
				if behind > 0 {
					text += "." + (digits + digits)[before:before+behind]
				}
				if exponent != 0 {
					text += fmt.Sprintf("e%d", exponent)
				}
				texts = append(texts, text, "-"+text)
			}
		}
	}
	records := make([]string, len(texts))
	for i, text := range texts {
		records[i] = with(brief, `"k"`, `"k","approximateArrivalTimestamp":`+text)
	}
	got := loop(t, decoder.Decoder{}, []byte(event(records...)))
	if len(got.records) != len(texts) {
		t.Fatalf("%d records of %d: %v", len(got.records), len(texts), got.broken)
	}
	accepted := 0
	for i, text := range texts {
		exact, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatal(text)
		}
		nanos := new(big.Int).Quo(new(big.Int).Mul(exact.Num(), big.NewInt(1e9)), exact.Denom()) // towards zero
		sec, nsec := new(big.Int).QuoRem(nanos, big.NewInt(1e9), new(big.Int))
		inside := sec.CmpAbs(big.NewInt(253402300800)) < 0
		if (got.errs[i] == nil) != inside {
			t.Errorf("%s gives %v", text, got.errs[i])
			continue
		}
		if inside {
			accepted++
			if want := time.Unix(sec.Int64(), nsec.Int64()).UTC(); got.records[i].ApproximateArrivalTimestamp != want {
				t.Errorf("%s is read as %v, want %v", text, got.records[i].ApproximateArrivalTimestamp, want)
			}
		}
	}
	t.Logf("%d times, %d of them before the year 10,000", len(texts), accepted)
}

func TestBadArrivalTimes(t *testing.T) {
	for _, text := range []string{
		`true`, `false`, `[]`, `[1731924555]`, `{}`, `""`, `"yesterday"`, `"1731924555.137 "`, `" 1731924555"`,
		`"01731924555"`, `"1."`, `".5"`, `"+1"`, `"0x10"`, `"1_000"`, `"NaN"`, `"Infinity"`, `"1e"`,
		`"2024-11-18T10:09:15Z"`, `253402300800`, `-253402300800`, `1e13`, `1e999999999999999999999`,
		`17319245551370`, `9999999999999999999999999`,
	} {
		got := read(t, decoder.Decoder{}, event(plain(0), withTime(1, text), plain(2)))
		if len(got.records) != 3 || !errors.Is(got.errs[1], decoder.ErrType) {
			t.Errorf("%s gives %v", text, got)
			continue
		}
		e := got.errs[1]
		offset := strings.Index(event(plain(0), withTime(1, text), plain(2)), `:`+text+`}`) + 1
		if e.Field != "approximateArrivalTimestamp" || e.Index != 1 || e.Offset != int64(offset) ||
			e.SequenceNumber != sequence(1) {
			t.Errorf("%s gives %s, want offset %d", text, describeError(e), offset)
		}
		if rec := got.records[1]; string(rec.PartitionKey) != "user-1" || string(rec.Data) != "hello" ||
			!rec.ApproximateArrivalTimestamp.IsZero() {
			t.Errorf("%s: the record beside the error is %v", text, rec)
		}
	}
}
