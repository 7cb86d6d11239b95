// Package cause tells whoever simulates Lambda why records are not done, and
// which calls outlive their invocation. Lambda itself has no use for that. The
// context of the invocation carries the listener into the router.
package cause

import "context"

// Sink listens to a router. Its functions must be safe for concurrent use.
type Sink struct {
	NotDone func(err error) // why the record that the answer names is not done
	Skipped func(err error) // why a record was skipped, or given up
	// Abandoned says that calls of the handler are still running although the
	// invocation ends. The channel is closed when all of them have returned.
	Abandoned func(returned <-chan struct{})
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

// Abandoned tells it as well.
func Abandoned(ctx context.Context, returned <-chan struct{}) {
	if s, ok := ctx.Value(key{}).(*Sink); ok {
		s.Abandoned(returned)
	}
}
