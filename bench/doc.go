// Package bench compares the decoder with other ways to read a Kinesis event in
// Go. It is a module of its own so that users of the library do not inherit its
// peers. README.md describes the contenders; run it with `make bench` in the
// directory above.
package bench
