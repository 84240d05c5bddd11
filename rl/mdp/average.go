package mdp

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"
)

// lazy is the share of a step that is taken in relative value iteration; the rest stays where it is, which
// makes every chain aperiodic and leaves its bias as it is (Puterman 1994, section 8.5.4).
const lazy = 0.75

// OptimalAverageReward returns the most that a policy can earn a step in the long run, the gain, and the bias
// relative to state 0 that solves the optimality equation with it:
//
//	gain + bias[s] = max over a of Σ prob·(reward + bias[next])
//
// by relative value iteration (White 1963; Puterman 1994, section 8.5.5). A policy that is greedy in
// ActionValues(bias, 1) earns the gain. It is for problems that never end and in which every state can be
// reached from every other under some policy, so that the best gain is the same from all; ErrNoConvergence
// where that is not so.
func (p *Problem) OptimalAverageReward() (gain float64, bias []float64, err error) {
	for i := range p.outcomes {
		if p.outcomes[i].Done {
			return 0, nil, errors.New("mdp: an average reward of a problem that ends")
		}
	}
	flat := *p
	flat.outcomes = append([]Transition(nil), p.outcomes...)
	for i := range flat.outcomes {
		flat.outcomes[i].Discount = 0
	}
	return relative(p.states, func(s int, h []float64) float64 { return flat.best(s, 1, h) })
}

// relative iterates h ← (1−lazy)·h + lazy·backup(h) until all of it grows alike.
func relative(n int, backup func(s int, h []float64) float64) (gain float64, h []float64, err error) {
	h, next := make([]float64, n), make([]float64, n)
	for range maxSweeps {
		least, most, scale := math.Inf(1), math.Inf(-1), 0.0
		for s := range h {
			grown := backup(s, h) - h[s]
			next[s] = h[s] + lazy*grown
			least, most, scale = min(least, grown), max(most, grown), max(scale, math.Abs(h[s]), math.Abs(grown))
		}
		h, next = next, h
		relate(h)
		if most-least <= settled*scale {
			return least + (most-least)/2, h, nil
		}
	}
	return 0, nil, ErrNoConvergence
}

// average returns the gain of a closed class and sets the bias of its states, relative to the first of them.
func (c *chain) average(class []int, bias []float64) (float64, error) {
	n := len(class)
	at := make(map[int]int, n)
	for i, s := range class {
		at[s] = i
	}
	if n > maxDense {
		gain, h, err := relative(n, func(i int, h []float64) float64 {
			x := c.reward[class[i]]
			for _, e := range c.next[class[i]] {
				x += e.weight * h[at[e.to]]
			}
			return x
		})
		for i, x := range h {
			bias[class[i]] = x
		}
		return gain, err
	}
	// h[s] + gain − Σ weight·h[next] = reward[s], h of the first 0: the gain stands in its column.
	a, x := mat.NewDense(n, n, nil), mat.NewVecDense(n, nil)
	for i, s := range class {
		a.Set(i, i, 1)
		for _, e := range c.next[s] {
			j := at[e.to]
			a.Set(i, j, a.At(i, j)-e.weight)
		}
		a.Set(i, 0, 1)
		x.SetVec(i, c.reward[s])
	}
	if err := solveDense(a, x); err != nil {
		return 0, err
	}
	for i, s := range class[1:] {
		bias[s] = x.AtVec(i + 1)
	}
	bias[class[0]] = 0
	return x.AtVec(0), nil
}
