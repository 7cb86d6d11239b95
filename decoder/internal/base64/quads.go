package base64

// decodeQuad returns the three bytes that four characters stand for, the first
// byte lowest. notBase64 is set where one is not in the alphabet: no value
// reaches its bit.
func decodeQuad(q *[4]byte) uint32 {
	t := quads
	return t[0][q[0]] | t[1][q[1]] | t[2][q[2]] | t[3][q[3]]
}

const notBase64 = 1 << 31

// quads has, for each place in a quad, the bits that a character there
// contributes to the three bytes; for what is not in the alphabet, notBase64.
var quads = makeQuads()

func makeQuads() *[4][256]uint32 {
	quads := new([4][256]uint32)
	for c := range 256 {
		for place := range quads {
			quads[place][c] = notBase64
		}
	}
	for v, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		for place := range quads {
			bits := uint32(v) << (18 - 6*place)
			quads[place][c] = bits>>16 | bits&0xff00 | bits&0xff<<16
		}
	}
	return quads
}
