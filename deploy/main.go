// Command deploy builds the packages of the function in cmd/lambda that the
// templates beside it deploy: a zip file for each architecture that Lambda has,
// with nothing in it but the program. The same source and the same release of
// Go give the same bytes, whenever and wherever they are built, so that a
// package can be compared with what is deployed.
//
//	go run . [-o DIR]
package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// architectures have Lambda's names and Go's.
var architectures = []struct{ lambda, goarch string }{{"arm64", "arm64"}, {"x86_64", "amd64"}}

// program is what Lambda starts in a provided.* runtime.
const program = "bootstrap"

func main() {
	out := flag.String("o", filepath.Join("..", "dist"), "directory for the packages")
	flag.Parse()
	if err := packAll(os.Stdout, "..", *out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// packAll builds the packages of the module in root into dir and prints their
// sizes.
func packAll(w io.Writer, root, dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, a := range architectures {
		code, err := build(root, "linux", a.goarch)
		if err != nil {
			return err
		}
		content, err := pack(code)
		if err != nil {
			return err
		}
		name := filepath.Join(dir, packageName(a.lambda))
		if err := os.WriteFile(name, content, 0o666); err != nil {
			return err
		}
		fmt.Fprintf(w, "%s  %.2f MB, %.2f MB unpacked\n", name, megabytes(len(content)), megabytes(len(code)))
	}
	return nil
}

func packageName(architecture string) string { return "lambda-" + architecture + ".zip" }

func megabytes(n int) float64 { return float64(n) / 1e6 }

// build compiles the function. Nothing of this machine gets into it: no paths,
// no state of the repository.
func build(root, goos, goarch string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "deploy")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, program)
	cmd := exec.Command("go", "build", "-o", name, "-tags", "lambda.norpc", "-trimpath", "-buildvcs=false", "-ldflags",
		"-s -w -buildid=", "./cmd/lambda")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0", "GOFLAGS=", "GOAMD64=v1",
		"GOARM64=v8.0", "GOEXPERIMENT=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build for %s: %w\n%s", goarch, err, out)
	}
	return os.ReadFile(name)
}

// pack makes the zip file: one executable member, with the same time always.
func pack(code []byte) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	z.RegisterCompressor(zip.Deflate,
		func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	h := &zip.FileHeader{Name: program, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	h.SetMode(0o755)
	w, err := z.CreateHeader(h)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(code); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
