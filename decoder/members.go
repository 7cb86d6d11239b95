package decoder

import "example.com/sluice/internal/jsonscan"

// This file decides which of a record's members count, whether they are read
// from the parser's tree or from the text of the event.

// field is a member of a record. Faults are reported in this order: what
// identifies the record comes first, data last.
type field uint8

const (
	fieldSequenceNumber field = iota
	fieldPartitionKey
	fieldArrival
	fieldSchemaVersion
	fieldEncryptionType
	fieldData
	innerFields // how many are in the object "kinesis", or in a flat record itself

	fieldEventID = iota - 1
	fieldEventSource
	fieldEventVersion
	fieldEventName
	fieldEventSourceARN
	fieldInvokeIdentityARN
	fieldAWSRegion
	allFields

	fieldKinesis = allFields // the object itself, which is not a value of a record
	notAField    = allFields + 1
)

var fieldNames = [allFields]string{
	"sequenceNumber", "partitionKey", "approximateArrivalTimestamp", "kinesisSchemaVersion", "encryptionType", "data",
	"eventID", "eventSource", "eventVersion", "eventName", "eventSourceARN", "invokeIdentityArn", "awsRegion",
}

func (f field) String() string { return fieldNames[f] }

// fieldOf returns the field of a name without escapes.
func fieldOf(name []byte) field {
	switch string(name) {
	case "kinesis":
		return fieldKinesis
	case "sequenceNumber":
		return fieldSequenceNumber
	case "partitionKey":
		return fieldPartitionKey
	case "approximateArrivalTimestamp":
		return fieldArrival
	case "kinesisSchemaVersion":
		return fieldSchemaVersion
	case "encryptionType":
		return fieldEncryptionType
	case "data":
		return fieldData
	case "eventID":
		return fieldEventID
	case "eventSource":
		return fieldEventSource
	case "eventVersion":
		return fieldEventVersion
	case "eventName":
		return fieldEventName
	case "eventSourceARN":
		return fieldEventSourceARN
	case "invokeIdentityArn":
		return fieldInvokeIdentityARN
	case "awsRegion":
		return fieldAWSRegion
	}
	return notAField
}

// members holds the members of one record that count: the last of several with
// the same name, and none that is null. V is the type of a value; its zero
// value means absent.
//
// A record has the inner fields in its "kinesis"; a flat record has no
// "kinesis" and has them beside the others. Occurring twice is a flaw only of
// "kinesis".
type members[V comparable] struct {
	kinesis V
	inner   [innerFields]V // in kinesis, where that is an object
	outer   [allFields]V   // beside it

	nested bool // whether there is a "kinesis", even if it is null
	twice  bool // whether there is more than one
}

// note adds a member of the record.
func (m *members[V]) note(f field, value V, null bool) {
	if f == fieldKinesis {
		m.twice, m.nested = m.nested, true
	}
	switch {
	case null:
	case f == fieldKinesis:
		m.kinesis = value
	case f < allFields:
		m.outer[f] = value
	}
}

// noteInner adds a member of the last "kinesis" that is not null.
func (m *members[V]) noteInner(f field, value V, null bool) {
	if f < innerFields && !null {
		m.inner[f] = value
	}
}

// get returns the value of a field, from wherever it belongs.
func (m *members[V]) get(f field) V {
	var absent V
	if f < innerFields && m.kinesis != absent {
		return m.inner[f]
	}
	return m.outer[f]
}

// places is where the members of a record are in the event.
type places struct {
	members[span]
	odd bool // whether a name has escapes, or one that is known stands twice
}

// find finds the members of the object at start, which the scanner has passed.
func (p *places) find(event []byte, start int) {
	*p = places{}
	var seen, seenInner [notAField + 1]bool
	scan := jsonscan.Scanner{B: event}
	scan.EachMember(start, func(name []byte, escaped bool, value span) {
		f := fieldOf(name)
		p.odd = p.odd || escaped || seen[f]
		seen[f] = f != notAField
		p.note(f, value, event[value.Start] == 'n')
	})
	if p.kinesis.Absent() || event[p.kinesis.Start] != '{' {
		return
	}
	scan.EachMember(p.kinesis.Start, func(name []byte, escaped bool, value span) {
		f := fieldOf(name)
		p.odd = p.odd || escaped || f < innerFields && seenInner[f]
		seenInner[f] = true
		p.noteInner(f, value, event[value.Start] == 'n')
	})
}

// appendReduced appends to dst a record that means the same as the one in which
// p was found, without the parts that mean nothing: unknown members, earlier
// duplicates, the contents of values of the wrong type.
func (p *places) appendReduced(dst, event []byte) []byte {
	dst = append(dst, '{')
	if p.twice {
		dst = append(dst, `"kinesis":null,`...)
	}
	if p.nested {
		dst = append(dst, `"kinesis":`...)
		switch {
		case p.kinesis.Absent():
			dst = append(dst, "null"...)
		case event[p.kinesis.Start] != '{':
			dst = appendScalar(dst, event, p.kinesis)
		default:
			dst = appendFields(append(dst, '{'), event, p.inner[:])
			dst = append(dst, '}')
		}
		dst = append(dst, ',')
	}
	dst = appendFields(dst, event, p.outer[:])
	return append(dst, '}')
}

func appendFields(dst, event []byte, spans []span) []byte {
	for f, value := range spans {
		if value.Absent() {
			continue
		}
		dst = append(dst, '"')
		dst = append(dst, fieldNames[f]...)
		dst = append(dst, `":`...)
		dst = appendScalar(dst, event, value)
		dst = append(dst, ',')
	}
	if dst[len(dst)-1] == ',' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

func appendScalar(dst, event []byte, value span) []byte {
	switch event[value.Start] {
	case '{':
		return append(dst, "{}"...)
	case '[':
		return append(dst, "[]"...)
	}
	return append(dst, value.Of(event)...)
}
