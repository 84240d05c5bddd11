package policy

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

const kindLinear = "policy.linear"

// Linear scores actions by a weighted sum of features. It is a lepton.Scorer, lepton.Saver and
// lepton.Specced; immutable, safe for concurrent use.
type Linear struct {
	spec    lepton.Spec
	weights []float64
	bias    []float64
}

// NewLinear returns a scorer for the observations of spec.
//
// Where actions have features, the score is bias[0] + weights·[state, row], with StateDim+ActionDim
// weights. The state's part is the same for all actions of a decision: it shifts the scores and leaves
// their order, so what matters together with the state belongs into the row. In a fixed space whose
// actions have no features, action a scores bias[a] + weights[a]·state, with Actions×StateDim weights,
// row-major. bias nil means zeros. Both slices are copied.
//
// A spec with neither is refused with a *lepton.SpecError; wrong lengths and weights that are not
// finite are errors too.
func NewLinear(spec lepton.Spec, weights, bias []float64) (*Linear, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	nWeights, nBias := spec.StateDim+spec.ActionDim, 1
	switch {
	case spec.ActionDim > 0:
	case spec.Actions > 0:
		// Compared by division, since a decoded spec may claim sizes whose product overflows.
		nWeights, nBias = spec.Actions*spec.StateDim, spec.Actions
		if spec.StateDim > 0 && nWeights/spec.StateDim != spec.Actions {
			return nil, fmt.Errorf("policy: a spec of %d actions × %d features is too large", spec.Actions, spec.StateDim)
		}
	default:
		return nil, &lepton.SpecError{Who: "policy.Linear", Reasons: []string{"actions have neither features nor a fixed number"}}
	}
	var errs []error
	if len(weights) != nWeights {
		errs = append(errs, fmt.Errorf("policy: %d weights for a linear score, want %d", len(weights), nWeights))
	}
	if bias != nil && len(bias) != nBias {
		errs = append(errs, fmt.Errorf("policy: %d biases for a linear score, want %d", len(bias), nBias))
	}
	for _, v := range [...][]float64{weights, bias} {
		if i := slices.IndexFunc(v, func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }); i >= 0 {
			errs = append(errs, fmt.Errorf("policy: weight or bias %d of a linear score is %v", i, v[i]))
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	l := &Linear{spec: spec, weights: slices.Clone(weights), bias: slices.Clone(bias)}
	if bias == nil {
		l.bias = make([]float64, nBias)
	}
	return l, nil
}

// Spec implements lepton.Specced.
func (l *Linear) Spec() lepton.Spec { return l.spec }

// Weights returns a copy of the weights and biases, laid out as NewLinear takes them.
func (l *Linear) Weights() (weights, bias []float64) {
	return slices.Clone(l.weights), slices.Clone(l.bias)
}

// Scores implements lepton.Scorer.
func (l *Linear) Scores(dst []float64, obs *lepton.Observation, _ *lepton.Scratch) {
	state := obs.State()
	if len(state) != l.spec.StateDim || obs.ActionDim() != l.spec.ActionDim {
		unrankable(dst, obs)
		return
	}
	if l.spec.ActionDim == 0 {
		l.perAction(dst, obs, state)
		return
	}
	shared := l.bias[0] + dot(l.weights[:len(state)], state)
	scoreRows(dst, obs.Rows(), l.weights[len(state):], shared)
	if obs.LegalCount() < len(dst) {
		for i := range dst {
			if !obs.Legal(i) {
				dst[i] = math.Inf(-1)
			}
		}
	}
}

// perAction finds weights by ID, which in a fixed space is the action, since obs may hold only some.
func (l *Linear) perAction(dst []float64, obs *lepton.Observation, state []float64) {
	for i := range dst {
		a := obs.ID(i)
		switch {
		case !obs.Legal(i):
			dst[i] = math.Inf(-1)
		case a >= uint64(l.spec.Actions):
			dst[i] = math.NaN()
		default:
			at := int(a) * len(state)
			dst[i] = l.bias[a] + dot(l.weights[at:at+len(state)], state)
		}
	}
}

// scoreRows computes dst[i] = shared + w·rows[i]. Short rows, the usual ones, have a body of their own.
func scoreRows(dst, rows, w []float64, shared float64) {
	d := len(w)
	if len(rows) < len(dst)*d {
		panic("policy: fewer rows than actions")
	}
	switch d {
	case 1:
		w0 := w[0]
		for i := range dst {
			dst[i] = shared + w0*rows[i]
		}
	case 2:
		w0, w1 := w[0], w[1]
		for i := range dst {
			r := (*[2]float64)(rows)
			dst[i] = shared + (w0*r[0] + w1*r[1])
			rows = rows[2:]
		}
	case 3:
		w0, w1, w2 := w[0], w[1], w[2]
		for i := range dst {
			r := (*[3]float64)(rows)
			dst[i] = shared + (w0*r[0] + w1*r[1] + w2*r[2])
			rows = rows[3:]
		}
	default:
		for i := range dst {
			dst[i] = shared + dot(w, rows[:d])
			rows = rows[d:]
		}
	}
}

// dot is Σ a[i]·b[i] in four running sums, in a fixed order; len(b) ≥ len(a).
func dot(a, b []float64) float64 {
	var s0, s1, s2, s3 float64
	for len(a) >= 4 && len(b) >= 4 {
		x, y := (*[4]float64)(a), (*[4]float64)(b)
		s0 += x[0] * y[0]
		s1 += x[1] * y[1]
		s2 += x[2] * y[2]
		s3 += x[3] * y[3]
		a, b = a[4:], b[4:]
	}
	for i := range a {
		s0 += a[i] * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}

// Kind implements lepton.Saver.
func (l *Linear) Kind() string { return kindLinear }

// WriteTo implements lepton.Saver.
func (l *Linear) WriteTo(w io.Writer) (int64, error) { return writeTo(w, l) }

func (l *Linear) write(b *payload) {
	writeSpec(&b.Writer, l.spec)
	b.Floats(l.weights)
	b.Floats(l.bias)
}

func readLinear(r *codec.Reader) (*Linear, error) {
	spec := readSpec(r)
	weights, bias := r.Floats(), r.Floats()
	if err := r.Close(); err != nil {
		return nil, err
	}
	return NewLinear(spec, weights, bias)
}
