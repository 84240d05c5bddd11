package leptontest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/leptonsched/lepton"
)

// LearnerOptions adjusts Learner. The zero value works.
type LearnerOptions struct {
	Seed   uint64        // of the transitions generated
	Length int           // number of transitions generated; 0 means 400. Enough for an update
	Every  int           // Step is called after each so many transitions; 0 means 16
	Steps  int           // most Steps in a row at the end, where the learner is not idle before; 0 means 20
	Wait   time.Duration // how long one Step may take before it counts as waiting; 0 means 20 s

	// Transitions takes the place of generated ones, for a learner that serves a narrower domain than
	// all numbers. Their observations are then also what policies are asked, unless Policy names others.
	Transitions []*lepton.Transition
	// Policy adjusts the checks of the learner's policies.
	Policy PolicyOptions
}

func (o LearnerOptions) withDefaults() LearnerOptions {
	if o.Length == 0 {
		o.Length = 400
	}
	if o.Every == 0 {
		o.Every = 16
	}
	if o.Steps == 0 {
		o.Steps = 20
	}
	if o.Wait == 0 {
		o.Wait = 20 * time.Second
	}
	if len(o.Transitions) > 0 && len(o.Policy.Observations) == 0 {
		for _, t := range o.Transitions[:min(len(o.Transitions), 30)] {
			o.Policy.Observations = append(o.Policy.Observations, &t.Obs)
		}
	}
	o.Policy.Seed = o.Seed
	return o
}

// Learner checks the learners that factory makes, which serve spec, against the contract of
// lepton.Learner and of those of Needer, TargetLearner, Saver with io.ReaderFrom, PolicyDecoder and
// Specced that they implement. factory makes a fresh learner of the same configuration and seed each
// time. What is fed: decisions by themselves, and interleaved episodes that end truly or are cut off.
func Learner(t *testing.T, factory func() lepton.Learner, spec lepton.Spec, o LearnerOptions) {
	t.Helper()
	learner(standard{t}, factory, spec, o)
}

const ofLearner = "lepton.Learner"

// pupil is a kind of learner under test with what it is fed.
type pupil struct {
	factory func() lepton.Learner
	spec    lepton.Spec
	o       LearnerOptions
	stream  []*lepton.Transition
	probes  *subject // observations to ask policies about
}

func learner(t suite, factory func() lepton.Learner, spec lepton.Spec, o LearnerOptions) {
	t.Helper()
	o = o.withDefaults()
	u := &pupil{factory: factory, spec: spec, o: o, stream: o.Transitions}
	probes, ok := newSubject(t, nil, spec, o.Policy)
	if !ok {
		return
	}
	u.probes = probes
	if len(u.stream) == 0 {
		u.stream = newGenerator(o.Seed, spec).transitions(o.Length)
	}
	check(t, "NoData", u.checkNoData)
	check(t, "Cancelled", u.checkCancelled)
	check(t, "Learns", u.checkLearns)
	check(t, "Repeats", u.checkRepeats)
	check(t, "KeepsNothing", u.checkKeepsNothing)
	check(t, "TransitionUntouched", u.checkUntouched)
	check(t, "Snapshot", u.checkSnapshot)
	check(t, "Policy", func(t suite) {
		taught := factory()
		if !u.teach(t, taught, u.stream) {
			return
		}
		po := o.Policy
		if d, ok := taught.(lepton.PolicyDecoder); ok && po.Decode == nil {
			po.Decode = d.DecodePolicy
		}
		policy(t, taught.Policy(), spec, po)
	})
	u.checkAbilities(t)
}

// answers is what p says of every probe: probabilities and, of a lepton.Scorer, scores, which show
// differences that an argmax hides.
func (u *pupil) answers(p lepton.Policy) [][]float64 {
	all := make([][]float64, 0, 2*len(u.probes.obs))
	for _, obs := range u.probes.obs {
		probs := filled(obs.Len(), math.NaN())
		p.Probs(probs, obs, nil)
		all = append(all, probs)
	}
	if scorer, ok := p.(lepton.Scorer); ok {
		for _, obs := range u.probes.obs {
			scores := filled(obs.Len(), math.NaN())
			scorer.Scores(scores, obs, nil)
			all = append(all, scores)
		}
	}
	return all
}

// compare returns where two sets of answers differ, nil for nowhere.
func (u *pupil) compare(a, b [][]float64) error {
	if len(a) != len(b) {
		return errors.New("one of the policies is a lepton.Scorer, the other is not")
	}
	for i := range a {
		if j := differ(a[i], b[i]); j >= 0 {
			what := [...]string{"gets", "scores"}[i/len(u.probes.obs)]
			return fmt.Errorf("%s: action %d %s %v and %v", u.probes.name(i%len(u.probes.obs)), j, what, at(a[i], j), at(b[i], j))
		}
	}
	return nil
}

func (u *pupil) checkNoData(s suite) {
	r := rule{ofLearner, "a learner that has seen nothing steps, and has a policy", "return Idle from Step, and a uniform policy or the prior"}
	l := u.factory()
	p, ok := u.step(s, l)
	if !ok {
		return
	}
	if p.Observed != 0 || p.Updates != 0 {
		r.broken(s, "Progress says %d observed and %d updates before the first transition", p.Observed, p.Updates)
	}
	fresh := l.Policy()
	if fresh == nil {
		r.broken(s, "Policy is nil")
		return
	}
	asked := *u.probes
	asked.Policy = fresh
	asked.checkProbabilities(s)
}

func (u *pupil) checkCancelled(s suite) {
	r := rule{ofLearner, "Step comes back soon when ctx has ended, with ctx's error or none, and the learner can be used on",
		"look at ctx.Err() between updates and return it"}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	l := u.factory()
	half := len(u.stream) / 2
	for _, t := range u.stream[:half] {
		l.Observe(clonedTransition(t))
	}
	_, err, back := u.stepWithin(cancelled, l)
	if !back {
		r.broken(s, "Step under a cancelled context had not returned after %v", u.o.Wait)
		return
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		r.broken(s, "the error is %v", err)
	}
	if !u.teach(s, l, u.stream[half:]) {
		return
	}
	asked := *u.probes
	asked.Policy = l.Policy()
	asked.checkProbabilities(s)
}

func (u *pupil) checkLearns(s suite) {
	r := rule{ofLearner, "Progress counts what was observed and updated since the learner was made",
		"count every Observe and every change of parameters, and never count back; if it needs more before its first update, raise LearnerOptions.Length"}
	l := u.factory()
	var last lepton.Progress
	for i, t := range u.stream {
		l.Observe(clonedTransition(t))
		if (i+1)%u.o.Every != 0 {
			continue
		}
		p, ok := u.step(s, l)
		if !ok {
			return
		}
		if p.Observed < last.Observed || p.Updates < last.Updates || p.Observed > uint64(i+1) {
			r.broken(s, "after %d transitions %d observed, %d updates; before that %d and %d", i+1, p.Observed, p.Updates, last.Observed, last.Updates)
			return
		}
		last = p
	}
	if !u.finish(s, l) {
		return
	}
	last, _ = u.step(s, l)
	if last.Observed == 0 || last.Updates == 0 {
		r.broken(s, "after %d transitions %d observed, %d updates", len(u.stream), last.Observed, last.Updates)
	}
}

func (u *pupil) checkRepeats(s suite) {
	r := rule{ofLearner, "the same configuration, seed and transitions give the same policies to the bit",
		"draw from a seeded source alone, never range over a map where order matters, sum in a fixed order, no clock"}
	a, b := u.factory(), u.factory()
	if !u.teach(s, a, u.stream) || !u.teach(s, b, u.stream) {
		return
	}
	if err := u.compare(u.answers(a.Policy()), u.answers(b.Policy())); err != nil {
		r.broken(s, "two learners of the same factory: %v", err)
	}
	if err := u.compare(u.answers(a.Policy()), u.answers(a.Policy())); err != nil {
		r.broken(s, "two snapshots with nothing between: %v", err)
	}
}

func (u *pupil) checkKeepsNothing(s suite) {
	r := rule{ofLearner, "Observe copies what it keeps: t is reused after it returns",
		"store Transition.CopyFrom or copies of the rows; never t, t.Obs, t.Next, or slices of them"}
	kind, hostile := u.factory(), u.factory()
	var buffer lepton.Transition
	for i, t := range u.stream {
		kind.Observe(clonedTransition(t))
		buffer.CopyFrom(t)
		hostile.Observe(&buffer)
		poisonTransition(&buffer)
		if (i+1)%u.o.Every == 0 {
			if _, ok := u.step(s, kind); !ok {
				return
			}
			if _, ok := u.step(s, hostile); !ok {
				return
			}
		}
	}
	if !u.finish(s, kind) || !u.finish(s, hostile) {
		return
	}
	if err := u.compare(u.answers(kind.Policy()), u.answers(hostile.Policy())); err != nil {
		r.broken(s, "overwriting t after Observe changed the policy: %v", err)
	}
}

func (u *pupil) checkUntouched(s suite) {
	r := rule{ofLearner, "Observe reads t and changes nothing in it", "work on copies"}
	l := u.factory()
	for i, t := range u.stream {
		mine := clonedTransition(t)
		l.Observe(mine)
		what := difference(&t.Obs, &mine.Obs)
		if what == "" {
			what = difference(&t.Next, &mine.Next)
		}
		if what == "" && plainly(mine) != plainly(t) {
			what = "a number beside the observations"
		}
		if what != "" {
			r.broken(s, "transition %d: %s", i, what)
			return
		}
	}
}

// plainly prints a transition without its observations.
func plainly(t *lepton.Transition) string {
	return fmt.Sprint(t.ID, t.Version, t.Episode, t.Agent, t.Step, t.Action, t.Propensity, t.Arm,
		math.Float64bits(t.Reward), t.Discount, t.Elapsed, t.Last, t.NextAction)
}

func (u *pupil) checkSnapshot(s suite) {
	r := rule{ofLearner, "a snapshot is immutable and shares nothing with the learner that trains on",
		"copy every parameter (tables, weights, scalers, trees) that training changes in place when Policy is called"}
	l := u.factory()
	half := len(u.stream) / 2
	if !u.teach(s, l, u.stream[:half]) {
		return
	}
	snapshot := l.Policy()
	want := u.answers(snapshot)
	trained, done := make(chan struct{}), make(chan error, 1)
	stop := sync.OnceFunc(func() { close(trained) })
	defer stop() // also when the learner panics
	go func() {
		done <- concurrently(func(int) error {
			for {
				select {
				case <-trained:
					return nil
				default:
				}
				if err := u.compare(want, u.answers(snapshot)); err != nil {
					return err
				}
			}
		})
	}()
	ok := u.teach(s, l, u.stream[half:])
	stop()
	if err := <-done; err != nil {
		r.broken(s, "while the learner trained on, before and after: %v", err)
		return
	}
	if !ok {
		return
	}
	if err := u.compare(want, u.answers(snapshot)); err != nil {
		r.broken(s, "after the learner trained on, before and after: %v", err)
	}
}
