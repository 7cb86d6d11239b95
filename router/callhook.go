package router

import (
	"context"

	"example.com/sluice/decoder"
)

// This file puts hooks around handler calls, for traces and the like.

// CallInfo says what a call of a handler is about.
type CallInfo struct {
	_ struct{} // more may come

	// Records is how many records the handler gets: 0 only in a [Tumbling]
	// window's invocation without records.
	Records int
	// First and Last are the first and the last of those records: the same one
	// if there is only one, nil if there is none. They are valid until the
	// handler returns. Their Source may be kept.
	First, Last *decoder.Record
}

// WithCallHook adds a hook around each call of a handler. It is called before,
// with the context that the handler would get, and returns the context that the
// handler gets instead and a function that is called with the handler's error
// when it has returned: nil, an error with its [Skip], [Retry], [Fail] and [At]
// around it, or a *[PanicError]. That function may be nil.
//
// In the typed shapes the payload is decoded first, so the hook sees neither
// the decoding nor the records that do not decode. Nor does it see calls of
// [WithOnBad]. It is called from as many goroutines at once as handlers are. A
// panic of the hook counts as one of the handler. For a call that is abandoned
// at the deadline (see [WithMargin]) the function is called when that call
// returns, if it ever does, which may be after the invocation.
//
// Several hooks nest, with the one that is given first outermost: it is called
// first, the next one gets the context that it returns, and its function is
// called last. A nil hook removes those given before it.
func WithCallHook(hook func(ctx context.Context, call CallInfo) (context.Context, func(err error))) Option {
	return func(c *config) { c.callHooks = added(c.callHooks, callHook(hook), hook == nil) }
}

// hooked is h with the hooks around it, if there are any.
func (c *config) hooked(h Each) Each {
	if len(c.callHooks) == 0 {
		return h
	}
	return func(ctx context.Context, rec *decoder.Record) error {
		return c.callOne(ctx, rec, func(ctx context.Context) error { return h(ctx, rec) })
	}
}

// callOne calls a handler for a record.
func (c *config) callOne(ctx context.Context, rec *decoder.Record, handler func(context.Context) error) error {
	if len(c.callHooks) == 0 {
		return handler(ctx)
	}
	return callInside(ctx, c.callHooks, CallInfo{Records: 1, First: rec, Last: rec}, handler)
}

// call calls a handler for a slice of records.
func (c *config) call(ctx context.Context, recs []decoder.Record, handler func(context.Context) error) error {
	if len(c.callHooks) == 0 {
		return handler(ctx)
	}
	info := CallInfo{Records: len(recs)}
	if len(recs) > 0 {
		info.First, info.Last = &recs[0], &recs[len(recs)-1]
	}
	return callInside(ctx, c.callHooks, info, handler)
}

// callInside calls a handler with hooks around it, the first of them outermost.
func callInside(ctx context.Context, hooks []callHook, info CallInfo, handler func(context.Context) error) error {
	if len(hooks) == 0 {
		return handler(ctx)
	}
	ctx, done := hooks[0](ctx, info)
	if done == nil {
		return callInside(ctx, hooks[1:], info, handler)
	}
	return catch(func() error {
		err := callInside(ctx, hooks[1:], info, handler)
		done(err)
		return err
	}, func(p *PanicError) error {
		done(p)
		if p.Value != nil {
			panic(p.Value)
		}
		return nil
	})
}

// added is the list with a hook appended; a nil hook empties it.
func added[T any](list []T, hook T, isNil bool) []T {
	if isNil {
		return []T{}
	}
	return append(list, hook)
}
