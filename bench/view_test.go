package bench

import (
	"time"

	"github.com/segmentio/asm/base64"
)

// view is a record as the contenders see it that fill no struct of their own:
// they read one record after the other into the same view, without copying what
// they need not copy.
type view struct {
	partitionKey, sequenceNumber, data, eventID  []byte
	kinesisSchemaVersion, encryptionType         []byte
	eventSource, eventVersion, eventName         []byte
	eventSourceARN, invokeIdentityARN, awsRegion []byte
	arrival                                      time.Time

	buffer []byte // holds data; reused
}

// reset makes the view ready for the next record. It keeps the buffer.
func (v *view) reset() { *v = view{buffer: v.buffer} }

// setData decodes the base64 of data with SIMD instructions, since these
// contenders leave base64 to the user.
func (v *view) setData(text []byte) error {
	if need := base64.StdEncoding.DecodedLen(len(text)); need > cap(v.buffer) {
		v.buffer = make([]byte, need)
	}
	n, err := base64.StdEncoding.Decode(v.buffer[:cap(v.buffer)], text)
	v.data = v.buffer[:n]
	return err
}

// setArrival takes the seconds that it is given as the peers do, through a
// float.
func (v *view) setArrival(epoch float64) {
	seconds := int64(epoch)
	v.arrival = time.Unix(seconds, int64((epoch-float64(seconds))*1e9)).UTC()
}

// field returns where the string member of that name goes, nil where it is none
// of the type's.
func (v *view) field(name string) *[]byte {
	switch name {
	case "kinesisSchemaVersion":
		return &v.kinesisSchemaVersion
	case "partitionKey":
		return &v.partitionKey
	case "sequenceNumber":
		return &v.sequenceNumber
	case "encryptionType":
		return &v.encryptionType
	case "eventSource":
		return &v.eventSource
	case "eventVersion":
		return &v.eventVersion
	case "eventID":
		return &v.eventID
	case "eventName":
		return &v.eventName
	case "invokeIdentityArn":
		return &v.invokeIdentityARN
	case "awsRegion":
		return &v.awsRegion
	case "eventSourceARN":
		return &v.eventSourceARN
	}
	return nil
}
