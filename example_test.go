package lepton_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/features"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/reward"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/scheduler"
)

// Server is one of the servers behind a load balancer.
type Server struct {
	ID     uint64
	Active int // requests under way
	Zone   string
}

// Send stands for the work. Only outcomes tell that zone b answers slowly.
func Send(s Server) time.Duration {
	if s.Zone == "b" {
		return 80 * time.Millisecond
	}
	return 30 * time.Millisecond
}

// snippet

// NewBalancer says what a policy sees, what it may choose, what an outcome is worth and who learns from it.
func NewBalancer() (*scheduler.Scheduler[[]Server, time.Duration], error) {
	type candidate = features.Candidate[[]Server, Server]
	encoder, err1 := features.State(
		features.Numeric("servers", func(s []Server) int { return len(s) }))
	actions, err2 := features.Candidates(
		func(s []Server) []Server { return s },
		func(s Server) uint64 { return s.ID },
		features.Numeric("active", func(c candidate) int { return c.Action.Active }),
		features.OneHot("zone", []string{"a", "b"}, func(c candidate) string { return c.Action.Zone }))
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	learner, err := rl.NewREINFORCE(lepton.SpecOf(encoder, actions), rl.REINFORCEOptions{StepSize: rl.StepSize{Alpha: 0.1}})
	if err != nil {
		return nil, err
	}
	return scheduler.New(scheduler.Options[[]Server, time.Duration]{
		Encoder:   encoder,
		Actions:   actions,
		Incumbent: policy.Incumbent(func(s []Server, i int) float64 { return -float64(s[i].Active) }),
		Reward:    reward.Of(func(took time.Duration) float64 { return -took.Seconds() }),
		Learner:   learner,
		Mode:      scheduler.Record,
		Explore:   scheduler.Explore{Share: 0.1, MaxLoss: 5},
	})
}

// Serve sends one request to a server, and reports how it went.
func Serve(s *scheduler.Scheduler[[]Server, time.Duration], servers []Server) (time.Duration, error) {
	d, err := s.Decide(servers) // which of them?
	if err != nil {
		return 0, err
	}
	took := Send(servers[d.Action])
	return took, s.Report(d.ID, took) // how did it go?
}

// end snippet

// The incumbent sends nearly everything to the server with the fewest requests under way. What comes of it, and
// of the few decisions that explore, is enough to learn which zone is slow.
func Example() {
	s, err := NewBalancer()
	if err != nil {
		fmt.Println(err)
		return
	}
	servers := []Server{{1, 2, "b"}, {2, 3, "a"}, {3, 5, "b"}}
	for _, mode := range []scheduler.Mode{scheduler.Record, scheduler.Live} {
		s.SetMode(mode)
		var total time.Duration
		for range 5000 {
			took, err := Serve(s, servers)
			if err != nil {
				fmt.Println(err)
				return
			}
			total += took
			if _, err := s.Train(context.Background()); err != nil {
				fmt.Println(err)
				return
			}
		}
		fmt.Println(mode, (total / 5000).Round(10*time.Millisecond))
	}
	// Output:
	// record 80ms
	// live 30ms
}
