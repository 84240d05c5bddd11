package lepton_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/stretchr/testify/assert"
)

func TestDecisionID(t *testing.T) {
	assert.True(t, lepton.DecisionID{}.IsZero())
	assert.False(t, lepton.DecisionID{Seq: 1}.IsZero())
	assert.False(t, lepton.DecisionID{Instance: 1}.IsZero())
	assert.Equal(t, "ff-1a", lepton.DecisionID{Instance: 255, Seq: 26}.String())
}

func TestArmNames(t *testing.T) {
	for arm, want := range map[lepton.Arm]string{
		lepton.ArmIncumbent: "incumbent", lepton.ArmLearned: "learned", lepton.ArmHoldout: "holdout",
		lepton.ArmExplored: "explored", lepton.ArmGuarded: "guarded", 5: "arm(5)", 255: "arm(255)",
	} {
		assert.Equal(t, want, arm.String())
	}
}

func sampleTransition() *lepton.Transition {
	t := &lepton.Transition{
		ID: lepton.DecisionID{Instance: 1, Seq: 2}, Version: 3, Episode: 4, Agent: 5, Step: 6, Action: 1, Propensity: 0.25,
		Arm: lepton.ArmExplored, Reward: -1, Discount: 0.9, Elapsed: time.Second, Last: true, NextAction: -1,
	}
	t.Obs.Reset(1, 0)
	t.Obs.SetState([]float64{1, 2})
	t.Obs.Actions().Add(10, true)[0] = 3
	t.Obs.Actions().Add(11, true)[0] = 4
	t.Next.Reset(1, 0)
	t.Next.Actions().Add(12, true)[0] = 5
	return t
}

func TestTransitionCopyFromIsDeep(t *testing.T) {
	src := sampleTransition()
	for i, v := 0, reflect.ValueOf(*src); i < v.NumField(); i++ {
		assert.False(t, v.Field(i).IsZero(), "the sample sets %s", v.Type().Field(i).Name)
	}
	var dst lepton.Transition
	dst.Obs.SetState(make([]float64, 100)) // memory of an earlier use
	dst.CopyFrom(src)
	assert.Equal(t, contents(&src.Obs), contents(&dst.Obs))
	assert.Equal(t, contents(&src.Next), contents(&dst.Next))
	assert.Equal(t, plain(src), plain(&dst))

	dst.CopyFrom(&dst)
	src.Obs.Reset(0, 0)
	src.Next.Action(0)[0] = 99
	want := sampleTransition()
	assert.Equal(t, contents(&want.Obs), contents(&dst.Obs), "a copy shares nothing")
	assert.Equal(t, contents(&want.Next), contents(&dst.Next))
	assert.Equal(t, plain(want), plain(&dst))
}

// plain is a transition without its observations.
func plain(t *lepton.Transition) lepton.Transition {
	p := *t
	p.Obs, p.Next = lepton.Observation{}, lepton.Observation{}
	return p
}

func TestTransitionCopyFromAllocatesNothing(t *testing.T) {
	src := sampleTransition()
	var dst lepton.Transition
	assert.Zero(t, testing.AllocsPerRun(20, func() { dst.CopyFrom(src) }))
}

func TestNeedsByDefault(t *testing.T) {
	assert.Equal(t, lepton.Needs{Others: 8}, lepton.DefaultNeeds())
}
