package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"example.com/sluice/internal/runtimeapi"
	"example.com/sluice/internal/sigv4"
)

// This file is the function that redrive hands batches to.

// target is a function.
type target interface {
	name() string // the same in every run
	invoke(event []byte) ([]byte, error)
	close()
}

// newTarget returns the one that the flags ask for.
func newTarget(function, endpoint, bootstrap string, timeout time.Duration, log io.Writer) (target, error) {
	given := 0
	for _, flag := range []string{function, endpoint, bootstrap} {
		if flag != "" {
			given++
		}
	}
	switch {
	case timeout <= 0:
		return nil, errors.New("-timeout must be above zero")
	case given != 1:
		return nil, errors.New("want one of -function, -endpoint and -bootstrap")
	case function != "":
		return newFunctionTarget(function, timeout, os.Getenv)
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
	return &endpointTarget{url: u.String(), client: newClient(timeout)}, nil
}

// newClient returns a client that goes nowhere else: what another place answers would say nothing about the batch.
func newClient(timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

var (
	functionName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)
	functionARN  = regexp.MustCompile(`^arn:aws[a-z-]*:lambda:([a-z0-9-]+):[0-9]{12}:function:[a-zA-Z0-9_-]{1,64}(:[a-zA-Z0-9$_-]+)?$`)
)

// newFunctionTarget returns a function in AWS, by its ARN, or by its name in the account and region of the environment.
func newFunctionTarget(function string, timeout time.Duration, env func(string) string) (*endpointTarget, error) {
	region := cmp.Or(env("AWS_REGION"), env("AWS_DEFAULT_REGION"))
	if m := functionARN.FindStringSubmatch(function); m != nil {
		region = m[1]
	} else if !functionName.MatchString(function) {
		return nil, fmt.Errorf("-function: neither a function's name nor its ARN: %q", function)
	}
	if region == "" {
		return nil, errors.New("-function: set AWS_REGION, or give the function's ARN")
	}
	c := sigv4.Credentials{
		AccessKeyID: env("AWS_ACCESS_KEY_ID"), SecretAccessKey: env("AWS_SECRET_ACCESS_KEY"), SessionToken: env("AWS_SESSION_TOKEN"),
	}
	if c.AccessKeyID == "" || c.SecretAccessKey == "" {
		return nil, errors.New(`-function: no credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; ` +
			`eval "$(aws configure export-credentials --format env)" sets them`)
	}
	domain := "amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		domain = "amazonaws.com.cn"
	}
	return &endpointTarget{
		url:    fmt.Sprintf("https://lambda.%s.%s/2015-03-31/functions/%s/invocations", region, domain, strings.ReplaceAll(function, ":", "%3A")),
		client: newClient(timeout),
		sign:   func(r *http.Request, event []byte) { sigv4.Sign(r, event, c, region, "lambda", time.Now()) },
	}, nil
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
	sign   func(r *http.Request, event []byte) // nil where nobody asks for a signature
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
	if t.sign != nil {
		t.sign(req, event)
	}
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
