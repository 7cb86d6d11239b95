package router

import (
	"fmt"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/sluice/decoder"
)

// This file decides which handler gets an event.

// WithStream gives the events of one stream to a handler of their own, or reads
// them with another decoder. The stream is named by its name, its ARN or the
// ARN of an enhanced fan-out consumer. Events are matched by their stream's ARN
// first and by its name second, so an ARN of another region or account matches
// as well if nothing fits better. Of two handlers for one name, or one ARN, the
// last counts. The stream's options are those of New, changed by opts; see
// [Option].
//
// [New] panics where h is nil, and where nameOrARN is neither a name that a
// stream can have nor the ARN of one: no event could come to h.
func WithStream(nameOrARN string, h Handler, opts ...Option) Option {
	return func(c *config) { c.streams = append(c.streams, stream{nameOrARN, h, opts}) }
}

// WithFallback gives events that are not from Kinesis to h, which gets them as
// they came. Without it they are errors of the invocation. The last one counts.
func WithFallback(h lambda.Handler) Option {
	return func(c *config) { c.fallbacks = append(c.fallbacks, h) }
}

// stream is what WithStream got.
type stream struct {
	nameOrARN string
	handler   Handler
	options   []Option
}

// name is the stream's name, "" where there is none.
func (s *stream) name() string {
	name := s.nameOrARN
	if strings.HasPrefix(name, "arn:") && strings.Contains(name, ":kinesis:") {
		name = decoder.StreamName(name)
	}
	if !isStreamName(name) {
		return ""
	}
	return name
}

// isStreamName reports whether a stream can have that name:
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

// addStream adds the route of a stream; base is the options of New.
func (r *Router) addStream(s stream, base []Option) {
	rt := &route{configOf(base, s.options), s.handler}
	if r.streams == nil {
		r.streams, r.alike = make(map[string]*route), make(map[string]*route)
	}
	r.streams[streamARN(s.nameOrARN)] = rt
	if name := s.name(); name != s.nameOrARN {
		r.alike[name] = rt
	}
}

// route finds the route of an event.
func (r *Router) route(event []byte) (*route, error) {
	if len(r.streams) == 0 && r.base.handler != nil {
		return &r.base, nil
	}
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
		return nil, fmt.Errorf("no handler for stream %.64q", source.StreamName)
	}
	return &r.base, nil
}
