package supervised

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"

	"github.com/leptonsched/lepton/internal/codec"
)

// CalibratedClassifier is a classifier behind a Calibration. Immutable; safe for concurrent use when
// the classifier within is.
type CalibratedClassifier struct {
	inner  Classifier
	schema Schema
	method CalibrationMethod
	curves []curve   // one for the second of two classes, else one per class
	room   sync.Pool // *[]float64 of one place per class, for Predict
}

// Schema returns a copy of what the model expects of a row, and its classes.
func (m *CalibratedClassifier) Schema() Schema { return m.schema.clone() }

// Predict returns the probability of class 1: see Model.
func (m *CalibratedClassifier) Predict(x []float64) float64 {
	if len(m.curves) == 1 {
		p := m.inner.Predict(x)
		if math.IsNaN(p) {
			return p
		}
		return m.curves[0].at(m.method, p)
	}
	room, _ := m.room.Get().(*[]float64)
	if room == nil {
		p := make([]float64, len(m.schema.Classes))
		room = &p
	}
	defer m.room.Put(room)
	if m.PredictProba(*room, x) != nil {
		return math.NaN()
	}
	return (*room)[1]
}

// PredictProba writes the calibrated probabilities into dst: see Classifier.
func (m *CalibratedClassifier) PredictProba(dst, x []float64) error {
	if err := m.inner.PredictProba(dst, x); err != nil {
		return err
	}
	if len(m.curves) == 1 {
		p := m.curves[0].at(m.method, dst[1])
		dst[0], dst[1] = 1-p, p
		return nil
	}
	for k := range dst {
		dst[k] = m.curves[k].at(m.method, dst[k])
	}
	scaleToOne(dst)
	return nil
}

func (m *CalibratedClassifier) validate() error {
	if _, nested := m.inner.(*CalibratedClassifier); nested {
		return fmt.Errorf("%w: a calibration of a calibration", ErrModel)
	}
	classes := len(m.schema.Classes)
	if m.method > Isotonic || classes < 2 || len(m.curves) != outputs(classes) {
		return fmt.Errorf("%w: %d curves for %d classes", ErrModel, len(m.curves), classes)
	}
	for _, c := range m.curves {
		bad := slices.ContainsFunc(c.x, notFinite) || slices.ContainsFunc(c.y, notFinite)
		switch {
		case m.method == Platt:
			bad = bad || len(c.x) != 0 || len(c.y) != 2
		default:
			bad = bad || len(c.y) == 0 || len(c.x) != len(c.y) || !slices.IsSorted(c.y) || c.y[0] < 0 || c.y[len(c.y)-1] > 1
			for k := 1; k < len(c.x) && !bad; k++ {
				bad = c.x[k-1] >= c.x[k]
			}
		}
		if bad {
			return fmt.Errorf("%w: a calibration curve", ErrModel)
		}
	}
	return nil
}

// WriteTo saves the model for ReadModel, with the classifier within. It returns ErrModel when that
// cannot be saved. Saving twice gives the same bytes.
func (m *CalibratedClassifier) WriteTo(w io.Writer) (int64, error) {
	p := begin(m.schema)
	p.Uint8(uint8(m.method))
	p.Int(len(m.curves))
	for _, c := range m.curves {
		p.Floats(c.x)
		p.Floats(c.y)
	}
	if err := encodeModel(p, m.inner); err != nil {
		return 0, err
	}
	return codec.WriteContainer(w, kindCalibrated, p.Bytes())
}

func decodeCalibrated(r *codec.Reader, schema Schema) (*CalibratedClassifier, error) {
	m := &CalibratedClassifier{schema: schema, method: CalibrationMethod(r.Uint8())}
	for range r.Count(16) {
		m.curves = append(m.curves, curve{x: r.Floats(), y: r.Floats()})
	}
	inner, err := decodeModel(r, kindConformal, kindCalibrated)
	if err != nil {
		return nil, err
	}
	var ok bool
	if m.inner, ok = inner.(Classifier); !ok {
		return nil, fmt.Errorf("%w: a calibration of a %T", ErrModel, inner)
	}
	own := m.inner.Schema()
	if !slices.Equal(own.Classes, schema.Classes) || len(own.Columns) != len(schema.Columns) {
		return nil, fmt.Errorf("%w: a calibration of other classes or columns", ErrModel)
	}
	return m, errors.Join(schema.validate(), m.validate())
}
