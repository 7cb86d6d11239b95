package input

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxFile is the most bytes a file may have. Lambda's own limit is 6 MB, but a
// payload inside a string is longer by its escapes.
const maxFile = 64 << 20

// Stdin is the argument that stands for standard input.
const Stdin = "-"

// File is one file, or why there is none.
type File struct {
	Name string
	Size int64 // bytes, where known
	Err  error // does not repeat the name
}

// Files returns the files that args name. A directory stands for the files in
// it, ordered by name: the keys of an on-failure bucket begin with shard and
// time.
func Files(args []string) []File {
	var all []File
	for _, name := range args {
		info, err := os.Stat(name)
		switch {
		case name == Stdin:
			all = append(all, File{Name: name})
		case err != nil:
			all = append(all, File{Name: name, Err: Cause(err)})
		case info.IsDir():
			all = append(all, filesIn(name)...)
		default:
			all = append(all, File{Name: name, Size: info.Size()})
		}
	}
	return all
}

// filesIn returns the regular files below a directory that are not hidden.
func filesIn(dir string) []File {
	var all []File
	filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			all = append(all, File{Name: name, Err: Cause(err)})
			return nil
		}
		if name != dir && d.Name()[0] == '.' {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.Type().IsRegular() {
			f := File{Name: name}
			if info, err := d.Info(); err == nil {
				f.Size = info.Size()
			}
			all = append(all, f)
		}
		return nil
	})
	if all == nil {
		all = []File{{Name: dir, Err: errors.New("no files in this directory")}}
	}
	return all
}

// Documents reads the file and returns the events in it, at least one. Records
// that do not say where they are from get the origin. count is told of bytes
// as they are read.
func (f File) Documents(stdin io.Reader, count func(n int), from Origin) ([]Document, error) {
	content, err := f.read(stdin, count)
	if err != nil {
		return nil, err
	}
	return recognise(content, from), nil
}

func (f File) read(stdin io.Reader, count func(n int)) ([]byte, error) {
	if f.Err != nil {
		return nil, f.Err
	}
	if f.Name == Stdin {
		return ReadAll(counted{stdin, count}, maxFile)
	}
	file, err := os.Open(f.Name)
	if err != nil {
		return nil, Cause(err)
	}
	defer file.Close()
	content, err := ReadAll(counted{file, count}, maxFile)
	return content, Cause(err)
}

// counted tells count how many bytes each Read returns.
type counted struct {
	io.Reader
	count func(n int)
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.count(n)
	return n, err
}

// ReadAll reads r to its end, which must come within limit bytes.
func ReadAll(r io.Reader, limit int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(content)) > limit {
		return nil, fmt.Errorf("larger than %d bytes", limit)
	}
	return content, nil
}

// Cause strips the file's name from an error.
func Cause(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}
