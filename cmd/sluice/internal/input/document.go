package input

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"example.com/sluice/cmd/sluice/internal/screen"
	"example.com/sluice/internal/jsonview"
)

// Document is an event in a file, or why there is none.
type Document struct {
	Part  string       // where in the file: "line 3, message 2"; "" where the file is this one event
	Form  string       // what it was taken out of, from the outside in; "" where it stands as it is
	About *FailedBatch // what Lambda says about how the event was handled; often nil
	Event []byte
	Made  bool // whether the event was made of records that do not say which shard they are from
	Err   error
}

// Name is what the document is called in messages.
func (d *Document) Name(f File) string {
	if d.Part == "" {
		return f.Name
	}
	return f.Name + ", " + d.Part
}

// FailedBatch is what Lambda says about an event that it gave up, under the
// names that Lambda gives. Members that no command needs are left out.
type FailedBatch struct {
	RequestContext struct {
		RequestID              string `json:"requestId"`
		FunctionARN            string `json:"functionArn"`
		Condition              string `json:"condition"`
		ApproximateInvokeCount number `json:"approximateInvokeCount"`
	} `json:"requestContext"`
	Timestamp        string `json:"timestamp"`
	KinesisBatchInfo struct {
		ShardID             string `json:"shardId"`
		StartSequenceNumber string `json:"startSequenceNumber"`
		EndSequenceNumber   string `json:"endSequenceNumber"`
		StreamARN           string `json:"streamArn"`
	} `json:"KinesisBatchInfo"`
}

// number is a whole number, however it is written: what passes the event on may
// write 3 as 3.0. What is none, or does not fit, is 0: no batch is lost for it.
type number int

// UnmarshalJSON returns no error.
func (n *number) UnmarshalJSON(value []byte) error {
	if whole, ok := jsonview.Int64(value); ok && int64(int(whole)) == whole {
		*n = number(whole)
	}
	return nil
}

// Invocations is how often the function was given the batch, "" where that is
// not known.
func (b *FailedBatch) Invocations() string {
	if n := b.RequestContext.ApproximateInvokeCount; n > 0 {
		return strconv.Itoa(int(n))
	}
	return ""
}

// Succeeded reports whether the function did the event: such a record is from
// an on-success destination.
func (b *FailedBatch) Succeeded() bool { return b != nil && b.RequestContext.Condition == "Success" }

// failedBatch reads what is said about an event, nil where it has another form.
func failedBatch(value []byte) *FailedBatch {
	b := new(FailedBatch)
	if json.Unmarshal(value, b) != nil {
		return nil
	}
	return b
}

// inShell is what may stand in a shell command as it is.
var inShell = regexp.MustCompile(`^[A-Za-z0-9:/_.-]{1,256}$`)

// noPayload says which records are meant, and how to fetch them: a queue or a
// topic gets no more than that. The command fetches by range and not by count:
// with a parallelization factor or a filter the records of one batch are not
// consecutive in the shard.
func (b *FailedBatch) noPayload() error {
	i := b.KinesisBatchInfo
	err := fmt.Errorf("describes a failed batch without its records: only S3 as the destination gets them. They "+
		"are in %s, sequence numbers %s to %s",
		screen.Word(i.ShardID), screen.Word(i.StartSequenceNumber), screen.Word(i.EndSequenceNumber))
	for _, word := range []string{i.StreamARN, i.ShardID, i.StartSequenceNumber, i.EndSequenceNumber} {
		if !inShell.MatchString(word) {
			return err
		}
	}
	return fmt.Errorf(`%[1]w. While the stream has them, this fetches them in a form that is read here: `+
		`aws kinesis get-records --query "Records[?to_number(SequenceNumber)<=to_number('%[5]s')]" `+
		`--shard-iterator "$(aws kinesis get-shard-iterator --stream-arn %[2]s --shard-id %[3]s `+
		`--shard-iterator-type AT_SEQUENCE_NUMBER --starting-sequence-number %[4]s --query ShardIterator `+
		`--output text)" --output json > FILE. sluice redrive then needs -stream %[2]s -shard %[3]s beside FILE. `+
		`With a parallelization factor or a filter it brings records of other batches as well: `+
		`duplicates, never a loss. One call gives at most 10 MB: the last record should be %[5]s`,
		err, i.StreamARN, i.ShardID, i.StartSequenceNumber, i.EndSequenceNumber)
}

// Origin is where records are from that do not say it themselves. Its fields
// are written into JSON as they are: Check them first.
type Origin struct{ StreamARN, ShardID string }

var (
	streamARN = regexp.MustCompile(`^arn:[a-z0-9-]+:kinesis:[a-z0-9-]+:[0-9]{12}:stream/[a-zA-Z0-9_.-]{1,128}$`)
	shardID   = regexp.MustCompile(`^shardId-[a-zA-Z0-9_.-]{1,120}$`)
)

// Check says what is wrong with the flags -stream and -shard, which come
// together or not at all.
func (o Origin) Check() error {
	switch {
	case o == Origin{}:
		return nil
	case !streamARN.MatchString(o.StreamARN):
		return fmt.Errorf("-stream: want a stream's ARN, not %.64q", o.StreamARN)
	case !shardID.MatchString(o.ShardID):
		return fmt.Errorf("-shard: want a shard's ID, such as shardId-000000000000, not %.64q", o.ShardID)
	}
	return nil
}

// Place is an error's text without the decoder's opening words, which say no
// more than what the program is for.
func Place(err error) string { return strings.TrimPrefix(err.Error(), "kinesis event: ") }
