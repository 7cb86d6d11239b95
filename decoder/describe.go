package decoder

import "example.com/sluice/internal/jsonscan"

// describe says what an event without records looks like, going by the names of
// its members. The scanner has passed the event.
func describe(event []byte) string {
	s := jsonscan.Scanner{B: event}
	i := jsonscan.SkipSpace(event, jsonscan.SkipSpace(event, 0)+1)
	if event[i] == '}' {
		return "it is {}"
	}
	names := map[string]bool{}
	for len(names) < 64 {
		name, value, _ := s.Member(i)
		names[clip(jsonscan.Unescaped(name.Of(event)))] = true
		end, _ := s.Value(value, 1)
		if i = jsonscan.SkipSpace(event, end); event[i] == '}' {
			break
		}
		i++
	}
	for _, k := range kinds {
		if names[k.member] {
			return "it looks like " + k.what
		}
	}
	return "it has no Records"
}

// kinds are events of other services, each known by a member; the first match
// names the event.
var kinds = []struct{ member, what string }{
	{"detail-type", "an EventBridge event"},
	{"awslogs", "a CloudWatch Logs subscription"},
	{"deliveryStreamArn", "a Firehose transformation"},
	{"routeKey", "an API Gateway request"},
	{"httpMethod", "an API Gateway or load balancer request"},
	{"KinesisBatchInfo", "an on-failure record of an event source mapping"},
	{"DDBStreamBatchInfo", "an on-failure record of an event source mapping"},
	{"requestContext", "an API request"},
	{"authorizationToken", "an API Gateway authorizer request"},
	{"triggerSource", "a Cognito trigger"},
	{"bootstrapServers", "a Kafka event"},
	{"rmqMessagesByQueue", "an MQ event"},
	{"invocationSchemaVersion", "an S3 batch job"},
	{"records", "an event with \"records\" in lower case"},
}

// sources are the services that write {"Records":[…]}, by the event source in a
// record.
var sources = map[string]string{
	"aws:s3":         "an S3 event",
	"aws:sqs":        "an SQS event",
	"aws:sns":        "an SNS event",
	"aws:ses":        "an SES event",
	"aws:dynamodb":   "a DynamoDB stream event",
	"aws:kafka":      "a Kafka event",
	"aws:codecommit": "a CodeCommit event",
}

// describeRecord names the service that wrote the record at i, an object that
// the scanner has passed.
func describeRecord(event []byte, i int) string {
	s := jsonscan.Scanner{B: event}
	what := "its records are not from Kinesis"
	s.EachMember(i, func(name []byte, _ bool, value span) {
		switch string(name) {
		case "eventSource", "EventSource":
			if text := value.Of(event); text[0] == '"' {
				source := string(jsonscan.Unescaped(text[1 : len(text)-1]))
				if service, known := sources[source]; known {
					what = "it looks like " + service
				} else {
					what = "its records are from " + clip(source)
				}
			}
		case "cf":
			what = "it looks like a CloudFront event"
		}
	})
	return what
}
