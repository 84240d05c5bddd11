package rl

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/replay"
)

// ReplayOptions says what a learner keeps to learn from again. The zero value keeps nothing.
type ReplayOptions struct {
	Capacity int    // transitions kept, with all rows of each; 0: no replay. The oldest make room
	Batch    int    // transitions learned from again in one Step; 0 means 32
	Seed     uint64 // source of all draws
}

func (o ReplayOptions) withDefaults() ReplayOptions {
	if o.Batch == 0 {
		o.Batch = 32
	}
	return o
}

func (o ReplayOptions) validate() error {
	var errs []error
	if o.Capacity < 0 {
		errs = append(errs, fmt.Errorf("rl: ReplayOptions.Capacity is %d, want 0 or more", o.Capacity))
	}
	if o.Batch < 0 {
		errs = append(errs, fmt.Errorf("rl: ReplayOptions.Batch is %d, want 0 or more", o.Batch))
	}
	return errors.Join(errs...)
}

// rehearsal is experience replay, drawn evenly (Lin 1992).
type rehearsal struct {
	ring    *replay.Ring[lepton.Transition]
	sampler *replay.Uniform[lepton.Transition]
	batch   []*lepton.Transition
	fresh   bool // something came in since the last draw
}

// newRehearsal returns nil where o asks for none.
func newRehearsal(o ReplayOptions) (*rehearsal, error) {
	if o.Capacity == 0 {
		return nil, nil
	}
	ring, err := replay.NewRing[lepton.Transition](o.Capacity)
	if err != nil {
		return nil, err
	}
	return &rehearsal{
		ring: ring, sampler: replay.NewUniform(ring, o.Seed), batch: make([]*lepton.Transition, o.Batch),
	}, nil
}

func (r *rehearsal) add(t *lepton.Transition) {
	r.ring.Next().CopyFrom(t)
	r.fresh = true
}

// draw returns what to learn from again: nothing unless something came in since.
func (r *rehearsal) draw() []*lepton.Transition {
	if !r.fresh {
		return nil
	}
	r.fresh = false
	return r.batch[:r.sampler.Sample(r.batch)]
}

func (r *rehearsal) write(w *codec.Writer) error {
	var b bytes.Buffer
	_, err1 := r.ring.Save(&b, replay.AppendTransition)
	_, err2 := r.sampler.WriteTo(&b)
	w.Blob(b.Bytes())
	w.Bool(r.fresh)
	return errors.Join(err1, err2)
}

// readRehearsal reads what write wrote, under the same options.
func readRehearsal(r *codec.Reader, o ReplayOptions) (*rehearsal, error) {
	out, err := newRehearsal(o)
	if err != nil {
		return nil, err
	}
	body := bytes.NewReader(r.Blob())
	out.fresh = r.Bool()
	if err := r.Err(); err != nil {
		return nil, err
	}
	if _, err := out.ring.Load(body, replay.ReadTransition); err != nil {
		return nil, err
	}
	if _, err := out.sampler.ReadFrom(body); err != nil {
		return nil, err
	}
	if body.Len() > 0 {
		r.Fail("%d bytes too many in a replay", body.Len())
	}
	for i := range out.ring.Len() {
		if !usable(out.ring.At(i)) {
			r.Fail("a transition that cannot be learned from")
		}
	}
	return out, r.Err()
}
