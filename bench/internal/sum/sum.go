// Package sum is what is done with the records of an event: the same, whoever
// has read them. Its subpackages take it of the types of this library and of
// aws-lambda-go, apart, so that no program links both.
package sum

// Sum takes something of every field, so that none can be left unread, and
// little of each, so that it is the reading that is measured.
type Sum uint64

// Add adds a record: the bytes in all its fields, the last byte of each field
// that changes, and the second of its arrival. Fractions of a second differ
// between contenders, since most of them read them through a float.
func (s *Sum) Add(size int, key, sequenceNumber, data, eventID byte, arrival int64) {
	last := uint64(key) | uint64(sequenceNumber)<<8 | uint64(data)<<16 | uint64(eventID)<<24
	*s = *s*31 + Sum(uint64(size)+last<<32^uint64(arrival))
}

// Last returns the last byte, 0 where there is none.
func Last[T string | []byte](v T) byte {
	if len(v) == 0 {
		return 0
	}
	return v[len(v)-1]
}
