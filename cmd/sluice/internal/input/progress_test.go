package input

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/schollz/progressbar/v3"
)

func TestProgress(t *testing.T) {
	var out strings.Builder
	p := &Progress{begun: time.Now().Add(-barDelay), bar: progressbar.NewOptions64(100,
		progressbar.OptionSetWriter(&out), progressbar.OptionSetRenderBlankState(false))}
	p.Count(40)
	if !strings.Contains(out.String(), "40%") {
		t.Errorf("40 of 100 bytes look like %q", out.String())
	}
	p.Hide()
	if last := out.String()[strings.LastIndexByte(out.String(), '\r')+1:]; strings.Trim(last, " ") != "" {
		t.Errorf("hidden, but %q is there", last)
	}
	n := out.Len()
	p.Hide()
	if out.Len() != n {
		t.Error("hidden twice")
	}
}

// There is no bar where standard error is no terminal.
func TestNoProgress(t *testing.T) {
	many := make([]File, manyFiles)
	pipe, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	defer w.Close()
	if NewProgress(many, w) != nil || NewProgress(many, &strings.Builder{}) != nil {
		t.Error("a bar on no terminal")
	}
	var none *Progress
	none.Count(1)
	none.Hide()
}
