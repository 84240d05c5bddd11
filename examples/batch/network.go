package main

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/sim"
)

const (
	committeeName = "committee"
	ownName       = "own network"
	shippedName   = "shipped network"
	plannedName   = "planned"
)

// rival is one way to decide that was learned, with its gain over the incumbent on the sequences to choose by.
type rival struct {
	name   string
	policy lepton.Policy
	gain   float64
}

// enlist sets networks beside the committee, where the objective is what they were made for: the one that is
// shipped, which has not seen this trace, and one that learned from its part to learn from. The best of all on the
// sequences to choose by is what was learned.
func (l *learned) enlist(ctx context.Context, p *past, s *student, show *progress) error {
	l.committee = l.best
	l.rivals = []rival{{committeeName, l.best, l.bestGain}}
	if s.set.objective != "bsld" {
		return nil
	}
	shipped, err := sim.ShippedBatchModel()
	if err != nil {
		return err
	}
	draw, err := sim.SequencesOf(p.trace, p.from, p.to, p.sequence, p.options)
	if err != nil {
		return err
	}
	show.line("learning from what choices would have cost")
	own, err := sim.LearnBatch(ctx, draw, sim.BatchLearnOptions{Rounds: 2, Sequences: max(2, int(100*s.set.effort)), Workers: 2, Seed: s.set.seed})
	if err != nil {
		return err
	}
	for _, r := range []rival{{name: shippedName, policy: shipped.Policy}, {name: ownName, policy: own.Policy}} {
		if r.gain, err = s.gain(r.policy); err != nil {
			return err
		}
		l.rivals = append(l.rivals, r)
		if r.gain > l.bestGain {
			l.best, l.bestGain = r.policy, r.gain
		}
	}
	return nil
}

// chosen says how the rivals did, and which was taken.
func (l *learned) chosen() string {
	var parts []string
	taken := l.rivals[0]
	for _, r := range l.rivals {
		parts = append(parts, fmt.Sprintf("%s %.3f", r.name, math.Exp(-r.gain)))
		if r.gain > taken.gain {
			taken = r
		}
	}
	return fmt.Sprintf("there also: %s; learned is the %s", strings.Join(parts, ", "), taken.name)
}
