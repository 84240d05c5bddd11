package replay

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

func TestUniformSlots(t *testing.T) {
	store, err := NewStore(lepton.Spec{Actions: 1}, StoreOptions{Capacity: 10})
	require.NoError(t, err)
	sampler := NewUniformSlots(store, 3)
	slots := make([]int, 1000)
	assert.Zero(t, sampler.Sample(slots), "an empty store")
	var tr lepton.Transition
	tr.Obs.Actions().Add(0, true)
	for range 5 {
		_, err := store.Add(&tr)
		require.NoError(t, err)
	}
	counts := make([]float64, 5)
	for range 50 {
		require.Equal(t, len(slots), sampler.Sample(slots))
		for _, slot := range slots {
			counts[slot]++
		}
	}
	chi2 := 0.0
	for _, n := range counts {
		chi2 += (n - 10_000) * (n - 10_000) / 10_000
	}
	assert.Less(t, chi2, 18.5, "χ² with 4 degrees of freedom exceeds it with probability 0.001")

	var file bytes.Buffer
	_, err = sampler.WriteTo(&file)
	require.NoError(t, err)
	again := NewUniformSlots(store, 4)
	_, err = again.ReadFrom(&file)
	require.NoError(t, err)
	want := slices.Clone(slots)
	sampler.Sample(want)
	again.Sample(slots)
	assert.Equal(t, want, slots)
}

// FuzzStore puts any payload into a container that is whole, so that the checksum does not keep it out.
func FuzzStore(f *testing.F) {
	specs := []lepton.Spec{{StateDim: 1, Actions: 3}, {StateDim: 1, ActionDim: 1}}
	fresh := func(t require.TestingT, spec lepton.Spec) *Store {
		s, err := NewStore(spec, StoreOptions{Capacity: 2, MaxActions: 3})
		require.NoError(t, err)
		return s
	}
	for _, spec := range specs {
		s := fresh(f, spec)
		t := &lepton.Transition{Discount: 1, Reward: math.Pi}
		t.Obs.Reset(spec.ActionDim, 0)
		t.Obs.SetState([]float64{1})
		for i := range 3 {
			t.Obs.Actions().Add(uint64(i), i != 1)
		}
		t.Next.CopyFrom(&t.Obs)
		for range 3 {
			_, err := s.Add(t)
			require.NoError(f, err)
			_, payload, _, err := codec.ReadContainer(bytes.NewReader(written(f, s)))
			require.NoError(f, err)
			f.Add(payload)
		}
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		var in bytes.Buffer
		_, err := codec.WriteContainer(&in, storeKind, payload)
		require.NoError(t, err)
		for _, spec := range specs {
			s := fresh(t, spec)
			if _, err := s.ReadFrom(bytes.NewReader(in.Bytes())); err != nil {
				require.True(t, errors.Is(err, ErrCorrupt) || errors.Is(err, ErrSettings), "%v", err)
				continue
			}
			require.Equal(t, in.Bytes(), written(t, s), "what is accepted is written back to the same bytes")
			slots := make([]int, 4)
			var b Batch
			var o Offers
			slots = slots[:NewUniformSlots(s, 1).Sample(slots)]
			s.Gather(&b, slots)
			s.GatherOffers(&o, slots)
			s.GatherNext(&o, slots)
			s.GatherChosen(&o, slots)
		}
	})
}
