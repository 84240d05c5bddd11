// Smallest is a whole program around Lepton, from main to a decision in shadow mode, in one file. The pool has three
// workers, and nobody wrote down that the third is slow.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/features"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/reward"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/scheduler"
)

// Worker is the embedder's own type.
type Worker struct {
	Name string
	Busy int
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "smallest:", err)
		os.Exit(1)
	}
}

func run() error {
	pool := []Worker{{"a", 2}, {"b", 1}, {"c", 0}}
	s, err := newScheduler()
	if err != nil {
		return err
	}
	defer s.Close()

	// Record: the incumbent decides (and explores a little); the learner is fed.
	for range 2000 {
		d, err := s.Decide(pool) // which worker?
		if err != nil {
			return err
		}
		if err := s.Report(d.ID, work(pool[d.Action])); err != nil { // how did it go?
			return err
		}
		if _, err := s.Train(context.Background()); err != nil {
			return err
		}
	}

	// Shadow: the learned policy is asked too, and only compared.
	s.SetMode(scheduler.Shadow)
	for range 100 {
		d, err := s.Decide(pool)
		if err == nil {
			err = s.Report(d.ID, work(pool[d.Action]))
		}
		if err != nil {
			return err
		}
	}
	st := s.Stats()
	fmt.Printf("%d decisions; in shadow the learned policy agreed on %d of %d\n", st.Decisions, st.ShadowAgreed, st.ShadowAsked)
	return nil
}

// newScheduler wires what a policy sees, what it may choose, the rule in place, what an outcome is worth, and a learner.
func newScheduler() (*scheduler.Scheduler[[]Worker, float64], error) {
	type candidate = features.Candidate[[]Worker, Worker]
	encoder, err1 := features.State(features.Numeric("workers", func(p []Worker) int { return len(p) }))
	actions, err2 := features.Candidates(
		func(p []Worker) []Worker { return p },
		func(w Worker) uint64 { return features.HashID(w.Name) },
		features.Numeric("busy", func(c candidate) int { return c.Action.Busy }),
		features.OneHot("name", []string{"a", "b", "c"}, func(c candidate) string { return c.Action.Name }))
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	learner, err := rl.NewREINFORCE(lepton.SpecOf(encoder, actions), rl.REINFORCEOptions{})
	if err != nil {
		return nil, err
	}
	return scheduler.New(scheduler.Options[[]Worker, float64]{
		Encoder: encoder, Actions: actions, Learner: learner,
		Incumbent: policy.Incumbent(func(p []Worker, i int) float64 { return -float64(p[i].Busy) }),
		Reward:    reward.Of(func(seconds float64) float64 { return -seconds }),
		Mode:      scheduler.Record,
		Explore:   scheduler.Explore{Share: 0.2, MaxLoss: 5},
	})
}

// work stands for the world: the outcome is known only afterwards.
func work(w Worker) float64 {
	if w.Name == "c" {
		return 9
	}
	return 1 + float64(w.Busy)
}
