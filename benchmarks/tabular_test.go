package benchmarks

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/rl/mdp"
)

// The slippery lake of 8 × 8 (Gymnasium's FrozenLake8x8): S start, F ice, H hole, G goal. A step goes where it
// is meant to or to either side, a third each.
const (
	lake      = "SFFFFFFFFFFFFFFFFFFHFFFFFFFFFHFFFFFHFFFFFHHFFFHFFHFFHFHFFFFHFFFG"
	lakeSide  = 8
	lakeLimit = 200
	lakeAlpha = 0.1
	lakeGamma = 0.99
	lakeEps   = 0.1
)

// glide returns where a move from a cell leads: 0 left, 1 down, 2 right, 3 up; the shore stops it.
func glide(cell, move int) int {
	row, column := cell/lakeSide, cell%lakeSide
	switch move {
	case 0:
		column = max(column-1, 0)
	case 1:
		row = min(row+1, lakeSide-1)
	case 2:
		column = min(column+1, lakeSide-1)
	case 3:
		row = max(row-1, 0)
	}
	return row*lakeSide + column
}

// lakeProblem is the lake as a table.
func lakeProblem(tb testing.TB) *mdp.Problem {
	tb.Helper()
	var ts []mdp.Transition
	for s := range len(lake) {
		for a := range 4 {
			if lake[s] == 'H' || lake[s] == 'G' {
				ts = append(ts, mdp.Transition{State: s, Action: a, Prob: 1, Next: s, Done: true})
				continue
			}
			for _, slip := range [...]int{3, 0, 1} {
				t := mdp.Transition{State: s, Action: a, Prob: 1.0 / 3, Next: glide(s, (a+slip)%4)}
				t.Done = lake[t.Next] == 'H' || lake[t.Next] == 'G'
				if lake[t.Next] == 'G' {
					t.Reward = 1
				}
				ts = append(ts, t)
			}
		}
	}
	p, err := mdp.New(ts, []mdp.Start{{State: 0, Prob: 1}})
	require.NoError(tb, err)
	return p
}

// BenchmarkTabularQ is Q-learning on the lake with ε-greedy behaviour, the environment's step included.
//
// kernel is what a user writes who wants nothing but the update rule: the table, the world's tables and the
// draws by hand. learner acts on snapshots of an rl.QLearning with a dense table, published every 128 decisions,
// in an mdp.Environment; train is rl.Train on the same. C does the work of kernel in
// ../shared/peers/rl/bench.c, "tabular".
func BenchmarkTabularQ(b *testing.B) {
	b.Run("kernel", benchmarkKernel)
	b.Run("learner", benchmarkLearner)
	b.Run("train", benchmarkTrain)
}

func reportSteps(b *testing.B) {
	b.ReportAllocs()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
}

// xorshift is the generator of the peer in C (Marsaglia 2003).
type xorshift uint64

func (x *xorshift) next() uint64 {
	*x ^= *x << 13
	*x ^= *x >> 7
	*x ^= *x << 17
	return uint64(*x)
}

func (x *xorshift) uniform() float64 { return float64(int64(x.next()>>11)) * 0x1p-53 }

// sample counts the sums that u has passed.
func sample(probs []float64, u float64) int {
	sum, n := 0.0, 0
	for _, p := range probs[:len(probs)-1] {
		if sum += p; u >= sum {
			n++
		}
	}
	return n
}

func greedy(q []float64) int {
	best := 0
	for a := 1; a < len(q); a++ {
		if q[a] > q[best] {
			best = a
		}
	}
	return best
}

func benchmarkKernel(b *testing.B) {
	var next [len(lake) * 4]int
	var ends [len(lake)]bool
	var pays [len(lake)]float64
	for s := range len(lake) {
		for a := range 4 {
			next[s*4+a] = glide(s, a)
		}
		ends[s] = lake[s] == 'H' || lake[s] == 'G'
		if lake[s] == 'G' {
			pays[s] = 1
		}
	}
	q := make([]float64, len(lake)*4)
	draw := xorshift(0x9E3779B97F4A7C15)
	state, step := 0, 0
	for b.Loop() {
		row := q[state*4 : state*4+4 : state*4+4]
		a := 0
		if draw.uniform() < lakeEps {
			a = int(draw.next() >> 62)
		} else {
			a = greedy(row)
		}
		to := next[state*4+(a+int(draw.next()>>33%3)+3)&3]
		if ends[to] {
			row[a] = rl.QUpdate(row[a], lakeAlpha, pays[to], 0, 0)
		} else {
			after := q[to*4 : to*4+4 : to*4+4]
			row[a] = rl.QUpdate(row[a], lakeAlpha, pays[to], lakeGamma, max(after[0], after[1], after[2], after[3]))
		}
		if step++; ends[to] || step == lakeLimit {
			state, step = 0, 0
		} else {
			state = to
		}
	}
	reportSteps(b)
}

func lakeLearner(b *testing.B) (*mdp.Environment, *rl.QLearning) {
	env, err := mdp.NewEnvironment(lakeProblem(b), mdp.EnvironmentOptions{Limit: lakeLimit})
	require.NoError(b, err)
	l, err := rl.NewQLearning(env.Spec(), rl.TabularOptions{States: len(lake), Epsilon: lakeEps, StepSize: rl.StepSize{Alpha: lakeAlpha}})
	require.NoError(b, err)
	return env, l
}

func benchmarkLearner(b *testing.B) {
	const publish = 128
	env, l := lakeLearner(b)
	draw := xorshift(0x9E3779B97F4A7C15)
	policy := l.Policy()
	probs := make([]float64, 4)
	t := &lepton.Transition{Arm: lepton.ArmLearned, NextAction: -1}
	begin := func(episode uint64) {
		env.Reset(episode)
		env.Observe(&t.Obs)
		t.Episode, t.Step = episode, 0
	}
	begin(1)
	decided := 0
	for b.Loop() {
		policy.Probs(probs, &t.Obs, nil)
		t.Action = sample(probs, draw.uniform())
		t.Propensity = probs[t.Action]
		t.Reward, t.Discount, t.Last = env.Step(t.Action)
		if t.Discount *= lakeGamma; t.Discount != 0 {
			env.Observe(&t.Next)
		}
		l.Observe(t)
		if decided++; decided%publish == 0 {
			policy = l.Policy()
		}
		if t.Step++; t.Last {
			begin(t.Episode + 1)
		} else {
			env.Observe(&t.Obs)
		}
	}
	reportSteps(b)
}

func benchmarkTrain(b *testing.B) {
	env, l := lakeLearner(b)
	b.ResetTimer()
	_, err := rl.Train(b.Context(), env, l, rl.TrainOptions{Steps: b.N, StepEvery: 128, Credit: lepton.CreditOptions{Gamma: lakeGamma}})
	require.NoError(b, err)
	reportSteps(b)
}
