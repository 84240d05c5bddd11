package supervised

import (
	"fmt"
	"math"
)

// Incremental is a trainer that learns row by row, within bounded memory: the ones of OnlineLogistic,
// HoeffdingTree, AdaptiveForest, AdaptiveConformal and DriftRefit. Unlike a Model it changes, and is not
// safe for concurrent use.
type Incremental interface {
	// PartialFit takes one row and its target (the code of its class for a classifier); it keeps
	// none of x. A row that it refuses with an error teaches it nothing.
	PartialFit(x []float64, y float64) error
	// Model returns what has been learned so far, immutable and sharing nothing that changes.
	Model() Model
}

// PartialFit gives t the rows of d in order. Sample weights are not used. It stops at the first error,
// which names the row.
func PartialFit(t Incremental, d *Dataset) error {
	var x []float64
	for i := range d.Len() {
		x = d.Row(x, i)
		if err := t.PartialFit(x, d.Target(i)); err != nil {
			return fmt.Errorf("row %d: %w", i, err)
		}
	}
	return nil
}

// checkRow is what NewDataset would say of one row.
func (s *Schema) checkRow(x []float64, y float64) error {
	if len(x) != len(s.Columns) {
		return fmt.Errorf("%w: %d features, the schema has %d", ErrWidth, len(x), len(s.Columns))
	}
	for j, v := range x {
		c := &s.Columns[j]
		switch {
		case math.IsNaN(v):
		case math.IsInf(v, 0):
			return fmt.Errorf("%w: column %q is %v", ErrNotFinite, c.Name, v)
		case c.Kind == Categorical && !checkCode(v, len(c.Levels)):
			return fmt.Errorf("%w: column %q is %v, with %d levels", ErrLevel, c.Name, v, len(c.Levels))
		}
	}
	switch {
	case s.Classes != nil && !checkCode(y, len(s.Classes)):
		return fmt.Errorf("%w: the target is %v, with %d classes", ErrLabel, y, len(s.Classes))
	case notFinite(y):
		return fmt.Errorf("%w: the target is %v", ErrNotFinite, y)
	}
	return nil
}

// checkClasses is the common test of the classifiers that learn row by row.
func (s *Schema) checkClasses() error {
	if err := s.validate(); err != nil {
		return err
	}
	if len(s.Classes) < 2 {
		return fmt.Errorf("%w: a classifier needs two classes, %q has %d", ErrTask, s.Target, len(s.Classes))
	}
	return nil
}
