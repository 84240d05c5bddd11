package rl

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
)

// Teacher fills p with the probabilities that it would give to the actions of obs, as a lepton.Policy
// does. A teacher that decides from the embedder's own state reads it from the world that it was made
// for: it is called when that world's decision is due.
type Teacher func(p []float64, obs *lepton.Observation)

// TeacherOf makes a Teacher of a policy.
func TeacherOf(p lepton.Policy) Teacher {
	scratch := new(lepton.Scratch)
	return func(dst []float64, obs *lepton.Observation) {
		scratch.Reset()
		p.Probs(dst, obs, scratch)
	}
}

// ImitateOptions sets up Imitate. The zero value works.
type ImitateOptions struct {
	Rounds   int // of acting and fitting; 0 means 1. More make it DAgger
	Episodes int // a round; 0 means 10
	MaxSteps int // decisions an episode, which is then left; 0: until the environment ends it
	Epochs   int // passes over all examples a round; 0 means 10
	HoldOut  int // episodes, not learned from, on which agreement is measured; 0 means 2
	// Beta is the share of the teacher's actions in round k, Beta^k counted from 0: the first round is all
	// the teacher's. In [0, 1]; 0 lets the student act alone from the second round on.
	Beta        float64
	MaxExamples int    // kept at most, all rows of each; 0 means 100,000. Beyond, new ones are left out and counted
	Seed        uint64 // source of all randomness

	Progress func(ImitateReport) // called after each epoch, from the goroutine of Imitate; nil: silent
}

func (o ImitateOptions) withDefaults() ImitateOptions {
	for _, f := range [...]struct {
		field *int
		value int
	}{{&o.Rounds, 1}, {&o.Episodes, 10}, {&o.Epochs, 10}, {&o.HoldOut, 2}, {&o.MaxExamples, 100_000}} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	return o
}

func (o ImitateOptions) validate() error {
	var errs []error
	for _, f := range [...]struct {
		name  string
		value int
	}{{"Rounds", o.Rounds}, {"Episodes", o.Episodes}, {"MaxSteps", o.MaxSteps}, {"Epochs", o.Epochs}, {"HoldOut", o.HoldOut}, {"MaxExamples", o.MaxExamples}} {
		if f.value < 0 {
			errs = append(errs, fmt.Errorf("rl: ImitateOptions.%s is %d, want 0 or more", f.name, f.value))
		}
	}
	if !(o.Beta >= 0 && o.Beta <= 1) {
		errs = append(errs, fmt.Errorf("rl: ImitateOptions.Beta is %v, want 0 to 1", o.Beta))
	}
	return errors.Join(errs...)
}

// Imitate fits student to teacher: it acts in env, asks the teacher at each decision, and shows the
// student what it said, over and over. From the second round on the student acts too, so that it learns
// what to do in the states that its own mistakes lead to (DAgger; Ross, Gordon & Bagnell 2011).
//
// Decisions without a choice are left out. An error of Learner.Step or a teacher with unusable numbers
// ends it; the report then says what was done until then.
func Imitate(ctx context.Context, env lepton.Environment, student Student, teacher Teacher, o ImitateOptions) (ImitateReport, error) {
	o = o.withDefaults()
	if err := errors.Join(o.validate(), checkSpec(student, env)); err != nil {
		return ImitateReport{}, err
	}
	m := imitation{env: env, teacher: teacher, options: o, lesson: lesson{
		student: student, rng: rng.New(o.Seed, "rl.imitate"), progress: o.Progress,
		report: ImitateReport{Loss: math.NaN(), Agreement: math.NaN(), LogLoss: math.NaN()},
	}}
	err := m.run(ctx)
	if err != nil {
		err = fmt.Errorf("rl: imitating, round %d: %w", m.report.Round, err)
	}
	return m.report, err
}

type imitation struct {
	lesson
	env     lepton.Environment
	teacher Teacher
	options ImitateOptions
	draws   sampler // of the actions taken
}

func (m *imitation) run(ctx context.Context) error {
	for episode := range m.options.HoldOut {
		if err := m.act(ctx, rng.Mix(^m.options.Seed, uint64(episode)), 1, &m.heldOut); err != nil {
			return err
		}
	}
	episode := uint64(0)
	for round := range m.options.Rounds {
		m.report.Round = round + 1
		for range m.options.Episodes {
			if err := m.act(ctx, rng.Mix(m.options.Seed, episode), math.Pow(m.options.Beta, float64(round)), &m.examples); err != nil {
				return err
			}
			episode++
		}
		if err := m.teach(ctx, m.options.Epochs); err != nil {
			return err
		}
	}
	return nil
}

// act runs one episode in which the teacher acts with probability beta, else the student, and keeps what
// the teacher says at each decision.
func (m *imitation) act(ctx context.Context, seed uint64, beta float64, keep *[]example) error {
	m.env.Reset(seed)
	m.draws.begin(rng.Mix(seed, 1))
	policy := m.student.Policy()
	var obs lepton.Observation
	for step, last := 0, false; !last && (m.options.MaxSteps == 0 || step < m.options.MaxSteps); step++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		m.env.Observe(&obs)
		if obs.LegalCount() == 0 {
			return ErrNoAction
		}
		target := make([]float64, obs.Len())
		m.teacher(target, &obs)
		action, _, err := m.draws.draw(target, &obs)
		if err != nil {
			return fmt.Errorf("teacher: %w", err)
		}
		if obs.LegalCount() > 1 {
			m.keep(keep, &obs, target)
		}
		if m.draws.uniform() >= beta {
			if action, _, err = m.draws.choose(policy, &obs); err != nil {
				return fmt.Errorf("student: %w", err)
			}
		}
		var reward float64
		if reward, _, last = m.env.Step(action); reward != reward {
			return ErrIllegal
		}
	}
	return nil
}

func (m *imitation) keep(list *[]example, obs *lepton.Observation, target []float64) {
	if len(*list) >= m.options.MaxExamples {
		m.report.LeftOut++
		return
	}
	e := example{obs: new(lepton.Observation), target: target, weight: 1}
	e.obs.CopyFrom(obs)
	*list = append(*list, e)
}
