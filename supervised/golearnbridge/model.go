package golearnbridge

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/sjwhitworth/golearn/base"

	"github.com/leptonsched/lepton/supervised"
)

// Estimator is what the bridge asks of a classifier of golearn's; every base.Classifier has it.
type Estimator interface {
	// Fit learns from a grid with a categorical class attribute.
	Fit(base.FixedDataGrid) error
	// Predict returns a grid that holds the class attribute, with one answer for each row.
	Predict(base.FixedDataGrid) (base.FixedDataGrid, error)
}

// Model is a fitted classifier of golearn's as a supervised.Classifier. golearn answers with a class, so
// that its probability is 1 and that of the others 0. Safe for concurrent use, one row at a time; a row
// costs a grid, some microseconds and allocations beside golearn's own.
type Model struct {
	layout *layout
	mu     sync.Mutex // golearn promises nothing: one prediction at a time, with a fresh grid
	fitted Estimator
}

var _ supervised.Classifier = (*Model)(nil)

// Fit fits e to d, whose target must be a class: see ToGrid for what golearn gets to see. e belongs to the
// Model from then on.
func Fit(e Estimator, d *supervised.Dataset) (m *Model, err error) {
	defer contain(&err)
	if d.Classes() == 0 {
		return nil, fmt.Errorf("%w: golearn's classifiers need classes", supervised.ErrTask)
	}
	l, err := layoutOf(d)
	if err != nil {
		return nil, err
	}
	grid, err := l.grid(d)
	if err != nil {
		return nil, err
	}
	if err := e.Fit(grid); err != nil {
		return nil, fmt.Errorf("golearnbridge: fit: %w", err)
	}
	return &Model{layout: l, fitted: e}, nil
}

// Schema returns a copy of what the model expects of a row, and its classes.
func (m *Model) Schema() supervised.Schema {
	s := m.layout.schema
	s.Columns = slices.Clone(s.Columns)
	for j := range s.Columns {
		s.Columns[j].Levels = slices.Clone(s.Columns[j].Levels)
	}
	s.Classes = slices.Clone(s.Classes)
	return s
}

// Predict returns 1 where golearn answers class 1, 0 where it answers another, and NaN where it cannot
// answer: see PredictProba.
func (m *Model) Predict(x []float64) float64 {
	k, err := m.class(x)
	switch {
	case err != nil:
		return math.NaN()
	case k == 1:
		return 1
	}
	return 0
}

// PredictProba writes 1 for golearn's answer and 0 for the other classes. Errors, which leave dst alone:
// supervised.ErrWidth; supervised.ErrLevel for a category, or a missing one, that the fitted data did not
// have; ErrPanic, and whatever golearn returns.
func (m *Model) PredictProba(dst, x []float64) error {
	if len(dst) != len(m.layout.schema.Classes) {
		return fmt.Errorf("%w: %d places for %d classes", supervised.ErrWidth, len(dst), len(m.layout.schema.Classes))
	}
	k, err := m.class(x)
	if err != nil {
		return err
	}
	clear(dst)
	dst[k] = 1
	return nil
}

// class asks golearn about one row.
func (m *Model) class(x []float64) (k int, err error) {
	if len(x) != len(m.layout.columns) {
		return 0, fmt.Errorf("%w: %d features, the model has %d", supervised.ErrWidth, len(x), len(m.layout.columns))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	defer contain(&err)
	grid, specs, err := m.layout.empty(1)
	if err != nil {
		return 0, err
	}
	if err := m.layout.setRow(grid, specs, 0, x); err != nil {
		return 0, err
	}
	answer, err := m.fitted.Predict(grid)
	if err != nil {
		return 0, fmt.Errorf("golearnbridge: predict: %w", err)
	}
	class := base.GetClass(answer, 0)
	if k = slices.Index(m.layout.schema.Classes, class); k < 0 {
		return 0, fmt.Errorf("%w: golearn answers %q", supervised.ErrLabel, class)
	}
	return k, nil
}
