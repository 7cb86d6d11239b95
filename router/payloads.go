package router

import (
	"context"
	"errors"

	"github.com/valyala/fastjson"

	"example.com/sluice/decoder"
	"example.com/sluice/payload/cwlogs"
)

// LogEvents returns a handler that gets one log event of CloudWatch Logs at a time, in order. The record that it came in stands beside it; the
// envelope, with log group and stream, is in the event. rec and e are valid until f returns; e.Clone keeps a log event. Control messages reach
// nobody. The data may be gzip, as CloudWatch Logs writes it, or what a decoder with its option Codec has made of it. Either way the MaxData of
// [WithDecoder] says how many bytes a record's log events may take; what has more is a bad record.
//
// Lambda knows records alone. So an error of f fails the record, nothing behind that log event is handled, and all log events of the record come
// again. With [Skip] the log event is given up and the others of its record are handled; the record then counts as skipped. A log event, or a whole
// payload, that is not what CloudWatch Logs writes makes the record a bad one, once its other log events are handled; see [WithOnBad].
func LogEvents(f func(ctx context.Context, rec *decoder.Record, e *cwlogs.Event) error) Handler {
	return logEvents(f)
}

type logEvents func(ctx context.Context, rec *decoder.Record, e *cwlogs.Event) error

func (h logEvents) mustBeWrappedInEachBatchOrPartition() bool { return h == nil }

func (h logEvents) run(i *invocation) error {
	reader := cwlogs.Reader{MaxData: i.decoder.MaxData}
	return i.each(func(ctx context.Context, rec *decoder.Record) error {
		var flaw error
		var skips []error
		for e, err := range reader.Events(rec.Data) {
			if err != nil && flaw == nil {
				flaw = err
			}
			if err != nil {
				continue
			}
			if i.copies {
				kept := e.Clone()
				e = &kept
			}
			if err := i.callOne(ctx, rec, func(ctx context.Context) error { return h(ctx, rec, e) }); err != nil {
				if judgeOne(err) != skip {
					return err
				}
				skips = append(skips, err)
			}
		}
		if flaw != nil {
			return &refusal{err: flaw}
		}
		return errors.Join(skips...)
	})
}

// JSONValue returns a handler that gets one record at a time with its data as a tree of JSON values; see [decoder.Record.JSON]. rec and v are valid
// until f returns. Data that is no JSON makes the record a bad one; see [WithOnBad].
func JSONValue(f func(ctx context.Context, rec *decoder.Record, v *fastjson.Value) error) Handler {
	return jsonValue(f)
}

type jsonValue func(ctx context.Context, rec *decoder.Record, v *fastjson.Value) error

func (h jsonValue) mustBeWrappedInEachBatchOrPartition() bool { return h == nil }

func (h jsonValue) run(i *invocation) error {
	return i.each(func(ctx context.Context, rec *decoder.Record) error {
		var handled error
		if err := rec.JSON(func(v *fastjson.Value) error {
			handled = i.callOne(ctx, rec, func(ctx context.Context) error { return h(ctx, rec, v) })
			return nil
		}); err != nil {
			return &refusal{err: errors.Unwrap(err)}
		}
		return handled
	})
}
