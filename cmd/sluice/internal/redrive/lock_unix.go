//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package redrive

import (
	"os"
	"syscall"
)

// lock fails if another process holds the file. It lasts until the file is
// closed.
func lock(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
