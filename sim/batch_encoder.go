package sim

import (
	"math"

	"github.com/leptonsched/lepton"
)

// BatchEncoder returns the features of a batch queue that all jobs of a decision share, about 0 to 1 each and
// relative to the machine, so that one policy serves machines of any size: how much waits, how much runs,
// what is free, the time of day (UTC). Times enter as log(1+s)/log(1+one week). Costs O(queue + running),
// allocates nothing.
func BatchEncoder() lepton.StateEncoder[*BatchState] { return batchEncoder{} }

type batchEncoder struct{}

// FeatureNames names the features.
func (batchEncoder) FeatureNames() []string {
	return []string{"free", "queued", "queued_nodes", "queued_work", "queued_run",
		"running", "running_work", "next_end", "day_sin", "day_cos"}
}

// StateDim is the number of features.
func (batchEncoder) StateDim() int { return 10 }

// AppendState appends the features of s, in the order of FeatureNames.
func (batchEncoder) AppendState(dst []float64, s *BatchState) []float64 {
	perNode := 1 / float64(max(s.Nodes, 1))
	var nodes, work, meanRun float64
	for i := range s.Queue {
		j := &s.Queue[i]
		share := float64(j.Nodes) * perNode
		nodes += share
		work += share * max(j.Predicted, 0)
	}
	meanRun = meanLogRun(s.Queue)
	var runningWork, nextEnd float64
	for i := range s.Running {
		r := &s.Running[i]
		left := max(float64(r.Start)+r.Predicted-float64(s.Clock), 0)
		runningWork += left * float64(r.Nodes) * perNode
		if i == 0 || left < nextEnd {
			nextEnd = left
		}
	}
	sin, cos := math.Sincos(2 * math.Pi * secondOfDay(s.UnixStart+s.Clock) / secondsPerDay)
	return append(dst,
		float64(s.FreeNodes)*perNode,
		math.Log1p(float64(s.Queued))/logThousand,
		math.Log1p(nodes)/logThousand,
		logTime(work),
		meanRun,
		math.Log1p(float64(len(s.Running)))/logThousand,
		logTime(runningWork),
		logTime(nextEnd),
		sin, cos)
}

const secondsPerDay = 24 * 60 * 60

var (
	logWeek     = math.Log(1 + 7*secondsPerDay)
	logThousand = math.Log(1000)
)

// logTime is log(1+s)/log(1+one week); what is not positive counts as 0.
func logTime(s float64) float64 {
	if s > 0 {
		return math.Log(1+s) / logWeek
	}
	return 0
}

// meanLogRun is the mean of logTime over the predicted run times of queue; 0 for none.
func meanLogRun(queue []QueuedJob) float64 {
	if len(queue) == 0 {
		return 0
	}
	// The log of a product costs one log for many factors: factors below 2^37 (maxTime), 26 of them below 2^962.
	sum, product := 0.0, 1.0
	for i := range queue {
		product *= 1 + min(max(queue[i].Predicted, 0), maxTime)
		if i%26 == 25 {
			sum += math.Log(product)
			product = 1
		}
	}
	sum += math.Log(product)
	return sum / logWeek / float64(len(queue))
}

// secondOfDay is the second of the day of a Unix time, also before 1970.
func secondOfDay(unix int64) float64 {
	return float64((unix%secondsPerDay + secondsPerDay) % secondsPerDay)
}
