package main

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// This file is what the program knows about the terminal that it writes to.

const defaultWidth = 80

// screen is how a terminal's lines are written.
type screen struct {
	width  int
	colors bool
	blocks bool // whether bars are made of block characters
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// newScreen returns the screen behind w, and whether there is one.
func newScreen(w io.Writer) (screen, bool) {
	if !isTerminal(w) {
		return screen{}, false
	}
	width, _, err := term.GetSize(int(w.(*os.File).Fd()))
	if err != nil || width <= 0 {
		width = defaultWidth
	}
	return screen{
		width:  width,
		colors: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
		blocks: strings.Contains(strings.ToUpper(locale()), "UTF"),
	}, true
}

// locale is the one that decides about characters.
func locale() string {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := os.Getenv(name); v != "" {
			return v
		}
	}
	return ""
}

// A style is a terminal's code for how text looks.
type style string

const (
	plain style = ""
	bold  style = "1"
	faint style = "2"
	red   style = "31"
	green style = "32"
)

func (s screen) paint(how style, text string) string {
	if !s.colors || how == plain || text == "" {
		return text
	}
	return "\x1b[" + string(how) + "m" + text + "\x1b[0m"
}

// bar is n of most, in so many cells. What is not nothing has something to see.
func (s screen) bar(n, most, cells int) string {
	if n <= 0 || most <= 0 || cells <= 0 {
		return ""
	}
	block := "#"
	if s.blocks {
		block = "█"
	}
	return strings.Repeat(block, max(1, n*cells/most))
}
