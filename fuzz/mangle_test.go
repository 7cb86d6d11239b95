package fuzz

// This file changes events blindly, byte by byte: what no grammar thinks of.

// mangle changes the event, mostly at one place.
func (g *grammar) mangle(event []byte) []byte {
	times := 1
	if g.chance(32) {
		times = 2 + g.below(4)
	}
	for range times {
		if len(event) > 0 {
			event = g.mangleOnce(event)
		}
	}
	return event
}

const special = "\"\\\x00\x1f\n\r ,:{}[]0123456789.-+eE=/ua\x7f\x80\xa2\xff"

func (g *grammar) mangleOnce(event []byte) []byte {
	at := g.wide(len(event))
	if len(g.spots) > 0 && g.chance(100) { // in a value, or right beside it
		s := g.spots[g.below(len(g.spots))][1+g.below(int(slots)-1)]
		if s.end > 0 {
			at = min(max(0, s.start-2+g.wide(s.end-s.start+4)), len(event)-1)
		}
	}
	switch g.below(9) {
	case 0, 1:
		event[at] ^= 1 << g.below(8)
	case 2:
		event[at] = g.octet()
	case 3:
		event[at] = special[g.below(len(special))]
	case 4:
		event = append(event[:at], event[at+1:]...)
	case 5:
		event = append(event, 0)
		copy(event[at+1:], event[at:])
		event[at] = special[g.below(len(special))]
	case 6:
		if g.chance(64) {
			return event[:at]
		}
		if at > 0 {
			event[at], event[at-1] = event[at-1], event[at]
		}
	case 7: // something else of the event instead
		n := 1 + g.below(min(32, len(event)-at))
		copy(event[at:at+n], event[g.wide(len(event)):])
	case 8: // a part once more, or without it
		n := 1 + g.below(min(64, len(event)-at))
		if g.chance(128) {
			return append(event[:at], event[at+n:]...)
		}
		g.scratch = append(g.scratch[:0], event[at:]...)
		event = append(event[:at+n], g.scratch...)
	}
	return event
}
