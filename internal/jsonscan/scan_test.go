package jsonscan

import (
	"errors"
	"strings"
	"testing"
)

func TestScan(t *testing.T) {
	for _, c := range []struct {
		data string
		end  int
		err  error
	}{
		{"{} {}", 2, nil},
		{" 7,", 2, nil},
		{`"a" b`, 3, nil},
		{"", 0, ErrSyntax},
		{"  ", 2, ErrSyntax},
		{"[1,]", 3, ErrSyntax},
		{strings.Repeat("[", 301), 300, ErrTooLarge},
	} {
		if end, err := Scan([]byte(c.data)); end != c.end || !errors.Is(err, c.err) {
			t.Errorf("%.20q: %d, %v, want %d, %v", c.data, end, err, c.end, c.err)
		}
	}
}
