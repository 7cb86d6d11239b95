package redrive

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"example.com/sluice/cmd/sluice/internal/input"
)

// This file is what redrive remembers between runs: lines of JSON in a file
// that only grows. A line is on the disk before anything that relies on it
// begins.

// state is what came of a batch.
type state string

const (
	stateBegun   state = "begun"   // handed over; what came of it is unknown
	stateDone    state = "done"    // all records are done
	statePartial state = "partial" // those before the checkpoint are done
	stateFailed  state = "failed"  // none is known to be done
)

// entry is one line of the journal.
type entry struct {
	Time       time.Time `json:"time"`
	State      state     `json:"state"`
	Event      string    `json:"event"` // hash of its bytes
	Target     string    `json:"target"`
	File       string    `json:"file"`
	Records    int       `json:"records"` // that were handed over
	Done       int       `json:"done"`    // of them
	Checkpoint string    `json:"checkpoint,omitempty"`
	Error      string    `json:"error,omitempty"`
}

// eventID names an event by its bytes, so that its file may be moved or copied.
func eventID(event []byte) string {
	sum := sha256.Sum256(event)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// journal is the file and what it says.
type journal struct {
	name string
	file *os.File // nil where it is only read
	past map[[2]string]entry
}

// openJournal reads the journal, if there is one. Opened for writing it is
// locked: one run at a time.
func openJournal(name string, write bool) (*journal, error) {
	j := &journal{name: name, past: map[[2]string]entry{}}
	if !write {
		f, err := os.Open(name)
		if errors.Is(err, os.ErrNotExist) {
			return j, nil
		}
		if err != nil {
			return nil, input.Cause(err)
		}
		defer f.Close()
		_, err = j.load(f)
		return j, err
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, input.Cause(err)
	}
	if err := lock(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("another redrive writes to this journal: %w", err)
	}
	end, err := j.load(f)
	if err == nil {
		// A run may have ended while it wrote its last line. Nothing was begun
		// on the strength of that line, so it can go.
		err = f.Truncate(end)
	}
	if err == nil {
		_, err = f.Seek(end, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, input.Cause(err)
	}
	j.file = f
	return j, nil
}

// load reads the lines and returns where the last complete one ends.
func (j *journal) load(r io.Reader) (end int64, err error) {
	lines := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return end, nil
		}
		if err != nil {
			return 0, input.Cause(err)
		}
		var e entry
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&e); err != nil || e.Event == "" || e.Target == "" {
			return 0, fmt.Errorf("line %d is not redrive's: is this another file?", n)
		}
		end += int64(len(line))
		j.remember(e)
	}
}

// remember keeps the last line about an event and a target. A batch that was
// begun from a checkpoint is still partly done.
func (j *journal) remember(e entry) {
	if e.State == stateBegun && e.Checkpoint != "" {
		e.State = statePartial
	}
	j.past[[2]string{e.Event, e.Target}] = e
}

// last returns the last line about an event and a target, or the zero entry.
func (j *journal) last(event, target string) entry { return j.past[[2]string{event, target}] }

// add writes a line through to the disk.
func (j *journal) add(e entry) error {
	e.Time = time.Now().UTC().Truncate(time.Millisecond)
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return err
	}
	return j.file.Sync()
}

func (j *journal) close() {
	if j.file != nil {
		j.file.Close() // every line is on the disk
	}
}
