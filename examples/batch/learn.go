package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"

	"gonum.org/v1/gonum/floats"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/evaluate"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/sim"
)

const (
	seeds  = 5    // learners, told apart by their randomness alone
	stops  = 10   // times at which a learner is measured
	budget = 2500 // sequences that a learner practises on, at effort 1
)

// learned is what came of reinforcement learning.
type learned struct {
	best      lepton.Policy // of the rivals, the one that did best on the sequences to choose by
	bestGain  float64
	rivals    []rival
	committee lepton.Policy // of those at each stop, the best in the same way
	bestStop  int
	stopGain  float64
	agree     float64     // how well imitation agreed with the incumbent, mean over seeds
	practice  []float64   // sequences practised on, at each stop; 0 is the imitation
	gains     [][]float64 // gains[seed][stop]: mean gain over the incumbent on the sequences to choose by
}

// against is the batch world with a reward that compares: an episode pays, with its last decision, how much better
// it went than the incumbent did on the same jobs. Sequences differ in difficulty by factors of a thousand; only
// with that taken out can some hundred of them teach anything.
type against struct {
	*sim.BatchEnv
	past      *past
	world     *sim.Batch // where the incumbent runs
	incumbent order
	goal      objective
	start     int
	known     map[int]float64 // what the incumbent reached, by start
	err       error           // the first fault; Train cannot be told of it otherwise
}

// Reset draws a start by seed.
func (e *against) Reset(seed uint64) {
	e.start = e.past.from + rand.New(rand.NewPCG(seed, 0)).IntN(e.past.to-e.past.from-e.past.sequence+1)
	if err := e.BatchEnv.ResetAt(e.start); err != nil && e.err == nil {
		e.err = err
	}
}

// Step pays at the end alone.
func (e *against) Step(action int) (reward, discount float64, last bool) {
	reward, discount, last = e.BatchEnv.Step(action)
	if math.IsNaN(reward) || !last {
		return 0 * reward, discount, last
	}
	if _, done := e.known[e.start]; !done {
		measured, err := e.past.judge(e.world, []int{e.start}, e.incumbent)
		if err != nil {
			e.err = err
			return math.NaN(), 0, true
		}
		e.known[e.start] = e.goal.metric().of(measured[0])
	}
	return e.goal.gain(e.goal.metric().of(e.BatchEnv.Result().Metrics()), e.known[e.start]), discount, last
}

// improve lets several learners imitate the incumbent and then practise on the part to learn from, two at a time.
// At each stop they form a committee, whose weights are the mean of theirs: it errs less than any one of them. The
// committee that does best on the sequences to choose by stands for them, beside networks (see enlist).
func improve(ctx context.Context, p *past, incumbent *sim.BatchHeuristic, set settings, show *progress) (*learned, error) {
	reference, err := p.judge(p.world, p.choose, byHeuristic(incumbent))
	if err != nil {
		return nil, err
	}
	students := make([]*student, seeds)
	errs := make([]error, seeds)
	total := seeds * (stops + 1)
	var wait sync.WaitGroup
	slots := make(chan struct{}, 2)
	for i := range students {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			s := &student{past: p, incumbent: incumbent, reference: reference, set: set, seed: set.seed*seeds + uint64(i)}
			students[i] = s
			errs[i] = s.learn(ctx, func() { show.step("learning", total) })
		})
	}
	wait.Wait()
	l := &learned{bestGain: math.Inf(-1), practice: students[0].practice}
	for i, s := range students {
		if errs[i] != nil {
			return nil, errs[i]
		}
		l.gains = append(l.gains, s.gains)
		l.agree += s.agreement / seeds
	}
	for stop := range l.practice {
		show.line("choosing")
		committee, err := meet(students, stop)
		if err != nil {
			return nil, err
		}
		gain, err := students[0].gain(committee)
		if err != nil {
			return nil, err
		}
		if gain > l.bestGain {
			l.best, l.bestStop, l.bestGain = committee, stop, gain
		}
	}
	l.stopGain = l.bestGain
	return l, l.enlist(ctx, p, students[0], show)
}

// meet returns the policy whose weights are the mean of the students' at stop, each scaled to length 1, since a
// ranking does not depend on the length.
func meet(students []*student, stop int) (lepton.Policy, error) {
	spec := students[0].spec
	mean := make([]float64, spec.StateDim+spec.ActionDim)
	for _, s := range students {
		own := s.weights[stop][spec.StateDim:]         // what is shared by all jobs ranks none
		if length := floats.Norm(own, 2); length > 0 { // 0: there was never a choice to learn from
			floats.AddScaled(mean[spec.StateDim:], 1/(length*float64(len(students))), own)
		}
	}
	linear, err := policy.NewLinear(spec, mean, nil)
	return policy.Greedy(linear), err
}

// student is one learner on its way.
type student struct {
	past      *past
	incumbent *sim.BatchHeuristic
	reference []sim.BatchMetrics
	set       settings
	seed      uint64

	world     *sim.Batch // its own, for being measured
	spec      lepton.Spec
	agreement float64
	practice  []float64
	gains     []float64
	weights   [][]float64 // at each stop
}

func (s *student) learn(ctx context.Context, tick func()) error {
	var worlds [2]*sim.Batch
	for i := range worlds {
		w, err := sim.NewBatch(s.past.trace.Machine(), s.past.options)
		if err != nil {
			return err
		}
		worlds[i] = w
	}
	s.world = worlds[0]
	inner, err := sim.NewBatchEnv(s.past.trace, sim.BatchEnvOptions{Batch: s.past.options, Length: s.past.sequence, From: s.past.from, To: s.past.to})
	if err != nil {
		return err
	}
	env := &against{BatchEnv: inner, past: s.past, world: worlds[1], incumbent: byHeuristic(s.incumbent), goal: s.set.objective, known: map[int]float64{}}

	s.spec = env.Spec()

	// Supervised first: the incumbent is the teacher.
	pupil, err := rl.NewREINFORCE(env.Spec(), rl.REINFORCEOptions{StepSize: rl.StepSize{Alpha: 0.03}})
	if err != nil {
		return err
	}
	teacher := func(p []float64, obs *lepton.Observation) { s.incumbent.ProbsState(p, env.State(), obs, nil) }
	imitation, err := rl.Imitate(ctx, env, pupil, teacher, rl.ImitateOptions{Episodes: 10, Epochs: 4, Seed: s.seed})
	if err != nil {
		return err
	}
	s.agreement = imitation.Agreement
	if err := s.measure(pupil, 0); err != nil {
		return err
	}
	tick()

	// Then reinforcement: start there, flattened, so that there is something to explore.
	weights, bias := pupil.Weights()
	for i := range weights {
		weights[i] *= 0.3
	}
	learner, err := rl.NewREINFORCE(env.Spec(), rl.REINFORCEOptions{
		StepSize: rl.StepSize{Alpha: 0.05}, Batch: 8 * s.past.sequence, Baseline: rl.MeanBaseline, Weights: weights, Bias: bias,
	})
	if err != nil {
		return err
	}
	each := max(1, int(budget*s.set.effort/stops))
	for stop := range stops {
		_, err := rl.Train(ctx, env, learner, rl.TrainOptions{
			Episodes: each, Credit: lepton.CreditOptions{Gamma: 1}, Seed: s.seed<<8 + uint64(stop), StepEvery: 64,
		})
		if err == nil {
			err = env.err
		}
		if err != nil {
			return err
		}
		if err := s.measure(learner, float64((stop+1)*each)); err != nil {
			return err
		}
		tick()
	}
	return nil
}

// measure notes the weights of the learner and its gain over the incumbent on the sequences to choose by.
func (s *student) measure(l *rl.REINFORCE, practice float64) error {
	weights, bias := l.Weights()
	linear, err := policy.NewLinear(s.spec, weights, bias)
	if err != nil {
		return err
	}
	gain, err := s.gain(policy.Greedy(linear))
	s.practice = append(s.practice, practice)
	s.gains = append(s.gains, gain)
	s.weights = append(s.weights, weights)
	return err
}

// gain returns the mean gain of p over the incumbent on the sequences to choose by.
func (s *student) gain(p lepton.Policy) (float64, error) {
	measured, err := s.past.judge(s.world, s.past.choose, byPolicy(p))
	gain, of := 0.0, s.set.objective.metric().of
	for i, m := range measured {
		gain += s.set.objective.gain(of(m), of(s.reference[i])) / float64(len(measured))
	}
	return gain, err
}

// summary says what was learned, over all seeds.
func (l *learned) summary(incumbent string) string {
	first, last := make([]float64, len(l.gains)), make([]float64, len(l.gains))
	for i, g := range l.gains {
		first[i], last[i] = g[0], g[len(g)-1]
	}
	return fmt.Sprintf("imitation agrees with %s in %.0f %% of its choices\n"+
		"on the sequences to choose by, the objective changes by these factors against %s (%d seeds, below 1 is better):\n"+
		"  imitation %s, after %d sequences of practice %s; the best committee, after %d: %.3f\n%s",
		incumbent, 100*l.agree, incumbent, len(l.gains), factor(first), int(l.practice[len(l.practice)-1]), factor(last), int(l.practice[l.bestStop]), math.Exp(-l.stopGain), l.chosen())
}

// factor writes the mean of gains over seeds, and its interval, as factors.
func factor(gains []float64) string {
	iv, err := evaluate.MeanInterval(gains, 0.95)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%.3f (%.3f to %.3f)", math.Exp(-iv.Value), math.Exp(-iv.Upper), math.Exp(-iv.Lower))
}
