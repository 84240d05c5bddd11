package sim

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/supervised"
)

// shortestFirst is a policy that sends the job with the shortest predicted run time first.
func shortestFirst(t testing.TB) lepton.Policy {
	spec := batchModelSpec()
	weights := make([]float64, spec.StateDim+spec.ActionDim)
	for i, name := range spec.ActionNames {
		if name == "predicted" {
			weights[spec.StateDim+i] = -1
		}
	}
	linear, err := policy.NewLinear(spec, weights, nil)
	require.NoError(t, err)
	return policy.Greedy(linear)
}

func smallPredictor(t testing.TB) (*Trace, *BatchPredictor) {
	trace, err := Lublin(LublinOptions{Jobs: 2000, Seed: 3})
	require.NoError(t, err)
	p, err := FitBatchPredictor(trace, BatchOptions{}, []int{0, 256, 512, 768}, 256, supervised.RandomForest{Trees: 20, MinLeaf: 5, Depth: 10})
	require.NoError(t, err)
	return trace, p
}

func TestBatchPredictorBeatsRequestsOnLaterJobs(t *testing.T) {
	trace, p := smallPredictor(t)
	var model, asked, mean float64
	for _, job := range trace.Jobs[1024:1280] {
		mean += logRun(job.Run) / 256
	}
	var constant float64
	judge := BatchOptions{Predict: func(job QueuedJob, ended []EndedJob) float64 {
		run := logRun(trace.Jobs[job.ID-trace.Jobs[0].ID].Run)
		model += math.Abs(math.Log1p(p.Predict(job, ended)) - run)
		asked += math.Abs(logRun(job.Request) - run)
		constant += math.Abs(mean - run)
		return float64(job.Request)
	}}
	b, err := NewBatch(trace.Machine(), judge)
	require.NoError(t, err)
	require.NoError(t, b.Reset(trace.Jobs, 1024, 256))
	fcfs, err := BatchHeuristicByName("FCFS")
	require.NoError(t, err)
	_, err = b.Run(fcfs)
	require.NoError(t, err)
	assert.Less(t, model, 0.7*asked, "requests are far above run times")
	assert.Less(t, model, 0.9*constant, "the best constant in hindsight knows nothing of the job")
}

func TestRuntimeFeaturesWorked(t *testing.T) {
	job := QueuedJob{Request: 99, Procs: 3, App: 7}
	ended := []EndedJob{
		{Job: Job{Run: 9, Request: 90, Procs: 1, App: 7}},
		{Job: Job{Run: 99, Request: 100, Procs: 3, App: 8}},
	}
	got := AppendRuntimeFeatures([]float64{-1}, job, ended)
	want := []float64{-1, math.Log(100), math.Log(4), math.Log(3),
		math.Log(100), (math.Log(10) + math.Log(100)) / 2, (0.1 + 0.99) / 2, math.Log(10), math.Log(10)}
	assert.InDeltaSlice(t, want, got, 1e-12)

	fresh := AppendRuntimeFeatures(nil, job, nil)
	assert.Len(t, fresh, len(runtimeNames))
	for _, v := range fresh[3:] {
		assert.True(t, math.IsNaN(v), "nothing is known of a user's first job")
	}
	unnamed := AppendRuntimeFeatures(nil, QueuedJob{Request: 100, Procs: 3, App: -1}, ended)
	assert.InDelta(t, math.Log(100), unnamed[6], 1e-12, "without an App the same shape counts")
}

func TestBatchModelRoundTrip(t *testing.T) {
	trace, predictor := smallPredictor(t)
	for name, m := range map[string]BatchModel{
		"policy alone":   {Policy: shortestFirst(t)},
		"with predictor": {Policy: shortestFirst(t), Predictor: predictor},
	} {
		t.Run(name, func(t *testing.T) {
			var file, again bytes.Buffer
			n, err := m.WriteTo(&file)
			require.NoError(t, err)
			assert.Equal(t, int64(file.Len()), n)
			_, err = m.WriteTo(&again)
			require.NoError(t, err)
			assert.Equal(t, file.Bytes(), again.Bytes(), "saving twice gives the same bytes")
			back, err := ReadBatchModel(bytes.NewReader(file.Bytes()))
			require.NoError(t, err)
			assert.Equal(t, runModel(t, trace, m), runModel(t, trace, back))
		})
	}
}

func runModel(t *testing.T, trace *Trace, m BatchModel) BatchMetrics {
	b, err := NewBatch(trace.Machine(), m.Options(BatchOptions{}))
	require.NoError(t, err)
	require.NoError(t, b.Reset(trace.Jobs, 1000, 256))
	result, err := m.Run(b)
	require.NoError(t, err)
	return result.Metrics()
}

func TestReadBatchModelRefuses(t *testing.T) {
	_, predictor := smallPredictor(t)
	var file bytes.Buffer
	_, err := BatchModel{Policy: shortestFirst(t), Predictor: predictor}.WriteTo(&file)
	require.NoError(t, err)
	whole := file.Bytes()
	for cut := 0; cut < len(whole); cut += 1 + len(whole)/997 {
		_, err := ReadBatchModel(bytes.NewReader(whole[:cut]))
		require.ErrorIs(t, err, ErrBatchModel, "cut at %d", cut)
		flipped := bytes.Clone(whole)
		flipped[cut] ^= 0x10
		_, err = ReadBatchModel(bytes.NewReader(flipped))
		require.ErrorIs(t, err, ErrBatchModel, "flipped at %d", cut)
	}
	var other bytes.Buffer
	linear, err := policy.NewLinear(lepton.Spec{StateDim: 1, ActionDim: 1}, []float64{0, 1}, nil)
	require.NoError(t, err)
	_, err = BatchModel{Policy: policy.Greedy(linear)}.WriteTo(&other)
	require.NoError(t, err)
	_, err = ReadBatchModel(&other)
	var spec *lepton.SpecError
	assert.ErrorAs(t, err, &spec, "a policy over other features")

	_, err = BatchModel{Policy: policy.Func(nil)}.WriteTo(&other)
	assert.ErrorIs(t, err, ErrBatchModel, "a closure cannot be saved")
}

func FuzzReadBatchModel(f *testing.F) {
	var file bytes.Buffer
	if _, err := (BatchModel{Policy: shortestFirst(f)}).WriteTo(&file); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes())
	f.Add(file.Bytes()[:file.Len()/2])
	f.Add([]byte("LEPT"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ReadBatchModel(bytes.NewReader(data))
		if err != nil {
			assert.ErrorIs(t, err, ErrBatchModel)
			return
		}
		assert.NotNil(t, m.Policy)
	})
}
