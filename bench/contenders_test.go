package bench

import (
	"encoding/json"
	"reflect"
	"slices"
	"unsafe"

	"github.com/aws/aws-lambda-go/events"
	"github.com/bytedance/sonic"
	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	goccy "github.com/goccy/go-json"
	jsoniter "github.com/json-iterator/go"
	"github.com/mailru/easyjson"
	"github.com/minio/simdjson-go"
	segmentio "github.com/segmentio/encoding/json"

	"example.com/sluice/bench/internal/easy"
	"example.com/sluice/bench/internal/sum"
	sumevent "example.com/sluice/bench/internal/sum/event"
	sumrecord "example.com/sluice/bench/internal/sum/record"
	"example.com/sluice/decoder"
	"example.com/sluice/internal/lab"
)

// contender is a way to read an event.
type contender struct {
	name string

	// open returns a reader that one goroutine uses for one event after the
	// other.
	open func() reader

	// exact says that arrival times are exact, not only to the millisecond.
	exact bool
}

// reader reads an event. sum is what is measured; fields, for the test, reads
// in the same way.
type reader struct {
	sum    func(event []byte) (sum.Sum, error)
	fields func(event []byte) ([]fields, error)
}

var contenders = []contender{
	{name: "sluice", open: openSluice, exact: true},
	{name: "sluice-batch", open: openBatch, exact: true},
	{name: "sluice-strict", open: openStrict, exact: true},
	{name: "encoding-json", open: structs(json.Unmarshal)},
	{name: "go-json-experiment", open: structs(readV2)},
	{name: "sonic", open: structs(readSonic)},
	{name: "segmentio", open: structs(readSegmentio)},
	{name: "goccy", open: structs(readGoccy)},
	{name: "jsoniter", open: structs(jsoniter.ConfigFastest.Unmarshal)},
	{name: "easyjson", open: openEasy},
	{name: "simdjson-go", open: views(newSimdjson)},
	{name: "fastjson", open: views(newFastjson)},
	{name: "jsonparser", open: views(newJsonparser)},
	{name: "gjson", open: views(newGjson)},
}

func init() {
	if !simdjson.SupportedCPU() { // it supports only x86 with AVX2
		contenders = slices.DeleteFunc(contenders, func(c contender) bool { return c.name == "simdjson-go" })
	}
	must(sonic.Pretouch(reflect.TypeFor[events.KinesisEvent]())) // compiles its reader, which must not be measured
}

// structs is for contenders that fill an events.KinesisEvent.
func structs(unmarshal func([]byte, any) error) func() reader {
	return func() reader {
		return reader{
			sum: func(event []byte) (s sum.Sum, err error) {
				e := new(events.KinesisEvent) // reuse would keep old values of absent members
				err = unmarshal(event, e)
				sumevent.Add(&s, e)
				return s, err
			},
			fields: func(event []byte) (all []fields, err error) {
				e := new(events.KinesisEvent)
				err = unmarshal(event, e)
				for i := range e.Records {
					all = append(all, fieldsOfEvent(&e.Records[i]))
				}
				return all, err
			},
		}
	}
}

func readV2(event []byte, v any) error {
	return jsonv2.Unmarshal(event, v, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

func readSonic(event []byte, v any) error {
	return sonic.ConfigFastest.UnmarshalFromString(text(event), v) // Unmarshal would copy the event
}

func readSegmentio(event []byte, v any) error {
	_, err := segmentio.Parse(event, v, segmentio.ZeroCopy|segmentio.DontMatchCaseInsensitiveStructFields)
	return err
}

func readGoccy(event []byte, v any) error {
	return goccy.UnmarshalWithOption(event, v, goccy.DecodeNoCopyString())
}

func openEasy() reader {
	return reader{
		sum: func(event []byte) (s sum.Sum, err error) {
			e := new(easy.Event)
			err = easyjson.Unmarshal(event, e)
			for i := range e.Records {
				v := easyView(&e.Records[i])
				addView(&s, &v)
			}
			return s, err
		},
		fields: func(event []byte) (all []fields, err error) {
			e := new(easy.Event)
			err = easyjson.Unmarshal(event, e)
			for i := range e.Records {
				v := easyView(&e.Records[i])
				all = append(all, fieldsOfView(&v))
			}
			return all, err
		},
	}
}

// views is for contenders that read one record after the other into a view and
// call f with it.
func views(open func() func(event []byte, f func(*view)) error) func() reader {
	return func() reader {
		read := open()
		var s sum.Sum
		add := func(v *view) { addView(&s, v) }
		return reader{
			sum: func(event []byte) (sum.Sum, error) {
				s = 0
				err := read(event, add)
				return s, err
			},
			fields: func(event []byte) (all []fields, err error) {
				err = read(event, func(v *view) { all = append(all, fieldsOfView(v)) })
				return all, err
			},
		}
	}
}

func openSluice() reader { return openDecoder(decoder.Decoder{}) }

func openDecoder(d decoder.Decoder) reader {
	return reader{
		sum: func(event []byte) (s sum.Sum, err error) {
			for rec, err := range d.Records(event) {
				if err != nil {
					return s, err
				}
				sumrecord.Add(&s, rec)
			}
			return s, nil
		},
		fields: func(event []byte) (all []fields, err error) {
			for rec, err := range d.Records(event) {
				if err != nil {
					return all, err
				}
				all = append(all, fieldsOfRecord(rec))
			}
			return all, nil
		},
	}
}

func openBatch() reader {
	var s sum.Sum
	add := func(b *decoder.Batch) error {
		recs := b.Records()
		for i := range recs {
			sumrecord.Add(&s, &recs[i])
		}
		return nil
	}
	return reader{
		sum: func(event []byte) (sum.Sum, error) {
			s = 0
			err := decoder.Decoder{}.Batch(event, add)
			return s, err
		},
		fields: func(event []byte) (all []fields, err error) {
			err = decoder.Decoder{}.Batch(event, func(b *decoder.Batch) error {
				for i := range b.Records() {
					all = append(all, fieldsOfRecord(&b.Records()[i]))
				}
				return nil
			})
			return all, err
		},
	}
}

// openStrict is the decoder with its strict reader alone.
func openStrict() reader {
	var d decoder.Decoder
	lab.New(true).Use(&d)
	return openDecoder(d)
}

// text returns the bytes as a string, without a copy.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// bytesOf returns the bytes of a string, without a copy.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
