package main

import (
	"errors"
	"slices"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/features"
	"github.com/leptonsched/lepton/reward"
	"github.com/leptonsched/lepton/rl"
)

// This file is all that stands between the types of world.go and the library: what a policy sees of a
// pool, which actions there are, what an outcome is worth, and who learns from it.

// snippet: encoder

// newEncoder says what a policy sees of the pool as a whole.
func newEncoder() (*features.Encoder[*Pool], error) {
	return features.State(
		features.OneHot("kind", []Kind{Resize, Search, Export}, func(p *Pool) Kind { return p.Job.Kind }),
		features.Numeric("backlog", backlog),
	)
}

// backlog is the number of jobs that the pool has not done.
func backlog(p *Pool) int {
	n := 0
	for i := range p.Workers {
		n += p.Workers[i].Waiting
	}
	return n
}

// end snippet

// snippet: actions

// candidate is one worker, beside the pool in which it is offered.
type candidate = features.Candidate[*Pool, Worker]

// fit says of which class a worker is and of which kind the job.
type fit struct {
	class string
	kind  Kind
}

// String names the feature.
func (f fit) String() string { return f.class + "/" + f.kind.String() }

func allFits() []fit {
	var fits []fit
	for _, class := range []string{"std", "arm", "old"} {
		for kind := range kinds {
			fits = append(fits, fit{class, kind})
		}
	}
	return fits
}

// newActions says which workers may be chosen, and what a policy sees of each.
func newActions() (*features.CandidateSpace[*Pool, Worker], error) {
	return features.Candidates(
		func(p *Pool) []Worker { return p.Workers },
		func(w Worker) uint64 { return w.ID },
		features.Legal(func(c candidate) bool { return c.Action.Waiting < maxWaiting && !c.Action.Refused }),
		features.Numeric("waiting", func(c candidate) int { return c.Action.Waiting }),
		features.OneHot("fit", allFits(), func(c candidate) fit { return fit{c.Action.Class, c.State.Job.Kind} }),
	)
}

// end snippet

// snippet: reward

// cost is the time from a job's arrival to its end, in seconds; a reward is better when higher, so it
// counts negative.
var cost = reward.Of(func(t Took) float64 { return -(t.Waited + t.Ran).Seconds() })

// end snippet

// snippet: learner

// newLearner returns a learner whose first policy is the incumbent, softened: each job that waits at
// a worker counts against it, and nothing else does yet.
func newLearner(encoder *features.Encoder[*Pool], actions *features.CandidateSpace[*Pool, Worker]) (*rl.REINFORCE, error) {
	spec := lepton.SpecOf(encoder, actions)
	waiting := slices.Index(spec.ActionNames, "waiting")
	if waiting < 0 {
		return nil, errors.New("no feature is called waiting")
	}
	weights := make([]float64, spec.StateDim+spec.ActionDim)
	weights[spec.StateDim+waiting] = -1
	return rl.NewREINFORCE(spec, rl.REINFORCEOptions{Weights: weights, StepSize: rl.StepSize{Alpha: 0.03}})
}

// end snippet
