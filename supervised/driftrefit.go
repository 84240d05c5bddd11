package supervised

import (
	"errors"
	"fmt"
	"math"
)

// DriftRefit keeps any batch model in step with a drifting world: it watches the model's error through an
// ADWIN, and when that rises it forgets all rows, fits anew to the next MinRows, and again whenever
// there are twice as many, up to Window. The error is 0 or 1 for a classifier, and e/(e+s) for an absolute error e, where s is the mean
// over the first
// MinRows rows after the first fit to a regime. See Bifet & Gavaldà (2007), section 4. The zero value works.
type DriftRefit struct {
	Window  int     // rows remembered at most, each 8 bytes a cell; 0 means 10,000
	MinRows int     // rows of the first fit, and of the first after a change; 0 means 200
	Delta   float64 // of the ADWIN; 0 means 0.002
}

func (o DriftRefit) withDefaults() DriftRefit {
	if o.Window == 0 {
		o.Window = 10_000
	}
	if o.MinRows == 0 {
		o.MinRows = 200
	}
	return o
}

// Start returns a trainer for rows of schema s that begins with m, which may be nil: then the first fit
// comes after MinRows rows. fit is called in the goroutine of PartialFit and must not keep the Dataset's
// rows alive for long: each call gets a fresh copy of up to Window rows.
func (o DriftRefit) Start(s Schema, m Model, fit func(*Dataset) (Model, error)) (*DriftRefitTrainer, error) {
	o = o.withDefaults()
	errs := []error{s.validate()}
	if o.MinRows < 1 || o.Window < o.MinRows {
		errs = append(errs, fmt.Errorf("%w: MinRows is %d, Window is %d", ErrOptions, o.MinRows, o.Window))
	}
	if fit == nil {
		errs = append(errs, fmt.Errorf("%w: no fit", ErrOptions))
	}
	watch, err := NewADWIN(ADWINOptions{Delta: o.Delta})
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	t := &DriftRefitTrainer{schema: s.clone(), options: o, fit: fit, model: m, watch: watch}
	if m == nil {
		t.due = o.MinRows
	}
	return t, nil
}

// DriftRefitTrainer is a running DriftRefit. Not safe for concurrent use; the models it publishes are.
type DriftRefitTrainer struct {
	schema  Schema
	options DriftRefit
	fit     func(*Dataset) (Model, error)
	model   Model // nil until the first fit
	watch   *ADWIN
	stale   bool // a change was seen, and no fit has come since
	due     int  // the next fit comes with as many rows; 0: with the next change
	refits  int

	rows   []float64 // the ring: target and features of each row
	oldest int       // of the ring
	known  int       // rows since the change, at most Window
	scored int       // regression: rows since the fit, up to MinRows
	scale  float64   // regression: their mean error
	proba  []float64
}

// PartialFit takes one row: see Incremental. An error of fit is returned; the old model stays, and the
// next row tries again.
func (t *DriftRefitTrainer) PartialFit(x []float64, y float64) error {
	if err := t.schema.checkRow(x, y); err != nil {
		return err
	}
	if t.model != nil && !t.stale {
		if err := t.score(x, y); err != nil {
			return err
		}
	}
	t.remember(x, y)
	if t.due == 0 || t.known < t.due {
		return nil
	}
	d, err := t.dataset()
	if err != nil {
		return err
	}
	m, err := t.fit(d)
	if err != nil {
		return fmt.Errorf("supervised: refit on %d rows: %w", d.Len(), err)
	}
	t.model, t.stale = m, false
	t.refits++
	if t.due == t.options.Window {
		t.due = 0
	} else {
		t.due = min(2*t.due, t.options.Window)
	}
	return nil
}

// score shows the ADWIN the model's error on a row that it has not been fitted to.
func (t *DriftRefitTrainer) score(x []float64, y float64) error {
	var loss float64
	if c, ok := t.model.(Classifier); ok && t.schema.Classes != nil {
		if t.proba == nil {
			t.proba = make([]float64, len(t.schema.Classes))
		}
		if err := c.PredictProba(t.proba, x); err != nil {
			return err
		}
		if argmax(t.proba) != int(y) {
			loss = 1
		}
	} else {
		e := math.Abs(y - t.model.Predict(x))
		if notFinite(e) {
			return fmt.Errorf("%w: the model's answer", ErrNotFinite)
		}
		if t.scored < t.options.MinRows {
			t.scored++
			t.scale += (e - t.scale) / float64(t.scored)
			return nil
		}
		if e > 0 {
			loss = 1 / (1 + t.scale/e)
		}
	}
	rose, err := t.watch.rose(loss)
	if rose {
		t.watch = &ADWIN{options: t.watch.options}
		t.stale, t.due, t.known, t.scored, t.scale = true, t.options.MinRows, 0, 0, 0
	}
	return err
}

func (t *DriftRefitTrainer) remember(x []float64, y float64) {
	t.known = min(t.known+1, t.options.Window)
	width := len(x) + 1
	if len(t.rows) < t.options.Window*width {
		t.rows = append(append(t.rows, y), x...)
		return
	}
	row := t.rows[t.oldest*width : (t.oldest+1)*width]
	row[0] = y
	copy(row[1:], x)
	t.oldest = (t.oldest + 1) % t.options.Window
}

// dataset returns the rows since the change, the oldest first.
func (t *DriftRefitTrainer) dataset() (*Dataset, error) {
	width := len(t.schema.Columns) + 1
	held := len(t.rows) / width
	d := Data{Columns: t.schema.Columns, TargetName: t.schema.Target, Classes: t.schema.Classes}
	for k := held - t.known; k < held; k++ {
		at := (t.oldest + k) % held * width
		d.Target, d.Rows = append(d.Target, t.rows[at]), append(d.Rows, t.rows[at+1:at+width])
	}
	return NewDataset(d)
}

// Refits returns how many fits there have been, the first one among them when Start had no model.
func (t *DriftRefitTrainer) Refits() int { return t.refits }

// Model returns the present model: nil when Start had none and MinRows rows have not come yet.
func (t *DriftRefitTrainer) Model() Model { return t.model }
