package bench

import (
	"errors"

	"github.com/buger/jsonparser"
	"github.com/minio/simdjson-go"
	"github.com/tidwall/gjson"
	"github.com/valyala/fastjson"

	"example.com/sluice/bench/internal/easy"
)

// Parsers that fill no struct, and read an event field by field. What a parser
// needs for each event is kept, as it would be in a pool.

var errForm = errors.New("not the form of an event")

func newFastjson() func(event []byte, f func(*view)) error {
	var p fastjson.Parser
	var v view
	var failed error
	inside := func(name []byte, value *fastjson.Value) {
		switch string(name) {
		case "data":
			text, err := value.StringBytes()
			failed = errors.Join(failed, err, v.setData(text))
		case "approximateArrivalTimestamp":
			epoch, err := value.Float64()
			failed = errors.Join(failed, err)
			v.setArrival(epoch)
		default:
			if field := v.field(string(name)); field != nil {
				*field, _ = value.StringBytes()
			}
		}
	}
	outside := func(name []byte, value *fastjson.Value) {
		if string(name) == "kinesis" {
			object, err := value.Object()
			failed = errors.Join(failed, err)
			object.Visit(inside)
			return
		}
		if field := v.field(string(name)); field != nil {
			*field, _ = value.StringBytes()
		}
	}
	return func(event []byte, f func(*view)) error {
		root, err := p.ParseBytes(event)
		if err != nil {
			return err
		}
		for _, record := range root.GetArray("Records") {
			object, err := record.Object()
			if err != nil {
				return err
			}
			v.reset()
			object.Visit(outside)
			if failed != nil {
				return failed
			}
			f(&v)
		}
		return nil
	}
}

// simdjsonReader is what can be reused with simdjson-go.
type simdjsonReader struct {
	parsed                       *simdjson.ParsedJson
	root, record, member, inner  simdjson.Iter
	outermost, object, ofKinesis simdjson.Object
	list                         simdjson.Array
	records                      simdjson.Element
	v                            view
}

func newSimdjson() func(event []byte, f func(*view)) error { return new(simdjsonReader).read }

func (r *simdjsonReader) read(event []byte, f func(*view)) (err error) {
	if r.parsed, err = simdjson.Parse(event, r.parsed, simdjson.WithCopyStrings(false)); err != nil {
		return err
	}
	top := r.parsed.Iter()
	top.Advance()
	if _, _, err = top.Root(&r.root); err != nil {
		return err
	}
	if _, err = r.root.Object(&r.outermost); err != nil {
		return err
	}
	if r.outermost.FindKey("Records", &r.records) == nil {
		return errForm
	}
	if _, err = r.records.Iter.Array(&r.list); err != nil {
		return err
	}
	all := r.list.Iter()
	for {
		kind, err := all.AdvanceIter(&r.record)
		if err != nil || kind == simdjson.TypeNone {
			return err
		}
		r.v.reset()
		if err := r.readRecord(); err != nil {
			return err
		}
		f(&r.v)
	}
}

func (r *simdjsonReader) readRecord() error {
	if _, err := r.record.Object(&r.object); err != nil {
		return err
	}
	for {
		name, kind, err := r.object.NextElementBytes(&r.member)
		if err != nil || kind == simdjson.TypeNone {
			return err
		}
		if string(name) == "kinesis" {
			if err := r.readKinesis(); err != nil {
				return err
			}
		} else if field := r.v.field(string(name)); field != nil {
			*field, _ = r.member.StringBytes()
		}
	}
}

func (r *simdjsonReader) readKinesis() error {
	if _, err := r.member.Object(&r.ofKinesis); err != nil {
		return err
	}
	for {
		name, kind, err := r.ofKinesis.NextElementBytes(&r.inner)
		if err != nil || kind == simdjson.TypeNone {
			return err
		}
		switch string(name) {
		case "data":
			text, err := r.inner.StringBytes()
			if err = errors.Join(err, r.v.setData(text)); err != nil {
				return err
			}
		case "approximateArrivalTimestamp":
			epoch, err := r.inner.Float()
			if err != nil {
				return err
			}
			r.v.setArrival(epoch)
		default:
			if field := r.v.field(string(name)); field != nil {
				*field, _ = r.inner.StringBytes()
			}
		}
	}
}

func newJsonparser() func(event []byte, f func(*view)) error {
	var v view
	// Strings are given as they stand in the event, with their escapes.
	// Unescaping copies only if there are any.
	plain := func(value []byte) []byte {
		plain, err := jsonparser.Unescape(value, nil)
		if err != nil {
			return nil
		}
		return plain
	}
	inside := func(name, value []byte, kind jsonparser.ValueType, _ int) error {
		switch string(name) {
		case "data":
			return v.setData(plain(value))
		case "approximateArrivalTimestamp":
			epoch, err := jsonparser.ParseFloat(value)
			v.setArrival(epoch)
			return err
		}
		if field := v.field(string(name)); field != nil {
			*field = plain(value)
		}
		return nil
	}
	outside := func(name, value []byte, kind jsonparser.ValueType, _ int) error {
		if string(name) == "kinesis" {
			return jsonparser.ObjectEach(value, inside)
		}
		if field := v.field(string(name)); field != nil {
			*field = plain(value)
		}
		return nil
	}
	return func(event []byte, f func(*view)) error {
		var failed error
		_, err := jsonparser.ArrayEach(event, func(record []byte, _ jsonparser.ValueType, _ int, _ error) {
			v.reset()
			if err := jsonparser.ObjectEach(record, outside); err != nil {
				failed = err
				return
			}
			f(&v)
		}, "Records")
		return errors.Join(err, failed)
	}
}

func newGjson() func(event []byte, f func(*view)) error {
	var v view
	var failed error
	inside := func(name, value gjson.Result) bool {
		switch name.Str {
		case "data":
			failed = v.setData(bytesOf(value.Str))
		case "approximateArrivalTimestamp":
			v.setArrival(value.Num)
		default:
			if field := v.field(name.Str); field != nil {
				*field = bytesOf(value.Str)
			}
		}
		return failed == nil
	}
	outside := func(name, value gjson.Result) bool {
		if name.Str == "kinesis" {
			value.ForEach(inside)
		} else if field := v.field(name.Str); field != nil {
			*field = bytesOf(value.Str)
		}
		return failed == nil
	}
	return func(event []byte, f func(*view)) error {
		gjson.Get(text(event), "Records").ForEach(func(_, record gjson.Result) bool {
			v.reset()
			record.ForEach(outside)
			if failed == nil {
				f(&v)
			}
			return failed == nil
		})
		return failed
	}
}

// easyView returns the record that easyjson has filled.
func easyView(r *easy.Record) view {
	k := &r.Kinesis
	return view{
		partitionKey: bytesOf(k.PartitionKey), sequenceNumber: bytesOf(k.SequenceNumber), data: k.Data,
		eventID: bytesOf(r.EventID), kinesisSchemaVersion: bytesOf(k.KinesisSchemaVersion),
		encryptionType: bytesOf(k.EncryptionType), eventSource: bytesOf(r.EventSource),
		eventVersion: bytesOf(r.EventVersion), eventName: bytesOf(r.EventName),
		eventSourceARN: bytesOf(r.EventSourceArn), invokeIdentityARN: bytesOf(r.InvokeIdentityArn),
		awsRegion: bytesOf(r.AwsRegion), arrival: k.ApproximateArrivalTimestamp.UTC(),
	}
}
