package decoder_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"example.com/sluice/decoder"
)

// The limits of a Decoder, to the byte and to the record.

func TestMaxData(t *testing.T) {
	for _, limit := range []int{1, 2, 3, 4, 5, 6, 7, 100} {
		for size := range 110 {
			if limit < 100 && size > 12 {
				break
			}
			text := base64.StdEncoding.EncodeToString(make([]byte, size))
			for _, written := range []string{
				text, strings.Join(strings.SplitAfter(text, "="), `\n`),
				strings.Replace(text, "A", `\u0041`, 1),
			} {
				ev := event(plain(0), withData(1, written), plain(2))
				got := read(t, decoder.Decoder{MaxData: limit}, ev)
				e := got.errs[1]
				if (e != nil) != (size > limit) {
					t.Fatalf("%d bytes with a limit of %d give %v", size, limit, e)
				}
				if e == nil {
					continue
				}
				if !errors.Is(e, decoder.ErrTooLarge) || e.Field != "data" || e.SequenceNumber != sequence(1) ||
					!strings.Contains(e.Error(), fmt.Sprintf("more than %d bytes", limit)) {
					t.Errorf("%d bytes with a limit of %d give %v", size, limit, e)
				}
				if want := strings.Index(ev, `"`+written+`"`); e.Offset != int64(want) {
					t.Errorf("the offset is %d, want %d", e.Offset, want)
				}
				if want := strings.NewReplacer(`\n`, "\n", `\u0041`,
					"A").Replace(written); string(got.records[1].Data) != want {
					t.Errorf("the data beside the error is %q, want the base64 text %q", got.records[1].Data, want)
				}
			}
		}
	}
}

// TestDefaultMaxData has a record of 10 MiB, and one of a byte more.
func TestDefaultMaxData(t *testing.T) {
	for _, more := range []int{0, 1} {
		ev := []byte(event(withData(1, base64.StdEncoding.EncodeToString(make([]byte, 10<<20+more))), plain(2)))
		for range 2 { // by the strict reader, and by the other
			got := loop(t, decoder.Decoder{}, ev)
			if len(got.records) != 2 || (got.errs[0] != nil) != (more > 0) ||
				more > 0 && !errors.Is(got.errs[0], decoder.ErrTooLarge) || got.errs[1] != nil {
				t.Errorf("10 MiB and %d give %d records, %v", more, len(got.records), got.errs)
			}
			if more == 0 && len(got.records[0].Data) != 10<<20 {
				t.Errorf("the data has %d bytes", len(got.records[0].Data))
			}
		}
	}
}

func TestMaxRecords(t *testing.T) {
	for limit := 1; limit < 5; limit++ {
		records := []string{plain(0), withData(1, "*"), plain(2), plain(3)}
		text := event(records...)
		got := read(t, decoder.Decoder{MaxRecords: limit}, text)
		if limit == 4 {
			if got.broken != nil || len(got.records) != 4 {
				t.Errorf("4 records with a limit of 4 give %s", got)
			}
			continue
		}
		e := got.broken
		if len(got.records) != limit || !errors.Is(e, decoder.ErrTooLarge) || e.Index != limit ||
			!strings.Contains(e.Error(), fmt.Sprintf("more than %d records", limit)) {
			t.Errorf("with a limit of %d it gives %s", limit, got)
		}
		if want := strings.Index(text, records[limit]); e.Offset != int64(want) {
			t.Errorf("the offset is %d, want %d", e.Offset, want)
		}
	}
}

// TestDefaultMaxRecords has the most records that there may be, and one more.
func TestDefaultMaxRecords(t *testing.T) {
	if scribbled {
		t.Skip("it takes long where each record has its own memory")
	}
	for _, more := range []int{0, 1} {
		ev := []byte(event(strings.Repeat(brief+",", 1<<18-1+more) + brief))
		n := 0
		var last error
		for rec, err := range decoder.Records(ev) {
			if rec != nil {
				n++
			}
			last = err
		}
		if n != 1<<18 || errors.Is(last, decoder.ErrTooLarge) != (more > 0) {
			t.Errorf("%d records and %d more give %d and %v", 1<<18, more, n, last)
		}
	}
}

// TestDepth nests values just deep enough and just too deep, at each level that
// an event has; checkJSON knows which is which.
func TestDepth(t *testing.T) {
	refused, taken := 0, 0
	for _, p := range places {
		for _, c := range [][2]string{{"[", "]"}, {`{"a":`, "}"}} {
			for n := 294; n <= 301; n++ {
				o := checkJSON(t, p.before+strings.Repeat(c[0], n)+"0"+strings.Repeat(c[1], n)+p.behind)
				if o.broken == nil {
					taken++
				} else if errors.Is(o.broken, decoder.ErrTooLarge) {
					refused++
				}
			}
		}
	}
	if refused < 50 || taken < 50 {
		t.Errorf("%d events refused and %d taken: one side is hardly tested", refused, taken)
	}
	t.Logf("%d events taken, %d refused as too deep", taken, refused)
}
