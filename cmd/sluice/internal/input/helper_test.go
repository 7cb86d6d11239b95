package input

import (
	"example.com/sluice/internal/eventtest"
)

// What most tests need of package eventtest.
var (
	event = eventtest.Event
	good  = eventtest.Good
)
