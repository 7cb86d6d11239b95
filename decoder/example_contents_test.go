package decoder_test

import (
	"fmt"
	"os"

	"github.com/valyala/fastjson"

	"example.com/sluice/decoder"
	"example.com/sluice/router/routertest"
)

// User records of an aggregate are records like others.
func ExampleDecoder_deaggregate() {
	event := routertest.EventOf(
		decoder.Record{PartitionKey: []byte("user-1"), Data: []byte("hello")},
		routertest.Aggregate(
			decoder.Record{PartitionKey: []byte("user-7"), Data: []byte("first")},
			decoder.Record{PartitionKey: []byte("user-8"), Data: []byte("second")},
		),
	)
	d := decoder.Decoder{Deaggregate: true}
	for rec, err := range d.Records(event) {
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Printf("%d.%d %s: %s\n", rec.Index, rec.SubSequenceNumber, rec.PartitionKey, rec.Data)
	}
	// Output:
	// 0.0 user-1: hello
	// 1.0 user-7: first
	// 1.1 user-8: second
}

// With Auto, data that is compressed in one of the ways that tell themselves is
// decompressed, and other data is left alone.
func ExampleDecoder_codec() {
	event := routertest.EventOf(
		decoder.Record{Data: routertest.Gzip([]byte("from gzip"))},
		decoder.Record{Data: routertest.Zstd([]byte("from zstd"))},
		decoder.Record{Data: []byte("as it is")},
	)
	d := decoder.Decoder{Codec: decoder.Auto, MaxData: 1 << 20}
	for rec, err := range d.Records(event) {
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Printf("%s\n", rec.Data)
	}
	// Output:
	// from gzip
	// from zstd
	// as it is
}

// What Auto would do with data.
func ExampleDetect() {
	for _, data := range [][]byte{
		routertest.Gzip([]byte("wheel")), routertest.SnappyFramed([]byte("barrow")),
		[]byte("as it is"), []byte("x^2 + y^2"),
	} {
		fmt.Println(decoder.Detect(data))
	}
	// Output:
	// gzip
	// snappy
	// identity
	// zlib
}

// A dictionary is read once, at the program's start.
func ExampleZstdDict() {
	dictionary := []byte("words that the data has too") // mostly a file that zstd --train has written
	d := decoder.Decoder{Codec: decoder.ZstdDict(dictionary)}
	data := routertest.Zstd([]byte("a frame without a dictionary"))
	for rec, err := range d.Records(routertest.EventOf(decoder.Record{Data: data})) {
		fmt.Printf("%s %v\n", rec.Data, err)
	}
	// Output:
	// a frame without a dictionary <nil>
}

func ExampleRecord_JSON() {
	for rec := range decoder.Records(routertest.Payloads(`{"order":7,"items":["book","pen"]}`)) {
		err := rec.JSON(func(v *fastjson.Value) error {
			fmt.Println(v.GetInt("order"), string(v.GetStringBytes("items", "1")))
			return nil
		})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	// Output:
	// 7 pen
}

func ExampleRecord_Text() {
	for rec := range decoder.Records(routertest.Payloads("café", "caf\xe9")) {
		text, err := rec.Text()
		fmt.Printf("%q %v\n", text, err != nil)
	}
	// Output:
	// "café" false
	// "" true
}
