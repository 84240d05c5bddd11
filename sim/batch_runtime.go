package sim

import (
	"errors"
	"fmt"
	"math"

	"github.com/leptonsched/lepton/supervised"
)

// A BatchPredictor foretells run times from what is known when a job is submitted: what it asks for, and how
// the same user's jobs that have ended went. It is fitted on sequences of the past. Immutable; safe for
// concurrent use. Source of the features: Tsafrir, Etsion & Feitelson (TPDS 18(6), 2007), who predict by the
// last two run times of the user.
type BatchPredictor struct {
	forest *supervised.ForestRegressor
}

// runtimeNames names the features of a prediction, all logarithms of 1 + seconds or counts.
var runtimeNames = []string{"request", "procs", "ended", "last", "last_two", "used", "same_last", "same_mean"}

// AppendRuntimeFeatures appends what a BatchPredictor sees of job: its request and processors; how many jobs
// of the user have ended, the last run time, the mean of the last two, the share of the request that the last
// five used; the last run time and the mean of up to five among those of the same shape (App where known, else
// the same request and processors). What is not known is NaN.
func AppendRuntimeFeatures(dst []float64, job QueuedJob, ended []EndedJob) []float64 {
	nan := math.NaN()
	last, lastTwo, used, sameLast, sameMean := nan, nan, nan, nan, nan
	if n := len(ended); n > 0 {
		last = logRun(ended[n-1].Run)
		lastTwo = (last + logRun(ended[max(n-2, 0)].Run)) / 2
		used = 0
		recent := ended[max(n-5, 0):]
		for _, e := range recent {
			used += float64(e.Run) / float64(max(e.Request, 1))
		}
		used /= float64(len(recent))
	}
	sum, same := 0.0, 0
	for i := len(ended) - 1; i >= 0 && same < 5; i-- {
		if e := &ended[i]; sameShape(job, e) {
			if same++; same == 1 {
				sameLast = logRun(e.Run)
			}
			sum += logRun(e.Run)
		}
	}
	if same > 0 {
		sameMean = sum / float64(same)
	}
	return append(dst, logRun(job.Request), math.Log1p(float64(job.Procs)), math.Log1p(float64(len(ended))),
		last, lastTwo, used, sameLast, sameMean)
}

func sameShape(job QueuedJob, e *EndedJob) bool {
	if job.App >= 0 {
		return job.App == e.App
	}
	return job.Request == e.Request && job.Procs == e.Procs
}

func logRun(seconds int64) float64 { return math.Log1p(float64(max(seconds, 0))) }

// FitBatchPredictor fits a random forest to the run times in sequences of length jobs, the first of which begin
// at starts: each is run under FCFS, so that the history that a job meets is what a scheduler would know.
func FitBatchPredictor(trace *Trace, o BatchOptions, starts []int, length int, forest supervised.RandomForest) (*BatchPredictor, error) {
	fcfs, err := BatchHeuristicByName("FCFS")
	if err != nil {
		return nil, err
	}
	var rows [][]float64
	var targets []float64
	position := make(map[int64]int) // job → row, in one sequence
	o.Predict = func(job QueuedJob, ended []EndedJob) float64 {
		position[job.ID] = len(rows)
		rows = append(rows, AppendRuntimeFeatures(nil, job, ended))
		targets = append(targets, math.NaN())
		return float64(job.Request)
	}
	world, err := NewBatch(trace.Machine(), o)
	if err != nil {
		return nil, err
	}
	for _, start := range starts {
		clear(position)
		if err := world.Reset(trace.Jobs, start, length); err != nil {
			return nil, err
		}
		if _, err := world.Run(fcfs); err != nil {
			return nil, err
		}
		for _, job := range trace.Jobs[start : start+length] {
			if row, seen := position[job.ID]; seen {
				targets[row] = logRun(job.Run)
			}
		}
	}
	columns := make([]supervised.Column, len(runtimeNames))
	for i, name := range runtimeNames {
		columns[i].Name = name
	}
	fillUnknown(rows)
	data, err := supervised.NewDataset(supervised.Data{Columns: columns, Rows: rows, Target: targets, TargetName: "log_run"})
	if err != nil {
		return nil, fmt.Errorf("sim: run times: %w", err)
	}
	model, err := forest.FitRegressor(data)
	if err != nil {
		return nil, fmt.Errorf("sim: run times: %w", err)
	}
	return &BatchPredictor{model}, nil
}

// fillUnknown writes 0 into the columns of which nothing is known in any row: a workload without a second job of
// a user would otherwise have a column that cannot be fitted.
func fillUnknown(rows [][]float64) {
	for j := range runtimeNames {
		known := false
		for _, row := range rows {
			known = known || row[j] == row[j]
		}
		for i := 0; i < len(rows) && !known; i++ {
			rows[i][j] = 0
		}
	}
}

// Predict returns the run time foretold in seconds, at least 1 and at most what the job asks for. It is a
// BatchOptions.Predict.
func (p *BatchPredictor) Predict(job QueuedJob, ended []EndedJob) float64 {
	var features [8]float64
	seconds := math.Expm1(p.forest.Predict(AppendRuntimeFeatures(features[:0], job, ended)))
	if job.Request > 0 {
		seconds = min(seconds, float64(job.Request))
	}
	return max(seconds, 1)
}

// OutOfBag returns the errors of the fit on jobs that each tree did not see, in logarithms of 1 + seconds.
func (p *BatchPredictor) OutOfBag() supervised.RegressorScores { return p.forest.OutOfBag() }

var errPredictor = errors.New("sim: not a run-time model of a batch queue")

// newBatchPredictor takes over a model that was read from a file.
func newBatchPredictor(m supervised.Model) (*BatchPredictor, error) {
	forest, ok := m.(*supervised.ForestRegressor)
	if !ok || len(forest.Schema().Columns) != len(runtimeNames) {
		return nil, errPredictor
	}
	for i, c := range forest.Schema().Columns {
		if c.Name != runtimeNames[i] {
			return nil, fmt.Errorf("%w: feature %d is %q, want %q", errPredictor, i, c.Name, runtimeNames[i])
		}
	}
	return &BatchPredictor{forest}, nil
}
