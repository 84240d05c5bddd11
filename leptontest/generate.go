package leptontest

import (
	"math/rand/v2"
	"time"

	"github.com/leptonsched/lepton"
)

// generator makes random observations and transitions of one spec; the same seed makes the same.
type generator struct {
	rand *rand.Rand
	spec lepton.Spec
	seq  uint64
}

func newGenerator(seed uint64, spec lepton.Spec) *generator {
	return &generator{rand: rand.New(rand.NewPCG(seed, 0x6c6570746f6e)), spec: spec}
}

// mask says which actions of a generated observation are legal.
type mask int

const (
	allLegal  mask = iota
	someLegal      // each with probability ½, at least one
	oneLegal
)

// observation makes one with n actions; a fixed space has its own number. Features are normal, now and
// then large or exactly 0.
func (g *generator) observation(n int, m mask) *lepton.Observation {
	if g.spec.Actions > 0 {
		n = g.spec.Actions
	}
	var obs lepton.Observation
	obs.Reset(g.spec.ActionDim, 0)
	obs.SetState(g.features(make([]float64, g.spec.StateDim)))
	must := g.rand.IntN(n)
	for i := range n {
		id := uint64(i)
		if g.spec.Actions == 0 {
			id = g.rand.Uint64()>>20<<20 | uint64(i) // distinct
		}
		legal := i == must || m == allLegal || m == someLegal && g.rand.IntN(2) == 0
		g.features(obs.Actions().Add(id, legal))
	}
	return &obs
}

func (g *generator) features(v []float64) []float64 {
	for i := range v {
		v[i] = g.rand.NormFloat64()
		switch g.rand.IntN(20) {
		case 0:
			v[i] = 0
		case 1:
			v[i] *= 100
		}
	}
	return v
}

// observations makes a set that has one action, few, many, and each sort of mask.
func (g *generator) observations(most int) []*lepton.Observation {
	var all []*lepton.Observation
	for _, n := range []int{1, 2, 3, 5, 17, most} {
		for _, m := range []mask{allLegal, someLegal, oneLegal, someLegal} {
			all = append(all, g.observation(min(n, most), m))
		}
	}
	return all
}

// transitions makes n transitions: decisions by themselves, and episodes of up to twelve decisions, two
// at a time, that end truly or are cut off. The reward depends on the chosen row and the state, so that
// there is something to learn.
func (g *generator) transitions(n int) []*lepton.Transition {
	var open [2][]*lepton.Transition // episodes under way: what is left of each
	var all []*lepton.Transition
	for episode := uint64(1); len(all) < n; {
		i := g.rand.IntN(len(open))
		if len(open[i]) == 0 {
			open[i] = g.episode(episode)
			episode++
		}
		all = append(all, open[i][0])
		open[i] = open[i][1:]
	}
	return all
}

func (g *generator) episode(number uint64) []*lepton.Transition {
	if g.rand.IntN(4) == 0 { // a decision by itself
		t := g.transition(g.some())
		t.Last = true
		return []*lepton.Transition{t}
	}
	var steps []*lepton.Transition
	obs := g.some()
	for i, length := 0, 1+g.rand.IntN(12); i < length; i++ {
		t := g.transition(obs)
		t.Episode, t.Step = number, i
		t.Last = i == length-1
		if cut := g.rand.IntN(3) == 0; !t.Last || cut {
			obs = g.some()
			t.Next.CopyFrom(obs)
			t.Discount = 0.9
			t.Elapsed = time.Duration(1+g.rand.IntN(100)) * time.Second
		}
		if i > 0 {
			steps[i-1].NextAction = t.Action
		}
		steps = append(steps, t)
	}
	return steps
}

// transition makes one out of obs with a random legal action and nothing after it.
func (g *generator) transition(obs *lepton.Observation) *lepton.Transition {
	g.seq++
	t := &lepton.Transition{
		ID: lepton.DecisionID{Instance: 1, Seq: g.seq}, Version: 1, Arm: lepton.ArmLearned, NextAction: -1,
		Propensity: 1 / float64(obs.LegalCount()),
	}
	t.Obs.CopyFrom(obs)
	for chosen := g.rand.IntN(obs.LegalCount()); chosen >= 0; t.Action++ {
		if obs.Legal(t.Action) {
			chosen--
		}
	}
	t.Action--
	t.Reward = 0.1 * g.rand.NormFloat64()
	for _, v := range obs.State() {
		t.Reward += 0.1 * v
	}
	for j, v := range obs.Action(t.Action) {
		t.Reward += v / float64(1+j)
	}
	if g.spec.Actions > 0 {
		t.Reward -= float64(t.Action)
	}
	return t
}

func (g *generator) some() *lepton.Observation {
	return g.observation(2+g.rand.IntN(5), mask(g.rand.IntN(2)))
}
