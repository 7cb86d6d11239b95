package emf_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
	"example.com/sluice/router/emf"
	"example.com/sluice/router/routertest"
)

// A line of metrics an invocation. In Lambda the writer is os.Stdout, and that
// is all it takes.
func ExampleNew() {
	lines, stdout := io.Pipe()
	r := router.New(
		router.Each(func(context.Context, *decoder.Record) error { return nil }),
		router.WithStats(emf.New(stdout, emf.Options{
			Namespace:  "Orders",
			Dimensions: map[string]string{"Stage": "prod"},
			Metrics: func(_ context.Context, s router.Stats, dst []emf.Metric) []emf.Metric {
				return append(dst, emf.Metric{Name: "Kilobytes", Unit: "Kilobytes", Value: float64(s.Bytes) / 1024})
			},
		})),
	)
	go r.Invoke(context.Background(), routertest.Event{Records: 8, Size: 256}.Bytes())

	var line struct {
		StreamName, Stage          string
		Records, Failed, Kilobytes float64
	}
	if err := json.NewDecoder(lines).Decode(&line); err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%+v\n", line)
	// Output:
	// {StreamName:orders Stage:prod Records:8 Failed:0 Kilobytes:2}
}
