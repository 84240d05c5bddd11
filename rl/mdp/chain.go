package mdp

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// maxDense is the most unknowns that are solved for at once; more are iterated.
const maxDense = 1500

// chain is what a policy makes of a problem: rewards, and how much of what comes next counts.
type chain struct {
	reward []float64
	next   [][]edge // sorted by state
	sum    []float64
}

type edge struct {
	to     int
	weight float64
}

// chain returns the chain of a table of probabilities; weights are gamma times the discounts, or 1 for
// averages, which know none.
func (p *Problem) chain(pi []float64, weight func(*Transition) float64) (*chain, error) {
	if len(pi) != p.states*p.actions {
		return nil, fmt.Errorf("mdp: %d probabilities for %d states × %d actions", len(pi), p.states, p.actions)
	}
	c := &chain{reward: make([]float64, p.states), next: make([][]edge, p.states), sum: make([]float64, p.states)}
	for s := range p.states {
		total := 0.0
		for a := range p.actions {
			prob := pi[s*p.actions+a]
			if !(prob >= 0) || prob > 0 && !p.Legal(s, a) {
				return nil, fmt.Errorf("mdp: probability %v of action %d in state %d", prob, a, s)
			}
			if total += prob; prob > 0 {
				c.add(s, prob, p.Outcomes(s, a), weight)
			}
		}
		if !near1(total) {
			return nil, fmt.Errorf("mdp: the probabilities of state %d sum to %v", s, total)
		}
		slices.SortFunc(c.next[s], func(a, b edge) int { return a.to - b.to })
	}
	return c, nil
}

func (c *chain) add(s int, prob float64, outcomes []Transition, weight func(*Transition) float64) {
	for i := range outcomes {
		t := &outcomes[i]
		c.reward[s] += prob * t.Prob * t.Reward
		w := prob * t.Prob * weight(t)
		if w == 0 {
			continue
		}
		c.sum[s] += w
		if i := slices.IndexFunc(c.next[s], func(e edge) bool { return e.to == t.Next }); i >= 0 {
			c.next[s][i].weight += w
		} else {
			c.next[s] = append(c.next[s], edge{t.Next, w})
		}
	}
}

// endless reports whether nothing is lost in s: no end and no discount.
func (c *chain) endless(s int) bool { return c.sum[s] > 1-probTolerance }

// classes returns the closed sets of states that a chain never leaves and in which nothing is lost, each
// sorted: the strongly connected components (Tarjan 1972) without a way out.
func (c *chain) classes() [][]int {
	n := len(c.next)
	order, low := make([]int, n), make([]int, n) // 0: not seen
	on := make([]bool, n)
	var stack []int
	var out [][]int
	type frame struct{ state, edge int }
	seen := 0
	for root := range n {
		if order[root] != 0 {
			continue
		}
		calls := []frame{{root, 0}}
		for len(calls) > 0 {
			f := &calls[len(calls)-1]
			s := f.state
			if f.edge == 0 {
				seen++
				order[s], low[s], on[s] = seen, seen, true
				stack = append(stack, s)
			}
			if f.edge < len(c.next[s]) {
				to := c.next[s][f.edge].to
				f.edge++
				if order[to] == 0 {
					calls = append(calls, frame{to, 0})
				} else if on[to] {
					low[s] = min(low[s], order[to])
				}
				continue
			}
			if calls = calls[:len(calls)-1]; len(calls) > 0 {
				parent := calls[len(calls)-1].state
				low[parent] = min(low[parent], low[s])
			}
			if low[s] != order[s] {
				continue
			}
			from := slices.Index(stack, s)
			class := slices.Clone(stack[from:])
			for _, s := range class {
				on[s] = false
			}
			stack = stack[:from]
			if c.closed(class) {
				slices.Sort(class)
				out = append(out, class)
			}
		}
	}
	return out
}

func (c *chain) closed(class []int) bool {
	in := make(map[int]bool, len(class))
	for _, s := range class {
		in[s] = true
	}
	for _, s := range class {
		if !c.endless(s) {
			return false
		}
		for _, e := range c.next[s] {
			if !in[e.to] {
				return false
			}
		}
	}
	return true
}

// reaching marks the states from which some of targets can be reached, those included.
func (c *chain) reaching(targets []int) []bool {
	before := make([][]int, len(c.next))
	for s, edges := range c.next {
		for _, e := range edges {
			before[e.to] = append(before[e.to], s)
		}
	}
	marked := make([]bool, len(c.next))
	for todo := slices.Clone(targets); len(todo) > 0; {
		s := todo[len(todo)-1]
		if todo = todo[:len(todo)-1]; !marked[s] {
			marked[s] = true
			todo = append(todo, before[s]...)
		}
	}
	return marked
}

// solve makes v[s] = b[s] + Σ weight·v[next] for the states of live, where the values of the others stand.
func (c *chain) solve(live []int, b, v []float64) error {
	if len(live) == 0 {
		return nil
	}
	if len(live) > maxDense {
		return c.iterate(live, b, v)
	}
	at := make([]int, len(c.next)) // number of a live state, from 1
	for i, s := range live {
		at[s] = i + 1
	}
	a, x := mat.NewDense(len(live), len(live), nil), mat.NewVecDense(len(live), nil)
	for i, s := range live {
		sum := b[s]
		a.Set(i, i, 1)
		for _, e := range c.next[s] {
			if j := at[e.to] - 1; j >= 0 {
				a.Set(i, j, a.At(i, j)-e.weight)
			} else {
				sum += e.weight * v[e.to]
			}
		}
		x.SetVec(i, sum)
	}
	if err := solveDense(a, x); err != nil {
		return err
	}
	for i, s := range live {
		v[s] = x.AtVec(i)
	}
	return nil
}

func solveDense(a *mat.Dense, x *mat.VecDense) error {
	var lu mat.LU
	lu.Factorize(a)
	if err := lu.SolveVecTo(x, false, x); err != nil {
		return fmt.Errorf("%w: %w", ErrNoConvergence, err)
	}
	return nil
}

// iterate is solve by sweeps.
func (c *chain) iterate(live []int, b, v []float64) error {
	for range maxSweeps {
		moved, scale := 0.0, 0.0
		for _, s := range live {
			x := b[s]
			for _, e := range c.next[s] {
				x += e.weight * v[e.to]
			}
			moved, scale = max(moved, math.Abs(x-v[s])), max(scale, math.Abs(x))
			v[s] = x
		}
		if moved <= settled*scale {
			return nil
		}
	}
	return ErrNoConvergence
}
