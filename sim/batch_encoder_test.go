package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
)

func encodeBatch(tb testing.TB, s *BatchState) (state map[string]float64, rows []map[string]float64) {
	enc, actions := BatchEncoder(), BatchActions(0)
	var obs lepton.Observation
	require.NoError(tb, lepton.Encode(&obs, enc, actions, s, 0))
	spec := lepton.SpecOf(enc, actions)
	require.NoError(tb, spec.Validate())
	state = map[string]float64{}
	for i, name := range spec.StateNames {
		state[name] = obs.State()[i]
	}
	for i := range obs.Len() {
		row := map[string]float64{}
		for k, name := range spec.ActionNames {
			row[name] = obs.Action(i)[k]
		}
		rows = append(rows, row)
	}
	return state, rows
}

// TestBatchFeaturesByHand: a machine of 8 with 2 free at 6 in the morning; three jobs queued.
func TestBatchFeaturesByHand(t *testing.T) {
	s := &BatchState{
		Clock: 1000, UnixStart: 6*3600 - 1000, Procs: 8, Nodes: 8, FreeNodes: 2, Queued: 3,
		Queue: []QueuedJob{
			{ID: 5, Submit: 400, Procs: 2, Nodes: 2, Request: 600, Predicted: 300},
			{ID: 6, Submit: 1000, Procs: 8, Nodes: 8, Request: 100, Predicted: 100},
			{ID: 7, Submit: 400, Procs: 1, Nodes: 1, Request: 300, Predicted: 300},
		},
		Running: []RunningJob{
			{QueuedJob: QueuedJob{Nodes: 4, Predicted: 500}, Start: 600}, // 100 left
			{QueuedJob: QueuedJob{Nodes: 2, Predicted: 900}, Start: 990}, // 890 left
		},
	}
	state, rows := encodeBatch(t, s)
	week, thousand := math.Log(1+7*86400), math.Log(1000)
	near := func(want, got float64, name string) { assert.InDelta(t, want, got, 1e-12, name) }
	meanRun := (2*math.Log(301) + math.Log(101)) / 3 / week
	near(2./8, state["free"], "free")
	near(math.Log(4)/thousand, state["queued"], "queued")
	near(math.Log(1+11./8)/thousand, state["queued_nodes"], "queued_nodes")
	near(math.Log(1+300./4+100+300./8)/week, state["queued_work"], "queued_work")
	near(meanRun, state["queued_run"], "queued_run")
	near(math.Log(3)/thousand, state["running"], "running")
	near(math.Log(1+100./2+890./4)/week, state["running_work"], "running_work")
	near(math.Log(101)/week, state["next_end"], "next_end")
	near(1, state["day_sin"], "day_sin")
	near(0, state["day_cos"], "day_cos")

	first := rows[0]
	near(math.Log(601)/week, first["request"], "request")
	near(math.Log(301)/week, first["predicted"], "predicted")
	near(math.Log(601)/week, first["waited"], "waited")
	near(math.Log(1+300./4)/week, first["work"], "work")
	near(math.Log(900./300)/week, first["slowdown"], "slowdown")
	near(2./8, first["nodes"], "nodes")
	near(math.Log(3)/math.Log(9), first["log_nodes"], "log_nodes")
	near(0.5, first["of_free"], "of_free")
	near(1, first["fits"], "fits")
	near(math.Log(301)/week-meanRun, first["against_mean"], "against_mean")
	near(0.5, first["rank_shortest"], "shares the lower rank with the third")
	near(0.5, first["rank_least_work"], "")
	near(0, first["rank_oldest"], "shares it with the third")
	assert.Equal(t, 0.0, rows[1]["fits"])
	assert.Equal(t, 1.0, rows[1]["of_free"], "capped")
	assert.Equal(t, []float64{0, 1, 1}, []float64{rows[1]["rank_shortest"], rows[1]["rank_least_work"], rows[1]["rank_oldest"]})
	assert.Equal(t, []float64{0.5, 0, 0}, []float64{rows[2]["rank_shortest"], rows[2]["rank_least_work"], rows[2]["rank_oldest"]})
}

// TestBatchFeaturesFitAnyMachine: a machine of k times as many nodes with jobs of k times as many looks the same, but for
// the log of a job's size, which nears its limit.
func TestBatchFeaturesFitAnyMachine(t *testing.T) {
	small := queueOf(50)
	large := queueOf(50)
	large.Nodes, large.Procs, large.FreeNodes = 4*large.Nodes, 4*large.Procs, 4*large.FreeNodes
	for i := range large.Queue {
		large.Queue[i].Nodes *= 4
	}
	for i := range large.Running {
		large.Running[i].Nodes *= 4
	}
	stateA, rowsA := encodeBatch(t, small)
	stateB, rowsB := encodeBatch(t, large)
	assert.Equal(t, stateA, stateB)
	for i := range rowsA {
		for name, v := range rowsA[i] {
			assert.InDelta(t, v, rowsB[i][name], map[bool]float64{false: 1e-15, true: 0.2}[name == "log_nodes"], name)
		}
	}
}

// TestBatchFeaturesFollowTheQueue: the same jobs in another order have the same rows, in that order.
func TestBatchFeaturesFollowTheQueue(t *testing.T) {
	s := queueOf(40)
	_, before := encodeBatch(t, s)
	places := rand.New(rand.NewPCG(1, 6)).Perm(40)
	shuffled := queueOf(40)
	for i, p := range places {
		shuffled.Queue[i] = s.Queue[p]
	}
	_, after := encodeBatch(t, shuffled)
	for i, p := range places {
		for name, v := range before[p] {
			assert.InDelta(t, v, after[i][name], 1e-12, name) // the mean is summed in another order
		}
	}
}

// TestBatchFeaturesAreFinite feeds what logs hold at worst, and states that nobody filled.
func TestBatchFeaturesAreFinite(t *testing.T) {
	states := []*BatchState{{}, {Queue: []QueuedJob{{}}, Queued: 1}, queueOf(1)}
	odd := &BatchState{Clock: -maxTime, Procs: 1, Nodes: 1}
	for i := range 200 {
		odd.Queue = append(odd.Queue, QueuedJob{Submit: maxTime, Request: -maxTime, Predicted: maxTime, Nodes: maxProcs})
		if i%2 == 0 {
			odd.Queue[i].Predicted = -1
		}
	}
	for i, s := range append(states, odd) {
		state, rows := encodeBatch(t, s)
		for _, values := range append(rows, state) {
			for name, v := range values {
				assert.False(t, math.IsNaN(v) || math.IsInf(v, 0), "state %d: %s is %v", i, name, v)
			}
		}
	}
}

func TestBatchFeaturesAllocateNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("not counted under the race detector")
	}
	s := queueOf(128)
	enc, actions := BatchEncoder(), BatchActions(0)
	var obs lepton.Observation
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if lepton.Encode(&obs, enc, actions, s, 0) != nil {
			panic("encode")
		}
	}))
}

func TestBatchActionsLimit(t *testing.T) {
	var obs lepton.Observation
	require.NoError(t, lepton.Offer(&obs, BatchActions(3), queueOf(5), 0))
	assert.Equal(t, 3, obs.Len())
	_, dim := BatchActions(3).ActionSpec()
	assert.Equal(t, dim, obs.ActionDim())
}

func ExampleBatchEncoder() {
	spec := lepton.SpecOf(BatchEncoder(), BatchActions(0))
	fmt.Println(spec.StateNames)
	// Output: [free queued queued_nodes queued_work queued_run running running_work next_end day_sin day_cos]
}

func ExampleBatchActions() {
	spec := lepton.SpecOf(BatchEncoder(), BatchActions(0))
	fmt.Println(spec.ActionNames)
	// Output: [request predicted waited work slowdown nodes log_nodes of_free fits against_mean rank_shortest rank_least_work rank_oldest]
}
