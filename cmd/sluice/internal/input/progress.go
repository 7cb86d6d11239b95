package input

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"example.com/sluice/cmd/sluice/internal/screen"
)

// From how many files or bytes on reading may take long enough for a bar.
const (
	manyFiles = 20
	manyBytes = 8 << 20
)

// barDelay is how long nothing is shown: what takes less needs no bar.
const barDelay = 300 * time.Millisecond

// Progress is a bar on a terminal that shows how much has been read. A nil one
// shows nothing.
type Progress struct {
	bar     *progressbar.ProgressBar
	begun   time.Time
	visible bool
	read    int64 // bytes that the bar has not been told of
}

// NewProgress returns a bar for reading these files; nil where standard error
// is no terminal or there is little to read.
func NewProgress(files []File, stderr io.Writer) *Progress {
	var total int64
	for _, f := range files {
		if f.Name == Stdin {
			return nil // nobody knows how much is to come
		}
		total += f.Size
	}
	if !screen.IsTerminal(stderr) || len(files) < manyFiles && total < manyBytes {
		return nil
	}
	return &Progress{
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

// Count is told of bytes that have been read.
func (p *Progress) Count(n int) {
	if p == nil {
		return
	}
	p.read += int64(n)
	if time.Since(p.begun) >= barDelay {
		p.bar.Add64(p.read)
		p.read, p.visible = 0, true
	}
}

// Hide takes the bar off the screen, so that something else can be written
// there. It comes back with the next bytes.
func (p *Progress) Hide() {
	if p != nil && p.visible {
		p.bar.Clear()
		p.visible = false
	}
}
