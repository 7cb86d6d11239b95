package router

import (
	"context"
	"encoding/json"
	"time"

	"github.com/valyala/fastjson"

	"example.com/sluice/decoder"
)

// Item is a record with its decoded payload. Value is new for each record and
// may be kept; the record is valid until the handler returns.
type Item[T any] struct {
	*decoder.Record
	Value T
}

// Typed returns a handler that gets one record at a time with its payload
// decoded by unmarshal: json.Unmarshal, or any function of that signature.
// unmarshal must not keep the bytes that it gets, and the value must not point
// into them. A payload that it refuses makes the record a bad one; see
// [WithOnBad]. v is new for each record and may be kept, rec may not.
func Typed[T any](
	unmarshal func([]byte, any) error,
	f func(ctx context.Context, rec *decoder.Record, v *T) error,
) Handler {
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

func (h *typed[T]) mustBeWrappedInEachBatchOrPartition() bool {
	return h.unmarshal == nil || h.f == nil
}

func (h *typed[T]) run(inv *invocation) error {
	return inv.each(func(ctx context.Context, rec *decoder.Record) error {
		v := new(T)
		if err := h.unmarshal(rec.Data, v); err != nil {
			return Bad(err)
		}
		if inv.tooLate() {
			return errNotCalled
		}
		return inv.callOne(ctx, rec, func(ctx context.Context) error { return h.f(ctx, rec, v) })
	})
}

// refusal is returned in place of a handler's error: a payload of its slice did
// not decode.
type refusal struct {
	err     error // what unmarshal returned, or its panic; nil if there was no time to ask it
	before  int   // how many records of the slice stand before it
	handled error // what the handler returned for those
}

func (r *refusal) Error() string { return r.err.Error() }

// JSONValue returns a handler that gets one record at a time with its data as a
// tree of JSON values; see [decoder.Record.JSON]. rec and v are valid until f
// returns. Data that is no JSON makes the record a bad one; see [WithOnBad].
func JSONValue(f func(ctx context.Context, rec *decoder.Record, v *fastjson.Value) error) Handler {
	return jsonValue(f)
}

type jsonValue func(ctx context.Context, rec *decoder.Record, v *fastjson.Value) error

func (h jsonValue) mustBeWrappedInEachBatchOrPartition() bool { return h == nil }

func (h jsonValue) run(inv *invocation) error {
	return inv.each(func(ctx context.Context, rec *decoder.Record) error {
		var handled error
		if err := rec.JSON(func(v *fastjson.Value) error {
			handled = inv.callOne(ctx, rec, func(ctx context.Context) error { return h(ctx, rec, v) })
			return nil
		}); err != nil {
			return Bad(err)
		}
		return handled
	})
}

// TypedBatch is [Batch] with decoded payloads. A payload that unmarshal refuses
// ends the slice before it, as a bad record does; see [Typed].
func TypedBatch[T any](unmarshal func([]byte, any) error, f func(ctx context.Context, items []Item[T]) error) Handler {
	return &typedBatch[T]{unmarshal, f}
}

type typedBatch[T any] struct {
	unmarshal func([]byte, any) error
	f         func(ctx context.Context, items []Item[T]) error
}

func (h *typedBatch[T]) mustBeWrappedInEachBatchOrPartition() bool {
	return h.unmarshal == nil || h.f == nil
}

func (h *typedBatch[T]) run(inv *invocation) error {
	return inv.batch(func(g *grouping) error {
		inv.recognise(g)
		w := inv.newWorker(&g.records)
		defer w.buffer.release()
		w.inOrder(g.whole(), inv.batchSize, func(recs []decoder.Record) error {
			return typedSlice(inv, recs, h.unmarshal, h.f)
		})
		return nil
	})
}

// TypedPartition is [Partition] with decoded payloads. A payload that unmarshal
// refuses ends the slice before it and stands in its key's order, as a bad
// record does; see [Typed].
func TypedPartition[T any](
	unmarshal func([]byte, any) error,
	f func(ctx context.Context, key []byte, items []Item[T]) error,
) Handler {
	return &typedPartition[T]{unmarshal, f}
}

type typedPartition[T any] struct {
	unmarshal func([]byte, any) error
	f         func(ctx context.Context, key []byte, items []Item[T]) error
}

func (h *typedPartition[T]) mustBeWrappedInEachBatchOrPartition() bool {
	return h.unmarshal == nil || h.f == nil
}

func (h *typedPartition[T]) run(inv *invocation) error {
	return inv.partition(func(key []byte, recs []decoder.Record) error {
		return typedSlice(inv, recs, h.unmarshal, func(ctx context.Context, items []Item[T]) error {
			return h.f(ctx, key, items)
		})
	})
}

// typedSlice decodes the payloads of recs and calls f with them, with those
// before the first that does not decode. Decoding takes at most half of the
// time that is left, so that what is decoded can be handled.
func typedSlice[T any](
	inv *invocation, recs []decoder.Record,
	unmarshal func([]byte, any) error, f func(context.Context, []Item[T]) error,
) error {
	items := make([]Item[T], len(recs))
	var refused *refusal
	until := inv.halfTime()
	for n := range recs {
		items[n].Record = &recs[n]
		if n > 0 && !until.IsZero() && time.Now().After(until) {
			refused = &refusal{before: n} // the others are another slice
		} else if err := recovered(func() error { return unmarshal(recs[n].Data, &items[n].Value) }); err != nil {
			refused = &refusal{err: err, before: n}
		}
		if refused != nil {
			recs, items = recs[:n:n], items[:n:n]
			break
		}
	}
	var err error
	if len(items) > 0 {
		if inv.tooLate() {
			return errNotCalled
		}
		err = inv.call(inv.ctx, recs, func(ctx context.Context) error { return f(ctx, items) })
	}
	if refused != nil {
		refused.handled = err
		return refused
	}
	return err
}
