package size

import (
	"errors"

	"example.com/sluice/internal/eventtest"
)

// Short names for what most tests need.
var (
	event     = eventtest.Event
	good      = eventtest.Good
	bad       = eventtest.Bad
	aggregate = eventtest.Aggregate
)

// unwritable fails every write.
type unwritable struct{}

func (unwritable) Write([]byte) (int, error) { return 0, errors.New("no room") }
