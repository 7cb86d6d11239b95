// Package dynamodb reads the changes that a DynamoDB table writes to a Kinesis
// stream.
//
// Each record's data is a JSON object that describes one change of one item.
// (Format: DynamoDB developer guide, "Using Kinesis Data Streams to capture
// changes to DynamoDB".)
//
//	var c dynamodb.Change
//	if err := c.Parse(rec.Data); err != nil {
//		return err
//	}
//	image, err := dynamodb.Attributes(c.NewImage)
//
// # Duplicates and disorder
//
// AWS promises less here than for DynamoDB's own streams: a change may be
// written to the stream more than once, and changes may stand in another order
// than that in which the item has changed. Who cares must compare [Change.Time]
// for each key: what is older than the newest change applied to that key comes
// late or again, and of two changes with the same time the images are what
// there is to go by. To be able to tell more changes apart the table's stream
// should have times in microseconds.
package dynamodb

import (
	"bytes"
	"fmt"
	"math"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/sluice/decoder"
	"example.com/sluice/internal/jsonview"
)

// Change is a change of an item. Its strings are copies; the byte slices are
// views of the data that it was read from, valid as long as that is. Clone
// keeps a Change.
type Change struct {
	TableName string
	EventName string // "INSERT", "MODIFY" or "REMOVE"
	EventID   string
	AWSRegion string

	// UserIdentity is who has made the change where DynamoDB says so: for items
	// that have expired it is {Type: "Service", PrincipalID:
	// "dynamodb.amazonaws.com"}. Else it is zero.
	UserIdentity events.DynamoDBUserIdentity

	// Time is when the change was made, in UTC, to the millisecond or
	// microsecond, whichever the table's stream is configured to have; see
	// Precision. It is the member ApproximateCreationDateTime. A number below
	// 1e11 is seconds, whatever is said of it, as emulators write it: in
	// milliseconds that is before 1973, and no table wrote changes to a stream
	// before 2020.
	Time      time.Time
	Precision time.Duration // time.Millisecond, time.Microsecond or time.Second

	// Keys, NewImage and OldImage are objects of attributes as they stand in
	// the data, in DynamoDB's JSON; see [Attributes]. NewImage is nil where the
	// item is removed, OldImage where it is inserted.
	Keys, NewImage, OldImage []byte

	SizeBytes int64 // as DynamoDB counts it, of keys and images
}

// Expired is whether DynamoDB itself has removed the item, since its time to
// live was over.
func (c *Change) Expired() bool {
	return c.EventName == "REMOVE" && c.UserIdentity.Type == "Service" && c.UserIdentity.PrincipalID == "dynamodb.amazonaws.com"
}

// Parse reads a record's data into c. Its errors are decoder.ErrSyntax and
// ErrTooLarge for what is not JSON, ErrMissing and ErrType for what is no
// change: tableName, eventName and Keys must be there, and each member that is
// known must have its type. c is then set as far as that goes. Numbers count by
// their value, however they are written: 59, 59.0 and 5.9e1 are one. Member
// names are case-sensitive, unknown ones are passed over, null counts as
// absent, the last of duplicates wins.
func (c *Change) Parse(data []byte) error {
	*c = Change{}
	end, err := decoder.ScanJSON(data)
	if err != nil {
		return err
	}
	if rest := bytes.TrimLeft(data[end:], " \t\r\n"); len(rest) > 0 {
		return fmt.Errorf("%w at byte %d", decoder.ErrSyntax, len(data)-len(rest))
	}
	r := reader{}
	r.object(data[:end], "data", func(name string, value []byte) {
		switch name {
		case "tableName":
			r.text(&c.TableName, name, value)
		case "eventName":
			r.text(&c.EventName, name, value)
		case "eventID":
			r.text(&c.EventID, name, value)
		case "awsRegion":
			r.text(&c.AWSRegion, name, value)
		case "userIdentity":
			c.UserIdentity = events.DynamoDBUserIdentity{}
			r.object(value, name, func(name string, value []byte) {
				switch name {
				case "type":
					r.text(&c.UserIdentity.Type, "userIdentity.type", value)
				case "principalId":
					r.text(&c.UserIdentity.PrincipalID, "userIdentity.principalId", value)
				}
			})
		case "dynamodb":
			r.dynamodb(c, value)
		}
	})
	for _, m := range []struct {
		name    string
		present bool
	}{{"tableName", c.TableName != ""}, {"eventName", c.EventName != ""}, {"dynamodb.Keys", c.Keys != nil}} {
		if !m.present {
			r.fail(m.name, decoder.ErrMissing)
		}
	}
	return r.err
}

// reader keeps the first error.
type reader struct{ err error }

func (r *reader) fail(name string, err error) {
	if r.err == nil {
		r.err = fmt.Errorf("%s: %w", name, err)
	}
}

func (r *reader) wrongType(name, want string) {
	r.fail(name, fmt.Errorf("%w: not %s", decoder.ErrType, want))
}

// object calls f for the members of an object that are not null.
func (r *reader) object(value []byte, name string, f func(name string, value []byte)) {
	if value = bytes.TrimLeft(value, " \t\r\n"); value[0] != '{' {
		r.wrongType(name, "an object")
		return
	}
	var memory []byte
	jsonview.Members(value, func(name, value []byte) bool {
		if value[0] != 'n' {
			f(string(jsonview.Unescape(name, &memory)), value)
		}
		return true
	})
}

func (r *reader) text(to *string, name string, value []byte) {
	var memory []byte
	text, ok := jsonview.Text(value, &memory)
	if !ok {
		r.wrongType(name, "a string")
		return
	}
	*to = string(text)
}

func (r *reader) number(to *int64, name string, value []byte) bool {
	n, ok := jsonview.Int64(value)
	if !ok {
		r.wrongType(name, "a whole number of 64 bits")
		return false
	}
	*to = n
	return true
}

// dynamodb reads the inner object. Where it stands twice the last one wins.
func (r *reader) dynamodb(c *Change, value []byte) {
	c.Keys, c.NewImage, c.OldImage, c.SizeBytes = nil, nil, nil, 0
	c.Time, c.Precision = time.Time{}, 0
	var created int64
	var present bool
	precision := ""
	r.object(value, "dynamodb", func(name string, value []byte) {
		full := "dynamodb." + name
		image := func(to *[]byte) {
			if value[0] != '{' {
				r.wrongType(full, "an object")
				return
			}
			*to = value
		}
		switch name {
		case "ApproximateCreationDateTime":
			present = r.number(&created, full, value)
		case "ApproximateCreationDateTimePrecision":
			r.text(&precision, full, value)
		case "Keys":
			image(&c.Keys)
		case "NewImage":
			image(&c.NewImage)
		case "OldImage":
			image(&c.OldImage)
		case "SizeBytes":
			r.number(&c.SizeBytes, full, value)
		}
	})
	if present {
		if c.Time, c.Precision, present = timeOf(created, precision); !present {
			r.wrongType("dynamodb.ApproximateCreationDateTime", "a time before the year 10000")
		}
	}
}

// timeOf reads a time by its size and, where that fits both, by what is said of
// its precision: in milliseconds 1e11 is 1973 and 1e14 the year 5138, in
// microseconds 1e14 is 1973. It reports false for times that RFC 3339 and
// time.Time's JSON cannot write.
func timeOf(n int64, precision string) (at time.Time, unit time.Duration, ok bool) {
	size := max(n, -max(n, -math.MaxInt64))
	switch {
	case size < 1e11:
		at, unit = time.Unix(n, 0), time.Second
	case precision == "MICROSECOND" || precision != "MILLISECOND" && size >= 1e14:
		at, unit = time.UnixMicro(n), time.Microsecond
	default:
		at, unit = time.UnixMilli(n), time.Millisecond
	}
	const latest = 253402300800 // the first second of the year 10,000
	if sec := at.Unix(); sec <= -latest || sec >= latest {
		return time.Time{}, 0, false
	}
	return at.UTC(), unit, true
}

// Clone returns a copy of c that shares no memory with the data.
func (c *Change) Clone() Change {
	d := *c
	d.Keys, d.NewImage, d.OldImage = bytes.Clone(c.Keys), bytes.Clone(c.NewImage), bytes.Clone(c.OldImage)
	return d
}
