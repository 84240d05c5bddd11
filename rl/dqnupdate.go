package rl

import (
	"math"

	"github.com/leptonsched/lepton/internal/nn"
	"github.com/leptonsched/lepton/replay"
)

// dqnWork is the memory of one update, kept for the next.
type dqnWork struct {
	sample replay.Batch
	offers replay.Offers // what the network is fitted to: all actions, or those taken alone
	next   replay.Offers // what follows
	batch  nn.Batch      // offers with their states
	after  nn.Batch      // next with its states
	groups []int         // 0, 1, …: the groups of a batch without rows of actions
	chosen []int         // which output of its group is the action's
	best   []int         // which output of what follows is chosen; −1: none is legal
	target []float32     // what the values of the actions should be
	errors []float32     // how far above that they are

	loss          lossFunc // the methods of the same names, bound once
	choose, value func(g int, out []float32)
}

// update makes one step of the network towards the targets of one draw.
func (l *DQN) update() {
	w, o := &l.work, &l.options
	l.memory.draw(l.beta())
	l.gather()
	if !o.SingleEstimator {
		l.online.each(&w.after, w.choose)
	}
	l.target.each(&w.after, w.value)
	updated, err := l.online.step(&w.batch, w.loss)
	l.memory.tell(w.errors)
	if err != nil {
		l.leftOut++
		l.failed = true
		return
	}
	l.progress.Loss = updated
	l.progress.Updates = l.online.updates
	l.policy = nil
	switch {
	case o.Polyak > 0:
		share := float32(o.Polyak)
		for i, x := range l.online.params {
			l.target.params[i] += share * (x - l.target.params[i])
		}
	case l.online.updates%uint64(o.TargetEvery) == 0:
		copy(l.target.params, l.online.params)
	}
}

// beta is how far the draws by priority are made up for.
func (l *DQN) beta() float64 {
	return l.options.Beta + (1-l.options.Beta)*min(1, float64(l.online.updates)/float64(l.options.BetaOver))
}

// gather lays the transitions drawn side by side.
func (l *DQN) gather() {
	w, store, slots := &l.work, l.memory.store, l.memory.slots
	n := len(slots)
	store.Gather(&w.sample, slots)
	w.chosen = append(w.chosen[:0], w.sample.Actions...)
	for len(w.best) < n {
		w.best, w.target, w.errors = append(w.best, 0), append(w.target, 0), append(w.errors, 0)
	}
	if perState(l.spec) {
		for len(w.groups) < n+1 {
			w.groups = append(w.groups, len(w.groups))
		}
		w.batch = nn.Batch{Rows: w.sample.States, Starts: w.groups[:n+1]}
		w.after = nn.Batch{Rows: w.sample.Next, Starts: w.groups[:n+1]}
		return
	}
	store.GatherNext(&w.next, slots)
	if l.options.Conservative > 0 || l.online.form.context || l.online.form.dueling {
		store.GatherOffers(&w.offers, slots)
	} else { // the values of actions do not depend on each other
		store.GatherChosen(&w.offers, slots)
		clear(w.chosen)
	}
	w.batch = nn.Batch{Shared: w.sample.States, Rows: w.offers.Rows, Starts: w.offers.First}
	w.after = nn.Batch{Shared: w.sample.Next, Rows: w.next.Rows, Starts: w.next.First}
}

// choose notes the best legal action of what follows transition g.
func (l *DQN) choose(g int, out []float32) {
	best := -1
	for i, v := range out {
		if l.work.sample.NextLegal(g, i) && (best < 0 || v > out[best]) {
			best = i
		}
	}
	l.work.best[g] = best
}

// value computes the target of transition g from the outputs of the older network for what follows:
//
//	reward + discount·Q′(s′, best)
func (l *DQN) value(g int, out []float32) {
	if l.options.SingleEstimator {
		l.choose(g, out)
	}
	w, next := &l.work, float32(0)
	if best := w.best[g]; best >= 0 {
		next = out[best]
	}
	w.target[g] = w.sample.Rewards[g]*float32(l.options.RewardScale) + w.sample.Discounts[g]*next
}

// loss is the error of transition g, squared near 0 and linear beyond (Huber 1964), and the penalty of CQL.
func (l *DQN) loss(g int, out, dOut []float32) float64 {
	w, a := &l.work, l.work.chosen[g]
	weight, bend := l.memory.weights[g]/float32(len(w.chosen)), float32(min(l.options.Huber, math.MaxFloat32))
	off := out[a] - w.target[g]
	w.errors[g] = off
	slope := max(-bend, min(off, bend))
	loss := float64(slope) * (float64(off) - float64(slope)/2)
	dOut[a] = weight * slope
	if l.options.Conservative > 0 {
		loss += l.conserve(g, a, weight, out, dOut)
	}
	return float64(weight) * loss
}

// conserve adds Conservative·(log Σ exp Q − Q(a)) and its gradient.
func (l *DQN) conserve(g, a int, weight float32, out, dOut []float32) float64 {
	sample := &l.work.sample
	top := math.Inf(-1)
	for i, v := range out {
		if sample.Legal(g, i) {
			top = max(top, float64(v))
		}
	}
	sum := 0.0
	for i, v := range out {
		if sample.Legal(g, i) {
			sum += math.Exp(float64(v) - top)
		}
	}
	alpha := l.options.Conservative
	for i, v := range out {
		if sample.Legal(g, i) {
			dOut[i] += weight * float32(alpha*math.Exp(float64(v)-top)/sum)
		}
	}
	dOut[a] -= weight * float32(alpha)
	return alpha * (top + math.Log(sum) - float64(out[a]))
}
