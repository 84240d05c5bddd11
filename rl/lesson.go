package rl

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/leptonsched/lepton"
)

// Student is a learner that can learn from a teacher.
type Student interface {
	lepton.Learner
	lepton.TargetLearner
}

// ImitateReport says how well a student follows its teacher.
type ImitateReport struct {
	Round, Epoch int     // the latest, counted from 1; Clone has one round
	Examples     int     // decisions learned from
	LeftOut      int     // decisions with a choice that were not: beyond MaxExamples; of a log, weighed 0 or not usable
	Loss         float64 // of the learner's latest update; NaN before the first
	// Agreement is the share of decisions with a choice, in the held-out episodes as the teacher acts them,
	// in which the student's likeliest action is one of the teacher's. NaN when there are none.
	Agreement float64
	// LogLoss is the mean of −Σ target·log π over the same decisions: what is left to learn, and, of a teacher
	// that draws, what cannot be learned. +Inf when the student rules out what the teacher does.
	LogLoss float64
	HeldOut int // decisions that Agreement is a share of
}

// example is one decision with what the teacher would have done.
type example struct {
	obs    *lepton.Observation
	target []float64
	weight float64
}

// lesson fits a student to examples and measures it on others.
type lesson struct {
	student  Student
	rng      *rand.Rand // order of the examples
	examples []example
	heldOut  []example
	report   ImitateReport
	progress func(ImitateReport) // nil: silent
}

// teach fits the student to the examples, epochs times over.
func (l *lesson) teach(ctx context.Context, epochs int) error {
	l.report.Examples, l.report.HeldOut = len(l.examples), len(l.heldOut)
	for epoch := range epochs {
		if err := l.fit(ctx); err != nil {
			return err
		}
		l.report.Epoch = epoch + 1
		l.measure()
		if l.progress != nil {
			l.progress(l.report)
		}
	}
	return nil
}

// fit shows all examples once, in a new order.
func (l *lesson) fit(ctx context.Context) error {
	for _, i := range l.rng.Perm(len(l.examples)) {
		e := &l.examples[i]
		l.student.ObserveTarget(e.obs, e.target, e.weight)
		progress, err := l.student.Step(ctx)
		l.report.Loss = progress.Loss
		if err != nil {
			return err
		}
	}
	return nil
}

// measure computes agreement and loss on the held-out decisions.
func (l *lesson) measure() {
	if len(l.heldOut) == 0 {
		return
	}
	policy := l.student.Policy()
	agreed, loss, total := 0.0, 0.0, 0.0
	var p []float64
	var scratch lepton.Scratch
	for _, e := range l.heldOut {
		p = append(p[:0], e.target...)
		scratch.Reset()
		policy.Probs(p, e.obs, &scratch)
		total += e.weight
		if e.target[bestLegal(p, e.obs)] == e.target[bestLegal(e.target, e.obs)] {
			agreed += e.weight
		}
		for i, x := range e.target {
			if x > 0 {
				loss -= e.weight * x * math.Log(p[i])
			}
		}
	}
	l.report.Agreement, l.report.LogLoss = agreed/total, loss/total
}
