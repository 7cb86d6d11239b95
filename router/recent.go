package router

import (
	"bytes"
	"container/list"
	"hash/maphash"
	"strconv"
	"strings"
	"sync"

	"example.com/sluice/decoder"
)

// This file remembers records from one invocation to the next, by what
// distinguishes each from all others.

// recent is a bounded map, which forgets what was put first when it is full.
// Lambda keeps several processes, and ends them at will, so nothing may depend
// on what it holds. It is safe for concurrent use.
type recent[V any] struct {
	max int

	mu     sync.Mutex
	values map[string]*list.Element
	order  *list.List // of remembered[V], the oldest first
}

type remembered[V any] struct {
	key   string
	value V
}

func newRecent[V any](most int) *recent[V] {
	return &recent[V]{max: most, values: make(map[string]*list.Element), order: list.New()}
}

func (r *recent[V]) empty() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.values) == 0
}

// get returns what is known of a key.
func (r *recent[V]) get(key []byte) (v V, known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, known := r.values[string(key)]
	if !known {
		return v, false
	}
	return e.Value.(remembered[V]).value, true
}

// put sets what is known of a key.
func (r *recent[V]) put(key []byte, v V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remove(key)
	if len(r.values) >= r.max {
		oldest := r.order.Front()
		r.order.Remove(oldest)
		delete(r.values, oldest.Value.(remembered[V]).key)
	}
	k := string(key)
	r.values[k] = r.order.PushBack(remembered[V]{k, v})
}

// forget removes what is known of a key.
func (r *recent[V]) forget(key []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remove(key)
}

func (r *recent[V]) remove(key []byte) {
	if e, known := r.values[string(key)]; known {
		r.order.Remove(e)
		delete(r.values, string(key))
	}
}

// appendIdentity appends what distinguishes a record from all others: its
// stream, shard, sequence number and subsequence number. A record without a
// number has no identity, and nothing is appended.
func appendIdentity(dst []byte, rec *decoder.Record) []byte {
	if len(rec.SequenceNumber) == 0 {
		return dst
	}
	dst = append(dst, streamARN(rec.EventSourceARN)...)
	dst = append(dst, ' ')
	dst = append(dst, rec.ShardID...)
	dst = append(dst, ' ')
	dst = append(dst, bytes.TrimLeft(rec.SequenceNumber, "0")...)
	dst = append(dst, ' ')
	return strconv.AppendInt(dst, int64(rec.SubSequenceNumber), 10)
}

// digest tells records with the same identity apart. An emulator that starts
// counting anew may produce such records.
func digest(rec *decoder.Record) uint64 {
	var h maphash.Hash
	h.SetSeed(hashSeed)
	h.Write(rec.PartitionKey)
	h.WriteByte(0)
	h.Write(rec.Data)
	return h.Sum64()
}

// streamARN is the ARN of the stream that a consumer's ARN belongs to.
func streamARN(arn string) string {
	stream, _, _ := strings.Cut(arn, "/consumer/")
	return stream
}
