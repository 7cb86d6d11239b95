// Package dynamodb reads the changes that a DynamoDB table writes to a Kinesis
// stream.
//
// Each record's data is a JSON object that describes a change of an item.
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
// AWS promises less here than for DynamoDB's own streams: a change may appear
// in the stream more than once, and changes may appear in another order than
// they were made. If that matters, compare [Change.Time] for each item: a
// change that is older than the newest one applied is late or a repetition, and
// between two changes with the same time only the images can decide. Configure
// the table's stream for microseconds to tell more changes apart.
package dynamodb

import (
	"bytes"
	"fmt"
	"math"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/sluice/decoder"
	"example.com/sluice/internal/jsonscan"
	"example.com/sluice/internal/jsonview"
)

// Change is a change of an item. Its strings are copies; its byte slices are
// views of the data that it was parsed from and live as long as that.
// [Change.Clone] copies them.
type Change struct {
	_ struct{} // more fields may come

	TableName string
	EventName string // "INSERT", "MODIFY" or "REMOVE"
	EventID   string
	AWSRegion string

	// UserIdentity is who made the change, if DynamoDB says so. For items that
	// expired it is {Type: "Service", PrincipalID: "dynamodb.amazonaws.com"},
	// see [Change.Expired]; otherwise it is zero.
	UserIdentity events.DynamoDBUserIdentity

	// Time is when the change was made (ApproximateCreationDateTime), in UTC,
	// in the Precision that the table's stream is configured for. Emulators
	// write seconds, so a number below 1e11 counts as seconds whatever the
	// precision says: as milliseconds it would be before 1973, long before
	// tables could write to a stream.
	Time      time.Time
	Precision time.Duration // time.Millisecond, time.Microsecond or time.Second; 0 without a Time

	// Keys, NewImage and OldImage are objects of attributes in DynamoDB's JSON,
	// as they stand in the data; [Attributes] decodes them. NewImage is nil if
	// the item was removed, OldImage if it was inserted.
	Keys, NewImage, OldImage []byte

	SizeBytes int64 // the size of keys and images as DynamoDB counts it
}

// Expired reports whether DynamoDB itself removed the item because its time to
// live had passed.
func (c *Change) Expired() bool {
	by := c.UserIdentity
	return c.EventName == "REMOVE" && by.Type == "Service" && by.PrincipalID == "dynamodb.amazonaws.com"
}

// Parse reads a record's data into c, as far as it gets. The errors are
// decoder.ErrSyntax and ErrTooLarge (nesting deeper than 300) for data that is
// not JSON, and ErrMissing and ErrType for JSON that is no change: tableName,
// eventName and Keys are required, and each known member must have its type.
//
// Member names are case-sensitive, unknown ones are ignored, null counts as
// absent, and the last of duplicates wins. Numbers count by their value: 59,
// 59.0 and 5.9e1 are the same.
func (c *Change) Parse(data []byte) error {
	*c = Change{}
	end, err := jsonscan.Scan(data)
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

// reader reads members and keeps the first error.
type reader struct{ err error }

func (r *reader) fail(name string, err error) {
	if r.err == nil {
		r.err = fmt.Errorf("%s: %w", name, err)
	}
}

func (r *reader) wrongType(name, want string) {
	r.fail(name, fmt.Errorf("%w: not %s", decoder.ErrType, want))
}

// object calls f for each member of an object that is not null.
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

// dynamodb reads the inner object. If it appears twice, the last one wins.
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

// timeOf interprets a number by its size and, where that leaves a choice, by
// the precision that the record claims: in milliseconds, 1e11 is 1973 and 1e14
// the year 5138; in microseconds, 1e14 is 1973. It rejects times that RFC 3339
// and the JSON form of time.Time cannot write.
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

// Clone returns a copy of c that does not share memory with the data.
func (c *Change) Clone() Change {
	d := *c
	d.Keys, d.NewImage, d.OldImage = bytes.Clone(c.Keys), bytes.Clone(c.NewImage), bytes.Clone(c.OldImage)
	return d
}
