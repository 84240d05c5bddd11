package features

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

const discretizerKind = "features.discretizer"

// Discretizer maps an observation to a table key, for tabular learners: each feature falls into an
// interval between its cut points or, where it is NaN, into a bin of its own, and the key numbers the
// combinations. Immutable, safe for concurrent use.
type Discretizer struct {
	state, action           [][]float64
	stateKeys, keysPerState uint64
}

// NewDiscretizer makes a discretizer of cut points, which ascend strictly and are finite; UniformCuts,
// QuantileCuts and FitCuts find them. state[i] are those of state feature i; a feature without cut
// points does not count. action are those of an action's features, for ActionKey; nil: an action is
// told apart by its ID alone. The error lists every fault; more than 2⁶⁴−1 keys are one.
func NewDiscretizer(state, action [][]float64) (*Discretizer, error) {
	var faults []error
	copyAll := func(what string, all [][]float64) (out [][]float64, keys uint64) {
		keys = 1
		for i, cuts := range all {
			good, bad := checkCuts(cuts)
			for _, err := range bad {
				faults = append(faults, fmt.Errorf("features: %s feature %d %w", what, i, err))
			}
			out = append(out, good)
			over, product := bits.Mul64(keys, bins(cuts))
			if over != 0 {
				product = math.MaxUint64
			}
			keys = product
		}
		return out, keys
	}
	d := &Discretizer{}
	d.state, d.stateKeys = copyAll("state", state)
	d.action, d.keysPerState = copyAll("action", action)
	if over, all := bits.Mul64(d.stateKeys, d.keysPerState); over != 0 || all == math.MaxUint64 {
		faults = append(faults, errors.New("features: more combinations of bins than a key has room for"))
	}
	if d.stateKeys == 1 && d.keysPerState == 1 {
		faults = append(faults, errors.New("features: no feature has a cut point"))
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return d, nil
}

// bins is the number of bins of a feature, that of NaN included.
func bins(cuts []float64) uint64 {
	if len(cuts) == 0 {
		return 1
	}
	return uint64(len(cuts)) + 2
}

// Keys returns how many keys there are: Key is below states, ActionKey below states·rows.
func (d *Discretizer) Keys() (states, rows uint64) { return d.stateKeys, d.keysPerState }

// Check returns a *lepton.SpecError on behalf of who when spec has other numbers of features than
// there are cut points for.
func (d *Discretizer) Check(who string, spec lepton.Spec) error {
	want := lepton.Spec{StateDim: len(d.state), ActionDim: len(d.action), Actions: spec.Actions}
	if d.action == nil {
		want.ActionDim = spec.ActionDim
	}
	return want.Check(who, spec)
}

// Key numbers the state of obs, below Keys' states. A feature that obs lacks counts as NaN, and one
// that has no cut points not at all: let Check compare them before.
func (d *Discretizer) Key(obs *lepton.Observation) uint64 { return key(0, d.state, obs.State()) }

// ActionKey numbers the state of obs together with the row of the given action, below the product of
// Keys.
func (d *Discretizer) ActionKey(obs *lepton.Observation, action int) uint64 {
	return key(d.Key(obs), d.action, obs.Action(action))
}

// key appends a digit for each feature to k, in the mixed radix of their bins.
func key(k uint64, all [][]float64, row []float64) uint64 {
	for i, cuts := range all {
		if len(cuts) == 0 {
			continue
		}
		v := math.NaN()
		if i < len(row) {
			v = row[i]
		}
		k = k*bins(cuts) + uint64(binOrNaN(cuts, v))
	}
	return k
}

// WriteTo writes the cut points. Writing twice gives the same bytes.
func (d *Discretizer) WriteTo(w io.Writer) (int64, error) {
	var out codec.Writer
	for _, all := range [...][][]float64{d.state, d.action} {
		out.Int(len(all))
		for _, cuts := range all {
			out.Floats(cuts)
		}
	}
	n, err := codec.WriteContainer(w, discretizerKind, out.Bytes())
	if err != nil {
		return n, fmt.Errorf("features: saving a discretizer: %w", err)
	}
	return n, nil
}

// ReadDiscretizer reads back what WriteTo wrote. An error about damaged data wraps ErrCorrupt.
func ReadDiscretizer(r io.Reader) (*Discretizer, error) {
	in, _, err := open(r, discretizerKind)
	if err != nil {
		return nil, err
	}
	read := func() (all [][]float64) {
		for range in.Count(8) {
			all = append(all, in.Floats())
		}
		return all
	}
	state, action := read(), read()
	if err := in.Close(); err != nil {
		return nil, fmt.Errorf("features: loading a discretizer: %w", err)
	}
	d, err := NewDiscretizer(state, action)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return d, nil
}
