package sim

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBatchMetricsByHand: 4 processors; job 1 (3 processors) runs 0 to 100, job 2 waits from 10 to 100 and runs 20 on 2,
// job 3 starts when it comes, at 50, and ends at once. Bounded slowdowns 1, (90 + 20)/20 = 5.5 and max(1, 0/10) = 1.
func TestBatchMetricsByHand(t *testing.T) {
	r := BatchResult{
		Jobs: []Job{
			{Submit: 0, Run: 100, Procs: 3, User: 1},
			{Submit: 10, Run: 20, Procs: 2, User: 2},
			{Submit: 50, Run: 0, Procs: 1, User: 1},
			{Submit: 60, Run: 7, Procs: 1, User: 3}, // not started: does not count
		},
		Starts:  []int64{0, 100, 50, NotStarted},
		Order:   []int32{0, 2, 1},
		Machine: Machine{Procs: 4, Nodes: 4},
	}
	want := map[string]float64{
		"avg_bsld": 7.5 / 3, "p95_bsld": 5.5, "avg_wait": 30, "max_wait": 90, "sum_wait": 90, "avg_turnaround": (100 + 110) / 3.,
		"makespan": 120, "last_start": 100, "util_makespan": 340. / (120 * 4), "util_rls": 340. / (100 * 4),
		"user_bsld": 5.5 / 2.5, "jain_bsld": 6.5 * 6.5 / (2 * (1 + 5.5*5.5)),
	}
	require.Len(t, want, len(BatchMetricNames()))
	m := r.Metrics()
	assert.Equal(t, 3, m.Jobs)
	for _, name := range BatchMetricNames() {
		got, ok := m.Value(name)
		require.True(t, ok, name)
		assert.InDelta(t, want[name], got, 1e-12, name)
	}
	_, ok := m.Value("avg_slowdown")
	assert.False(t, ok)
}

func TestBatchMetricsOfLittle(t *testing.T) {
	none := BatchResult{Jobs: []Job{{}}, Starts: []int64{NotStarted}, Machine: Machine{Procs: 4}}.Metrics()
	for _, name := range []string{"avg_bsld", "p95_bsld", "avg_wait", "util_makespan", "user_bsld", "jain_bsld"} {
		v, _ := none.Value(name)
		assert.True(t, math.IsNaN(v), "%s of nothing is %v", name, v)
	}
	one := BatchResult{Jobs: []Job{{Submit: -5, Run: 8, Procs: 2}}, Starts: []int64{-5}, Order: []int32{0}, Machine: Machine{Procs: 4}}.Metrics()
	assert.Equal(t, 1.0, one.AvgBSLD)
	assert.Equal(t, 1.0, one.JainBSLD)
	assert.Equal(t, 0.5, one.UtilMakespan)
	assert.True(t, math.IsNaN(one.UtilRLS), "no time until the last start")
}

func TestP95IsTheSmallestValueThatCovers(t *testing.T) {
	for _, c := range []struct{ n, want int }{{1, 1}, {2, 2}, {19, 19}, {20, 19}, {21, 20}, {100, 95}} {
		r := BatchResult{Machine: Machine{Procs: 1}}
		for i := range c.n {
			r.Jobs = append(r.Jobs, Job{Run: 10, Procs: 1})
			r.Starts = append(r.Starts, int64(10*i)) // slowdown i + 1
			r.Order = append(r.Order, int32(i))
		}
		assert.InDelta(t, float64(c.want), r.Metrics().P95BSLD, 1e-12, "%d jobs", c.n)
	}
}
