package cwlogs

import (
	"context"
	"errors"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
)

// LogEvents is [Reader.LogEvents] of the zero [Reader].
func LogEvents(f func(ctx context.Context, rec *decoder.Record, e *Event) error) router.Each {
	return Reader{}.LogEvents(f)
}

// LogEvents returns a handler that gives f one log event at a time, in order.
// The record that it came in stands beside it; the envelope, with log group and
// stream, is in the event. rec and e are valid until f returns; [Event.Clone]
// keeps a log event. Control messages reach nobody.
//
// Lambda knows records alone. So an error of f fails the record, nothing behind
// that log event is handled, and all log events of the record come again. With
// [router.Skip] the log event is given up and the others of its record are
// handled; the record then counts as skipped. A log event, or a whole payload,
// that is not what CloudWatch Logs writes makes the record a bad one, once its
// other log events are handled; see [router.Bad].
func (r Reader) LogEvents(f func(ctx context.Context, rec *decoder.Record, e *Event) error) router.Each {
	if f == nil {
		return nil // which router.New refuses
	}
	return func(ctx context.Context, rec *decoder.Record) error {
		var flaw error
		var skips []error
		for e, err := range r.Events(rec.Data) {
			switch {
			case err != nil && flaw == nil:
				flaw = err
			case err != nil:
			default:
				if err := f(ctx, rec, e); err != nil {
					if !router.IsSkip(err) {
						return err
					}
					skips = append(skips, err)
				}
			}
		}
		if flaw != nil {
			return router.Bad(flaw)
		}
		return errors.Join(skips...)
	}
}
