// Command events is a function in the style of aws-lambda-go, which passes it
// an events.KinesisEvent.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"example.com/sluice/bench/internal/sum"
	"example.com/sluice/bench/internal/sum/event"
)

func main() {
	var total sum.Sum
	show := os.Getenv("PRINT_SUM") != ""
	lambda.Start(func(_ context.Context, e events.KinesisEvent) (events.KinesisEventResponse, error) {
		event.Add(&total, &e)
		if show {
			fmt.Println(uint64(total))
		}
		return events.KinesisEventResponse{BatchItemFailures: []events.KinesisBatchItemFailure{}}, nil
	})
}
