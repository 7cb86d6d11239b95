package fuzz

// choices is what the grammar decides by: the bytes of a fuzzer's input, behind
// which zeros follow, or a random sequence. A zero is always the plain choice,
// so that a short input makes a plain event.
type choices struct {
	given  []byte
	random bool

	state, word uint64
	left        int // bytes of word that are not used yet
}

// given returns the choices that a fuzzer's input makes.
func given(input []byte) choices { return choices{given: input} }

// drawn returns the choices of a random sequence, which is the same for the
// same numbers in every process.
func drawn(seed, number uint64) choices {
	return choices{random: true, state: seed*0x9e3779b97f4a7c15 ^ number*0xd1342543de82ef95}
}

// octet makes a choice among 256.
func (c *choices) octet() byte {
	if !c.random {
		if len(c.given) == 0 {
			return 0
		}
		b := c.given[0]
		c.given = c.given[1:]
		return b
	}
	if c.left == 0 {
		// This is splitmix64.
		c.state += 0x9e3779b97f4a7c15
		z := c.state
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		c.word, c.left = z^z>>31, 8
	}
	b := byte(c.word)
	c.word >>= 8
	c.left--
	return b
}

// below makes a choice among n, of up to 256.
func (c *choices) below(n int) int { return int(c.octet()) * n >> 8 }

// wide makes a choice among n, of up to 65,536.
func (c *choices) wide(n int) int { return (int(c.octet())<<8 | int(c.octet())) * n >> 16 }

// chance is true in n of 256 cases.
func (c *choices) chance(n int) bool { return int(c.octet()) > 255-n }

// oneOf chooses among texts.
func (c *choices) oneOf(texts []string) string { return texts[c.below(len(texts))] }
