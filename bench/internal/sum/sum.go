// Package sum is what benchmarks do with the records of an event, whoever read
// them. Its subpackages compute the sum of this library's types and of
// aws-lambda-go's, separately, so that no program links both.
package sum

// Sum depends on every field, so that none can be left unread, but only a
// little of each, so that reading is what is measured.
type Sum uint64

// Add adds a record: the size of all its fields, the last byte of each field
// that changes, and the second of its arrival. Fractions of a second differ
// between contenders, because most of them go through a float.
func (s *Sum) Add(size int, key, sequenceNumber, data, eventID byte, arrival int64) {
	last := uint64(key) | uint64(sequenceNumber)<<8 | uint64(data)<<16 | uint64(eventID)<<24
	*s = *s*31 + Sum(uint64(size)+last<<32^uint64(arrival))
}

// Last returns the last byte, 0 if there is none.
func Last[T string | []byte](v T) byte {
	if len(v) == 0 {
		return 0
	}
	return v[len(v)-1]
}
