// Package lane is what the decoder lets its own tests see and change: which of
// its two lanes a record went through, and what it has learned. Nothing else
// may use it.
package lane

import "sync/atomic"

// GeneralOnly turns the shape lane off while it is set.
var GeneralOnly atomic.Bool

// Forget makes the decoder forget all shapes, as a new process would not know
// them. The decoder sets it.
var Forget func()

// Read, if set, is called for each event that was read, with how many of its
// records went through the shape lane. It is to be set before decoding begins.
var Read func(shaped int)
