// Package cause tells whoever simulates Lambda why records are not done, which
// Lambda itself has no use for. The context of the invocation carries the
// listener into the router.
package cause

import "context"

// Sink listens to a router. Its functions must be safe for concurrent use.
type Sink struct {
	NotDone func(err error) // why the record that the answer names is not done
	Skipped func(err error) // why a record was skipped, or given up
}

type key struct{}

// With returns a context for an invocation that s listens to.
func With(ctx context.Context, s *Sink) context.Context { return context.WithValue(ctx, key{}, s) }

// NotDone tells the context's Sink, if it has one.
func NotDone(ctx context.Context, err error) {
	if s, ok := ctx.Value(key{}).(*Sink); ok {
		s.NotDone(err)
	}
}

// Skipped tells it as well.
func Skipped(ctx context.Context, err error) {
	if s, ok := ctx.Value(key{}).(*Sink); ok {
		s.Skipped(err)
	}
}
