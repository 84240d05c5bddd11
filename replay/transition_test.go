package replay

import (
	"bytes"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

func drawObservation(rt *rapid.T, o *lepton.Observation) {
	o.Reset(rapid.IntRange(0, 3).Draw(rt, "dim"), 0)
	o.SetState(rapid.SliceOfN(rapid.Float64(), 0, 4).Draw(rt, "state"))
	actions := o.Actions()
	for range rapid.IntRange(0, 4).Draw(rt, "actions") {
		row := actions.Add(rapid.Uint64().Draw(rt, "id"), rapid.Bool().Draw(rt, "legal"))
		for j := range row {
			row[j] = rapid.Float64().Draw(rt, "feature")
		}
	}
	o.SetOffered(o.Offered() + rapid.IntRange(0, 9).Draw(rt, "more"))
}

func drawTransition(rt *rapid.T) *lepton.Transition {
	t := &lepton.Transition{
		ID:      lepton.DecisionID{Instance: rapid.Uint64().Draw(rt, "instance"), Seq: rapid.Uint64().Draw(rt, "seq")},
		Version: rapid.Uint64().Draw(rt, "version"), Episode: rapid.Uint64().Draw(rt, "episode"), Agent: rapid.Uint32().Draw(rt, "agent"),
		Step: rapid.Int().Draw(rt, "step"), Propensity: rapid.Float64().Draw(rt, "p"), Arm: lepton.Arm(rapid.Uint8().Draw(rt, "arm")),
		Reward: rapid.Float64().Draw(rt, "r"), Discount: rapid.Float64().Draw(rt, "d"), Last: rapid.Bool().Draw(rt, "last"),
		Elapsed: time.Duration(rapid.Int64().Draw(rt, "elapsed")),
	}
	drawObservation(rt, &t.Obs)
	drawObservation(rt, &t.Next)
	t.Action = rapid.IntRange(-1, max(t.Obs.Len(), 1)-1).Draw(rt, "action")
	t.NextAction = rapid.IntRange(-1, max(t.Next.Len(), 1)-1).Draw(rt, "next action")
	return t
}

func TestTransitionRoundTrip(t *testing.T) {
	var dirty lepton.Transition // reused, so that what was there before would show
	rapid.Check(t, func(rt *rapid.T) {
		want := drawTransition(rt)
		data := AppendTransition([]byte("before"), want)
		require.Equal(rt, "before", string(data[:6]))
		require.NoError(rt, ReadTransition(&dirty, data[6:]))
		require.Equal(rt, data[6:], AppendTransition(nil, &dirty), "the same bits")
		require.Equal(rt, want.Step, dirty.Step)
		require.Equal(rt, want.Elapsed, dirty.Elapsed)
		require.Equal(rt, want.Action, dirty.Action)
		require.Equal(rt, want.NextAction, dirty.NextAction)
		require.Equal(rt, want.Next.LegalCount(), dirty.Next.LegalCount())
		require.Equal(rt, want.Obs.Offered(), dirty.Obs.Offered())
		for i := range data[6:] {
			require.ErrorIs(rt, ReadTransition(&lepton.Transition{}, data[6:6+i]), ErrCorrupt, "cut at %d", i)
		}
	})
}

func TestReadTransitionRefuses(t *testing.T) {
	make := func(change func(t *lepton.Transition)) []byte {
		var tr lepton.Transition
		tr.Obs.Reset(1, 0)
		tr.Obs.Actions().Add(7, true)[0] = math.Pi
		tr.Next.CopyFrom(&tr.Obs)
		change(&tr)
		return AppendTransition(nil, &tr)
	}
	good := make(func(*lepton.Transition) {})
	require.NoError(t, ReadTransition(&lepton.Transition{}, good))
	for name, data := range map[string][]byte{
		"nothing":                     nil,
		"another format":              append([]byte{2}, good[1:]...),
		"bytes too many":              append(bytes.Clone(good), 0),
		"an action that is not there": make(func(t *lepton.Transition) { t.Action = 1 }),
		"a next action below −1":      make(func(t *lepton.Transition) { t.NextAction = -2 }),
		"fewer offered than held":     append(append(bytes.Clone(good[:len(good)-33]), 0), good[len(good)-32:]...), // 33: offered, length and the one action
		"rows of a million features":  make(func(t *lepton.Transition) { t.Next.Reset(maxActionDim+1, 0) }),
	} {
		t.Run(name, func(t *testing.T) {
			assert.ErrorIs(t, ReadTransition(&lepton.Transition{}, data), ErrCorrupt)
		})
	}
}

func FuzzReadTransition(f *testing.F) {
	var t lepton.Transition
	f.Add(AppendTransition(nil, &t))
	t.Obs.Reset(2, 0)
	t.Obs.SetState([]float64{1, 2})
	copy(t.Obs.Actions().Add(3, true), []float64{4, 5})
	f.Add(AppendTransition(nil, &t))
	f.Fuzz(func(t *testing.T, data []byte) {
		var tr lepton.Transition
		if err := ReadTransition(&tr, data); err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
			return
		}
		require.Equal(t, data, AppendTransition(nil, &tr), "what is accepted is written back to the same bytes")
	})
}

// FuzzLoad puts any payload into a container that is whole, so that the checksum does not keep it out.
func FuzzLoad(f *testing.F) {
	ring, err := NewRing[lepton.Transition](2)
	require.NoError(f, err)
	steps, err := NewNStep(NStepOptions{N: 2, MaxStreams: 2})
	require.NoError(f, err)
	ring.Next()
	steps.Add(&lepton.Transition{Episode: 1, Discount: 1}, func(*lepton.Transition) {})
	var file bytes.Buffer
	_, err = ring.Save(&file, AppendTransition)
	require.NoError(f, err)
	_, err = steps.WriteTo(&file)
	require.NoError(f, err)
	for range 2 {
		_, payload, _, err := codec.ReadContainer(&file)
		require.NoError(f, err)
		f.Add(payload)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		var in, out bytes.Buffer
		_, err := codec.WriteContainer(&in, ringKind, payload)
		require.NoError(t, err)
		if _, err := ring.Load(bytes.NewReader(in.Bytes()), ReadTransition); err == nil {
			_, err = ring.Save(&out, AppendTransition)
			require.NoError(t, err)
			require.Equal(t, in.Bytes(), out.Bytes(), "what is accepted is written back to the same bytes")
		} else if !errors.Is(err, ErrSettings) {
			require.ErrorIs(t, err, ErrCorrupt)
		}
		in.Reset()
		out.Reset()
		_, err = codec.WriteContainer(&in, nStepKind, payload)
		require.NoError(t, err)
		if _, err := steps.ReadFrom(bytes.NewReader(in.Bytes())); err == nil {
			_, err = steps.WriteTo(&out)
			require.NoError(t, err)
			require.Equal(t, in.Bytes(), out.Bytes(), "what is accepted is written back to the same bytes")
		} else if !errors.Is(err, ErrSettings) {
			require.ErrorIs(t, err, ErrCorrupt)
		}
	})
}
