package bench

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bytedance/sonic"
	"github.com/segmentio/asm/base64"

	"example.com/sluice/bench/internal/sum"
	"example.com/sluice/bench/internal/sum/record"
)

// TestContendersAgree: all contenders read the same fields and compute the same
// sum.
func TestContendersAgree(t *testing.T) {
	for _, named := range slices.Concat(shapes, unlike) {
		t.Run(named.name, func(t *testing.T) {
			s := named.make()
			var want sum.Sum
			for i := range s.records {
				record.Add(&want, &s.records[i])
			}
			for _, c := range contenders {
				t.Run(c.name, func(t *testing.T) {
					r := c.open()
					for range 2 { // nothing kept from the first event may show in the second
						got, err := r.fields(s.event)
						if err != nil {
							t.Fatal(err)
						}
						if err := compare(got, s, c.exact); err != nil {
							t.Fatal(err)
						}
						total, err := r.sum(s.event)
						if total != want || err != nil {
							t.Fatalf("the sum is %d (%v), want %d", total, err, want)
						}
					}
				})
			}
		})
	}
}

func compare(got []fields, s *shape, exact bool) error {
	if len(got) != len(s.records) {
		return fmt.Errorf("%d records, want %d", len(got), len(s.records))
	}
	for i, g := range got {
		want := fieldsOfRecord(&s.records[i])
		off := g.arrival.Sub(want.arrival)
		if exact && off != 0 || off.Abs() > time.Millisecond {
			return fmt.Errorf("record %d: arrival is %v, want %v", i, g.arrival, want.arrival)
		}
		if g.arrival = want.arrival; g != want {
			return fmt.Errorf("record %d:\n%.2000q\nwant\n%.2000q", i, fmt.Sprint(g), fmt.Sprint(want))
		}
	}
	return nil
}

// TestSumSeesEveryField: leaving out or changing a field changes the sum.
func TestSumSeesEveryField(t *testing.T) {
	full := view{
		partitionKey: []byte("k"), sequenceNumber: []byte("1"), data: []byte("d"), eventID: []byte("s:1"),
		kinesisSchemaVersion: []byte("1.0"), encryptionType: []byte("KMS"), eventSource: []byte("aws:kinesis"),
		eventVersion: []byte("1.0"), eventName: []byte("n"), eventSourceARN: []byte("arn"),
		invokeIdentityARN: []byte("role"), awsRegion: []byte("r"), arrival: time.Unix(5, 0),
	}
	var want sum.Sum
	addView(&want, &full)
	seen := map[string]func(*view){
		"arrival":        func(v *view) { v.arrival = time.Time{} },
		"data":           func(v *view) { v.data = []byte("e") },
		"partitionKey":   func(v *view) { v.partitionKey = []byte("l") },
		"sequenceNumber": func(v *view) { v.sequenceNumber = []byte("2") },
		"eventID":        func(v *view) { v.eventID = []byte("s:2") },
	}
	for _, name := range []string{
		"partitionKey", "sequenceNumber", "eventID", "kinesisSchemaVersion", "encryptionType", "eventSource",
		"eventVersion",
		"eventName", "eventSourceARN", "invokeIdentityArn", "awsRegion",
	} {
		seen[name+" left out"] = func(v *view) { *v.field(name) = nil }
	}
	for name, change := range seen {
		v := full
		change(&v)
		var got sum.Sum
		addView(&got, &v)
		if got == want {
			t.Errorf("%s does not show", name)
		}
	}
}

// TestSonicIsItself: sonic silently falls back to encoding/json on releases of
// Go that it does not support.
func TestSonicIsItself(t *testing.T) {
	if sonic.APIKind != sonic.UseSonicJSON {
		t.Error("sonic does not support this release of Go, and hands over to encoding/json")
	}
}

func BenchmarkDecode(b *testing.B) { run(b, shapes, contenders, true) }

// BenchmarkUnlike is the worst case for the template reader: each record has a
// template of its own.
func BenchmarkUnlike(b *testing.B) {
	var ours []contender
	for _, c := range contenders {
		if c.name == "sluice" || c.name == "sluice-strict" {
			ours = append(ours, c)
		}
	}
	run(b, unlike, ours, false)
}

func run(b *testing.B, shapes []namedShape, contenders []contender, floor bool) {
	for _, named := range shapes {
		b.Run(named.name, func(b *testing.B) {
			for _, c := range contenders {
				b.Run(c.name, func(b *testing.B) { measure(b, named.make(), c) })
			}
			if floor {
				b.Run("floor", func(b *testing.B) { measureFloor(b, named.make()) })
			}
		})
	}
}

func measure(b *testing.B, s *shape, c contender) {
	var want sum.Sum
	for i := range s.records {
		record.Add(&want, &s.records[i])
	}
	r := c.open()
	for range 3 { // reused memory grows with the first events
		if _, err := r.sum(s.event); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(s.event)))
	b.ReportAllocs()
	for b.Loop() {
		got, err := r.sum(s.event)
		if got != want || err != nil {
			b.Fatalf("the sum is %d (%v), want %d", got, err, want)
		}
	}
	perRecord(b, len(s.records))
}

// measureFloor measures what no decoder can avoid: copying the event and
// decoding its data, here from known places.
func measureFloor(b *testing.B, s *shape) {
	var texts [][2]int
	var largest int
	event := make([]byte, len(s.plain))
	at := 0
	for i := range s.records {
		n := base64.StdEncoding.EncodedLen(len(s.records[i].Data))
		from := at + bytes.Index(s.plain[at:], []byte(`"data":"`)) + len(`"data":"`)
		texts = append(texts, [2]int{from, from + n})
		at, largest = from+n, max(largest, n)
	}
	buffer := make([]byte, largest)
	b.SetBytes(int64(len(s.plain)))
	b.ReportAllocs()
	for b.Loop() {
		copy(event, s.plain)
		for _, t := range texts {
			if _, err := base64.StdEncoding.Decode(buffer, event[t[0]:t[1]]); err != nil {
				b.Fatal(err)
			}
		}
	}
	perRecord(b, len(s.records))
}

func perRecord(b *testing.B, records int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(records), "ns/record")
}
