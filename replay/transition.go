package replay

import (
	"fmt"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

const (
	transitionFormat = 1
	// maxActionDim bounds the features of an action in what is read back, where no bytes stand for them.
	maxActionDim = 1 << 20
)

// AppendTransition appends t to dst, exactly: ReadTransition gives the same bits. All values are 64
// bits wide.
func AppendTransition(dst []byte, t *lepton.Transition) []byte {
	var w codec.Writer
	w.Uint8(transitionFormat)
	w.Uint64(t.ID.Instance)
	w.Uint64(t.ID.Seq)
	w.Uint64(t.Version)
	w.Uint64(t.Episode)
	w.Uint32(t.Agent)
	w.Int(t.Step)
	w.Int(t.Action)
	w.Float(t.Propensity)
	w.Uint8(uint8(t.Arm))
	w.Float(t.Reward)
	w.Float(t.Discount)
	w.Int(int(t.Elapsed))
	w.Bool(t.Last)
	w.Int(t.NextAction)
	writeObservation(&w, &t.Obs)
	writeObservation(&w, &t.Next)
	return append(dst, w.Bytes()...)
}

// ReadTransition makes t what AppendTransition wrote to src, reusing t's memory and keeping none of
// src. Damaged data, an action outside its observation included, is an error that wraps ErrCorrupt and
// leaves t half filled.
func ReadTransition(t *lepton.Transition, src []byte) error {
	r := codec.NewReader(src)
	if v := r.Uint8(); v != transitionFormat {
		r.Fail("transition format %d, known is %d", v, transitionFormat)
	}
	t.ID = lepton.DecisionID{Instance: r.Uint64(), Seq: r.Uint64()}
	t.Version = r.Uint64()
	t.Episode = r.Uint64()
	t.Agent = r.Uint32()
	t.Step = r.Int()
	t.Action = r.Int()
	t.Propensity = r.Float()
	t.Arm = lepton.Arm(r.Uint8())
	t.Reward = r.Float()
	t.Discount = r.Float()
	t.Elapsed = time.Duration(r.Int())
	t.Last = r.Bool()
	t.NextAction = r.Int()
	readObservation(r, &t.Obs)
	readObservation(r, &t.Next)
	checkAction(r, t.Action, &t.Obs)
	checkAction(r, t.NextAction, &t.Next)
	if err := r.Close(); err != nil {
		return fmt.Errorf("replay: reading a transition: %w", err)
	}
	return nil
}

// checkAction refuses an index that a learner could trip over; with no actions held, 0 is as good as −1.
func checkAction(r *codec.Reader, action int, obs *lepton.Observation) {
	if action < -1 || action >= max(obs.Len(), 1) {
		r.Fail("action %d of %d", action, obs.Len())
	}
}

func writeObservation(w *codec.Writer, o *lepton.Observation) {
	w.Floats(o.State())
	w.Int(o.ActionDim())
	w.Int(o.Offered())
	w.Int(o.Len())
	for i := range o.Len() {
		w.Uint64(o.ID(i))
		w.Bool(o.Legal(i))
		for _, v := range o.Action(i) {
			w.Float(v)
		}
	}
}

func readObservation(r *codec.Reader, o *lepton.Observation) {
	state := r.Floats()
	dim, offered := r.Int(), r.Int()
	if dim < 0 || dim > maxActionDim {
		r.Fail("%d features of an action", dim)
		dim = 0
	}
	n := r.Count(9 + 8*dim)
	if offered < n {
		r.Fail("%d actions held of %d offered", n, offered)
	}
	o.Reset(dim, 0)
	o.SetState(state)
	actions := o.Actions()
	for range n {
		id, legal := r.Uint64(), r.Bool()
		row := actions.Add(id, legal)
		for j := range row {
			row[j] = r.Float()
		}
	}
	o.SetOffered(offered)
}
