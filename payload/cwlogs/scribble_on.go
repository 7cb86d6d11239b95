//go:build race || poison

package cwlogs

// scribble says that released memory is overwritten, so that a view kept too
// long shows in tests.
const scribble = true
