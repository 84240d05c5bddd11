package features

import (
	"errors"
	"slices"
)

// Encoder is a lepton.StateEncoder and lepton.Namer made of features. Immutable, safe for concurrent
// use; it allocates nothing beyond dst.
type Encoder[S any] struct {
	layout layout[S]
}

// State makes an encoder that writes the given features in their order. The error lists every fault:
// no features, nil closures, names that are missing or given twice, and what each kind refuses.
func State[S any](features ...Feature[S]) (*Encoder[S], error) {
	l, faults := compile(features)
	if len(l.names) == 0 && len(faults) == 0 {
		faults = append(faults, errors.New("features: State has no features"))
	}
	if len(l.legal) > 0 {
		faults = append(faults, errors.New("features: Legal has no place in State: only an action can be legal"))
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return &Encoder[S]{l}, nil
}

// StateDim returns the number of features.
func (e *Encoder[S]) StateDim() int { return len(e.layout.names) }

// AppendState appends the features of s to dst.
func (e *Encoder[S]) AppendState(dst []float64, s S) []float64 {
	at, dim := len(dst), len(e.layout.names)
	dst = slices.Grow(dst, dim)[:at+dim]
	row := dst[at:]
	clear(row)
	e.layout.fill(row, s)
	return dst
}

// FeatureNames returns the names in their order; the caller must not change them.
func (e *Encoder[S]) FeatureNames() []string { return e.layout.names }
