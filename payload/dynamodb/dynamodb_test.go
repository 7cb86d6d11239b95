package dynamodb_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/sluice/decoder"
	"example.com/sluice/payload/dynamodb"
	"example.com/sluice/router"
	"example.com/sluice/router/routertest"
)

// modify is a change as AWS writes it.
const modify = `{"awsRegion":"us-east-2","eventID":"0bd6bd2c-9a2b-43d8-a7f8-2c5e7e3a3a11","eventName":"MODIFY",` +
	`"userIdentity":null,` +
	`"recordFormat":"application/json","tableName":"orders","dynamodb":{"ApproximateCreationDateTime":1731924555137,` +
	`"Keys":{"id":{"S":"7"}},"NewImage":{"id":{"S":"7"},"total":{"N":"19.99"},"tags":{"SS":["a","b"]}},` +
	`"OldImage":{"id":{"S":"7"}},"SizeBytes":59},` +
	`"eventSource":"aws:dynamodb"}`

func with(text, old, now string) string {
	if strings.Count(text, old) != 1 {
		panic(fmt.Sprintf("%q stands %d times", old, strings.Count(text, old)))
	}
	return strings.Replace(text, old, now, 1)
}

func TestParse(t *testing.T) {
	var c dynamodb.Change
	if err := c.Parse([]byte(modify)); err != nil {
		t.Fatal(err)
	}
	if c.TableName != "orders" || c.EventName != "MODIFY" || c.EventID != "0bd6bd2c-9a2b-43d8-a7f8-2c5e7e3a3a11" ||
		c.AWSRegion != "us-east-2" ||
		!c.Time.Equal(time.UnixMilli(1731924555137)) || c.Time.Location() != time.UTC ||
		c.Precision != time.Millisecond ||
		string(c.Keys) != `{"id":{"S":"7"}}` || string(c.OldImage) != `{"id":{"S":"7"}}` || c.SizeBytes != 59 ||
		c.Expired() || c.UserIdentity != (events.DynamoDBUserIdentity{}) {
		t.Errorf("%+v", c)
	}
	image, err := dynamodb.Attributes(c.NewImage)
	if err != nil || image["total"].Number() != "19.99" || len(image["tags"].StringSet()) != 2 {
		t.Errorf("%v, %v", image, err)
	}
	if none, err := dynamodb.Attributes(nil); none != nil || err != nil {
		t.Errorf("%v, %v", none, err)
	}
	if _, err := dynamodb.Attributes([]byte(`{"id":{"Q":7}}`)); !errors.Is(err, decoder.ErrDecode) {
		t.Errorf("an attribute of a type that nobody knows: %v", err)
	}
}

func TestTimes(t *testing.T) {
	at := func(member string) string { return with(modify, `"ApproximateCreationDateTime":1731924555137`, member) }
	for _, c := range []struct {
		text      string
		want      time.Time
		precision time.Duration
	}{
		{modify, time.UnixMilli(1731924555137), time.Millisecond},
		{at(`"ApproximateCreationDateTime":1731924555137042`), time.UnixMicro(1731924555137042), time.Microsecond},
		{
			at(`"ApproximateCreationDateTime":1731924555137042,"ApproximateCreationDateTimePrecision":"MICROSECOND"`),
			time.UnixMicro(1731924555137042), time.Microsecond,
		},
		{
			at(`"ApproximateCreationDateTimePrecision":"MICROSECOND","ApproximateCreationDateTime":1731924555137`),
			time.UnixMicro(1731924555137), time.Microsecond,
		},
		{
			at(`"ApproximateCreationDateTimePrecision":"MILLISECOND","ApproximateCreationDateTime":100000000000000`),
			time.UnixMilli(1e14), time.Millisecond,
		},
		{at(`"ApproximateCreationDateTime":1731924555137.0`), time.UnixMilli(1731924555137), time.Millisecond},
		{at(`"ApproximateCreationDateTime":1.731924555137E12`), time.UnixMilli(1731924555137), time.Millisecond},
		{at(`"ApproximateCreationDateTime":1.731924555137042e+15`), time.UnixMicro(1731924555137042), time.Microsecond},
		{at(`"ApproximateCreationDateTime":1731924555`), time.Unix(1731924555, 0), time.Second},
		{at(`"ApproximateCreationDateTime":1.731924555E9`), time.Unix(1731924555, 0), time.Second},
		{
			at(`"ApproximateCreationDateTime":1731924555,"ApproximateCreationDateTimePrecision":"MILLISECOND"`),
			time.Unix(1731924555, 0), time.Second,
		},
		{at(`"ApproximateCreationDateTime":99999999999`), time.Unix(99999999999, 0), time.Second},
		{at(`"ApproximateCreationDateTime":100000000000`), time.UnixMilli(100000000000), time.Millisecond},
		{at(`"ApproximateCreationDateTime":0`), time.Unix(0, 0), time.Second},
		{at(`"ApproximateCreationDateTime":-1731924555137`), time.UnixMilli(-1731924555137), time.Millisecond},
		{at(`"ApproximateCreationDateTime":null`), time.Time{}, 0},
		{at(`"x":1`), time.Time{}, 0},
	} {
		var change dynamodb.Change
		if err := change.Parse([]byte(c.text)); err != nil || !change.Time.Equal(c.want) ||
			change.Precision != c.precision {
			t.Errorf("%s gives %s, %s, %v; want %s", c.text[:300], change.Time, change.Precision, err, c.want)
		}
	}
}

func TestExpired(t *testing.T) {
	expired := with(with(modify, "MODIFY", "REMOVE"), `"userIdentity":null`,
		`"userIdentity":{"type":"Service","principalId":"dynamodb.amazonaws.com"}`)
	var c dynamodb.Change
	if err := c.Parse([]byte(expired)); err != nil || !c.Expired() {
		t.Errorf("%+v, %v", c, err)
	}
	if err := c.Parse([]byte(with(modify, "MODIFY", "REMOVE"))); err != nil || c.Expired() ||
		c.UserIdentity.Type != "" {
		t.Errorf("%+v, %v", c, err)
	}
}

// Legal JSON in another form means the same.
func TestForms(t *testing.T) {
	var want, got dynamodb.Change
	if err := want.Parse([]byte(modify)); err != nil {
		t.Fatal(err)
	}
	var indented bytes.Buffer
	json.Indent(&indented, []byte(modify), "", "\t")
	for name, text := range map[string]string{
		"indented":        " " + indented.String() + "\n",
		"an escaped name": with(modify, `"tableName"`, `"table\u004eame"`),
		"numbers": with(with(modify, `"SizeBytes":59`, `"SizeBytes":0.59E+2`), `1731924555137`,
			`1731924555137000e-3`),
		"escaped text": with(modify, `"orders"`, `"order\u0073"`),
		"a duplicate":  with(modify, `"tableName":"orders"`, `"tableName":7,"tableName":"orders","tableName":null`),
		"the object twice": with(modify, `"dynamodb":{`,
			`"dynamodb":{"Keys":{},"SizeBytes":1,"OldImage":{"x":1}},"dynamodb":{`),
		"unknown members": with(modify, `"Keys"`, `"tableName":"no","keys":1,"Keys"`),
	} {
		err := got.Parse([]byte(text))
		if name == "a duplicate" {
			if !errors.Is(err, decoder.ErrType) { // the first is wrong, whatever follows
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || got.TableName != want.TableName || got.SizeBytes != want.SizeBytes ||
			!got.Time.Equal(want.Time) || len(compact(got.OldImage)) != len(compact(want.OldImage)) ||
			!bytes.Equal(compact(got.Keys), compact(want.Keys)) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func compact(text []byte) []byte {
	var b bytes.Buffer
	json.Compact(&b, text)
	return b.Bytes()
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		text, says string
		kind       error
	}{
		{"", "invalid JSON at byte 0", decoder.ErrSyntax},
		{modify[:50], "invalid JSON at byte 50", decoder.ErrSyntax},
		{modify + "7", "invalid JSON at byte " + fmt.Sprint(len(modify)), decoder.ErrSyntax},
		{strings.Repeat("[", 301), "too large", decoder.ErrTooLarge},
		{"[]", "data: member of the wrong type: not an object", decoder.ErrType},
		{"{}", "tableName: missing member", decoder.ErrMissing},
		{with(modify, `"eventName"`, `"x"`), "eventName: missing member", decoder.ErrMissing},
		{with(modify, `"Keys"`, `"x"`), "dynamodb.Keys: missing member", decoder.ErrMissing},
		{
			with(modify, `"dynamodb":{`, `"dynamodb":[],"x":{`), "dynamodb: member of the wrong type: not an object",
			decoder.ErrType,
		},
		{with(modify, `"orders"`, `7`), "tableName: member of the wrong type: not a string", decoder.ErrType},
		{
			with(modify, `1731924555137`, `1.5`),
			"dynamodb.ApproximateCreationDateTime: member of the wrong type: not a whole number of 64 bits",
			decoder.ErrType,
		},
		{
			with(modify, `1731924555137`, `1731924555370000000`),
			"dynamodb.ApproximateCreationDateTime: member of the wrong type: not a time before the year 10000",
			decoder.ErrType,
		},
		{
			with(modify, `1731924555137`, `-9223372036854775808`),
			"dynamodb.ApproximateCreationDateTime: member of the wrong type: not a time before the year 10000",
			decoder.ErrType,
		},
		{
			with(modify, `"SizeBytes":59`, `"SizeBytes":5.91e1`),
			"dynamodb.SizeBytes: member of the wrong type: not a whole number of 64 bits", decoder.ErrType,
		},
		{
			with(modify, `"SizeBytes":59`, `"SizeBytes":1e19`),
			"dynamodb.SizeBytes: member of the wrong type: not a whole number of 64 bits", decoder.ErrType,
		},
		{
			with(modify, `"SizeBytes":59`, `"SizeBytes":"59"`),
			"dynamodb.SizeBytes: member of the wrong type: not a whole number of 64 bits", decoder.ErrType,
		},
		{
			with(modify, `{"id":{"S":"7"}},"NewImage"`, `7,"NewImage"`),
			"dynamodb.Keys: member of the wrong type: not an object", decoder.ErrType,
		},
		{
			with(modify, `"userIdentity":null`, `"userIdentity":{"type":7}`),
			"userIdentity.type: member of the wrong type: not a string", decoder.ErrType,
		},
	} {
		var change dynamodb.Change
		if err := change.Parse([]byte(c.text)); !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.60s: %v, want %q", c.text, err, c.says)
		}
	}
}

func TestClone(t *testing.T) {
	data := []byte(modify)
	var c dynamodb.Change
	c.Parse(data)
	kept := c.Clone()
	for i := range data {
		data[i] = '#'
	}
	if string(kept.Keys) != `{"id":{"S":"7"}}` || kept.TableName != "orders" || string(c.Keys) == string(kept.Keys) {
		t.Errorf("%+v", kept)
	}
}

// FuzzParse compares Parse with encoding/json, for data without escapes,
// duplicates and names in another case.
func FuzzParse(f *testing.F) {
	f.Add([]byte(modify))
	f.Add([]byte(with(modify, "1731924555137", "1731924555137042")))
	f.Add([]byte(`{"tableName":"t","eventName":"e","dynamodb":{"Keys":{}}} `))
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		var c dynamodb.Change
		err := c.Parse(data)
		if !bytes.Equal(data, before) {
			t.Fatal("the data has changed")
		}
		if err != nil {
			return
		}
		if !json.Valid(data) {
			t.Fatalf("%q is no JSON", data)
		}
		for _, image := range [][]byte{c.Keys, c.NewImage, c.OldImage} {
			if image != nil && (!json.Valid(image) || image[0] != '{') {
				t.Fatalf("%q is no object", image)
			}
		}
		var m map[string]json.RawMessage
		json.Unmarshal(data, &m)
		var name string
		// encoding/json reads duplicates whose last is null differently, and
		// replaces each byte of invalid UTF-8 by U+FFFD, as does a conversion
		// to runes.
		if json.Unmarshal(m["tableName"], &name) == nil && string(m["tableName"]) != "null" &&
			name != string([]rune(c.TableName)) && bytes.Count(data, []byte("tableName")) == 1 {
			t.Errorf("%q, want %q", c.TableName, name)
		}
	})
}

// In a typed handler, unmarshal turns the data into a Change.
func Example() {
	event := routertest.EventOf(decoder.Record{
		PartitionKey: []byte("k"), SequenceNumber: []byte("101"),
		Data: []byte(modify),
	})
	r := router.New(router.Each(func(_ context.Context, rec *decoder.Record) error {
		var c dynamodb.Change
		if err := c.Parse(rec.Data); err != nil {
			return err
		}
		image, err := dynamodb.Attributes(c.NewImage)
		if err != nil {
			return err
		}
		fmt.Println(c.EventName, c.TableName, c.Time.Format(time.RFC3339Nano), image["id"].String(),
			image["total"].Number())
		return nil
	}))
	answer, err := r.Invoke(context.Background(), event)
	fmt.Println(string(answer), err)
	// Output:
	// MODIFY orders 2024-11-18T10:09:15.137Z 7 19.99
	// {"batchItemFailures":[]} <nil>
}
