//go:build race || poison

package cwlogs

// poison is whether released memory is overwritten, as in package decoder.
const poison = true
