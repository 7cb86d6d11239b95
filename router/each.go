package router

import (
	"context"

	"example.com/sluice/decoder"
)

// Each gets one record at a time, in order, while the event is still being read. The record is valid until Each
// returns; [decoder.Record.Clone] keeps it.
type Each func(ctx context.Context, rec *decoder.Record) error

func (h Each) isNil() bool { return h == nil }

func (h Each) run(ctx context.Context, i *invocation) error {
	return i.each(ctx, i.hooked(h))
}

// each reads the event record by record and stops at the first that does not get done.
func (i *invocation) each(ctx context.Context, h Each) error {
	for rec, flaw := range i.decoder.RecordsWindow(i.event, &i.window) {
		if rec == nil {
			return flaw
		}
		i.tally.read(rec, flaw)
		i.tally.decoded()
		var done bool
		if flaw != nil {
			done = i.bad(ctx, rec, flaw)
		} else {
			done = i.one(rec, i.protect(rec, func() error { return h(ctx, rec) }))
		}
		i.tally.handled()
		if !done {
			i.stop(rec)
			return nil
		}
	}
	i.tally.decoded()
	return nil
}
