package sim

import (
	"fmt"
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
)

// BatchSequence is a part of a trace to be run, and how.
type BatchSequence struct {
	Trace         *Trace
	Start, Length int // the jobs Trace.Jobs[Start : Start+Length]
	Options       BatchOptions
}

// GeneratedSequence draws a sequence of a workload made by Lublin, to learn from what no site is needed for: machines of 64 to
// 512 processors, 5 to 5,000 users, loads of 0.5 to 1.2, 256 to 1,024 jobs, in every other workload requests that are the run
// times, and the ways of backfilling in turn. The same seed gives the same sequence. The error is that of Lublin, which
// should not occur.
func GeneratedSequence(seed uint64) (BatchSequence, error) {
	r := rng.New(seed, "sim.GeneratedSequence")
	s := BatchSequence{Length: [...]int{256, 256, 512, 1024}[r.IntN(4)], Options: BatchOptions{Backfill: Backfill(seed % uint64(len(backfillNames)))}}
	trace, err := Lublin(LublinOptions{
		Jobs: 3000, Procs: 64 << r.IntN(4), Load: 0.5 + 0.7*r.Float64(), Users: int(5 * math.Pow(1000, r.Float64())), Seed: r.Uint64(),
	})
	if err != nil {
		return s, err
	}
	if r.IntN(2) == 0 {
		for i := range trace.Jobs {
			trace.Jobs[i].Request = max(trace.Jobs[i].Run, 1)
		}
	}
	s.Trace, s.Start = trace, r.IntN(len(trace.Jobs)-s.Length+1)
	return s, nil
}

// SequencesOf returns a source of sequences of length jobs that start anywhere within trace.Jobs[from:to], for a world with
// options o.
func SequencesOf(trace *Trace, from, to, length int, o BatchOptions) (func(seed uint64) (BatchSequence, error), error) {
	if from < 0 || to > len(trace.Jobs) || length < 1 || from > to-length {
		return nil, fmt.Errorf("%w: %d jobs within [%d, %d) of %d", ErrSequence, length, from, to, len(trace.Jobs))
	}
	return func(seed uint64) (BatchSequence, error) {
		r := rng.New(seed, "sim.SequencesOf")
		return BatchSequence{trace, from + r.IntN(to-length-from+1), length, o}, nil
	}, nil
}

// batchLessons is the world that a policy of a batch queue learns in: a lepton.Environment over sequences that are drawn by
// seed, seen with BatchForesight, and a teacher that knows what comes. An episode's return is minus the sum of bounded slowdowns.
type batchLessons struct {
	draw    func(seed uint64) (BatchSequence, error)
	spec    lepton.Spec
	world   *Batch
	encoder lepton.StateEncoder[*BatchState]
	actions lepton.ActionSpace[*BatchState]
	teacher *BatchHindsight
	paid    int // jobs started that have been paid for
	err     error
}

func newBatchLessons(draw func(seed uint64) (BatchSequence, error)) *batchLessons {
	return &batchLessons{draw: draw, spec: foresightSpec()}
}

// Spec describes the observations.
func (l *batchLessons) Spec() lepton.Spec { return l.spec }

// Reset begins the sequence of seed.
func (l *batchLessons) Reset(seed uint64) {
	if err := l.reset(seed); err != nil {
		l.world = nil
		l.fail(err)
	}
}

func (l *batchLessons) reset(seed uint64) error {
	s, err := l.draw(seed)
	if err != nil {
		return err
	}
	if l.world, err = NewBatch(s.Trace.Machine(), s.Options); err != nil {
		return err
	}
	f, err := NewBatchForesight(BatchPlannerOptions{Backfill: s.Options.Backfill})
	if err != nil {
		return err
	}
	if l.teacher, err = NewBatchHindsight(l.world, 0); err != nil {
		return err
	}
	l.encoder, l.actions, l.paid = f.StateEncoder(), f.ActionSpace(), 0
	return l.world.Reset(s.Trace.Jobs, s.Start, s.Length)
}

// Observe fills obs with the decision that is due; without actions where there is none.
func (l *batchLessons) Observe(obs *lepton.Observation) {
	if l.world == nil {
		obs.Reset(0, 0)
		return
	}
	if err := l.world.observe(obs, l.encoder, l.actions); err != nil {
		l.fail(err)
	}
}

// fail keeps the first error.
func (l *batchLessons) fail(err error) {
	if l.err == nil {
		l.err = err
	}
}

// Costs is the teacher.
func (l *batchLessons) Costs(costs []float64, obs *lepton.Observation) {
	l.teacher.CostsState(costs, l.world.State(), obs)
}

// Step chooses job action of the queue.
func (l *batchLessons) Step(action int) (reward, discount float64, last bool) {
	if l.world == nil || l.world.Start(action) != nil {
		return math.NaN(), 0, true
	}
	for _, i := range l.world.order[l.paid:] {
		reward -= BoundedSlowdown(l.world.starts[i]-l.world.jobs[i].Submit, l.world.jobs[i].Run)
	}
	l.paid = len(l.world.order)
	if l.world.Done() {
		return reward, 0, true
	}
	return reward, 1, false
}
