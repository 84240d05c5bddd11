package mdp

import "math"

// Values returns what every state is worth under a policy, for a discount gamma in [0, 1], exactly. pi holds
// the policy's probabilities, pi[state·Actions+action]; see Probabilities.
//
// A state from which the sum of rewards does not settle, because with gamma 1 the policy may come into a
// loop that it never leaves and that pays something, is worth NaN. A loop that pays nothing is worth 0.
func (p *Problem) Values(pi []float64, gamma float64) ([]float64, error) {
	if err := checkGamma(gamma); err != nil {
		return nil, err
	}
	c, err := p.chain(pi, func(t *Transition) float64 { return gamma * t.kept() })
	if err != nil {
		return nil, err
	}
	v, given := make([]float64, p.states), make([]bool, p.states)
	var loops []int
	for _, class := range c.classes() {
		for _, s := range class {
			given[s] = true
			if c.reward[s] != 0 {
				loops = append(loops, s)
			}
		}
	}
	for s, lost := range c.reaching(loops) {
		if lost {
			v[s], given[s] = math.NaN(), true
		}
	}
	var live []int
	for s := range p.states {
		if !given[s] {
			live = append(live, s)
		}
	}
	return v, c.solve(live, c.reward, v)
}

// AverageReward returns what a policy earns a step in the long run from the starts, its gain, exactly; what
// ends earns nothing any more. pi is as for Values. Each step counts the same, whatever its Discount.
//
// Where the gain is the same from every state (unichain), bias holds what each state is worth beyond it,
// relative to state 0 (Puterman 1994, section 8.2.3); else bias is nil.
func (p *Problem) AverageReward(pi []float64) (gain float64, bias []float64, err error) {
	c, err := p.chain(pi, undiscounted)
	if err != nil {
		return 0, nil, err
	}
	classes := c.classes()
	gains, bias := make([]float64, p.states), make([]float64, p.states)
	member := make([]bool, p.states)
	for _, class := range classes {
		g, err := c.average(class, bias)
		if err != nil {
			return 0, nil, err
		}
		for _, s := range class {
			gains[s], member[s] = g, true
		}
	}
	var live []int
	lost := false
	for s := range p.states {
		lost = lost || !c.endless(s)
		if !member[s] {
			live = append(live, s)
		}
	}
	if err := c.solve(live, make([]float64, p.states), gains); err != nil {
		return 0, nil, err
	}
	gain = p.AtStart(gains)
	if len(classes) != 1 || lost {
		return gain, nil, nil
	}
	beyond := make([]float64, p.states)
	for s, r := range c.reward {
		beyond[s] = r - gain
	}
	if err := c.solve(live, beyond, bias); err != nil {
		return 0, nil, err
	}
	relate(bias)
	return gain, bias, nil
}

func undiscounted(t *Transition) float64 {
	if t.Done {
		return 0
	}
	return 1
}

// relate makes a bias relative to state 0.
func relate(bias []float64) {
	zero := bias[0]
	for s := range bias {
		bias[s] -= zero
	}
}
