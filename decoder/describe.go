package decoder

// describe says what an event that is not from Kinesis looks like, from the names of its members and, where it has
// records, those of the first one.
func describe(event []byte) string {
	s := scanner{b: event}
	i := skipSpace(event, 0)
	if i < len(event) && event[i] == '[' {
		if i = skipSpace(event, i+1); i < len(event) && event[i] == '{' {
			return describeRecord(&s, i)
		}
		return "an array"
	}
	i = skipSpace(event, i+1)
	if i < len(event) && event[i] == '}' {
		return "it is {}"
	}
	names := map[string]bool{}
	for range 64 {
		name, value, f := s.member(i)
		if f != sound {
			break
		}
		key := clip(unescaped(name.of(event)))
		names[key] = true
		if key == "Records" && event[value] == '[' {
			if first := skipSpace(event, value+1); first < len(event) && event[first] == '{' {
				return describeRecord(&s, first)
			}
		}
		end, f := s.value(value, 1)
		if f != sound {
			break
		}
		if i = skipSpace(event, end); i >= len(event) || event[i] != ',' {
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

// kinds are events of other services, by a member that marks them; the first match names the event.
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

// sources are the services that write {"Records":[…]}, by the event source of a record.
var sources = map[string]string{
	"aws:s3":         "an S3 event",
	"aws:sqs":        "an SQS event",
	"aws:sns":        "an SNS event",
	"aws:ses":        "an SES event",
	"aws:dynamodb":   "a DynamoDB stream event",
	"aws:kafka":      "a Kafka event",
	"aws:codecommit": "a CodeCommit event",
}

// describeRecord names the service of the record at i. The record may not be sound to its end.
func describeRecord(s *scanner, i int) string {
	if end, f := s.value(i, 2); f != sound || s.b[end-1] != '}' {
		return "its records are not from Kinesis"
	}
	what := "its records are not from Kinesis"
	eachMember(s, i, func(name []byte, _ bool, value span) {
		switch string(name) {
		case "eventSource", "EventSource":
			if text := value.of(s.b); text[0] == '"' {
				source := string(unescaped(text[1 : len(text)-1]))
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
