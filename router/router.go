package router

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/sluice/decoder"
)

// Handler is one of this package's shapes: [Each], [Batch], [Partition], [ByTime], or what [Tumbling], [Typed],
// [TypedBatch], [TypedPartition] and [JSON] return. The set is closed.
type Handler interface {
	// run works on the event until all is done or it must stop. It notes in i what is not done; its error is
	// one of the whole invocation.
	run(i *invocation) error
	// isNil is whether there is no function to call.
	isNil() bool
}

// Router is a [lambda.Handler] that reads Kinesis events, calls handlers, and answers with what is not done.
type Router struct {
	base     route
	options  []Option
	streams  map[string]*route // by ARN and by name
	fallback lambda.Handler
}

var _ lambda.Handler = (*Router)(nil)

type route struct {
	config
	handler Handler
}

// New returns a Router that gives all Kinesis events to h, which may be nil where every stream has a handler of its own. It
// panics if h is a shape around a nil function.
func New(h Handler, opts ...Option) *Router {
	mustCall(h)
	return &Router{base: route{configOf(opts), h}, options: opts}
}

// Stream gives the events of one stream to another handler, or reads them with another decoder. The stream is named by its name, its
// ARN or the ARN of an enhanced fan-out consumer. Events are matched by their stream's ARN first and by its
// name second, so an ARN of another region or account matches as well if nothing fits better. Options are those
// of New, changed by opts; see [Option]. Stream returns r; it is to be called before the first event.
func (r *Router) Stream(nameOrARN string, h Handler, opts ...Option) *Router {
	if h == nil {
		panic("router: nil Handler for stream " + nameOrARN)
	}
	mustCall(h)
	rt := &route{configOf(r.options, opts), h}
	if r.streams == nil {
		r.streams = make(map[string]*route)
	}
	name := nameOrARN
	if strings.HasPrefix(nameOrARN, "arn:") {
		if name = decoder.StreamName(nameOrARN); name == "" {
			panic("router: not the ARN of a Kinesis stream: " + nameOrARN)
		}
		r.streams[streamARN(nameOrARN)] = rt
	}
	r.streams[name] = rt
	return r
}

// Fallback gives events that are not from Kinesis to h, which gets them as they came. Without it they are errors
// of the invocation. Fallback returns r; it is to be called before the first event.
func (r *Router) Fallback(h lambda.Handler) *Router {
	r.fallback = h
	return r
}

func mustCall(h Handler) {
	if h != nil && h.isNil() {
		panic(fmt.Sprintf("router: %T without a function", h))
	}
}

// streamARN is the ARN of the stream that a consumer's ARN belongs to.
func streamARN(arn string) string {
	stream, _, _ := strings.Cut(arn, "/consumer/")
	return stream
}

// Invoke handles one event. It is safe for concurrent use, and what it returns is the caller's. The event may be reused
// once it has returned.
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

// isForeign is whether err says that the event is from another service. Such an event ends before any handler is called.
// It is the decoder's own error: one that a handler returns is wrapped in another.
func isForeign(err error) bool {
	e, ok := err.(*decoder.Error)
	return ok && errors.Is(e.Err, decoder.ErrNotKinesis)
}

// route finds who is to handle the event.
func (r *Router) route(event []byte) (*route, error) {
	if len(r.streams) > 0 {
		source, err := r.base.decoder.Source(event)
		if err != nil {
			return nil, err
		}
		if rt := r.streams[streamARN(source.EventSourceARN)]; rt != nil {
			return rt, nil
		}
		if rt := r.streams[source.StreamName]; rt != nil {
			return rt, nil
		}
		if r.base.handler == nil {
			return nil, fmt.Errorf("no handler for stream %q", source.StreamName)
		}
	}
	if r.base.handler == nil {
		return nil, errors.New("no handler")
	}
	return &r.base, nil
}
