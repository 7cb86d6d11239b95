package command

import (
	"errors"
	"flag"
	"strings"
	"testing"
	"time"
)

// Whatever is wrong with a flag, one line says what is wanted.
func TestWrongFlags(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"-time 2", `-time: want a time such as 2ms, not "2"`},
		{"-time 3h\n", `-time: want a time such as 2ms, not "3h\n"`},
		{"-rate 5k", `-rate: want a number, not "5k"`},
		{"-rate 1e999", `-rate: "1e999" is out of range`},
		{"-rate NaN", `-rate: want a number, not NaN`},
		{"-rate=-Inf", `-rate: want a number, not -Inf`},
		{"-rate 1 file -rate inf", `-rate: want a number, not +Inf`},
		{"-n 1.5", `-n: want a whole number, not "1.5"`},
		{"-n 99999999999999999999", `-n: "99999999999999999999" is out of range`},
		{"-n " + strings.Repeat("9", 70), `-n: "` + strings.Repeat("9", 64) + `" is out of range`},
		{"-yes=perhaps", `-yes: want true or false, not "perhaps"`},
		{"-own a\"b:c", `-own: want one of x, y, not "a\"b:c"`},
		{"-rate", "flag needs an argument: -rate"},
		{"-rat 1", "no such flag: -rat; is it -rate?"},
	} {
		f := flag.NewFlagSet("test", flag.ContinueOnError)
		f.Duration("time", 0, "")
		f.Float64("rate", 0, "")
		f.Int("n", 0, "")
		f.Bool("yes", false, "")
		f.Func("own", "", func(string) error { return errors.New("want one of x, y") })
		var stdout, stderr strings.Builder
		_, status, ok := Parse(f, append([]string{"file"}, strings.Split(tt.args, " ")...), "usage", "",
			&stdout, &stderr)
		if want := tt.want + " (sluice test -help says more)\n"; ok || status != Usage || stderr.String() != want ||
			stdout.Len() > 0 {
			t.Errorf("%q: %d, %t, %q, want %q", tt.args, status, ok, &stderr, want)
		}
	}
	f := flag.NewFlagSet("test", flag.ContinueOnError)
	rate, d := f.Float64("rate", 0, ""), f.Duration("time", 0, "")
	f.Func("own", "", func(string) error { return nil })
	if files, _, ok := Parse(f, []string{"-rate", "1e3", "a", "-time=2ms", "-own", "x"}, "", "", nil, nil); !ok ||
		len(files) != 1 || *rate != 1000 || *d != 2*time.Millisecond {
		t.Error(files, ok, *rate, *d)
	}
}
