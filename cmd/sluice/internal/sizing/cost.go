package sizing

import (
	"math"
	"time"
)

// Item is one line of a bill for a million records: what they use up, in the
// unit that AWS bills. Known reports whether it has a price.
type Item struct {
	Name   string  `json:"name"`
	Amount float64 `json:"amount"`
	Unit   string  `json:"unit"`
	Price  float64 `json:"price,omitempty"` // of a unit
	Cost   float64 `json:"cost,omitempty"`
	Known  bool    `json:"known"`
	Doc    string  `json:"doc"`
}

// Prices are AWS's, in one currency, by the names of items. They differ by
// region and over time, so there are no defaults: 0 means not known.
type Prices map[string]*float64

// Bill lists what a million records use up under the plan, and what that costs.
// complete reports whether every item has a price. DocLambdaPrice,
// DocStreamPrice.
func (p *Plan) Bill(l Load, prices Prices) (items []Item, total float64, complete bool) {
	const million = 1e6
	requests := million / p.Records
	billed := math.Ceil(float64(p.Duration) / float64(time.Millisecond)) // in whole milliseconds
	shardHours := float64(p.Shards) * million / l.Rate / 3600
	all := []Item{
		{Name: "requests", Amount: requests / million, Unit: "million", Doc: DocLambdaPrice},
		{
			Name: "duration", Amount: requests * billed / 1000 * float64(p.Memory) / 1024, Unit: "GB-second",
			Doc: DocLambdaPrice,
		},
		{Name: "shards", Amount: shardHours, Unit: "shard-hour", Doc: DocStreamPrice},
		{
			Name: "puts", Amount: math.Max(1, math.Ceil(l.RecordBytes/putUnit)), Unit: "million units of 25 KB",
			Doc: DocStreamPrice,
		},
	}
	if l.FanOut {
		all = append(all,
			Item{Name: "fan-out shards", Amount: shardHours, Unit: "consumer-shard-hour", Doc: DocStreamPrice},
			Item{Name: "fan-out data", Amount: million * l.RecordBytes / (1 << 30), Unit: "GB", Doc: DocStreamPrice})
	}
	if p.Retention > minRetention { // above seven days it costs more than this
		all = append(all,
			Item{Name: "retention above 24 h", Amount: shardHours, Unit: "shard-hour", Doc: DocStreamPrice})
	}
	complete = true
	for _, i := range all {
		if price := prices[i.Name]; price != nil {
			i.Price = *price
		}
		i.Known, i.Cost = i.Price > 0, i.Amount*i.Price
		total += i.Cost
		complete = complete && i.Known
		items = append(items, i)
	}
	return items, total, complete
}
