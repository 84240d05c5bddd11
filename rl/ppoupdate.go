package rl

import (
	"math"
	"math/rand/v2"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/nn"
	"github.com/leptonsched/lepton/internal/simd"
)

// ppoWork is the memory of an update, one element a decision.
type ppoWork struct {
	advantages, returns []float64
	values              []float64
	rewards, discounts  []float64 // of a run
	run                 []float64 // its values, and the one behind it
	weights             []float64 // of decisions: w, 0 for those that teach the policy nothing
	logs                []float64 // log π₀(a|s)
	after               []float64 // values behind runs that were cut

	order                []int     // of the decisions, shuffled
	taken                []int     // those of the minibatch
	batch                nn.Batch  // their observations
	kl, entropy, clipped []float64 // of each in the minibatch
}

// collect takes in a run of decisions without a gap.
func (l *PPO) collect(run []*lepton.Transition) {
	if len(l.pending.steps) >= 4*l.options.Batch {
		l.episodes.dropped += uint64(len(l.pending.steps))
		l.pending.reset()
	}
	for n := len(run); n > 0 && run[n-1].Discount != 0 && !l.actor.serves(&run[n-1].Next); n = len(run) {
		run = run[:n-1] // cut where nothing was on offer: no value stands for the rest
		l.episodes.dropped++
	}
	if len(run) > 0 {
		l.pending.add(l.actor.network, run, l.options.Prior)
	}
}

// update learns from all pending decisions.
func (l *PPO) update() error {
	w := &l.work
	l.value()
	l.anchor()
	w.standardise()
	l.unit.follow(w.returns, l.critic)

	n := len(l.pending.steps)
	w.order = w.order[:0]
	for i := range n {
		w.order = append(w.order, i)
	}
	shuffle := rand.New(l.pcg)
	resting := false
	for range l.options.Epochs {
		if l.options.Minibatch < n {
			shuffle.Shuffle(n, func(i, j int) { w.order[i], w.order[j] = w.order[j], w.order[i] })
		}
		for from := 0; from < n; from += l.options.Minibatch {
			batch := l.take(w.order[from:min(from+l.options.Minibatch, n)])
			if !resting {
				if err := l.improve(batch); err != nil {
					return err
				}
				if resting = l.stats.KL > l.options.MaxKL; resting {
					l.stats.Resting++
				}
			}
			if err := l.fit(batch); err != nil {
				return err
			}
		}
	}
	return nil
}

// value computes the advantage and the return of every decision.
func (l *PPO) value() {
	w, steps := &l.work, l.pending.steps
	w.values, w.after = w.values[:0], w.after[:0]
	w.advantages, w.returns = resize(w.advantages, len(steps)), resize(w.returns, len(steps))
	l.critic.each(&l.pending.after, func(_ int, out []float32) { w.after = append(w.after, l.unit.real(out[0])) })
	l.critic.each(&l.pending.seen, func(_ int, out []float32) { w.values = append(w.values, l.unit.real(out[0])) })
	for from := 0; from < len(steps); {
		w.rewards, w.discounts = w.rewards[:0], w.discounts[:0]
		to := from
		for more := true; more; to++ {
			w.rewards, w.discounts = append(w.rewards, steps[to].reward), append(w.discounts, steps[to].discount)
			more = !steps[to].end
		}
		behind := 0.0
		if at := steps[to-1].after; at >= 0 {
			behind = w.after[at]
		}
		w.run = append(append(w.run[:0], w.values[from:to]...), behind)
		Advantages(w.advantages[from:to], w.rewards, w.discounts, w.run, l.options.Lambda)
		for i := from; i < to; i++ {
			w.returns[i] = w.advantages[i] + w.values[i]
		}
		from = to
	}
	l.stats.Variance = explained(w.values, w.returns)
}

// anchor computes log π₀ and the weight of every decision.
func (l *PPO) anchor() {
	w, steps := &l.work, l.pending.steps
	w.logs, w.weights = resize(w.logs, len(steps)), resize(w.weights, len(steps))
	var p []float32
	l.actor.each(&l.pending.seen, func(g int, out []float32) {
		from, to := l.actor.span(&l.pending.seen, g)
		l.pending.complete(out, from, to)
		s := steps[g]
		p = append(p[:0], out...)
		top, sum := softmax32(p, out)
		w.logs[g] = float64(out[s.place] - top - sum)
		w.weights[g] = 0
		if s.propensity > 0 && s.propensity <= 1 {
			w.weights[g] = min(math.Exp(w.logs[g])/s.propensity, l.options.MaxRatio)
		} else {
			l.stats.Skipped++
		}
	})
}

// leastSpread is the spread of advantages, beside the largest return, below which they are rounding and teach
// nothing; unitSpread is the same where all returns are rounding themselves, below the smallest returnUnit.
const leastSpread, unitSpread = 1e-9, 1e-11

// standardise shifts the advantages of decisions that count to mean 0 and scales them to spread 1.
func (w *ppoWork) standardise() {
	n, mean, square, largest := 0.0, 0.0, 0.0, 0.0
	for i, a := range w.advantages {
		largest = max(largest, math.Abs(w.returns[i]))
		if w.weights[i] > 0 {
			n++
			mean += a
		}
	}
	mean /= max(n, 1)
	for i, a := range w.advantages {
		if w.weights[i] > 0 {
			square += (a - mean) * (a - mean)
		}
	}
	spread := math.Sqrt(square / max(n, 1))
	if spread <= max(leastSpread*largest, unitSpread) {
		clear(w.advantages)
		return
	}
	for i := range w.advantages {
		w.advantages[i] = (w.advantages[i] - mean) / spread
	}
}

// take gathers the observations of decisions at, for improve and fit.
func (l *PPO) take(at []int) *nn.Batch {
	w, seen := &l.work, &l.pending.seen
	w.taken = at
	w.kl, w.entropy, w.clipped = resize(w.kl, len(at)), resize(w.entropy, len(at)), resize(w.clipped, len(at))
	if len(at) == seen.Groups() { // never shuffled
		return seen
	}
	shared, row := l.actor.net.Inputs()
	w.batch.Reset()
	for _, g := range at {
		from, to := seen.Starts[g], seen.Starts[g+1]
		w.batch.Shared = append(w.batch.Shared, seen.Shared[g*shared:(g+1)*shared]...)
		w.batch.Rows = append(w.batch.Rows, seen.Rows[from*row:to*row]...)
		w.batch.EndGroup(to - from)
	}
	return &w.batch
}

// improve takes one step of the policy.
func (l *PPO) improve(batch *nn.Batch) error {
	w, steps := &l.work, l.pending.steps
	n := float64(len(w.taken))
	clip, bonus := l.options.Clip, l.options.Entropy
	loss, err := l.actor.step(batch, func(g int, out, dOut []float32) float64 {
		i := w.taken[g]
		from, to := l.actor.span(&l.pending.seen, i)
		l.pending.complete(out, from, to)
		top, sum := softmax32(dOut, out)
		log := float64(out[steps[i].place] - top - sum)
		ratio := math.Exp(log - w.logs[i])
		gain := w.weights[i] * min(ratio*w.advantages[i], min(max(ratio, 1-clip), 1+clip)*w.advantages[i])
		pull := 0.0 // the gradient of gain with respect to log π(a|s)
		if a := w.advantages[i]; a > 0 && ratio < 1+clip || a < 0 && ratio > 1-clip {
			pull = w.weights[i] * a * ratio
		}
		w.clipped[g] = 0
		if math.Abs(ratio-1) > clip {
			w.clipped[g] = 1
		}
		w.kl[g] = ratio - 1 - (log - w.logs[i])
		w.entropy[g] = entropy32(dOut, out, top, sum)
		for j, p := range dOut {
			d := float64(p) * pull
			if bonus != 0 && p > 0 {
				d += bonus * float64(p) * (float64(out[j]-top-sum) + w.entropy[g])
			}
			dOut[j] = float32(d / n)
		}
		dOut[steps[i].place] -= float32(pull / n)
		return -(gain + bonus*w.entropy[g]) / n
	})
	l.progress.Loss = loss
	l.stats.KL, l.stats.Entropy, l.stats.Clipped = mean(w.kl), mean(w.entropy), mean(w.clipped)
	return err
}

// fit takes one step of the values, by the mean square error.
func (l *PPO) fit(batch *nn.Batch) error {
	w := &l.work
	n := float64(len(w.taken))
	_, err := l.critic.step(batch, func(g int, out, dOut []float32) float64 {
		e := float64(out[0]) - l.unit.scaled(w.returns[w.taken[g]])
		dOut[0] = float32(2 * e / n)
		return e * e / n
	})
	return err
}

// softmax32 sets p to the probabilities of scores; log p[i] is scores[i] − top − sum.
func softmax32(p, scores []float32) (top, sum float32) {
	top = float32(math.Inf(-1))
	for _, s := range scores {
		top = max(top, s)
	}
	total := simd.Exp(p, scores, top)
	inverse := 1 / total
	for i := range p {
		p[i] *= inverse
	}
	return top, float32(math.Log(float64(total)))
}

// entropy32 is −Σ p·log p of what softmax32 computed.
func entropy32(p, scores []float32, top, sum float32) float64 {
	h := float64(sum)
	for i, x := range p {
		if x > 0 {
			h -= float64(x) * float64(scores[i]-top)
		}
	}
	return h
}

// unitMemory is the number of updates after which the spread of old returns counts 1/e.
const unitMemory = 10

// returnUnit is the mean and spread of the returns, in which the critic's outputs are (Pop-Art: preserving
// outputs precisely while adaptively rescaling targets; van Hasselt et al. 2016).
type returnUnit struct {
	n, mean, square float64 // updates seen, with forgetting; moments of the returns
}

// spread is the standard deviation of the returns, or where they are all the same, their size.
func (u *returnUnit) spread() float64 {
	if s := math.Sqrt(max(u.square-u.mean*u.mean, 0)); s > 1e-6*math.Abs(u.mean) {
		return s
	}
	return max(math.Abs(u.mean), 1e-12)
}

// real is the value that a critic means by y: nothing before it has learned.
func (u *returnUnit) real(y float32) float64 {
	if u.n == 0 {
		return 0
	}
	return u.mean + u.spread()*float64(y)
}

func (u *returnUnit) scaled(ret float64) float64 { return (ret - u.mean) / u.spread() }

// follow moves the unit towards some returns, and the critic so that its values stay the same.
func (u *returnUnit) follow(returns []float64, critic *descent) {
	before := *u
	squares := 0.0
	for _, r := range returns {
		squares += r * r
	}
	u.n = u.n*(1-1.0/unitMemory) + 1
	u.mean += (mean(returns) - u.mean) / u.n
	u.square += (squares/float64(len(returns)) - u.square) / u.n
	if before.n > 0 { // else the critic knows nothing yet that would have to stay the same
		critic.rescale(before.spread()/u.spread(), (before.mean-u.mean)/u.spread())
	}
}

func (u *returnUnit) write(w *codec.Writer) {
	for _, x := range [...]float64{u.n, u.mean, u.square} {
		w.Float(x)
	}
}

func readReturnUnit(in *codec.Reader) returnUnit {
	u := returnUnit{in.Float(), in.Float(), in.Float()}
	if !moderate(u.n, u.mean) || !finite(u.square) || u.n < 0 || u.square < 0 {
		in.Fail("a unit of returns that cannot be")
	}
	return u
}

// explained is the share of the variance of returns that values explain.
func explained(values, returns []float64) float64 {
	m, total, left := mean(returns), 0.0, 0.0
	for i, r := range returns {
		total += (r - m) * (r - m)
		left += (r - values[i]) * (r - values[i])
	}
	if total == 0 {
		return 0
	}
	return 1 - left/total
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(max(len(x), 1))
}

// resize returns s with length n, whose content does not matter.
func resize(s []float64, n int) []float64 {
	if cap(s) < n {
		return make([]float64, n)
	}
	return s[:n]
}
