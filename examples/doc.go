// Package examples shows typed handlers with libraries that this module does
// not depend on: a faster JSON decoder, Protocol Buffers, MessagePack. They are
// a module of their own, so that nobody who uses the decoder or the router
// inherits them.
package examples
