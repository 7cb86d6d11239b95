// Package sigv4 signs requests to AWS with Signature Version 4 (IAM user guide,
// "Create a signed AWS API request"). It spares the tool AWS's whole SDK for
// one call of Lambda's API; a test holds it to that SDK's signer.
package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Credentials are an access key of AWS.
type Credentials struct {
	AccessKeyID, SecretAccessKey string
	SessionToken                 string // of temporary ones
}

// Sign signs a request with this body: it sets X-Amz-Date, X-Amz-Security-Token
// and Authorization. The host and all headers of the request are signed. The
// request's URL must have no query.
func Sign(r *http.Request, body []byte, c Credentials, region, service string, at time.Time) {
	at = at.UTC()
	stamp, day := at.Format("20060102T150405Z"), at.Format("20060102")
	r.Header.Set("X-Amz-Date", stamp)
	if c.SessionToken != "" {
		r.Header.Set("X-Amz-Security-Token", c.SessionToken)
	}
	headers, names := canonicalHeaders(r)
	request := strings.Join([]string{
		r.Method, escape(r.URL.EscapedPath()), "", headers, names, hash(body),
	}, "\n")
	scope := strings.Join([]string{day, region, service, "aws4_request"}, "/")
	text := strings.Join([]string{"AWS4-HMAC-SHA256", stamp, scope, hash([]byte(request))}, "\n")
	key := []byte("AWS4" + c.SecretAccessKey)
	for _, part := range []string{day, region, service, "aws4_request"} {
		key = mac(key, part)
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+c.AccessKeyID+"/"+scope+
		", SignedHeaders="+names+", Signature="+hex.EncodeToString(mac(key, text)))
}

// canonicalHeaders returns the lines of the signed headers, and their names.
func canonicalHeaders(r *http.Request) (lines, names string) {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	values := map[string]string{"host": host}
	all := []string{"host"}
	for name, v := range r.Header {
		if name == "Authorization" {
			continue
		}
		name = strings.ToLower(name)
		for i := range v {
			v[i] = strings.Join(strings.Fields(v[i]), " ")
		}
		values[name] = strings.Join(v, ",")
		all = append(all, name)
	}
	slices.Sort(all)
	var b strings.Builder
	for _, name := range all {
		b.WriteString(name + ":" + values[name] + "\n")
	}
	return b.String(), strings.Join(all, ";")
}

// escape escapes an escaped path once more, which every service but S3 wants.
func escape(path string) string {
	if path == "" {
		return "/"
	}
	const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/"
	var b strings.Builder
	for i := range len(path) {
		if c := path[i]; strings.IndexByte(unreserved, c) >= 0 {
			b.WriteByte(c)
		} else {
			b.WriteString("%" + strings.ToUpper(hex.EncodeToString([]byte{c})))
		}
	}
	return b.String()
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
