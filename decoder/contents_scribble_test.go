//go:build race || poison

package decoder_test

import (
	"bytes"
	"testing"

	"example.com/sluice/decoder"
)

// Views of user records, and of data that was decompressed, are overwritten
// like others; what user records share stays readable as long as one of them
// needs it.
func TestKeptViewsOfContentsAreOverwritten(t *testing.T) {
	gz := gzipped([]byte(poem))
	inside := seal(append(msg("1:key 2:hash 3{ 1=0 2=0 3: } 3{ 1=9 2=0 3: }"), userRecords(gz, gz)...))
	text := []byte(event(holding(1, gz), holding(2, inside), holding(3, gz), holding(4, inside)))
	live := func(r *decoder.Record, err error) {
		t.Helper()
		if bytes.IndexByte(r.SequenceNumber, '#') >= 0 || bytes.IndexByte(r.PartitionKey, '#') >= 0 ||
			err == nil && len(r.Data) > 0 && string(r.Data) != poem {
			t.Errorf("a live record reads as %q %q %q", r.SequenceNumber, r.PartitionKey, r.Data)
		}
	}
	for _, detach := range []bool{false, true} {
		d := decoder.Decoder{Deaggregate: true, Codec: decoder.Auto, Detach: detach}
		var last, all [][]byte
		n := 0
		for rec, err := range d.Records(text) {
			overwritten(t, "in the next iteration", last)
			live(rec, err)
			last = views(rec)
			all = append(all, last...)
			n++
		}
		overwritten(t, "behind the loop", all)
		all = nil
		if err := d.Batch(text, func(b *decoder.Batch) error {
			for i := range b.Records() {
				live(&b.Records()[i], nil)
				all = append(all, views(&b.Records()[i])...)
			}
			n -= len(b.Records()) + len(b.Bad())
			return nil
		}); err != nil || n != 0 {
			t.Fatal(err, n)
		}
		overwritten(t, "behind a batch", all)
	}
}
