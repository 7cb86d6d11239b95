// Package memory is the memory that what a decoder hands out lives in. It is
// reused from event to event, and scribbled on where tests ask for it.
package memory

// MaxPooled is how large memory may be to be kept for the next event.
const MaxPooled = 16 << 20

// Arena hands out bytes that stay where they are until they are taken back: all
// at once by Reset, or those since a Mark by Rewind. Between events it keeps
// one block, of MaxPooled at most, which is meant to do for the next event.
type Arena struct {
	buf  []byte   // what is handed out, with the free room behind it
	full [][]byte // blocks that had too little room left, kept for those who hold views of them
	lost int      // the most that blocks dropped from full since the last reset had room for
	need int      // how large one block must be to hold what was handed out before
}

// Reserve returns room for n bytes or more, to be handed out by Take. A new
// block, where one is needed, has room for at least hint bytes.
func (a *Arena) Reserve(n, hint int) []byte {
	if cap(a.buf)-len(a.buf) < n {
		a.grow(max(n, hint, a.need))
	}
	return a.buf[len(a.buf):cap(a.buf)]
}

func (a *Arena) grow(n int) {
	if len(a.buf) > 0 {
		a.full = append(a.full, a.buf)
	}
	a.buf = make([]byte, 0, n)
}

// Take hands out the first n bytes of what Reserve returned last. Appending to
// them does not write to what is handed out next.
func (a *Arena) Take(n int) []byte {
	start := len(a.buf)
	a.buf = a.buf[:start+n]
	return a.buf[start : start+n : start+n]
}

// Copy hands out a copy of b.
func (a *Arena) Copy(b []byte, hint int) []byte {
	if len(b) == 0 {
		return b[:0:0]
	}
	copy(a.Reserve(len(b), hint), b)
	return a.Take(len(b))
}

// OwnBlock is the size from which on bytes that do not fit into the room that
// is left get a block of their own, so that little of that room goes to waste.
const OwnBlock = 64 << 10

// Place hands out a copy of b as Copy does, but never gives up more room than
// OwnBlock for it. It must not be called between Mark and Rewind.
func (a *Arena) Place(b []byte, hint int) []byte {
	if len(b) < OwnBlock || cap(a.buf)-len(a.buf) >= len(b) {
		return a.Copy(b, hint)
	}
	own := make([]byte, len(b))
	copy(own, b)
	a.full = append(a.full, own)
	return own[:len(own):len(own)]
}

// Mark is a place in what was handed out.
type Mark struct{ blocks, used int }

func (a *Arena) Mark() Mark { return Mark{len(a.full), len(a.buf)} }

// Rewind takes back what was handed out since the mark, and returns the mark
// that is valid from now on.
func (a *Arena) Rewind(m Mark) Mark {
	if len(a.full) > m.blocks {
		// The marked block is full by now. The last one has room for more, and
		// holds nothing that was there at the mark.
		if m.used > 0 {
			a.full[m.blocks] = a.full[m.blocks][:m.used]
			m.blocks++
		}
		a.lost = max(a.lost, a.drop(m.blocks))
		m.used = 0
	}
	if Scribble {
		Overwrite(a.buf[m.used:])
	}
	a.buf = a.buf[:m.used]
	return m
}

// Reset takes back all that was handed out.
func (a *Arena) Reset() {
	if Scribble {
		Overwrite(a.buf)
		for _, b := range a.full {
			Overwrite(b)
		}
		a.buf, a.full = nil, nil // what is overwritten stays so
	}
	a.buf = a.buf[:0]
	if len(a.full) > 0 || a.lost > 0 || cap(a.buf) > MaxPooled {
		a.shed()
	}
}

// shed gives up blocks that are not to be used again.
func (a *Arena) shed() {
	if len(a.full) > 0 || a.lost > 0 {
		// Next time one block shall do.
		a.need = min(cap(a.buf)+a.drop(0)+a.lost, MaxPooled)
		a.lost = 0
		if a.need > cap(a.buf) {
			a.buf = nil
		}
	}
	if cap(a.buf) > MaxPooled {
		a.buf = nil
	}
}

// drop forgets the full blocks from the nth on, and returns what they had room
// for.
func (a *Arena) drop(n int) int {
	size := 0
	for _, b := range a.full[n:] {
		size += cap(b)
	}
	clear(a.full[n:])
	a.full = a.full[:n]
	return size
}
