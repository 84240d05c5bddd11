package replay_test

import (
	"bytes"
	"fmt"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/replay"
)

func ExampleNewRing() {
	ring, err := replay.NewRing[string](2)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range []string{"a", "b", "c"} {
		ring.Add(s)
	}
	fmt.Println(*ring.At(0), *ring.At(1), ring.Overwritten())
	// Output: b c 1
}

func ExampleRing_Save() {
	ring, err := replay.NewRing[lepton.Transition](100)
	if err != nil {
		fmt.Println(err)
		return
	}
	ring.Next().CopyFrom(&lepton.Transition{Reward: -3})
	var file bytes.Buffer
	if _, err := ring.Save(&file, replay.AppendTransition); err != nil {
		fmt.Println(err)
		return
	}
	restored, err := replay.NewRing[lepton.Transition](100)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = restored.Load(&file, replay.ReadTransition)
	fmt.Println(restored.Len(), restored.At(0).Reward, err)
	// Output: 1 -3 <nil>
}

func ExampleNewUniform() {
	ring, err := replay.NewRing[int](4)
	if err != nil {
		fmt.Println(err)
		return
	}
	for v := range 4 {
		ring.Add(v)
	}
	sampler := replay.NewUniform(ring, 7)
	batch := make([]*int, 6)
	for _, v := range batch[:sampler.Sample(batch)] {
		fmt.Print(*v, " ")
	}
	// Output: 0 2 3 1 1 1
}

func ExampleNewNStep() {
	steps, err := replay.NewNStep(replay.NStepOptions{N: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	show := func(t *lepton.Transition) { fmt.Println(t.Step, t.Reward, t.Discount) }
	steps.Add(&lepton.Transition{Episode: 1, Step: 0, Reward: 1, Discount: 0.5}, show)
	steps.Add(&lepton.Transition{Episode: 1, Step: 1, Reward: 1, Discount: 0.5}, show)
	steps.Add(&lepton.Transition{Episode: 1, Step: 2, Reward: 4, Last: true}, show)
	// Output:
	// 0 1.5 0.25
	// 1 3 0
	// 2 4 0
}

func ExampleNewStore() {
	store, err := replay.NewStore(lepton.Spec{StateDim: 2, Actions: 3}, replay.StoreOptions{Capacity: 1000})
	if err != nil {
		fmt.Println(err)
		return
	}
	t := lepton.Transition{Action: 1, Reward: 0.5}
	t.Obs.SetState([]float64{1, 2})
	for id := range uint64(3) {
		t.Obs.Actions().Add(id, id != 2)
	}
	slot, err := store.Add(&t)
	if err != nil {
		fmt.Println(err)
		return
	}
	kept := store.At(slot)
	fmt.Println(kept.State, kept.Action, kept.Reward, kept.Legal.Legal(1), kept.Legal.Legal(2))

	var batch replay.Batch
	store.Gather(&batch, []int{slot, slot})
	fmt.Println(batch.States, batch.Rewards)
	// Output:
	// [1 2] 1 0.5 true false
	// [1 2 1 2] [0.5 0.5]
}

func ExampleNewUniformSlots() {
	store, err := replay.NewStore(lepton.Spec{Actions: 1}, replay.StoreOptions{Capacity: 4})
	if err != nil {
		fmt.Println(err)
		return
	}
	var t lepton.Transition
	t.Obs.Actions().Add(0, true)
	for range 4 {
		if _, err := store.Add(&t); err != nil {
			fmt.Println(err)
			return
		}
	}
	slots := make([]int, 6)
	n := replay.NewUniformSlots(store, 7).Sample(slots)
	fmt.Println(slots[:n])
	// Output: [3 1 3 3 0 2]
}

func ExampleNewPrioritised() {
	sampler, err := replay.NewPrioritised(3, replay.PrioritisedOptions{Alpha: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	for slot := range 3 {
		sampler.Add(slot)
	}
	sampler.Update([]int{0, 1, 2}, []float32{0, -2, 6})
	slots, weights := make([]int, 4), make([]float32, 4)
	n := sampler.Sample(slots, weights, 1)
	fmt.Println(slots[:n])
	fmt.Printf("%.2f\n", weights[:n])
	// Output:
	// [1 2 2 2]
	// [1.00 0.33 0.33 0.33]
}
