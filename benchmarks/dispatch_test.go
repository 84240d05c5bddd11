package benchmarks

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl/mdp"
)

// The dispatch world: jobs arrive at random, one every 1/arrivals seconds on average, and each is sent at once
// to one of three servers, a fast one, a middling and a slow, which has room for room jobs and works through
// them in order. A job that finds all of them full is lost, which costs as much as lossCost seconds of waiting.
const (
	arrivals = 1.2
	room     = 5
	lossCost = 20.0
	servers  = 3
	horizon  = 1000 // decisions over which policies are judged, from empty servers
)

// speeds are jobs a second.
var speeds = [servers]float64{1, 0.5, 0.25}

// queues is a state: the jobs at each server.
type queues [servers]int

func (q queues) index() int {
	at := 0
	for _, n := range q {
		at = at*(room+1) + n
	}
	return at
}

func queuesOf(index int) (q queues) {
	for i := servers - 1; i >= 0; i-- {
		q[i], index = index%(room+1), index/(room+1)
	}
	return q
}

func (q queues) full() bool { return q == queues{room, room, room} }

// dispatchProblem is the world as a table. One step is one arrival. Between two arrivals only departures happen,
// each server at its speed while it has jobs (competing exponentials), so that what may be found at the next
// arrival follows from states with more jobs to those with fewer. The reward is minus the expected job-seconds
// spent until then. Per decision that is, by Little's law, minus the mean time that a job stays.
func dispatchProblem(tb testing.TB) *mdp.Problem {
	tb.Helper()
	n := queues{room, room, room}.index() + 1
	var out []mdp.Transition
	reach := make([]float64, n)
	for s := range n {
		for a := range servers {
			q, cost := queuesOf(s), 0.0
			switch {
			case q.full():
				cost = lossCost
			case q[a] == room:
				continue // not legal
			default:
				q[a]++
			}
			clear(reach)
			reach[q.index()] = 1
			from := len(out)
			for at := q.index(); at >= 0; at-- { // a departure lowers the index
				if reach[at] == 0 {
					continue
				}
				now, rate, jobs := queuesOf(at), arrivals, 0
				for i, n := range now {
					jobs += n
					if n > 0 {
						rate += speeds[i]
					}
				}
				cost += reach[at] * float64(jobs) / rate
				out = append(out, mdp.Transition{State: s, Action: a, Prob: reach[at] * arrivals / rate, Next: at})
				for i, n := range now {
					if n > 0 {
						next := now
						next[i]--
						reach[next.index()] += reach[at] * speeds[i] / rate
					}
				}
			}
			for i := from; i < len(out); i++ {
				out[i].Reward = -cost
			}
		}
	}
	p, err := mdp.New(out, []mdp.Start{{State: 0, Prob: 1}})
	require.NoError(tb, err)
	return p
}

// dispatch shows the problem as an embedder would: the queues as the state, three features of each server.
type dispatch struct{ *mdp.Environment }

func newDispatch(tb testing.TB, p *mdp.Problem) dispatch {
	tb.Helper()
	e, err := mdp.NewEnvironment(p, mdp.EnvironmentOptions{Limit: 200})
	require.NoError(tb, err)
	return dispatch{e}
}

// Spec implements lepton.Environment.
func (d dispatch) Spec() lepton.Spec {
	return lepton.Spec{
		StateDim: servers, ActionDim: 3, Actions: servers,
		StateNames: []string{"fast", "middling", "slow"}, ActionNames: []string{"queue", "service_s", "delay_s"},
	}
}

// Observe implements lepton.Environment.
func (d dispatch) Observe(obs *lepton.Observation) { show(obs, queuesOf(d.State())) }

func show(obs *lepton.Observation, q queues) {
	obs.Reset(3, 0)
	obs.GrowState(servers)
	for i, n := range q {
		obs.State()[i] = float64(n)
		row := obs.Actions().Add(uint64(i), n < room || q.full())
		row[0], row[1], row[2] = float64(n), 1/speeds[i], float64(n+1)/speeds[i]
	}
}

// response is the mean time in seconds that a job stays under p, exactly.
func response(problem *mdp.Problem, p lepton.Policy) float64 {
	var obs lepton.Observation
	return -problem.Return(policy.Func(func(probs []float64, bare *lepton.Observation, scratch *lepton.Scratch) {
		show(&obs, queuesOf(int(bare.State()[0])))
		p.Probs(probs, &obs, scratch)
	}), 1, horizon, false) / horizon
}

// byDelay is the rule that an expert would tune: where will this job be done first? byQueue is the plain one.
func byDelay(obs *lepton.Observation, i int) float64 { return -obs.Action(i)[2] }
func byQueue(obs *lepton.Observation, i int) float64 { return -obs.Action(i)[0] }

// best is the policy that is optimal for a discount of gamma a job. Every gamma from 0.9 to 0.998 gives the
// same one, so that it counts as the best known answer without a discount too.
func best(tb testing.TB, p *mdp.Problem, gamma float64) lepton.Policy {
	tb.Helper()
	q, err := p.Optimal(gamma)
	require.NoError(tb, err)
	return policy.Greedy(policy.ScoreFunc(func(obs *lepton.Observation, i int) float64 {
		var at queues
		for j, n := range obs.State() {
			at[j] = int(n)
		}
		return q[at.index()*servers+i]
	}))
}
