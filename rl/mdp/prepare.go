package mdp

import (
	"math"

	"github.com/leptonsched/lepton"
)

// drawn is an outcome as an environment needs it: it comes about where a draw from [0, 1) is below its mark
// and not below the one before it.
type drawn struct {
	below, reward, discount float64
	next                    int
}

// prepare makes what would else be worked out in every step.
func (p *Problem) prepare() {
	p.draws = make([]drawn, len(p.outcomes))
	for cell := range p.states * p.actions {
		sum, last := 0.0, -1
		for i := p.first[cell]; i < p.first[cell+1]; i++ {
			t := &p.outcomes[i]
			sum += t.Prob
			p.draws[i] = drawn{sum, t.Reward, t.kept(), t.Next}
			if t.Prob > 0 {
				last = i
			}
		}
		for i := max(last, 0); last >= 0 && i < p.first[cell+1]; i++ {
			p.draws[i].below = math.Inf(1) // rounding: the last that can happen
		}
	}
	known := map[string]int32{}
	p.shape = make([]int32, p.states)
	legal := make([]byte, p.actions)
	for s := range p.states {
		for a := range legal {
			legal[a] = 0
			if p.Legal(s, a) {
				legal[a] = 1
			}
		}
		k, ok := known[string(legal)]
		if !ok {
			k = int32(len(p.shapes))
			known[string(legal)] = k
			p.shapes = append(p.shapes, shapeOf(legal))
		}
		p.shape[s] = k
	}
}

// shapeOf returns what is seen in a state with these actions, but for its number.
func shapeOf(legal []byte) lepton.Observation {
	var obs lepton.Observation
	obs.Reset(0, 0)
	obs.GrowState(1)
	for a, l := range legal {
		obs.Actions().Add(uint64(a), l == 1)
	}
	return obs
}

// show fills obs with what is seen in a state.
func (p *Problem) show(obs *lepton.Observation, state int, oneHot bool) {
	if shape := &p.shapes[p.shape[state]]; !alike(obs, shape) {
		obs.CopyFrom(shape)
	}
	if oneHot {
		obs.GrowState(p.states)
		obs.State()[state] = 1
		return
	}
	obs.State()[0] = float64(state)
}

// alike reports whether obs differs from a shape in its number at most, as it does from step to step: looking is
// quicker than copying.
func alike(obs, shape *lepton.Observation) bool {
	n := shape.Len()
	if obs.Len() != n || obs.LegalCount() != n || shape.LegalCount() != n ||
		obs.Offered() != n || obs.ActionDim() != 0 || len(obs.State()) != 1 {
		return false
	}
	for i := range n {
		if obs.ID(i) != uint64(i) {
			return false
		}
	}
	return true
}

// ended reports whether nothing happens in a state any more.
func (p *Problem) ended(state int) bool {
	for _, t := range p.outcomes[p.first[state*p.actions]:p.first[(state+1)*p.actions]] {
		if !t.Done || t.Next != state || t.Reward != 0 {
			return false
		}
	}
	return true
}
