package rl

import (
	"io"
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/simd"
)

// linUCBPolicy is a snapshot of a LinUCB.
type linUCBPolicy struct {
	linearPolicy
	alpha float64
}

// Probs implements lepton.Policy.
func (p *linUCBPolicy) Probs(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	p.Scores(dst, obs, scratch)
	shareBest(dst, obs, p.epsilon)
}

// Scores implements lepton.Scorer.
func (p *linUCBPolicy) Scores(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	var shared []float32
	if !p.perAction {
		shared = p.viewOf(arm{})
	}
	switch {
	case !p.fits(obs):
		for i := range dst {
			dst[i] = math.NaN()
		}
	case shared != nil:
		p.scoreShared(dst, obs, shared, scratch)
	default:
		p.scoreEach(dst, obs, scratch)
	}
	mask(dst, obs)
}

func (p *linUCBPolicy) score(mean, square float64) float64 {
	if square < 0 { // by rounding
		square = 0
	}
	return p.initial + mean + p.alpha*math.Sqrt(square)
}

// scoreEach finds each action's own weights. With z the products of every two features, xᵀA⁻¹x is one
// long scalar product of A⁻¹ and z, and z is the same for all actions without rows.
func (p *linUCBPolicy) scoreEach(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	d, h := p.x.dim(), p.x.head
	x, z := scratch.Floats32(d), scratch.Floats32(triangle(d))
	p.x.fillHead(x, obs)
	var prior float64
	if p.x.row == 0 {
		prior = square(x) / p.lambda
		products(z, x)
	}
	for i := range dst {
		if !obs.Legal(i) {
			continue
		}
		if p.x.row > 0 {
			simd.Narrow(x[h:], obs.Action(i))
			prior = square(x) / p.lambda
		}
		view := p.viewOf(p.arm(obs, i))
		if view == nil {
			dst[i] = p.score(0, prior)
			continue
		}
		if p.x.row > 0 {
			products(z, x)
		}
		dst[i] = p.score(float64(simd.Dot(view[:d], x)), float64(simd.Dot(view[d:], z)))
	}
}

// products fills z with x[i]·x[j] for i ≤ j, in the order of half a matrix, and those off the diagonal twice.
func products(z, x []float32) {
	for i, v := range x {
		row := z[:len(x)-i]
		for j, w := range x[i:] {
			row[j] = 2 * v * w
		}
		row[0] = v * v
		z = z[len(row):]
	}
}

// scoreShared scores all rows r at once. With h the head and A⁻¹ in parts,
//
//	xᵀA⁻¹x = hᵀ·HH·h + r·(RR·r + 2·HRᵀ·h)
//
// where triangular matrices stand for the symmetric HH and RR.
func (p *linUCBPolicy) scoreShared(dst []float64, obs *lepton.Observation, view []float32, scratch *lepton.Scratch) {
	n, h, k := len(dst), p.x.head, p.x.row
	theta := view[:h+k]
	rr, hr, hh := p.parts(view[h+k:])
	head, bias := scratch.Floats32(h), scratch.Floats32(k)
	rows, pulled := scratch.Floats32(n*k), scratch.Floats32(n*k)
	p.x.fillHead(head, obs)
	simd.Narrow(rows, obs.Rows())

	clear(bias)
	var mean, common float32
	for i, v := range head {
		mean += v * theta[i]
		common += v * simd.Dot(hh[i*h:(i+1)*h], head)
		simd.Axpy(bias, 2*v, hr[i*k:(i+1)*k])
	}
	simd.Dense(pulled, rows, rr, bias, n, k, k, false)
	theta = theta[h:]
	for i := range dst {
		row := rows[i*k : (i+1)*k]
		dst[i] = p.score(float64(mean+simd.Dot(theta, row)), float64(common+simd.Dot(row, pulled[i*k:(i+1)*k])))
	}
}

// Kind implements lepton.Saver.
func (p *linUCBPolicy) Kind() string { return kindLinUCBPolicy }

// WriteTo implements lepton.Saver.
func (p *linUCBPolicy) WriteTo(w io.Writer) (int64, error) {
	var b codec.Writer
	p.write(&b)
	return codec.WriteContainer(w, kindLinUCBPolicy, b.Bytes())
}

func (p *linUCBPolicy) write(w *codec.Writer) {
	p.linearPolicy.write(w)
	w.Float(p.alpha)
}

// read reads a policy of the same make.
func (p *linUCBPolicy) read(in *codec.Reader) (*linUCBPolicy, error) {
	base, err := p.linearPolicy.read(in, kindLinUCBPolicy, p.ucbSize())
	if err != nil {
		return nil, err
	}
	q := &linUCBPolicy{base, in.Float()}
	if !(q.alpha > 0) || !moderate(q.alpha) {
		in.Fail("a width of %v", q.alpha)
	}
	return q, in.Err()
}
