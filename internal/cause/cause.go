// Package cause carries why records are not done out of a router, which Lambda
// has no use for, to who simulates Lambda: with the context of the invocation.
package cause

import "context"

// Sink takes what a router says. Its functions must be safe for concurrent use.
type Sink struct {
	Again   func(err error) // why the record that the answer names is not done
	Skipped func(err error) // why a record was skipped, or given up
}

type key struct{}

// With returns a context whose invocation tells s.
func With(ctx context.Context, s *Sink) context.Context { return context.WithValue(ctx, key{}, s) }

// Again tells the context's sink, where it has one.
func Again(ctx context.Context, err error) {
	if s, ok := ctx.Value(key{}).(*Sink); ok {
		s.Again(err)
	}
}

// Skipped does likewise.
func Skipped(ctx context.Context, err error) {
	if s, ok := ctx.Value(key{}).(*Sink); ok {
		s.Skipped(err)
	}
}
