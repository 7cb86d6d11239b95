package fuzz

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/snappy/xerial"
	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"example.com/sluice/decoder"
	"example.com/sluice/internal/lab"
)

// This file is about what is inside of data: aggregates and compression. The
// whole decoder reads it, in every way that it has, and all must give the same;
// that must be what other implementations say.

// inEvent is an event with that data, between two plain records and once more
// behind them.
func inEvent(data []byte) []byte {
	text := base64.StdEncoding.EncodeToString(data)
	var b strings.Builder
	b.WriteString(`{"Records":[`)
	for i, text := range []string{"aGVsbG8=", text, "d29ybGQhIQ==", text} {
		if i > 0 {
			b.WriteByte(',')
		}
		number := fmt.Sprintf("4954033903848957112%d", i)
		b.WriteString(record("key", number, text, "1480641523.477", "shardId-000000000006:"+number))
	}
	b.WriteString("]}")
	return []byte(b.String())
}

// inWords writes down what is told of a record's contents.
func inWords(b *strings.Builder, r *decoder.Record, err error) {
	fmt.Fprintf(b, "%d.%d %t key %q hash key %q %t data %q error %v\n", r.Index, r.SubSequenceNumber, r.Aggregated,
		r.PartitionKey,
		r.ExplicitHashKey, r.ExplicitHashKey != nil, r.Data, err)
}

// readContents reads the event in every way, and fails where two give different
// things. It returns what they give.
func readContents(t *testing.T, d decoder.Decoder, event []byte) string {
	t.Helper()
	loop := func(d decoder.Decoder) string {
		var b strings.Builder
		for rec, err := range d.Records(event) {
			if rec == nil {
				fmt.Fprintf(&b, "broken: %v\n", err)
				continue
			}
			inWords(&b, rec, err)
		}
		return b.String()
	}
	batch := func() string {
		var b strings.Builder
		err := d.Batch(event, func(list *decoder.Batch) error {
			good, bad, failed := list.Records(), list.Bad(), list.Failed()
			for len(good)+len(bad) > 0 {
				if len(bad) == 0 || len(good) > 0 && (good[0].Index < bad[0].Index ||
					good[0].Index == bad[0].Index && good[0].SubSequenceNumber < bad[0].SubSequenceNumber) {
					inWords(&b, &good[0], nil)
					good = good[1:]
				} else {
					inWords(&b, &bad[0], failed[0])
					bad, failed = bad[1:], failed[1:]
				}
			}
			return nil
		})
		if err != nil {
			fmt.Fprintf(&b, "broken: %v\n", err)
		}
		return b.String()
	}
	strict := d
	lab.New(true).Use(&strict)
	want := loop(strict)
	detached := d
	detached.Detach = true
	for i, got := range []string{loop(d), loop(d), loop(detached), batch()} {
		if got != want && !(i == 3 && strings.Contains(want, "broken: ")) {
			t.Fatalf("reading %d gives\n%s\nthe strict reader\n%s", i, got, want)
		}
	}
	return want
}

// aggregated is the type of the message in an aggregate, for the protobuf
// runtime: what the format requires is optional, since writers of proto3 leave
// out what is zero.
var aggregated = func() protoreflect.MessageDescriptor {
	field := func(name string, number int32, label descriptorpb.FieldDescriptorProto_Label,
		kind descriptorpb.FieldDescriptorProto_Type, of string,
	) *descriptorpb.FieldDescriptorProto {
		f := &descriptorpb.FieldDescriptorProto{Name: &name, Number: &number, Label: &label, Type: &kind}
		if of != "" {
			f.TypeName = &of
		}
		return f
	}
	const (
		optional = descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL
		repeated = descriptorpb.FieldDescriptorProto_LABEL_REPEATED
		text     = descriptorpb.FieldDescriptorProto_TYPE_STRING
		number   = descriptorpb.FieldDescriptorProto_TYPE_UINT64
		message  = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE
	)
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("aggregate.proto"), Syntax: proto.String("proto2"),
		MessageType: []*descriptorpb.DescriptorProto{
			{Name: proto.String("AggregatedRecord"), Field: []*descriptorpb.FieldDescriptorProto{
				field("partition_key_table", 1, repeated, text, ""),
				field("explicit_hash_key_table", 2, repeated, text, ""),
				field("records", 3, repeated, message, ".Record"),
			}},
			{Name: proto.String("Record"), Field: []*descriptorpb.FieldDescriptorProto{
				field("partition_key_index", 1, optional, number, ""),
				field("explicit_hash_key_index", 2, optional, number, ""),
				field("data", 3, optional, descriptorpb.FieldDescriptorProto_TYPE_BYTES, ""),
				field("tags", 4, repeated, message, ".Tag"),
			}},
			{Name: proto.String("Tag"), Field: []*descriptorpb.FieldDescriptorProto{
				field("key", 1, optional, text, ""),
				field("value", 2, optional, text, ""),
			}},
		},
	}, nil)
	if err != nil {
		panic(err)
	}
	return file.Messages().ByName("AggregatedRecord")
}()

// userRecords is what the protobuf runtime reads in a message, in words without
// the errors' texts; false where it is not sound.
func userRecords(message []byte, index int) (string, bool) {
	m := dynamicpb.NewMessage(aggregated)
	if err := proto.Unmarshal(message, m); err != nil {
		return "", false
	}
	get := func(name protoreflect.Name) protoreflect.List { return m.Get(aggregated.Fields().ByName(name)).List() }
	keys, hashKeys, records := get("partition_key_table"), get("explicit_hash_key_table"), get("records")
	var b strings.Builder
	for i := range records.Len() {
		u := records.Get(i).Message()
		if mistyped(u, "partition_key_index") || mistyped(u, "data") {
			return "", false
		}
		field := func(name protoreflect.Name) protoreflect.FieldDescriptor {
			return u.Descriptor().Fields().ByName(name)
		}
		r := decoder.Record{Index: index, SubSequenceNumber: i, Aggregated: true, Data: u.Get(field("data")).Bytes()}
		bad := false
		if n := u.Get(field("partition_key_index")).Uint(); n < uint64(keys.Len()) {
			r.PartitionKey = []byte(keys.Get(int(n)).String())
		} else {
			bad = true
		}
		if u.Has(field("explicit_hash_key_index")) && hashKeys.Len() > 0 {
			if n := u.Get(field("explicit_hash_key_index")).Uint(); n < uint64(hashKeys.Len()) {
				r.ExplicitHashKey = []byte(hashKeys.Get(int(n)).String())
			} else {
				bad = true
			}
		}
		inWords(&b, &r, nil)
		if bad {
			text := strings.TrimSuffix(b.String(), "<nil>\n")
			b.Reset()
			b.WriteString(text + "bad\n")
		}
	}
	return b.String(), true
}

// mistyped is whether a field is there in other wire types alone, so that it is
// among the unknown ones.
func mistyped(m protoreflect.Message, name protoreflect.Name) bool {
	field := m.Descriptor().Fields().ByName(name)
	unknown := m.GetUnknown()
	for len(unknown) > 0 && !m.Has(field) {
		number, _, n := protowire.ConsumeField(unknown)
		if number == field.Number() {
			return true
		}
		unknown = unknown[n:]
	}
	return false
}

// FuzzAggregates holds the reading of aggregates to the protobuf runtime.
func FuzzAggregates(f *testing.F) {
	user := func(fields ...byte) []byte { return protowire.AppendBytes([]byte{0x1a}, fields) }
	table := protowire.AppendString([]byte{0x0a}, "k")
	for _, m := range [][]byte{
		append(table, user(8, 0, 0x1a, 1, 'a')...),
		append(table, user(8, 7, 16, 7, 0x1a, 0)...),
		append(user(0x1a, 0, 8, 0, 0x22, 2, 0x0a, 0), 0x0a, 0, 0x12, 0),
		append(table, user(0x1a, 1, 'a', 0x22, 0)...),
		append(table, user(8, 0, 16, 0)...),
		append(table, user(8, 0, 0x18, 7)...),
		append(table, user(10, 0, 0x1a, 0)...),
		{0x4b, 0x53, 0x54, 0x4c, 0x0a, 0},
		{0x1a, 0},
		{0x0a},
		{0x80, 0x80, 0x80, 0x80, 0x10, 0},
	} {
		f.Add(m, true)
		f.Add(m, false)
	}
	f.Fuzz(func(t *testing.T, message []byte, good bool) {
		sum := md5.Sum(message)
		if !good {
			sum[0]++
		}
		data := append(append([]byte("\xf3\x89\x9a\xc2"), message...), sum[:]...)
		got := readContents(t, decoder.Decoder{Deaggregate: true}, inEvent(data))
		var want strings.Builder
		plain := func(index int, data string) {
			inWords(&want, &decoder.Record{Index: index, PartitionKey: []byte("key"), Data: []byte(data)}, nil)
		}
		for i, text := range []string{"hello", string(data), "world!!", string(data)} {
			users, sound := "", false
			if i%2 == 1 && good && len(message) > 0 {
				users, sound = userRecords(message, i)
			}
			if sound {
				want.WriteString(users)
			} else {
				plain(i, text)
			}
		}
		var lines strings.Builder
		for line := range strings.Lines(got) {
			if before, _, bad := strings.Cut(line, "error kinesis event: record "); bad {
				line = before + "error bad\n"
			}
			lines.WriteString(line)
		}
		if lines.String() != want.String() {
			t.Errorf("%x gives\n%s\nwant\n%s", message, got, want.String())
		}
	})
}

// plainOf is what other code than the decoder's reads in compressed data.
func plainOf(codec decoder.Codec, data []byte, limit int) (plain []byte, err error) {
	all := func(r io.Reader, err error) ([]byte, error) {
		if err != nil {
			return nil, err
		}
		return io.ReadAll(io.LimitReader(r, int64(limit)+1))
	}
	in := bytes.NewReader(data)
	switch {
	case codec == decoder.Gzip:
		r, err := gzip.NewReader(in)
		return all(r, err)
	case codec == decoder.Zlib:
		r, err := zlib.NewReader(in)
		plain, err := all(r, err)
		if err == nil && len(plain) <= limit && in.Len() > 0 {
			err = errors.New("bytes behind the end")
		}
		return plain, err
	case codec == decoder.Zstd:
		// The stream reader, which has memory for windows: large ones it is
		// spared.
		r, err := zstd.NewReader(struct{ io.Reader }{in}, zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderMaxWindow(1<<20))
		if err == nil {
			defer r.Close()
		}
		return all(r, err)
	case bytes.HasPrefix(data, []byte("\xff\x06\x00\x00sNaPpY")):
		return all(snappy.NewReader(in), nil)
	case bytes.HasPrefix(data, []byte("\x82SNAPPY\x00")):
		return snappyBlocks(data, 16, math.MaxUint32)
	case len(data) >= 4 && data[0] == 0:
		for len(data) >= 4 {
			n := binary.BigEndian.Uint32(data)
			// Where a frame ends is known by what its blocks hold.
			part, err := snappyBlocks(data, 4, n)
			if err != nil {
				return nil, err
			}
			plain, data = append(plain, part...), data[4:]
			for got := uint32(0); got < n; {
				size := binary.BigEndian.Uint32(data)
				length, _ := snappy.DecodedLen(data[4 : 4+size])
				got, data = got+uint32(length), data[4+size:]
			}
		}
		if len(data) > 0 {
			return nil, io.ErrUnexpectedEOF
		}
		return plain, nil
	default:
		return snappyBlock(data)
	}
}

// snappyBlock is what a block of snappy holds.
func snappyBlock(data []byte) ([]byte, error) {
	if n, err := snappy.DecodedLen(data); err != nil || n > 1<<20 {
		return nil, errors.New("no snappy, or much of it")
	}
	return snappy.DecodeStrict(nil, data)
}

// snappyBlocks is what blocks hold that stand in data from at on, each behind
// its length, n bytes in all or to the end.
func snappyBlocks(data []byte, at int, n uint32) (plain []byte, err error) {
	for (n == math.MaxUint32 && len(data) != at || n < math.MaxUint32 && uint64(len(plain)) < uint64(n)) && err == nil {
		if n == math.MaxUint32 && bytes.HasPrefix(data[min(at, len(data)):], []byte("\x82SNAPPY\x00")) {
			at += 16
			continue
		}
		if len(data) < at+4 || uint64(len(data)-at-4) < uint64(binary.BigEndian.Uint32(data[at:])) {
			return nil, io.ErrUnexpectedEOF
		}
		end := at + 4 + int(binary.BigEndian.Uint32(data[at:]))
		var part []byte
		part, err = snappyBlock(data[at+4 : end])
		plain, at = append(plain, part...), end
	}
	if n < math.MaxUint32 && uint64(len(plain)) > uint64(n) {
		err = errors.New("more than there should be")
	}
	return plain, err
}

// FuzzCodecs holds decompressing to other readers, with a limit that is met or
// not, and compressed data to what was compressed.
func FuzzCodecs(f *testing.F) {
	codecs := []decoder.Codec{decoder.Gzip, decoder.Zlib, decoder.Zstd, decoder.Snappy}
	w, err := zstd.NewWriter(nil)
	if err != nil {
		f.Fatal(err)
	}
	compressors := []func(plain []byte) []byte{
		func(plain []byte) []byte {
			var b bytes.Buffer
			w := gzip.NewWriter(&b)
			w.Write(plain)
			w.Close()
			return b.Bytes()
		},
		func(plain []byte) []byte {
			var b bytes.Buffer
			w := zlib.NewWriter(&b)
			w.Write(plain)
			w.Close()
			return b.Bytes()
		},
		func(plain []byte) []byte { return w.EncodeAll(plain, nil) },
		func(plain []byte) []byte { return snappy.Encode(nil, plain) },
		func(plain []byte) []byte {
			var b bytes.Buffer
			w := snappy.NewBufferedWriter(&b)
			w.Write(plain)
			w.Close()
			return b.Bytes()
		},
		func(plain []byte) []byte { return xerial.Encode(nil, plain) },
		func(plain []byte) []byte { // Hadoop
			b := binary.BigEndian.AppendUint32(nil, uint32(len(plain)))
			if len(plain) == 0 {
				return b
			}
			block := snappy.Encode(nil, plain)
			return append(binary.BigEndian.AppendUint32(b, uint32(len(block))), block...)
		},
	}
	for i, compress := range compressors {
		f.Add(compress([]byte("hello hello hello hello")), byte(i), false, uint16(30))
		f.Add(append(compress([]byte("hello hello hello")), compress([]byte("world"))...), byte(i), false, uint16(10))
		f.Add([]byte("hello hello hello hello"), byte(i), true, uint16(23))
		f.Add([]byte{}, byte(i), true, uint16(1))
	}
	f.Fuzz(func(t *testing.T, data []byte, which byte, compress bool, limit16 uint16) {
		i := int(which) % len(compressors)
		codec, limit := codecs[min(i, 3)], int(limit16)+1
		var known []byte
		if compress {
			known, data = data, compressors[i](data)
		}
		before := bytes.Clone(data)
		plain, err := codec.AppendDecompressed(nil, data, limit)
		if !bytes.Equal(data, before) {
			t.Fatal("the data has changed")
		}
		if err != nil && !errors.Is(err, decoder.ErrCompressed) && !errors.Is(err, decoder.ErrTooLarge) ||
			err == nil && len(plain) > limit {
			t.Fatalf("%d bytes, limit %d: %v", len(plain), limit, err)
		}
		tooLarge := errors.Is(err, decoder.ErrTooLarge)
		if compress && (tooLarge != (len(known) > limit) || !tooLarge && (err != nil || !bytes.Equal(plain, known))) {
			t.Fatalf("%s of %d bytes, limit %d: %d bytes, %v", codec, len(known), limit, len(plain), err)
		}
		if len(data) == 0 {
			return
		}
		want, wantErr := plainOf(codec, data, limit)
		// Where both fault and limit are met, which one is told may differ; so
		// it may for windows that only the other reader limits. compress/gzip
		// takes no name or comment above 511 bytes.
		lenient := errors.Is(wantErr, zstd.ErrWindowSizeExceeded) ||
			errors.Is(wantErr, gzip.ErrHeader) && len(data) > 512
		if err == nil && !lenient && (wantErr != nil || !bytes.Equal(plain, want)) {
			t.Errorf("%s %x gives %q, want %q, %v", codec, data, plain, want, wantErr)
		}
		if wantErr == nil && len(want) <= limit && err != nil {
			t.Errorf("%s %x: %v, want %q", codec, data, err, want)
		}

		// The whole decoder gives the same, alone and within an aggregate, and
		// by Auto where the data says what it is.
		d := decoder.Decoder{Codec: codec, MaxData: limit, Deaggregate: true}
		got := readContents(t, d, inEvent(data))
		var b strings.Builder
		r := decoder.Record{Index: 1, PartitionKey: []byte("key"), Data: plain}
		inWords(&b, &r, nil)
		if (err == nil) != strings.Contains(got, b.String()) && !bytes.HasPrefix(data, []byte("\xf3\x89\x9a\xc2")) {
			t.Errorf("the decoder gives\n%s\nwant\n%s%v", got, b.String(), err)
		}
		d.Codec = decoder.Auto
		auto := readContents(t, d, inEvent(data))
		if compress && i != 3 && i != 6 && (err == nil) != strings.Contains(auto, b.String()) {
			t.Errorf("Auto gives\n%s\nwant\n%s%v", auto, b.String(), err)
		}
	})
}
