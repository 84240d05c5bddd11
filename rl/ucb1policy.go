package rl

import (
	"io"
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

const kindUCB1Policy = "rl.ucb1policy"

// ucb1Policy is a snapshot of a UCB1.
type ucb1Policy struct {
	spec    lepton.Spec
	key     func(*lepton.Observation) uint64
	epsilon float64
	width   float64 // Alpha·Range
	places  places
	tallies []armTally // by place
}

// Probs implements lepton.Policy.
func (p *ucb1Policy) Probs(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	p.Scores(dst, obs, scratch)
	shareBest(dst, obs, p.epsilon)
}

// Scores implements lepton.Scorer: mean and bonus. What has no outcome scores the highest finite number.
func (p *ucb1Policy) Scores(dst []float64, obs *lepton.Observation, _ *lepton.Scratch) {
	key, n := p.key(obs), uint64(0)
	for i := range dst {
		place := p.places.find(arm{key, obs.ID(i)})
		dst[i] = float64(place)
		if place >= 0 {
			n += p.tallies[place].n
		}
	}
	square := 2 * math.Log(float64(n))
	for i, place := range dst {
		switch {
		case !obs.Legal(i):
			dst[i] = math.Inf(-1)
		case place < 0:
			dst[i] = math.MaxFloat64
		default:
			a := &p.tallies[int(place)]
			dst[i] = a.mean() + p.width*math.Sqrt(square/float64(a.n))
		}
	}
}

// Spec implements lepton.Specced.
func (p *ucb1Policy) Spec() lepton.Spec { return p.spec }

// Kind implements lepton.Saver.
func (p *ucb1Policy) Kind() string { return kindUCB1Policy }

// WriteTo implements lepton.Saver.
func (p *ucb1Policy) WriteTo(w io.Writer) (int64, error) {
	var b codec.Writer
	p.write(&b)
	return codec.WriteContainer(w, kindUCB1Policy, b.Bytes())
}

func (p *ucb1Policy) write(w *codec.Writer) {
	writeSpec(w, p.spec)
	w.Float(p.epsilon)
	w.Float(p.width)
	writeTallies(w, &p.places, p.tallies, p.places.sorted())
}

// read reads a policy that uses p's key.
func (p *ucb1Policy) read(in *codec.Reader) (*ucb1Policy, error) {
	if err := readSpec(in, p.spec, kindUCB1Policy); err != nil {
		return nil, err
	}
	q := &ucb1Policy{spec: p.spec, key: p.key, places: newPlaces(0)}
	q.epsilon, q.width = in.Float(), in.Float()
	if !(q.epsilon >= 0 && q.epsilon <= 1) || !(q.width >= 0) || !finite(q.width) {
		in.Fail("an epsilon of %v, a width of %v", q.epsilon, q.width)
	}
	q.tallies = readTallies(in, q.places.appendSorted)
	return q, in.Err()
}

// writeTallies writes arms with their tallies in some order of their places.
func writeTallies(w *codec.Writer, p *places, tallies []armTally, order []int) {
	w.Int(len(order))
	for _, place := range order {
		writeArm(w, p.arms[place])
		w.Uint64(tallies[place].n)
		w.Float(tallies[place].sum)
	}
}

// readTallies reads what writeTallies wrote; add takes in the arms.
func readTallies(r *codec.Reader, add func(arm) bool) []armTally {
	var tallies []armTally
	for range r.Count(32) {
		readArm(r, add)
		t := armTally{r.Uint64(), r.Float()}
		if t.n == 0 || !finite(t.sum) {
			r.Fail("%d outcomes with a sum of %v", t.n, t.sum)
		}
		if r.Err() != nil {
			break
		}
		tallies = append(tallies, t)
	}
	return tallies
}
