package scheduler_test

import (
	"context"
	"fmt"
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/features"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/reward"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/scheduler"
)

// Site is the embedder's state: the workers that a job may go to.
type Site struct {
	Urgent  bool
	Workers []Worker
}

type Worker struct {
	ID      uint64
	Running int
}

// options wires the two adapters that only the embedder can write, the heuristic in place and a learner.
func options() (scheduler.Options[Site, float64], error) {
	type candidate = features.Candidate[Site, Worker]
	encoder, err := features.State(features.Bool("urgent", func(s Site) bool { return s.Urgent }))
	if err != nil {
		return scheduler.Options[Site, float64]{}, err
	}
	workers, err := features.Candidates(
		func(s Site) []Worker { return s.Workers }, func(w Worker) uint64 { return w.ID },
		features.Numeric("running", func(c candidate) int { return c.Action.Running }),
	)
	if err != nil {
		return scheduler.Options[Site, float64]{}, err
	}
	learner, err := rl.NewQLearning(lepton.SpecOf(encoder, workers), rl.TabularOptions{})
	return scheduler.Options[Site, float64]{
		Encoder: encoder, Actions: workers, Learner: learner, Mode: scheduler.Record,
		Incumbent: policy.IncumbentChoice(func(s Site) int { return 0 }), // always the first
		Reward:    reward.Func[float64](func(_ lepton.Decision, seconds float64) float64 { return -seconds }),
		Explore:   scheduler.Explore{Share: 0.1, MaxLoss: math.Inf(1)},
		Seed:      1,
	}, err
}

var site = Site{Workers: []Worker{{ID: 7}, {ID: 8}}}

// took is what the world does: worker 8 is three times as fast as worker 7.
func took(d lepton.Decision) float64 {
	if d.ActionID == 8 {
		return 1
	}
	return 3
}

// The whole of the smallest use: the heuristic decides and is recorded, with a little exploration; a
// learner makes a policy of what came of it; the policy decides.
func Example() {
	o, err := options()
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := scheduler.New(o)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	mean := func(jobs int) float64 {
		sum := 0.0
		for range jobs {
			d, err := s.Decide(site)
			if err != nil {
				fmt.Println(err) // the host falls back on its heuristic
				continue
			}
			seconds := took(d)
			sum += seconds
			if err := s.Report(d.ID, seconds); err != nil {
				fmt.Println(err)
			}
		}
		return sum / float64(jobs)
	}

	recorded := mean(500)
	if _, err := s.Train(context.Background()); err != nil { // in production: go s.Run(ctx)
		fmt.Println(err)
	}
	s.SetMode(scheduler.Live)
	fmt.Printf("mean seconds a job: %.1f recorded, %.1f live\n", recorded, mean(500))
	st := s.Stats()
	fmt.Println("decisions", st.Decisions, "settled", st.Settled, "learned from", st.Learned)
	// Output:
	// mean seconds a job: 2.9 recorded, 1.1 live
	// decisions 1000 settled 1000 learned from 500
}

// A host that makes the final choice itself asks for scores and says what it took of them.
func ExampleScheduler_Rank() {
	o, err := options()
	if err != nil {
		fmt.Println(err)
		return
	}
	o.Incumbent = policy.Incumbent(func(s Site, i int) float64 { return -float64(s.Workers[i].Running) })
	s, err := scheduler.New(o)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	busy := Site{Workers: []Worker{{ID: 7, Running: 4}, {ID: 8, Running: 1}, {ID: 9, Running: 2}}}
	scores := make([]float64, len(busy.Workers))
	d, err := s.Rank(busy, scores)
	fmt.Println(scores, d.Action, err)
	fmt.Println(s.Report(d.ID, 1))
	fmt.Println(s.Chose(d.ID, 2, 1)) // worker 8 was just taken by somebody else
	fmt.Println(s.Report(d.ID, 1))
	// Output:
	// [-4 -1 -2] -1 <nil>
	// scheduler: the host has not said what it chose: 0-1
	// <nil>
	// <nil>
}

// Decisions of one stream are credited with what follows them.
func ExampleScheduler_Episode() {
	o, err := options()
	if err != nil {
		fmt.Println(err)
		return
	}
	o.Learner = printer{}
	o.Explore = scheduler.Explore{}
	s, err := scheduler.New(o)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	day, err := s.Episode(lepton.CreditOptions{ID: 20261124, Gamma: 0.9})
	if err != nil {
		fmt.Println(err)
		return
	}
	for hour := range 3 {
		d, err := day.Decide(site)
		if err != nil {
			fmt.Println(err)
			return
		}
		if err := s.Report(d.ID, float64(hour)); err != nil { // sooner or later, from anywhere
			fmt.Println(err)
		}
	}
	if err := day.End(); err != nil {
		fmt.Println(err)
	}
	if _, err := s.Train(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// step 0: reward 0, then 0.9 × what follows
	// step 1: reward -1, then 0.9 × what follows
	// step 2: reward -2, the end
}

// printer is a learner that says what it is given.
type printer struct{}

func (printer) Observe(t *lepton.Transition) {
	if t.Discount == 0 {
		fmt.Printf("step %d: reward %v, the end\n", t.Step, t.Reward)
		return
	}
	fmt.Printf("step %d: reward %v, then %v × what follows\n", t.Step, t.Reward, t.Discount)
}

func (printer) Step(context.Context) (lepton.Progress, error) {
	return lepton.Progress{Idle: true}, nil
}

func (printer) Policy() lepton.Policy { return policy.Uniform() }
