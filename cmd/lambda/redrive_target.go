package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"time"

	"example.com/sluice/internal/runtimeapi"
)

// This file is the function that redrive hands batches to.

// target is a function.
type target interface {
	name() string // the same in every run
	invoke(event []byte) ([]byte, error)
	close()
}

// newTarget returns the one that the flags ask for.
func newTarget(endpoint, bootstrap string, timeout time.Duration, log io.Writer) (target, error) {
	switch {
	case timeout <= 0:
		return nil, errors.New("-timeout must be above zero")
	case (endpoint == "") == (bootstrap == ""):
		return nil, errors.New("want -endpoint or -bootstrap")
	case bootstrap != "":
		path, err := exec.LookPath(bootstrap)
		if err == nil {
			path, err = filepath.Abs(path)
		}
		if err != nil {
			return nil, fmt.Errorf("-bootstrap: %w", err)
		}
		return localTarget{path, &runtimeapi.Function{Path: path, Timeout: timeout, Stdout: log, Stderr: log}}, nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("-endpoint: no URL of a function: %q", endpoint)
	}
	return &endpointTarget{u.String(), &http.Client{Timeout: timeout}}, nil
}

// localTarget is a program on this machine.
type localTarget struct {
	path     string
	function *runtimeapi.Function
}

func (t localTarget) name() string { return t.path }
func (t localTarget) close()       { t.function.Close() }
func (t localTarget) invoke(event []byte) ([]byte, error) {
	return t.function.Invoke(context.Background(), event)
}

// endpointTarget is a URL that takes the Invoke call of Lambda's API.
type endpointTarget struct {
	url    string
	client *http.Client
}

// maxResponse is more than Lambda lets a function answer.
const maxResponse = 8 << 20

func (t *endpointTarget) name() string { return t.url }
func (t *endpointTarget) close()       { t.client.CloseIdleConnections() }

func (t *endpointTarget) invoke(event []byte) ([]byte, error) {
	req, err := http.NewRequest(http.MethodPost, t.url, bytes.NewReader(event))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Amz-Invocation-Type", "RequestResponse")
	resp, err := t.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := readAll(resp.Body, maxResponse)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the answer breaks off: %w", err)
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("status %s: %s", resp.Status, preview(body))
	case resp.Header.Get("X-Amz-Function-Error") != "":
		return nil, fmt.Errorf("the function fails (%s): %s", text(resp.Header.Get("X-Amz-Function-Error")), preview(body))
	}
	return body, nil
}
