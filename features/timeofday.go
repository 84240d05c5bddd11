package features

import (
	"math"
	"time"
)

// TimeOfDay is the time of day as a point on a circle, so that 23:59 lies next to 00:00: the columns
// name.sin and name.cos of 2π·(share of the day gone by on the clock). The state carries the time, in
// the location whose clock matters.
func TimeOfDay[T any](name string, get func(T) time.Time) Feature[T] {
	return group([]string{name + ".sin", name + ".cos"}, get != nil, nil, func(row []float64, x T) {
		t := get(x)
		hour, minute, second := t.Clock()
		seconds := float64(hour*3600+minute*60+second) + float64(t.Nanosecond())*1e-9
		row[0], row[1] = math.Sincos(2 * math.Pi * seconds / 86400)
	})
}
