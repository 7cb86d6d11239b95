//go:build race || poison

package decoder

// poison is whether released memory is overwritten, and the event copied so that its views can be as well.
const poison = true
