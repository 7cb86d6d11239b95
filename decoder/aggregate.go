package decoder

import (
	"crypto/md5"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"example.com/sluice/decoder/internal/memory"
	"example.com/sluice/internal/jsonscan"
)

// This file reads the aggregates of the Kinesis Producer Library in place. The
// format is that library's aggregation-format.md: four bytes of magic, a
// message, the MD5 of the message.
//
//	message AggregatedRecord {
//	  repeated string partition_key_table     = 1;
//	  repeated string explicit_hash_key_table = 2;
//	  repeated Record records                 = 3;
//	}
//	message Record {
//	  required uint64 partition_key_index     = 1;
//	  optional uint64 explicit_hash_key_index = 2;
//	  required bytes  data                    = 3;
//	  repeated Tag    tags                    = 4; // { required string key = 1; optional string value = 2; }
//	}
//
// The whole message is scanned before its first user record is handed out,
// since data counts as an aggregate only if it is valid to its end. The scan
// keeps the offsets of the tables' entries, and the first user records, which
// in most aggregates are all of them; the rest are read a second time, one by
// one.

const aggregateMagic = "\xf3\x89\x9a\xc2"

// Tags of the fields: number and wire type.
const (
	tagPartitionKey = 1<<3 | uint64(protowire.BytesType)
	tagHashKey      = 2<<3 | uint64(protowire.BytesType)
	tagRecord       = 3<<3 | uint64(protowire.BytesType)

	tagPartitionKeyIndex = 1<<3 | uint64(protowire.VarintType)
	tagHashKeyIndex      = 2<<3 | uint64(protowire.VarintType)
	tagData              = 3<<3 | uint64(protowire.BytesType)
	tagTag               = 4<<3 | uint64(protowire.BytesType)
)

// aggregate is the aggregate that is being read.
type aggregate struct {
	message []byte
	// The offsets of the tables' entries, each of which begins with its length.
	// A table may have one entry for each two bytes of the message, so at four
	// bytes an offset it takes at most twice the message.
	partitionKeys, hashKeys []uint32

	known []userRecord // the first ones, maxKnown at most
	at    int          // offset of the field after those, and after what next has read since
	left  int          // user records that next has not returned
	sub   int          // the next one's subsequence number
}

// maxKnown is how many user records are kept from the scan.
const maxKnown = 1024

// userRecord is a user record as it is in the message.
type userRecord struct {
	partitionKey, hashKey uint64 // indices into the tables
	hasHashKey            bool
	data                  span
}

// open reports whether data is an aggregate, and if so prepares to read it. An
// aggregate may have no user records.
func (a *aggregate) open(data []byte) bool {
	const magic, sum = len(aggregateMagic), md5.Size
	if len(data) <= magic+sum || string(data[:magic]) != aggregateMagic || uint64(len(data)) > math.MaxUint32 {
		return false
	}
	m := data[magic : len(data)-sum]
	if md5.Sum(m) != [sum]byte(data[len(data)-sum:]) {
		return false
	}
	a.reset()
	if !a.scan(m) {
		a.reset()
		return false
	}
	a.message = m
	return true
}

// scan reads the whole message, notes the entries of its tables and counts its
// user records. It reports whether the message is sound.
func (a *aggregate) scan(m []byte) bool {
	for i := 0; i < len(m); {
		var tag uint64
		if tag, i = uvarint(m, i); i < 0 {
			return false
		}
		start := i
		if i = skipField(m, i, tag); i < 0 {
			return false
		}
		switch tag {
		case tagPartitionKey:
			a.partitionKeys = append(a.partitionKeys, uint32(start))
		case tagHashKey:
			a.hashKeys = append(a.hashKeys, uint32(start))
		case tagRecord:
			u, ok := readUserRecord(m, lengthPrefixed(m, start))
			if !ok {
				return false
			}
			if a.left < maxKnown {
				a.known = append(a.known, u)
				a.at = i
			}
			a.left++
		}
	}
	return true
}

// next returns the next user record; there must be one left.
func (a *aggregate) next() userRecord {
	a.left--
	a.sub++
	if a.sub <= len(a.known) {
		return a.known[a.sub-1]
	}
	for {
		tag, i := uvarint(a.message, a.at)
		a.at = skipField(a.message, i, tag)
		if tag == tagRecord {
			u, _ := readUserRecord(a.message, lengthPrefixed(a.message, i))
			return u
		}
	}
}

// entry returns an entry of a table, and reports whether the table has it.
func (a *aggregate) entry(table []uint32, index uint64) ([]byte, bool) {
	if index >= uint64(len(table)) {
		return nil, false
	}
	return a.view(lengthPrefixed(a.message, int(table[index]))), true
}

// view returns a part of the message. Appending to it does not overwrite what
// follows.
func (a *aggregate) view(p span) []byte { return a.message[p.Start:p.End:p.End] }

func (a *aggregate) reset() {
	a.message, a.at, a.left, a.sub = nil, 0, 0, 0
	a.partitionKeys, a.hashKeys, a.known = a.partitionKeys[:0], a.hashKeys[:0], a.known[:0]
	if cap(a.partitionKeys) > memory.MaxPooled/4 {
		a.partitionKeys = nil
	}
	if cap(a.hashKeys) > memory.MaxPooled/4 {
		a.hashKeys = nil
	}
}

// readUserRecord reads the message of a user record, and reports whether it is
// sound. As in every protobuf message, the last of repeated fields counts, and
// a field of another wire type is unknown.
//
// The format requires key index and data, but proto3 writers omit what is zero:
// index 0 and empty data. Magic number and MD5 leave no doubt that this is an
// aggregate, so omitted fields are zero. If a field occurs only in another wire
// type, its value is unknown, and zero would be a guess.
func readUserRecord(m []byte, at span) (u userRecord, ok bool) {
	m = m[:at.End]
	if u, ok = commonUserRecord(m, at.Start); ok {
		return u, true
	}
	var seen, mistyped [4]bool // by the fields' numbers
	for i := at.Start; i < len(m); {
		var tag uint64
		if tag, i = uvarint(m, i); i < 0 {
			return u, false
		}
		switch tag {
		case tagPartitionKeyIndex:
			u.partitionKey, i = uvarint(m, i)
			seen[1] = true
		case tagHashKeyIndex:
			u.hashKey, i = uvarint(m, i)
			u.hasHashKey = true
		case tagData, tagTag:
			start := i
			if i = skipField(m, i, tag); i < 0 {
				return u, false
			}
			value := lengthPrefixed(m, start)
			if tag == tagData {
				u.data, seen[3] = value, true
			} else if !isMessage(m[value.Start:value.End]) {
				return u, false
			}
		default:
			if number := tag >> 3; number < uint64(len(mistyped)) {
				mistyped[number] = true
			}
			i = skipField(m, i, tag)
		}
		if i < 0 {
			return u, false
		}
	}
	return u, (seen[1] || !mistyped[1]) && (seen[3] || !mistyped[3])
}

// commonUserRecord reads the user record from i to the end of m if it has the
// form that libraries write: each field once, in order, with indices below 128
// and no tags.
func commonUserRecord(m []byte, i int) (u userRecord, ok bool) {
	if i+4 > len(m) || m[i] != byte(tagPartitionKeyIndex) || m[i+1] >= 0x80 {
		return u, false
	}
	u.partitionKey = uint64(m[i+1])
	i += 2
	if m[i] == byte(tagHashKeyIndex) && m[i+1] < 0x80 {
		u.hashKey, u.hasHashKey = uint64(m[i+1]), true
		i += 2
	}
	if i >= len(m) || m[i] != byte(tagData) {
		return userRecord{}, false
	}
	n, start := uvarint(m, i+1)
	if start < 0 || n != uint64(len(m)-start) {
		return userRecord{}, false
	}
	u.data = jsonscan.Between(start, len(m))
	return u, true
}

// isMessage reports whether m is a sound message. Nothing more is asked of
// tags, since none has a meaning yet.
func isMessage(m []byte) bool {
	for i := 0; i < len(m); {
		var tag uint64
		if tag, i = uvarint(m, i); i < 0 {
			return false
		}
		if i = skipField(m, i, tag); i < 0 {
			return false
		}
	}
	return true
}

// uvarint reads the number at i and returns the offset after it, or -1.
func uvarint(m []byte, i int) (uint64, int) {
	if i < len(m) && m[i] < 0x80 {
		return uint64(m[i]), i + 1
	}
	if i+1 < len(m) && m[i+1] < 0x80 {
		return uint64(m[i]&0x7f) | uint64(m[i+1])<<7, i + 2
	}
	v, n := protowire.ConsumeVarint(m[min(i, len(m)):])
	if n < 0 {
		return 0, -1
	}
	return v, i + n
}

// skipField returns the offset after the value at i, of a field with that tag,
// or -1 if it is not sound.
func skipField(m []byte, i int, tag uint64) int {
	if tag == tagRecord || tag == tagPartitionKey || tag == tagData {
		return skipBytes(m, i)
	}
	number, kind := protowire.DecodeTag(tag)
	if number < protowire.MinValidNumber || number > protowire.MaxValidNumber {
		return -1
	}
	if kind == protowire.BytesType {
		return skipBytes(m, i)
	}
	n := protowire.ConsumeFieldValue(number, kind, m[i:])
	if n < 0 {
		return -1
	}
	return i + n
}

// skipBytes returns the offset after the bytes whose length is at i, or -1 if
// they are not all there.
func skipBytes(m []byte, i int) int {
	n, i := uvarint(m, i)
	if i < 0 || n > uint64(len(m)-i) {
		return -1
	}
	return i + int(n)
}

// lengthPrefixed returns the span of the bytes whose length is at i, which
// skipField has passed.
func lengthPrefixed(m []byte, i int) span {
	n, i := uvarint(m, i)
	return jsonscan.Between(i, i+int(n))
}
