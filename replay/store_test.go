package replay

import (
	"bytes"
	"io"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leptonsched/lepton"
)

var (
	fixedSpec     = lepton.Spec{StateDim: 2, Actions: 40}
	candidateSpec = lepton.Spec{StateDim: 1, ActionDim: 2}
)

// drawFor draws a transition of spec with up to most actions. Its numbers are whole, so that float32 has them all.
func drawFor(rt *rapid.T, spec lepton.Spec, most int) *lepton.Transition {
	number := func(what string) float64 { return float64(rapid.IntRange(-1000, 1000).Draw(rt, what)) }
	observe := func(o *lepton.Observation) {
		o.Reset(spec.ActionDim, 0)
		o.GrowState(spec.StateDim)
		for i := range o.State() {
			o.State()[i] = number("state")
		}
		n := rapid.IntRange(1, most).Draw(rt, "actions")
		ids := rapid.SliceOfNDistinct(rapid.Uint64(), n, n, rapid.ID[uint64]).Draw(rt, "ids")
		if spec.Actions > 0 {
			ids = nil
			for id := range uint64(spec.Actions) { // not all need be held
				if rapid.Bool().Draw(rt, "held") || id == 0 {
					ids = append(ids, id)
				}
			}
		}
		for _, id := range ids {
			row := o.Actions().Add(id, rapid.Bool().Draw(rt, "legal"))
			for j := range row {
				row[j] = number("feature")
			}
		}
	}
	t := &lepton.Transition{Reward: number("reward"), NextAction: -1}
	for t.Obs.LegalCount() == 0 {
		observe(&t.Obs)
	}
	for t.Action = rapid.IntRange(0, t.Obs.Len()-1).Draw(rt, "action"); !t.Obs.Legal(t.Action); {
		t.Action = (t.Action + 1) % t.Obs.Len()
	}
	if rapid.Bool().Draw(rt, "goes on") {
		t.Discount = 0.5
	}
	if t.Discount != 0 || rapid.Bool().Draw(rt, "next in vain") {
		observe(&t.Next)
	}
	return t
}

// stored is what a Store should keep of t, written the slow way.
func stored(spec lepton.Spec, most int, t *lepton.Transition) plain {
	p := plain{Reward: float32(t.Reward), Discount: float32(t.Discount), Next: append([]float32(nil), make([]float32, spec.StateDim)...)}
	keep := func(o *lepton.Observation, chosen int) (rows []float32, ids []uint64, legal []bool, at int) {
		if spec.Actions > 0 {
			legal = make([]bool, spec.Actions)
			for i := range o.Len() {
				legal[o.ID(i)] = o.Legal(i)
			}
			if chosen >= 0 {
				at = int(o.ID(chosen))
			}
			return nil, nil, legal, at
		}
		var offered []int
		for i := range o.Len() {
			if o.Legal(i) {
				offered = append(offered, i)
			}
		}
		n := min(len(offered), most)
		for k := range n {
			bucket := offered[k*len(offered)/n : (k+1)*len(offered)/n]
			i := bucket[0]
			if slices.Contains(bucket, chosen) {
				i, at = chosen, k
			}
			ids = append(ids, o.ID(i))
			for _, x := range o.Action(i) {
				rows = append(rows, float32(x))
			}
		}
		return rows, ids, legal, at
	}
	for _, x := range t.Obs.State() {
		p.State = append(p.State, float32(x))
	}
	p.Rows, p.IDs, p.Legal, p.Action = keep(&t.Obs, t.Action)
	if t.Discount != 0 {
		for i, x := range t.Next.State() {
			p.Next[i] = float32(x)
		}
		p.NextRows, p.NextIDs, p.NextLegal, _ = keep(&t.Next, -1)
	} else if spec.Actions > 0 {
		p.NextLegal = make([]bool, spec.Actions)
	}
	return p
}

// plain is Stored with masks spelt out.
type plain struct {
	Action           int
	Reward, Discount float32
	State, Next      []float32 // none is nil, as in all of it
	Rows, NextRows   []float32
	IDs, NextIDs     []uint64
	Legal, NextLegal []bool
}

func spell(spec lepton.Spec, v Stored) plain {
	bools := func(m Mask) (out []bool) {
		for i := range spec.Actions {
			out = append(out, m.Legal(i))
		}
		return out
	}
	none := func(x []float32) []float32 { return append([]float32(nil), x...) }
	return plain{
		v.Action, v.Reward, v.Discount, none(v.State), none(v.Next), none(v.Rows), none(v.NextRows),
		append([]uint64(nil), v.IDs...), append([]uint64(nil), v.NextIDs...),
		bools(v.Legal), bools(v.NextLegal),
	}
}

// TestStoreAgainstSlice plays random operations on a store and on a plain slice.
func TestStoreAgainstSlice(t *testing.T) {
	for name, spec := range map[string]lepton.Spec{
		"fixed": fixedSpec, "candidates": candidateSpec, "no state": {Actions: 3}, "no features": {StateDim: 1},
		"fixed with rows": {ActionDim: 1, Actions: 40},
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				o := StoreOptions{Capacity: rapid.IntRange(1, 5).Draw(rt, "capacity"), MaxActions: rapid.IntRange(1, 40).Draw(rt, "most")}
				store, err := NewStore(spec, o)
				require.NoError(rt, err)
				var model []plain
				added, dropped := 0, 0
				rt.Repeat(map[string]func(*rapid.T){
					"add": func(rt *rapid.T) {
						flat := spec.Actions > 0 && spec.ActionDim == 0
						tr := drawFor(rt, spec, 50)
						slot, err := store.Add(tr)
						require.NoError(rt, err)
						require.Equal(rt, added%o.Capacity, slot)
						added++
						seen := spec
						if !flat {
							seen.Actions = 0
							dropped += max(tr.Obs.LegalCount()-o.MaxActions, 0)
							if tr.Discount != 0 {
								dropped += max(tr.Next.LegalCount()-o.MaxActions, 0)
							}
						}
						want := stored(seen, o.MaxActions, tr)
						if slot == len(model) {
							model = append(model, want)
						} else {
							model[slot] = want
						}
					},
					"checkpoint": func(rt *rapid.T) {
						var file bytes.Buffer
						n, err := store.WriteTo(&file)
						require.NoError(rt, err)
						require.EqualValues(rt, file.Len(), n)
						store, err = NewStore(spec, o)
						require.NoError(rt, err)
						read, err := store.ReadFrom(bytes.NewReader(file.Bytes()))
						require.NoError(rt, err)
						require.Equal(rt, n, read)
						require.Equal(rt, file.Bytes(), written(rt, store))
					},
					"": func(rt *rapid.T) {
						require.Equal(rt, o.Capacity, store.Cap())
						require.Equal(rt, len(model), store.Len())
						require.EqualValues(rt, added-len(model), store.Overwritten())
						require.EqualValues(rt, dropped, store.Dropped())
						seen := spec
						if spec.ActionDim > 0 {
							seen.Actions = 0
						}
						for slot, want := range model {
							require.Equal(rt, want, spell(seen, store.At(slot)))
						}
						if len(model) > 0 {
							checkGather(rt, store, seen, model)
						}
					},
				})
			})
		})
	}
}

// checkGather compares what batches hold with one slot after the other.
func checkGather(rt *rapid.T, store *Store, spec lepton.Spec, model []plain) {
	slots := rapid.SliceOfN(rapid.IntRange(0, len(model)-1), 0, 4).Draw(rt, "slots")
	var b Batch
	var o, next, chosen Offers
	store.Gather(&b, slots)
	store.GatherOffers(&o, slots)
	store.GatherNext(&next, slots)
	store.GatherChosen(&chosen, slots)
	require.Len(rt, b.Actions, len(slots))
	require.Len(rt, b.States, len(slots)*spec.StateDim)
	require.Len(rt, b.Next, len(slots)*spec.StateDim)
	require.Len(rt, chosen.Rows, len(slots)*spec.ActionDim)
	require.Len(rt, chosen.First, len(slots)+1)
	var rows, nextRows []float32
	count, nextCount := 0, 0
	for i, slot := range slots {
		p, d, a := model[slot], spec.StateDim, spec.ActionDim
		require.Equal(rt, p.Action, b.Actions[i])
		require.Equal(rt, p.Reward, b.Rewards[i])
		require.Equal(rt, p.Discount, b.Discounts[i])
		if d > 0 {
			require.Equal(rt, p.State, b.States[i*d:(i+1)*d])
			require.Equal(rt, p.Next, b.Next[i*d:(i+1)*d])
		}
		if a > 0 {
			require.Equal(rt, p.Rows[p.Action*a:(p.Action+1)*a], chosen.Rows[i*a:(i+1)*a])
			require.Equal(rt, i, chosen.First[i])
			require.Equal(rt, len(slots), chosen.First[len(slots)])
		}
		require.Equal(rt, count, o.First[i])
		require.Equal(rt, nextCount, next.First[i])
		count, nextCount = count+len(p.IDs), nextCount+len(p.NextIDs)
		rows, nextRows = append(rows, p.Rows...), append(nextRows, p.NextRows...)
		for a, legal := range p.Legal {
			require.Equal(rt, legal, b.Legal(i, a))
			require.Equal(rt, p.NextLegal[a], b.NextLegal(i, a))
		}
		for a := range p.IDs {
			require.True(rt, b.Legal(i, a))
		}
	}
	require.Equal(rt, count, o.First[len(slots)])
	require.Equal(rt, nextCount, next.First[len(slots)])
	require.Equal(rt, rows, append([]float32(nil), o.Rows...))
	require.Equal(rt, nextRows, append([]float32(nil), next.Rows...))
}

// written is what w writes.
func written(t require.TestingT, w io.WriterTo) []byte {
	var file bytes.Buffer
	_, err := w.WriteTo(&file)
	require.NoError(t, err)
	return file.Bytes()
}

func TestStoreKeepsTheChosenRow(t *testing.T) {
	store, err := NewStore(lepton.Spec{ActionDim: 1}, StoreOptions{Capacity: 1, MaxActions: 4})
	require.NoError(t, err)
	var tr lepton.Transition
	tr.Obs.Reset(1, 0)
	for i := range 10 {
		tr.Obs.Actions().Add(uint64(100+i), true)[0] = float64(i)
		tr.Obs.Actions().Add(uint64(200+i), false) // what could not be chosen is left out
	}
	for chosen, want := range map[int][]uint64{0: {100, 102, 105, 107}, 4: {100, 104, 105, 107}, 9: {100, 102, 105, 109}} {
		tr.Action = 2 * chosen
		slot, err := store.Add(&tr)
		require.NoError(t, err)
		v := store.At(slot)
		assert.Equal(t, want, v.IDs, "an even selection in order: from 0, 2½, 5 and 7½")
		assert.EqualValues(t, 100+chosen, v.IDs[v.Action])
		assert.EqualValues(t, chosen, v.Rows[v.Action])
	}
	assert.EqualValues(t, 18, store.Dropped())
}

// Discounts that are 0 in float32 count as 0, numbers too large for it as infinite: it is the learner that
// decides what it can use.
func TestStoreNarrows(t *testing.T) {
	store, err := NewStore(fixedSpec, StoreOptions{})
	require.NoError(t, err)
	assert.Equal(t, 100_000, store.Cap())
	assert.Equal(t, fixedSpec, store.Spec())
	tr := &lepton.Transition{Reward: 1e300, Discount: 1e-60}
	tr.Obs.SetState([]float64{1, 2})
	tr.Obs.Actions().Add(39, true)
	slot, err := store.Add(tr) // Next is empty
	require.NoError(t, err)
	v := store.At(slot)
	assert.True(t, math.IsInf(float64(v.Reward), 1))
	assert.Zero(t, v.Discount)
	assert.Equal(t, 39, v.Action)
}

func TestStoreRefuses(t *testing.T) {
	_, err := NewStore(lepton.Spec{StateDim: -1}, StoreOptions{Capacity: -1, MaxActions: -2})
	for _, want := range []string{"negative size", "Capacity is -1", "MaxActions is -2"} {
		assert.ErrorContains(t, err, want)
	}
	good := func(change func(t *lepton.Transition)) *lepton.Transition {
		t := &lepton.Transition{Discount: 1}
		t.Obs.SetState([]float64{1, 2})
		t.Obs.Actions().Add(3, true)
		t.Next.CopyFrom(&t.Obs)
		change(t)
		return t
	}
	store, err := NewStore(fixedSpec, StoreOptions{Capacity: 2})
	require.NoError(t, err)
	_, err = store.Add(good(func(*lepton.Transition) {}))
	require.NoError(t, err)
	before := written(t, store)
	for name, bad := range map[string]*lepton.Transition{
		"state":     good(func(t *lepton.Transition) { t.Obs.SetState([]float64{1}) }),
		"rows":      good(func(t *lepton.Transition) { t.Obs.Reset(1, 0) }),
		"action":    good(func(t *lepton.Transition) { t.Action = 1 }),
		"illegal":   good(func(t *lepton.Transition) { t.Obs.Actions().Add(4, false); t.Action = 1 }),
		"no action": good(func(t *lepton.Transition) { t.Action = -1 }),
		"ID":        good(func(t *lepton.Transition) { t.Obs.Actions().Add(40, true) }),
		"next":      good(func(t *lepton.Transition) { t.Next.SetState(nil) }),
		"no next":   good(func(t *lepton.Transition) { t.Next = lepton.Observation{} }),
	} {
		_, err := store.Add(bad)
		assert.ErrorIs(t, err, ErrMismatch, name)
	}
	assert.Equal(t, before, written(t, store), "what is refused changes nothing")

	for name, other := range map[string]struct {
		spec lepton.Spec
		o    StoreOptions
	}{
		"Capacity":   {fixedSpec, StoreOptions{Capacity: 3}},
		"MaxActions": {fixedSpec, StoreOptions{Capacity: 2, MaxActions: 9}},
		"Actions":    {lepton.Spec{StateDim: 2, Actions: 39}, StoreOptions{Capacity: 2}},
	} {
		s, err := NewStore(other.spec, other.o)
		require.NoError(t, err)
		_, err = s.ReadFrom(bytes.NewReader(before))
		assert.ErrorIs(t, err, ErrSettings)
		assert.ErrorContains(t, err, name)
		assert.Zero(t, s.Len())
	}
	for i := range before {
		broken := bytes.Clone(before)
		broken[i] ^= 1
		_, err := store.ReadFrom(bytes.NewReader(broken))
		require.Error(t, err)
		_, err = store.ReadFrom(bytes.NewReader(before[:i]))
		require.ErrorIs(t, err, ErrCorrupt)
	}
	assert.Equal(t, before, written(t, store), "a store that refused a file stays as it was")
}

func TestStoreAllocatesNothing(t *testing.T) {
	for name, spec := range map[string]lepton.Spec{"fixed": fixedSpec, "candidates": candidateSpec} {
		t.Run(name, func(t *testing.T) {
			store, err := NewStore(spec, StoreOptions{Capacity: 8})
			require.NoError(t, err)
			tr := &lepton.Transition{Discount: 1}
			tr.Obs.Reset(spec.ActionDim, 0)
			tr.Obs.GrowState(spec.StateDim)
			for i := range 10 {
				tr.Obs.Actions().Add(uint64(i), true)
			}
			tr.Next.CopyFrom(&tr.Obs)
			sampler := NewUniformSlots(store, 1)
			slots := make([]int, 16)
			var b Batch
			var o Offers
			round := func() {
				if _, err := store.Add(tr); err != nil {
					t.Fatal(err)
				}
				sampler.Sample(slots)
				store.Gather(&b, slots)
				store.GatherOffers(&o, slots)
				store.GatherNext(&o, slots)
				store.GatherChosen(&o, slots)
			}
			for range 8 {
				round()
			}
			assert.Zero(t, testing.AllocsPerRun(20, round))
		})
	}
}

// The store takes what NStep emits: rewards added up with unequal discounts, Next several steps on.
func TestStoreKeepsNSteps(t *testing.T) {
	store, err := NewStore(lepton.Spec{StateDim: 1, Actions: 1}, StoreOptions{Capacity: 8})
	require.NoError(t, err)
	steps, err := NewNStep(NStepOptions{N: 3})
	require.NoError(t, err)
	add := func(t *lepton.Transition) { _, err = store.Add(t) }
	for i, discount := range []float64{0.5, 0.25, 1, 0.5} {
		tr := step(1, i, float64(i+1), discount, false)
		tr.Obs.Actions().Add(0, true)
		tr.Next.Actions().Add(0, true)
		steps.Add(tr, add)
		require.NoError(t, err)
	}
	require.Equal(t, 2, store.Len())
	first, second := store.At(0), store.At(1)
	assert.Equal(t, []float32{0}, first.State)
	assert.Equal(t, []float32{3}, first.Next)
	assert.EqualValues(t, 1+0.5*2+0.5*0.25*3, first.Reward)
	assert.EqualValues(t, 0.5*0.25*1, first.Discount)
	assert.Equal(t, []float32{4}, second.Next)
	assert.EqualValues(t, 2+0.25*3+0.25*1*4, second.Reward)
	assert.EqualValues(t, 0.25*1*0.5, second.Discount)
}
