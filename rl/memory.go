package rl

import (
	"bytes"
	"errors"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/replay"
)

// memory is what a value network replays: a store, and one of two ways to draw from it.
type memory struct {
	store       *replay.Store
	even        *replay.UniformSlots // nil: prioritised
	prioritised *replay.Prioritised
	slots       []int     // of the latest draw
	weights     []float32 // what their gradients are multiplied by
}

func newMemory(spec lepton.Spec, o DQNOptions) (memory, error) {
	store, err := replay.NewStore(spec, replay.StoreOptions{Capacity: o.Capacity, MaxActions: o.MaxActions})
	if err != nil {
		return memory{}, err
	}
	m := memory{store: store, slots: make([]int, max(o.Batch, 0)), weights: make([]float32, max(o.Batch, 0))}
	if o.Priority == 0 {
		m.even = replay.NewUniformSlots(store, o.Seed)
		for i := range m.weights {
			m.weights[i] = 1
		}
		return m, nil
	}
	m.prioritised, err = replay.NewPrioritised(store.Cap(), replay.PrioritisedOptions{Alpha: o.Priority, Seed: o.Seed})
	return m, err
}

func (m *memory) add(t *lepton.Transition) error {
	slot, err := m.store.Add(t)
	if err == nil && m.prioritised != nil {
		m.prioritised.Add(slot)
	}
	return err
}

// draw fills slots and weights.
func (m *memory) draw(beta float64) {
	if m.prioritised != nil {
		m.prioritised.Sample(m.slots, m.weights, beta)
		return
	}
	m.even.Sample(m.slots)
}

// tell says how far off the values of the latest draw were.
func (m *memory) tell(errors []float32) {
	if m.prioritised != nil {
		m.prioritised.Update(m.slots, errors)
	}
}

func (m *memory) write(w *codec.Writer) error {
	var b bytes.Buffer
	_, err1 := m.store.WriteTo(&b)
	var err2 error
	if m.prioritised != nil {
		_, err2 = m.prioritised.WriteTo(&b)
	} else {
		_, err2 = m.even.WriteTo(&b)
	}
	w.Blob(b.Bytes())
	return errors.Join(err1, err2)
}

// readMemory reads what write wrote, under the same options.
func readMemory(in *codec.Reader, spec lepton.Spec, o DQNOptions) (memory, error) {
	body := bytes.NewReader(in.Blob())
	m, err := newMemory(spec, o)
	if err := errors.Join(in.Err(), err); err != nil {
		return m, err
	}
	if _, err := m.store.ReadFrom(body); err != nil {
		return m, err
	}
	if m.prioritised != nil {
		_, err = m.prioritised.ReadFrom(body)
	} else {
		_, err = m.even.ReadFrom(body)
	}
	if err != nil {
		return m, err
	}
	for slot := range m.store.Cap() {
		if m.prioritised != nil && (m.prioritised.Priority(slot) != 0) != (slot < m.store.Len()) {
			in.Fail("slot %d of %d with priority %v", slot, m.store.Len(), m.prioritised.Priority(slot))
			break
		}
	}
	if body.Len() > 0 {
		in.Fail("%d bytes too many in a replay", body.Len())
	}
	return m, in.Err()
}
