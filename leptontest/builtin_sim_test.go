package leptontest_test

import (
	"testing"

	"github.com/leptonsched/lepton/leptontest"
	"github.com/leptonsched/lepton/sim"
	"github.com/stretchr/testify/require"
)

func TestBatchEnvironment(t *testing.T) {
	trace, err := sim.Lublin(sim.LublinOptions{Jobs: 2000, Seed: 1})
	require.NoError(t, err)
	for name, o := range map[string]sim.BatchEnvOptions{
		"batch":                      {Length: 64},
		"batch, reference, terminal": {Length: 64, Batch: sim.BatchOptions{Backfill: sim.BackfillReference}, Terminal: true},
		"batch, EASY, utilization":   {Length: 64, Batch: sim.BatchOptions{Backfill: sim.BackfillEASY}, Reward: sim.RewardUtilization},
	} {
		t.Run(name, func(t *testing.T) {
			env, err := sim.NewBatchEnv(trace, o)
			require.NoError(t, err)
			leptontest.Environment(t, env, leptontest.EnvironmentOptions{})
		})
	}
}

func TestBatchQueue(t *testing.T) {
	long := &sim.BatchState{Clock: 1 << 40, Procs: 256, Nodes: 256, FreeNodes: 256}
	for i := range int64(100) {
		long.Queue = append(long.Queue, sim.QueuedJob{ID: i, Submit: i, Procs: 1 + i, Nodes: 1 + i, Request: i * i, Predicted: float64(i)})
	}
	long.Queued = len(long.Queue)
	states := []*sim.BatchState{
		{Procs: 1, Nodes: 1, Queued: 1, Queue: []sim.QueuedJob{{ID: 1, Procs: 1, Nodes: 1}}},
		{Clock: 50, Procs: 128, Nodes: 64, FreeNodes: 3, Queued: 2,
			Queue: []sim.QueuedJob{
				{ID: 4, Submit: 10, Procs: 8, Nodes: 4, Request: 3600, Predicted: 60},
				{ID: 9, Submit: 50, Procs: 128, Nodes: 64, Request: -1, Predicted: -1},
			},
			Running: []sim.RunningJob{{QueuedJob: sim.QueuedJob{ID: 2, Procs: 122, Nodes: 61, Request: 100, Predicted: 90}, Start: 5}}},
		long,
	}
	t.Run("BatchEncoder", func(t *testing.T) {
		leptontest.StateEncoder(t, sim.BatchEncoder(), states, leptontest.EncoderOptions{})
	})
	t.Run("BatchActions", func(t *testing.T) {
		leptontest.ActionSpace(t, sim.BatchActions(0), states, leptontest.SpaceOptions{})
	})
	t.Run("BatchActions limited", func(t *testing.T) {
		leptontest.ActionSpace(t, sim.BatchActions(10), states, leptontest.SpaceOptions{})
	})
}
