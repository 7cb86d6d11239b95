package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// This file finds and reads the files that the arguments name.

// maxEvent is the most bytes that a file may have. Lambda's own limit is 6 MB; a payload in a string is longer by its escapes.
const maxEvent = 64 << 20

// stdinName is the argument that stands for standard input.
const stdinName = "-"

// input is one file, or why there is none.
type input struct {
	name string
	size int64 // bytes, where known
	err  error // does not repeat the name
}

// inputs returns the files that args name, those of directories in the order of their names: an S3 bucket's keys of failed
// batches begin with shard and time.
func inputs(args []string) []input {
	var all []input
	for _, name := range args {
		info, err := os.Stat(name)
		switch {
		case name == stdinName:
			all = append(all, input{name: name})
		case err != nil:
			all = append(all, input{name: name, err: cause(err)})
		case info.IsDir():
			all = append(all, filesIn(name)...)
		default:
			all = append(all, input{name: name, size: info.Size()})
		}
	}
	return all
}

// filesIn returns the regular files of a directory and of those in it, but for what is hidden.
func filesIn(dir string) []input {
	var all []input
	filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			all = append(all, input{name: name, err: cause(err)})
			return nil
		}
		if name != dir && d.Name()[0] == '.' {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.Type().IsRegular() {
			in := input{name: name}
			if info, err := d.Info(); err == nil {
				in.size = info.Size()
			}
			all = append(all, in)
		}
		return nil
	})
	if all == nil {
		all = []input{{name: dir, err: errors.New("no files in this directory")}}
	}
	return all
}

// read returns the file's content. read is told how many bytes have come.
func (in input) read(stdin io.Reader, count func(n int)) ([]byte, error) {
	if in.err != nil {
		return nil, in.err
	}
	if in.name == stdinName {
		return readAll(counted{stdin, count}, maxEvent)
	}
	f, err := os.Open(in.name)
	if err != nil {
		return nil, cause(err)
	}
	defer f.Close()
	content, err := readAll(counted{f, count}, maxEvent)
	return content, cause(err)
}

// documents returns the events that the file holds; see recognise.
func (in input) documents(stdin io.Reader, count func(n int), from origin) ([]document, error) {
	content, err := in.read(stdin, count)
	if err != nil {
		return nil, err
	}
	return recognise(content, from), nil
}

// counted tells count of the bytes that are read.
type counted struct {
	io.Reader
	count func(n int)
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.count(n)
	return n, err
}

// readAll reads r to its end.
func readAll(r io.Reader, limit int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(content)) > limit {
		return nil, fmt.Errorf("larger than %d bytes", limit)
	}
	return content, nil
}

// cause returns an error about a file without the file's name.
func cause(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
