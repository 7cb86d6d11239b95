// Package screen makes what comes from an event fit to be read: screen.go knows
// the terminal, and text.go what text on it may hold.
package screen

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// DefaultWidth is for what is no terminal, or does not say how wide it is.
const DefaultWidth = 80

// Screen is how lines are written to a terminal.
type Screen struct {
	Width  int
	Colors bool
	Blocks bool // whether bars are made of block characters
}

// IsTerminal reports whether somebody may be looking at what w gets.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// New returns the screen behind w, and whether there is one.
func New(w io.Writer) (Screen, bool) {
	if !IsTerminal(w) {
		return Screen{}, false
	}
	width, _, err := term.GetSize(int(w.(*os.File).Fd()))
	if err != nil || width <= 0 {
		width = DefaultWidth
	}
	return Screen{
		Width:  width,
		Colors: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
		Blocks: strings.Contains(strings.ToUpper(locale()), "UTF"),
	}, true
}

// locale is the setting that says which characters there are.
func locale() string {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := os.Getenv(name); v != "" {
			return v
		}
	}
	return ""
}

// Style is a terminal's code for how text looks.
type Style string

// The styles; Plain is none.
const (
	Plain Style = ""
	Bold  Style = "1"
	Faint Style = "2"
	Red   Style = "31"
	Green Style = "32"
)

// Paint wraps text in a style, where the terminal has colors.
func (s Screen) Paint(how Style, text string) string {
	if !s.Colors || how == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(how) + "m" + text + "\x1b[0m"
}

// Bar draws n of most in a number of cells. Above zero it has at least one.
func (s Screen) Bar(n, most, cells int) string {
	if n <= 0 || most <= 0 || cells <= 0 {
		return ""
	}
	block := "#"
	if s.Blocks {
		block = "█"
	}
	return strings.Repeat(block, max(1, n*cells/most))
}
