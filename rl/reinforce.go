package rl

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/policy"
)

// REINFORCEOptions sets up a REINFORCE. The zero value works.
type REINFORCEOptions struct {
	// Network, where it is not nil, takes the place of the linear scores; its StepSize.Alpha 0 means 1e-3, its
	// MaxNorm 0 means 1. StepSize, Optimizer, MaxNorm, Weights and Bias are then not to be set.
	Network *NetworkOptions
	Seed    uint64 // of the network's first parameters

	StepSize  StepSize  // Alpha 0 means 0.01
	Optimizer Optimizer // Adam unless set
	Batch     int       // decisions an update, in whole episodes, at least; 0 means 64
	Baseline  Baseline  // LinearBaseline unless set
	Entropy   float64   // weight of the policy's entropy in what is maximised; keeps it exploring; 0: none
	MaxNorm   float64   // longer gradients are shortened to this; 0 means 1, +Inf none
	MaxRatio  float64   // cap on π/propensity, at least 1; 0 means 2. Higher: less bias, more variance
	// Weights and Bias are where to start, laid out as for policy.NewLinear; nil means zeros, the uniform
	// policy. Weights of the state stay as given where actions have features: they change no ranking.
	Weights, Bias []float64
	// Prior is a heuristic that the scores begin with; see WithPrior. The zero value: none.
	Prior Prior

	// Patience is how many transitions are observed after the latest of an episode that has ended before it is
	// used without the ones it lacks; 0 means 1,024. Outcomes that take longer than that come too late.
	Patience int
	MaxOpen  int // episodes that wait at most; 0 means 1,024. Beyond, the one silent for longest is used as it is
	MaxSteps int // decisions in them at most, all rows of each; 0 means 65,536. Beyond, as for MaxOpen
}

func (o REINFORCEOptions) withDefaults(spec lepton.Spec) REINFORCEOptions {
	if o.Network != nil {
		n := o.Network.withDefaults(spec, 1e-3, 1)
		o.Network = &n
	}
	o.StepSize = o.StepSize.withDefault(0.01)
	if o.Batch == 0 {
		o.Batch = 64
	}
	if o.MaxNorm == 0 {
		o.MaxNorm = 1
	}
	if o.MaxRatio == 0 {
		o.MaxRatio = 2
	}
	if o.Patience == 0 {
		o.Patience = 1024
	}
	if o.MaxOpen == 0 {
		o.MaxOpen = 1024
	}
	if o.MaxSteps == 0 {
		o.MaxSteps = 1 << 16
	}
	return o
}

// conflicts reports options, as given, that say two things.
func (o REINFORCEOptions) conflicts() error {
	if o.Network == nil || o.StepSize == (StepSize{}) && o.Optimizer == 0 && o.MaxNorm == 0 && o.Weights == nil && o.Bias == nil {
		return nil
	}
	return errors.New("rl: REINFORCEOptions.Network has a step size, optimizer and norm of its own and no Weights or Bias")
}

func (o REINFORCEOptions) validate() error {
	errs := []error{o.StepSize.validate(math.MaxFloat64)}
	if o.Network != nil {
		errs = append(errs, o.Network.validate())
	}
	fault := func(bad bool, name string, value any, want string) {
		if bad {
			errs = append(errs, fmt.Errorf("rl: REINFORCEOptions.%s is %v, want %s", name, value, want))
		}
	}
	fault(o.Optimizer > SGD, "Optimizer", o.Optimizer, "Adam or SGD")
	fault(o.Baseline > NoBaseline, "Baseline", o.Baseline, "LinearBaseline, MeanBaseline or NoBaseline")
	fault(o.Batch < 0, "Batch", o.Batch, "0 or more")
	fault(!(o.Entropy >= 0) || math.IsInf(o.Entropy, 0), "Entropy", o.Entropy, "0 or more")
	fault(!(o.MaxNorm > 0), "MaxNorm", o.MaxNorm, "above 0")
	fault(!(o.MaxRatio >= 1), "MaxRatio", o.MaxRatio, "1 or more")
	fault(o.Patience < 0, "Patience", o.Patience, "0 or more")
	fault(o.MaxOpen < 0, "MaxOpen", o.MaxOpen, "0 or more")
	fault(o.MaxSteps < 0, "MaxSteps", o.MaxSteps, "0 or more")
	return errors.Join(errs...)
}

// REINFORCE learns a softmax over linear scores, or those of a network, by the policy gradient with
// Monte-Carlo returns:
//
//	θ ← θ + α·Σ ρ·(G − V(s))·∇ log π(a|s),   G = r + discount·G′
//
// G comes from whole episodes, told apart by (Episode, Agent), whose transitions may arrive in any order.
// A decision by itself (Episode 0) is an episode of length one: a contextual bandit. Where an episode was
// cut, the baseline's value of the last state stands for the rest; 0 without a LinearBaseline.
//
// Decisions get lost: cancelled, evicted, expired. An episode whose end has come and that lacks some waits
// for them until Patience runs out, then each run of decisions without a gap is used as if it had been cut
// before the gap. An episode whose end has not come waits for as long as there is room (MaxOpen, MaxSteps),
// so that slow ones are not torn apart; then the one heard of least recently is used in the same way, those
// that ended first, and goes on from there if more of it comes. What comes for a part that was used is
// dropped. So cut a stream that goes on for ever every so often: until there is no room, it does not teach.
// The number of an episode may be used again if its decisions carry IDs, which tell the two apart.
//
// Step makes one update of all that is pending, be it Batch decisions or many times as many: call it (or
// scheduler's Train) about every Batch decisions.
//
// V is the Baseline. G − V is divided by its running root mean square, so that the unit of the reward
// does not matter. ρ = π/propensity, capped at MaxRatio, corrects each decision for having been made by
// another policy; capped weights and the uncorrected later part of the return leave a bias towards that
// policy. The factor discount^t of the exact gradient is left out, as is usual.
//
// It is a lepton.TargetLearner too, by the gradient of the cross-entropy: a convex problem, but for a network.
//
// Source: Williams (1992); Sutton & Barto (2018), sections 13.3 and 13.4. Not safe for concurrent use.
// Beside lepton.Learner it is a lepton.Needer, Saver with io.ReaderFrom, PolicyDecoder and Specced.
type REINFORCE struct {
	spec     lepton.Spec
	options  REINFORCEOptions
	model    scoreModel
	baseline *returnModel
	episodes *assembler
	progress lepton.Progress
	stats    REINFORCEStats

	pending int     // decisions whose gradients the model holds
	failed  bool    // something since the last Step was not finite
	loss    float64 // Σ over the decisions pending

	policy  lepton.Policy // at the model's present parameters
	scratch lepton.Scratch
	returns []float64 // of the episode in hand, and its rewards and discounts
	rewards []float64
	decays  []float64
}

// REINFORCEStats counts what could not be used.
type REINFORCEStats struct {
	Open      int    // episodes that wait for their end, or for what they lack
	Gaps      uint64 // decisions that had not arrived when their episode was used
	Dropped   uint64 // transitions left out: come too late for their episode, not usable, or beyond 1e100
	Duplicate uint64 // transitions that had arrived before
	Skipped   uint64 // decisions without a propensity in (0, 1]: their rewards count, they teach nothing
}

// NewREINFORCE returns a learner for the observations of spec. All faults of o are reported together; a
// spec whose actions have neither features nor a fixed number is a *lepton.SpecError.
func NewREINFORCE(spec lepton.Spec, o REINFORCEOptions) (*REINFORCE, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	conflicts := o.conflicts()
	o = o.withDefaults(spec)
	model, err := newScoreModel(spec, o)
	if err := errors.Join(conflicts, o.validate(), err); err != nil {
		return nil, err
	}
	l := &REINFORCE{
		spec: spec, options: o, model: model,
		baseline: newReturnModel(o.Baseline, spec.StateDim),
		progress: lepton.Progress{Loss: math.NaN(), Idle: true},
	}
	l.episodes = newAssembler(o.MaxOpen, o.MaxSteps, o.Patience, l.learn)
	l.policy, err = l.publish()
	return l, err
}

// scoreModel is the scores that a REINFORCE learns, with the gradient of the decisions since the last step.
type scoreModel interface {
	scorer() (lepton.Scorer, error) // an immutable snapshot

	// pull adds the gradient of an objective that pulls each score of obs by what it says.
	pull(obs *lepton.Observation, by []float64)
	// step takes one step up the gradient, as the mean of so many decisions, or none if the result would not be
	// finite. Either way the gradient is forgotten.
	step(decisions int, updates uint64) error

	serves(obs *lepton.Observation) bool
	write(w *codec.Writer)
	read(in *codec.Reader) scoreModel // a copy with what write wrote
}

func newScoreModel(spec lepton.Spec, o REINFORCEOptions) (scoreModel, error) {
	if o.Network != nil {
		return newNetworkModel(spec, o)
	}
	return newLinearModel(spec, o)
}

// publish makes the policy of the model's present parameters.
func (l *REINFORCE) publish() (lepton.Policy, error) {
	scorer, err := l.model.scorer()
	if err != nil {
		return nil, err
	}
	return policy.Softmax(l.options.Prior.plus(scorer), 1)
}

// Observe implements lepton.Learner. The gradient of an episode is added up when it is whole, or cannot be
// waited for; Step applies it.
func (l *REINFORCE) Observe(t *lepton.Transition) {
	l.progress.Observed++
	switch {
	case !l.bounded(t):
		l.episodes.lose(t)
		l.failed = true
	case !usable(t) || !l.model.serves(&t.Obs):
		l.episodes.lose(t)
	case t.Episode == 0:
		alone := [...]*lepton.Transition{t}
		l.learn(alone[:])
	default:
		l.episodes.add(t)
	}
	l.episodes.tick()
}

// learn adds the gradient of one episode, or of a part of one, and shows its returns to the baseline.
func (l *REINFORCE) learn(episode []*lepton.Transition) {
	l.rewards, l.decays = l.rewards[:0], l.decays[:0]
	for _, t := range episode {
		l.rewards, l.decays = append(l.rewards, t.Reward), append(l.decays, t.Discount)
	}
	l.returns = append(l.returns[:0], l.rewards...)
	Returns(l.returns, l.rewards, l.decays, l.tail(episode[len(episode)-1]))
	if !moderate(l.returns...) {
		l.episodes.dropped += uint64(len(episode))
		l.failed = true
		return
	}

	for i, t := range episode {
		l.baseline.surprise(l.returns[i] - l.baseline.predict(t.Obs.State()))
	}
	unit := math.Sqrt(l.baseline.scale)
	if unit == 0 {
		unit = 1
	}
	for i, t := range episode {
		l.reinforce(t, (l.returns[i]-l.baseline.predict(t.Obs.State()))/unit)
	}
	for i, t := range episode {
		l.baseline.observe(t.Obs.State(), l.returns[i])
	}
}

// tail is the value of what follows t, the last transition of an episode or of a part of one.
func (l *REINFORCE) tail(t *lepton.Transition) float64 {
	if t.Discount == 0 || l.options.Baseline != LinearBaseline || len(t.Next.State()) != l.spec.StateDim {
		return 0
	}
	return l.baseline.predict(t.Next.State())
}

// reinforce adds ρ·advantage·∇ log π(a|s) + entropy·∇ H(π(·|s)).
func (l *REINFORCE) reinforce(t *lepton.Transition, advantage float64) {
	if !(t.Propensity > 0 && t.Propensity <= 1) {
		l.stats.Skipped++
		return
	}
	l.scratch.Reset()
	n := t.Obs.Len()
	pi, pull := l.scratch.Floats(n), l.scratch.Floats(n)
	l.policy.Probs(pi, &t.Obs, &l.scratch)
	weight := min(pi[t.Action]/t.Propensity, l.options.MaxRatio) * advantage
	entropy := 0.0
	for _, p := range pi {
		if p > 0 {
			entropy -= p * math.Log(p)
		}
	}
	for i, p := range pi {
		pull[i] = -weight * p
		if p > 0 {
			pull[i] -= l.options.Entropy * p * (math.Log(p) + entropy)
		}
	}
	pull[t.Action] += weight
	l.pending++
	l.model.pull(&t.Obs, pull)
	l.loss -= weight*math.Log(max(pi[t.Action], math.SmallestNonzeroFloat64)) + l.options.Entropy*entropy
}

// ObserveTarget implements lepton.TargetLearner: it adds the gradient of −weight·Σ target·log π.
func (l *REINFORCE) ObserveTarget(obs *lepton.Observation, target []float64, weight float64) {
	l.progress.Observed++
	if !l.model.serves(obs) || len(target) != obs.Len() || !probabilities(target, obs) {
		l.failed = l.failed || !moderate(target...)
		l.episodes.dropped++
		return
	}
	l.scratch.Reset()
	pi, pull := l.scratch.Floats(obs.Len()), l.scratch.Floats(obs.Len())
	l.policy.Probs(pi, obs, &l.scratch)
	for i, p := range pi {
		pull[i] = weight * (target[i] - p)
		if target[i] > 0 {
			l.loss -= weight * target[i] * math.Log(max(p, math.SmallestNonzeroFloat64))
		}
	}
	l.pending++
	l.model.pull(obs, pull)
}

// Step implements lepton.Learner: one update of all that is pending, once that is Batch decisions.
func (l *REINFORCE) Step(ctx context.Context) (lepton.Progress, error) {
	if err := ctx.Err(); err != nil {
		return l.progress, err
	}
	var err error
	if l.pending >= l.options.Batch {
		err = l.update()
		l.pending, l.loss = 0, 0
	}
	if l.failed {
		l.failed, err = false, ErrNotFinite
	}
	return l.progress, err
}

func (l *REINFORCE) update() error {
	if err := l.model.step(l.pending, l.progress.Updates); err != nil {
		return err
	}
	p, err := l.publish()
	if err != nil {
		return ErrNotFinite
	}
	l.policy = p
	l.baseline.solve()
	l.progress.Updates++
	l.progress.Loss = l.loss / float64(l.pending)
	return nil
}

// Policy implements lepton.Learner: policy.Softmax over a policy.Linear or over a network's scores, with all
// their abilities.
func (l *REINFORCE) Policy() lepton.Policy { return l.policy }

// Needs implements lepton.Needer: the gradient runs over all actions.
func (l *REINFORCE) Needs() lepton.Needs { return lepton.Needs{Others: lepton.AllRows} }

// Spec implements lepton.Specced.
func (l *REINFORCE) Spec() lepton.Spec { return l.spec }

// Stats counts what could not be used.
func (l *REINFORCE) Stats() REINFORCEStats {
	s := l.stats
	e := l.episodes
	s.Open, s.Gaps, s.Dropped, s.Duplicate = e.open(), e.gaps, e.dropped, e.duplicate
	return s
}

// Weights returns a copy of the weights and biases, laid out as for policy.NewLinear; nil with a Network.
func (l *REINFORCE) Weights() (weights, bias []float64) {
	if m, ok := l.model.(*linearModel); ok {
		return slices.Clone(m.weights[:m.split]), slices.Clone(m.weights[m.split:])
	}
	return nil, nil
}
