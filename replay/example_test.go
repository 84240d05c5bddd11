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
