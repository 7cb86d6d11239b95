package decoder

import "example.com/sluice/internal/jsonscan"

// This file finds where the members of one record stand in the event. The general lane asks when it has an error to
// place, and when a record is too large to be handed to the parser as it is.

// field is a member of a record. The order is that in which faults are reported: what identifies the record comes
// first, data last.
type field uint8

const (
	fieldSequenceNumber field = iota
	fieldPartitionKey
	fieldArrival
	fieldSchemaVersion
	fieldEncryptionType
	fieldData
	innerFields // so many stand in the object "kinesis", or in a flat record itself

	fieldEventID = iota - 1
	fieldEventSource
	fieldEventVersion
	fieldEventName
	fieldEventSourceARN
	fieldInvokeIdentityARN
	fieldAWSRegion
	allFields

	notAField field = 0xff
)

var fieldNames = [allFields]string{
	"sequenceNumber", "partitionKey", "approximateArrivalTimestamp", "kinesisSchemaVersion", "encryptionType", "data",
	"eventID", "eventSource", "eventVersion", "eventName", "eventSourceARN", "invokeIdentityArn", "awsRegion",
}

func (f field) String() string { return fieldNames[f] }

// fieldOf returns the field of a name without escapes.
func fieldOf(name []byte) field {
	switch string(name) {
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

// layout is where the values of a record's members stand in the event.
type layout struct {
	kinesis      span              // the value of the last member "kinesis"
	kinesisTimes int               // how often there is one
	outer        [allFields]span   // beside it; in a flat record, all of them
	inner        [innerFields]span // in it, where it is an object
	odd          bool              // whether a name is escaped, or one that is known stands twice
}

// span returns where the value of f stands. It is absent where there is none, or null.
func (l *layout) span(f field) span {
	if f < innerFields && !l.kinesis.Absent() {
		return l.inner[f]
	}
	return l.outer[f]
}

// read finds the members of the object at start, which the scanner has passed as sound.
func (l *layout) read(s *jsonscan.Scanner, start int) {
	*l = layout{}
	var seenOuter, seenInner [allFields]bool
	s.EachMember(start, func(name []byte, escaped bool, value span) {
		l.odd = l.odd || escaped
		if string(name) == "kinesis" {
			l.kinesisTimes++
			l.odd = l.odd || l.kinesisTimes > 1
			if s.B[value.Start] == 'n' {
				return
			}
			l.kinesis = value
			l.inner = [innerFields]span{}
			if s.B[value.Start] == '{' {
				s.EachMember(value.Start, func(name []byte, escaped bool, value span) {
					l.odd = l.odd || escaped
					if f := fieldOf(name); f < innerFields {
						l.note(&l.inner[f], &seenInner[f], value, s.B)
					}
				})
			}
			return
		}
		if f := fieldOf(name); f != notAField {
			l.note(&l.outer[f], &seenOuter[f], value, s.B)
		}
	})
}

// note takes a member in. The last of duplicates wins, but null counts as absent.
func (l *layout) note(to *span, seen *bool, value span, b []byte) {
	l.odd = l.odd || *seen
	*seen = true
	if b[value.Start] != 'n' {
		*to = value
	}
}

// reduced appends to dst a record with the same meaning as the one that l was read from, but with nothing in it that
// has none: unknown members, earlier duplicates, the contents of what is of a wrong type.
func (l *layout) reduced(dst, event []byte) []byte {
	dst = append(dst, '{')
	for range l.kinesisTimes {
		dst = append(dst, `"kinesis":`...)
		switch {
		case l.kinesis.Absent():
			dst = append(dst, "null"...)
		case event[l.kinesis.Start] != '{':
			dst = appendScalar(dst, event, l.kinesis)
		default:
			dst = appendFields(append(dst, '{'), event, l.inner[:])
			dst = append(dst, '}')
		}
		dst = append(dst, ',')
		if l.kinesisTimes > 1 {
			dst = append(dst, `"kinesis":null,`...) // twice says it all
			break
		}
	}
	dst = appendFields(dst, event, l.outer[:])
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
