package rl

import (
	"io"
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/internal/simd"
)

// linThompsonPolicy is a snapshot of a LinThompson.
type linThompsonPolicy struct {
	linearPolicy
	draws int
	scale float64
	seed  uint64 // of the draws for what nothing is known of
}

// Probs implements lepton.Policy.
func (p *linThompsonPolicy) Probs(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	if !p.fits(obs) {
		noProbs(dst, obs)
		return
	}
	v := vote{top: scratch.Floats32(p.draws), choice: scratch.Floats32(p.draws)}
	for i := range v.top {
		v.top[i], v.choice[i] = float32(math.Inf(-1)), -1
	}
	if view := p.viewOf(arm{}); !p.perAction && view != nil {
		p.askShared(&v, obs, view[p.x.dim():], scratch)
	} else {
		p.askEach(&v, obs, scratch)
	}

	clear(dst)
	for _, i := range v.choice {
		if i < 0 { // no score was a number
			noProbs(dst, obs)
			return
		}
		dst[int(i)]++
	}
	every, member := p.epsilon/float64(obs.LegalCount()), (1-p.epsilon)/float64(p.draws)
	for i := range dst {
		if obs.Legal(i) {
			dst[i] = every + member*dst[i]
		}
	}
}

// vote holds the highest score that each member has seen, and the action that it gave it to.
type vote struct{ top, choice []float32 }

// show shows the members their scores of action i.
func (v *vote) show(i int, scores []float32) {
	top, choice := v.top[:len(scores)], v.choice[:len(scores)]
	for m, s := range scores {
		if s > top[m] {
			top[m], choice[m] = s, float32(i)
		}
	}
}

// askEach finds each action's own weights.
func (p *linThompsonPolicy) askEach(v *vote, obs *lepton.Observation, scratch *lepton.Scratch) {
	d := p.x.dim()
	x, scores, zero := scratch.Floats32(d), scratch.Floats32(p.draws), scratch.Floats32(p.draws)
	clear(zero)
	p.x.fillHead(x, obs)
	for i := range obs.Len() {
		if !obs.Legal(i) {
			continue
		}
		simd.Narrow(x[p.x.head:], obs.Action(i))
		if view := p.viewOf(p.arm(obs, i)); view != nil {
			simd.Dense(scores, x, view[d:], zero, 1, d, p.draws, false)
		} else {
			p.guess(scores, obs.ID(i), square(x))
		}
		v.show(i, scores)
	}
}

// guess draws the scores of an action that nothing is known of: normal, with variance Scale²·x·x/λ, one draw
// for two members.
func (p *linThompsonPolicy) guess(scores []float32, action uint64, square float64) {
	width, seed := p.scale*math.Sqrt(square/p.lambda), rng.Mix(p.seed, action)
	pairs := (len(scores) + 1) / 2
	for m := range pairs {
		u := rng.Uniform(rng.Mix(seed, uint64(m))) + 0x1p-54 // never 0
		scores[m] = float32(width * math.Sqrt2 * math.Erfinv(2*u-1))
	}
	for m := pairs; m < len(scores); m++ {
		scores[m] = -scores[m-pairs]
	}
}

// askShared scores all rows for all members at once.
func (p *linThompsonPolicy) askShared(v *vote, obs *lepton.Observation, members []float32, scratch *lepton.Scratch) {
	n, h, k := obs.Len(), p.x.head, p.x.row
	head, bias := scratch.Floats32(h), scratch.Floats32(p.draws)
	rows, scores := scratch.Floats32(n*k), scratch.Floats32(n*p.draws)
	p.x.fillHead(head, obs)
	simd.Narrow(rows, obs.Rows())
	clear(bias)
	for i, x := range head {
		simd.Axpy(bias, x, members[i*p.draws:(i+1)*p.draws])
	}
	simd.Dense(scores, rows, members[h*p.draws:], bias, n, k, p.draws, false)
	for i := range n {
		if obs.Legal(i) {
			v.show(i, scores[i*p.draws:(i+1)*p.draws])
		}
	}
}

// Scores implements lepton.Scorer: the mean of the reward believed in.
func (p *linThompsonPolicy) Scores(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	fits, d := p.fits(obs), p.x.dim()
	x := scratch.Floats32(d)
	if fits {
		p.x.fillHead(x, obs)
	}
	for i := range dst {
		switch {
		case !obs.Legal(i):
			dst[i] = math.Inf(-1)
		case !fits:
			dst[i] = math.NaN()
		default:
			dst[i] = p.initial
			simd.Narrow(x[p.x.head:], obs.Action(i))
			if view := p.viewOf(p.arm(obs, i)); view != nil {
				dst[i] += float64(simd.Dot(view[:d], x))
			}
		}
	}
}

// Kind implements lepton.Saver.
func (p *linThompsonPolicy) Kind() string { return kindLinThompsonPolicy }

// WriteTo implements lepton.Saver.
func (p *linThompsonPolicy) WriteTo(w io.Writer) (int64, error) {
	var b codec.Writer
	p.write(&b)
	return codec.WriteContainer(w, kindLinThompsonPolicy, b.Bytes())
}

func (p *linThompsonPolicy) write(w *codec.Writer) {
	w.Int(p.draws)
	w.Float(p.scale)
	w.Uint64(p.seed)
	p.linearPolicy.write(w)
}

// read reads a policy of the same make.
func (p *linThompsonPolicy) read(in *codec.Reader) (*linThompsonPolicy, error) {
	q := &linThompsonPolicy{draws: in.Int(), scale: in.Float(), seed: in.Uint64()}
	if q.draws != p.draws || !(q.scale > 0) || !moderate(q.scale) {
		in.Fail("%d draws instead of %d, or a scale of %v", q.draws, p.draws, q.scale)
		return nil, in.Err()
	}
	var err error
	q.linearPolicy, err = p.linearPolicy.read(in, kindLinThompsonPolicy, p.x.dim()*(1+p.draws))
	return q, err
}
