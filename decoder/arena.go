package decoder

// arena is the memory that decoded bytes live in: data, and what must outlive the parser. It is reused from
// event to event, and what it has handed out never moves.
type arena struct {
	buf  []byte   // what is handed out, with the free room behind it
	full [][]byte // blocks that had too little room left, kept for those who hold views of them
}

// maxPooled is how large a block may be to be kept for the next event.
const maxPooled = 16 << 20

// reserve returns room for n bytes, to be handed out by take. Where a new block is needed it has room for at
// least hint bytes.
func (a *arena) reserve(n, hint int) []byte {
	if cap(a.buf)-len(a.buf) < n {
		if len(a.buf) > 0 {
			a.full = append(a.full, a.buf)
		}
		a.buf = make([]byte, 0, max(n, hint))
	}
	return a.buf[len(a.buf) : len(a.buf)+n]
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

// reset takes back all that was handed out.
func (a *arena) reset() {
	if poison {
		overwrite(a.buf)
		for _, b := range a.full {
			overwrite(b)
		}
	}
	a.buf = a.buf[:0]
	clear(a.full)
	a.full = a.full[:0]
	if cap(a.buf) > maxPooled {
		a.buf = nil
	}
}
