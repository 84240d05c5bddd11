package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/scheduler"
)

// Findings are what one life of the dispatcher showed.
type Findings struct {
	Agreement    float64 // share of the decisions in Shadow in which the learned policy would have done the same
	Canary, Live Versus
	Incumbent    float64 // as in Versus, of the incumbent on the jobs of Live, in a world of its own
	Insider      float64 // the same of a rule that knows the secret
	TurnedAway   int     // jobs that came when every worker was full; they stand in no mean
}

// Versus sets the learned policy against the holdout over the same days: mean seconds from a job's
// arrival to its end.
type Versus struct{ Learned, Holdout float64 }

// snippet: stages

// bringUp takes a new dispatcher from Record to Live, with so many jobs in each stage.
func (d *Dispatcher) bringUp(ctx context.Context, jobs int) (Findings, error) {
	var f Findings

	// Record: the incumbent decides, and the learner sees what comes of it.
	if _, err := d.run(ctx, jobs); err != nil {
		return f, err
	}

	// Shadow: the learned policy is asked as well, and nothing that it says is done.
	d.sched.SetMode(scheduler.Shadow)
	if _, err := d.run(ctx, jobs/4); err != nil {
		return f, err
	}
	stats := d.sched.Stats()
	f.Agreement = float64(stats.ShadowAgreed) / float64(stats.ShadowAsked)
	if err := fitToDecide(stats); err != nil {
		return f, err
	}

	// Canary: the learned policy decides in a fifth of the blocks of five minutes.
	d.sched.SetMode(scheduler.Canary)
	arms, err := d.run(ctx, jobs)
	if err != nil {
		return f, err
	}
	f.Canary.Learned = arms.mean(lepton.ArmLearned, lepton.ArmGuarded)
	f.Canary.Holdout = arms.mean(lepton.ArmHoldout)
	if err := fitToDecide(d.sched.Stats()); err != nil {
		return f, err
	}

	// A new release of the dispatcher: it goes on where the old one stopped.
	if err := d.restart(); err != nil {
		return f, err
	}

	// Live: the learned policy decides in all blocks but the holdout's, and answers there for what
	// exploration costs, too.
	d.sched.SetMode(scheduler.Live)
	arms, err = d.run(ctx, jobs)
	if err != nil {
		return f, err
	}
	f.Live.Learned = arms.mean(lepton.ArmLearned, lepton.ArmGuarded, lepton.ArmExplored)
	f.Live.Holdout = arms.mean(lepton.ArmHoldout)
	f.TurnedAway = d.turnedAway
	return f, nil
}

// end snippet

// snippet: stats

// fitToDecide names everything in the counts that speaks against letting the learned policy decide
// (more). It says nothing of whether that policy is better: the holdout does.
func fitToDecide(st scheduler.Stats) error {
	var errs []error
	against := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	for cause, n := range st.Faults {
		against(n > 0, "%d faults of cause %q", n, scheduler.FaultCause(cause))
	}
	against(st.BreakerOpen, "the breaker took the learned policy out")
	against(st.NotFinite > 0, "%d outcomes with features that are not finite", st.NotFinite)
	against(st.Refused > 0, "%d snapshots refused", st.Refused)
	against(st.Learned == 0, "nothing was learned: is anybody calling Train?")

	// Some loss is part of life; a hundredth is not.
	lost := st.Evicted + st.Expired + st.Defaulted + st.Untracked + st.QueueDropped
	against(lost*100 > st.Decisions, "%d of %d outcomes did not reach the learner", lost, st.Decisions)
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("not fit to decide: %w", err)
	}
	return nil
}

// end snippet
