package decoder_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"example.com/sluice/decoder"
)

// What errors are and say. Their words and places for the events of testdata
// are in the goldens.

// failure returns the first error of the event, nil where there is none.
func (o *outcome) failure() *decoder.Error {
	for _, e := range o.errs {
		if e != nil {
			return e
		}
	}
	return o.broken
}

// TestSentinels has an event for each of the package's errors, and asserts that
// errors.Is finds that one and no other.
func TestSentinels(t *testing.T) {
	sentinels := []error{
		decoder.ErrSyntax, decoder.ErrNotKinesis, decoder.ErrTooLarge, decoder.ErrDuplicate, decoder.ErrMissing,
		decoder.ErrType,
		decoder.ErrBase64, decoder.ErrAggregate, decoder.ErrCompressed, decoder.ErrDecode,
	}
	for _, c := range []struct {
		d    decoder.Decoder
		text string
		want error
	}{
		{decoder.Decoder{}, event(plain(1)) + "}", decoder.ErrSyntax},
		{decoder.Decoder{}, "{}", decoder.ErrNotKinesis},
		{decoder.Decoder{}, event(plain(1), `{"eventSource":"aws:sqs"}`), decoder.ErrNotKinesis},
		{decoder.Decoder{}, strings.Repeat("[", 301), decoder.ErrTooLarge},
		{decoder.Decoder{MaxData: 4}, event(plain(1)), decoder.ErrTooLarge},
		{decoder.Decoder{MaxRecords: 1}, event(plain(1), plain(2)), decoder.ErrTooLarge},
		{
			decoder.Decoder{},
			event(with(plain(1), `"eventSource":`, `"kinesis":{},"eventSource":`)),
			decoder.ErrDuplicate,
		},
		{decoder.Decoder{}, `{"Records":[],"Records":[]}`, decoder.ErrDuplicate},
		{decoder.Decoder{}, event(with(brief, `"partitionKey":"k",`, ``)), decoder.ErrMissing},
		{decoder.Decoder{}, event(with(brief, `"k"`, `7`)), decoder.ErrType},
		{decoder.Decoder{}, event(plain(1), "7"), decoder.ErrType},
		{decoder.Decoder{}, event(withData(1, "*")), decoder.ErrBase64},
		{decoder.Decoder{Codec: decoder.Gzip}, event(plain(1)), decoder.ErrCompressed},
	} {
		var err error = read(t, c.d, c.text).failure()
		for _, s := range sentinels {
			if errors.Is(err, s) != (s == c.want) {
				t.Errorf("errors.Is(%v, %v) = %t for %.200s", err, s, errors.Is(err, s), c.text)
			}
		}
		var e *decoder.Error
		if !errors.As(err, &e) || e.Unwrap() != e.Err {
			t.Errorf("%v is no *Error with its cause", err)
		}
	}
}

// TestOneBadRecordDoesNotFailTheOthers puts each fault of a record between good
// ones, in the first and the last place too.
func TestOneBadRecordDoesNotFailTheOthers(t *testing.T) {
	for name, bad := range map[string]string{
		"no data":               with(brief, `,"data":"aGVsbG8="`, ``),
		"no sequence number":    with(brief, `"sequenceNumber":"1",`, ``),
		"no partition key":      with(brief, `"partitionKey":"k",`, ``),
		"null data":             with(brief, `"aGVsbG8="`, `null`),
		"data of a wrong type":  with(brief, `"aGVsbG8="`, `["aGVsbG8="]`),
		"bad base64":            with(brief, `"aGVsbG8="`, `"aGVsbG8"`),
		"empty kinesis":         `{"kinesis":{}}`,
		"kinesis null":          `{"kinesis":null}`,
		"kinesis twice":         `{"kinesis":{},"kinesis":{}}`,
		"another service":       `{"eventSource":"aws:sqs","messageId":"1"}`,
		"an event source of 7":  with(brief, `}}`, `},"eventSource":7}`),
		"a schema version of 1": with(brief, `"k"`, `"k","kinesisSchemaVersion":1`),
		"an encryption of true": with(brief, `"k"`, `"k","encryptionType":true`),
		"an event id of []":     with(brief, `}}`, `},"eventID":[]}`),
		"a region of {}":        with(brief, `}}`, `},"awsRegion":{}}`),
		"a role of false":       with(brief, `}}`, `},"invokeIdentityArn":false}`),
		"an event name of 0":    with(brief, `}}`, `},"eventName":0}`),
		"a version of 1":        with(brief, `}}`, `},"eventVersion":1}`),
	} {
		t.Run(name, func(t *testing.T) {
			for at := range 3 {
				records := []string{plain(0), plain(1), plain(2)}
				records[at] = bad
				got := read(t, decoder.Decoder{}, event(records...))
				if at == 0 && (name == "another service") {
					if !errors.Is(got.broken, decoder.ErrNotKinesis) {
						t.Errorf("as the first record it gives %s", got)
					}
					continue
				}
				if got.broken != nil || len(got.records) != 3 {
					t.Fatalf("as record %d it gives %s", at, got)
				}
				for i, e := range got.errs {
					if (e != nil) != (i == at) {
						t.Errorf("as record %d: record %d gives %v", at, i, e)
					}
					if i == at && (e.Index != i || e.Offset < int64(strings.Index(event(records...), bad)) ||
						e.Offset >= int64(strings.Index(event(records...), bad)+len(bad))) {
						t.Errorf("as record %d its place is %s", at, describeError(e))
					}
					if i != at && string(got.records[i].Data) != "hello" {
						t.Errorf("as record %d: record %d is %v", at, i, got.records[i])
					}
				}
			}
		})
	}
}

// TestWhatOtherEventsLookLike asserts that an event which is not from Kinesis
// is told so in words that help.
func TestWhatOtherEventsLookLike(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{`{}`, "it is {}"},
		{` { } `, "it is {}"},
		{`null`, "a JSON value that is no object"},
		{`"Records"`, "a JSON value that is no object"},
		{`7`, "a JSON value that is no object"},
		{`{"key1":"value1","key2":"value2"}`, "it has no Records"},
		{`{"Records":null}`, "it has no Records"},
		{`{"Records":{}}`, "Records is no array"},
		{`{"Records":"[]"}`, "Records is no array"},
		{`{"Records":[1,2]}`, "Records holds no objects"},
		{`[1,2]`, "Records holds no objects"},
		{`[[]]`, "Records holds no objects"},
		{`{"records":[]}`, `an event with "records" in lower case`},
		{`{"Records":[{"eventSource":"aws:s3","s3":{}}]}`, "it looks like an S3 event"},
		{`{"Records":[{"messageId":"1","eventSource":"aws:sqs"}]}`, "it looks like an SQS event"},
		{`{"Records":[{"EventSource":"aws:sns","Sns":{}}]}`, "it looks like an SNS event"},
		{`{"Records":[{"eventSource":"aws:ses"}]}`, "it looks like an SES event"},
		{`{"Records":[{"eventSource":"aws:dynamodb","dynamodb":{}}]}`, "it looks like a DynamoDB stream event"},
		{`{"Records":[{"eventSource":"aws:codecommit"}]}`, "it looks like a CodeCommit event"},
		{`{"Records":[{"eventSource":"aws\u003as3"}]}`, "it looks like an S3 event"},
		{`{"Records":[{"eventSource":"my:own"}]}`, "its records are from my:own"},
		{`[{"eventSource":"aws:sqs"}]`, "it looks like an SQS event"},
		{`{"Records":[{"cf":{"config":{}}}]}`, "it looks like a CloudFront event"},
		{`{"Records":[{"x":1}]}`, "its records are not from Kinesis"},
		{`{"Records":[{}]}`, "its records are not from Kinesis"},
		{`[{}]`, "its records are not from Kinesis"},
		{`{"eventSource":"aws:kafka","bootstrapServers":"b:9092","records":{}}`, "it looks like a Kafka event"},
		{`{"rmqMessagesByQueue":{}}`, "it looks like an MQ event"},
		{`{"version":"2.0","routeKey":"$default","requestContext":{}}`, "it looks like an API Gateway request"},
		{`{"httpMethod":"GET","requestContext":{}}`, "it looks like an API Gateway or load balancer request"},
		{`{"requestContext":{}}`, "it looks like an API request"},
		{
			`{"type":"TOKEN","authorizationToken":"t","methodArn":"a"}`,
			"it looks like an API Gateway authorizer request",
		},
		{`{"detail-type":"Scheduled Event","source":"aws.events"}`, "it looks like an EventBridge event"},
		{`{"awslogs":{"data":""}}`, "it looks like a CloudWatch Logs subscription"},
		{`{"invocationId":"1","deliveryStreamArn":"a","records":[]}`, "it looks like a Firehose transformation"},
		{`{"triggerSource":"PreSignUp_SignUp"}`, "it looks like a Cognito trigger"},
		{`{"invocationSchemaVersion":"1.0","tasks":[]}`, "it looks like an S3 batch job"},
		{
			`{"requestContext":{},"KinesisBatchInfo":{}}`,
			"it looks like an on-failure record of an event source mapping",
		},
		{
			`{"requestContext":{},"DDBStreamBatchInfo":{}}`,
			"it looks like an on-failure record of an event source mapping",
		},
		{
			`{"Records":[],"window":{},"eventSourceARN":"arn:aws:dynamodb:us-east-2:123456789012:table/t/stream/1"}`,
			"a window of",
		},
	} {
		got := read(t, decoder.Decoder{}, c.text)
		if len(got.records) > 0 || !errors.Is(got.broken, decoder.ErrNotKinesis) ||
			!strings.Contains(got.broken.Error(), c.says) {
			t.Errorf("%s gives %vwant %q", c.text, got, c.says)
		}
	}
}

// TestErrorText asserts what an error says of its place.
func TestErrorText(t *testing.T) {
	for _, c := range []struct {
		e    decoder.Error
		want string
	}{
		{decoder.Error{Index: -1, Offset: 7, Err: decoder.ErrSyntax}, "kinesis event: invalid JSON at offset 7"},
		{
			decoder.Error{Index: 0, Offset: 7, Err: decoder.ErrSyntax},
			"kinesis event: record 0: invalid JSON at offset 7",
		},
		{
			decoder.Error{Index: 3, SequenceNumber: "42", Field: "data", Offset: 0, Err: decoder.ErrBase64},
			"kinesis event: record 3 (sequence number 42): data: invalid base64 at offset 0",
		},
		{
			decoder.Error{Index: -1, Field: "window", Offset: -1, Err: decoder.ErrType},
			"kinesis event: window: member of the wrong type",
		},
		{
			decoder.Error{Index: 1, SequenceNumber: "4\n2\xff", Offset: -1, Err: decoder.ErrMissing},
			`kinesis event: record 1 (sequence number 4\n2\xff): missing member`,
		},
	} {
		if got := c.e.Error(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// quotes returns what s quotes of the event beyond 64 bytes, "" where it is
// within.
func quotes(s, ev string) string {
	for i := 0; i+65 <= len(s); i++ {
		if strings.Contains(ev, s[i:i+65]) {
			return s[i : i+65]
		}
	}
	return ""
}

// checkQuotes asserts that an event's errors are short, on one line, of plain
// ASCII, and quote at most 64 bytes in one place.
func checkQuotes(t *testing.T, ev string) (n int) {
	t.Helper()
	o := loopWindow(t, strictly(decoder.Decoder{}), []byte(ev))
	for _, e := range append(o.errs, o.broken) {
		if e == nil {
			continue
		}
		n++
		s := e.Error()
		if q := quotes(s, ev); q != "" {
			t.Errorf("an error quotes %q", q)
		}
		if len(s) > 350 {
			t.Errorf("an error has %d bytes: %.500s", len(s), s)
		}
		if strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r > 0x7e }) {
			t.Errorf("an error holds what is no plain text: %q", s)
		}
	}
	return n
}

func TestErrorsQuoteLittle(t *testing.T) {
	n := 0
	for _, text := range files(t, "bad/*.json") {
		n += checkQuotes(t, text)
	}
	for _, h := range hostile {
		n += checkQuotes(t, string(h.make(2<<10)))
	}
	// Long text in each place that an error could quote.
	for _, long := range []string{
		strings.Repeat("x", 5000), strings.Repeat(`\n`, 5000), strings.Repeat(`\u00e9`, 2000),
		strings.Repeat("\xff", 3000),
		strings.Repeat("é", 3000), strings.Repeat(`\"`, 1000), strings.Repeat("123456789", 500),
	} {
		for _, text := range []string{
			`"` + long + `"`, `{"` + long + `":1}`, `{"` + long, `{"Records":"` + long + `"}`,
			`{"Records":["` + long + `"]}`,
			event(`{"eventSource":"` + long + `"}`), event(brief, `{"eventSource":"`+long+`"}`),
			event(`{"` + long + `":1}`), event(brief, `{"`+long+`":1}`),
			event(`{"kinesis":"` + long + `"}`), event(`{"kinesis":{"` + long + `":1}}`),
			event(with(brief, `"1"`, `"`+long+`"`) + "x"),
			event(with(with(brief, `"1"`, `"`+long+`"`), `"aGVsbG8="`, `7`)),
			event(with(brief, `"aGVsbG8="`, `"*`+long+`"`)), event(with(brief, `"k"`, `["`+long+`"]`)),
			event(with(brief, `"k"`, `"k","approximateArrivalTimestamp":"`+long+`"`)),
			event(with(brief, `}}`, `},"eventID":{"`+long+`":1}}`)),
			`{"Records":[],"window":"` + long + `"}`, `{"Records":[],"window":{"start":"` + long + `"}}`,
			`{"Records":[],"window":{},"shardId":["` + long + `"]}`,
			`{"window":{},"eventSourceARN":"` + long + `"}`, `{"isFinalInvokeForWindow":"` + long + `"}`,
		} {
			if k := checkQuotes(t, text); k == 0 {
				t.Errorf("no error for %.100q", text)
			} else {
				n += k
			}
		}
	}
	for i := range 200 { // about the length where cutting begins
		n += checkQuotes(t,
			event(with(brief, `"k"`, fmt.Sprintf(`"k","approximateArrivalTimestamp":"%s"`,
				strings.Repeat("7", i)+"x"))))
		n += checkQuotes(t, event(with(brief, `"1"`, `"`+strings.Repeat("7", i)+`"`)+`,"x"`))
	}
	t.Logf("%d errors", n)
}
