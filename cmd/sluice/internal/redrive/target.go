package redrive

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

	"example.com/sluice/cmd/sluice/internal/input"
	"example.com/sluice/cmd/sluice/internal/screen"
	"example.com/sluice/internal/runtimeapi"
	"example.com/sluice/internal/sigv4"
)

// This file calls the function.

// target is a function, wherever it runs.
type target interface {
	name() string // the same in every run
	invoke(event []byte) ([]byte, error)
	close()
}

// newTarget returns the target that the flags ask for.
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

// newClient returns a client that follows no redirect: an answer from elsewhere
// would say nothing about the batch.
func newClient(timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

var (
	functionName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)
	functionARN  = regexp.MustCompile(`^arn:([a-z0-9-]+):lambda:([a-z0-9-]+):[0-9]{12}:` +
		`function:[a-zA-Z0-9_-]{1,64}(:[a-zA-Z0-9$_-]+)?$`)
)

// partition is one of AWS's separate clouds. Each has domains of its own.
type partition struct {
	name, domain string
	regions      *regexp.Regexp
}

// partitions are those in botocore's partitions.json.
var partitions = []partition{
	{"aws", "amazonaws.com", regexp.MustCompile(`^(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-[0-9]+$`)},
	{"aws-cn", "amazonaws.com.cn", regexp.MustCompile(`^cn-[a-z]+-[0-9]+$`)},
	{"aws-us-gov", "amazonaws.com", regexp.MustCompile(`^us-gov-[a-z]+-[0-9]+$`)},
	{"aws-iso", "c2s.ic.gov", regexp.MustCompile(`^us-iso-[a-z]+-[0-9]+$`)},
	{"aws-iso-b", "sc2s.sgov.gov", regexp.MustCompile(`^us-isob-[a-z]+-[0-9]+$`)},
	{"aws-iso-e", "cloud.adc-e.uk", regexp.MustCompile(`^eu-isoe-[a-z]+-[0-9]+$`)},
	{"aws-iso-f", "csp.hci.ic.gov", regexp.MustCompile(`^us-isof-[a-z]+-[0-9]+$`)},
	{"aws-eusc", "amazonaws.eu", regexp.MustCompile(`^eusc-[a-z]+-[a-z]+-[0-9]+$`)},
}

// domainOf returns the domain of a region's hosts; name is the partition in an
// ARN, "" without one. A wrong guess would send signed records to a host that
// is not AWS's, so anything unknown is an error.
func domainOf(name, region string) (string, error) {
	var named, regional *partition
	var names []string
	for i := range partitions {
		p := &partitions[i]
		names = append(names, p.name)
		if p.name == name {
			named = p
		}
		if p.regions.MatchString(region) {
			regional = p
		}
	}
	switch {
	case name != "" && named == nil:
		return "", fmt.Errorf("-function: partition %.64q is not known here, nor the domain of its hosts; known are %s",
			name, strings.Join(names, ", "))
	case name == "" && regional == nil:
		return "", fmt.Errorf("-function: region %.64q is of no partition that is known here; the function's ARN "+
			"would name it", region)
	case name == "":
		return regional.domain, nil
	case regional != nil && regional != named:
		return "", fmt.Errorf("-function: the ARN is of partition %s, but its region %s is of %s", name, region,
			regional.name)
	}
	return named.domain, nil
}

// newFunctionTarget finds a function in AWS by its ARN, or by its name in the
// account and region of the environment.
func newFunctionTarget(function string, timeout time.Duration, env func(string) string) (*endpointTarget, error) {
	region, partition := cmp.Or(env("AWS_REGION"), env("AWS_DEFAULT_REGION")), ""
	if m := functionARN.FindStringSubmatch(function); m != nil {
		partition, region = m[1], m[2]
	} else if !functionName.MatchString(function) {
		return nil, fmt.Errorf("-function: neither a function's name nor its ARN: %q", function)
	}
	if region == "" {
		return nil, errors.New("-function: set AWS_REGION, or give the function's ARN")
	}
	domain, err := domainOf(partition, region)
	if err != nil {
		return nil, err
	}
	c := sigv4.Credentials{
		AccessKeyID: env("AWS_ACCESS_KEY_ID"), SecretAccessKey: env("AWS_SECRET_ACCESS_KEY"),
		SessionToken: env("AWS_SESSION_TOKEN"),
	}
	if c.AccessKeyID == "" || c.SecretAccessKey == "" {
		return nil, errors.New(`-function: no credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; ` +
			`eval "$(aws configure export-credentials --format env)" sets them`)
	}
	return &endpointTarget{
		url: fmt.Sprintf("https://lambda.%s.%s/2015-03-31/functions/%s/invocations", region, domain,
			strings.ReplaceAll(function, ":", "%3A")),
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

// maxResponse is above what Lambda lets a function answer.
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
	body, err := input.ReadAll(resp.Body, maxResponse)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the answer breaks off: %w", err)
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("status %s: %s", resp.Status, screen.Preview(body))
	case resp.Header.Get("X-Amz-Function-Error") != "":
		return nil, fmt.Errorf("the function fails (%s): %s", screen.Word(resp.Header.Get("X-Amz-Function-Error")),
			screen.Preview(body))
	}
	return body, nil
}
