package sizing

import (
	"fmt"
	"math"
	"time"
)

// Usage is what a million records use up, in the units that AWS bills.
// DocLambdaPrice, DocStreamPrice.
type Usage struct {
	Requests           float64 // of the function
	GBSeconds          float64 // of the function
	ShardHours         float64 // of a provisioned stream
	PutUnits           float64 // of 25 KB, rounded up for each record
	FanOutShardHours   float64 // 0 without enhanced fan-out
	FanOutGB           float64 // likewise
	ExtendedShardHours float64 // of a retention above 24 hours and up to 7 days; 0 where it is not
}

// Use returns what a million records use up under the plan.
func (p *Plan) Use(l Load) Usage {
	const million = 1e6
	u := Usage{
		Requests:   million / p.Records,
		ShardHours: float64(p.Shards) * million / l.Rate / 3600,
		PutUnits:   million * math.Max(1, math.Ceil(l.RecordBytes/putUnit)),
	}
	billed := math.Ceil(float64(p.Duration) / float64(time.Millisecond)) // in whole milliseconds
	u.GBSeconds = u.Requests * billed / 1000 * float64(p.Memory) / 1024
	if l.FanOut {
		u.FanOutShardHours = u.ShardHours
		u.FanOutGB = million * l.RecordBytes / (1 << 30)
	}
	if p.Retention > minRetention { // above seven days it costs this too
		u.ExtendedShardHours = u.ShardHours
	}
	return u
}

// Prices are AWS's, in one currency. They differ by region and over time, so
// there are no defaults: 0 means not known.
type Prices struct {
	MillionRequests   float64
	GBSecond          float64
	ShardHour         float64
	MillionPutUnits   float64
	FanOutShardHour   float64
	FanOutGB          float64
	ExtendedShardHour float64
}

// Item is one line of a bill for a million records. Known reports whether it
// has a price.
type Item struct {
	Name   string  `json:"name"`
	Amount float64 `json:"amount"`
	Unit   string  `json:"unit"`
	Price  float64 `json:"price,omitempty"` // of a unit
	Cost   float64 `json:"cost,omitempty"`
	Known  bool    `json:"known"`
	Doc    string  `json:"doc"`
}

// Bill lists what a million records cost. complete reports whether every item
// has a price.
func Bill(u Usage, p Prices) (items []Item, total float64, complete bool) {
	complete = true
	for _, i := range []Item{
		{Name: "requests", Amount: u.Requests / 1e6, Unit: "million", Price: p.MillionRequests, Doc: DocLambdaPrice},
		{Name: "duration", Amount: u.GBSeconds, Unit: "GB-second", Price: p.GBSecond, Doc: DocLambdaPrice},
		{Name: "shards", Amount: u.ShardHours, Unit: "shard-hour", Price: p.ShardHour, Doc: DocStreamPrice},
		{
			Name: "puts", Amount: u.PutUnits / 1e6, Unit: "million units of 25 KB", Price: p.MillionPutUnits,
			Doc: DocStreamPrice,
		},
		{
			Name: "fan-out shards", Amount: u.FanOutShardHours, Unit: "consumer-shard-hour", Price: p.FanOutShardHour,
			Doc: DocStreamPrice,
		},
		{Name: "fan-out data", Amount: u.FanOutGB, Unit: "GB", Price: p.FanOutGB, Doc: DocStreamPrice},
		{
			Name: "retention above 24 h", Amount: u.ExtendedShardHours, Unit: "shard-hour", Price: p.ExtendedShardHour,
			Doc: DocStreamPrice,
		},
	} {
		if i.Amount == 0 {
			continue
		}
		if i.Known = i.Price > 0; i.Known {
			i.Cost = i.Amount * i.Price
			total += i.Cost
		} else {
			complete = false
		}
		items = append(items, i)
	}
	return items, total, complete
}

// Check rejects prices that make no sense.
func (p Prices) Check() error {
	for _, v := range []float64{
		p.MillionRequests, p.GBSecond, p.ShardHour, p.MillionPutUnits, p.FanOutShardHour,
		p.FanOutGB, p.ExtendedShardHour,
	} {
		if !(v >= 0) || math.IsInf(v, 1) {
			return fmt.Errorf("%v is no price", v)
		}
	}
	return nil
}
