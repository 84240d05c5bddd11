package leptontest

import (
	"context"
	"math"
	"time"

	"github.com/leptonsched/lepton"
)

// stepped is what one Step came to.
type stepped struct {
	progress lepton.Progress
	err      error
	panicked any
}

// stepWithin calls Step and reports whether it came back in time; a learner that did not is left alone. A
// panic of Step is passed on.
func (u *pupil) stepWithin(ctx context.Context, l lepton.Learner) (lepton.Progress, error, bool) {
	done := make(chan stepped, 1)
	go func() {
		var r stepped
		defer func() {
			r.panicked = recover()
			done <- r
		}()
		r.progress, r.err = l.Step(ctx)
	}()
	timer := time.NewTimer(u.o.Wait)
	defer timer.Stop()
	select {
	case r := <-done:
		if r.panicked != nil {
			panic(r.panicked)
		}
		return r.progress, r.err, true
	case <-timer.C:
		return lepton.Progress{}, nil, false
	}
}

// step calls Step once and reports whether it came back in time and without an error.
func (u *pupil) step(s suite, l lepton.Learner) (lepton.Progress, bool) {
	s.Helper()
	p, err, back := u.stepWithin(context.Background(), l)
	if !back {
		rule{ofLearner, "Step does a bounded amount of training and never waits for data",
			"return with Progress.Idle when there is nothing to do; loop over a fixed number of updates"}.
			broken(s, "Step had not returned after %v", u.o.Wait)
		return p, false
	}
	if err != nil {
		rule{ofLearner, "Step returns ctx's error, or says that training failed", "return nil while there is nothing wrong"}.
			broken(s, "%v, on well-formed transitions", err)
		return p, false
	}
	return p, true
}

// teach feeds stream to l with Steps between, and lets it finish.
func (u *pupil) teach(s suite, l lepton.Learner, stream []*lepton.Transition) bool {
	s.Helper()
	return u.feed(s, l, stream) && u.finish(s, l)
}

// feed feeds stream to l with Steps between; the last few transitions may await a Step.
func (u *pupil) feed(s suite, l lepton.Learner, stream []*lepton.Transition) bool {
	s.Helper()
	var buffer lepton.Transition // reused, as the facade does
	for i, t := range stream {
		buffer.CopyFrom(t)
		l.Observe(&buffer)
		if (i+1)%u.o.Every == 0 {
			if _, ok := u.step(s, l); !ok {
				return false
			}
		}
	}
	return true
}

// finish steps until l is idle, or often enough.

func (u *pupil) finish(s suite, l lepton.Learner) bool {
	s.Helper()
	for range u.o.Steps {
		p, ok := u.step(s, l)
		if !ok || p.Idle {
			return ok
		}
	}
	return true
}

// clonedTransition returns a deep copy.
func clonedTransition(t *lepton.Transition) *lepton.Transition {
	var c lepton.Transition
	c.CopyFrom(t)
	return &c
}

// poisonTransition overwrites all of t, in place.
func poisonTransition(t *lepton.Transition) {
	obs, next := t.Obs, t.Next
	poison(&obs)
	poison(&next)
	*t = lepton.Transition{Obs: obs, Next: next, NextAction: -1, Step: -1,
		Propensity: math.NaN(), Reward: math.NaN(), Discount: math.NaN(), Elapsed: -1, Arm: 255}
}
