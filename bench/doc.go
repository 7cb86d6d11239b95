// Package bench measures the decoder beside other ways to read a Kinesis event
// in Go. It is a module of its own, so that no user of the library inherits its
// peers. README.md says what each of them does, and `make bench` in the
// directory above runs it.
package bench
