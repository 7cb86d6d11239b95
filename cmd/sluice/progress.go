package main

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// This file is the bar that shows how far the program is where that takes a while.

const (
	manyFiles = 20
	manyBytes = 8 << 20

	// barDelay is how long nothing is shown: what takes less needs no bar.
	barDelay = 300 * time.Millisecond
)

// progress is a bar on a terminal; a nil one shows nothing.
type progress struct {
	bar     *progressbar.ProgressBar
	begun   time.Time
	visible bool
	read    int64 // bytes that the bar has not been told of
}

// newProgress returns a bar for these files, nil where standard error is no terminal or there is little to read.
func newProgress(files []input, stderr io.Writer) *progress {
	var total int64
	for _, in := range files {
		if in.name == stdinName {
			return nil // nobody knows how much is to come
		}
		total += in.size
	}
	if !isTerminal(stderr) || len(files) < manyFiles && total < manyBytes {
		return nil
	}
	return &progress{
		begun: time.Now(),
		bar: progressbar.NewOptions64(max(total, 1),
			progressbar.OptionSetWriter(stderr),
			progressbar.OptionSetDescription("reading"),
			progressbar.OptionSetWidth(20),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetRenderBlankState(false),
			progressbar.OptionClearOnFinish(),
		),
	}
}

// count is told of bytes that have been read.
func (p *progress) count(n int) {
	if p == nil {
		return
	}
	p.read += int64(n)
	if time.Since(p.begun) >= barDelay {
		p.bar.Add64(p.read)
		p.read, p.visible = 0, true
	}
}

// hide takes the bar off the screen, so that something else can be written there. It comes back with the next bytes.
func (p *progress) hide() {
	if p != nil && p.visible {
		p.bar.Clear()
		p.visible = false
	}
}
