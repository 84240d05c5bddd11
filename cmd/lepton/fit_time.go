package main

import (
	"slices"
	"time"

	"github.com/leptonsched/lepton/supervised"
)

// fitCost is what a fit and predictions took. CPU and memory are NaN where the system does not tell.
type fitCost struct {
	wall, cpu  float64 // seconds of the fit
	rowsPerSec float64 // predictions for all rows, one after another
	singleP50  float64 // microseconds of the median single prediction
	peakRSS    float64 // MB (10⁶ bytes) of the process so far
}

// fitting is a model kind with its settings, ready to fit.
type fitting struct {
	model    fitModel
	options  any
	task     string
	quantile float64 // that the options aim at; used for -task quantile
}

func (f fitting) run(d *supervised.Dataset) (supervised.Model, error) {
	return f.model.fit(f.options, f.task, d)
}

// timed fits and measures.
func (f fitting) timed(d *supervised.Dataset) (supervised.Model, fitCost, error) {
	start, cpu := time.Now(), processCPU()
	m, err := f.run(d)
	return m, fitCost{wall: time.Since(start).Seconds(), cpu: processCPU() - cpu}, err
}

// predictions measures m on the rows of d: all of them, and then single rows in turn among 4,096, so that the
// processor cannot learn the way through a model by heart.
func (c *fitCost) predictions(m supervised.Model, d *supervised.Dataset) {
	const turn, calls = 4096, 20_000
	n := min(d.Len(), turn)
	flat := make([]float64, n*d.Width())
	rows := make([][]float64, n)
	for i := range rows {
		rows[i] = d.Row(flat[i*d.Width():i*d.Width():(i+1)*d.Width()], i)
	}
	start := time.Now()
	supervised.Predictions(m, d)
	c.rowsPerSec = float64(d.Len()) / max(time.Since(start).Seconds(), 1e-9)
	took := make([]time.Duration, calls)
	for k := range took {
		x := rows[k%n]
		start := time.Now()
		m.Predict(x)
		took[k] = time.Since(start)
	}
	slices.Sort(took)
	c.singleP50 = float64(took[calls/2].Nanoseconds()) / 1000
	c.peakRSS = peakRSS()
}
