package rl_test

import (
	"bytes"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/reward"
	"github.com/leptonsched/lepton/scheduler"
	"github.com/stretchr/testify/require"
)

// recorded is an embedder whose state is an observation that was made elsewhere, for any spec.
type recorded struct{ spec lepton.Spec }

func (r recorded) StateDim() int          { return r.spec.StateDim }
func (r recorded) FeatureNames() []string { return r.spec.StateNames }
func (r recorded) AppendState(dst []float64, obs *lepton.Observation) []float64 {
	return append(dst, obs.State()...)
}

type recordedActions struct{ spec lepton.Spec }

func (r recordedActions) ActionSpec() (n, dim int) { return r.spec.Actions, r.spec.ActionDim }
func (r recordedActions) FeatureNames() []string   { return r.spec.ActionNames }
func (r recordedActions) Offer(set lepton.ActionSet, obs *lepton.Observation) {
	for i := range obs.Len() {
		copy(set.Add(obs.ID(i), obs.Legal(i)), obs.Action(i))
	}
}

// life is one run of a scheduler: decisions alone and in named episodes, whose outcomes come late.
type life struct {
	s      *scheduler.Scheduler[*lepton.Observation, float64]
	stream []*lepton.Transition
	at     int
	open   []lepton.DecisionID
	taken  []int
}

func (l *life) run(t *testing.T, n int) {
	t.Helper()
	for range n {
		tr := l.stream[l.at%len(l.stream)]
		l.at++
		decide := l.s.Decide
		if tr.Episode != 0 {
			ep, err := l.s.Episode(lepton.CreditOptions{ID: 1 + tr.Episode%7, Gamma: 0.9})
			require.NoError(t, err)
			decide = ep.Decide
		}
		d, err := decide(&tr.Obs)
		require.NoError(t, err)
		l.taken = append(l.taken, d.Action)
		if l.open = append(l.open, d.ID); len(l.open) > 5 {
			require.NoError(t, l.s.Report(l.open[0], tr.Reward))
			l.open = l.open[1:]
		}
		if l.at%8 == 0 {
			_, err := l.s.Train(t.Context())
			require.NoError(t, err)
		}
	}
}

// Guarantee 13 with every learner behind the facade: a checkpoint in the middle, with outcomes under way, and
// the next decisions, snapshots and checkpoints are those of a life without an interruption.
func TestGuarantee13EveryLearnerGoesOnFromACheckpoint(t *testing.T) {
	decisions := 600
	if full() {
		decisions = 10_000
	}
	for name, c := range everyLearner {
		t.Run(name, func(t *testing.T) {
			begin := func() *scheduler.Scheduler[*lepton.Observation, float64] {
				l, err := c.make()
				require.NoError(t, err)
				s, err := scheduler.New(scheduler.Options[*lepton.Observation, float64]{
					Encoder: recorded{c.spec}, Actions: recordedActions{c.spec}, Learner: l, Mode: scheduler.Live, Seed: 3, MaxOpen: 64,
					Reward: reward.Func[float64](func(_ lepton.Decision, outcome float64) float64 { return outcome }),
				})
				require.NoError(t, err)
				return s
			}
			stream := traffic(c.spec, 9, 997)
			a := &life{s: begin(), stream: stream}
			a.run(t, 50+int(rng.Mix(1, uint64(len(name)))%300))
			require.NotZero(t, a.s.Stats().Version, "nothing was learned: nothing is shown")
			file := checkpoint(t, a.s)
			b := &life{s: begin(), stream: stream, at: a.at, open: append([]lepton.DecisionID(nil), a.open...)}
			require.NoError(t, b.s.Restore(bytes.NewReader(file)))
			require.True(t, bytes.Equal(file, checkpoint(t, b.s)))
			a.taken = nil
			a.run(t, decisions)
			b.run(t, decisions)
			require.Equal(t, a.taken, b.taken)
			require.True(t, bytes.Equal(checkpoint(t, a.s), checkpoint(t, b.s)), "the checkpoints differ at the end")
		})
	}
}

func checkpoint(t *testing.T, s *scheduler.Scheduler[*lepton.Observation, float64]) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, s.Checkpoint(&b))
	return b.Bytes()
}
