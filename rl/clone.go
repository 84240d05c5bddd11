package rl

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
)

// ErrNoExamples is returned where nothing is left to learn from.
var ErrNoExamples = errors.New("rl: no decision with a choice to learn from")

// CloneOptions sets up Clone. The zero value works.
type CloneOptions struct {
	Epochs int // passes over all decisions; 0 means 10
	// HoldOut is the share of the episodes on which agreement is measured and from which nothing is learned,
	// below 1; 0 means 0.2. One at least, and one at least is learned from. Decisions by themselves
	// (Episode 0) are episodes of one.
	HoldOut float64
	// Weight says how much a decision counts, from 0, which leaves it out: the way to learn only from what
	// worked. Called once for each; nil means 1 for all.
	Weight func(*lepton.Transition) float64
	// Teacher says what would have been done in each observation, where that is known: its whole distribution
	// teaches more than one action drawn from it. nil: the action in the log.
	Teacher Teacher
	Seed    uint64 // source of all randomness

	Progress func(ImitateReport) // called after each epoch, from the goroutine of Clone; nil: silent
}

func (o CloneOptions) withDefaults() CloneOptions {
	if o.Epochs == 0 {
		o.Epochs = 10
	}
	if o.HoldOut == 0 {
		o.HoldOut = 0.2
	}
	return o
}

func (o CloneOptions) validate() error {
	var errs []error
	if o.Epochs < 0 {
		errs = append(errs, fmt.Errorf("rl: CloneOptions.Epochs is %d, want 0 or more", o.Epochs))
	}
	if !(o.HoldOut >= 0 && o.HoldOut < 1) {
		errs = append(errs, fmt.Errorf("rl: CloneOptions.HoldOut is %v, want 0 to below 1", o.HoldOut))
	}
	return errors.Join(errs...)
}

// Clone fits student to the decisions of a log, in which somebody else chose: behaviour cloning. Beside Imitate
// it needs neither a world nor a teacher, and cannot ask what to do in states that only the student's own
// mistakes lead to.
//
// Decisions without a choice are passed over. Observations must hold all that was offered, or as much of it
// as the student's Needs: among a chosen action and a few others the chosen one looks likelier than it was.
// The log is not changed, and nothing of it is kept. Decisions that do not fit the student's Spec, weights that are
// negative or not finite, an error of Learner.Step and a teacher with unusable numbers end it; the report then says
// what was done until then. ErrNoExamples: nothing was left to learn from.
//
// Source: Pomerleau (1991), "Efficient training of artificial neural networks for autonomous navigation".
func Clone(ctx context.Context, log []lepton.Transition, student Student, o CloneOptions) (ImitateReport, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return ImitateReport{}, err
	}
	l := lesson{
		student: student, rng: rng.New(o.Seed, "rl.clone"), progress: o.Progress,
		report: ImitateReport{Round: 1, Loss: math.NaN(), Agreement: math.NaN(), LogLoss: math.NaN()},
	}
	held := l.split(log, o.HoldOut)
	err := l.collect(log, held, o)
	if err == nil && len(l.examples) == 0 {
		err = ErrNoExamples
	}
	if err == nil {
		err = l.teach(ctx, o.Epochs)
	}
	if err != nil {
		err = fmt.Errorf("rl: cloning: %w", err)
	}
	return l.report, err
}

// split says of each decision whether it is held out: all of an episode, or none.
func (l *lesson) split(log []lepton.Transition, share float64) []bool {
	number := make([]int, len(log)) // of the episode of each decision, in the order of the log
	known := map[uint64]int{}
	episodes := 0
	for i := range log {
		e := log[i].Episode
		n, ok := known[e]
		if !ok || e == 0 {
			n = episodes
			known[e] = n
			episodes++
		}
		number[i] = n
	}
	chosen := make([]bool, episodes)
	count := int(math.Round(share * float64(episodes)))
	for _, n := range l.rng.Perm(episodes)[:max(0, min(max(count, 1), episodes-1))] {
		chosen[n] = true
	}
	held := make([]bool, len(log))
	for i, n := range number {
		held[i] = chosen[n]
	}
	return held
}

// collect makes examples of the decisions with a choice.
func (l *lesson) collect(log []lepton.Transition, held []bool, o CloneOptions) error {
	specced, _ := l.student.(lepton.Specced)
	for i := range log {
		t := &log[i]
		if t.Obs.LegalCount() < 2 {
			continue
		}
		if specced != nil {
			want := specced.Spec()
			got := lepton.Spec{StateDim: len(t.Obs.State()), ActionDim: t.Obs.ActionDim(), Actions: want.Actions}
			if err := want.Check("the student", got); err != nil {
				return fmt.Errorf("decision %d: %w", i, err)
			}
		}
		weight := 1.0
		if o.Weight != nil {
			weight = o.Weight(t)
		}
		if !(weight >= 0) || math.IsInf(weight, 0) {
			return fmt.Errorf("decision %d: a weight of %v", i, weight)
		}
		if weight == 0 || t.Action < 0 || t.Action >= t.Obs.Len() || !t.Obs.Legal(t.Action) {
			l.report.LeftOut++
			continue
		}
		e := example{obs: &t.Obs, target: make([]float64, t.Obs.Len()), weight: weight}
		if o.Teacher == nil {
			e.target[t.Action] = 1
		} else if o.Teacher(e.target, e.obs); !probabilities(e.target, e.obs) {
			return fmt.Errorf("decision %d: teacher: %w", i, ErrUnusable)
		}
		if held[i] {
			l.heldOut = append(l.heldOut, e)
		} else {
			l.examples = append(l.examples, e)
		}
	}
	return nil
}
