// Package stream is a Kinesis stream on this machine, for trying functions: a
// server from npm, reached through AWS's own client.
package stream

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// This file runs the server.

const script = "kinesis-server.js"

// Server is a Kinesis server as a child process, on the loopback interface.
type Server struct {
	URL string

	process *exec.Cmd
	stdin   io.Closer
	stderr  bytes.Buffer
}

// Installed says what [Start] lacks, in words for people; nil if nothing.
func Installed(dir string) error {
	if _, err := exec.LookPath("node"); err != nil {
		return errors.New("no Node.js, which the Kinesis server runs on: install Node.js 18 or newer, with npm")
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "kinesalite")); err != nil {
		return errors.New("the Kinesis server is not installed: run npm ci in e2e/ (make e2e and make local do so)")
	}
	return nil
}

// Start starts the server that is installed in dir. Port 0 is any free one.
func Start(dir string, port int) (*Server, error) {
	if err := Installed(dir); err != nil {
		return nil, err
	}
	s := &Server{process: exec.Command("node", script, strconv.Itoa(port))}
	s.process.Dir = dir
	s.process.Stderr = &s.stderr
	stdin, err := s.process.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := s.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	s.stdin = stdin
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		s.Stop()
		return nil, fmt.Errorf("the Kinesis server does not start: %s", bytes.TrimSpace(s.stderr.Bytes()))
	}
	s.URL = "http://127.0.0.1:" + strings.TrimSpace(line)
	return s, nil
}

// Stop ends the server and waits for its end.
func (s *Server) Stop() {
	s.stdin.Close()
	s.process.Wait() // its exit status says nothing
}
