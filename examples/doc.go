// Package examples has typed handlers that use libraries the core module does
// not depend on: a faster JSON decoder, Protocol Buffers, MessagePack. It is a
// module of its own so that users of the library do not inherit them.
package examples
