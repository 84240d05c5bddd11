package scheduler

import (
	"math"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

// The fields of a checkpoint's parts, each written and read side by side. The sizes are the least that
// a part takes, so that a false count is refused before memory is set aside for it.
const (
	streamSize   = 8 + 4 + 8 + 8 + 8
	packedSize   = 6 * 8
	recordSize   = 12*8 + 7 + 1 + streamSize + 2*packedSize
	snapshotSize = 3*8 + 8 + 8
)

func writeSpec(out *codec.Writer, spec lepton.Spec) {
	out.Int(spec.StateDim)
	out.Int(spec.ActionDim)
	out.Int(spec.Actions)
	out.Strings(spec.StateNames)
	out.Strings(spec.ActionNames)
}

func readSpec(in *codec.Reader) lepton.Spec {
	return lepton.Spec{
		StateDim: in.Int(), ActionDim: in.Int(), Actions: in.Int(),
		StateNames: in.Strings(), ActionNames: in.Strings(),
	}
}

func writeStream(out *codec.Writer, st *stream) {
	out.Uint64(st.episode)
	out.Uint32(st.agent)
	out.Int(st.step)
	out.Float(st.gamma)
	out.Int(int(st.unit))
}

func readStream(in *codec.Reader) stream {
	st := stream{
		episode: in.Uint64(), agent: in.Uint32(), step: in.Int(), gamma: in.Float(), unit: time.Duration(in.Int()),
	}
	if err := (lepton.CreditOptions{Gamma: st.gamma, Unit: st.unit}).Validate(); err != nil || st.step < 0 {
		in.Fail("episode %d, step %d: %v", st.episode, st.step, err)
	}
	return st
}

func writePacked(out *codec.Writer, p *packed) {
	if p == nil {
		p = new(packed)
	}
	out.Int(p.dim)
	out.Int(p.offered)
	out.Floats32(p.state)
	out.Floats32(p.rows)
	out.Uint64s(p.ids)
	out.Int(len(p.legal))
	for _, legal := range p.legal {
		out.Bool(legal)
	}
}

func readPacked(in *codec.Reader, p *packed) {
	*p = packed{dim: in.Int(), offered: in.Int(), state: in.Floats32(), rows: in.Floats32(), ids: in.Uint64s()}
	p.legal = make([]bool, in.Count(1))
	for i := range p.legal {
		p.legal[i] = in.Bool()
	}
	if n := len(p.ids); p.dim < 0 || len(p.legal) != n || p.dim > 0 && len(p.rows)/p.dim != n || len(p.rows) != n*p.dim {
		in.Fail("%d actions of %d features in %d values", n, p.dim, len(p.rows))
	}
}

func writeRecord(out *codec.Writer, r *record) {
	out.Uint64(r.seq)
	out.Uint64(r.version)
	out.Uint64(r.actionID)
	out.Float(r.propensity)
	out.Float(r.reward)
	out.Int(int(r.at))
	out.Int(r.action)
	out.Int(r.kept)
	out.Uint8(uint8(r.arm))
	out.Uint8(uint8(r.group))
	out.Uint8(uint8(r.event))
	for _, flag := range [...]bool{r.learnable, r.settled, r.linked, r.last} {
		out.Bool(flag)
	}
	writeStream(out, &r.stream)
	out.Float(r.phi)
	out.Float(r.discount)
	out.Int(int(r.elapsed))
	out.Int(r.nextAction)
	writePacked(out, r.obs)
	if r.discount == 0 {
		writePacked(out, nil) // next is that of an earlier decision
		return
	}
	writePacked(out, r.next)
}

func (s *Scheduler[S, O]) readRecord(in *codec.Reader, r *record) {
	r.facts = facts{
		seq: in.Uint64(), version: in.Uint64(), actionID: in.Uint64(), propensity: in.Float(), reward: in.Float(),
		at: int64(in.Int()), action: in.Int(), kept: in.Int(), arm: lepton.Arm(in.Uint8()),
		group: lepton.Arm(in.Uint8()), event: EventKind(in.Uint8()),
	}
	for _, flag := range [...]*bool{&r.learnable, &r.settled, &r.linked, &r.last} {
		*flag = in.Bool()
	}
	r.stream = readStream(in)
	r.phi, r.discount, r.elapsed, r.nextAction = in.Float(), in.Float(), time.Duration(in.Int()), in.Int()
	r.obs, r.next = new(packed), new(packed)
	for _, p := range [...]*packed{r.obs, r.next} {
		readPacked(in, p)
		s.checkPacked(in, p)
	}
	s.checkRecord(in, r)
}

// checkRecord refuses what no scheduler would have written.
func (s *Scheduler[S, O]) checkRecord(in *codec.Reader, r *record) {
	finite := func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
	switch chosen := r.action >= 0; {
	case r.arm > lepton.ArmGuarded || r.group > lepton.ArmHoldout || r.event > Expired || r.action < -1 || r.settled && !chosen:
		in.Fail("decision %d: arm %d, event %d, action %d", r.seq, r.arm, r.event, r.action)
	case chosen && !(r.propensity > 0 && r.propensity <= 1):
		in.Fail("decision %d: propensity %v", r.seq, r.propensity)
	case !finite(r.reward) || !finite(r.phi) || !(r.discount >= 0 && r.discount <= 1):
		in.Fail("decision %d: reward %v, potential %v, discount %v", r.seq, r.reward, r.phi, r.discount)
	case r.learnable && chosen && (r.kept < 0 || r.kept >= r.obs.len()):
		in.Fail("decision %d: action %d of %d kept", r.seq, r.kept, r.obs.len())
	case r.learnable && r.discount > 0 && (r.nextAction < -1 || r.nextAction >= r.next.len()):
		in.Fail("decision %d: next action %d of %d kept", r.seq, r.nextAction, r.next.len())
	}
}

// checkPacked refuses an observation of other sizes than those of the spec, unless it is empty.
func (s *Scheduler[S, O]) checkPacked(in *codec.Reader, p *packed) {
	empty := p.dim == 0 && len(p.state) == 0 && len(p.ids) == 0
	if !empty && (p.dim != s.spec.ActionDim || len(p.state) != s.spec.StateDim) || len(p.ids) > s.opt.MaxActions {
		in.Fail("an observation of %d and %d × %d features, not of %d and %d", len(p.state), len(p.ids), p.dim, s.spec.StateDim, s.spec.ActionDim)
	}
}
