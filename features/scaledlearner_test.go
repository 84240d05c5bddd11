package features_test

import (
	"bytes"
	"context"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/features"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/leptontest"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/reward"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/scheduler"
)

// market offers six actions that differ in what they make wait, up to 1e5 ms, and in what they cost, 2 to 4
// a piece; the whole span of either is worth 1. The longer the queue, the worse, whatever is chosen.
type market struct {
	rand   *rand.Rand
	queued float64
	rows   [6][2]float64
}

func (m *market) Spec() lepton.Spec { return scaledSpec }

func (m *market) Reset(seed uint64) {
	m.rand = rng.New(seed, "market")
	m.queued = 100 + 200*m.rand.Float64()
	for i := range m.rows {
		m.rows[i] = [2]float64{1e5 * m.rand.Float64(), 2 + 2*m.rand.Float64()}
	}
}

func (m *market) Observe(obs *lepton.Observation) {
	obs.Reset(2, 0)
	obs.SetState([]float64{m.queued})
	for i := range m.rows {
		copy(obs.Actions().Add(uint64(i), true), m.rows[i][:])
	}
}

func (m *market) Step(action int) (reward, discount float64, last bool) {
	if action < 0 || action >= len(m.rows) {
		return math.NaN(), 0, true
	}
	row := m.rows[action]
	return -row[0]/1e5 - (row[1]-2)/2 - m.queued/100, 0, true
}

// history fits scalers to what 100 decisions were seen to offer.
func history(tb testing.TB) (state, rows *features.Scaler) {
	tb.Helper()
	var obs lepton.Observation
	var states, actions []float64
	env := new(market)
	for seed := range uint64(100) {
		env.Reset(seed)
		env.Observe(&obs)
		states, actions = append(states, obs.State()...), append(actions, obs.Rows()...)
	}
	state, err := features.FitScaler(states, 1, features.Standard())
	require.NoError(tb, err)
	rows, err = features.FitScaler(actions, 2, features.FillMedian(), features.ClipQuantiles(0.01, 0.99), features.Standard())
	require.NoError(tb, err)
	return state, rows
}

func reinforce(tb testing.TB, o rl.REINFORCEOptions) *rl.REINFORCE {
	tb.Helper()
	l, err := rl.NewREINFORCE(scaledSpec, o)
	require.NoError(tb, err)
	return l
}

func scaledLearner(tb testing.TB, inner lepton.Learner) lepton.Learner {
	tb.Helper()
	state, rows := fitted(tb)
	l, err := features.ScaledLearner(inner, state, rows)
	require.NoError(tb, err)
	return l
}

func TestScaledLearnerKit(t *testing.T) {
	leptontest.Learner(t, func() lepton.Learner { return scaledLearner(t, reinforce(t, rl.REINFORCEOptions{})) },
		scaledSpec, leptontest.LearnerOptions{Policy: leptontest.PolicyOptions{NoAllocs: true}})
}

// deaf learns nothing.
type deaf struct{ lepton.Learner }

func (deaf) Observe(*lepton.Transition) {}
func (d deaf) Spec() lepton.Spec        { return scaledSpec }

// In each of five seeds the learner behind scalers closes 90 % of the gap between random and best. On raw
// features the same learner sees the milliseconds alone in all of them; switched off, it does not pass either.
func TestScaledLearnerLearnsWhereRawFeaturesFail(t *testing.T) {
	env := new(market)
	value := func(p lepton.Policy) float64 {
		var judge []uint64
		for seed := range uint64(300) {
			judge = append(judge, 1e6+seed)
		}
		returns, err := rl.Evaluate(t.Context(), env, p, 0, judge...)
		require.NoError(t, err)
		sum := 0.0
		for _, r := range returns {
			sum += r
		}
		return sum / float64(len(returns))
	}
	random := value(policy.Uniform())
	best := value(policy.Greedy(policy.ScoreFunc(func(obs *lepton.Observation, a int) float64 {
		return -obs.Action(a)[0]/1e5 - obs.Action(a)[1]/2
	})))
	state, rows := history(t)
	closed := func(l lepton.Learner, seed uint64) float64 {
		_, err := rl.Train(t.Context(), env, l, rl.TrainOptions{Episodes: 4000, Seed: seed, Credit: lepton.CreditOptions{Gamma: 1}})
		require.NoError(t, err)
		return (value(policy.Greedy(l.Policy().(lepton.Scorer))) - random) / (best - random)
	}
	behind := func(inner lepton.Learner) lepton.Learner {
		l, err := features.ScaledLearner(inner, state, rows)
		require.NoError(t, err)
		return l
	}
	options := rl.REINFORCEOptions{StepSize: rl.StepSize{Alpha: 0.05}}
	for seed := range uint64(5) {
		raw, scaled := closed(reinforce(t, options), seed), closed(behind(reinforce(t, options)), seed)
		t.Logf("seed %d: %.3f of the gap on raw features, %.3f behind scalers", seed, raw, scaled)
		assert.Greater(t, scaled, 0.9, "seed %d", seed)
		assert.Less(t, raw, 0.8, "seed %d: it sees more than the milliseconds", seed)
	}
	assert.Less(t, closed(behind(deaf{reinforce(t, options)}), 0), 0.9, "the test passes with the learner switched off")
}

// watcher keeps what it is shown.
type watcher struct {
	seen   lepton.Transition
	obs    lepton.Observation
	target []float64
	weight float64
}

func (w *watcher) Spec() lepton.Spec                                 { return scaledSpec }
func (w *watcher) Observe(t *lepton.Transition)                      { w.seen.CopyFrom(t) }
func (w *watcher) Step(context.Context) (p lepton.Progress, _ error) { return p, nil }
func (w *watcher) Policy() lepton.Policy                             { return policy.Uniform() }
func (w *watcher) ObserveTarget(obs *lepton.Observation, target []float64, weight float64) {
	w.obs.CopyFrom(obs)
	w.target, w.weight = target, weight
}

func TestScaledLearnerWorkedNumbers(t *testing.T) {
	w := new(watcher)
	l := scaledLearner(t, w)
	shown := lepton.Transition{Action: 1, Reward: -2, Discount: 0.5, NextAction: 0, Propensity: 0.25, Step: 3, Episode: 9}
	shown.Obs.CopyFrom(observe(400, true, []float64{2.5e4, 2}, []float64{1e5, math.NaN()}))
	shown.Next.CopyFrom(observe(100, false, []float64{5e4, 4}))
	l.Observe(&shown)
	want := shown
	want.Obs, want.Next = *observe(2, true, []float64{0.25, 0}, []float64{1, 0.5}), *observe(-1, false, []float64{0.5, 1})
	same := func(want, got *lepton.Transition) {
		t.Helper()
		assert.Equal(t, want.Obs.State(), got.Obs.State())
		assert.Equal(t, want.Obs.Rows(), got.Obs.Rows())
		assert.Equal(t, want.Obs.LegalCount(), got.Obs.LegalCount())
		assert.ElementsMatch(t, want.Next.State(), got.Next.State())
		assert.ElementsMatch(t, want.Next.Rows(), got.Next.Rows())
		a, b := *want, *got
		a.Obs, a.Next, b.Obs, b.Next = lepton.Observation{}, lepton.Observation{}, lepton.Observation{}, lepton.Observation{}
		assert.Equal(t, a, b)
	}
	same(&want, &w.seen)
	assert.Equal(t, 400.0, shown.Obs.State()[0], "what was shown stays what it was")

	shown.Discount, shown.Next, shown.NextAction = 0, lepton.Observation{}, -1
	want.Discount, want.Next, want.NextAction = 0, lepton.Observation{}, -1
	l.Observe(&shown)
	same(&want, &w.seen)

	shown.Obs.SetState([]float64{1, 2}) // of another width: for inner to refuse
	l.Observe(&shown)
	assert.Equal(t, []float64{1, 2}, w.seen.Obs.State())

	target := []float64{0.5, 0.5}
	l.(lepton.TargetLearner).ObserveTarget(observe(400, false, []float64{2.5e4, 2}, []float64{1e5, 3}), target, 3)
	assert.Equal(t, []float64{2}, w.obs.State())
	assert.Equal(t, []float64{0.25, 0, 1, 0.5}, w.obs.Rows())
	assert.Equal(t, target, w.target)
	assert.Equal(t, 3.0, w.weight)
}

func TestScaledLearnerHasTheAbilitiesOfInner(t *testing.T) {
	type bare struct {
		lepton.Learner
		states
	}
	type targets struct{ lepton.TargetLearner }
	type checkpoint struct {
		saves
		io.ReaderFrom
	}
	r := reinforce(t, rl.REINFORCEOptions{})
	b := bare{r, states{r}}
	abilities := func(l lepton.Learner) [3]bool {
		_, teachable := l.(lepton.TargetLearner)
		_, saves := l.(lepton.Saver)
		_, reads := l.(io.ReaderFrom)
		return [3]bool{teachable, saves, reads}
	}
	for _, inner := range []lepton.Learner{
		r, b,
		struct {
			bare
			targets
		}{b, targets{r}},
		struct {
			bare
			checkpoint
		}{b, checkpoint{saves{r}, r}},
	} {
		l := scaledLearner(t, inner)
		assert.Equal(t, abilities(inner), abilities(l), "%T", inner)
		assert.Equal(t, scaledSpec, l.(lepton.Specced).Spec())
	}
	assert.Equal(t, lepton.Needs{Others: lepton.AllRows}, scaledLearner(t, r).(lepton.Needer).Needs())
	assert.Equal(t, lepton.DefaultNeeds(), scaledLearner(t, b).(lepton.Needer).Needs())
	file := save(t, scaledLearner(t, r).Policy())
	_, err := scaledLearner(t, r).(lepton.PolicyDecoder).DecodePolicy("features.scaled_policy", bytes.NewReader(file))
	assert.NoError(t, err)
	_, err = scaledLearner(t, b).(lepton.PolicyDecoder).DecodePolicy("features.scaled_policy", bytes.NewReader(file))
	assert.EqualError(t, err, `features: nobody decodes a policy of kind "policy.softmax"`)
}

func TestScaledLearnerRefuses(t *testing.T) {
	state, rows := fitted(t)
	r := reinforce(t, rl.REINFORCEOptions{})
	_, err := features.ScaledLearner(nil, nil, nil)
	assert.EqualError(t, err, "features: a scaler of neither the state nor the rows\nfeatures: no learner to scale for")
	_, err = features.ScaledLearner(struct{ lepton.Learner }{r}, state, rows)
	assert.ErrorContains(t, err, "states no Spec")
	_, err = features.ScaledLearner(scaledLearner(t, r), state, rows)
	assert.EqualError(t, err, "features: a policy that is scaled already")
	var wrong *lepton.SpecError
	_, err = features.ScaledLearner(r, rows, nil)
	assert.ErrorAs(t, err, &wrong)
}

// A learner that was made with other scalers goes on behind those that the parameters were learned behind.
func TestScaledLearnerTakesOverTheScalersOfItsCheckpoint(t *testing.T) {
	learned := scaledLearner(t, reinforce(t, rl.REINFORCEOptions{}))
	_, err := rl.Train(t.Context(), new(market), learned, rl.TrainOptions{Episodes: 200, Credit: lepton.CreditOptions{Gamma: 1}})
	require.NoError(t, err)
	file := save(t, learned)
	require.Equal(t, file, save(t, learned), "written twice, not the same")

	state, rows := history(t)
	l, err := features.ScaledLearner(reinforce(t, rl.REINFORCEOptions{}), state, rows)
	require.NoError(t, err)
	before, untouched := l.Policy(), save(t, l)
	for i := 0; i < len(file); i += 7 {
		_, err := l.(io.ReaderFrom).ReadFrom(bytes.NewReader(file[:i]))
		require.ErrorIs(t, err, features.ErrCorrupt)
	}
	_, err = l.(io.ReaderFrom).ReadFrom(bytes.NewReader(wrap(t, "features.scaled_learner", payloadOf(2, "rl.sarsa", nil))))
	assert.EqualError(t, err, `features: it holds a learner of kind "rl.sarsa", not "rl.reinforce"`)
	assert.Equal(t, untouched, save(t, l), "a file that cannot be read changes nothing")

	_, err = l.(io.ReaderFrom).ReadFrom(bytes.NewReader(file))
	require.NoError(t, err)
	obs := observe(400, false, []float64{2.5e4, 2}, []float64{1.5e5, 3})
	assert.Equal(t, scores(learned.Policy(), obs), scores(l.Policy(), obs))
	assert.Equal(t, []float64{0, 0}, scores(before, obs), "a snapshot stays what it was")
	assert.Equal(t, file, save(t, l))
}

// A scheduler whose learner is scaled is checkpointed and restored, policies set by hand included.
func TestScaledPoliciesInAScheduler(t *testing.T) {
	encoder, err := features.State(features.Numeric("queued", func(m *market) float64 { return m.queued }))
	require.NoError(t, err)
	actions, err := features.Candidates(func(m *market) [][2]float64 { return m.rows[:] }, func([2]float64) uint64 { return 0 },
		features.Numeric("wait_ms", func(c features.Candidate[*market, [2]float64]) float64 { return c.Action[0] }),
		features.Numeric("price", func(c features.Candidate[*market, [2]float64]) float64 { return c.Action[1] }))
	require.NoError(t, err)
	made := func(l lepton.Learner) *scheduler.Scheduler[*market, float64] {
		s, err := scheduler.New(scheduler.Options[*market, float64]{
			Encoder: encoder, Actions: actions, Learner: l, Mode: scheduler.Live, Seed: 1,
			Reward: reward.Func[float64](func(_ lepton.Decision, r float64) float64 { return r }),
			Decode: features.Decoder{Inner: policy.Decode}.DecodePolicy,
		})
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, s.Close()) })
		return s
	}
	play := func(s *scheduler.Scheduler[*market, float64], from, n uint64) (chosen []int) {
		world := new(market)
		for seed := from; seed < from+n; seed++ {
			world.Reset(seed)
			d, err := s.Decide(world)
			require.NoError(t, err)
			assert.Equal(t, lepton.ArmLearned, d.Arm)
			r, _, _ := world.Step(d.Action)
			require.NoError(t, s.Report(d.ID, r))
			_, err = s.Train(t.Context())
			require.NoError(t, err)
			chosen = append(chosen, d.Action)
		}
		return chosen
	}
	for name, learns := range map[string]bool{"learned": true, "set by hand": false} {
		t.Run(name, func(t *testing.T) {
			var l, other lepton.Learner
			if learns {
				l = scaledLearner(t, reinforce(t, rl.REINFORCEOptions{Batch: 8}))
				state, rows := history(t)
				other, err = features.ScaledLearner(reinforce(t, rl.REINFORCEOptions{Batch: 8}), state, rows)
				require.NoError(t, err)
			}
			first, second := made(l), made(other)
			if !learns {
				_, err := first.SetPolicy(scaledPolicy(t, softmax(t)))
				require.NoError(t, err)
			}
			play(first, 0, 50)
			var file bytes.Buffer
			require.NoError(t, first.Checkpoint(&file))
			require.NoError(t, second.Restore(&file))
			assert.Equal(t, play(first, 50, 50), play(second, 50, 50))
		})
	}
}

// FuzzScaledLearner feeds payloads, since a checksum stands before everything else.
func FuzzScaledLearner(f *testing.F) {
	const kind = "features.scaled_learner"
	f.Add(payloadOf(2, "rl.reinforce", save(f, reinforce(f, rl.REINFORCEOptions{}))))
	f.Add(payloadOf(2, "rl.reinforce", nil))
	obs := observe(1, false, []float64{1, 2}, []float64{3, 4})
	f.Fuzz(func(t *testing.T, payload []byte) {
		l := scaledLearner(t, reinforce(t, rl.REINFORCEOptions{}))
		before, file := save(t, l), wrap(t, kind, payload)
		n, err := l.(io.ReaderFrom).ReadFrom(bytes.NewReader(file))
		probs(l.Policy(), obs)
		if err == nil {
			require.EqualValues(t, len(file), n)
			require.Equal(t, file, save(t, l))
		} else if !strings.Contains(err.Error(), "too many after") {
			require.Equal(t, before, save(t, l))
		}
	})
}
