package router

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
)

// Handler is one of this package's shapes: [Each], [Batch], [Partition],
// [ByTime], or what [Tumbling], [Typed], [TypedBatch], [TypedPartition], [JSON]
// and [JSONValue] return. The set is closed.
type Handler interface {
	// run works on the event until all is done or it must stop, and notes in
	// the progress what is done. Its error is one of the whole invocation.
	run(inv *invocation) error
	// mustBeWrappedInEachBatchOrPartition is whether there is no function to
	// call. Its name, which must sort before that of run, is for whoever gives
	// New a bare function. The compiler says: "does not implement
	// router.Handler (missing method mustBeWrappedInEachBatchOrPartition)".
	mustBeWrappedInEachBatchOrPartition() bool
}

// Router is a [lambda.Handler] that reads Kinesis events, calls handlers, and
// answers with what is not done. It does not change after [New], and is safe
// for concurrent use.
type Router struct {
	base     route
	streams  map[string]*route // by ARN and by name, as WithStream got them
	alike    map[string]*route // by the names in ARNs
	fallback lambda.Handler
}

var _ lambda.Handler = (*Router)(nil)

// route is a handler, and the options for it.
type route struct {
	config
	handler Handler
}

// New returns a Router that gives all Kinesis events to h. With [WithStream] or
// [WithFallback] h may be nil; an event that then has no handler is an error of
// its invocation.
//
// New panics, with a text that says why, on what can only be a mistake of the
// program: a handler without a function, no handler at all, and options that
// make no sense.
func New(h Handler, opts ...Option) *Router {
	r := &Router{base: route{configOf(opts), h}}
	r.base.mustHandle(h)
	for _, s := range r.base.streams {
		r.addStream(s, opts)
	}
	if n := len(r.base.fallbacks); n > 0 {
		r.fallback = r.base.fallbacks[n-1]
	}
	return r
}

// Invoke handles one event. It is safe for concurrent use, and what it returns
// is the caller's. The event may be reused once it has returned.
func (r *Router) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	rt, err := r.route(event)
	var answer []byte
	if err == nil {
		answer, err = rt.invoke(ctx, event, r.fallback != nil)
	}
	if r.fallback != nil && isForeign(err) {
		return r.fallback.Invoke(ctx, event)
	}
	return answer, err
}
