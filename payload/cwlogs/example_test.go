package cwlogs_test

import (
	"fmt"
	"time"

	"example.com/sluice/payload/cwlogs"
)

func ExampleEvents() {
	data := gzipped(message(first, second) + control) // a record's data
	for e, err := range cwlogs.Events(data) {
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Printf("%s %s %s", e.LogGroup, e.Timestamp.Format(time.StampMilli), e.Message)
		for name, value := range e.ExtractedFields() {
			if string(name) == "level" {
				fmt.Printf("  level %s\n", value)
			}
		}
	}
	// Output:
	// /aws/lambda/orders Nov 18 10:09:15.137 START RequestId: 7
	// /aws/lambda/orders Nov 18 10:09:15.138 {"level":"info","msg":"café 😀"}
	//   level info
}
