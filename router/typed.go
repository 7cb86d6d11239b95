package router

import (
	"context"
	"encoding/json"
	"fmt"

	"example.com/sluice/decoder"
)

// Item is a record with its decoded payload. Value is new for each record and may be kept; the record is valid until the
// handler returns.
type Item[T any] struct {
	*decoder.Record
	Value T
}

// Typed returns a handler that gets one record at a time with its payload decoded by unmarshal: json.Unmarshal, or any function of its
// form. unmarshal must not keep the bytes that it gets, nor must the value point into them. A payload that it refuses makes the record a
// bad one; see [WithOnBad]. v is new for each record and may be kept, rec not.
func Typed[T any](unmarshal func([]byte, any) error, f func(ctx context.Context, rec *decoder.Record, v *T) error) Handler {
	return &typed[T]{unmarshal, f}
}

// JSON is [Typed] with encoding/json.
func JSON[T any](f func(ctx context.Context, rec *decoder.Record, v *T) error) Handler {
	return Typed(json.Unmarshal, f)
}

type typed[T any] struct {
	unmarshal func([]byte, any) error
	f         func(ctx context.Context, rec *decoder.Record, v *T) error
}

func (h *typed[T]) isNil() bool { return h.unmarshal == nil || h.f == nil }

func (h *typed[T]) run(ctx context.Context, i *invocation) error {
	return i.each(ctx, func(ctx context.Context, rec *decoder.Record) error {
		v := new(T)
		if err := h.unmarshal(rec.Data, v); err != nil {
			return i.askBad(ctx, rec, undecodable(rec, err))
		}
		return i.callOne(ctx, rec, func(ctx context.Context) error { return h.f(ctx, rec, v) })
	})
}

func undecodable(rec *decoder.Record, err error) *decoder.Error {
	return &decoder.Error{
		Index: rec.Index, SequenceNumber: string(rec.SequenceNumber), Field: "data", Offset: -1,
		Err: fmt.Errorf("%w: %w", decoder.ErrDecode, err),
	}
}

// TypedBatch is [Batch] with decoded payloads. A payload that unmarshal refuses ends the slice before it, as a bad record does;
// see [Typed].
func TypedBatch[T any](unmarshal func([]byte, any) error, f func(ctx context.Context, items []Item[T]) error) Handler {
	return &typedBatch[T]{unmarshal, f}
}

type typedBatch[T any] struct {
	unmarshal func([]byte, any) error
	f         func(ctx context.Context, items []Item[T]) error
}

func (h *typedBatch[T]) isNil() bool { return h.unmarshal == nil || h.f == nil }

func (h *typedBatch[T]) run(ctx context.Context, i *invocation) error {
	return i.batch(func(b *decoder.Batch) error {
		i.inOrder(ctx, itemsOf(b), i.batchSize, func(recs []decoder.Record) int {
			return typedSlice(ctx, i, recs, h.unmarshal, func(ctx context.Context, items []Item[T]) error { return h.f(ctx, items) })
		})
		return nil
	})
}

// TypedPartition is [Partition] with decoded payloads. A payload that unmarshal refuses ends the slice before it and stands in its key's
// order, as a bad record does; see [Typed].
func TypedPartition[T any](unmarshal func([]byte, any) error, f func(ctx context.Context, key []byte, items []Item[T]) error) Handler {
	return &typedPartition[T]{unmarshal, f}
}

type typedPartition[T any] struct {
	unmarshal func([]byte, any) error
	f         func(ctx context.Context, key []byte, items []Item[T]) error
}

func (h *typedPartition[T]) isNil() bool { return h.unmarshal == nil || h.f == nil }

func (h *typedPartition[T]) run(ctx context.Context, i *invocation) error {
	return i.partition(ctx, func(key []byte, recs []decoder.Record) int {
		return typedSlice(ctx, i, recs, h.unmarshal, func(ctx context.Context, items []Item[T]) error { return h.f(ctx, key, items) })
	})
}

// typedSlice decodes the payloads of recs and hands them over, in parts where one does not decode. It returns how many of
// the first records are done.
func typedSlice[T any](ctx context.Context, i *invocation, recs []decoder.Record, unmarshal func([]byte, any) error, call func(context.Context, []Item[T]) error) (done int) {
	for done < len(recs) {
		rest := recs[done:]
		rest = rest[:i.startable(rest)]
		if len(rest) == 0 {
			return done
		}
		items, flaw := decodeItems[T](i, rest, unmarshal)
		n := i.slice(rest[:len(items)], func(from, to int) error {
			part := items[from:to:to]
			return i.call(ctx, rest[from:to], func(ctx context.Context) error { return call(ctx, part) })
		})
		done += n
		if n < len(items) {
			return done
		}
		if len(items) == len(rest) {
			continue
		}
		if rec := &recs[done]; !i.mayStart(rec) || !i.refused(ctx, rec, flaw) {
			return done
		}
		done++
	}
	return done
}

// decodeItems decodes payloads up to the first that does not decode, and returns what is wrong with that.
func decodeItems[T any](i *invocation, recs []decoder.Record, unmarshal func([]byte, any) error) ([]Item[T], error) {
	items := make([]Item[T], len(recs))
	for n := range recs {
		items[n].Record = &recs[n]
		err := i.protect(&recs[n], func() error { return unmarshal(recs[n].Data, &items[n].Value) })
		if err != nil {
			return items[:n], err
		}
	}
	return items, nil
}

// refused takes what unmarshal said of a record: its error makes the record a bad one, its panic fails it.
func (i *invocation) refused(ctx context.Context, rec *decoder.Record, err error) bool {
	if _, panicked := asPanic(err); panicked {
		return i.one(rec, err)
	}
	return i.bad(ctx, rec, undecodable(rec, err))
}
