// Package input turns what the arguments name into events: files.go reads
// files, kinds.go knows what may be in them and finds the events, and node.go
// looks at JSON for it. document.go is what comes out.
package input
