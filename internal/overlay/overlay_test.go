package overlay

import "testing"

func TestMark(t *testing.T) {
	if got, want := Mark("Source trusts a window's data"), "//mutant:source-trusts-a-window-s-data"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
