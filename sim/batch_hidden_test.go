package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
)

// decider chooses from what it is shown. cheat is the sequence, for the one that looks where it must not.
type decider func(s *BatchState, obs *lepton.Observation, cheat []Job) int

var deciders = map[string]decider{
	"heuristic": func(s *BatchState, obs *lepton.Observation, _ []Job) int {
		return argmax(func(dst []float64) { wfp3Fixed.ScoresState(dst, s, obs, nil) }, obs.Len())
	},
	"predictions": func(s *BatchState, obs *lepton.Observation, _ []Job) int {
		return argmax(func(dst []float64) { safPredicted.ScoresState(dst, s, obs, nil) }, obs.Len())
	},
	"everything": func(s *BatchState, obs *lepton.Observation, _ []Job) int {
		// Anything that is shown moves this one, last bits included.
		hash := fmt.Sprint(*s, obs.State(), obs.Rows())
		sum := 0
		for _, c := range []byte(hash) {
			sum = sum*31 + int(c)
		}
		return int(uint(sum) % uint(obs.Len()))
	},
	"cheat": func(s *BatchState, _ *lepton.Observation, cheat []Job) int {
		best := 0
		for i := range s.Queue {
			if cheat[s.Queue[i].ID-1].Run < cheat[s.Queue[best].ID-1].Run {
				best = i
			}
		}
		return best
	},
}

var (
	wfp3Fixed, _    = BatchHeuristicByName("WFP3_fixed")
	safPredicted, _ = BatchHeuristicByName("SAF_pred")
)

func argmax(score func([]float64), n int) int {
	scores := make([]float64, n)
	score(scores)
	best := 0
	for i := range scores {
		if scores[i] > scores[best] {
			best = i
		}
	}
	return best
}

// meanOfLastTwo is the mean of a user's last two run times, the predictor of Tsafrir, Etsion & Feitelson (2007).
func meanOfLastTwo(job QueuedJob, ended []EndedJob) float64 {
	n := len(ended)
	if n < 2 {
		return float64(job.Request)
	}
	return float64(ended[n-1].Run+ended[n-2].Run) / 2
}

// decisionsUntil replays jobs and returns what was shown and chosen at decisions 0 to k, with the starts by then.
func decisionsUntil(t require.TestingT, world *Batch, jobs []Job, decide decider, k int) []string {
	require.NoError(t, world.Reset(jobs, 0, len(jobs)))
	var log []string
	var obs lepton.Observation
	enc, actions := BatchEncoder(), BatchActions(0)
	for d := 0; d <= k && !world.Done(); d++ {
		require.NoError(t, lepton.Encode(&obs, enc, actions, world.State(), 0))
		i := decide(world.State(), &obs, jobs)
		log = append(log, fmt.Sprintf("%v %v %v -> %d; started %v", *world.State(), obs.State(), obs.Rows(), i, world.order))
		if d < k {
			require.NoError(t, world.Start(i))
		}
	}
	return log
}

// perturb changes what nobody can know at the decision that is due in world: run times of jobs that have not ended, so
// that they do not end by now either, and everything about jobs still to come.
func perturb(r *rand.Rand, world *Batch, jobs []Job, m Machine) []Job {
	changed := slices.Clone(jobs)
	ended := map[int32]bool{}
	for _, i := range world.order {
		ended[i] = true
	}
	for _, j := range world.state.Running {
		ended[j.index] = false
	}
	for i := range changed {
		j := &changed[i]
		switch start := world.starts[i]; {
		case i >= world.next: // to come
			*j = Job{ID: j.ID, Submit: world.state.Clock + 1 + r.Int64N(50), Procs: 1 + r.Int64N(m.Procs), Run: r.Int64N(99), Request: 1 + r.Int64N(50), User: r.Int64N(4)}
		case ended[int32(i)]:
		case start == NotStarted:
			j.Run = r.Int64N(99)
		default:
			j.Run = world.state.Clock - start + 1 + r.Int64N(99)
		}
	}
	return changed
}

// TestBatchHidesRunTimesAndTheFuture perturbs the hidden fields at a random decision and demands that all that was
// shown, chosen and started up to then stays the same, with and without backfilling and predictions. That it
// would notice is shown by a decider that cheats.
func TestBatchHidesRunTimesAndTheFuture(t *testing.T) {
	for _, name := range []string{"heuristic", "predictions", "everything", "cheat"} {
		for _, backfill := range allBackfills {
			t.Run(fmt.Sprintf("%s/%s", name, backfill), func(t *testing.T) {
				differed, perturbed := 0, 0
				for seed := range uint64(30) {
					r := rand.New(rand.NewPCG(seed, 3))
					m := Machine{Procs: 8}
					jobs := randomJobs(r, 40, m, false)
					world := mustBatch(t, m, BatchOptions{
						Backfill: backfill, Predict: meanOfLastTwo, BackfillPredicted: backfill != BackfillNone && seed%2 == 0, Visible: int(seed % 3 * 4),
					})
					k := r.IntN(len(jobs))
					before := decisionsUntil(t, world, jobs, deciders[name], k)
					changed := perturb(r, world, jobs, m)
					if !slices.Equal(jobs, changed) {
						perturbed++
					}
					after := decisionsUntil(t, world, changed, deciders[name], k)
					if name != "cheat" {
						require.Equal(t, before, after, "seed %d", seed)
					} else if !slices.Equal(before, after) {
						differed++
					}
				}
				if name == "cheat" {
					assert.Greater(t, differed, 3, "a cheat goes unnoticed")
				}
				assert.Greater(t, perturbed, 25)
			})
		}
	}
}
