package decoder

// arena is the memory that decoded bytes live in: data, and what must outlive the parser. It is reused from
// event to event, and what it has handed out never moves.
type arena struct {
	buf  []byte   // what is handed out, with the free room behind it
	full [][]byte // blocks that had too little room left, kept for those who hold views of them
	lost int      // the most that the blocks which full has lost since the last reset had room for
	need int      // how large a block must be for what was handed out before to fit into one
}

// maxPooled is how large a block may be to be kept for the next event.
const maxPooled = 16 << 20

// reserve returns room for n bytes or more, to be handed out by take. Where a new block is needed it has room for at
// least hint bytes.
func (a *arena) reserve(n, hint int) []byte {
	if cap(a.buf)-len(a.buf) < n {
		a.grow(max(n, hint, a.need))
	}
	return a.buf[len(a.buf):cap(a.buf)]
}

func (a *arena) grow(n int) {
	if len(a.buf) > 0 {
		a.full = append(a.full, a.buf)
	}
	a.buf = make([]byte, 0, n)
}

// take hands out the first n bytes of what reserve returned last. Appending to them does not run into what
// is handed out next.
func (a *arena) take(n int) []byte {
	start := len(a.buf)
	a.buf = a.buf[:start+n]
	return a.buf[start : start+n : start+n]
}

// copy hands out a copy of b.
func (a *arena) copy(b []byte, hint int) []byte {
	if len(b) == 0 {
		return b[:0:0]
	}
	copy(a.reserve(len(b), hint), b)
	return a.take(len(b))
}

// ownBlock is from which size on bytes get a block of their own where the room that is left does not take them, so that
// little of the others goes to waste.
const ownBlock = 64 << 10

// place hands out a copy of b as copy does, but never gives up more room than ownBlock for it. It is not to be used
// where there is a mark to rewind to.
func (a *arena) place(b []byte, hint int) []byte {
	if len(b) < ownBlock || cap(a.buf)-len(a.buf) >= len(b) {
		return a.copy(b, hint)
	}
	own := make([]byte, len(b))
	copy(own, b)
	a.full = append(a.full, own)
	return own[:len(own):len(own)]
}

// mark is a place in what was handed out.
type mark struct{ blocks, used int }

func (a *arena) mark() mark { return mark{len(a.full), len(a.buf)} }

// rewind takes back what was handed out since the mark, and returns the mark that is valid from now on.
func (a *arena) rewind(m mark) mark {
	if len(a.full) > m.blocks {
		// The marked block is full by now. The last one has room for more, and holds nothing that was there at the mark.
		if m.used > 0 {
			a.full[m.blocks] = a.full[m.blocks][:m.used]
			m.blocks++
		}
		a.lost = max(a.lost, a.drop(m.blocks))
		m.used = 0
	}
	if poison {
		overwrite(a.buf[m.used:])
	}
	a.buf = a.buf[:m.used]
	return m
}

// reset takes back all that was handed out.
func (a *arena) reset() {
	if poison {
		overwrite(a.buf)
		for _, b := range a.full {
			overwrite(b)
		}
		a.buf, a.full = nil, nil // what is overwritten stays so
	}
	a.buf = a.buf[:0]
	if len(a.full) > 0 || a.lost > 0 || cap(a.buf) > maxPooled {
		a.shed()
	}
}

// shed gives up blocks that are not to be used again.
func (a *arena) shed() {
	if len(a.full) > 0 || a.lost > 0 {
		// Next time one block shall do.
		a.need = min(cap(a.buf)+a.drop(0)+a.lost, maxPooled)
		a.lost = 0
		if a.need > cap(a.buf) {
			a.buf = nil
		}
	}
	if cap(a.buf) > maxPooled {
		a.buf = nil
	}
}

// drop forgets the full blocks from the nth on, and returns what they had room for.
func (a *arena) drop(n int) int {
	size := 0
	for _, b := range a.full[n:] {
		size += cap(b)
	}
	clear(a.full[n:])
	a.full = a.full[:n]
	return size
}
