package rl

import (
	"math"
	"slices"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/simd"
)

// joint says how the features of a decision are joined: the head, which is 1 and the state and the same for
// all actions, and the row of the action.
type joint struct {
	head, row int
	intercept bool // the head begins with 1
}

func (x joint) dim() int { return x.head + x.row }

// fill writes the features of action i.
func (x joint) fill(dst []float64, obs *lepton.Observation, i int) {
	at := 0
	if x.intercept {
		dst[0], at = 1, 1
	}
	copy(dst[at:], obs.State())
	copy(dst[x.head:], obs.Action(i))
}

// fillHead writes what all actions share.
func (x joint) fillHead(dst []float32, obs *lepton.Observation) {
	if x.intercept {
		dst[0], dst = 1, dst[1:]
	}
	simd.Narrow(dst[:len(obs.State())], obs.State())
}

// linearPolicy is what the snapshots of linear bandits have in common.
type linearPolicy struct {
	spec                     lepton.Spec
	x                        joint
	perAction                bool
	lambda, initial, epsilon float64
	places                   places
	views                    [][]float32 // by place; nil: as if it had none
}

// arm names the weights of action i.
func (p *linearPolicy) arm(obs *lepton.Observation, i int) arm {
	if p.perAction {
		return arm{action: obs.ID(i)}
	}
	return arm{}
}

// viewOf returns the view of a, nil when nothing is known.
func (p *linearPolicy) viewOf(a arm) []float32 {
	if place := p.places.find(a); place >= 0 {
		return p.views[place]
	}
	return nil
}

// fits reports whether obs is of the policy's spec.
func (p *linearPolicy) fits(obs *lepton.Observation) bool {
	return len(obs.State()) == p.spec.StateDim && obs.ActionDim() == p.spec.ActionDim
}

// square returns x·x.
func square(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return sum
}

// mask gives the actions that are not legal the score −Inf.
func mask(dst []float64, obs *lepton.Observation) {
	if obs.LegalCount() == len(dst) {
		return
	}
	for i := range dst {
		if !obs.Legal(i) {
			dst[i] = math.Inf(-1)
		}
	}
}

// Spec implements lepton.Specced.
func (p *linearPolicy) Spec() lepton.Spec { return p.spec }

func (p *linearPolicy) write(w *codec.Writer) {
	writeSpec(w, p.spec)
	w.Bool(p.x.intercept)
	w.Bool(p.perAction)
	w.Float(p.lambda)
	w.Float(p.initial)
	w.Float(p.epsilon)
	known := slices.DeleteFunc(p.places.sorted(), func(place int) bool { return p.views[place] == nil })
	w.Int(len(known))
	for _, place := range known {
		writeArm(w, p.places.arms[place])
		w.Floats32(p.views[place])
	}
}

// read reads a policy of the same make, whose views have size values each.
func (p *linearPolicy) read(in *codec.Reader, who string, size int) (linearPolicy, error) {
	q := linearPolicy{spec: p.spec, x: p.x, perAction: p.perAction, places: newPlaces(0)}
	if err := readSpec(in, p.spec, who); err != nil {
		return q, err
	}
	if in.Bool() != p.x.intercept || in.Bool() != p.perAction {
		in.Fail("another NoIntercept or PerAction")
	}
	q.lambda, q.initial, q.epsilon = in.Float(), in.Float(), in.Float()
	if !(q.lambda >= 1e-9) || !moderate(q.lambda, q.initial) || !(q.epsilon >= 0 && q.epsilon <= 1) {
		in.Fail("a lambda of %v, an initial value of %v, an epsilon of %v", q.lambda, q.initial, q.epsilon)
	}
	for range in.Count(24) {
		readArm(in, q.places.appendSorted)
		view := in.Floats32()
		if len(view) != size || !finite32(view) {
			in.Fail("%d weights instead of %d, or some that are not finite", len(view), size)
		}
		if in.Err() != nil {
			break
		}
		q.views = append(q.views, view)
	}
	return q, in.Err()
}
