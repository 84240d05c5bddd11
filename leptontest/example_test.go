package leptontest_test

import (
	"context"
	"math"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/leptontest"
)

// t stands for the argument of the test function around each example.
var t *testing.T

// queue is the embedder's own state.
type queue struct{ waiting []float64 } // processors asked for

// waiting encodes how many wait.
type waiting struct{}

func (waiting) StateDim() int { return 1 }
func (waiting) AppendState(dst []float64, q queue) []float64 {
	return append(dst, float64(len(q.waiting)))
}

// jobs offers those that wait.
type jobs struct{}

func (jobs) ActionSpec() (n, dim int) { return 0, 1 }
func (jobs) Offer(set lepton.ActionSet, q queue) {
	for i, procs := range q.waiting {
		set.Add(uint64(i), true)[0] = procs
	}
}

// even chooses evenly.
type even struct{}

func (even) Probs(p []float64, obs *lepton.Observation, _ *lepton.Scratch) {
	for i := range p {
		p[i] = 0
		if obs.Legal(i) {
			p[i] = 1 / float64(obs.LegalCount())
		}
	}
}

// counter learns nothing but how often it was told.
type counter struct{ seen uint64 }

func (c *counter) Observe(*lepton.Transition) { c.seen++ }
func (c *counter) Policy() lepton.Policy      { return even{} }
func (c *counter) Step(context.Context) (lepton.Progress, error) {
	return lepton.Progress{Observed: c.seen, Updates: c.seen, Loss: math.NaN(), Idle: true}, nil
}

// coin is a world of one decision: the first of two actions pays.
type coin struct{}

func (coin) Spec() lepton.Spec { return lepton.Spec{Actions: 2} }
func (coin) Reset(uint64)      {}
func (coin) Observe(obs *lepton.Observation) {
	obs.Reset(0, 0)
	obs.SetState(nil)
	obs.Actions().Add(0, true)
	obs.Actions().Add(1, true)
}
func (coin) Step(action int) (reward, discount float64, last bool) {
	if action != 0 && action != 1 {
		return math.NaN(), 0, true
	}
	return float64(1 - action), 0, true
}

func ExampleStateEncoder() {
	states := []queue{{}, {waiting: []float64{4, 64, 2}}}
	leptontest.StateEncoder(t, waiting{}, states, leptontest.EncoderOptions{})
}

func ExampleActionSpace() {
	states := []queue{{waiting: []float64{1}}, {waiting: []float64{4, 64, 2}}}
	leptontest.ActionSpace(t, jobs{}, states, leptontest.SpaceOptions{})
}

func ExamplePolicy() {
	spec := lepton.Spec{StateDim: 1, ActionDim: 1}
	leptontest.Policy(t, even{}, spec, leptontest.PolicyOptions{NoAllocs: true})
}

func ExampleLearner() {
	spec := lepton.Spec{StateDim: 1, ActionDim: 1}
	leptontest.Learner(t, func() lepton.Learner { return &counter{} }, spec, leptontest.LearnerOptions{})
}

func ExampleEnvironment() {
	leptontest.Environment(t, coin{}, leptontest.EnvironmentOptions{})
}

// The examples above are not run by themselves, since each needs a test around it; this is that test.
func TestExamples(test *testing.T) {
	for name, example := range map[string]func(){
		"StateEncoder": ExampleStateEncoder, "ActionSpace": ExampleActionSpace, "Policy": ExamplePolicy,
		"Learner": ExampleLearner, "Environment": ExampleEnvironment,
	} {
		test.Run(name, func(test *testing.T) {
			t = test
			example()
		})
	}
}
