package contents

import "testing"

func TestKindOf(t *testing.T) {
	for data, want := range map[string]Kind{
		"": Empty, "{}": JSON, " [1]\n": JSON, "{\"a\":1}\n\n[2]\r\n": JSON,
		"\"a\"": Text, "12": Text, "null": Text, "{": Text, "{}{}": Text, "{}\nx": Text, "a\tb\nä": Text, " ": Text,
		"\xff": Binary, "a\x00": Binary, "\x1f\x8b\b": Binary,
	} {
		if got := KindOf([]byte(data)); got != want {
			t.Errorf("%q is %s, want %s", data, got, want)
		}
	}
}
