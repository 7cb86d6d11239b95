package router

import (
	"errors"
	"fmt"
	"reflect"
)

// This file holds what New panics on: programming mistakes, which must not go
// unnoticed.

// mustHandle panics if an event might find no handler, or one without a
// function.
func (c *config) mustHandle(h Handler) {
	if h == nil && len(c.streams) == 0 && len(c.fallbacks) == 0 {
		panic("router: New(nil) without WithStream or WithFallback: no event has a handler; " +
			"give New one, such as router.Each(f)")
	}
	mustCall(h)
	for _, s := range c.streams {
		if s.handler == nil {
			panic(fmt.Sprintf("router: WithStream(%q): nil Handler", s.nameOrARN))
		}
		mustCall(s.handler)
		if s.name() == "" {
			panic(fmt.Sprintf("router: WithStream(%q): neither the name of a Kinesis stream nor its ARN", s.nameOrARN))
		}
	}
	for _, f := range c.fallbacks {
		if f == nil || isNil(f) {
			panic("router: WithFallback: nil Handler")
		}
	}
}

// mustCall panics if h has no function to call.
func mustCall(h Handler) {
	if h == nil {
		return
	}
	nilPointer := reflect.ValueOf(h).Kind() == reflect.Pointer && isNil(h)
	if nilPointer || h.mustBeWrappedInEachBatchOrPartition() {
		panic(fmt.Sprintf("router: %T without a function", h))
	}
}

// isNil reports whether v is a nil pointer or function.
func isNil(v any) bool {
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Pointer, reflect.Func:
		return r.IsNil()
	}
	return false
}

// validate returns what is wrong with the options.
func (c *config) validate() error {
	for _, o := range []struct {
		name  string
		value int
	}{
		{"WithBatchSize", c.batchSize},
		{"WithWorkers", c.workers},
		{"WithLogLimit", c.logLimit},
		{"WithRedeliveryMemory", c.remember},
		{"WithDecoder: MaxData", c.decoder.MaxData},
		{"WithDecoder: MaxRecords", c.decoder.MaxRecords},
		{"WithDecoder: MaxBatch", c.decoder.MaxBatch},
	} {
		if o.value < 0 {
			return fmt.Errorf("%s: %d, want 0 or more", o.name, o.value)
		}
	}
	switch {
	case c.onBadGiven && c.onBad == nil:
		return errors.New("WithOnBad: nil function")
	case c.loggerGiven && c.logger == nil:
		return errors.New("WithLogger: nil Logger")
	case c.poison != nil && c.poison.giveUp == nil:
		return errors.New("WithPoison: nil function")
	case c.poison != nil && c.poison.failures < 1:
		return fmt.Errorf("WithPoison: %d failures, want 1 or more", c.poison.failures)
	}
	return nil
}
