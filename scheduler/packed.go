package scheduler

import (
	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
)

// packed is an observation as it waits for its outcome: float32, and no more rows than Needs asks for.
// A nil *packed is empty.
type packed struct {
	state   []float32
	rows    []float32
	ids     []uint64
	legal   []bool
	dim     int
	offered int
}

// len returns the number of actions held.
func (p *packed) len() int {
	if p == nil {
		return 0
	}
	return len(p.ids)
}

// clear empties p and keeps its memory.
func (p *packed) clear() {
	if p != nil {
		*p = packed{state: p.state[:0], rows: p.rows[:0], ids: p.ids[:0], legal: p.legal[:0]}
	}
}

// pack stores obs in p. chosen (−1: none yet) comes first where the list is cut to 1+others rows; see
// sample. It returns the place of chosen in p, and whether everything kept is finite.
func (p *packed) pack(obs *lepton.Observation, chosen, others int, draw uint64) (at int, finite bool) {
	n, dim := obs.Len(), obs.ActionDim()
	whole := others == lepton.AllRows || n <= 1+others
	p.reset(dim, obs.Offered(), len(obs.State()), n, others)
	p.state = appendFloat32(p.state, obs.State())
	if !whole {
		at = sample(n, chosen, others, draw, obs.Legal, func(i int) {
			p.rows = appendFloat32(p.rows, obs.Action(i))
			p.ids, p.legal = append(p.ids, obs.ID(i)), append(p.legal, obs.Legal(i))
		})
		return at, p.finite()
	}
	p.rows = appendFloat32(p.rows, obs.Rows())
	for i := range n {
		p.ids, p.legal = append(p.ids, obs.ID(i)), append(p.legal, obs.Legal(i))
	}
	return chosen, p.finite()
}

// cut is pack from a list that was packed whole.
func (p *packed) cut(list *packed, chosen, others int, draw uint64) (at int, finite bool) {
	dim := list.dim
	p.reset(dim, list.offered, len(list.state), len(list.ids), others)
	p.state = append(p.state, list.state...)
	at = sample(len(list.ids), chosen, others, draw, func(i int) bool { return list.legal[i] }, func(i int) {
		p.rows = append(p.rows, list.rows[i*dim:(i+1)*dim]...)
		p.ids, p.legal = append(p.ids, list.ids[i]), append(p.legal, list.legal[i])
	})
	return at, p.finite()
}

// sample calls keep with chosen, if there is one, and with those of the others, drawn one from each of
// as many equal stretches of the list of n, that are legal and not chosen. It returns the place of chosen.
func sample(n, chosen, others int, draw uint64, legal func(int) bool, keep func(int)) (at int) {
	if at = -1; chosen >= 0 {
		keep(chosen)
		at = 0
	}
	for j := range others {
		from, to := j*n/others, (j+1)*n/others
		if i := from + int(rng.Mix(draw, uint64(j))%uint64(to-from)); i != chosen && legal(i) {
			keep(i)
		}
	}
	return at
}

// reset empties p and sets memory aside for what will be kept of n actions and not a value more, so
// that Needs bound it.
func (p *packed) reset(dim, offered, state, n, others int) {
	if others != lepton.AllRows {
		n = min(n, 1+others)
	}
	p.clear()
	p.dim, p.offered = dim, offered
	if cap(p.state) < state {
		p.state = make([]float32, 0, state)
	}
	if cap(p.rows) < n*dim {
		p.rows = make([]float32, 0, n*dim)
	}
	if cap(p.ids) < n {
		p.ids, p.legal = make([]uint64, 0, n), make([]bool, 0, n)
	}
}

// finite reports whether p holds neither NaN nor infinities.
func (p *packed) finite() bool {
	odd := float32(0) // v−v is 0 for a finite v, else NaN
	for _, v := range p.state {
		odd += v - v
	}
	for _, v := range p.rows {
		odd += v - v
	}
	return odd == 0
}

// unpack fills obs with what p holds.
func (p *packed) unpack(obs *lepton.Observation) {
	obs.Reset(p.dim, 0)
	set := obs.Actions()
	for i, id := range p.ids {
		row := set.Add(id, p.legal[i])
		for k, v := range p.rows[i*p.dim : (i+1)*p.dim] {
			row[k] = float64(v)
		}
	}
	obs.SetOffered(p.offered)
	obs.GrowState(len(p.state))
	for i, v := range p.state {
		obs.State()[i] = float64(v)
	}
}

// appendFloat32 appends src, for which dst has the room.
func appendFloat32(dst []float32, src []float64) []float32 {
	n := len(dst)
	dst = dst[:n+len(src)]
	for i, v := range src {
		dst[n+i] = float32(v)
	}
	return dst
}
