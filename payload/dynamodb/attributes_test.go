package dynamodb_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"example.com/sluice/decoder"
	"example.com/sluice/payload/dynamodb"
)

// theirs returns what aws-lambda-go reads, with its panics turned into errors.
func theirs(image []byte) (m map[string]events.DynamoDBAttributeValue, err error) {
	defer func() {
		if p := recover(); p != nil {
			m, err = nil, fmt.Errorf("panic: %v", p)
		}
	}()
	err = json.Unmarshal(image, &m)
	return m, err
}

// images are valid attributes.
var images = []string{
	`{}`, ` null `, "\n{ \"a\" : { \"S\" : \"x\" } }\t",
	`{"s":{"S":""},"n":{"N":"19.99"},"b":{"B":"EgIIew=="},"bool":{"BOOL":true},"no":{"BOOL":false},"null":{"NULL":true},
		"odd":{"NULL":false},"ss":{"SS":["a","b"]},"ns":{"NS":["1","2e3"]},"bs":{"BS":["","AA=="]},
		"l":{"L":[{"S":"x"},{"L":[]},{"M":{}}]},
		"m":{"M":{"a":{"M":{"b":{"BS":[]}}}}}}`,
	`{"caf\u00e9":{"\u0053":"\ud83d\ude00"}}`, `{"a":{"S":"x","S":"y"}}`, `{"a":{"SS":[]}}`, `{"a":{"B":"EgII\new=="}}`,
}

// unsound are invalid attributes, and where their errors are.
var unsound = []struct{ image, says string }{
	{`{"a":{"BS":[null]}}`, `attribute "a.BS[0]": not a string`},
	{`{"a":{"BS":[1]}}`, `attribute "a.BS[0]": not a string`},
	{`{"a":{"BS":["",{}]}}`, `attribute "a.BS[1]": not a string`},
	{`{"a":{"BS":[["AA=="]]}}`, `attribute "a.BS[0]": not a string`},
	{`{"a":{"L":[{"S":"x"},{"BS":[null]}]}}`, `attribute "a.L[1].BS[0]": not a string`},
	{`{"a":{"M":{"b":{"L":[{"M":{"c":{"BS":[true]}}}]}}}}`, `attribute "a.M.b.L[0].M.c.BS[0]": not a string`},
	{`{"a":{"BS":"AA=="}}`, `attribute "a.BS": not an array`},
	{`{"a":{"BS":["?"]}}`, `attribute "a.BS[0]": invalid base64 at byte 0 of the text`},
	{`{"a":{"B":null}}`, `attribute "a.B": not a string`},
	{`{"a":{"B":"EgIIew="}}`, `attribute "a.B": invalid base64 at byte`},
	{`{"a":null}`, `attribute "a": not an object`},
	{`{"a":{}}`, `attribute "a": no type`},
	{`{"a":{"S":"x","N":"1"}}`, `attribute "a": more than one type`},
	{`{"a":{"Q":7}}`, `attribute "a.Q": unknown type`},
	{`{"a":{"S":7}}`, `attribute "a.S": not a string`},
	{`{"a":{"N":7}}`, `attribute "a.N": not a string`},
	{`{"a":{"BOOL":"true"}}`, `attribute "a.BOOL": not a boolean`},
	{`{"a":{"BOOL":null}}`, `attribute "a.BOOL": not a boolean`},
	{`{"a":{"SS":[null]}}`, `attribute "a.SS[0]": not a string`},
	{`{"a":{"NS":[1]}}`, `attribute "a.NS[0]": not a string`},
	{`{"a":{"L":{}}}`, `attribute "a.L": not an array`},
	{`{"a":{"L":[null]}}`, `attribute "a.L[0]": not an object`},
	{`{"a":{"M":null}}`, `attribute "a.M": not an object`},
	{`[]`, `attribute "": not an object`},
	{`7`, `attribute "": not an object`},
	{``, `invalid JSON at byte 0`},
	{`{"a":{"S":"x"}`, `invalid JSON at byte 14`},
	{`{"a":{"S":"x"}} 7`, `invalid JSON at byte 16`},
}

func TestAttributes(t *testing.T) {
	for _, image := range images {
		got, err := dynamodb.Attributes([]byte(image))
		want, wantErr := theirs([]byte(image))
		if err != nil || wantErr != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s gives %v, %v, want %v, %v", image, got, err, want, wantErr)
		}
	}
	for _, c := range unsound {
		for _, read := range []func([]byte) (map[string]events.DynamoDBAttributeValue, error){
			dynamodb.Attributes,
			dynamodb.AttributesTwice,
		} {
			if m, err := read([]byte(c.image)); m != nil || !errors.Is(err, decoder.ErrDecode) ||
				!strings.Contains(err.Error(), c.says) {
				t.Errorf("%s gives %v, %v, want %s", c.image, m, err, c.says)
			}
		}
	}
	long := `{"` + strings.Repeat("é", 40_000) + `":{"S":7}}`
	if _, err := dynamodb.Attributes([]byte(long)); err == nil || len(err.Error()) > 200 ||
		!utf8.ValidString(err.Error()) {
		t.Errorf("a long name: %.300v", err)
	}
	deep := strings.Repeat(`{"M":{"a":`, 148)
	for _, c := range []struct {
		image string
		sound bool
	}{
		{`{"a":` + deep + `{"S":""}` + strings.Repeat("}}", 148) + `}`, true},
		{`{"a":` + deep + deep + `{"S":""}` + strings.Repeat("}}", 2*148) + `}`, false},
	} {
		if _, err := dynamodb.Attributes([]byte(c.image)); (err == nil) != c.sound ||
			err != nil && !errors.Is(err, decoder.ErrTooLarge) {
			t.Errorf("%d bytes, deep: %v", len(c.image), err)
		}
	}
}

func TestAttributesTwice(t *testing.T) {
	value := []byte{18, 2, 8, 123}
	once := base64.StdEncoding.EncodeToString(value)
	twice := base64.StdEncoding.EncodeToString([]byte(once))
	image := fmt.Appendf(nil, `{"s":{"S":%q},"b":{"B":%q},"l":{"L":[{"BS":[%q,""]}]}}`, twice, twice, twice)
	m, err := dynamodb.AttributesTwice(image)
	if err != nil {
		t.Fatal(err)
	}
	if got := m["b"].Binary(); string(got) != string(value) {
		t.Errorf("B is %v", got)
	}
	if got := m["l"].List()[0].BinarySet(); len(got) != 2 || string(got[0]) != string(value) || len(got[1]) != 0 {
		t.Errorf("BS is %v", got)
	}
	if m["s"].String() != twice {
		t.Errorf("S is %s", m["s"])
	}
	m, err = dynamodb.Attributes(image)
	if err != nil || string(m["b"].Binary()) != once {
		t.Errorf("once: %v, %v", m, err)
	}
	if _, err := dynamodb.AttributesTwice(fmt.Appendf(nil, `{"a":{"BS":[%q]}}`, "AAE=")); !errors.Is(err,
		decoder.ErrDecode) || !strings.Contains(err.Error(), `attribute "a.BS[0]": invalid base64`) {
		t.Errorf("of a value that is base64 once: %v", err)
	}
}

// repeats reports whether an object in valid JSON has a name twice, which
// encoding/json does not notice when it reads into a map.
func repeats(d *json.Decoder) bool {
	open, _ := d.Token()
	if _, ok := open.(json.Delim); !ok {
		return false
	}
	names := make(map[json.Token]bool)
	for d.More() {
		if open == json.Delim('{') {
			name, _ := d.Token()
			if names[name] {
				return true
			}
			names[name] = true
		}
		if repeats(d) {
			return true
		}
	}
	_, _ = d.Token()
	return false
}

// FuzzAttributes compares Attributes with aws-lambda-go.
func FuzzAttributes(f *testing.F) {
	for _, image := range images {
		f.Add([]byte(image))
	}
	for _, c := range unsound {
		f.Add([]byte(c.image))
	}
	f.Fuzz(func(t *testing.T, image []byte) {
		got, err := dynamodb.Attributes(image)
		want, wantErr := theirs(image)
		switch {
		case err != nil && !errors.Is(err, decoder.ErrDecode):
			t.Errorf("%q: an error of no kind: %v", image, err)
		case errors.Is(err, decoder.ErrTooLarge), json.Valid(image) &&
			repeats(json.NewDecoder(strings.NewReader(string(image)))):
		case (err == nil) != (wantErr == nil):
			t.Errorf("%q: %v; aws-lambda-go says %v", image, err, wantErr)
		case err == nil && utf8.Valid(image) && !reflect.DeepEqual(got, want):
			t.Errorf("%q gives %v, want %v", image, got, want)
		}
		if m, err := dynamodb.AttributesTwice(image); err != nil && (m != nil || !errors.Is(err, decoder.ErrDecode)) {
			t.Errorf("%q: %v, %v", image, m, err)
		}
	})
}

// A binary value that is base64 of base64 in the record.
func ExampleAttributesTwice() {
	image := []byte(`{"id":{"S":"1"},"binaryData":{"B":"RWdJSWV3PT0="}}`)
	once, err := dynamodb.Attributes(image)
	if err != nil {
		fmt.Println(err)
		return
	}
	twice, err := dynamodb.AttributesTwice(image)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n%v\n", once["binaryData"].Binary(), twice["binaryData"].Binary())
	// Output:
	// EgIIew==
	// [18 2 8 123]
}
