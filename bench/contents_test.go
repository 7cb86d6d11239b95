package bench

import (
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/sluice/decoder"
	"example.com/sluice/payload/cwlogs"
	"example.com/sluice/router/routertest"
)

// What is inside data: aggregates, compression, log events. For aggregates
// there is no other Go library to compare with, because the known ones are not
// available as modules. node/aggregates.js measures the one for Node on the
// event that TestWriteAggregates writes.

const (
	aggregates  = 50
	userRecords = 100
	userBytes   = 256
)

// payloadOf returns a JSON object of this size.
func payloadOf(n, size int) []byte {
	text := fmt.Sprintf(`{"order":%d,"customer":"user-%d","total":%d,"note":"`, n, n%977, n*7919%100000)
	for i := n; len(text) < size-2; i = i*1103515245 + 12345 {
		text += []string{"so ", "much ", "depends ", "upon ", "a ", "red ", "wheel ", "barrow "}[i>>16&7]
	}
	return []byte(text[:size-2] + `"}`)
}

func eventOf(data ...[]byte) []byte {
	recs := make([]decoder.Record, len(data))
	for i, d := range data {
		recs[i] = decoder.Record{
			PartitionKey:                []byte("a"),
			SequenceNumber:              fmt.Appendf(nil, "49658471032915763208146092357481206394817562039485%06d", i),
			Data:                        d,
			ApproximateArrivalTimestamp: time.UnixMilli(1731924555137),
		}
	}
	return routertest.EventOf(recs...)
}

// aggregateEvent returns an event of aggregates whose user records have a key
// each, and its records' data.
func aggregateEvent() (event []byte, packed [][]byte) {
	for i := range aggregates {
		recs := make([]decoder.Record, userRecords)
		for j := range recs {
			n := i*userRecords + j
			recs[j] = decoder.Record{PartitionKey: fmt.Appendf(nil, "user-%d", n), Data: payloadOf(n, userBytes)}
		}
		packed = append(packed, routertest.Aggregate(recs...).Data)
	}
	return eventOf(packed...), packed
}

// TestWriteAggregates writes the event for node/aggregates.js to the file in
// AGGREGATES, if it is set.
func TestWriteAggregates(t *testing.T) {
	event, _ := aggregateEvent()
	n := 0
	for rec, err := range (decoder.Decoder{Deaggregate: true}).Records(event) {
		if err != nil || !rec.Aggregated || !bytes.Equal(rec.Data, payloadOf(n, userBytes)) {
			t.Fatalf("user record %d: %q, %v", n, rec.Data, err)
		}
		n++
	}
	if n != aggregates*userRecords {
		t.Fatalf("%d user records", n)
	}
	if name := os.Getenv("AGGREGATES"); name != "" {
		if err := os.WriteFile(filepath.Clean(name), event, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkAggregates reads aggregates. "envelope" leaves them whole. "md5"
// only computes the checksum of their messages, which the format requires.
// Splitting costs the difference between "sluice" and "envelope", to be
// compared with "md5".
func BenchmarkAggregates(b *testing.B) {
	event, packed := aggregateEvent()
	name := fmt.Sprintf("%dx%dx%dB", aggregates, userRecords, userBytes)
	run := func(contender string, f func()) {
		b.Run(name+"/"+contender, func(b *testing.B) {
			b.SetBytes(int64(len(event)))
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*aggregates*userRecords), "ns/record")
		})
	}
	n := 0
	run("sluice", func() {
		for rec, err := range (decoder.Decoder{Deaggregate: true}).Records(event) {
			if err != nil {
				b.Fatal(err)
			}
			n += len(rec.Data)
		}
	})
	run("envelope", func() {
		for rec, err := range decoder.Records(event) {
			if err != nil {
				b.Fatal(err)
			}
			n += len(rec.Data)
		}
	})
	run("md5", func() {
		for _, p := range packed {
			sum := md5.Sum(p[4 : len(p)-md5.Size])
			n += int(sum[0])
		}
	})
	if n == 0 {
		b.Fatal("nothing was read")
	}
}

// BenchmarkGzip reads records in gzip. "std" decompresses the data with
// compress/gzip and a new reader for each record, as handlers mostly do; "std,
// reader kept" resets one reader.
func BenchmarkGzip(b *testing.B) {
	const records, size = 500, 4 << 10
	var data [][]byte
	for i := range records {
		data = append(data, routertest.Gzip(payloadOf(i, size)))
	}
	event := eventOf(data...)
	run := func(contender string, f func() int) {
		b.Run(fmt.Sprintf("%dx%dB/%s", records, size, contender), func(b *testing.B) {
			b.SetBytes(records * size)
			b.ReportAllocs()
			for b.Loop() {
				if n := f(); n != records*size {
					b.Fatalf("%d bytes", n)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*records), "ns/record")
		})
	}
	for _, codec := range []decoder.Codec{decoder.Gzip, decoder.Auto} {
		run("sluice by "+codec.String(), func() (n int) {
			for rec, err := range (decoder.Decoder{Codec: codec}).Records(event) {
				if err != nil {
					b.Fatal(err)
				}
				n += len(rec.Data)
			}
			return n
		})
	}
	run("std", func() (n int) {
		for rec := range decoder.Records(event) {
			r, err := gzip.NewReader(bytes.NewReader(rec.Data))
			if err != nil {
				b.Fatal(err)
			}
			plain, err := io.ReadAll(r)
			if err != nil {
				b.Fatal(err)
			}
			n += len(plain)
		}
		return n
	})
	var kept gzip.Reader
	var buf bytes.Buffer
	run("std, reader kept", func() (n int) {
		for rec := range decoder.Records(event) {
			if err := kept.Reset(bytes.NewReader(rec.Data)); err != nil {
				b.Fatal(err)
			}
			buf.Reset()
			if _, err := buf.ReadFrom(&kept); err != nil {
				b.Fatal(err)
			}
			n += buf.Len()
		}
		return n
	})
}

const logRecords, logsEach = 100, 50

func logEvent() []byte {
	var data [][]byte
	for i := range logRecords {
		var list []routertest.LogEvent
		for j := range logsEach {
			n := i*logsEach + j
			list = append(list, routertest.LogEvent{
				ID:        fmt.Sprintf("386374829104572918273645546372819204756392817463528%05d", n),
				Timestamp: time.UnixMilli(1731924555000 + int64(j)),
				Message:   string(payloadOf(n, 200)) + "\n",
			})
		}
		data = append(data, routertest.LogMessage(cwlogs.Envelope{LogStream: "2024/11/18/[$LATEST]0f"}, list...))
	}
	return eventOf(data...)
}

// BenchmarkLogEvents reads log events of CloudWatch Logs, 50 in each of 100
// records. "events" reads them into the type of aws-lambda-go with
// compress/gzip and encoding/json.
func BenchmarkLogEvents(b *testing.B) {
	const records, each = logRecords, logsEach
	event := logEvent()
	run := func(contender string, f func() int) {
		b.Run(fmt.Sprintf("%dx%d/%s", records, each, contender), func(b *testing.B) {
			b.SetBytes(int64(len(event)))
			b.ReportAllocs()
			for b.Loop() {
				if n := f(); n != records*each*201 {
					b.Fatalf("%d bytes", n)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*records*each), "ns/record")
		})
	}
	run("sluice", func() (n int) {
		for rec := range decoder.Records(event) {
			for e, err := range cwlogs.Events(rec.Data) {
				if err != nil {
					b.Fatal(err)
				}
				n += len(e.Message)
			}
		}
		return n
	})
	run("events", func() (n int) {
		for rec := range decoder.Records(event) {
			r, err := gzip.NewReader(bytes.NewReader(rec.Data))
			if err != nil {
				b.Fatal(err)
			}
			var m events.CloudwatchLogsData
			if err := json.NewDecoder(r).Decode(&m); err != nil {
				b.Fatal(err)
			}
			for _, e := range m.LogEvents {
				n += len(e.Message)
			}
		}
		return n
	})
}
