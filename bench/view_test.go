package bench

import (
	"time"

	"github.com/segmentio/asm/base64"
)

// view is a record for contenders that fill no struct of their own. They read
// all records into the same view, one after the other, and copy only what they
// must.
type view struct {
	partitionKey, sequenceNumber, data, eventID  []byte
	kinesisSchemaVersion, encryptionType         []byte
	eventSource, eventVersion, eventName         []byte
	eventSourceARN, invokeIdentityARN, awsRegion []byte
	arrival                                      time.Time

	buffer []byte // holds data, and is reused
}

// reset clears the view for the next record but keeps the buffer.
func (v *view) reset() { *v = view{buffer: v.buffer} }

// setData decodes base64 with SIMD instructions, because these contenders leave
// base64 to the user.
func (v *view) setData(text []byte) error {
	if need := base64.StdEncoding.DecodedLen(len(text)); need > cap(v.buffer) {
		v.buffer = make([]byte, need)
	}
	n, err := base64.StdEncoding.Decode(v.buffer[:cap(v.buffer)], text)
	v.data = v.buffer[:n]
	return err
}

// setArrival converts seconds as the peers do, through a float.
func (v *view) setArrival(epoch float64) {
	seconds := int64(epoch)
	v.arrival = time.Unix(seconds, int64((epoch-float64(seconds))*1e9)).UTC()
}

// field returns where the string member of this name goes, nil if the type has
// none.
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
