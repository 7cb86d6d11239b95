package decoder_test

import (
	"fmt"
	"testing"
)

// odd is record n with a member that Lambda does not write.
func odd(n int, member string) string {
	return with(plain(n), `{"kinesis"`, `{"`+member+`":0,"kinesis"`)
}

// TestOddRecordsDoNotPushOutTemplates: among records of one form, those of
// which none is like another cost no more than themselves.
func TestOddRecordsDoNotPushOutTemplates(t *testing.T) {
	p := newProcess()
	var records []string
	want := 0
	for n := range 400 {
		if n%10 == 5 {
			records = append(records, odd(n, fmt.Sprint("odd", n)))
		} else {
			records = append(records, plain(n))
			want++
		}
	}
	p.matched([]byte(event(records...)))
	if got := p.matched([]byte(event(records...))); got < want || got > want+8 {
		t.Errorf("%d records were read by a template, want the %d plain ones and at most 8 of the others", got, want)
	}
}

// TestTemplatesThatComeAgainAreLearned: whatever was learned before, the third
// record of a kind is read by its template.
func TestTemplatesThatComeAgainAreLearned(t *testing.T) {
	p := newProcess()
	for kind := range 40 {
		name := fmt.Sprint("kind", kind)
		ev := event(plain(0), odd(1, name), plain(2), odd(3, name), plain(4), odd(5, name), plain(6), odd(7, name))
		least := 5
		if kind == 0 {
			least = 4 // nothing was known
		}
		if got := p.matched([]byte(ev)); got < least {
			t.Errorf("kind %d: %d of 8 records were read by a template, want %d", kind, got, least)
		}
	}
}

// TestEscapesInValuesTeachNothing: a record whose key has an escape is read by
// the strict reader, however often one comes.
func TestEscapesInValuesTeachNothing(t *testing.T) {
	p := newProcess()
	var records []string
	for n := range 30 {
		records = append(records, withKey(n, `\u0061`))
	}
	if got := p.matched([]byte(event(records...))); got != 0 {
		t.Errorf("%d records with an escaped key were read by a template", got)
	}
}

// TestKnownTemplatesInRotationWarmUpAgain: behind many records of which none is
// like another, records of several known templates by turns are soon read by
// them again.
func TestKnownTemplatesInRotationWarmUpAgain(t *testing.T) {
	const each, unlike, all = 8, 300, 960
	for kinds := 1; kinds <= 6; kinds++ {
		p := newProcess()
		var records []string
		for i := range each * kinds {
			records = append(records, odd(i, fmt.Sprint("kind", i/each)))
		}
		if got := p.matched([]byte(event(records...))); got < each/2*kinds {
			t.Fatalf("%d kinds: %d of %d records were read by a template: they are not known", kinds, got, each*kinds)
		}
		for n := range unlike {
			records = append(records, odd(n, fmt.Sprint("unlike", n)))
		}
		cold := p.matched([]byte(event(records...)))
		for i := range all {
			records = append(records, odd(i, fmt.Sprint("kind", i%kinds)))
		}
		if got := p.matched([]byte(event(records...))) - cold; got < all*3/4 {
			t.Errorf("%d kinds: %d of %d records were read by a template, want three quarters", kinds, got, all)
		}
	}
}
