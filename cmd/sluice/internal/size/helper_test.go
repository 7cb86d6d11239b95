package size

import (
	"errors"

	"example.com/sluice/internal/eventtest"
)

// What most tests need of package eventtest.
var (
	event     = eventtest.Event
	good      = eventtest.Good
	bad       = eventtest.Bad
	aggregate = eventtest.Aggregate
)

// unwritable fails every write.
type unwritable struct{}

func (unwritable) Write([]byte) (int, error) { return 0, errors.New("no room") }
