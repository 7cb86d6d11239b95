package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"example.com/sluice/internal/sigv4"
)

// redrive's signatures are those of AWS's SDK.
func TestSignature(t *testing.T) {
	at := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	for _, path := range []string{
		"/2015-03-31/functions/orders/invocations",
		"/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-2%3A123456789012%3Afunction%3Aorders%3Alive/invocations",
		"/2015-03-31/functions/arn:aws:lambda:us-east-2:123456789012:function:orders/invocations",
		"/", "",
	} {
		for _, token := range []string{"", "session"} {
			body := []byte(`{"Records":[]}`)
			request := func() *http.Request {
				r, err := http.NewRequest(http.MethodPost, "https://lambda.us-east-2.amazonaws.com"+path,
					strings.NewReader(string(body)))
				if err != nil {
					t.Fatal(err)
				}
				r.ContentLength = -1 // the SDK signs it otherwise, which is as good
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("X-Amz-Invocation-Type", "RequestResponse")
				return r
			}
			ours, theirs := request(), request()
			sigv4.Sign(ours, body, sigv4.Credentials{
				AccessKeyID: "AKID", SecretAccessKey: "secret",
				SessionToken: token,
			}, "us-east-2", "lambda", at)
			sum := sha256.Sum256(body)
			err := v4.NewSigner().SignHTTP(context.Background(),
				aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret", SessionToken: token},
				theirs, hex.EncodeToString(sum[:]), "lambda", "us-east-2", at)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := ours.Header.Get("Authorization"), theirs.Header.Get("Authorization"); got != want {
				t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
			}
		}
	}
}
