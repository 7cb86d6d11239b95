package cwlogs

import (
	"context"
	"errors"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
)

// LogEvents is [Reader.LogEvents] with the zero [Reader].
func LogEvents(f func(ctx context.Context, rec *decoder.Record, e *Event) error) router.Each {
	return Reader{}.LogEvents(f)
}

// LogEvents returns a handler that passes log events to f one at a time, in
// order, each with the record that it came in. The log group and stream are in
// the envelope of the event. rec and e are valid until f returns; [Event.Clone]
// keeps a log event. Control messages are not passed on.
//
// Lambda only knows records. An error of f therefore fails the record: no log
// event after that one is handled, and all log events of the record are
// redelivered. With [router.Skip] only that log event is given up, and the
// record counts as skipped. Once ctx has ended no more log events are passed
// on, and the record is not done. If a log event, or the whole payload, is not
// what CloudWatch Logs writes, the record is bad once its other log events are
// handled; see [router.Bad].
func (r Reader) LogEvents(f func(ctx context.Context, rec *decoder.Record, e *Event) error) router.Each {
	if f == nil {
		return nil // router.New refuses it
	}
	return func(ctx context.Context, rec *decoder.Record) error {
		var flaw error
		var skips []error
		for e, err := range r.Events(rec.Data) {
			switch {
			case ctx.Err() != nil:
				return ctx.Err() // nothing is started behind the deadline
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
			// What was given up is not to be lost to the flaw beside it.
			return router.Bad(errors.Join(append([]error{flaw}, skips...)...))
		}
		return errors.Join(skips...)
	}
}
