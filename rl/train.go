package rl

import (
	"context"
	"errors"
	"fmt"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
)

// TrainOptions says how long to train and what to tell of it. Episodes, Steps or both must be set.
type TrainOptions struct {
	Episodes int // episodes at most; 0: no bound
	Steps    int // decisions at most; 0: no bound. The episode that they end in is cut
	MaxSteps int // decisions an episode, which is then cut; 0: until the environment ends it
	// Credit holds γ (Gamma) and the potential. ID and Unit must be 0: Train numbers its episodes itself, and
	// an Environment, which has no clock, discounts unequal durations in its own discount.
	Credit lepton.CreditOptions
	Seed   uint64 // source of all randomness

	StepEvery int                           // decisions between two calls of Learner.Step; 0 means 1
	EvalEvery int                           // episodes between two calls of Eval; 0 means only after the last
	Eval      func(p lepton.Policy) float64 // scores a snapshot for TrainReport.Curve; nil: no curve
	Progress  func(ProgressReport)          // called after each episode, from the goroutine of Train; nil: silent
}

// ProgressReport says how far Train is.
type ProgressReport struct {
	Episode int             // episodes finished, counted from 1
	Steps   int             // decisions so far
	Return  float64         // of this episode: its rewards, neither discounted nor shaped
	Learner lepton.Progress // as of the last Step
}

// TrainReport says what Train did.
type TrainReport struct {
	Returns []float64       // of each episode: its rewards, neither discounted nor shaped
	Lengths []int           // decisions of each episode
	Steps   int             // decisions in all
	Curve   []CurvePoint    // what Eval said, in order
	Learner lepton.Progress // as of the last Step
}

// CurvePoint is one point of a learning curve.
type CurvePoint struct {
	Episode, Steps int     // finished before
	Score          float64 // what TrainOptions.Eval said
}

func (o TrainOptions) withDefaults() TrainOptions {
	if o.StepEvery == 0 {
		o.StepEvery = 1
	}
	return o
}

func (o TrainOptions) validate() error {
	errs := []error{o.Credit.Validate()}
	if o.Episodes <= 0 && o.Steps <= 0 {
		errs = append(errs, errors.New("rl: neither TrainOptions.Episodes nor Steps is set"))
	}
	for _, f := range [...]struct {
		name  string
		value int
	}{{"Episodes", o.Episodes}, {"Steps", o.Steps}, {"MaxSteps", o.MaxSteps}, {"StepEvery", o.StepEvery}, {"EvalEvery", o.EvalEvery}} {
		if f.value < 0 {
			errs = append(errs, fmt.Errorf("rl: TrainOptions.%s is %d, want 0 or more", f.name, f.value))
		}
	}
	if o.Credit.ID != 0 {
		errs = append(errs, errors.New("rl: TrainOptions.Credit.ID must be 0: Train numbers its episodes itself"))
	}
	if o.Credit.Unit != 0 {
		errs = append(errs, errors.New("rl: TrainOptions.Credit.Unit must be 0: an Environment has no clock"))
	}
	return errors.Join(errs...)
}

// Train lets learner act in env by sampling from its own latest snapshot, and learn from what comes of it.
//
// The same options, environment and learner give the same result, bit for bit. An error of Learner.Step
// other than ctx's ends training, as does a policy or an environment that breaks its contract; the report
// then says what was done until then. When ctx ends, the running episode is cut where it stands.
func Train(ctx context.Context, env lepton.Environment, learner lepton.Learner, o TrainOptions) (TrainReport, error) {
	o = o.withDefaults()
	if err := errors.Join(o.validate(), checkSpec(learner, env)); err != nil {
		return TrainReport{}, err
	}
	t := trainer{env: env, learner: learner, options: o, policy: learner.Policy()}
	for episode := 1; t.more(ctx, episode); episode++ {
		if err := t.episode(ctx, episode); err != nil {
			return t.report, err
		}
		evaluate := o.Eval != nil && (o.EvalEvery > 0 && episode%o.EvalEvery == 0 || !t.more(ctx, episode+1))
		if evaluate && ctx.Err() == nil {
			t.report.Curve = append(t.report.Curve, CurvePoint{episode, t.report.Steps, o.Eval(t.policy)})
		}
		if o.Progress != nil {
			o.Progress(ProgressReport{episode, t.report.Steps, t.report.Returns[episode-1], t.report.Learner})
		}
	}
	return t.report, ctx.Err()
}

// checkSpec compares what a learner serves with what env offers, where the learner says.
func checkSpec(learner any, env lepton.Environment) error {
	if s, ok := learner.(lepton.Specced); ok {
		return s.Spec().Check("the learner", env.Spec())
	}
	return nil
}

type trainer struct {
	env     lepton.Environment
	learner lepton.Learner
	options TrainOptions
	policy  lepton.Policy
	version uint64 // counts the snapshots that differ
	sampler sampler
	report  TrainReport
}

func (t *trainer) more(ctx context.Context, episode int) bool {
	o := &t.options
	return ctx.Err() == nil && (o.Episodes == 0 || episode <= o.Episodes) && (o.Steps == 0 || t.report.Steps < o.Steps)
}

func (t *trainer) episode(ctx context.Context, episode int) error {
	t.env.Reset(rng.Mix(t.options.Seed, uint64(episode)))
	t.sampler.begin(rng.Mix(^t.options.Seed, uint64(episode)))
	tr := lepton.Transition{Episode: uint64(episode), Agent: t.options.Credit.Agent, Arm: lepton.ArmLearned}
	var next lepton.Observation
	t.env.Observe(&tr.Obs)
	action, propensity, err := t.sampler.choose(t.policy, &tr.Obs)
	total := 0.0
	for step := 0; err == nil; step++ {
		tr.Version, tr.Step, tr.Action, tr.Propensity = t.version, step, action, propensity
		reward, discount, last := t.env.Step(action)
		if reward != reward {
			err = ErrIllegal
			break
		}
		total += reward
		t.report.Steps++
		tr.Last = last || step+1 == t.options.MaxSteps || t.report.Steps == t.options.Steps || ctx.Err() != nil
		tr.Discount = discount * t.options.Credit.Gamma
		tr.Reward = reward - t.options.Credit.Phi(&tr.Obs)
		if tr.Discount != 0 || !tr.Last {
			t.env.Observe(&next)
		}
		if !tr.Last {
			if action, propensity, err = t.sampler.choose(t.policy, &next); err != nil {
				break
			}
		}
		tr.Next, tr.NextAction = lepton.Observation{}, -1
		if tr.Discount != 0 {
			tr.Next = next
			tr.Reward += tr.Discount * t.options.Credit.Phi(&next)
			if !tr.Last {
				tr.NextAction = action
			}
		}
		t.learner.Observe(&tr)
		if err = t.learn(ctx); err != nil || tr.Last {
			t.report.Returns = append(t.report.Returns, total)
			t.report.Lengths = append(t.report.Lengths, step+1)
			break
		}
		tr.Obs, next = next, tr.Obs
	}
	if err != nil {
		return fmt.Errorf("rl: training, episode %d, decision %d: %w", episode, tr.Step, err)
	}
	return nil
}

// learn lets the learner work when it is due, and takes its latest policy.
func (t *trainer) learn(ctx context.Context) error {
	if t.report.Steps%t.options.StepEvery != 0 {
		return nil
	}
	progress, err := t.learner.Step(ctx)
	if err != nil && ctx.Err() == nil {
		t.report.Learner = progress
		return err
	}
	if progress.Updates != t.report.Learner.Updates {
		t.version++
	}
	t.report.Learner = progress
	t.policy = t.learner.Policy()
	return nil
}
