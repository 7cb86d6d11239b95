package router

import (
	"context"
	"errors"
	"fmt"
	"reflect"
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
	// mustBeWrappedInEachBatchOrPartition is whether there is no function to
	// call. Its name, which must sort before that of run, is for whoever gives
	// New a bare function. The compiler says: "does not implement
	// router.Handler (missing method mustBeWrappedInEachBatchOrPartition)".
	mustBeWrappedInEachBatchOrPartition() bool
}

// Router is a [lambda.Handler] that reads Kinesis events, calls handlers, and answers with what is not done.
type Router struct {
	base     route
	options  []Option
	streams  map[string]*route // by ARN and by name, as Stream got them
	alike    map[string]*route // by the names in ARNs
	fallback lambda.Handler
}

var _ lambda.Handler = (*Router)(nil)

type route struct {
	config
	handler Handler
}

// New returns a Router that gives all Kinesis events to h. It panics if h is a
// shape around a nil function. h itself may be nil where every stream gets a
// handler of its own, by [Router.Stream]. Whether one does cannot be seen here:
// each event that nobody is there for is an error.
func New(h Handler, opts ...Option) *Router {
	mustCall(h)
	return &Router{base: route{configOf(opts), h}, options: opts}
}

// Stream gives the events of one stream to another handler, or reads them with another decoder. The stream is named by its name, its
// ARN or the ARN of an enhanced fan-out consumer. Events are matched by their stream's ARN first and by its
// name second, so an ARN of another region or account matches as well if nothing fits better. Options are those
// of New, changed by opts; see [Option]. Of two handlers for one name, or one ARN, the last counts.
//
// Stream panics where no event could come to h, or none be handled: where h is
// nil or a shape around a nil function, and where nameOrARN is neither a name
// that a stream can have nor the ARN of one. Stream returns r; it is to be
// called before the first event.
func (r *Router) Stream(nameOrARN string, h Handler, opts ...Option) *Router {
	if h == nil {
		panic(fmt.Sprintf("router: nil Handler for stream %q", nameOrARN))
	}
	mustCall(h)
	name, isARN := nameOrARN, strings.HasPrefix(nameOrARN, "arn:")
	if isARN && strings.Contains(nameOrARN, ":kinesis:") {
		name = decoder.StreamName(nameOrARN)
	}
	if !isStreamName(name) {
		panic(fmt.Sprintf("router: %q is neither the name of a Kinesis stream nor its ARN", nameOrARN))
	}
	rt := &route{configOf(r.options, opts), h}
	if r.streams == nil {
		r.streams, r.alike = make(map[string]*route), make(map[string]*route)
	}
	r.streams[streamARN(nameOrARN)] = rt
	if isARN {
		r.alike[name] = rt
	}
	return r
}

// Fallback gives events that are not from Kinesis to h, which gets them as they
// came. Without it they are errors of the invocation. It panics where h is nil,
// a nil function, or a Router that would give them back to r. The last Fallback
// counts. It returns r; it is to be called before the first event.
func (r *Router) Fallback(h lambda.Handler) *Router {
	if h == nil || isNil(h, reflect.Func) {
		panic("router: Fallback to a nil Handler")
	}
	for next, ok := h.(*Router); ok; next, ok = next.fallback.(*Router) {
		if next == nil || next == r {
			panic("router: Fallback to a nil Router, or back to the Router itself")
		}
	}
	r.fallback = h
	return r
}

// mustCall panics where h is there, but has nothing to call.
func mustCall(h Handler) {
	if h != nil && (isNil(h, reflect.Pointer) || h.mustBeWrappedInEachBatchOrPartition()) {
		panic(fmt.Sprintf("router: %T without a function", h))
	}
}

// isNil is whether h is a nil of that kind.
func isNil(h any, kind reflect.Kind) bool {
	v := reflect.ValueOf(h)
	return v.Kind() == kind && v.IsNil()
}

// isStreamName is whether a stream can have that name:
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html
func isStreamName(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '.', c == '-':
		default:
			return false
		}
	}
	return s != "" && len(s) <= 128
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
	if len(r.streams) > 0 || r.base.handler == nil {
		source, err := r.base.decoder.Source(event)
		if err != nil {
			return nil, err
		}
		if rt := r.streams[streamARN(source.EventSourceARN)]; rt != nil {
			return rt, nil
		}
		for _, routes := range []map[string]*route{r.streams, r.alike} {
			if rt := routes[source.StreamName]; rt != nil {
				return rt, nil
			}
		}
		if r.base.handler == nil {
			return nil, r.noHandler(source.StreamName)
		}
	}
	return &r.base, nil
}

// noHandler is why an event is not handled that nobody is there for.
func (r *Router) noHandler(stream string) error {
	if len(r.streams) == 0 {
		return errors.New("no handler: router.New got nil, and no Stream follows; give New a handler, such as router.Each(f)")
	}
	return fmt.Errorf("no handler for stream %.64q", stream)
}
