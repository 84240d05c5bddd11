package scheduler

import (
	"math"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
)

// packed is an observation as it waits for its outcome: float32, and no more rows than Needs asks for.
type packed struct {
	state   []float32
	rows    []float32
	ids     []uint64
	legal   []bool
	dim     int
	offered int
}

// pack stores obs in p. chosen (−1: none yet) comes first where the list is cut to 1+others rows; the
// others (AllRows: all) are drawn one from each of as many equal stretches of the list, by draw. It
// returns the place of chosen in p, and whether everything kept is finite.
func (p *packed) pack(obs *lepton.Observation, chosen, others int, draw uint64) (at int, finite bool) {
	n := obs.Len()
	if others == lepton.AllRows {
		others = n
	}
	p.clear()
	p.makeRoom(len(obs.State()), min(n, others+1), obs.ActionDim())
	p.dim, p.offered = obs.ActionDim(), obs.Offered()
	finite = true
	p.state, finite = appendFloat32(p.state, obs.State(), finite)
	if n <= 1+others {
		p.rows, finite = appendFloat32(p.rows, obs.Rows(), finite)
		for i := range n {
			p.ids = append(p.ids, obs.ID(i))
			p.legal = append(p.legal, obs.Legal(i))
		}
		return chosen, finite
	}
	keep := func(i int) {
		p.rows, finite = appendFloat32(p.rows, obs.Action(i), finite)
		p.ids = append(p.ids, obs.ID(i))
		p.legal = append(p.legal, obs.Legal(i))
	}
	if at = -1; chosen >= 0 {
		keep(chosen)
		at = 0
	}
	for j := range others {
		from, to := j*n/others, (j+1)*n/others
		i := from + int(rng.Mix(draw, uint64(j))%uint64(to-from))
		if i != chosen && obs.Legal(i) {
			keep(i)
		}
	}
	return at, finite
}

// clear empties p and keeps its memory.
func (p *packed) clear() {
	*p = packed{state: p.state[:0], rows: p.rows[:0], ids: p.ids[:0], legal: p.legal[:0]}
}

// makeRoom sets memory aside for what will be kept and not a value more, so that Needs bound it.
func (p *packed) makeRoom(state, rows, dim int) {
	if cap(p.state) < state {
		p.state = make([]float32, 0, state)
	}
	if cap(p.rows) < rows*dim {
		p.rows = make([]float32, 0, rows*dim)
	}
	if cap(p.ids) < rows {
		p.ids, p.legal = make([]uint64, 0, rows), make([]bool, 0, rows)
	}
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

func appendFloat32(dst []float32, src []float64, finite bool) ([]float32, bool) {
	for _, v := range src {
		f := float32(v)
		if math.IsInf(float64(f), 0) || f != f {
			finite = false
		}
		dst = append(dst, f)
	}
	return dst, finite
}

// record is one open or finished decision. Its two observations keep their memory from use to use;
// the rest is a plain value, set anew by each.
type record struct {
	facts
	obs, next packed // next is of use only where discount is not 0
}

// facts are what is known of a decision beside the observations.
type facts struct {
	seq        uint64
	version    uint64
	actionID   uint64
	propensity float64
	reward     float64 // sum of what was accrued so far
	at         int64   // clock when decided, nanoseconds
	action     int     // index into what was offered; −1: the host has not said
	kept       int     // the same as an index into obs
	arm        lepton.Arm
	event      EventKind // the latest in its life

	learnable bool // may be given to the learner
	settled   bool // the outcome is known
	linked    bool // what follows is known; always true outside of an episode

	link // zero outside of an episode
}

// link is what is known of a decision's place in its episode.
type link struct {
	stream     stream
	phi        float64 // shaping potential of obs
	discount   float64
	elapsed    time.Duration
	last       bool
	nextAction int // index into next; −1: none
}

// stream is what a record knows of its episode.
type stream struct {
	episode uint64
	agent   uint32
	step    int
	gamma   float64
	unit    time.Duration
}

func (r *record) decision(instance uint64) lepton.Decision {
	return lepton.Decision{
		ID:     lepton.DecisionID{Instance: instance, Seq: r.seq},
		Action: r.action, ActionID: r.actionID, Propensity: r.propensity, Version: r.version, Arm: r.arm,
	}
}

// transition fills t with r, which must be settled and linked.
func (r *record) transition(t *lepton.Transition, instance uint64) {
	t.ID = lepton.DecisionID{Instance: instance, Seq: r.seq}
	t.Version, t.Episode, t.Agent, t.Step = r.version, r.stream.episode, r.stream.agent, r.stream.step
	t.Action, t.Propensity, t.Arm = r.kept, r.propensity, r.arm
	t.Reward, t.Discount, t.Elapsed, t.Last = r.reward, r.discount, r.elapsed, r.last
	t.NextAction = r.nextAction
	r.obs.unpack(&t.Obs)
	if r.discount == 0 {
		t.Next.Reset(r.obs.dim, 0)
		t.NextAction = -1
		t.Next.GrowState(0)
	} else {
		r.next.unpack(&t.Next)
	}
}
