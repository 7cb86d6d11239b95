// Command sluice is a function that reads its events with this library.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/sluice/bench/internal/sum"
	"example.com/sluice/bench/internal/sum/record"
	"example.com/sluice/decoder"
	"example.com/sluice/router"
)

func main() {
	var total sum.Sum
	each := func(_ context.Context, rec *decoder.Record) error {
		record.Add(&total, rec)
		return nil
	}
	var opts []router.Option
	if os.Getenv("PRINT_SUM") != "" {
		opts = append(opts, router.WithStats(func(context.Context, router.Stats) { fmt.Println(uint64(total)) }))
	}
	lambda.Start(router.New(router.Each(each), opts...))
}
